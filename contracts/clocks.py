"""What facts say of the clock in their `next` block, and what the time of a step leads to. Pure, and the same for every aggregate.

A step that is owed is told of when part of its time is used up, and once when it is late. What was told is part of the state, so
that nothing is told twice, and a clock that is set anew by late data takes back what it no longer says.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime

from contracts.kernel import Change, Deadline, DeadlinePassed, Next, State
from contracts.lateness import Overdue, OverdueRetracted

WARN, DUE = "warn", "due"
TOLD_KEPT = 8


class Clocked(Change):
    """A change that may set a clock: the instant that the one in `next` counts from, and when its owner is warned before it is due.

    None where it sets none: the clock of the step stands as it was.
    """

    counts_from: AwareDatetime | None = None
    warns_at: tuple[AwareDatetime, ...] | None = None


class Step(NamedTuple):
    """What is owed next, as the fields of a Clocked fact."""

    next: Next | None = None
    counts_from: datetime | None = None
    warns_at: tuple[datetime, ...] | None = None


def key_of(action: str, due: datetime) -> str:
    """What lateness is remembered by."""
    return f"{action} {due.isoformat()}"


class Owed(State):
    """The step that is owed now, as the last fact said. `warns_at` are warnings to come; `late`: it was told overdue."""

    action: str
    owner: str
    due: AwareDatetime
    rule: str
    waiting_on: str | None = None
    counts_from: AwareDatetime | None = None
    warns_at: tuple[AwareDatetime, ...] = ()
    late: bool = False
    told: tuple[str, ...] = ()
    """Lateness that was told, of this step and those before it: a step that is owed again by the same instant is not told late again."""

    @property
    def key(self) -> str:
        return key_of(self.action, self.due)


def owed(before: Owed | None, fact: Change) -> Owed | None:
    """The step that is owed after a fact. The same step by the same instant keeps its clock; told late, it stays so until that is
    taken back."""
    told = fact.next
    if told is None or told.due is None or told.rule is None:
        return before if told is None else None
    counts_from, warns_at = getattr(fact, "counts_from", None), getattr(fact, "warns_at", None)
    goes_on = before is not None and before.action == told.action
    if before is not None and goes_on and before.due == told.due:
        if counts_from is warns_at is None and _says(before) == _says(told):
            return before
        counts_from, warns_at = counts_from or before.counts_from, before.warns_at if warns_at is None else warns_at
    step = Owed(
        action=told.action, owner=told.owner, due=told.due, rule=told.rule, waiting_on=told.waiting_on,
        counts_from=counts_from, warns_at=warns_at or (), late=goes_on and before is not None and before.late,
        told=before.told if before else (),
    )  # fmt: skip
    return step if step.late or step.key not in step.told else step.model_copy(update={"late": True})


def _says(step: Owed | Next) -> tuple[str | None, ...]:
    return step.owner, step.rule, step.waiting_on


def told_late(step: Owed | None, fact: Change) -> Owed | None:
    """What telling that a step is overdue, or was not after all, makes of it."""
    if step is None or not isinstance(fact, Overdue | OverdueRetracted) or fact.action != step.action:
        return step
    return step.model_copy(update={"late": isinstance(fact, Overdue), "told": lateness_told(step.told, fact)})


def lateness_told(told: tuple[str, ...], fact: Overdue | OverdueRetracted) -> tuple[str, ...]:
    """Lateness that was told and stands, after this fact."""
    key = key_of(fact.action, fact.due)
    others = tuple(one for one in told if one != key)
    return (*others, key)[-TOLD_KEPT:] if isinstance(fact, Overdue) else others


def deadlines(step: Owed | None) -> Iterator[Deadline]:
    """The next warning, and the end; none once it was told late."""
    if step is None or step.late:
        return
    yield from (Deadline(WARN, step.action, at) for at in step.warns_at[:1] if at < step.due)
    yield Deadline(DUE, step.action, step.due)


def is_over(step: Owed | None, passed: DeadlinePassed, now: datetime) -> bool | None:
    """Whether the time of the step is over (True) or partly used up (False); None where this deadline is of no step that is owed."""
    if step is None or step.late or passed.about != step.action or passed.name not in (WARN, DUE):
        return None
    return now >= step.due


def still_to_come(step: Owed, now: datetime) -> tuple[datetime, ...]:
    """Warnings after this one: several whose time came while nobody looked are one."""
    return tuple(at for at in step.warns_at if at > now)


def late_minutes(step: Owed, now: datetime) -> int:
    """Whole minutes after its end."""
    return int((now - step.due).total_seconds() // 60)


def is_taken_back(before: Owed | None, after: Owed | None, now: datetime) -> bool:
    """Whether a step that was told late is not due yet, as its clock is known now."""
    return bool(before and before.late and after and after.late and after.due > max(before.due, now))
