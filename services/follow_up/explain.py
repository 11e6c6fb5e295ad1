"""The clocks of care, plans and transitions, made again by the rules as they are now: for whoever asks why something is due when it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.rules import Running
from services.follow_up.items import Item
from services.follow_up.outreach import ROUND
from services.follow_up.plan import Plan
from services.follow_up.rules import clock

KINDS: tuple[str, ...] = ("care", "plan", "transition")


def references(subject: str) -> tuple[str, ...]:
    """Nothing else: whatever a step needs is in its item."""
    return ()


def running(state: Item, known: Mapping[str, Any]) -> Iterator[Running]:
    """Every step that is owed, by the need that it answers; and the time that outreach has before a supervisor looks."""
    needs = {need.action: need for need in state.needs}
    for step in state.owes:
        if need := needs.get(step.action):
            yield Running(step.action, step.due, need.clock, need.ends_by, need.inside)
    if isinstance(state, Plan) and (ends_at := state.round_ends_at()) and (begun := state.round_at or state.flagged_at):
        yield Running(ROUND, ends_at, clock(ROUND, begun))
