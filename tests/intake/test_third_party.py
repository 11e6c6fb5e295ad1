"""Files that partners and standards bodies published, through the front door. They are read where they lie and never committed."""

import csv
import os
import random
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.partners import ReferralStatusReported
from services.intake import codes, door, fhir_codes
from services.intake.entry import Entry
from tests.intake.fhir_messages import BSER, PATIENT, REQUEST, TASK, bundle, but

FOLDER = Path(os.environ.get("THROUGHLINE_DATA", Path(__file__).parents[3] / "shared" / "data"))
MANIFEST = FOLDER / "manifest.csv"
if not MANIFEST.exists():
    warnings.warn("the published files are not here, so nothing was proved on them: set THROUGHLINE_DATA to their folder", stacklevel=1)
needs_files = pytest.mark.skipif(not MANIFEST.exists(), reason="the published files are not here: set THROUGHLINE_DATA to their folder")
FHIR = {"content-type": b"application/fhir+json"}
MARKER = "ZzyzxPrivate"
STRUCTURE = frozenset(("resourceType", "reference", "fullUrl", "id", "status", "intent", "type", "method", "system", "use", "url"))
"""Names whose values steer the reading: they keep them in one of the two plantings."""

NO_CLOCK = "Nothing in it says when care was asked for (no authoredOn, no occurrence; a server's lastUpdated is not the asking)."
DONE = "Its status is completed: it asks for nothing, and nothing says since when it is so."
CLAIM = "Its ServiceRequest is the line of a Claim: a prior authorization, which nobody hears yet, not a referral to us."
GRAVITY, HL7, PAS = "gravity-sdoh-clinicalcare", "hl7-fhir-r4-examples/ServiceRequest", "inferno-pas-test-kit/fixtures/conformant_pas"
JUSTIFIED = {
    "bser/bundle-bser-referral-message-bundle-eve-everywoman.json": (
        "Quarantine: its Task is requested, its business status 7.0 says completed (domain.md 5.12), and its Patient is not in it (5.6)."
    ),
    f"{GRAVITY}/STU1-Publication/SDOHCC-ServiceRequestActiveBasedOnAnotherServiceRequestExample.json": NO_CLOCK,
    f"{GRAVITY}/STU1-Publication/SDOHCC-ServiceRequestActiveFoodPantryApplicationAssistExample.json": NO_CLOCK,
    f"{GRAVITY}/STU2-Ballot/SDOHCC-ServiceRequestActiveBasedOnAnotherServiceRequestExample.json": NO_CLOCK,
    f"{GRAVITY}/STU2-Publication/SDOHCC-ServiceRequestActiveFoodPantryApplicationAssistExample.json": NO_CLOCK,
    f"{HL7}-benchpress.json": NO_CLOCK,
    f"{HL7}-colonoscopy.json": DONE,
    f"{HL7}-example-implant.json": DONE,
    f"{HL7}-physical-therapy.json": DONE,
    f"{HL7}-physiotherapy.json": DONE,
    f"{HL7}-vent.json": DONE,
    f"{PAS}_bundle_v110.json": CLAIM,
    f"{PAS}_bundle_v110_uuid.json": CLAIM,
    f"{PAS}_inquire_bundle_v110.json": CLAIM,
    "nhs-ers/r4__searchServiceRequest__responses__ResponseExampleReferralAndAdvice.json": (
        "A search result: its timestamp is when somebody looked; one entry says nowhere when care was asked for, the other is completed."
    ),
}
"""Valid R4 files that bear a referral and still become no event, each with the reason why that is right."""

ABSENT = "It names its person by a reference that nothing in the message answers to (domain.md 5.6): nobody could be told whose it is."
QUARANTINED = {
    ("bser/bundle-bser-referral-message-bundle-eve-everywoman.json", "/entry/1/resource"): (
        "Its Task and its business status disagree (5.12), and its Patient is not in it (5.6)."
    ),
    ("inferno-pas-test-kit/fixtures/missing_referenced_resource_response_bundle.json", "/entry/0/resource/item/0"): (
        "A payer's answer to a submission of ours names a Patient that is not in it (5.6): somebody checks that the answer is about them."
    ),
    ("nhs-bars/examples1.1.0__appointment__GET-success.json", "/entry/0/resource"): f"{ABSENT} The instant 12:011:30 is none (5.7).",
    ("nhs-bars/examples1.1.0__appointment__GET-success.json", "/entry/1/resource"): ABSENT,
    ("nhs-bars/examples__appointment__GET-success.json", "/entry/0/resource"): ABSENT,
    ("nhs-bars/examples__appointment__GET-success.json", "/entry/1/resource"): ABSENT,
    ("nhs-bars/examples__appointment__POST-success.json", ""): ABSENT,
    ("nhs-bars/examples__process_message__POST-success.json", "/entry/1/resource"): (
        f"{ABSENT} Its Patient is there under another fullUrl than the one that is named, and may be somebody else."
    ),
    ("nhs-bars/examples__service_request__GET-success.json", "/entry/0"): f"{ABSENT} It is a search set whose entry is a request itself.",
}
"""Every entry of every file that one of us must look at, with the reason why its sender's word cannot be taken as it is."""

