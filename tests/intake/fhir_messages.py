"""Examples of our own of what partners send as FHIR: made-up people, 555-01xx, example.org. And how the door is asked."""

from copy import deepcopy
from typing import Any

import orjson

from contracts import partners
from services.intake import door
from services.intake.entry import Entry

Json = dict[str, Any]
PATIENT: Json = {
    "resourceType": "Patient", "id": "p1", "identifier": [{"system": "urn:example:mrn", "value": "MRN-1"}],
    "name": [{"use": "old", "family": "Before"}, {"use": "official", "family": "Sample", "given": ["Pat", "Q."]}],
    "birthDate": "1990-01-02",
    "telecom": [{"system": "email", "value": "p@example.org"}, {"system": "phone", "value": "555-0101", "rank": 2},
                {"system": "phone", "value": "555-0102", "rank": 1}],
    "address": [{"use": "old", "postalCode": "00000"}, {"use": "home", "postalCode": "00501"}],
    "communication": [{"language": {"coding": [{"code": "en"}]}}, {"language": {"coding": [{"code": "es"}]}, "preferred": True}],
}  # fmt: skip
REQUEST: Json = {
    "resourceType": "ServiceRequest", "id": "s1", "identifier": [{"value": "F-9", "type": {"coding": [{"code": "FILL"}]}},
                                                                 {"value": "R-1", "type": {"coding": [{"code": "PLAC"}]}}],
    "status": "active", "intent": "order", "priority": "urgent", "authoredOn": "2026-03-01T09:30:00-05:00",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "75516001", "display": "Psychotherapy"}]},
    "subject": {"reference": "Patient/p1"}, "requester": {"reference": "PractitionerRole/r1"},
    "reasonCode": [{"text": "low mood"}], "note": [{"text": "prefers mornings"}],
}  # fmt: skip
ROLE: Json = {"resourceType": "PractitionerRole", "id": "r1", "organization": {"reference": "Organization/o1"}}
ORGANISATION: Json = {"resourceType": "Organization", "id": "o1", "name": "Example Clinic"}
TASK: Json = {
    "resourceType": "Task", "id": "t1", "status": "requested", "intent": "order", "focus": {"reference": "ServiceRequest/s1"},
    "for": {"reference": "Patient/p1"}, "authoredOn": "2026-03-01T10:00:00Z", "lastModified": "2026-03-02T10:00:00Z",
}  # fmt: skip
BSER = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"


def but(resource: Json, **changes: Any) -> Json:
    """A copy with other values; None takes a field away."""
    changed = {**deepcopy(resource), **{name.rstrip("_"): value for name, value in changes.items()}}
    return {name: value for name, value in changed.items() if value is not None}


def bundle(*resources: Json, kind: str = "message", **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in resources], **more}


def read(message: Any) -> tuple[Entry, ...]:
    return door.entries("acme", {"content-type": b"application/fhir+json"}, orjson.dumps(message))


def one(message: Any) -> Entry:
    (entry,) = read(message)
    return entry


def asked(message: Any) -> partners.ReferralRequested:
    entry = one(message)
    assert isinstance(entry.event, partners.ReferralRequested), entry
    return entry.event


def told(entry: Entry) -> set[tuple[str, str]]:
    return {(reason.code, reason.pointer) for reason in entry.reasons}


def causes(entry: Entry) -> set[str]:
    return {reason.code for reason in entry.reasons}
