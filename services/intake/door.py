"""The front door of intake: from the bytes of one partner record to entries, each with what becomes of it.

Pure: no I/O, no clock, nothing is remembered. What is said twice is read twice; deciding that it is one fact comes later.
Who sent a record is its topic; no header and no field can claim otherwise. An object that holds one name twice is refused: of
two birth dates one would be lost in silence.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Set
from typing import Any

import orjson
from pydantic import ValidationError

from contracts import partners
from contracts.kernel import OUTSIDE, Model, Reason
from services.intake import codes
from services.intake.entry import Entry

BYTES_MAX, DEPTH_MAX, EVENTS_MAX, IDENTIFIERS_MAX = 256 << 10, 64, 1_000, 20
NATIVE: dict[str, type[partners.FromPartner]] = {event.type: event for event in partners.INBOUND}
HEARD = ", ".join(NATIVE)
INSTANTS = ("at", "starts_at", "admitted_at", "contacted_at", "requested_at", "amended_at", "withdrawn_at")
COMPRESSIONS = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh")
_NAMES: dict[type[Model], Set[str]] = {kind: kind.model_fields.keys() for kind in (*partners.INBOUND, partners.PersonDetails)}
_INSTANT = re.compile(r"(19|2[01])\d\d-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHER_THAN_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")


def entries(partner: str, headers: Mapping[str, bytes | None], value: bytes | None) -> tuple[Entry, ...]:
    """Every entry of one record of `partner-in-<partner>`; at least one, and never an exception."""
    try:
        message = _json(value)
        if isinstance(message, Reason):
            return (_told("", None, [message]),)
        return _read(partner, headers, message)
    except Exception:  # whatever it was, one of us must look
        return (_told("", None, [codes.reason(codes.DEFECT)]),)


def _told(pointer: str, number: str | None, told: list[Reason]) -> Entry:
    return Entry(pointer, codes.outcome_of(told), None, number, codes.told(told))


def _json(value: bytes | None) -> Any:
    """The JSON of a body, or the reason why there is none. Its limits are checked before anything is parsed."""
    if not value or not value.strip():
        return codes.reason(codes.EMPTY)
    if len(value) > BYTES_MAX:
        return codes.reason(codes.TOO_LARGE)
    outside = _outside_strings(value)
    if b"N" in outside or b"I" in outside:
        return codes.reason(codes.NOT_A_NUMBER) if b"NaN" in outside or b"Infinity" in outside else codes.reason(_not_json(value))
    if _is_too_deep(outside):
        return codes.reason(codes.TOO_DEEP)
    try:
        message = orjson.loads(value)
    except orjson.JSONDecodeError:
        return codes.reason(_not_json(value))
    return message if _members(message) == outside.count(b":") else codes.reason(codes.NAME_TWICE)


def _outside_strings(value: bytes) -> bytes:
    """Everything of a JSON text that lies outside its strings: brackets, colons, numbers. At the speed of C."""
    if b"\\" in value:
        value = value.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(value.split(b'"')[::2])


def _is_too_deep(outside: bytes) -> bool:
    """Each pass takes the innermost brackets away, so what is left after as many as are allowed is nested deeper."""
    if outside.count(b"[") + outside.count(b"{") <= DEPTH_MAX:
        return False
    brackets = outside.translate(_BRACKETS, _OTHER_THAN_BRACKETS)
    for _ in range(DEPTH_MAX):
        before, brackets = len(brackets), brackets.replace(b"[]", b"")
        if len(brackets) in (0, before):  # nothing left, or unbalanced: then the parser refuses it
            return False
    return True


def _not_json(value: bytes) -> str:
    if value.startswith(b"\xef\xbb\xbf"):
        return codes.BYTE_ORDER_MARK
    if value.startswith(COMPRESSIONS):
        return codes.COMPRESSED
    try:
        value.decode()
    except UnicodeDecodeError:
        return codes.NOT_UTF8
    return codes.NOT_JSON


def _members(message: Any) -> int:
    """How many names the parsed objects hold; the text has as many colons, unless a name was said twice."""
    count, todo = 0, [message]
    while todo:
        here = todo.pop()
        if type(here) is dict:
            count += len(here)
            todo.extend([each for each in here.values() if type(each) is dict or type(each) is list])
        elif type(here) is list:
            todo.extend([each for each in here if type(each) is dict or type(each) is list])
    return count


def _read(partner: str, headers: Mapping[str, bytes | None], message: Any) -> tuple[Entry, ...]:
    """By what the headers say it is, else by what it looks like."""
    content, kind = _header(headers, "content-type"), _header(headers, "ce_type")
    if content.startswith("application/cloudevents"):
        return _structured(partner, message)
    if kind in NATIVE and "fhir" not in content:
        return (_native(partner, NATIVE[kind], message, ""),)
    if "fhir" in content or (isinstance(message, dict) and "resourceType" in message):
        return _fhir(message, "")
    if kind:
        return (_told("", _number(message), [_unheard(kind)]),)
    looks_structured = isinstance(message, list) or (isinstance(message, dict) and "specversion" in message)
    return _structured(partner, message) if looks_structured else (_told("", _number(message), [codes.reason(codes.UNTYPED)]),)


def _header(headers: Mapping[str, bytes | None], name: str) -> str:
    value = headers.get(name)
    if value is None and name == "content-type":
        value = headers.get("Content-Type")
    return value.decode("ascii", "replace").strip().lower() if isinstance(value, bytes) else ""


def _unheard(kind: str) -> Reason:
    stem = kind.rpartition(".v")[0]
    is_version = any(heard.rpartition(".v")[0] == stem for heard in NATIVE)
    return codes.reason(codes.VERSION_UNHEARD if is_version else codes.TYPE_UNHEARD, heard=HEARD)


def _number(message: Any) -> str | None:
    said = message.get("reference") if isinstance(message, dict) else None
    return said if isinstance(said, str) and 0 < len(said) <= 200 else None


def _fhir(message: Any, at: str) -> tuple[Entry, ...]:
    """FHIR is heavy and loaded only where it comes."""
    from services.intake import fhir

    return fhir.entries(message, at) if isinstance(message, dict) else (_told(at, None, [codes.reason(codes.NOT_AN_OBJECT, at)]),)


def _structured(partner: str, message: Any) -> tuple[Entry, ...]:
    """A CloudEvent in one piece, or a batch of them: each is read by itself."""
    if not isinstance(message, list):
        return _cloud_event(partner, message, "")
    if not 0 < len(message) <= EVENTS_MAX:
        return (_told("", None, [codes.reason(codes.TOO_MANY if message else codes.EMPTY)]),)
    return tuple(entry for place, each in enumerate(message) for entry in _cloud_event(partner, each, f"/{place}"))


def _cloud_event(partner: str, event: Any, at: str) -> tuple[Entry, ...]:
    if not isinstance(event, dict):
        return (_told(at, None, [codes.reason(codes.NOT_AN_OBJECT, at)]),)
    pointer = f"{at}/data_base64" if "data_base64" in event else f"{at}/data"
    data = _decoded(event["data_base64"]) if "data_base64" in event else event.get("data")
    if data is None or isinstance(data, Reason):
        return (_told(at, None, [Reason(data.code, pointer, data.fix) if data else codes.reason(codes.NO_DATA, pointer)]),)
    content, kind = event.get("datacontenttype"), event.get("type")
    if (isinstance(content, str) and "fhir" in content.lower()) or (isinstance(data, dict) and "resourceType" in data):
        return _fhir(data, pointer)
    if not isinstance(kind, str) or not kind:
        return (_told(at, _number(data), [codes.reason(codes.UNTYPED, f"{at}/type")]),)
    return (_native(partner, NATIVE[kind], data, pointer) if kind in NATIVE else _told(at, _number(data), [_unheard(kind)]),)


def _decoded(data: Any) -> Any:
    try:
        return _json(b64decode(data, validate=True)) if isinstance(data, str) else codes.reason(codes.WRONG_TYPE)
    except (binascii.Error, ValueError):
        return codes.reason(codes.NOT_JSON)


def _native(partner: str, kind: type[partners.FromPartner], data: Any, at: str) -> Entry:
    """One event of our own types. `at` is its pointer in the record."""
    if not isinstance(data, dict):
        return _told(at, None, [codes.reason(codes.NOT_AN_OBJECT, at)])
    if data.get("partner", partner) not in (partner, None):
        return _told(at, _number(data), [codes.reason(codes.OTHER_PARTNER, f"{at}/partner")])
    if _has_too_many_identifiers(data):  # before the parser lists what is wrong with each
        return _told(at, _number(data), [codes.reason(codes.WRONG_LENGTH, f"{at}/person/identifiers")])
    try:
        event = kind.model_validate(data, context=OUTSIDE)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False, include_input=False)
        return _told(
            at,
            _number(data),
            [codes.reason(codes.invalid(each["type"]), at + "".join(f"/{step}" for step in each["loc"])) for each in found],
        )
    told = [*_loose_values(data, at), *_unread_names(kind, data, at)]
    if isinstance(event, partners.ReferralAmended) and not _changes_anything(event):
        told.append(codes.reason(codes.NOTHING_CHANGES, at))
    outcome = codes.outcome_of(told) if told else "event"
    return Entry(at, outcome, event if outcome == "event" else None, event.reference, codes.told(told) if told else ())


def _has_too_many_identifiers(data: dict[str, Any]) -> bool:
    person = data.get("person")
    identifiers = person.get("identifiers") if isinstance(person, dict) else None
    return isinstance(identifiers, list) and len(identifiers) > IDENTIFIERS_MAX


def _loose_values(data: dict[str, Any], at: str) -> Iterator[Reason]:
    """What the parser would take but no sender should mean: a number as an instant, an instant as a day."""
    for name in INSTANTS:
        if (said := data.get(name)) is not None and not (isinstance(said, str) and _INSTANT.fullmatch(said)):
            yield codes.reason(codes.NOT_AN_INSTANT, f"{at}/{name}")
    person = data.get("person")
    born = person.get("birth_date") if isinstance(person, dict) else None
    if born is not None and not (isinstance(born, str) and _DAY.fullmatch(born)):
        yield codes.reason(codes.NOT_A_DAY, f"{at}/person/birth_date")


def _unread_names(kind: type[partners.FromPartner], data: dict[str, Any], at: str) -> Iterator[Reason]:
    """A misspelt name is told: an urgency that nobody reads must not be lost in silence."""
    if not data.keys() <= _NAMES[kind]:
        yield codes.reason(codes.UNREAD, at)
    person = data.get("person")
    if isinstance(person, dict) and not person.keys() <= _NAMES[partners.PersonDetails]:
        yield codes.reason(codes.UNREAD, f"{at}/person")


def _changes_anything(event: partners.ReferralAmended) -> bool:
    return any(
        (event.person is not None, event.service, event.urgency, event.reason, event.sensitivity, event.consent, event.consent_ended)
    )
