"""What statuses and modifiers say, and what partners send in spite of the standard."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import partners
from services.intake import answers, codes
from tests.intake.fhir_messages import BSER, PATIENT, REQUEST, TASK, Json, bundle, but, causes, one, read, told


@pytest.mark.parametrize("status, outcome, cause", [
    ("draft", "return", codes.NOT_YET), ("completed", "return", codes.NO_REPORT_INSTANT), ("on-hold", "quarantine", codes.ON_HOLD),
    ("unknown", "quarantine", codes.UNKNOWN_CODE), ("aktiv", "quarantine", codes.UNKNOWN_CODE),
    (["active"], "quarantine", codes.UNKNOWN_CODE), (None, "return", codes.NO_STATUS),
])  # fmt: skip
def test_a_request_that_does_not_ask(status: Any, outcome: str, cause: str):
    entry = one(bundle(but(REQUEST, status=status), PATIENT))
    assert entry.outcome == outcome and cause in causes(entry)


@pytest.mark.parametrize("status", ["revoked", "entered-in-error"])
def test_a_request_taken_back_needs_nothing_but_its_number(status: str):
    entry = one(but(REQUEST, status=status, subject=None, authoredOn=None))
    assert isinstance(entry.event, partners.ReferralWithdrawn) and (entry.reference, entry.event.reason) == ("R-1", status)


def test_a_cancelled_task_takes_the_referral_back_with_its_own_reason_and_time():
    task = but(TASK, status="cancelled", statusReason={"coding": [{"code": "moved-away"}]})
    entry = one(bundle(REQUEST, task, PATIENT))
    assert isinstance(entry.event, partners.ReferralWithdrawn)
    assert (entry.event.reason, entry.event.withdrawn_at) == ("moved-away", datetime(2026, 3, 2, 10, tzinfo=UTC))


def test_a_cancelled_task_alone_takes_back_what_it_is_about():
    entry = one(but(TASK, status="cancelled", focus={"identifier": {"value": "R-1"}, "reference": "ServiceRequest/s1"}))
    assert isinstance(entry.event, partners.ReferralWithdrawn) and entry.event.reference == "R-1"


@pytest.mark.parametrize("status", ["accepted", "in-progress", "received", "ready", "on-hold", "completed", "rejected", "failed"])
def test_a_task_about_a_referral_that_we_have_says_where_it_stands(status: str):
    reported = one(but(TASK, status=status)).event
    assert isinstance(reported, partners.ReferralStatusReported) and (reported.reference, reported.task_status) == ("s1", status)
    assert (reported.at, reported.business_status) == (datetime(2026, 3, 2, 10, tzinfo=UTC), None)


def test_of_several_tasks_the_one_that_was_changed_last_says_it_with_its_business_status_and_reason():
    said = {"status": "rejected", "businessStatus": {"coding": [{"system": BSER, "code": "4.0"}]}}
    last = but(TASK, id="t2", lastModified="2026-03-04T10:00:00Z", statusReason={"coding": [{"code": "no-capacity"}]}, **said)
    reported = one(bundle(REQUEST, but(TASK, status="completed"), last, PATIENT)).event
    assert isinstance(reported, partners.ReferralStatusReported) and reported.reference == "R-1"
    assert (reported.task_status, reported.business_status, reported.reason) == ("rejected", "4.0", "no-capacity")
    assert reported.at == datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize("when, outcome", [
    ({"lastModified": None}, "return"), ({"lastModified": "2026-03-02"}, "return"), ({"lastModified": "12:011:30"}, "quarantine"),
    ({"lastModified": None, "meta": {"lastUpdated": "2026-03-02T10:00:00Z"}}, "event"),
])  # fmt: skip
def test_a_report_is_of_an_instant_that_its_sender_names(when: Json, outcome: str):
    entry = one(but(TASK, status="completed", **when))
    assert entry.outcome == outcome and (codes.NO_REPORT_INSTANT in causes(entry)) == (outcome == "return")


def test_what_we_tell_of_a_status_may_come_back_as_it_was_told():
    for status, business in answers.STATUS.values():
        task = but(TASK, status=status, businessStatus={"coding": [{"system": BSER, "code": business}]})
        assert one(task).outcome == "event", (status, business)


def test_a_requested_task_without_its_request_is_returned_bare_and_looked_at_in_a_bundle():
    assert causes(one(TASK)) == {codes.NO_REQUEST}
    entry = one(bundle(TASK, PATIENT))
    assert entry.outcome == "quarantine" and causes(entry) == {codes.DANGLING}


@pytest.mark.parametrize("request_status, task_status", [("revoked", "requested"), ("completed", "requested"), ("draft", "accepted"),
                                                         ("completed", "cancelled")])  # fmt: skip
def test_statuses_that_cannot_both_be_so_are_looked_at(request_status: str, task_status: str):
    entry = one(bundle(but(REQUEST, status=request_status), but(TASK, status=task_status), PATIENT))
    assert entry.outcome == "quarantine" and codes.DISAGREE in causes(entry)


def test_one_task_cancelled_and_another_open_is_looked_at():
    assert one(bundle(REQUEST, TASK, but(TASK, id="t2", status="cancelled"), PATIENT)).outcome == "quarantine"


@pytest.mark.parametrize("change, cause", [({"doNotPerform": True}, codes.FORBIDS), ({"intent": "option"}, codes.FORBIDS),
                                           ({"intent": "whim"}, codes.UNKNOWN_CODE), ({"priority": "soonish"}, codes.UNKNOWN_CODE),
                                           ({"modifierExtension": [{"url": "https://x.example.org"}]}, codes.MODIFIED),
                                           ({"implicitRules": "https://x.example.org"}, codes.MODIFIED)])  # fmt: skip
def test_what_changes_the_meaning_is_never_overlooked(change: Json, cause: str):
    entry = one(bundle(but(REQUEST, **change), PATIENT))
    assert entry.event is None and cause in causes(entry)


# What real partner files do (domain.md §5), on examples of our own; test_partner_files.py has the published ones.


def test_5_6_a_missing_resource_of_a_bundle_is_looked_at():
    for said in ("Patient/elsewhere", "urn:uuid:6f1d1b60-0000-4000-8000-000000000002", "#inside"):
        entry = one(bundle(but(REQUEST, subject={"reference": said}), PATIENT))
        assert entry.outcome == "quarantine" and (codes.DANGLING, "/entry/0/resource/subject") in told(entry)


@pytest.mark.parametrize("url, said", [("https://ehr.example.org/Patient/other", "Patient/p1"), ("urn:uuid:other", "urn:uuid:p1"),
                                       ("https://a.example.org/Patient/p1", "https://b.example.org/Patient/p1")])  # fmt: skip
def test_5_6_a_wrong_full_url_is_looked_at(url: str, said: str):
    message = bundle(but(REQUEST, subject={"reference": said}), PATIENT)
    message["entry"][1]["fullUrl"] = url
    assert codes.WRONG_ADDRESS in causes(read(message)[0])


def test_5_6_two_patients_under_one_name_are_looked_at_and_one_sent_twice_is_one():
    assert codes.AMBIGUOUS in causes(read(bundle(REQUEST, PATIENT, but(PATIENT, birthDate="1991-01-01")))[0])
    assert read(bundle(REQUEST, PATIENT, PATIENT))[0].outcome == "event"


def test_5_7_a_malformed_instant_costs_its_entry_only():
    bad = but(REQUEST, id="s2", identifier=[{"value": "R-2"}], authoredOn="2021-11-11T12:011:30+00:00")
    found = read(bundle(bad, REQUEST, PATIENT))
    assert [(each.reference, each.outcome) for each in found] == [("R-2", "quarantine"), ("R-1", "event")]
    assert (codes.BROKEN_INSTANT, "/entry/0/resource/authoredOn") in told(found[0])


@pytest.mark.parametrize(
    "instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-13-01", "2026-03-01T09:30:00", 7, "soon"]
)
def test_5_7_what_no_clock_could_count_from_is_no_instant(instant: Any):
    assert codes.BROKEN_INSTANT in causes(one(bundle(but(REQUEST, authoredOn=instant), PATIENT)))


def test_5_7_where_the_referral_does_not_need_it_a_malformed_instant_is_only_told():
    entry = one(bundle(but(REQUEST, meta={"lastUpdated": "2021-11-11T12:011:30+00:00"}), PATIENT))
    assert entry.outcome == "event" and told(entry) == {(codes.INVALID_PART, "/entry/0/resource/meta/lastUpdated")}


def test_5_8_a_patch_changes_only_what_it_holds():
    """An example of our own."""
    entry = one({"resourceType": "ServiceRequest", "identifier": [{"value": "R-1"}], "priority": "stat"})
    assert isinstance(entry.event, partners.ReferralAmended)
    assert (entry.event.urgency, entry.event.service, entry.event.person) == ("emergency", None, None)
    whole = bundle(but(REQUEST, subject=None))
    whole["entry"][0]["request"] = {"method": "PATCH", "url": "ServiceRequest/s1"}
    assert isinstance(one(whole).event, partners.ReferralAmended)
    assert codes.NOTHING_CHANGES in causes(one({"resourceType": "ServiceRequest", "identifier": [{"value": "R-1"}]}))


def test_5_10_failed_is_not_rejected_and_neither_takes_a_referral_back():
    """An example of our own."""
    for status in ("failed", "rejected"):
        task = but(TASK, status=status, statusReason={"text": "No matching results"})
        for said in (one(bundle(REQUEST, task, PATIENT)).event, one(task).event):
            assert isinstance(said, partners.ReferralStatusReported) and said.task_status == status


def test_5_11_an_object_instead_of_a_list_is_read_and_told():
    entry = one(
        bundle(but(REQUEST, basedOn={"reference": "CarePlan/x"}, identifier={"value": "R-1"}, reasonCode={"text": "low mood"}), PATIENT)
    )
    assert entry.outcome == "event" and entry.reference == "R-1"
    assert (codes.INVALID_PART, "/entry/0/resource/basedOn") in told(entry)


def test_5_12_a_business_status_that_the_status_contradicts_is_looked_at():
    task = but(TASK, businessStatus={"coding": [{"system": BSER, "code": "7.0"}]})
    assert (codes.DISAGREE, "/entry/1/resource/businessStatus") in told(one(bundle(REQUEST, task, PATIENT)))


@pytest.mark.parametrize("code, status, outcome", [
    ("2.0", "requested", "event"), ("5.x", "in-progress", "event"), ("5.1.1", "in-progress", "event"), ("5.1.2", "in-progress", "event"),
    ("5.1.4", "completed", "event"), ("6.0", "cancelled", "event"), ("7.0", "completed", "event"), ("9.9", "requested", "quarantine"),
    ("4.0", "rejected", "event"), ("5.4", "in-progress", "event"), ("5.2", "in-progress", "event"),
])  # fmt: skip
def test_5_12_both_published_versions_of_the_business_status_are_known(code: str, status: str, outcome: str):
    task = but(TASK, status=status, businessStatus={"coding": [{"system": BSER, "code": code}]})
    entry = one(bundle(REQUEST, task, PATIENT))
    assert entry.outcome == outcome
    assert isinstance(entry.event, partners.ReferralWithdrawn) == (code in ("5.2", "5.4", "6.0"))


def test_5_4_where_code_and_display_disagree_the_code_counts():
    """An example of our own."""
    task = but(TASK, businessStatus={"coding": [{"system": BSER, "code": "2.0", "display": "Service Request Declined"}]})
    entry = one(bundle(REQUEST, task, PATIENT))
    assert entry.outcome == "event" and codes.DISPLAY_DIFFERS in causes(entry)


@pytest.mark.parametrize(
    "field", ["intent", "status", "priority", "doNotPerform", "authoredOn", "subject", "code", "identifier", "id", "meta"]
)
@pytest.mark.parametrize("junk", [[], {}, [{}], 7, True, "", {"coding": {"code": {}}}])
def test_a_misshapen_value_is_a_reason_never_a_defect(field: str, junk: Any):
    assert codes.DEFECT not in {cause for entry in read(bundle(but(REQUEST, **{field: junk}), TASK, PATIENT)) for cause in causes(entry)}
