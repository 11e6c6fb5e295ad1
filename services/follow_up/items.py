"""What care, plans and transitions have in common: an owner, steps that are owed by an instant, and lateness that is told once.

What is owed is a function of state. The next step is the earliest; each has a clock of its own, so that a step that is late hides
no other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import AwareDatetime

from contracts.follow_up import CareOverdue, CareOverdueRetracted, CareWarned
from contracts.kernel import Actor, Change, Deadline, DeadlinePassed, Fact, Next, Reason, Refused, State, kind_of
from contracts.partners import Sensitivity
from contracts.plans import PlanOverdue, PlanOverdueRetracted, PlanWarned
from contracts.transitions import TransitionOverdue, TransitionOverdueRetracted, TransitionWarned
from infra.rules import Clock

DUE, WARN = "due", "warn"
NOTHING = "none"
MOMENT = timedelta(milliseconds=1)
WORDS: dict[str, tuple[type[Any], type[Any], type[Any]]] = {
    "care": (CareWarned, CareOverdue, CareOverdueRetracted),
    "plan": (PlanWarned, PlanOverdue, PlanOverdueRetracted),
    "transition": (TransitionWarned, TransitionOverdue, TransitionOverdueRetracted),
}
"""How each kind tells that it is warned, overdue, and was not overdue after all."""
WARNINGS = tuple(warned for warned, _, _ in WORDS.values())
OVERDUES = tuple(overdue for _, overdue, _ in WORDS.values())
RETRACTIONS = tuple(retracted for _, _, retracted in WORDS.values())


class Owed(NamedTuple):
    """A step, by when, by which rule. `waiting_on` is somebody else whom it waits on until then."""

    action: str
    due: datetime
    rule: str
    citation: str
    citation_status: str
    warns_at: tuple[datetime, ...] = ()
    waiting_on: str | None = None


def owed(action: str, clock: Clock, waiting_on: str | None = None, due: datetime | None = None) -> Owed:
    """By the clock of a rule; `due` where another instant ends it."""
    said = clock.said
    warns_at = clock.warns_at if due is None else ()
    return Owed(action, due or clock.due_at, clock.rule, said.citation, said.citation_status, warns_at, waiting_on)


def later(noted_at: datetime | None, before: datetime | None) -> datetime | None:
    """When news came: never twice the same instant, so that what is to be passed on by then is passed on each time."""
    if noted_at is None or before is None:
        return noted_at
    return max(noted_at, before + MOMENT)


class Late(State):
    """A step that was told overdue and is still owed."""

    action: str
    due: AwareDatetime


class Item(State):
    """Something with one accountable owner, a role. `late` are the steps told overdue."""

    owner: str
    sensitivity: Sensitivity = ""
    consent: str | None = None
    late: tuple[Late, ...] = ()

    @property
    def owes(self) -> tuple[Owed, ...]:
        """Every step that is owed; none once it has ended."""
        raise NotImplementedError

    @property
    def allowed(self) -> tuple[str, ...]:
        """Commands that may be asked now."""
        raise NotImplementedError

    @property
    def is_dead(self) -> bool:
        """Whether a death was reported, verified or not: nobody is to be contacted."""
        return False

    def is_late(self, step: Owed) -> bool:
        return any((late.action, late.due) == (step.action, step.due) for late in self.late)


@dataclass(frozen=True, slots=True)
class Case:
    """What one decision sees: an item's id and state, who acts, and when."""

    subject: str
    state: Any
    actor: Actor
    now: datetime

    def refused(self, reason: Reason) -> Refused:
        """Not so; here is what may be asked instead."""
        return Refused((reason,), self.state.allowed if self.state else ())


Changes = Sequence[Change] | Refused
Evolve = Callable[[Any, Change], Any]


def next_of(state: Item) -> Next:
    """Who owes what by when. Once its time is over a step waits on nobody any more: it is the owner's."""
    if not (steps := sorted(state.owes, key=lambda step: step.due)):
        return Next(owner=state.owner, action=NOTHING)
    step = steps[0]
    waiting_on = None if state.is_late(step) else step.waiting_on
    return Next(owner=state.owner, action=step.action, waiting_on=waiting_on, due=step.due, rule=step.rule, allowed=state.allowed)


