"""A FHIR message at the front door: what it holds, and what each referral in it asks for."""

from datetime import UTC, datetime

import orjson
import pytest

from contracts import partners
from services.intake import codes, door, fhir_codes, fhir_referral
from tests.intake.fhir_messages import ORGANISATION, PATIENT, REQUEST, ROLE, TASK, Json, asked, bundle, but, causes, one, read, told


def test_a_bundle_with_everything_is_one_referral():
    entry = one(bundle(REQUEST, PATIENT, ROLE, ORGANISATION, TASK))
    assert (entry.pointer, entry.outcome, entry.reference, entry.reasons) == ("/entry/0/resource", "event", "R-1", ())
    event = entry.event
    assert isinstance(event, partners.ReferralRequested)
    assert (event.service, event.urgency, event.sender) == ("sct|75516001", "urgent", "Example Clinic")
    assert event.requested_at == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    assert event.reason is not None and event.reason.plain == "low mood\nprefers mornings"


@pytest.mark.parametrize("kind", ["transaction", "batch", "message", "collection", "document", "searchset", "no-such-kind"])
def test_a_referral_is_heard_in_every_kind_of_bundle(kind: str):
    assert one(bundle(REQUEST, PATIENT, kind=kind)).outcome == "event"


def test_it_is_heard_inside_parameters_and_bundles_inside_bundles():
    inner = bundle(REQUEST, PATIENT)
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "x", "part": [{"name": "y", "resource": bundle(inner)}]}]}
    entry = one(wrapped)
    assert entry.outcome == "event" and entry.pointer == "/parameter/0/part/0/resource/entry/0/resource/entry/0/resource"


def test_the_patient_may_lie_in_another_bundle_of_the_message():
    assert one(bundle(REQUEST, bundle(PATIENT, kind="document"))).outcome == "event"


def test_two_bundles_with_the_same_patient_id_keep_their_own_people():
    other = but(PATIENT, name=[{"family": "Other"}])
    found = read(bundle(bundle(REQUEST, PATIENT), bundle(but(REQUEST, identifier=[{"value": "R-2"}]), other)))
    assert [each.event.person.family_name.plain for each in found] == ["Sample", "Other"]  # type: ignore[union-attr]


def test_it_is_heard_in_a_structured_cloud_event():
    event = {
        "specversion": "1.0",
        "id": "1",
        "type": "org.example.fhir",
        "datacontenttype": "application/fhir+json",
        "data": bundle(REQUEST, PATIENT),
    }
    (entry,) = door.entries("acme", {}, orjson.dumps(event))
    assert (entry.outcome, entry.pointer) == ("event", "/data/entry/0/resource")


def test_a_contained_patient_and_a_contained_request_are_heard():
    inside = but(REQUEST, contained=[PATIENT], subject={"reference": "#p1"})
    assert one(inside).outcome == "event"
    task = but(TASK, contained=[REQUEST, PATIENT], focus={"reference": "#s1"})
    contained = but(task["contained"][0], subject={"reference": "#p1"})
    entry = one(but(task, contained=[contained, PATIENT]))
    assert (entry.outcome, entry.pointer) == ("event", "/contained/0")


@pytest.mark.parametrize("url, said", [
    ("urn:uuid:6f1d1b60-0000-4000-8000-000000000001", "urn:uuid:6f1d1b60-0000-4000-8000-000000000001"),
    ("https://ehr.example.org/fhir/Patient/p1", "https://ehr.example.org/fhir/Patient/p1"),
    ("https://ehr.example.org/fhir/Patient/p1", "Patient/p1/_history/3"),
    ("_baseUrl_/R4/Patient/p1", "_baseUrl_/R4/Patient/p1"), ("urn:uuid:x", "Patient/p1"), ("", "https://ehr.example.org/fhir/Patient/p1"),
])  # fmt: skip
def test_a_reference_finds_its_patient(url: str, said: str):
    message = bundle(but(REQUEST, subject={"reference": said}), PATIENT)
    message["entry"][1]["fullUrl"] = url
    assert asked(message).person.family_name is not None


def test_one_bad_neighbour_costs_no_good_entry():
    good = [but(REQUEST, id=f"s{n}", identifier=[{"value": f"R-{n}"}]) for n in range(5)]
    for bad in (
        but(REQUEST, id="bad", identifier=[{"value": "B"}], authoredOn="12:011:30"),
        {"resourceType": "ServiceRequest"},
        {},
        None,
        7,
    ):
        found = read(bundle(*good, bad, PATIENT))  # type: ignore[arg-type]
        assert [each.outcome for each in found].count("event") == 5 and len(found) == 6


