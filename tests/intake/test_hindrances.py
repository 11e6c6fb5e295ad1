"""What stands in the way of a person's care, and risks that are flagged: somebody answers for each, by a clock, and time ends none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.barriers import BarrierNoted, BarrierOverdue, BarrierResolved, BarrierWarned
from contracts.kernel import Actor, Change, Personal
from contracts.risk_flags import RiskFlagged, RiskFlagLifted, RiskFlagOverdue, RiskFlagReviewed, RiskFlagWarned
from services.intake.barriers import barrier_of
from services.intake.commands import FlagRisk, NoteBarrier, ResolveBarrier, ReviewRiskFlag
from services.intake.risk_flags import flag_of
from tests.intake.desk import Desk, request
from tests.intake.people import OAK, PINE, STEWARD, People, record_of

TRANSPORT, SUICIDE = NoteBarrier(barrier="transport"), FlagRisk(risk="suicide", source="assessment")
WAY, RISK = barrier_of(record_of(OAK), "transport"), flag_of(record_of(OAK), "suicide")


def known() -> People:
    life = People()
    life.refers(OAK)
    return life


def asks(life: People, about: str, command: Any) -> list[Change]:
    return life._take(command, about, Actor("user", STEWARD))


def test_a_barrier_is_a_task_of_a_coordinator_by_a_clock():
    life = known()
    (noted,) = life.says(OAK, TRANSPORT)
    assert isinstance(noted, BarrierNoted) and noted.next and noted.record == record_of(OAK)
    assert (noted.next.owner, noted.next.action, noted.next.allowed) == ("role/coordinator", "see-to-barrier", ("resolve-barrier",))
    assert noted.next.due == datetime(2026, 3, 9, 9, 2, tzinfo=UTC) and noted.next.rule == "see-to-barrier@1"


def test_noted_again_while_it_stands_its_clock_runs_on_and_afterwards_it_has_a_new_one():
    life = known()
    (first,) = life.says(OAK, TRANSPORT)
    life.passes(timedelta(days=1))
    (again,) = life.says(OAK, TRANSPORT)
    assert first.next and again.next == first.next
    (done,) = asks(life, WAY, ResolveBarrier(how="arranged"))
    assert isinstance(done, BarrierResolved) and done.next and done.next.action == "none"
    (anew,) = life.says(OAK, TRANSPORT)
    assert anew.next and anew.next.due and first.next.due and anew.next.due > first.next.due


def test_two_kinds_are_two_tasks():
    life = known()
    life.says(OAK, TRANSPORT)
    life.says(OAK, NoteBarrier(barrier="cost"))
    asks(life, WAY, ResolveBarrier(how="arranged"))
    assert [state.stands for name, state in life.states.items() if name.startswith("barrier/")] == [False, True]


def test_a_flag_is_reviewed_every_ninety_days_from_its_last_review():
    life = known()
    (raised,) = life.says(OAK, SUICIDE)
    assert isinstance(raised, RiskFlagged) and raised.next and raised.next.due
    assert raised.next.due - raised.raised_at == timedelta(days=90) and raised.source == "assessment"
    life.passes(timedelta(days=60))
    (reviewed,) = asks(life, RISK, ReviewRiskFlag(finding="stands"))
    assert isinstance(reviewed, RiskFlagReviewed) and reviewed.next and reviewed.next.due == life.now + timedelta(days=90)


def test_another_source_adds_to_a_flag_and_is_no_review_of_it():
    life = known()
    (raised,) = life.says(OAK, SUICIDE)
    life.passes(timedelta(days=60))
    (again,) = life.says(OAK, FlagRisk(risk="suicide", source="family"))
    assert again.next == raised.next


def test_time_lifts_no_flag_and_resolves_no_barrier():
    life = known()
    life.says(OAK, TRANSPORT)
    life.says(OAK, SUICIDE)
    said = [type(one) for one in life.passes(timedelta(days=400)) if type(one).type.partition(".")[0] in ("barrier", "risk-flag")]
    assert said == [BarrierWarned, BarrierWarned, BarrierOverdue, RiskFlagWarned, RiskFlagOverdue]
    assert life.states[WAY].stands and life.states[RISK].stands


def test_a_flag_that_is_lifted_is_gone_and_may_be_raised_again():
    life = known()
    life.says(OAK, SUICIDE)
    (lifted,) = asks(life, RISK, ReviewRiskFlag(finding="over"))
    assert isinstance(lifted, RiskFlagLifted) and not life.states[RISK].stands
    assert not list(asks(life, RISK, ReviewRiskFlag(finding="stands"))) and life.why_not() == ["TL-5195"]
    assert life.says(OAK, SUICIDE) and life.states[RISK].stands


@pytest.mark.parametrize("command", [TRANSPORT, SUICIDE])
def test_of_somebody_unknown_nothing_is_noted(command: Any):
    life = known()
    assert life.says(PINE, command) == [] and life.why_not() == ["TL-5104"]


def test_what_does_not_stand_is_not_resolved():
    life = known()
    assert asks(life, WAY, ResolveBarrier(how="arranged")) == [] and life.why_not() == ["TL-5191"]


async def test_words_are_sealed_under_the_persons_record(desk: Desk) -> None:
    await desk.send("requested", request())
    record, _ = desk.one("record")
    said = FlagRisk(risk="overdose", source="family", words=Personal("found at home"))
    assert (await desk.command(record, said)).kind == "event"
    raised = next(row.data for row in desk.log.rows if row.attributes["type"] == "risk-flag.raised.v1")
    assert orjson.loads(raised)["words"].startswith("sealed:") and b"found" not in raised


STEP = st.sampled_from([
    ("note", TRANSPORT), ("note", SUICIDE), (WAY, ResolveBarrier(how="arranged")), (RISK, ReviewRiskFlag(finding="stands")),
    (RISK, ReviewRiskFlag(finding="over")), ("time", timedelta(days=3)), ("time", timedelta(days=50)),
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@whatever(st.lists(STEP, max_size=15))
def test_whatever_stands_has_an_owner_and_a_clock_and_nothing_else_has(steps: list[tuple[str, Any]]):
    life = known()
    for what, how in steps:
        if what == "time":
            life.passes(how)
        else:
            life.says(OAK, how) if what == "note" else asks(life, what, how)
        for name in (WAY, RISK):
            if (state := life.states.get(name)) is not None:
                assert state.stands == (state.owed is not None)
