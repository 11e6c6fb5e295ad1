"""Appointments, and what they mean for the referral until the first of them was attended."""

import pytest

from contracts.assignment import HandedOff, PlacementCountedEarlier, PlacementEnded, PlacementHalted, PlacementResumed
from contracts.endings import RequestClosed
from contracts.follow_up import CareOpened, CareOverdue, CareScheduled, CareStarted, CareUnscheduled, OutcomeReported
from contracts.kernel import Next
from contracts.plans import PlanDischarged, VisitBooked, VisitMissed, VisitMoved
from services.follow_up.commands import AdjustPlan, CancelVisit, ConfirmStatus, MoveVisit, RecordNoShow, ReportOutcome
from tests.follow_up.stories import (
    DAY,
    EVE,
    HOUR,
    LAKESIDE,
    NINE,
    RIVERSIDE,
    WEEK,
    Story,
    accepted,
    active,
    attended,
    booked,
    desk,
    enrolled,
    names,
    opened,
)

CLIENT, VISIT = "client", NINE + 3 * DAY


def visit(given: Story) -> str:
    return given.plan.bookings[0].visit


def test_care_begins_with_the_programs_yes_and_its_desk_owes_a_first_visit_counted_from_the_request():
    given = enrolled(requested_at=NINE - 3 * DAY)
    (begun,) = given.told(CareOpened)
    assert (begun.owner, begun.program, begun.request) == (desk(RIVERSIDE), RIVERSIDE, "request/1")
    assert begun.visit_by == NINE.replace(day=13, hour=9) and begun.visit_rule == "services@1"
    due = given.next("care/1").due
    assert given.next("care/1").action == "schedule-visit" and due and NINE + 2 * DAY < due <= NINE + 3 * DAY


def test_a_first_visit_is_due_sooner_where_another_sender_had_asked_before():
    given = enrolled(requested_at=NINE)
    before = given.care.visit_by
    given.hears(PlacementCountedEarlier(requested_at=NINE - 3 * DAY, program=RIVERSIDE))
    assert given.care.visit_by == given.plan.visit_by == NINE.replace(day=13, hour=9) < before
    assert given.hears(PlacementCountedEarlier(requested_at=NINE - 2 * DAY, program=RIVERSIDE)) == []


def test_that_somebody_had_asked_before_waits_for_the_yes_that_it_came_after():
    given = Story()
    assert given.hears(PlacementCountedEarlier(requested_at=NINE - 3 * DAY)) == [] and not given.kept
    assert given.hears(PlacementCountedEarlier(requested_at=NINE - 3 * DAY, program=RIVERSIDE)) == [] and given.kept


def test_an_internal_clock_lives_inside_the_regulatory_one():
    given = enrolled(urgency="urgent", requested_at=NINE)
    due = given.next("care/1").due
    assert due and NINE < due < given.care.visit_by
    assert due <= NINE + 4 * HOUR


def test_a_yes_heard_before_the_record_waits_for_it():
    given = Story()
    assert given.hears(accepted()) == [] and len(given.kept) == 1
    given.hears(opened(), "record/1")
    assert given.care.status == "accepted" and not given.kept


def test_a_yes_without_a_record_is_cared_for_all_the_same():
    given = Story()
    given.hears(accepted(record=None))
    assert (given.care.status, given.plan.person) == ("accepted", None)


def test_hearing_the_same_yes_again_changes_nothing():
    assert enrolled().hears(accepted()) == []


def test_a_booked_visit_schedules_the_referral():
    given = enrolled()
    assert names(given.asks(booked(VISIT))) == ["VisitBooked", "CareScheduled"]
    step = given.next("care/1")
    assert (step.action, step.waiting_on, step.due) == ("record-attendance", CLIENT, VISIT + DAY)


@pytest.mark.parametrize("reference", [None, "A-7"])
def test_the_same_booking_many_times_is_one_appointment(reference):
    given = enrolled()
    given.asks(booked(VISIT, reference=reference))
    assert [given.asks(booked(VISIT, reference=reference)) for _ in range(3)] == [[], [], []]
    assert len(given.told(VisitBooked)) == 1 and not given.refused


def test_the_same_number_at_another_time_is_the_same_appointment_moved():
    given = enrolled()
    given.asks(booked(VISIT, reference="A-7"))
    assert names(given.asks(booked(VISIT + DAY, reference="A-7"))) == ["VisitMoved", "CareScheduled"]
    assert [one.starts_at for one in given.plan.bookings] == [VISIT + DAY]


