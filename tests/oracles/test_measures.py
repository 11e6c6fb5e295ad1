"""The measures against an oracle that sees the raw rows only, on three seeds and as of several days."""

from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd
import pytest

from contracts.assignment import PlacementEnded
from contracts.measures import Mean, Rate
from services.follow_up import commands
from services.follow_up.measures import measures
from services.follow_up.stays import transition_of
from tests.follow_up.stories import Story, accepted, admission, attempt, contact, discharge, opened
from tests.oracles import lives
from tests.oracles import measures as oracle

SEEDS, PEOPLE = (42, 7, 2026), 80
DAYS = tuple(datetime.fromisoformat(f"{day}T17:00:00+00:00") for day in ("2026-05-04", "2026-08-10", "2026-11-30"))
ENDS = ("declined", "linked")
"""May be refused: the person was readmitted meanwhile."""
ORIGIN = {"visit": "plan", "contact": "plan", "attempt": "plan", "booked": "plan", "outcome": "care"}


@lru_cache
def rows(seed: int) -> tuple[tuple[lives.Told, ...], ...]:
    return tuple(map(tuple, lives.lives(seed, PEOPLE)))


@lru_cache
def said(seed: int) -> list[tuple[str, Any]]:
    """Every fact of follow_up about these people."""
    return [(fact.subject, fact.data) for mine in rows(seed) for fact in lived(mine).facts]


def lived(mine: tuple[lives.Told, ...]) -> Story:
    given, person = Story(lives.BEGIN), mine[0].person if mine else ""
    for partner in ("clinic", "ward") if mine else ():
        given.hears(opened(f"record/{partner}-{person}", f"person/{person}"), f"record/{partner}-{person}")
    for row in mine:
        given.passes(max(row.told_at - given.now, timedelta()))
        tells(given, row)
    given.passes(lives.END - given.now)
    return given


def tells(given: Story, row: lives.Told) -> None:
    """A row as the service hears of it."""
    match row.what:
        case "taken":
            days = lives.CADENCE_DAYS[row.books]
            told = {"cadence_days": days, "books_visits": row.books, "age_band": row.group or None}
            taken = accepted(record=f"record/clinic-{row.person}", requested_at=row.at, **told)
            given.hears(taken, f"placement/{row.case}", row.told_at)
        case "given-up":
            given.hears(PlacementEnded(reason="withdrawn", released=()), f"placement/{row.case}")
        case _:
            subject = f"{ORIGIN[row.what]}/{row.case}" if row.what in ORIGIN else stay_of(row.case)
            given.asks(command(row, given.states.get(subject)), subject)
            assert given.refused is None or row.what in ENDS, (row, given.refused)


def stay_of(case: str) -> str:
    return transition_of(admission(lives.BEGIN, reference=case))


def command(row: lives.Told, plan: Any) -> Any:
    of = {"reference": row.case, "record": f"record/ward-{row.person}", "kind": row.kind, "problem": row.problem, "group": row.group}
    match row.what:
        case "visit":
            booking = next((one.visit for one in plan.bookings if one.starts_at == row.at), None)
            return commands.RecordAttendance(visit=booking, at=row.at, kind=row.kind)
        case "contact":
            return contact(row.at)
        case "attempt":
            return attempt(row.at)
        case "booked":
            return commands.BookVisit(starts_at=row.at, reason="other")
        case "outcome":
            return commands.ReportOutcome(outcome="completed")
        case "admitted":
            return admission(row.at, **of)
        case "left":
            return discharge(row.at, **of)
        case "cancelled":
            return commands.CancelAdmission(facility="general", reference=row.case)
    return commands.EndTransition(how=row.what, at=row.at)


@lru_cache
def told(seed: int) -> pd.DataFrame:
    return oracle.read([row for mine in rows(seed) for row in mine], lives.Told._fields)


@lru_cache
def counted(seed: int, as_of: datetime) -> dict[str, Rate | Mean]:
    return {one.name: one for one in measures(said(seed), as_of)}


def number(subject: str, seed: int) -> str:
    """The case's own number."""
    return stays(seed).get(subject, subject.partition("/")[2])


@lru_cache
def stays(seed: int) -> dict[str, str]:
    return {stay_of(row.case): row.case for mine in rows(seed) for row in mine if row.kind and "stay" in row.case}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("as_of", DAYS, ids=str)
def test_every_rate_opens_to_the_cases_of_the_oracle(seed, as_of):
    at, seen = pd.Timestamp(as_of), Counter[str]()
    expected = oracle.after_stays(told(seed), at) | oracle.closed_loop(told(seed), at)
    expected |= oracle.returned(told(seed), at, lives.CADENCE_DAYS)
    for name, (met, missed, open) in expected.items():
        rate = counted(seed, as_of)[name]
        ours = [sorted(number(one, seed) for one in part) for part in (rate.met, rate.missed, rate.open)]
        seen += Counter({f"{name} {part}": len(cases) for part, cases in zip(("met", "missed", "open"), ours, strict=True)})
        assert ours == [met, missed, open], name
    print(f"seed {seed}, as of {as_of:%Y-%m-%d}: {dict(seen)}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("as_of", DAYS, ids=str)
def test_every_mean_is_that_of_the_oracle_with_whom_it_leaves_out(seed, as_of):
    for name, (mean, cases, never) in oracle.into_care(told(seed), pd.Timestamp(as_of)).items():
        ours = counted(seed, as_of)[name]
        assert (sorted(number(one, seed) for one in ours.cases), sorted(number(one, seed) for one in ours.left_out)) == (cases, never)
        assert ours.mean == pytest.approx(mean) and cases and never
        print(f"seed {seed}, as of {as_of:%Y-%m-%d}: {ours}")
