"""When a step at the front door is late: its owner is warned, it is told once, and what late data shows to be wrong is taken back."""

from datetime import datetime

from contracts.clocks import Owed, is_over, is_taken_back, late_minutes, still_to_come
from contracts.intake import RequestOverdue, RequestOverdueRetracted, RequestWarned
from contracts.kernel import Change, DeadlinePassed, Decision, Fact, Message, World
from services.intake.history import evolve
from services.intake.requests import Request, still
from services.intake.rules import RULES


def passed(message: Message, world: World, now: datetime) -> Decision:
    """The time of a step is over, or partly used up. A step that is owed no more is nothing."""
    state: Request | None = world[message.subject]
    passed: DeadlinePassed = message.data
    if state is None or state.owed is None or (over := is_over(state.owed, passed, now)) is None:
        return []
    told = _overdue(state, state.owed, now) if over else _warned(state, state.owed, now)
    return [Fact(message.subject, told)]


def _warned(state: Request, step: Owed, now: datetime) -> RequestWarned:
    said = step.model_dump(include={"action", "rule", "due", "owner", "waiting_on"})
    return RequestWarned(**said, warns_at=still_to_come(step, now), next=still(state))


def _overdue(state: Request, step: Owed, now: datetime) -> RequestOverdue:
    said = step.model_dump(include={"action", "rule", "due", "owner", "waiting_on"})
    after = state.model_copy(update={"owed": step.model_copy(update={"late": True})})
    return RequestOverdue(**said, **RULES.cited(step.rule), late_minutes=late_minutes(step, now), next=still(after))


def taken_back(request: str, before: Request, said: Change, now: datetime) -> list[Fact]:
    """A step that was told late and, after what is said now, is not due yet."""
    was = before.owed
    if was is None or not was.late:
        return []
    after = evolve(before, said)
    if after is None or not is_taken_back(was, after.owed, now):
        return []
    return [Fact(request, RequestOverdueRetracted(action=was.action, rule=was.rule, due=was.due, next=still(after)))]
