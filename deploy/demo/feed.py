"""What the partners of the example network publish. People come from PyPI `bhsim`, which nobody here wrote; the rest is invented.

Deterministic for a seed. Names are obviously made up, telephone numbers are 555-01xx.
"""

import csv
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from contracts.kernel import derived
from infra.envelope import headers

SERVICES = ("outpatient-therapy", "case-management", "substance-use-treatment", "psychiatry", "youth-therapy")
URGENCIES = ("routine", "routine", "routine", "urgent", "emergency")
RECENT = 0.8
"""So much of it was asked for in the last hours; the rest is late when it comes, and the board says so."""
REASONS = ("asked for by the person", "follow-up after a visit", "transferred from our program", "family asked for help")
MENDED = {"reference": "BAD-3", "requested_at": "2026-01-02T10:00:00Z", "service": "psychiatry", "person": {}}
"""A quarantined input as it should have been: without another partner's name."""
BAD_5 = {
    "identifiers": [{"system": "urn:example:mrn", "value": "0"}], "family_name": "Example-Test", "given_name": "Sample",
    "birth_date": "1950-01-01", "phone": "555-0100",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """One record of one partner."""

    partner: str
    key: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]

    @property
    def id(self) -> str:
        """Under which it is one event, however often it is sent."""
        return next((value.decode() for name, value in self.headers if name == "ce_id" and isinstance(value, bytes)), "")


@dataclass(frozen=True, slots=True)
class Client:
    """One invented person."""

    number: str
    given: str
    family: str
    birth_date: str


def clients(count: int, seed: int) -> list[Client]:
    """bhsim's people."""
    (people,) = invented(count, seed, "individuals")
    return [Client(row["individual_id"], *_named(row["full_name"]), row["date_of_birth"]) for row in people]


def invented(count: int, seed: int, *tables: str) -> list[list[dict[str, str]]]:
    """The rows of these tables of bhsim, for so many people."""
    with tempfile.TemporaryDirectory() as place:
        database, out = Path(place) / "people.db", Path(place) / "csv"
        _bhsim("generate", str(database), "--clients", str(count), "--seed", str(seed))
        _bhsim("export-csv", str(database), str(out))
        return [list(csv.DictReader((out / f"{table}.csv").read_text("utf-8").splitlines())) for table in tables]


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
        asked = now - timedelta(minutes=dice.randrange(5, 200) if dice.random() < RECENT else dice.randrange(200, 60 * 24 * 3))
        body = _request(person, reference, asked, dice)
        event = bundled(partner, body) if index % 5 == 4 else native(partner, "referral.requested.v1", body)
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
    """What gets an answer and harms nobody. Returned: wrong types, an unknown reference, no JSON. Quarantined: another partner's
    name, a Patient that another one replaced."""
    first, second, third = partners[:3]
    yield native(first, "referral.requested.v1", {"reference": "BAD-1", "service": 7})
    yield native(first, "referral.amended.v1", {"reference": "BAD-2", "urgency": "urgent"})
    yield native(first, "referral.requested.v1", MENDED | {"partner": second})
    yield published(second, "BAD-4", b"{not json", {"type": "referral.requested.v1", "id": "bad-4", "source": f"/{second}/ehr"})
    told = MENDED | {"reference": "BAD-5", "person": BAD_5, "urgency": "urgent", "reason": "asked for by a neighbour"}
    yield bundled(third, told, replaced=True)


def published(partner: str, key: str, value: bytes, attributes: dict[str, str]) -> Published:
    return Published(partner, key, value, [(name, value) for name, value in headers({"specversion": "1.0", **attributes})])


def native(partner: str, kind: str, body: dict[str, Any]) -> Published:
    """A CloudEvent in binary mode, as a partner's own software would publish it."""
    value = orjson.dumps(body)
    attributes = {"id": derived(partner, kind, value.decode()), "source": f"/{partner}/ehr", "type": kind}
    return published(partner, body["reference"], value, {**attributes, "datacontenttype": "application/json"})


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


REPLACED = [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]


def bundled(partner: str, body: dict[str, Any], replaced: bool = False) -> Published:
    """The same request as FHIR: ServiceRequest, Task, Patient, Organization in one bundle."""
    person, priority = body["person"], {"routine": "routine", "urgent": "urgent", "emergency": "stat"}[body["urgency"]]
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient", "id": "p1", "identifier": person["identifiers"], "birthDate": person["birth_date"],
            "name": [{"family": person["family_name"], "given": [person["given_name"]]}],
            "telecom": [{"system": "phone", "value": person["phone"]}], **({"link": REPLACED} if replaced else {}),
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
    return published(partner, body["reference"], orjson.dumps(bundle), attributes)


def asked_for(events: Iterable[Published]) -> set[tuple[str, str]]:
    """Referrals (partner, its reference) that stand when all of this was heard: asked for, soundly, and not taken back."""
    asked, gone = set[tuple[str, str]](), set[tuple[str, str]]()
    for event in events:
        taken_back = ("ce_type", b"referral.withdrawn.v1") in event.headers
        (gone if taken_back or event.key.startswith("BAD-") else asked).add((event.partner, event.key))
    return asked - gone