BY_SOURCE = {
    "bser": (0, 22, 1), "davinci-alerts-adt": (2, 0, 0), "davinci-cdex": (0, 30, 0), "gravity-sdoh-clinicalcare": (12, 24, 0),
    "hl7-fhir-r4-examples": (9, 55, 0), "inferno-pas-test-kit": (10, 11, 1), "nhs-bars": (1, 4, 5), "nhs-ers": (0, 58, 0),
    "openreferral-hsds": (0, 10, 0),
}  # fmt: skip
"""Files by source: event, return, quarantine. A file counts by its best entry."""


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(MANIFEST.open())) if MANIFEST.exists() else []


def bytes_of(file: str) -> bytes:
    return (FOLDER / "third_party" / file).read_bytes()


def read(value: bytes) -> tuple[Entry, ...]:
    """As FHIR by its header where it looks like it; the others come without one, as partners do."""
    return door.entries("acme", FHIR if b'"resourceType"' in value else {}, value)


def best(found: tuple[Entry, ...]) -> str:
    outcomes = {entry.outcome for entry in found}
    return next(outcome for outcome in ("event", "quarantine", "return") if outcome in outcomes)


def proper(found: tuple[Entry, ...]) -> bool:
    """Every entry ends in exactly one outcome, with reasons from the table only, and none by a defect of ours."""
    whole = all((entry.event is not None) == (entry.outcome == "event") for entry in found)
    said = [reason for entry in found for reason in entry.reasons]
    explained = all(entry.reasons or entry.outcome == "event" for entry in found)
    return bool(found) and whole and explained and all(reason.code != codes.DEFECT and reason.fix in texts() for reason in said)


def texts() -> set[str]:
    """Every text that a reason can have: all of them are ours, so none can hold a value of an input."""
    kinds = (*fhir_codes.UNHEARD, *fhir_codes.SERVING, "this kind of resource")
    names = [{"kind": kind, "heard": door.HEARD} for kind in kinds]
    return TEXTS or TEXTS.union(codes.reason(code, **each).fix for code in codes.CAUSES for each in names)


TEXTS: set[str] = set()
TEXTS = texts()


@needs_files
def test_every_file_ends_as_expected_and_all_are_accounted_for():
    found = {source: Counter[str]() for source in BY_SOURCE}
    for row in rows():
        entries = read(bytes_of(row["file"]))
        assert proper(entries), row["file"]
        found[row["file"].partition("/")[0]][best(entries)] += 1
    assert {source: (count["event"], count["return"], count["quarantine"]) for source, count in found.items()} == BY_SOURCE
    assert sum(count.total() for count in found.values()) == len(rows()) == 255


@needs_files
def test_every_valid_file_that_bears_a_referral_becomes_an_event_or_is_justified():
    bearing = [row["file"] for row in rows() if row["r4_valid"] == "yes" and "referral" in row["bears"].split()]
    without = {file for file in bearing if best(read(bytes_of(file))) != "event"}
    assert len(bearing) == 22 and without == JUSTIFIED.keys()


@needs_files
def test_every_entry_that_one_of_us_must_look_at_is_justified():
    found = {(row["file"], each.pointer) for row in rows() for each in read(bytes_of(row["file"])) if each.outcome == "quarantine"}
    assert found == QUARANTINED.keys()


@needs_files
def test_published_tasks_about_a_referral_that_we_would_have_say_where_it_stands():
    found = [each.event for row in rows() for each in read(bytes_of(row["file"])) if isinstance(each.event, ReferralStatusReported)]
    assert Counter(event.task_status for event in found) == {"completed": 8, "accepted": 4, "in-progress": 2}


@needs_files
def test_what_is_stu3_is_returned_as_such():
    stu3 = [row["file"] for row in rows() if row["top"] == "ReferralRequest" or (row["top"] == "Appointment" and "/stu3__" in row["file"])]
    assert len(stu3) > 12 and all(read(bytes_of(file))[0].reasons[0].code == codes.STU3 for file in stu3)


def planted(node: Any, spare: frozenset[str] = frozenset(), name: str = "") -> Any:
    """The same document with the marker in every string value, but for those under spared names."""
    if isinstance(node, dict):
        return {key: planted(value, spare, key) for key, value in node.items()}
    if isinstance(node, list):
        return [planted(value, spare, name) for value in node]
    return f"{node} {MARKER}" if isinstance(node, str) and name not in spare else node


def documents() -> Iterator[Any]:
    """Every published file, and our own where they are absent."""
    yield bundle(REQUEST, PATIENT, but(TASK, businessStatus={"coding": [{"system": BSER, "code": "2.0"}]}))
    yield from (orjson.loads(bytes_of(row["file"])) for row in rows())