def test_a_repeated_booking_does_not_bring_back_a_visit_that_was_kept():
    given = enrolled()
    given.asks(booked(VISIT, reference="A-7"))
    given.passes(3 * DAY)
    given.asks(attended(VISIT, visit=visit(given)))
    assert given.asks(booked(VISIT, reference="A-7")) == [] and not given.plan.bookings


def test_past_the_regulatory_limit_a_reason_is_needed_at_booking():
    given = enrolled()
    assert given.asks(booked(NINE + 3 * WEEK)) == [] and given.code == "TL-5521"
    given.asks(booked(NINE + 3 * WEEK, reason="client-choice"))
    assert given.told(CareScheduled)[0].reason == "client-choice"


def test_moving_it_past_the_limit_needs_a_reason_too():
    given = enrolled()
    given.asks(booked(VISIT))
    assert given.asks(MoveVisit(visit=visit(given), starts_at=NINE + 3 * WEEK)) == [] and given.code == "TL-5521"
    assert names(given.asks(MoveVisit(visit=visit(given), starts_at=NINE + 3 * WEEK, reason="no-slot")))[0] == "VisitMoved"
    assert given.told(VisitMoved)[0].left_at == VISIT


def test_after_the_first_visit_no_limit_is_left():
    given = active()
    assert names(given.asks(booked(NINE + 8 * WEEK)))[0] == "VisitBooked"


def test_a_cancelled_appointment_is_no_no_show_and_the_desk_owes_another():
    given = enrolled()
    given.asks(booked(VISIT))
    said = given.asks(CancelVisit(visit=visit(given), by="client", at=NINE, reason="transport"))
    assert names(said) == ["VisitCancelled", "CareUnscheduled"]
    assert (given.told(VisitMissed), given.plan.missed, given.told(CareUnscheduled)[0].reason) == ([], (), "transport")
    assert given.next("care/1").action == "schedule-visit"


def test_cancelled_and_booked_again_it_stands_again():
    given = enrolled()
    given.asks(booked(VISIT, reference="A-7"))
    given.asks(CancelVisit(visit=visit(given), by="program", at=NINE))
    assert names(given.asks(booked(VISIT, reference="A-7"))) == ["VisitBooked", "CareScheduled"]


def test_a_first_visit_that_was_missed_is_followed_up_the_next_business_day():
    given = enrolled()
    given.asks(booked(VISIT))
    given.passes(3 * DAY + HOUR)
    said = given.asks(RecordNoShow(visit=visit(given)))
    assert names(said)[:1] == ["VisitMissed"] and "CareMissed" in names(said)
    assert (given.next("care/1").action, given.next("care/1").due) == ("contact-client", VISIT + DAY)


def test_who_is_at_risk_is_contacted_the_same_day():
    given = enrolled()
    given.asks(AdjustPlan(at_risk=True))
    given.asks(booked(VISIT))
    given.passes(3 * DAY + HOUR)
    given.asks(RecordNoShow(visit=visit(given)))
    assert given.next("care/1").due == VISIT + 8 * HOUR


def test_nobody_missed_a_visit_that_has_not_begun():
    given = enrolled()
    given.asks(booked(VISIT))
    assert given.asks(RecordNoShow(visit=visit(given))) == [] and given.code == "TL-5526"


def test_the_first_attended_visit_starts_care_in_time_or_late():
    given = enrolled()
    given.asks(booked(VISIT))
    given.passes(4 * DAY)
    given.asks(attended(VISIT, visit=visit(given), kind="evaluation"))
    (started,) = given.told(CareStarted)
    assert (started.started_at, started.in_time, started.kind) == (VISIT, True, "evaluation")
    late = enrolled()
    late.passes(3 * WEEK)
    late.asks(attended(late.now))
    assert not late.told(CareStarted)[0].in_time


def test_attendance_recorded_twice_is_one_visit():
    given = enrolled()
    given.asks(booked(VISIT))
    given.passes(3 * DAY)
    known = visit(given)
    given.asks(attended(VISIT, visit=known))
    assert given.asks(attended(VISIT, visit=known)) == [] and given.plan.visits == 1
    walk_in = given.asks(attended(VISIT))
    assert walk_in == [] and given.plan.visits == 1