def test_a_defect_of_ours_in_one_entry_costs_none_of_the_others(monkeypatch: pytest.MonkeyPatch):
    whole = fhir_referral.entry
    monkeypatch.setattr(fhir_referral, "entry", lambda case: whole(case) if case.request.id != "bad" else 1 / 0)
    found = read(bundle(but(REQUEST, id="bad"), REQUEST, PATIENT))
    assert [(each.outcome, causes(each)) for each in found] == [("quarantine", {codes.DEFECT}), ("event", set())]


def test_two_requests_are_two_entries_and_a_shared_requisition_is_the_number_of_neither():
    both = [but(REQUEST, id=f"s{n}", identifier=None, requisition={"value": "REQ"}) for n in (1, 2)]
    assert [each.reference for each in read(bundle(*both, PATIENT))] == ["s1", "s2"]
    assert one(bundle(both[0], PATIENT)).reference == "REQ"


def test_two_requests_that_differ_under_one_number_are_looked_at():
    found = read(bundle(REQUEST, but(REQUEST, id="s2", priority="stat"), PATIENT))
    assert [each.outcome for each in found] == ["quarantine"] * 2 and all(codes.SAME_NUMBER in causes(each) for each in found)
    assert [each.outcome for each in read(bundle(REQUEST, but(REQUEST, id="s2"), PATIENT))] == ["event"] * 2


def test_the_number_is_the_most_lasting_one_there_is():
    bare = but(REQUEST, identifier=None)
    task = but(TASK, identifier=[{"value": "T-1"}])
    identified = {"identifier": {"value": "B-1"}}
    assert one(bundle(but(bare, requisition={"value": "REQ"}), task, PATIENT, **identified)).reference == "REQ"
    assert one(bundle(bare, task, PATIENT, **identified)).reference == "T-1"
    assert one(bundle(bare, PATIENT, **identified)).reference == "B-1#/entry/0/resource"
    entry = one(bundle(bare, PATIENT))
    assert entry.reference == "s1" and (codes.WEAK_REFERENCE, "/entry/0/resource") in told(entry)


def test_without_any_number_or_with_a_boundless_one_it_is_returned():
    assert causes(one(bundle(but(REQUEST, identifier=None, id=None), PATIENT))) == {codes.NO_REFERENCE}
    assert causes(one(bundle(but(REQUEST, identifier=[{"value": "9" * 201}]), PATIENT))) == {codes.LONG_REFERENCE}


@pytest.mark.parametrize("authored, at, cause", [
    ("2026-03-01", datetime(2026, 3, 1, 12, tzinfo=UTC), codes.DAY_ONLY), ("2026-03-01T09:30:00.123456789Z", None, None),
])  # fmt: skip
def test_a_day_is_noon_utc_so_it_is_the_same_day_all_over_the_country(authored: str, at: datetime | None, cause: str | None):
    entry = one(bundle(but(REQUEST, authoredOn=authored), PATIENT))
    assert entry.outcome == "event" and causes(entry) == ({cause} if cause else set())
    assert at is None or entry.event.requested_at == at  # type: ignore[union-attr]


def test_without_authored_on_the_clock_starts_at_the_next_best_word_of_the_sender():
    bare = but(REQUEST, authoredOn=None, occurrenceDateTime="2026-04-01T10:00:00Z")
    moments = [
        asked(bundle(bare, TASK, PATIENT, timestamp="2026-03-03T00:00:00Z")).requested_at,
        asked(bundle(bare, PATIENT, timestamp="2026-03-03T00:00:00Z")).requested_at,
        asked(bundle(bare, PATIENT, kind="searchset", timestamp="2026-03-03T00:00:00Z")).requested_at,
    ]
    assert [(each.month, each.day, each.hour) for each in moments] == [(3, 1, 10), (3, 3, 0), (4, 1, 10)]


def test_no_instant_or_only_a_month_starts_no_clock():
    assert causes(one(bundle(but(REQUEST, authoredOn=None), PATIENT))) == {codes.NO_INSTANT}
    assert causes(one(bundle(but(REQUEST, authoredOn="2026-03"), PATIENT))) == {codes.COARSE_INSTANT}
    assert asked(bundle(but(REQUEST, authoredOn="2026-03"), TASK, PATIENT)).requested_at.day == 1


