"""Quiet dropout: every row of the signal table, who is never flagged, and what late data takes back."""

from datetime import timedelta

import pytest

from contracts.crisis_routing import PlanTeamAlerted
from contracts.plans import FlagCleared, FlagRetracted, PlanFlagged, PlanOverdue, PlanOverdueRetracted, PlanUnknown
from services.follow_up.commands import AdjustPlan, CancelVisit, RecordNoShow, ReportFeed
from services.follow_up.engagement import THRESHOLDS
from tests.follow_up.stories import DAY, HOUR, NINE, WEEK, Story, active, attempt, attended, booked, contact, enrolled, names

CALLS = {"books_visits": False}
"""A program without appointments: only contacts count."""


def flagged(given: Story) -> list[tuple[float, str, tuple[str, ...]]]:
    """Days since the last visit, level and reasons of each flag since then."""
    told = (one for one in given.told(PlanFlagged) if one.noted_at > NINE)
    return [((one.noted_at - NINE) / DAY, one.level, tuple(signal.code for signal in one.signals)) for one in told]


@pytest.mark.parametrize("cadence", [7, 14, 30, 90])
def test_days_since_the_last_contact_over_the_cadence(cadence):
    given = active(cadence_days=cadence, **CALLS)
    given.passes(timedelta(days=3.2 * cadence))
    levels = {level: days for days, level, _ in reversed(flagged(given)) if level in ("watch", "lapsing", "review")}
    assert levels == {"watch": 1.5 * cadence, "lapsing": 2 * cadence, "review": 3 * cadence}
    assert not any(days < 1.2 * cadence for days, _, _ in flagged(given))


def test_ninety_days_are_for_a_supervisor_only_where_people_come_monthly_or_more_often():
    assert max(ratio for ratio, _ in THRESHOLDS.ratios) * 30 == 90
    monthly = active(cadence_days=30, **CALLS)
    monthly.asks(AdjustPlan(tightened_until=NINE + DAY))
    monthly.passes(90 * DAY)
    assert monthly.plan.level == "review"
    quarterly = active(cadence_days=90, **CALLS)
    quarterly.passes(100 * DAY)
    assert quarterly.plan.level == "ok"


def test_newcomers_are_looked_at_sooner_but_never_below_the_least_ratio():
    given = active(visits=1, cadence_days=14, **CALLS)
    given.passes(3 * 14 * DAY)
    levels = {level: days for days, level, _ in reversed(flagged(given)) if level in ("watch", "lapsing", "review")}
    assert levels["watch"] == pytest.approx(1.2 * 14) and levels["lapsing"] == pytest.approx(1.6 * 14)
    assert levels["review"] == pytest.approx(2.4 * 14)
    assert all(one.early_phase for one in given.told(PlanFlagged))


def test_nobody_is_silent_while_a_visit_within_one_cadence_is_booked():
    given = active(cadence_days=14)
    given.asks(booked(NINE + 28 * DAY))
    given.passes(28 * DAY)
    assert flagged(given) == []


def test_a_visit_booked_further_away_than_one_cadence_hides_nothing_until_it_is_near():
    given = active(cadence_days=14)
    given.asks(booked(NINE + 60 * DAY))
    given.passes(30 * DAY)
    assert [(days, level) for days, level, _ in flagged(given)] == [(21.0, "watch"), (28.0, "lapsing")]


def test_a_flag_falls_when_a_booked_visit_comes_near_and_stands_again_when_nobody_recorded_it():
    given = active(cadence_days=14)
    given.asks(booked(NINE + 60 * DAY))
    given.passes(50 * DAY)
    assert given.flags[-1] == "settled" and given.told(FlagCleared)[-1].noted_at == NINE + 46 * DAY and given.plan.level == "ok"
    given.passes(2 * WEEK)
    assert flagged(given)[-1] == (63.0, "review", ("no-contact", "nothing-recorded")), "the business day after a Friday"


def test_a_plan_with_a_visit_to_come_is_not_without_any_event():
    given = enrolled(cadence_days=7)
    given.asks(booked(NINE + 40 * DAY, reason="client-choice"))
    given.passes(40 * DAY)
    assert given.flags == []
    given.passes(3 * DAY)
    assert {one.code for one in given.plan.signals} == {"no-first-visit", "nothing-recorded"}


def test_a_booked_visit_whose_end_nobody_recorded_hides_nothing_for_ever():
    given = active(cadence_days=14)
    given.asks(booked(NINE + 28 * DAY))
    given.passes(30 * DAY)
    assert flagged(given)[-1][1] == "lapsing" and "no-contact" in flagged(given)[-1][2]


def test_newcomers_with_a_booked_visit_are_never_flagged():
    given = enrolled()
    given.asks(booked(NINE + 10 * DAY))
    given.passes(11 * DAY)
    assert given.flags == []