def test_after_a_telephone_evaluation_the_next_visit_is_in_person():
    given = enrolled()
    given.passes(DAY)
    given.asks(attended(given.now, kind="evaluation", channel="telephone"))
    assert given.asks(booked(NINE + 9 * DAY, channel="video")) == [] and given.code == "TL-5524"
    assert names(given.asks(booked(NINE + 9 * DAY, channel="in-person")))[0] == "VisitBooked"


def test_a_no_show_that_was_a_mistake_is_corrected_by_the_attendance():
    given = active()
    given.asks(booked(NINE + WEEK))
    given.passes(WEEK + HOUR)
    missed = visit(given)
    given.asks(RecordNoShow(visit=missed))
    assert given.plan.missed
    given.asks(attended(NINE + WEEK, visit=missed))
    assert not given.plan.missed and given.plan.visits == 3


def test_nothing_can_be_told_of_the_future():
    given = enrolled()
    assert given.asks(attended(NINE + HOUR)) == [] and given.code == "TL-5523"


def test_in_service_the_program_says_how_it_goes_after_a_week_and_then_monthly():
    given = active(visits=1)
    assert (given.next("care/1").action, given.next("care/1").due) == ("confirm-status", NINE + 7 * DAY)
    given.asks(ConfirmStatus(), "care/1")
    assert given.next("care/1").due == NINE + 30 * DAY


def test_an_outcome_is_verified_by_a_visit_recorded_here_and_asserted_without():
    for given, verified in ((active(), True), (enrolled(), False)):
        given.asks(ReportOutcome(outcome="completed"), "care/1")
        assert given.told(OutcomeReported)[0].verified is verified
        assert given.next("care/1").action == "none"  # the front door reviews it
        assert given.asks(ReportOutcome(outcome="other"), "care/1") == [] and given.code == "TL-5512"


def test_status_cannot_be_confirmed_before_anybody_was_seen():
    given = enrolled()
    assert given.asks(ConfirmStatus(), "care/1") == [] and given.code == "TL-5511"
    assert given.refused and given.refused.allowed == ("report-outcome",)


def test_a_withdrawn_referral_ends_a_plan_that_never_began_and_no_other():
    for given, ends in ((enrolled(), True), (active(), False)):
        given.hears(PlacementEnded(reason="withdrawn", released=(), program=RIVERSIDE))
        assert given.care.status == "ended" and bool(given.told(PlanDischarged)) is ends
        assert given.hears(PlacementEnded(reason="withdrawn", released=(), program=RIVERSIDE)) == []


def closed(how: str) -> RequestClosed:
    return RequestClosed(how=how, by=EVE, closed_at=NINE, reason="reviewed", record="record/1")


def test_a_closed_referral_ends_care_but_only_a_plan_that_never_began_or_of_somebody_who_died():
    for given, how, ends in ((enrolled(), "unmet", True), (active(), "verified", False), (active(), "died", True)):
        given.hears(closed(how), "request/1")
        assert given.care.status == "ended" and [one.reason for one in given.told(PlanDischarged)] == [how] * ends
        assert given.hears(closed(how), "request/1") == []


def test_a_referral_that_was_opened_again_begins_care_anew_and_the_same_yes_twice_is_one():
    given = enrolled()
    given.hears(closed("unmet"), "request/1")
    assert given.hears(accepted()) == []
    given.hears(accepted(LAKESIDE, interval=2), "placement/1")
    assert (given.care.status, given.care.program, given.plan.program, given.plan.status) == ("accepted", LAKESIDE, LAKESIDE, "enrolled")
    assert given.hears(accepted(LAKESIDE, interval=2), "placement/1") == []


def test_of_somebody_who_is_said_to_have_died_the_program_owes_nothing_until_it_is_refuted():
    given = enrolled()
    given.hears(PlacementHalted(released=(), noted_at=NINE, by=EVE))
    assert (given.next("care/1").action, given.next("care/1").allowed) == ("none", ())
    assert given.passes(30 * DAY) and not given.told(CareOverdue)
    given.hears(PlacementResumed())
    assert given.next("care/1").action == "schedule-visit"
    assert given.hears(PlacementResumed()) == []


def test_another_desk_answers_after_a_hand_off():
    given = enrolled()
    given.hears(HandedOff(owner=EVE, left="staff/dora", role=desk(LAKESIDE), next=Next(owner=desk(LAKESIDE), action="schedule")))
    assert {given.care.owner, given.plan.owner, given.next("care/1").owner} == {desk(LAKESIDE)}


def test_an_unknown_item_is_refused():
    given = enrolled()
    assert given.asks(booked(VISIT), "plan/9") == [] and given.code == "TL-5501"