def told(
    subject: str, before: Any, changes: Iterable[Change], evolve: Evolve, now: datetime, happened_at: datetime | None = None
) -> list[Fact]:  # fmt: skip
    """These changes as facts, in order, each with who owes what after it; then the lateness that they take back.

    `happened_at` is when it happened, where that is known: what was done in time and told late never was overdue.
    """
    facts, state = [], before
    for change in changes:
        state, fact = _said(subject, state, change, evolve, now, happened_at)
        facts.append(fact)
    if facts and before is not None:
        for retracted in _retracted(subject, before, state, now, happened_at):
            state, fact = _said(subject, state, retracted, evolve, now, None)
            facts.append(fact)
    return facts


def _said(subject: str, state: Any, change: Change, evolve: Evolve, now: datetime, happened_at: datetime | None) -> tuple[Any, Fact]:
    noted = change.model_copy(update={"noted_at": now})
    after = evolve(state, noted)
    step = next_of(after)
    warns_at = next((one.warns_at for one in after.owes if (one.action, one.due) == (step.action, step.due)), ())
    said = noted.model_copy(update={"next": step, "warns_at": warns_at})
    return after, Fact(subject, said, at=happened_at, sensitivity=after.sensitivity, consent=after.consent or "")


def _retracted(subject: str, before: Item, after: Item, now: datetime, happened_at: datetime | None) -> Iterator[Change]:
    """Steps told overdue that were done in time, or that are not due yet as we know now."""
    standing = {step.action: step.due for step in after.owes}
    for late in before.late:
        due = standing.get(late.action)
        if due == late.due:
            continue
        done_in_time = due is None and happened_at is not None and happened_at <= late.due
        if done_in_time or (due is not None and due > late.due and due > now and not _moved_on(late, happened_at)):
            rule = next((step.rule for step in before.owes if step.action == late.action), "")
            yield WORDS[kind_of(subject)][2](action=late.action, rule=rule, due=late.due)


def _moved_on(late: Late, happened_at: datetime | None) -> bool:
    """The same step is owed again because it was done, but after its time."""
    return happened_at is not None and happened_at > late.due


def still_owed(state: Any) -> Any:
    """The state without lateness of steps that are not owed any more."""
    if not state.late:
        return state
    standing = {(step.action, step.due) for step in state.owes}
    kept = tuple(late for late in state.late if (late.action, late.due) in standing)
    return state if kept == state.late else state.model_copy(update={"late": kept})


def evolved(state: Any, fact: Change) -> Any:
    """What telling of lateness makes of an item; None where the fact is about something else."""
    if isinstance(fact, OVERDUES):
        late: Any = fact
        return state.model_copy(update={"late": (*state.late, Late(action=late.action, due=late.due))})
    return state if isinstance(fact, (*WARNINGS, *RETRACTIONS)) else None


def clocks(state: Item) -> Iterator[Deadline]:
    """An instant for every step that is owed and not told late, and for every warning before it."""
    for step in state.owes:
        if not state.is_late(step):
            yield Deadline(DUE, step.action, step.due)
            yield from (Deadline(WARN, step.action, at) for at in step.warns_at if at < step.due)


def passed(case: Case, data: DeadlinePassed) -> list[Change]:
    """The time of a step is over, or partly used up. A step that is owed no more, or by another instant, is nothing."""
    warned, overdue, _ = WORDS[kind_of(case.subject)]
    step = next((one for one in case.state.owes if one.action == data.about), None)
    if step is None or case.state.is_late(step):
        return []
    if data.name == WARN:
        stands = data.at in step.warns_at and case.now < step.due
        return [warned(action=step.action, rule=step.rule, due=step.due, owner=case.state.owner, waiting_on=step.waiting_on)] * stands
    if data.at != step.due:
        return []
    late = int((case.now - step.due).total_seconds() // 60)
    return [
        overdue(
            action=step.action, rule=step.rule, citation=step.citation, citation_status=step.citation_status, due=step.due,
            owner=case.state.owner, waiting_on=step.waiting_on, late_minutes=late,
        )
    ]  # fmt: skip
