"""When a step at the front door is late: its owner is warned, it is told once, and what late data shows to be wrong is taken back."""

from collections.abc import Callable
from datetime import datetime

from contracts.clocks import Owed, is_over, is_taken_back, late_minutes, still_to_come
from contracts.intake import RequestOverdue, RequestOverdueRetracted, RequestWarned
from contracts.kernel import Change, DeadlinePassed, Decision, Fact, Message, Next, World
from contracts.lateness import Overdue, Warned
from services.intake.history import evolve
from services.intake.requests import Request, still
from services.intake.rules import RULES


def passed(message: Message, world: World, now: datetime) -> Decision:
    """The time of a step is over, or partly used up. A step that is owed no more is nothing."""
    state: Request | None = world[message.subject]
    return of_step(message, state.owed, now, RequestWarned, RequestOverdue, lambda step: _still(state, step)) if state else []


def _still(state: Request, step: Owed) -> Next | None:
    return still(state.model_copy(update={"owed": step}))


def of_step(
    message: Message, step: Owed | None, now: datetime, warned: type[Warned], overdue: type[Overdue], block: Callable[[Owed], Next | None]
) -> list[Fact]:  # fmt: skip
    """What a passed deadline tells of a step that is owed, of whatever aggregate; nothing, of another one. `block` is the step as it then
    stands."""
    passed: DeadlinePassed = message.data
    if step is None or (over := is_over(step, passed, now)) is None:
        return []
    said = step.model_dump(include={"action", "rule", "due", "owner", "waiting_on"})
    if not over:
        return [Fact(message.subject, warned(**said, warns_at=still_to_come(step, now), next=block(step)))]
    cited = {**RULES.cited(step.rule), "late_minutes": late_minutes(step, now)}
    return [Fact(message.subject, overdue(**said, **cited, next=block(step.model_copy(update={"late": True}))))]


def taken_back(request: str, before: Request, said: Change, now: datetime) -> list[Fact]:
    """A step that was told late and, after what is said now, is not due yet."""
    was = before.owed
    if was is None or not was.late:
        return []
    after = evolve(before, said)
    if after is None or not is_taken_back(was, after.owed, now):
        return []
    return [Fact(request, RequestOverdueRetracted(action=was.action, rule=was.rule, due=was.due, next=still(after)))]