@pytest.mark.parametrize("spare", [frozenset(), frozenset(("resourceType",)), STRUCTURE], ids=["all", "but the kind", "but the structure"])
def test_no_reason_ever_holds_a_value_of_the_input(spare: frozenset[str]):
    for document in documents():
        found = read(orjson.dumps(planted(document, spare)))
        assert proper(found) and MARKER not in repr([(entry.pointer, entry.reasons) for entry in found])


def test_no_reason_ever_holds_a_name_that_the_sender_made_up():
    for place in ({}, {"code": {"coding": [{MARKER: 1}]}}, {"subject": {"reference": "Patient/p1", MARKER: 1}}):
        found = read(orjson.dumps(bundle({**REQUEST, MARKER: 1, **place}, {**PATIENT, MARKER: MARKER})))
        assert proper(found) and found[0].reasons and MARKER not in repr(found[0].reasons)


JUNK: list[Any] = [
    None, True, 0, -1, 10**18, 1.5, "", " ", "x" * 300, MARKER, [], {}, [[]], [None], {"": None}, {"reference": "#"}, {"reference": "#p1"},
    "2026", "2026-13-45", "12:011:30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
    "urn:uuid:", "//", "\x00", "active", "Patient/p1",
    {"coding": {"code": 1}}, [{"coding": [{"code": "R"}]}], {"resourceType": "Bundle"}, {"resourceType": "ServiceRequest", "status": {}},
]  # fmt: skip


def nodes(document: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: its holder and its name or number."""
    found: list[tuple[Any, Any]] = []
    todo = [document]
    while todo:
        here = todo.pop()
        places = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for place, value in list(places):
            found.append((here, place))
            todo.append(value)
    return found


def mutated(document: Any, chance: random.Random) -> Any:
    """Some nodes dropped, replaced by junk, doubled, or by another node of the same document."""
    for _ in range(chance.randint(1, 6)):
        if not (places := nodes(document)):
            break
        holder, place = chance.choice(places)
        change = chance.randrange(4)
        if change == 0:
            del holder[place]
        elif change == 1:
            holder[place] = orjson.loads(orjson.dumps(chance.choice(JUNK)))
        elif change == 2:
            holder[place] = [holder[place]] * chance.randint(0, 3)
        else:
            other, name = chance.choice(places)
            holder[place] = (
                orjson.loads(orjson.dumps(other[name])) if name in other or (isinstance(other, list) and name < len(other)) else None
            )
    return document


def broken(value: bytes, chance: random.Random) -> bytes:
    """The bytes themselves spoilt: a number that is none, a doubled name, depth, a flipped byte."""
    spoil = chance.randrange(6)
    if spoil == 0:
        return value.replace(b'":"', b'":NaN,"x":"', 1)
    if spoil == 1:
        return value.replace(b"{", b'{"id":"1","id":"2",', 1)
    if spoil == 2:
        return value.replace(b'":{', b'":' + b"[" * 500 + b"{", 1)
    if spoil == 3:
        return value.replace(b'":"', b'":' + b"9" * 400 + b',"y":"', 1)
    at = chance.randrange(len(value))
    return value[:at] + (b"" if spoil == 4 else bytes([chance.randrange(256)])) + value[at + 1 :]


@given(st.integers(min_value=0))
@settings(deadline=None, max_examples=400)
def test_mutated_messages_never_raise_and_always_end_in_an_outcome(seed: int):
    chance = random.Random(seed)
    files = rows()
    weighty = [row for row in files if "ServiceRequest" in row["resource_types"] or "Task" in row["resource_types"]]
    row = chance.choice(weighty if weighty and chance.random() < 0.8 else files) if files and chance.random() < 0.7 else None
    whole = bundle(REQUEST, PATIENT, but(TASK, businessStatus={"coding": [{"system": BSER, "code": "2.0"}]}))
    document = mutated(orjson.loads(bytes_of(row["file"])) if row else orjson.loads(orjson.dumps(whole)), chance)
    value = orjson.dumps(document)
    assert proper(read(value))
    assert proper(read(broken(value, chance)))


@given(st.integers(min_value=0))
@settings(deadline=None, max_examples=100)
def test_a_good_referral_survives_every_neighbour(seed: int):
    """N good ones and one bad: N events, and the bad one ends by itself."""
    chance = random.Random(seed)
    good = [but(REQUEST, id=f"good-{n}", identifier=[{"value": f"GOOD-{n}"}]) for n in range(3)]
    bad = mutated(but(REQUEST, id="bad", identifier=[{"value": "BAD"}]), chance)
    resources = [*good, bad]
    chance.shuffle(resources)
    found = read(orjson.dumps(bundle(*resources, PATIENT)))
    events = {entry.reference for entry in found if entry.outcome == "event"}
    assert {"GOOD-0", "GOOD-1", "GOOD-2"} <= events and proper(found)