@pytest.mark.parametrize(
    "priority, urgency", [("stat", "emergency"), ("asap", "urgent"), ("urgent", "urgent"), ("routine", "routine"), (None, None)]
)
def test_priorities(priority: str | None, urgency: str | None):
    assert asked(bundle(but(REQUEST, priority=priority), PATIENT)).urgency == urgency


def test_the_more_urgent_of_two_priorities_counts_and_the_difference_is_told():
    entry = one(bundle(REQUEST, but(TASK, priority="stat"), PATIENT))
    assert entry.event.urgency == "emergency" and causes(entry) == {codes.PRIORITIES_DIFFER}  # type: ignore[union-attr]


@pytest.mark.parametrize("coding, service", [
    ({"system": "urn:throughline:service", "code": "outpatient-therapy"}, "outpatient-therapy"),
    ({"code": "house code"}, "house%20code"), ({"system": "https://codes.example.org/x", "code": "7"}, "https://codes.example.org/x|7"),
    ({"system": "_baseUrl_/CodeSystem/kinds", "code": "7"}, "kinds|7"), ({"system": "urn:" + "x" * 96, "code": "7"}, "unspecified"),
    ({"display": "Therapy"}, "unspecified"),
])  # fmt: skip
def test_the_service_is_one_stable_token(coding: Json, service: str):
    assert asked(bundle(but(REQUEST, code={"coding": [coding]}), PATIENT)).service == service


def test_a_service_only_in_words_reaches_the_desk_as_words():
    entry = one(bundle(but(REQUEST, code={"text": "someone to talk to"}), PATIENT))
    assert causes(entry) == {codes.UNCODED_SERVICE}
    assert "someone to talk to" in entry.event.reason.plain  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", sorted(fhir_codes.UNHEARD - fhir_codes.STU3_ONLY))
def test_what_nobody_hears_yet_is_returned_by_name_beside_the_referral(kind: str):
    found = read(bundle({"resourceType": kind, "id": "x"}, REQUEST, PATIENT))
    assert {each.outcome for each in found} == {"event", "return"}
    assert f"nobody here hears {kind} yet" in next(each for each in found if each.outcome == "return").reasons[0].fix


def test_what_the_referral_names_serves_it():
    encounter = {"resourceType": "Encounter", "id": "e1"}
    assert one(bundle(but(REQUEST, encounter={"reference": "Encounter/e1"}), PATIENT, encounter)).outcome == "event"


def test_a_patient_alone_is_returned_and_so_is_one_beside_a_referral_that_does_not_name_it():
    assert causes(one(PATIENT)) == {codes.KIND_UNHEARD}
    stranger = but(PATIENT, id="p2")
    about = {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/p2"}}
    found = read(bundle(REQUEST, PATIENT, stranger, about))
    assert [(each.outcome, each.pointer) for each in found] == [("event", "/entry/0/resource"), ("return", "/entry/2/resource")]
    assert len(found[1].reasons) == 2


def test_a_line_of_a_claim_is_no_referral():
    claim = {"resourceType": "Claim", "id": "c", "item": [{"extension": [{"valueReference": {"reference": "ServiceRequest/s1"}}]}]}
    assert {cause for each in read(bundle(claim, REQUEST, PATIENT)) for cause in causes(each)} == {codes.KIND_UNHEARD, codes.PART_OF_CLAIM}


def test_a_deleted_request_is_looked_at_and_a_read_is_returned():
    entries = [{"request": {"method": "DELETE", "url": "ServiceRequest/s1"}}, {"request": {"method": "GET", "url": "ServiceRequest/s1"}}]
    found = read({"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert [each.outcome for each in found] == ["quarantine", "return"]


def test_a_bundle_of_nothing_is_returned_and_one_of_too_much_is_not_opened():
    assert causes(one(bundle())) == {codes.NO_RESOURCE}
    assert causes(one(bundle(*[{"resourceType": "ServiceRequest"}] * 1_200))) == {codes.TOO_MANY}


def test_an_unknown_kind_is_returned_without_its_name():
    entry = one({"resourceType": "Pat Sample"})
    assert entry.outcome == "return" and "Pat Sample" not in repr(entry.reasons)
