"""Reaching out, supervisors, suppressions and departures: nothing lapses by itself."""

import pytest

from contracts.assignment import PlacementEnded
from contracts.plans import FlagCleared, PlanDischarged, PlanReviewed, PlanSuppressed, SupervisorAsked, SuppressionEnded
from services.follow_up.commands import (
    Departure,
    DischargePlan,
    LiftSuppression,
    RefuteDeath,
    ReportDeath,
    ReviewEngagement,
    SuppressPlan,
)
from tests.follow_up.stories import DAY, HOUR, NINE, SAM, WEEK, Story, active, attempt, attended, contact, names

EVENING = 10 * HOUR


def lapsing() -> Story:
    """Two weeks without a word from somebody who comes weekly."""
    given = active(cadence_days=7, books_visits=False)
    given.passes(2 * WEEK)
    assert given.plan.level == "lapsing"
    return given


def tried(given: Story, *attempts: tuple[float, str]) -> None:
    """Attempts, each so many days from now, by a channel."""
    for days, channel in attempts:
        given.passes(days * DAY)
        given.asks(attempt(given.now, channel))


def test_somebody_lapsing_is_reached_out_to_by_the_next_business_day_and_again_after_each_attempt():
    given = lapsing()
    assert (given.next().action, given.next().due) == ("reach-out", NINE + 15 * DAY)
    given.asks(attempt(given.now))
    assert given.next().due == NINE + 15 * DAY
    given.passes(DAY)
    given.asks(attempt(given.now))
    assert given.next().due == NINE + 16 * DAY


def test_three_attempts_over_two_channels_and_two_times_of_day_go_to_a_supervisor():
    given = lapsing()
    tried(given, (0, "telephone"), (1, "text"))
    given.passes(EVENING)
    given.asks(attempt(given.now, "telephone"))
    (asked,) = given.told(SupervisorAsked)
    assert (asked.why, asked.attempts) == ("attempts", 3)
    assert (given.next().action, given.next().waiting_on) == ("review-engagement", "role/clinical-supervisor")


@pytest.mark.parametrize(
    "attempts",
    [
        [(0, "telephone"), (0.375, "text")],
        [(0, "telephone"), (0.375, "telephone"), (1, "telephone")],
        [(0, "telephone"), (1, "text"), (1, "letter")],
    ],
    ids=["two", "one channel", "one time of day"],
)
def test_less_than_that_is_not_enough(attempts):
    given = lapsing()
    tried(given, *attempts)
    assert given.told(SupervisorAsked) == []


def test_ten_business_days_without_reaching_anybody_go_to_a_supervisor_too():
    given = active(cadence_days=30, books_visits=False)
    given.passes(60 * DAY)
    assert given.plan.level == "lapsing" and given.now.weekday() == 4
    given.asks(attempt(given.now))
    given.passes(2 * WEEK - HOUR)
    assert given.told(SupervisorAsked) == []
    given.passes(HOUR)
    assert [one.why for one in given.told(SupervisorAsked)] == ["time"]
    assert given.plan.status == "active"


def test_the_same_attempt_twice_is_one():
    given = lapsing()
    given.asks(attempt(given.now))
    assert given.asks(attempt(given.now)) == [] and len(given.plan.attempts) == 1


def test_a_supervisor_begins_another_round_or_accepts_the_distance_until_a_day():
    given = lapsing()
    given.passes(2 * WEEK)
    assert given.asks(ReviewEngagement(decision="accept-until"), who=SAM) == [] and given.code == "TL-5531"
    given.asks(ReviewEngagement(decision="accept-until", until=given.now + 4 * WEEK), who=SAM)
    assert given.told(PlanReviewed)[0].by == SAM and given.plan.asked_at is None
    again = lapsing()
    again.passes(2 * WEEK)
    again.asks(ReviewEngagement(decision="continue-outreach"), who=SAM)
    assert again.next().action == "reach-out" or again.plan.level == "review"


def test_a_supervisor_who_is_not_asked_has_nothing_to_decide():
    given = active()
    assert given.asks(ReviewEngagement(decision="continue-outreach")) == [] and given.code == "TL-5533"


def test_reached_the_supervisor_is_asked_no_more():
    given = lapsing()
    given.passes(2 * WEEK)
    given.asks(contact(given.now))
    assert given.plan.asked_at is None and given.told(FlagCleared)[-1].why == "returned"


def test_time_alone_never_ends_a_plan():
    given = lapsing()
    given.passes(400 * DAY)
    assert given.plan.status == "active" and given.told(PlanDischarged) == []
    assert given.next().action == "review-engagement"


