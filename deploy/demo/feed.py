"""What the partners of the example network publish. People come from PyPI `bhsim`, which nobody here wrote; the rest is invented.

Deterministic for a seed. Names are obviously made up, telephone numbers are 555-01xx.
"""

import csv
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from contracts.kernel import derived
from infra.envelope import Header, headers

SERVICES = ("outpatient-therapy", "case-management", "substance-use-treatment", "psychiatry", "youth-therapy")
URGENCIES = ("routine", "routine", "routine", "urgent", "emergency")
REASONS = ("asked for by the person", "follow-up after a visit", "transferred from our program", "family asked for help")


@dataclass(frozen=True, slots=True)
class Published:
    """One record of one partner."""

    partner: str
    key: str
    value: bytes
    headers: list[Header]


@dataclass(frozen=True, slots=True)
class Client:
    """One invented person."""

    number: str
    given: str
    family: str
    birth_date: str


def clients(count: int, seed: int) -> list[Client]:
    """bhsim's people."""
    with tempfile.TemporaryDirectory() as place:
        database, out = Path(place) / "people.db", Path(place) / "csv"
        _bhsim("generate", str(database), "--clients", str(count), "--seed", str(seed))
        _bhsim("export-csv", str(database), str(out))
        with (out / "individuals.csv").open(encoding="utf-8") as file:
            return [Client(row["individual_id"], *_named(row["full_name"]), row["date_of_birth"]) for row in csv.DictReader(file)]


def _bhsim(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "bhsim", *arguments], check=True, stdout=subprocess.DEVNULL)


def _named(name: str) -> tuple[str, str]:
    given, _, family = name.partition(" ")
    return given, f"{family or 'Example'}-Test"


def feed(partners: Sequence[str], people: Sequence[Client], seed: int, now: datetime) -> Iterator[Published]:
    """Everything, partner by partner in its own order: requests, some as FHIR bundles, amendments, withdrawals, repetitions, mistakes."""
    dice = random.Random(seed)
    for index, person in enumerate(people):
        partner, reference = partners[index % len(partners)], f"{partners[index % len(partners)][:4].upper()}-{1000 + index}"
        asked = now - timedelta(minutes=dice.randrange(5, 60 * 24 * 3))
        body = _request(person, reference, asked, dice)
        event = _fhir(partner, body) if index % 5 == 4 else native(partner, "referral.requested.v1", body)
        yield event
        chance = dice.random()
        if chance < 0.15:
            yield native(partner, "referral.amended.v1", {"reference": reference, "urgency": "urgent"})
        elif chance < 0.20:
            yield native(partner, "referral.withdrawn.v1", {"reference": reference, "reason": "found-elsewhere"})
        elif chance < 0.30:
            yield event
    yield from mistakes(partners)


def mistakes(partners: Sequence[str]) -> Iterator[Published]:
    """What gets an answer and harms nobody: a wrong type, an unknown reference, another partner's name, no JSON at all."""
    first, second = partners[0], partners[1]
    yield native(first, "referral.requested.v1", {"reference": "BAD-1", "service": 7})
    yield native(first, "referral.amended.v1", {"reference": "BAD-2", "urgency": "urgent"})
    wrong = {"reference": "BAD-3", "partner": second, "requested_at": "2026-01-02T10:00:00Z", "service": "psychiatry", "person": {}}
    yield native(first, "referral.requested.v1", wrong)
    yield Published(second, "BAD-4", b"{not json", headers({"type": "referral.requested.v1", "id": "bad-4"}))


def native(partner: str, kind: str, body: dict[str, Any]) -> Published:
    """A CloudEvent in binary mode, as a partner's own software would publish it."""
    attributes = {
        "specversion": "1.0", "id": derived(partner, kind, str(orjson.dumps(body))), "source": f"/{partner}/ehr", "type": kind,
        "datacontenttype": "application/json",
    }  # fmt: skip
    return Published(partner, body["reference"], orjson.dumps(body), headers(attributes))


def _request(person: Client, reference: str, asked: datetime, dice: random.Random) -> dict[str, Any]:
    return {
        "reference": reference,
        "requested_at": asked.astimezone(UTC).isoformat(timespec="seconds"),
        "service": dice.choice(SERVICES),
        "urgency": dice.choice(URGENCIES),
        "reason": dice.choice(REASONS),
        "person": {
            "identifiers": [{"system": "urn:example:mrn", "value": person.number}],
            "family_name": person.family,
            "given_name": person.given,
            "birth_date": person.birth_date,
            "phone": f"555-01{dice.randrange(100):02d}",
        },
    }


def _fhir(partner: str, body: dict[str, Any]) -> Published:
    """The same request as FHIR: ServiceRequest, Task, Patient, Organization in one transaction bundle."""
    person, priority = body["person"], {"routine": "routine", "urgent": "urgent", "emergency": "stat"}[body["urgency"]]
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient", "id": "p1", "identifier": person["identifiers"], "birthDate": person["birth_date"],
            "name": [{"family": person["family_name"], "given": [person["given_name"]]}],
            "telecom": [{"system": "phone", "value": person["phone"]}],
        },
        {"resourceType": "Organization", "id": "o1", "name": f"{partner} (invented)"},
        {
            "resourceType": "ServiceRequest", "id": "s1", "status": "active", "intent": "order", "priority": priority,
            "identifier": [{"system": f"urn:example:{partner}", "value": body["reference"]}], "authoredOn": body["requested_at"],
            "code": {"coding": [{"code": body["service"]}]}, "reasonCode": [{"text": body["reason"]}],
            "subject": {"reference": "urn:uuid:p1"}, "requester": {"reference": "urn:uuid:o1"},
        },
        {
            "resourceType": "Task", "id": "t1", "status": "requested", "intent": "order", "focus": {"reference": "urn:uuid:s1"},
            "for": {"reference": "urn:uuid:p1"},
        },
    ]  # fmt: skip
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    attributes = {"id": derived(partner, body["reference"]), "source": f"/{partner}/ehr", "datacontenttype": "application/fhir+json"}
    return Published(partner, body["reference"], orjson.dumps(bundle), headers(attributes))
