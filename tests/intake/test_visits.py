"""Visits at the front door: an Appointment, an Encounter or an event of ours becomes one fact about a record, whoever repeats it."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from contracts.partners import ReferralRequested, StayReported, VisitReported
from services.intake import codes
from tests.intake.desk import PERSON, Desk, request
from tests.intake.fhir_messages import PATIENT, REQUEST, Json, bundle, but, causes, one, read
from tests.intake.test_third_party import bytes_of, needs_files
from tests.intake.test_third_party import read as door

START = datetime(2026, 3, 5, 15, tzinfo=UTC)
WHO = {"actor": {"reference": "Patient/p1"}, "status": "accepted"}
APPOINTMENT: Json = {
    "resourceType": "Appointment", "id": "a1", "status": "booked", "start": "2026-03-05T10:00:00-05:00",
    "identifier": [{"system": "urn:example:appointment", "value": "A-1"}],
    "participant": [{"actor": {"reference": "Practitioner/d1"}}, {"actor": {"display": "room 2"}}, WHO],
}  # fmt: skip
VISIT: Json = {
    "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}, "subject": {"reference": "Patient/p1"},
    "identifier": [{"system": "urn:example:visit", "value": "V-1"}], "period": {"start": "2026-03-05T10:00:00-05:00"},
}  # fmt: skip


def said(resource: Json, *others: Json, **changes: Any) -> VisitReported:
    entry = read(bundle(but(resource, **changes), PATIENT, *others))[0]
    assert isinstance(entry.event, VisitReported), entry
    return entry.event


def test_each_status_of_an_appointment_says_what_became_of_it():
    steps = {"booked": "booked", "arrived": "arrived", "checked-in": "arrived", "fulfilled": "attended", "noshow": "missed",
             "cancelled": "cancelled", "entered-in-error": "entered-in-error"}  # fmt: skip
    for status, step in steps.items():
        told = said(APPOINTMENT, status=status)
        assert (told.reference, told.step, told.starts_at) == ("A-1", step, START) and told.person is not None


def test_an_encounter_is_a_visit_or_a_stay_by_its_class():
    steps = {"planned": "booked", "arrived": "arrived", "in-progress": "attended", "finished": "attended", "cancelled": "cancelled"}
    assert {status: said(VISIT, status=status).step for status in steps} == steps
    assert said(VISIT, class_={"code": "VR"}).channel == "video" and said(VISIT, class_={"code": "HH"}).channel == "in-person"
    stay = but(VISIT, class_={"code": "IMP"}, period={"start": "2026-03-01T10:00:00Z", "end": "2026-03-02T10:00:00Z"})
    assert isinstance(one(bundle(stay, PATIENT)).event, StayReported)


def test_an_evaluation_and_a_telephone_are_known_by_their_codes():
    evaluation = [{"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "90791"}]}]
    spoken = [{"coding": [{"system": "http://snomed.info/sct", "code": "185317003"}]}]
    assert (said(VISIT, type=evaluation).kind, said(VISIT).kind) == ("evaluation", "service")
    assert said(VISIT, class_={"code": "VR"}, type=spoken).channel == "telephone"


def test_who_called_it_off_is_said_as_far_as_a_code_says_it():
    def why(code: str) -> VisitReported:
        return said(APPOINTMENT, status="cancelled", cancelationReason={"coding": [{"system": "urn:x", "code": code}]})

    assert [why(code).by for code in ("pat-crs", "prov-pers", "oth-weath")] == ["client", "program", None]
    assert why("pat").reason == "urn:x|pat" and said(APPOINTMENT, status="cancelled", start=None).starts_at is None


def test_an_encounter_that_names_its_appointment_is_that_appointment():
    about = said(VISIT, but(APPOINTMENT, status="fulfilled"), appointment=[{"reference": "Appointment/a1"}])
    assert (about.reference, about.step) == ("A-1", "attended")
    assert said(VISIT, appointment={"identifier": {"value": "A-7"}}).reference == "A-7"
    assert said(VISIT, appointment=[{"reference": "Appointment/elsewhere"}]).reference == "V-1"


@pytest.mark.parametrize("based_on", [[{"reference": "ServiceRequest/s1"}], {"reference": "ServiceRequest/s1"}], ids=["list", "object"])
def test_the_referral_is_named_by_its_senders_number_and_both_are_heard(based_on: Any):
    referral, visit = read(bundle(REQUEST, but(APPOINTMENT, basedOn=based_on), PATIENT))
    assert isinstance(referral.event, ReferralRequested) and isinstance(visit.event, VisitReported)
    assert referral.event.reference == visit.event.referral == "R-1"
    assert said(APPOINTMENT, basedOn=[{"reference": "ServiceRequest/7"}]).referral == "7"


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({"status": "proposed"}, "return", codes.NOT_BOOKED), ({"status": "waitlist"}, "return", codes.NOT_BOOKED),
        ({"status": None}, "return", codes.NO_STATUS), ({"status": "unheard-of"}, "quarantine", codes.UNKNOWN_CODE),
        ({"start": None}, "return", codes.NO_VISIT_INSTANT), ({"start": "2026-03"}, "return", codes.NO_VISIT_INSTANT),
        ({"start": "2026-03-05T12:011:30Z"}, "quarantine", codes.BROKEN_INSTANT), ({"start": "2026-03-05"}, "event", codes.DAY_ONLY),
        ({"identifier": None}, "event", codes.WEAK_NUMBER), ({"identifier": None, "id": None}, "return", codes.NO_VISIT_NUMBER),
        ({"participant": None}, "return", codes.NO_PERSON),
        ({"participant": [{"actor": {"reference": "Location/1"}}]}, "return", codes.NO_PERSON),
        ({"participant": [{"actor": {"reference": "urn:uuid:9"}}]}, "quarantine", codes.DANGLING),
        ({"participant": [{"actor": {"reference": "Patient/9"}}]}, "quarantine", codes.DANGLING),
        ({"participant": [WHO, {"actor": {"reference": "Patient/p2"}}]}, "return", codes.SEVERAL_PEOPLE),
        ({"incomingReferral": []}, "return", codes.STU3), ({"modifierExtension": [{"url": "x"}]}, "quarantine", codes.MODIFIED),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_returned_or_looked_at(changes: dict[str, Any], outcome: str, code: str):
    entry = read(bundle(but(APPOINTMENT, **changes), PATIENT))[0]
    assert entry.outcome == outcome and code in causes(entry)


def test_an_encounter_of_neither_kind_is_returned_and_a_slot_that_was_booked_is_no_entry_of_its_own():
    assert causes(one(bundle(but(VISIT, class_={"code": "PRENC"}), PATIENT))) == {codes.NO_STAY}
    slot = {"resourceType": "Slot", "id": "s9", "status": "busy"}
    assert len(read(bundle(but(APPOINTMENT, slot=[{"reference": "Slot/s9"}]), PATIENT, slot))) == 1
    assert len(read(bundle(APPOINTMENT, PATIENT, slot))) == 2


def test_one_broken_visit_costs_its_neighbours_nothing_and_a_death_is_told_with_the_visit():
    found = read(bundle(APPOINTMENT, but(APPOINTMENT, id="a2", identifier=[{"value": "A-2"}], start="12:011:30"), PATIENT))
    assert [entry.outcome for entry in found] == ["event", "quarantine"]
    visit = one(bundle(APPOINTMENT, but(PATIENT, deceasedBoolean=True))).event
    assert isinstance(visit, VisitReported) and visit.person and visit.person.deceased


def test_what_answers_another_message_asks_for_nothing():
    header = {"resourceType": "MessageHeader", "id": "h1", "eventCoding": {"code": "servicerequest-response"}}
    assert causes(read(bundle(header, REQUEST, PATIENT))[0]) == {codes.NO_REPORT}
    asking = but(header, eventCoding={"code": "servicerequest-request"})
    assert read(bundle(asking, REQUEST, PATIENT))[0].outcome == "event"
    answered = but(asking, response={"identifier": "1", "code": "ok"})
    assert causes(read(bundle(answered, but(REQUEST, status="revoked"), PATIENT))[0]) == {codes.NO_REPORT}


@needs_files
def test_published_bookings_name_somebody_who_did_not_come_with_them():
    """A missing referenced resource, a participant under an address that no entry has: one of us looks; nothing else is lost."""
    for file in ("appointment__GET-success", "appointment__POST-success", "process_message__POST-success"):
        found = door(bytes_of(f"nhs-bars/examples__{file}.json"))
        assert {entry.outcome for entry in found} == {"quarantine"}, file
        assert all(codes.DANGLING in causes(entry) and entry.reference for entry in found)


# — as facts


async def tell(desk: Desk, partner: str = "riverbend", **changes: Any) -> list[str]:
    body = {"reference": "A-1", "step": "booked", "starts_at": "2026-03-05T15:00:00Z", "person": PERSON} | changes
    return await desk.report("visit.reported.v1", {name: value for name, value in body.items() if value is not None}, partner)


def visits(desk: Desk) -> list[dict[str, Any]]:
    return [orjson.loads(row.data) for row in desk.log.rows if row.attributes["type"] == "visit.received.v1"]


async def test_a_booking_of_somebody_nobody_knew_opens_their_record(desk: Desk):
    assert await tell(desk) == ["event"]
    record, _ = desk.one("record")
    (told,) = visits(desk)
    assert (told["record"], told["partner"], told["step"], told.get("request")) == (record, "riverbend", "booked", None)
    assert desk.answers()[-1]["outcome"] == "event" and desk.answers()[-1]["reference"] == "A-1"


async def test_the_same_booking_many_times_is_one_fact_and_what_was_called_off_may_be_booked_again(desk: Desk):
    for _ in range(3):
        await tell(desk)
    assert len(visits(desk)) == 1 and desk.answers()[-1]["outcome"] == "duplicate"
    await tell(desk, step="cancelled", by="client")
    await tell(desk)
    assert [one["step"] for one in visits(desk)] == ["booked", "cancelled", "booked"]


async def test_a_later_word_finds_the_record_though_it_names_nobody(desk: Desk):
    await tell(desk, starts_at="2026-03-02T08:00:00Z")
    assert await tell(desk, step="missed", starts_at="2026-03-02T08:00:00Z", person=None) == ["event"]
    first, second = visits(desk)
    assert first["record"] == second["record"] and second["step"] == "missed"


async def test_a_referral_that_was_sent_tells_whose_visit_it_is_and_which_need_it_is_for(desk: Desk):
    await desk.send("requested", request())
    assert await tell(desk, person=None, referral="R-1") == ["event"]
    (told,) = visits(desk)
    assert (told["request"], told["record"]) == (desk.one("request")[0], desk.one("record")[0])
    assert desk.answers()[-1]["issues"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"referral": "R-9"}, "TL-5155"),
        ({"referral": "R-1", "person": {"identifiers": [{"system": "urn:x", "value": "other"}]}}, "TL-5156"),
    ],
    ids=["unknown", "of somebody else"],
)  # fmt: skip
async def test_a_referral_that_does_not_fit_costs_nothing_but_itself(desk: Desk, changes: dict[str, Any], code: str):
    await desk.send("requested", request())
    assert await tell(desk, **changes) == ["event"]
    assert visits(desk)[0].get("request") is None and [issue["code"] for issue in desk.answers()[-1]["issues"]] == [code]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"starts_at": None}, "TL-5151"), ({"step": "attended"}, "TL-5152"), ({"step": "missed"}, "TL-5152"),
        ({"step": "cancelled", "at": "2026-03-09T00:00:00Z"}, "TL-5152"), ({"person": None}, "TL-5153"),
        ({"person": None, "referral": "R-9"}, "TL-5153"), ({"step": "cancelled", "starts_at": None}, "TL-5154"),
    ],
)  # fmt: skip
async def test_what_cannot_be_so_is_returned_to_its_sender(desk: Desk, changes: dict[str, Any], code: str):
    assert await tell(desk, **changes) == ["refused"]
    assert visits(desk) == [] and [issue["code"] for issue in desk.answers()[-1]["issues"]] == [code]


async def test_somebody_may_arrive_before_the_visit_begins(desk: Desk):
    assert await tell(desk, step="arrived", starts_at="2026-03-02T09:30:00Z") == ["event"]


async def test_the_label_of_a_visit_stays_on_what_is_told_of_it_later(desk: Desk):
    await tell(desk, sensitivity="part2", consent="consent/7")
    await tell(desk, step="cancelled")
    rows = [row.attributes for row in desk.log.rows if row.attributes["type"] == "visit.received.v1"]
    assert [one.get("sensitivity") for one in rows] == ["part2", "part2"]


async def test_what_partners_call_their_visits_are_different_visits(desk: Desk):
    await tell(desk)
    await tell(desk, "lakeside")
    assert len({row.attributes["subject"] for row in desk.log.rows if row.attributes["type"] == "visit.received.v1"}) == 2


async def test_fhir_and_our_own_event_are_the_same_fact(desk: Desk):
    assert await desk.publish(orjson.dumps(bundle(APPOINTMENT, PATIENT))) == ["event"]
    told = visits(desk)
    assert await tell(desk, reference="A-1", step="cancelled", person=None) == ["event"]
    assert [one["reference"] for one in (*told, *visits(desk)[1:])] == ["A-1", "A-1"]
    assert not any(b"Sample" in row.data for row in desk.log.rows)
