"""What care, plans and transitions have in common: an owner, steps that are owed by an instant, and lateness that is told once.

What is needed is a function of what happened and of the rules; what is owed is what the last fact said, with the clock it gave each
step. So the rules matter when a fact is made and never when it is folded. The next step is the earliest; each has a clock of its
own, so that a step that is late hides no other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from contracts import clocks
from contracts.clocks import Owed
from contracts.follow_up import CareOverdue, CareOverdueRetracted, CareWarned, Noted
from contracts.kernel import Actor, Change, Deadline, DeadlinePassed, Fact, Next, Reason, Refused, State, kind_of
from contracts.lateness import Overdue, OverdueRetracted
from contracts.partners import Sensitivity
from contracts.plans import PlanOverdue, PlanOverdueRetracted, PlanWarned
from contracts.transitions import TransitionOverdue, TransitionOverdueRetracted, TransitionWarned
from infra.rules import Clock
from services.follow_up.rules import RULES

NOTHING = "none"
MOMENT = timedelta(milliseconds=1)
WORDS: dict[str, tuple[type[Any], type[Any], type[Any]]] = {
    "care": (CareWarned, CareOverdue, CareOverdueRetracted),
    "plan": (PlanWarned, PlanOverdue, PlanOverdueRetracted),
    "transition": (TransitionWarned, TransitionOverdue, TransitionOverdueRetracted),
}
"""How each kind tells that it is warned, overdue, and was not overdue after all."""
WARNINGS = tuple(warned for warned, _, _ in WORDS.values())


class Need(NamedTuple):
    """What has to be done by the clock of a rule; `waiting_on` whom it waits on until then; `due` where another instant ends it.

    In words: `ends_by` by whose word that is, `inside` what its clock must stay inside.
    """

    action: str
    clock: Clock
    waiting_on: str | None = None
    due: datetime | None = None
    ends_by: str = ""
    inside: str = ""


def later(noted_at: datetime | None, before: datetime | None) -> datetime | None:
    """When news came: never twice the same instant, so that what is to be passed on by then is passed on each time."""
    if noted_at is None or before is None:
        return noted_at
    return max(noted_at, before + MOMENT)


class Item(State):
    """Something with one accountable owner, a role. `owes` are the steps that are owed, as the last fact said; none once it has ended.

    `told` is lateness that was told and not taken back: a step that is owed again by the same instant is not told late again.
    """

    owner: str
    sensitivity: Sensitivity = ""
    consent: str | None = None
    owes: tuple[Owed, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[Need, ...]:
        """What has to be done now, by the rules of now."""
        raise NotImplementedError

    @property
    def allowed(self) -> tuple[str, ...]:
        """Commands that may be asked now."""
        raise NotImplementedError

    @property
    def is_dead(self) -> bool:
        """Whether a death was reported, verified or not: nobody is to be contacted."""
        return False


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
    """Who owes what by when: the earliest step."""
    step = min(state.owes, key=lambda one: one.due, default=None)
    if step is None:
        return Next(owner=state.owner, action=NOTHING)
    said = step.model_dump(include={"action", "waiting_on", "due", "rule"})
    return Next(owner=state.owner, allowed=state.allowed, **said)


def told(
    subject: str, before: Any, changes: Iterable[Change], evolve: Evolve, now: datetime, happened_at: datetime | None = None
) -> list[Fact]:  # fmt: skip
    """These changes as facts, in order, each with all that is owed after it; then the lateness that they take back.

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
    steps = tuple(_step(need, after, noted, now) for need in after.needs)
    after = after.model_copy(update={"owes": steps})
    following = next_of(after)
    warns_at = next((step.warns_at for step in steps if (step.action, step.due) == (following.action, following.due)), ())
    said = noted.model_copy(update={"next": following, "warns_at": warns_at, "steps": steps})
    return after, Fact(subject, said, at=happened_at, sensitivity=after.sensitivity, consent=after.consent or "")


def _step(need: Need, state: Item, fact: Change, now: datetime) -> Owed:
    """A step that was owed by the same instant keeps its warnings to come, and that it was told late. Once its time is over it waits on
    nobody any more: it is the owner's."""
    due, clock = need.due or need.clock.due_at, need.clock
    known = clocks.told_late(next((one for one in state.owes if (one.action, one.due) == (need.action, due)), None), fact)
    warns_at = () if need.due else clock.warns_at
    if known:
        warned = isinstance(fact, WARNINGS) and fact.action == known.action
        warns_at = clocks.still_to_come(known, now) if warned else known.warns_at
    step = Owed(
        action=need.action, owner=state.owner, due=due, rule=clock.rule, waiting_on=need.waiting_on, counts_from=clock.counts_from,
        warns_at=warns_at,
    )  # fmt: skip
    late = known.late if known else step.key in state.told
    return step.model_copy(update={"late": True, "waiting_on": None}) if late else step


def _retracted(subject: str, before: Item, after: Item, now: datetime, happened_at: datetime | None) -> Iterator[Change]:
    """Steps told overdue that were done in time, or that are not due yet as we know now."""
    standing = {step.action: step.due for step in after.owes}
    for late in (step for step in before.owes if step.late):
        due = standing.get(late.action)
        done_in_time = due is None and happened_at is not None and happened_at <= late.due
        if done_in_time or (due is not None and due > max(late.due, now) and not _moved_on(late, happened_at)):
            yield WORDS[kind_of(subject)][2](action=late.action, rule=late.rule, due=late.due)


def _moved_on(late: Owed, happened_at: datetime | None) -> bool:
    """The same step is owed again because it was done, but after its time."""
    return happened_at is not None and happened_at > late.due


def stepped(state: Any, fact: Change) -> Any:
    """The state with what was told late, and with what is owed after this fact. A change that nobody said yet says nothing of that."""
    if isinstance(fact, Overdue | OverdueRetracted):
        state = state.model_copy(update={"told": clocks.lateness_told(state.told, fact)})
    return state if not isinstance(fact, Noted) or fact.steps is None else state.model_copy(update={"owes": fact.steps})


def deadlines(state: Item) -> Iterator[Deadline]:
    """An instant for every step that is owed and not told late, and for the next warning before it."""
    return chain.from_iterable(map(clocks.deadlines, state.owes))


def passed(case: Case, data: DeadlinePassed) -> list[Change]:
    """The time of a step is over, or partly used up. A step that is owed no more, or by another instant, is nothing."""
    warned, overdue, _ = WORDS[kind_of(case.subject)]
    step = next((one for one in case.state.owes if data.at in (one.due, *one.warns_at) and one.action == data.about), None)
    if step is None or (over := clocks.is_over(step, data, case.now)) is None:
        return []
    said = step.model_dump(include={"action", "rule", "due", "owner", "waiting_on"})
    if not over:
        return [warned(**said)]
    return [overdue(**said, **RULES.cited(step.rule), late_minutes=clocks.late_minutes(step, case.now))]
