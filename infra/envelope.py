"""The CloudEvents 1.0 envelope on Kafka, both ways.

We write binary mode: attributes are headers (`ce_` and the name; `content-type` for datacontenttype), the value is the data.
We read binary and structured mode from senders we do not trust, so reading never raises over a header: what is null, not UTF-8,
unprintable, longer than `VALUE_BYTES_MAX` or not a known name is as if it had not been sent. Only `HEADERS_MAX` are looked at.
Where a name comes twice the first usable value stands, because `type_of` stops at the first: a message cannot show one type to
the cheap look and another to the decision.
"""

import json
import re
from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

Header = tuple[str, bytes | None]

CORE = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype")
ATTRIBUTES = (
    *CORE, "sequence", "partitionkey", "recordedtime", "authtype", "authid", "causetopic", "causesubject", "causesequence", "causeid",
    "correlationid", "sensitivity", "consentid", "traceparent",
)  # fmt: skip
"""Every attribute we write or read, in order. `sequence` is 20 digits, so that text order is number order."""

EXTERNAL = frozenset((*CORE, "sequence", "consentid"))
"""What listeners outside may see."""

OPAQUE = re.compile(r"[A-Za-z0-9._:/|-]{1,200}")
"""What the id of whoever acts is made of. It goes into facts and logs, so an address or a name is not one."""
HEADERS_MAX = 64
VALUE_BYTES_MAX = 1024
JSON_MODE = "application/cloudevents+json"
DATA_BYTES_MAX = 1 << 20

_HEADER_OF = {name: "content-type" if name == "datacontenttype" else f"ce_{name}" for name in ATTRIBUTES}
_NAME_OF = {header: name for name, header in _HEADER_OF.items()} | {"Content-Type": "datacontenttype", "traceparent": "traceparent"}


class NotAnEnvelope(ValueError):
    """The value claims structured mode and is no CloudEvent. `code` says why, never what was in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sequence_text(sequence: int) -> str:
    """A sequence as the attribute carries it."""
    return f"{sequence:020d}"


def reduced(attributes: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Only these attributes, in their order."""
    return {name: value for name, value in attributes.items() if name in names}


def headers(attributes: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Binary mode. Empty values are left out, as CloudEvents has none; a name that is not ours is a KeyError."""
    return [(_HEADER_OF[name], value.encode()) for name, value in attributes.items() if value]


def attributes_of(headers: Sequence[Header]) -> dict[str, str]:
    """The known attributes among these headers; everything else (`reply_to`, `correlation_id` …) is gone."""
    found: dict[str, str] = {}
    for header, raw in headers if len(headers) <= HEADERS_MAX else headers[:HEADERS_MAX]:
        name = _NAME_OF.get(header)
        if name is None or name in found or not raw or len(raw) > VALUE_BYTES_MAX:
            continue
        try:
            value = raw.decode()
        except UnicodeDecodeError:
            continue
        if value.isprintable():
            found[name] = value
    return found


def type_of(headers: Sequence[Header]) -> str:
    """The event type alone, or "": what is not heard must cost next to nothing."""
    for header, raw in headers if len(headers) <= HEADERS_MAX else headers[:HEADERS_MAX]:
        if header == "ce_type" and (value := _usable(raw)):
            return value
    return ""


def media_type(content_type: str) -> str:
    """`Application/JSON; charset=utf-8` is `application/json`."""
    return content_type.partition(";")[0].strip().lower()


def received(headers: Sequence[Header], value: bytes | None, bytes_max: int = DATA_BYTES_MAX) -> tuple[dict[str, str], bytes]:
    """Attributes and data of a record in either mode. Raises NotAnEnvelope for a broken structured one."""
    attributes = attributes_of(headers)
    if media_type(attributes.get("datacontenttype", "")) != JSON_MODE:
        return attributes, value or b""
    return structured(value or b"", bytes_max)


def structured(value: bytes, bytes_max: int = DATA_BYTES_MAX) -> tuple[dict[str, str], bytes]:
    """Structured mode: the attributes that are usable, and the data with the very bytes its sender wrote."""
    members, spans = _members(_text(value, bytes_max))
    attributes = {name: text for name in ATTRIBUTES if (text := _scalar(members.get(name)))}
    if "data_base64" in members:
        return attributes, _from_base64(members)
    if isinstance(members.get("data"), str) and "json" not in attributes.get("datacontenttype", "json"):
        return attributes, _bytes(members["data"])
    return attributes, spans.get("data", "").encode()


def _usable(raw: bytes | None) -> str:
    if not raw or len(raw) > VALUE_BYTES_MAX:
        return ""
    try:
        value = raw.decode()
    except UnicodeDecodeError:
        return ""
    return value if value.isprintable() else ""


def _scalar(value: Any) -> str:
    """A JSON attribute in CloudEvents' canonical text, if it is usable."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= VALUE_BYTES_MAX and text.isprintable() else ""


def _text(value: bytes, bytes_max: int) -> str:
    if len(value) > bytes_max:
        raise NotAnEnvelope("too-large")
    try:
        return value.decode("utf-8-sig").strip(" \t\r\n")
    except UnicodeDecodeError:
        raise NotAnEnvelope("not-utf-8") from None


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotAnEnvelope("not-utf-8") from None


def _from_base64(members: Mapping[str, Any]) -> bytes:
    if "data" in members or not isinstance(members["data_base64"], str):
        raise NotAnEnvelope("data-ambiguous")
    try:
        return b64decode(members["data_base64"], validate=True)
    except ValueError:
        raise NotAnEnvelope("data-not-base64") from None


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


_scan = json.JSONDecoder(parse_constant=_no_constant).raw_decode


def _members(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The members of one JSON object, and each one's own text. Bounded in depth by the parser, which raises RecursionError."""
    try:
        return _walk(text)
    except (ValueError, IndexError, RecursionError):
        raise NotAnEnvelope("not-json") from None


def _walk(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    spans: dict[str, str] = {}
    at = _past(text, 0, "{")
    while text[at] != "}":
        name, at = scanstring(text, _past(text, at, '"', skip=False), True)
        start = _past(text, at, ":")
        value, at = _scan(text, start)
        if name in values:
            raise ValueError("a member comes twice")
        values[name], spans[name] = value, text[start:at]
        at = _blank(text, at)
        if text[at] != "}":
            at = _past(text, at, ",")
            if text[at] == "}":
                raise ValueError("a comma before the end")
    if at + 1 != len(text):
        raise ValueError("more than one value")
    return values, spans


def _blank(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _past(text: str, at: int, mark: str, skip: bool = True) -> int:
    """After this mark (and, with `skip`, the blanks that follow it)."""
    at = _blank(text, at)
    if text[at] != mark:
        raise ValueError("not the JSON that was expected")
    return _blank(text, at + 1) if skip else at + 1
