"""Stays at the front door: an Encounter or an event of ours becomes one fact about a record, whoever repeats it and however late."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from contracts.partners import StayReported
from infra.envelope import headers
from infra.records import Record
from services.intake import codes
from tests.intake.desk import PERSON, Desk
from tests.intake.fhir_messages import PATIENT, REQUEST, Json, bundle, but, causes, one, read
from tests.intake.test_third_party import bytes_of, needs_files

ALERTS = "davinci-alerts-adt"
STAY: Json = {
    "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/p1"},
    "identifier": [{"system": "urn:example:visit", "value": "V-1"}],
    "period": {"start": "2026-02-27T20:00:00-05:00", "end": "2026-03-01T10:00:00-05:00"},
}  # fmt: skip
ENDED = datetime(2026, 3, 1, 15, tzinfo=UTC)


def stay(**changes: Any) -> StayReported:
    entry = one(bundle(but(STAY, **changes), PATIENT))
    assert isinstance(entry.event, StayReported), entry
    return entry.event


def test_a_finished_encounter_is_a_discharge_and_one_under_way_an_admission():
    said = stay()
    assert (said.reference, said.step, said.kind, said.at) == ("V-1", "discharged", "hospital", ENDED)
    here = stay(status="in-progress", class_={"code": "EMER"})
    assert (here.step, here.kind, here.at) == ("admitted", "ed", here.admitted_at) and here.person is not None
    assert stay(status="entered-in-error", period=None).step == "admission-cancelled"


def test_where_to_and_against_advice_and_what_for_are_read():
    left = stay(hospitalization={"dischargeDisposition": {"coding": [{"code": "aadvice"}]}})
    assert left.against_advice and left.to == "aadvice"
    for code, problem in (("F33.1", "mental-health"), ("F11.20", "substance-use"), ("T14.91XA", "mental-health"), ("J45.0", "other")):
        reason = [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}]
        assert stay(reasonCode=reason).problem == problem
    condition = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"},
                 "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.20"}]}}  # fmt: skip
    said = one(bundle(but(STAY, diagnosis=[{"condition": {"reference": "Condition/c1"}}]), PATIENT, condition)).event
    assert isinstance(said, StayReported) and said.problem == "substance-use"


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({"status": "planned"}, "return", codes.NOT_YET), ({"status": "unknown"}, "quarantine", codes.UNKNOWN_CODE),
        ({"status": None}, "return", codes.NO_STATUS), ({"class": {"code": "PRENC"}}, "return", codes.NO_STAY),
        ({"class": {"code": "???"}}, "quarantine", codes.UNKNOWN_CODE), ({"identifier": None}, "return", codes.NO_STAY_NUMBER),
        ({"period": None}, "return", codes.NO_STAY_INSTANT), ({"period": {"start": "2026-02-27"}}, "return", codes.NO_STAY_INSTANT),
        ({"period": {"end": "2026-03-01T10:011:30Z"}}, "quarantine", codes.BROKEN_INSTANT),
        ({"subject": {"reference": "Patient/other"}}, "quarantine", codes.DANGLING), ({"subject": None}, "return", codes.NO_PERSON),
        ({"modifierExtension": [{"url": "x"}]}, "quarantine", codes.MODIFIED),
        ({"hospitalization": {"dischargeDisposition": {"coding": [{"code": "exp"}]}}}, "event", codes.DEATH_NOTED),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_returned_or_looked_at(changes, outcome, code):
    entry = read(bundle(but(STAY, **changes), PATIENT))[0]
    assert entry.outcome == outcome and code in causes(entry)


def test_an_encounter_that_a_referral_names_is_no_stay_of_its_own():
    assert one(bundle(but(REQUEST, encounter={"reference": "Encounter/e1"}), PATIENT, STAY)).reference == "R-1"


async def report(desk: Desk, partner: str = "general", **changes: Any) -> list[str]:
    desk.offset += 1
    body = {"reference": "V-1", "step": "admitted", "kind": "hospital", "at": "2026-03-01T20:00:00Z", "person": PERSON} | changes
    names = {"type": "stay.reported.v1", "id": f"e-{desk.offset}", "datacontenttype": "application/json"}
    told = {name: value for name, value in body.items() if value is not None}
    record = Record(f"partner-in-{partner}", 0, desk.offset, tuple(headers(names)), orjson.dumps(told))
    return [outcome.kind for outcome in await desk.settler.settle(list(desk.reader.items(record)))]


def stays(desk: Desk) -> list[dict[str, Any]]:
    return [orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "stay.received.v1"]


async def test_an_admission_opens_the_record_and_the_same_again_is_one_fact(desk: Desk):
    assert await report(desk) == ["event"]
    record, _ = desk.one("record")
    (said,) = stays(desk)
    assert (said["record"], said["facility"], said["step"], said["group"]) == (record, "general", "admitted", "adult")
    await report(desk)
    assert len(stays(desk)) == 1 and desk.answers("general")[-1]["outcome"] == "duplicate"


async def test_a_later_word_finds_the_record_though_it_names_nobody(desk: Desk):
    await report(desk)
    assert await report(desk, step="discharged", at="2026-03-02T08:00:00Z", person=None) == ["event"]
    first, second = stays(desk)
    assert first["record"] == second["record"] and second["step"] == "discharged"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"at": None}, "TL-5131"), ({"at": "2026-03-02T10:00:00Z"}, "TL-5132"), ({"person": None}, "TL-5133"),
        ({"step": "discharge-cancelled", "at": None}, "TL-5134"),
    ],
)  # fmt: skip
async def test_what_cannot_be_so_is_returned_to_its_sender(desk: Desk, changes: dict[str, Any], code: str):
    assert await report(desk, **changes) == ["refused"]
    assert stays(desk) == [] and [issue["code"] for issue in desk.answers("general")[-1]["issues"]] == [code]


async def test_nobody_can_tell_of_another_facilitys_stay(desk: Desk):
    await report(desk)
    assert await report(desk, partner="other", facility="general", step="admission-cancelled", at=None) == ["refused"]
    await report(desk, partner="other", facility="general")
    assert [said["facility"] for said in stays(desk)] == ["general", "other/general"]


async def test_the_label_of_a_stay_stays_on_what_is_told_of_it_later(desk: Desk):
    await report(desk, sensitivity="part2", consent="consent/7")
    await report(desk, step="discharged", at="2026-03-02T08:00:00Z")
    rows = [row.attributes for row in desk.log.rows if row.attributes["type"] == "stay.received.v1"]
    assert [one.get("sensitivity") for one in rows] == ["part2", "part2"]


@needs_files
async def test_the_published_alerts_are_one_stay_of_one_person(desk: Desk):
    for file in ("admit-notification-intermediate-transmit-bundle", "discharge-notification-message-bundle-01"):
        assert await desk.publish(bytes_of(f"{ALERTS}/{file}.json"), "general") == ["event"]
    first, second = stays(desk)
    assert first["record"] == second["record"] and first["reference"] == second["reference"]
    assert [(one["step"], one["kind"]) for one in (first, second)] == [("admitted", "ed"), ("discharged", "hospital")]
    assert first["group"] == "adult" and not any(b"Elden718 Halvorson" in row.data for row in desk.log.rows)


async def test_an_earlier_word_again_is_a_repetition_unless_it_was_said_later(desk: Desk):
    """Somebody was admitted, was not after all, and was: what is resent as of then is nothing new, what is said anew stands."""
    admitted = {"reference": "E-7", "step": "admitted", "kind": "hospital", "at": "2026-03-01T10:00:00Z", "person": PERSON}
    none = {"reference": "E-7", "step": "admission-cancelled", "kind": "hospital"}
    for body, at in ((admitted, 10), (none, 11), (admitted, 10)):
        await desk.report("stay.reported.v1", {**body, "said_at": f"2026-03-01T{at}:30:00Z"}, "general")
    assert [one["step"] for one in stays(desk)] == ["admitted", "admission-cancelled"]
    assert desk.answers("general")[-1]["outcome"] == "duplicate"
    await desk.report("stay.reported.v1", {**admitted, "said_at": "2026-03-01T12:30:00Z"}, "general")
    assert [one["step"] for one in stays(desk)] == ["admitted", "admission-cancelled", "admitted"]
    await desk.report("stay.reported.v1", {**admitted, "said_at": "2026-03-01T13:30:00Z"}, "general")
    assert len(stays(desk)) == 3, "the last word again"
