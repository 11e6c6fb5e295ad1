"""Who needs care: a Patient, or what a reference alone says, as the contract's details of a person.

Nothing is guessed: what cannot be read is left out and told.
"""

from collections.abc import Iterator
from typing import Any

from contracts.kernel import Reason
from services.intake import codes, fhir_codes, fhir_element
from services.intake.fhir_bundle import Resource
from services.intake.fhir_element import Body, part, parts, text

Details = dict[str, Any]
IDENTIFIERS_MAX = 20
NAME_USES = ("official", "usual", None, "temp", "nickname")
HOME_FIRST = ("home", None, "temp", "work", "billing")
PHONES = ("phone", "sms")
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"


def details(patient: Resource) -> tuple[Details, list[Reason]]:
    """A Patient as details of a person, and what was left out. What no contact may follow from is told with its own weight."""
    at, body = patient.pointer, patient.body
    identifiers, left_out = _identifiers(body, at)
    name, birth_date = _name(body), _birth_date(body.get("birthDate"))
    told = [*left_out, *_warnings(body, at), *_birth_date_reasons(body, at), *_unfit(body, name, at)]
    found = {
        "identifiers": identifiers, "family_name": text(name.get("family")), "given_name": _given(name), "birth_date": birth_date,
        "phone": _phone(body), "postal_code": _postal_code(body), "language": _language(body), "guardian": _guardian(body),
        "interpreter": _interpreter(body), "deceased": is_deceased(body) or None,
    }  # fmt: skip
    known = {field: value for field, value in found.items() if value or value is False}
    if not known.keys() & {"identifiers", "family_name", "given_name", "phone"}:
        told.append(codes.reason(codes.BLANK_PERSON, at))
    return known, told


def by_identifier(identifier: Body, at: str) -> tuple[Details, list[Reason]]:
    """A person named by an identifier only, as `subject.identifier` does."""
    identifiers, left_out = _identifiers({"identifier": [identifier]}, at)
    return {"identifiers": identifiers}, left_out if identifiers else [*left_out, codes.reason(codes.NO_PERSON, at)]


def by_link(said: str, at: str) -> tuple[Details, list[Reason]]:
    """A person known only by where its record lies at the sender."""
    base, _, own_id = said.rpartition("/")
    is_address = "://" in said and not fhir_element.is_placeholder(said)
    system, value = text(base) if is_address else fhir_codes.AT_THE_SENDER, text(own_id)
    if system is None or value is None:
        return {}, [codes.reason(codes.NO_PERSON, at)]
    return {"identifiers": [{"system": system, "value": value}]}, [codes.reason(codes.PERSON_BY_LINK, at)]


def _identifiers(body: Body, at: str) -> tuple[list[Details], list[Reason]]:
    usable: list[Details] = []
    told: list[Reason] = []
    for suffix, each in parts(body, "identifier"):
        system, value = text(each.get("system")), text(each.get("value"))
        is_good = system and value and not fhir_element.is_placeholder(system + value) and each.get("use") not in ("old", "temp")
        if is_good and len(usable) < IDENTIFIERS_MAX:
            usable.append({"system": system, "value": value})
        else:
            told.append(codes.reason(codes.UNUSABLE_IDENTIFIER, at + suffix))
    return usable, told


def _warnings(body: Body, at: str) -> Iterator[Reason]:
    """A reported death stops every contact until a person has verified it; what may be one is looked at before anything follows."""
    if is_deceased(body):
        yield codes.reason(codes.DEATH_NOTED, at)
    elif body.get("deceasedBoolean", False) is not False or body.get("deceasedDateTime") is not None:
        yield codes.reason(codes.DECEASED, at)
    if any(link.get("type") == "replaced-by" for _, link in parts(body, "link")):
        yield codes.reason(codes.REPLACED, f"{at}/link")


def is_deceased(body: Body) -> bool:
    return body.get("deceasedBoolean") is True or text(body.get("deceasedDateTime")) is not None


def _name(body: Body) -> Body:
    names = [each for _, each in parts(body, "name") if each.get("use") in NAME_USES]
    return min(names, key=lambda name: NAME_USES.index(name.get("use")), default={})


def _given(name: Body) -> str | None:
    """The first given name only: the others are middle names, and senders differ in giving them."""
    given = name.get("given")
    return text(given[0] if isinstance(given, list) and given else given)


def _birth_date(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) == 10 and fhir_element.moment(value).precision == "day" else None


def _birth_date_reasons(body: Body, at: str) -> Iterator[Reason]:
    value = body.get("birthDate")
    if value is not None and _birth_date(value) is None:
        is_partial = fhir_element.moment(value).precision == "coarse"
        yield codes.reason(codes.PARTIAL_BIRTH_DATE if is_partial else codes.BROKEN_BIRTH_DATE, f"{at}/birthDate")


def _unfit(body: Body, name: Body, at: str) -> Iterator[Reason]:
    """A name that came but could not be read as family and given name."""
    if body.get("name") and not (text(name.get("family")) or _given(name)):
        yield codes.reason(codes.UNFIT_VALUE, f"{at}/name")


def _phone(body: Body) -> str | None:
    lines = [each for _, each in parts(body, "telecom") if each.get("system") in PHONES and each.get("use") != "old"]
    return next((number for each in sorted(lines, key=_phone_order) if (number := text(each.get("value")))), None)


def _phone_order(line: Body) -> tuple[int, bool]:
    rank = line.get("rank")
    return (rank if type(rank) is int and rank > 0 else 99, line.get("use") != "mobile")


def _postal_code(body: Body) -> str | None:
    places = [each for _, each in parts(body, "address") if each.get("use") in HOME_FIRST]
    ordered = sorted(places, key=lambda place: HOME_FIRST.index(place.get("use")))
    return next((code for each in ordered if (code := text(each.get("postalCode")))), None)


GUARDIANS = frozenset({"GUARD", "PRN", "MTH", "FTH", "GRMTH", "GRFTH", "N"})
"""HL7 v3 RoleCode, and next of kin of v2-0131: who may answer for a minor."""


def _guardian(body: Body) -> Details | None:
    """Somebody else to speak with: the patient's contact who is their guardian or parent."""
    for _, each in parts(body, "contact"):
        if not GUARDIANS.isdisjoint(code for _, relation in parts(each, "relationship") for code in fhir_element.codes(relation)):
            name = part(each, "name")
            told = {"family_name": text(name.get("family")), "given_name": _given(name), "phone": _phone(each)}
            return {field: value for field, value in told.items() if value} or None
    return None


def _interpreter(body: Body) -> bool | None:
    """As HL7's extension has it. What does not come says nothing: not that none is needed."""
    said = next((each.get("valueBoolean") for _, each in parts(body, "extension") if each.get("url") == INTERPRETER), None)
    return said if isinstance(said, bool) else None


def _language(body: Body) -> str | None:
    spoken = sorted((each for _, each in parts(body, "communication")), key=lambda each: each.get("preferred") is not True)
    found = (code for each in spoken for code in fhir_element.codes(part(each, "language")))
    return next((code for code in found if len(code) <= fhir_element.CODE_MAX and len(code.split()) == 1), None)
