"""A step whose rule bears its name: as it begins, and as it stands later."""

from datetime import datetime

from contracts.clocks import Owed, Step
from contracts.kernel import Next
from services.intake.rules import RULES


def begun(action: str, owner: str, allowed: tuple[str, ...], now: datetime) -> Step:
    """Owed from now on, with its whole time."""
    clock = RULES.clock(action, now, now=now)
    return Step(Next(owner=owner, action=action, due=clock.due_at, rule=clock.rule, allowed=allowed), clock.counts_from, clock.warns_at)


def standing(step: Owed | None, allowed: tuple[str, ...]) -> Next | None:
    """The block of a step that is owed already, with the time that it has; None where nothing is owed."""
    return Next(owner=step.owner, action=step.action, due=step.due, rule=step.rule, allowed=allowed) if step else None