def test_quarterly_people_on_schedule_are_never_flagged():
    given = active(cadence_days=90, **CALLS)
    for _ in range(6):
        given.passes(90 * DAY)
        given.asks(contact(given.now))
    assert given.flags == []


def test_one_no_show_is_watched_and_reached_out_to_the_next_business_day():
    given = active()
    given.asks(booked(NINE + WEEK))
    given.asks(booked(NINE + 2 * WEEK))
    given.passes(WEEK + HOUR)
    given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    assert given.flags[-1] == "watch" and [one.code for one in given.plan.signals] == ["no-show"]
    assert (given.next().action, given.next().due) == ("reach-out", NINE + WEEK + DAY)


def test_whoever_was_spoken_with_after_a_no_show_and_booked_anew_is_not_reached_out_to():
    given = active()
    given.asks(booked(NINE + WEEK))
    given.passes(WEEK + HOUR)
    given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    given.passes(HOUR)
    given.asks(contact(given.now))
    assert given.next().action == "reach-out"
    given.asks(booked(NINE + 2 * WEEK))
    assert given.next().action == "record-attendance" and given.flags[-1] == "watch"
    assert "reach-out" not in [step.action for step in given.plan.owes] and given.plan.round_ends_at() is None
    given.passes(WEEK)
    given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    assert given.next().action == "reach-out" and given.plan.level == "lapsing" and given.plan.round_at == NINE + 2 * WEEK


def test_two_no_shows_in_a_row_are_lapsing():
    given = active()
    for week in (1, 2, 3):
        given.asks(booked(NINE + week * WEEK))
    for _ in (1, 2):
        given.passes(WEEK + HOUR)
        given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    assert given.plan.level == "lapsing" and "no-shows" in [one.code for one in given.plan.signals]


def test_two_no_shows_with_a_visit_between_are_not_in_a_row():
    given = active()
    for week in (1, 2, 3, 4):
        given.asks(booked(NINE + week * WEEK))
    given.passes(WEEK + HOUR)
    given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    given.passes(WEEK)
    given.asks(attended(NINE + 2 * WEEK, visit=given.plan.bookings[0].visit))
    given.passes(WEEK)
    given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    assert given.plan.level == "watch" and len(given.plan.missed) == 1


def test_a_cancelled_visit_is_no_no_show():
    given = active()
    given.asks(booked(NINE + WEEK))
    given.asks(booked(NINE + 2 * WEEK))
    given.passes(DAY)
    given.asks(CancelVisit(visit=given.plan.bookings[0].visit, by="client", at=given.now))
    assert given.plan.level == "ok" and given.plan.missed == ()


def test_no_next_visit_after_a_visit_is_watched_and_lapsing_after_a_week():
    given = active()
    assert given.flags[-1] == "watch" and given.next().action == "book-visit" and given.next().due == NINE + WEEK
    given.passes(WEEK)
    assert given.flags[-1] == "lapsing"
    given.asks(booked(NINE + 2 * WEEK))
    assert given.told(FlagCleared)[-1].why == "settled" and given.plan.level == "ok"


def test_a_program_that_does_not_book_needs_no_next_visit():
    given = active(**CALLS)
    given.passes(20 * DAY)
    assert given.flags == []


def test_accepted_and_no_first_visit_by_its_date_is_lapsing():
    given = enrolled(**CALLS)
    assert given.plan.visit_by == NINE + 2 * WEEK
    given.passes(2 * WEEK - HOUR)
    assert given.flags == []
    given.passes(HOUR)
    assert flagged(given) == [(14.0, "lapsing", ("no-first-visit",))]


def test_a_gap_in_treatment_for_opioid_use_disorder_is_lapsing_after_a_week():
    given = active(cadence_days=90, **CALLS)
    given.asks(AdjustPlan(covered_until=NINE + 10 * DAY))
    given.passes(17 * DAY - HOUR)
    assert given.flags == []
    given.passes(HOUR)
    assert flagged(given) == [(17.0, "lapsing", ("treatment-gap",))]
    given.asks(AdjustPlan(covered_until=NINE + 40 * DAY))
    assert given.plan.level == "ok"


def test_a_plan_of_which_nothing_is_recorded_goes_stale_and_an_attempt_is_something():
    given = enrolled(cadence_days=7, requested_at=NINE, **CALLS)
    given.passes(14 * DAY)
    assert ("nothing-recorded" in [one.code for one in given.plan.signals]) and given.plan.level == "lapsing"
    given.asks(attempt(given.now))
    assert "nothing-recorded" not in [one.code for one in given.plan.signals]


