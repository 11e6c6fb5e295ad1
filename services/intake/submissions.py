"""What a payer is sent: the submission as authorization made it, with what only this record says of the person put in its place.

A payer gets the minimum necessary: name and birth date, the member number, the diagnosis. No number of the partner's, nothing by
which it could link people, no way to reach them.
"""

from typing import Any

from contracts.answers import AuthorizationRequested, DecisionAwaited
from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.catalogue import PARTNER_OUT
from contracts.kernel import Fact, Personal, Sealable
from contracts.partners import PersonDetails, Text
from services.intake.records import Record

Body = dict[str, Any]
PART2_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
TERMS = "http://terminology.hl7.org/CodeSystem/"
TOLD = ("family_name", "given_name", "birth_date")


class Sealed(AuthorizationRequested, Sealable):
    """The same event as it is stored here: `bundle` says nothing of the person, and what is said of them is sealed beside it. It is put in
    its place on the way to the payer's own topic."""

    person: PersonDetails
    member: Personal[Text] | None = None
    diagnosis: Personal[Text] | None = None


def put(subject: str, data: AuthorizationSubmitted, record: Record, label: str) -> Fact:
    """To the payer's own topic, sealed until it is there; keyed by the number that it sends back."""
    said = Sealed(
        record=data.record, reference=data.reference, bundle=data.bundle, notice=PART2_NOTICE if label else None,
        person=PersonDetails(**{name: getattr(record.details, name) for name in TOLD}), member=data.member, diagnosis=data.diagnosis,
    )  # fmt: skip
    return Fact(subject, said, topic=f"{PARTNER_OUT}{data.partner}", key=data.reference)


def awaited(subject: str, data: DecisionInquired) -> Fact:
    said = DecisionAwaited(reference=data.reference, lines=data.lines, due=data.due)
    return Fact(subject, said, topic=f"{PARTNER_OUT}{data.partner}", key=data.reference)


def opened(said: Sealed) -> AuthorizationRequested:
    """As the payer reads it."""
    of = {"Patient": _patient(said), "Coverage": _coverage(said), "Claim": _claim(said)}
    entries = [{**entry, "resource": entry["resource"] | of.get(entry["resource"]["resourceType"], {})} for entry in said.bundle["entry"]]
    return AuthorizationRequested(reference=said.reference, bundle=said.bundle | {"entry": entries}, notice=said.notice)


def _patient(said: Sealed) -> Body:
    person, number = said.person, _plain(said.member)
    name = {"family": _plain(person.family_name), "given": [given] if (given := _plain(person.given_name)) else None}
    coded = {"coding": [{"system": f"{TERMS}v2-0203", "code": "MB"}]}
    found = {
        "identifier": [{"type": coded, "value": number}] if number else None,
        "name": [{key: value for key, value in name.items() if value}] if any(name.values()) else None,
        "birthDate": born.isoformat() if (born := _plain(person.birth_date)) else None,
    }
    return {key: value for key, value in found.items() if value}


def _coverage(said: Sealed) -> Body:
    return {"subscriberId": number} if (number := _plain(said.member)) else {}


def _claim(said: Sealed) -> Body:
    code = _plain(said.diagnosis)
    coded = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}
    return {"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": coded}]} if code else {}


def _plain(value: Personal[Any] | None) -> Any:
    return value.plain if value else None
