"""Measures from the same facts, against counts made by hand and by another way."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.assignment import PlacementEnded
from services.follow_up import commands
from services.follow_up.measures import business_days, closed_loop, follow_up, known_at, measures, returned, time_to
from services.follow_up.rules import RULES
from tests.follow_up.stories import (
    DAY,
    HOUR,
    NINE,
    STAY,
    Story,
    accepted,
    active,
    admission,
    attempt,
    attended,
    booked,
    contact,
    discharge,
    opened,
)  # fmt: skip


def facts(given: Story) -> list[tuple[str, Any]]:
    return [(fact.subject, fact.data) for fact in given.facts]


def ward(seed: int) -> tuple[Story, list[tuple[int, int | None]]]:
    """Thirty people discharged on day so-and-so, and seen so many days later, or never: the truth beside the story."""
    dice = random.Random(seed)
    given, truth = Story(), []
    for who in range(30):
        given.hears(opened(f"record/{who}", f"person/{who}"), f"record/{who}")
        given.hears(accepted(record=f"record/{who}", books_visits=False), f"placement/{who}")
    events: list[tuple[int, int, Any]] = []
    for who in range(30):
        left, after = dice.randrange(20), dice.choice([0, 1, 6, 7, 8, 29, 30, 31, None])
        truth.append((left, after))
        events.append((left, who, "left"))
        events += [(left + after, who, "seen")] if after is not None else []
    for day, who, what in sorted(events):
        given.passes(max(NINE + day * DAY - given.now, 0 * DAY))
        told = discharge(given.now, record=f"record/{who}", reference=f"E-{who}") if what == "left" else attended(given.now)
        given.asks(told, "transition/new" if what == "left" else f"plan/{who}")
    given.passes(NINE + 60 * DAY - given.now)
    return given, truth


@pytest.mark.parametrize("seed", [42, 7, 1])
@pytest.mark.parametrize("days", [7, 30])
def test_seen_after_a_hospital_equals_a_count_of_the_days(seed, days):
    given, truth = ward(seed)
    rate = follow_up("FUH", days, known_at(facts(given), given.now), given.now)
    assert len(rate.met) == sum(1 for _, after in truth if after is not None and 0 < after <= days)
    assert len(rate.met) + len(rate.missed) == 30 and not rate.open
    assert rate.rate == pytest.approx(len(rate.met) / 30)


def test_as_of_an_earlier_day_the_cases_that_can_still_be_saved_are_listed():
    given = active(cadence_days=7, books_visits=False)
    given.asks(discharge(given.now), "transition/new")
    given.passes(10 * DAY)
    then, now = NINE + 3 * DAY, given.now
    assert len(follow_up("FUH", 7, known_at(facts(given), then), then).open) == 1
    late = follow_up("FUH", 7, known_at(facts(given), now), now)
    assert (late.open, len(late.missed)) == ((), 1)
    assert len(follow_up("FUH", 30, known_at(facts(given), now), now).open) == 1


@pytest.mark.parametrize(
    ("kind", "problem", "group", "counted"),
    [
        ("hospital", "mental-health", "adult", {"FUH"}),
        ("detox", "substance-use", "adult", {"FUI"}),
        ("ed", "mental-health", "6-12", {"FUM"}),
        ("ed", "substance-use", "13-17", {"FUA"}),
        ("ed", "substance-use", "6-12", set()),
        ("ed", "mental-health", "under-6", set()),
        ("jail", "mental-health", "adult", set()),
        ("hospital", "other", "adult", set()),
    ],
)
def test_each_stay_counts_in_the_measure_of_its_kind_problem_and_age(kind, problem, group, counted):
    given = active(books_visits=False)
    given.passes(HOUR)
    given.asks(discharge(given.now, kind=kind, problem=problem, group=group), "transition/new")
    known = known_at(facts(given), given.now)
    assert {name for name in ("FUH", "FUI", "FUM", "FUA") if follow_up(name, 30, known, given.now).open} == counted


def test_of_stays_in_a_row_only_the_last_discharge_counts():
    given = active(books_visits=False)
    given.asks(discharge(given.now), "transition/new")
    given.passes(3 * DAY)
    given.asks(admission(given.now, reference="E-2"), "transition/new")
    given.passes(DAY)
    given.asks(discharge(given.now, reference="E-2"), "transition/new")
    rate = follow_up("FUH", 30, known_at(facts(given), given.now), given.now)
    assert len(rate.met) + len(rate.missed) + len(rate.open) == 1


@pytest.mark.parametrize("how", ["linked", "declined"])
def test_a_stay_that_somebody_called_over_still_learns_of_a_visit_and_of_the_next_acute_stay(how):
    given = active(books_visits=False)
    given.asks(discharge(given.now), "transition/new")
    given.passes(DAY)
    given.asks(commands.EndTransition(how=how, at=given.now), STAY)
    given.passes(2 * DAY)
    given.asks(attended(given.now))
    assert len(follow_up("FUH", 7, known_at(facts(given), given.now), given.now).met) == 1
    given.passes(DAY)
    given.asks(admission(given.now, reference="E-2"), "transition/new")
    assert follow_up("FUH", 7, known_at(facts(given), given.now), given.now).met == ()


def test_whoever_comes_to_a_booked_visit_has_returned_though_its_booking_had_settled_the_flag():
    given = active(cadence_days=7, books_visits=False)
    given.passes(14 * DAY)
    given.asks(attempt(given.now))
    given.asks(booked(given.now + 2 * DAY))
    assert given.flags[-1] == "settled"
    given.passes(2 * DAY)
    given.asks(attended(given.now, visit=given.plan.bookings[0].visit))
    assert returned(known_at(facts(given), given.now), given.now).met == ("plan/1",)


def test_whoever_was_served_in_the_six_months_before_is_not_new():
    given = active(books_visits=False)
    given.passes(100 * DAY)
    given.hears(accepted(requested_at=given.now, books_visits=False), "placement/2")
    given.asks(attended(given.now, kind="evaluation"), "plan/2")
    known = known_at(facts(given), given.now)
    assert "care/2" not in time_to("evaluation", known, RULES.hours, given.now).cases
    assert time_to("evaluation", known, RULES.hours, given.now).left_out == ("care/1",)


@pytest.mark.parametrize(("after", "met", "missed"), [(10, 1, 0), (16, 0, 1)])
def test_returned_within_fifteen_days_of_the_first_outreach(after, met, missed):
    given = active(cadence_days=7, books_visits=False)
    given.passes(14 * DAY)
    given.asks(attempt(given.now))
    known = known_at(facts(given), given.now)
    assert len(returned(known, given.now).open) == 1
    given.passes(after * DAY)
    given.asks(contact(given.now))
    rate = returned(known_at(facts(given), given.now), given.now)
    assert (len(rate.met), len(rate.missed), rate.open) == (met, missed, ())


def test_time_to_evaluation_says_how_many_were_never_evaluated():
    given = Story()
    for who in range(3):
        given.hears(opened(f"record/{who}", f"person/{who}"), f"record/{who}")
        given.hears(accepted(record=f"record/{who}"), f"placement/{who}")
    given.passes(DAY)
    given.asks(attended(given.now, kind="evaluation"), "plan/0")
    given.passes(6 * DAY)
    given.asks(attended(given.now, kind="evaluation"), "plan/1")
    given.asks(attended(given.now, kind="service"), "plan/2")
    evaluated = time_to("evaluation", known_at(facts(given), given.now), RULES.hours, given.now)
    assert (evaluated.mean, len(evaluated.cases), evaluated.left_out) == (3.0, 2, ("care/2",))
    assert str(evaluated) == "I-SERV evaluation: 3.0 business days over 2; 1 never evaluated"


AGES = ("", " 12-17", " 18-and-over")


def test_who_was_not_twelve_when_they_asked_is_in_no_time_to_services_and_minors_are_told_apart():
    given = Story()
    for who, band in enumerate(("under-12", "12-17", "18-and-over", None)):
        given.hears(opened(f"record/{who}", f"person/{who}"), f"record/{who}")
        given.hears(accepted(record=f"record/{who}", age_band=band), f"placement/{who}")
    given.passes(DAY)
    for who in range(4):
        given.asks(attended(given.now, kind="evaluation"), f"plan/{who}")
    known = known_at(facts(given), given.now)
    found = [time_to("evaluation", known, RULES.hours, given.now, band).cases for band in (None, "12-17", "18-and-over")]
    assert found == [("care/1", "care/2", "care/3"), ("care/1",), ("care/2",)]


@pytest.mark.parametrize("seed", range(5))
def test_business_days_equal_a_count_of_weekdays(seed):
    dice = random.Random(seed)
    begin: datetime = NINE + timedelta(hours=dice.randrange(2_000))
    end = begin + timedelta(hours=dice.randrange(2_000))
    days = [begin.date() + timedelta(days=n) for n in range(1, (end.date() - begin.date()).days + 1)]
    assert business_days(RULES.hours, begin, end) == sum(day.weekday() < 5 for day in days)


@pytest.mark.parametrize("seed", [42, 7, 1])
def test_the_closed_loop_equals_a_count_made_apart_verified_and_asserted(seed):
    dice, given, truth = random.Random(seed), Story(), []
    for who in range(30):
        given.hears(opened(f"record/{who}", f"person/{who}"), f"record/{who}")
        given.hears(accepted(record=f"record/{who}", books_visits=False), f"placement/{who}")
    given.passes(DAY)
    for who in range(30):
        seen, end = dice.random() < 0.5, dice.choice(["said", "ended", "open"])
        if seen:
            given.asks(attended(given.now), f"plan/{who}")
        if end == "said":
            given.asks(commands.ReportOutcome(outcome="completed"), f"care/{who}")
        elif end == "ended":
            given.hears(PlacementEnded(reason="withdrawn", released=()), f"placement/{who}")
        truth.append("verified" if end == "said" and seen else "asserted" if end == "said" else end)
    for rate in closed_loop(known_at(facts(given), given.now)):
        how = rate.name.rpartition(" ")[2]
        assert (len(rate.met), len(rate.open)) == (truth.count(how), truth.count("open"))
        assert len(rate.met) + len(rate.missed) + len(rate.open) == 30


def test_all_measures_are_told_with_their_cases():
    given = active(books_visits=False)
    told = [one.told() for one in measures(facts(given), given.now)]
    assert [one["name"] for one in told] == [
        *(f"{name}-{days}" for name in ("FUH", "FUI", "FUM", "FUA") for days in (7, 30)), "returned-within-15-days",
        "closed-loop verified", "closed-loop asserted", *(f"I-SERV {kind}{ages}" for kind in ("evaluation", "service") for ages in AGES),
    ]  # fmt: skip
    assert all(isinstance(one.get("open", one.get("left_out")), tuple) for one in told)
