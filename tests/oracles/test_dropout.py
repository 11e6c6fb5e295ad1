"""Quiet dropout among bhsim's people, week by week for a year: what follow_up says of each enrolment, and what an oracle makes of the
same rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd
import pytest

from contracts.intake import RecordOpened
from contracts.partners import PersonDetails
from deploy.demo.feed import invented
from services.follow_up import commands, engagement
from services.follow_up.appointments import visit_of
from services.follow_up.engagement import THRESHOLDS
from tests.follow_up.stories import DORA, Story, accepted
from tests.oracles import dropout
from tests.oracles.clinics import TABLES, Entry, entries

SEEDS, PEOPLE = (42, 7, 2026), 60
BEGIN, END, WEEK = datetime(2025, 10, 13, 12, 0, tzinfo=UTC), datetime(2026, 10, 10, 12, 0, tzinfo=UTC), timedelta(days=7)
"""bhsim's year."""
REASONS = ("no-show", "no-contact", "no-next-visit", "no-first-visit", "treatment-gap")
Flags = dict[tuple[datetime, str], tuple[str, frozenset[str]]]
"""Of each enrolment that is open at an instant: its level, and the reasons."""


@lru_cache
def told(seed: int) -> tuple[Entry, ...]:
    return tuple(one for one in entries(*invented(PEOPLE, seed, *TABLES)) if one.told_at <= END)


def instants() -> Iterator[datetime]:
    at = BEGIN
    while at <= END:
        yield at
        at += WEEK


@lru_cache
def said(seed: int) -> Flags:
    """By follow_up's own decisions, each of its deadlines fired at its instant; a person at a time, in all of their programs."""
    found: Flags = {}
    by_person: dict[str, list[Entry]] = defaultdict(list)
    for one in told(seed):
        by_person[one.person].append(one)
    for mine in by_person.values():
        found |= lived(mine)
    return found


def lived(mine: list[Entry]) -> Flags:
    given, found, left = Story(mine[0].told_at), Flags(), list(mine)
    for at in instants():
        while left and left[0].told_at <= at:
            tells(given, left.pop(0))
        given.passes(max(at - given.now, timedelta()))
        for id, plan in given.states.items():
            if id.startswith("plan/") and plan.status != "ended":
                codes = {"no-show" if one.code == "no-shows" else one.code for one in plan.signals}
                found[at, id.removeprefix("plan/")] = (plan.level, frozenset(codes))
    return found


def tells(given: Story, one: Entry) -> None:
    """A row as the service hears of it: an enrolment from assignment, everything else as a command."""
    given.passes(max(one.told_at - given.now, timedelta()))
    if one.what == "enrolled":
        record = f"record/{one.partner}-{one.person}"
        given.hears(RecordOpened(record=record, partner=one.partner, person=f"person/{one.person}", details=PersonDetails()), record)
        taken = accepted(f"program/{one.partner}", record, requested_at=one.at, cadence_days=one.cadence_days, books_visits=one.books)
        given.hears(taken, f"placement/{one.enrolment}")
        return
    plan = f"plan/{one.enrolment}"
    given.asks(command(one, plan), plan, DORA)
    assert given.refused is None, (one.what, given.refused)


def command(one: Entry, plan: str) -> Any:
    visit = visit_of(plan, commands.BookVisit(reference=one.visit, starts_at=one.at)) if one.visit else None
    match one.what:
        case "booked":
            return commands.BookVisit(reference=one.visit, starts_at=one.until, reason="other")
        case "moved":
            return commands.MoveVisit(visit=visit, starts_at=one.until, reason="other")
        case "cancelled":
            return commands.CancelVisit(visit=visit, by="client", at=one.at)
        case "attended":
            return commands.RecordAttendance(visit=visit, at=one.at)
        case "missed":
            return commands.RecordNoShow(visit=visit)
        case "prescribed":
            return commands.AdjustPlan(covered_until=one.until)
    return commands.DischargePlan(reason="completed", at=one.at)


@lru_cache
def worked_out(seed: int) -> Flags:
    frame, found = dropout.read(told(seed), Entry._fields), Flags()
    for at in instants():
        table = dropout.flagged(frame, pd.Timestamp(at))
        reasons = table.drop(columns="level")
        for enrolment, row in reasons.iterrows():
            level = table.at[enrolment, "level"]
            found[at, str(enrolment)] = (level, frozenset(code for code, says in row.items() if says != "ok"))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_flagged_enrolments_are_those_of_the_oracle(seed):
    ours, theirs = said(seed), worked_out(seed)
    differ = {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs if ours.get(key) != theirs.get(key)}
    for (at, enrolment), (we, they) in sorted(differ.items()):
        print(f"{at:%Y-%m-%d} enrolment {enrolment}: follow_up says {we}, the oracle {they}")
    levels, reasons = (Counter(level for level, _ in ours.values()), Counter(code for _, codes in ours.values() for code in codes))
    print(f"seed {seed}: {len(told(seed))} rows of {len({id for _, id in ours})} enrolments, looked at {len(ours)} times: {dict(levels)}")
    assert differ == {}
    assert set(levels) >= {"ok", "watch", "lapsing", "review"} and min(reasons[code] for code in REASONS) > 0, reasons


@pytest.mark.parametrize("seed", SEEDS)
def test_newcomers_with_a_booked_visit_and_quarterly_people_on_schedule_are_never_flagged(seed):
    frame, ours, seen = dropout.read(told(seed), Entry._fields), said(seed), Counter[str]()
    for at in instants():
        newcomers, quarterly = dropout.never_flagged(frame, pd.Timestamp(at))
        assert [id for id in newcomers | quarterly if ours[at, id][0] != "ok"] == []
        seen += Counter(newcomers=len(newcomers), quarterly=len(quarterly))
    assert seen["newcomers"] > 20 and seen["quarterly"] > 20, seen


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_a_threshold_that_is_a_little_off_differs(monkeypatch, seed):
    off = THRESHOLDS._replace(early_factor=0.9)
    monkeypatch.setattr(engagement, "THRESHOLDS", off)
    assert said.__wrapped__(seed) != worked_out(seed)