@pytest.mark.parametrize(
    "kind", ["in-hospital", "in-residential", "in-jail", "transferred", "planned-discharge", "paused", "consent-withdrawn"]
)
def test_a_suppressed_plan_is_not_flagged_is_listed_and_comes_back_when_its_time_is_over(kind):
    given = active(cadence_days=7, books_visits=False)
    given.asks(SuppressPlan(kind=kind, since=NINE, until=NINE + 4 * WEEK))
    assert (given.next().action, given.next().due) == ("review-suppression", NINE + 4 * WEEK)
    given.passes(4 * WEEK - HOUR)
    assert given.flags == [] and given.plan.suppressions[0].kind == kind
    given.passes(HOUR)
    assert given.told(SuppressionEnded)[0].why == "expired" and not given.plan.suppressions
    given.passes(2 * WEEK)
    assert given.plan.level == "lapsing", "silence counts anew from the end of what explained it"


def test_without_the_suppression_the_same_silence_is_flagged():
    given = active(cadence_days=7, books_visits=False)
    given.passes(4 * WEEK - HOUR)
    assert given.flags != []


def test_suppressing_hides_a_flag_that_stood_and_lifting_shows_it_again():
    given = active()
    given.passes(WEEK)
    given.asks(SuppressPlan(kind="paused", since=given.now, until=given.now + 4 * WEEK))
    assert given.told(FlagCleared)[-1].why == "suppressed"
    given.asks(LiftSuppression(kind="paused"))
    assert given.plan.level == "watch"
    given.passes(WEEK)
    assert given.plan.level == "lapsing"
    assert given.asks(LiftSuppression(kind="paused")) == [] and given.code == "TL-5532"


def test_the_same_suppression_again_is_no_fact_and_one_that_is_over_is_refused():
    given = active()
    pause = SuppressPlan(kind="paused", since=NINE, until=NINE + WEEK)
    assert names(given.asks(pause))[0] == "PlanSuppressed" and given.asks(pause) == []
    assert given.asks(SuppressPlan(kind="paused", since=NINE, until=NINE)) == [] and given.code == "TL-5531"


def test_a_reported_death_stops_every_contact_and_reminder_at_once_and_asks_a_person():
    given = lapsing()
    given.asks(ReportDeath(at=given.now))
    assert given.plan.is_dead and given.plan.level == "ok"
    assert (given.next().action, given.next().due) == ("verify-death", given.now + DAY)
    assert given.asks(attempt(given.now)) == [] and given.code == "TL-5527"
    said = given.passes(60 * DAY)
    assert {one.action for one in said if hasattr(one, "action")} == {"verify-death"}
    assert given.plan.is_dead, "it waits for a person"


def test_a_death_that_was_not_so_is_refuted_and_one_that_was_ends_the_plan():
    given = active(books_visits=False)
    assert given.asks(RefuteDeath()) == [] and given.code == "TL-5534"
    given.asks(ReportDeath(at=given.now))
    assert given.asks(ReportDeath(at=given.now)) == []
    given.asks(RefuteDeath())
    assert not given.plan.is_dead and given.told(SuppressionEnded)[0].why == "refuted"
    given.asks(ReportDeath(at=given.now + HOUR))
    given.asks(DischargePlan(reason="died", at=given.now))
    assert given.plan.status == "ended" and given.next().action == "none"


@pytest.mark.parametrize("reason", Departure.__args__)  # type: ignore[attr-defined]
def test_a_plan_ends_by_a_person_for_a_coded_reason(reason):
    given = active()
    given.asks(DischargePlan(reason=reason, at=given.now))
    (ended,) = given.told(PlanDischarged)
    assert (ended.reason, ended.by, given.plan.owes) == (reason, "staff/dora", ())
    assert given.passes(400 * DAY) == [] or all(not one.type.startswith("plan.") for one in given.passes(DAY))


def test_a_plan_that_ended_takes_late_data_and_nothing_else():
    given = active()
    given.asks(DischargePlan(reason="moved", at=given.now))
    assert given.asks(SuppressPlan(kind="paused", since=NINE, until=NINE + WEEK)) == [] and given.code == "TL-5502"
    given.passes(DAY)
    assert names(given.asks(attended(NINE + HOUR)))[0] == "VisitAttended"
    assert given.plan.status == "ended" and given.next().action == "none"


def test_there_are_fifteen_reasons_and_eleven_are_colorados():
    assert len(Departure.__args__) == 15  # type: ignore[attr-defined]


def test_the_end_of_a_placement_after_a_discharge_is_no_second_one():
    given = active()
    given.asks(DischargePlan(reason="completed", at=given.now))
    given.hears(PlacementEnded(reason="discharged", released=()))
    assert len(given.told(PlanDischarged)) == 1 and given.told(PlanSuppressed) == []