def test_after_a_crisis_the_cadence_is_tighter_for_a_while():
    given = active(cadence_days=30, **CALLS)
    given.asks(AdjustPlan(tightened_until=NINE + 30 * DAY))
    given.passes(10.5 * DAY)
    assert flagged(given) == [(10.5, "watch", ("no-contact",))]


def test_a_crisis_tightens_the_cadence_of_the_plan_whose_team_was_alerted():
    given = active(cadence_days=30, **CALLS)
    alerted = PlanTeamAlerted(
        plan="plan/1", role="desk/riverside", person="person/1", record="record/1", contacted_at=NINE, tell_before=NINE + HOUR
    )
    assert names(given.hears(alerted, "episode/1")) == ["PlanAdjusted"] and given.hears(alerted, "episode/1") == []
    given.passes(10.5 * DAY)
    assert [level for _, level, _ in flagged(given)] == ["watch"]


def test_a_contact_brings_them_back_and_what_was_flagged_is_cleared():
    given = active(cadence_days=7, **CALLS)
    given.passes(14 * DAY)
    given.asks(attempt(given.now))
    given.passes(5 * DAY)
    given.asks(contact(given.now))
    (cleared,) = given.told(FlagCleared)
    assert (cleared.why, cleared.level, cleared.outreach_at, cleared.returned_at) == (
        "returned", "lapsing", NINE + 14 * DAY, NINE + 19 * DAY,
    )  # fmt: skip


def test_an_attempt_is_no_contact():
    given = active(cadence_days=7, **CALLS)
    given.passes(10 * DAY)
    given.asks(attempt(given.now))
    given.passes(5 * DAY)
    assert given.plan.level == "lapsing" and given.plan.exchanged_at == NINE


def test_a_contact_told_late_retracts_the_flag():
    given = active(cadence_days=7, **CALLS)
    given.passes(12 * DAY)
    assert given.flags == ["watch"]
    given.asks(contact(NINE + 9 * DAY))
    assert given.flags == ["watch", "retracted"]
    assert given.told(FlagRetracted)[0].flagged_at == NINE + 10.5 * DAY


def test_a_contact_told_late_also_takes_back_what_was_told_overdue():
    given = active(cadence_days=7, **CALLS)
    given.passes(16 * DAY)
    assert [one.action for one in given.told(PlanOverdue)] == ["reach-out"]
    given.asks(contact(NINE + 14 * DAY + HOUR))
    assert [one.action for one in given.told(PlanOverdueRetracted)] == ["reach-out"]


def test_the_same_contact_twice_is_one_and_an_older_one_moves_nothing():
    given = active(cadence_days=7, **CALLS)
    given.passes(3 * DAY)
    given.asks(contact(NINE + 2 * DAY))
    assert given.asks(contact(NINE + 2 * DAY)) == []
    given.asks(contact(NINE + DAY))
    assert given.plan.exchanged_at == NINE + 2 * DAY


def test_a_silent_feed_makes_people_unknown_and_not_lapsing():
    given = active(cadence_days=7, **CALLS)
    given.asks(ReportFeed(silent_since=NINE + DAY), "feed/program-riverside", "staff/platform")
    given.passes(15 * DAY)
    assert given.flags == [] and given.plan.silent_since == NINE + DAY
    assert (given.next().action, given.next().waiting_on) == ("ask-feed", None)
    assert given.told(PlanUnknown)[0].silent_since == NINE + DAY


def test_when_the_feed_speaks_again_the_plan_is_looked_at_again():
    given = active(cadence_days=7, **CALLS)
    given.asks(ReportFeed(silent_since=NINE + DAY), "feed/program-riverside", "staff/platform")
    given.passes(15 * DAY)
    given.asks(ReportFeed(), "feed/program-riverside", "staff/platform")
    given.passes(DAY)
    assert given.plan.silent_since is None and given.plan.level == "lapsing"


def test_what_was_missed_before_the_feed_fell_silent_still_speaks():
    given = active()
    given.asks(booked(NINE + WEEK))
    given.passes(WEEK + HOUR)
    given.asks(RecordNoShow(visit=given.plan.bookings[0].visit))
    given.asks(ReportFeed(silent_since=given.now), "feed/program-riverside", "staff/platform")
    given.passes(8 * DAY)
    assert given.plan.level == "lapsing"


def test_reasons_are_told_with_the_day_since_which_they_hold():
    given = active()
    given.passes(WEEK)
    assert {one.code: one.since for one in given.plan.signals} == {"no-next-visit": NINE + WEEK}


def test_each_flag_is_said_once():
    given = active(cadence_days=7, **CALLS)
    given.passes(40 * DAY)
    told = [(level, codes) for _, level, codes in flagged(given)]
    assert len(told) == len(set(told)) >= 3
