"""The clocks of an authorization, made again by the rules as they are now: for whoever asks why something is due when it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.rules import Running
from services.authorization.authorization import Authorization
from services.authorization.rules import clock
from services.authorization.steps import about, needs

KINDS: tuple[str, ...] = ("authorization",)


def references(subject: str) -> tuple[str, ...]:
    """Nothing else: whatever a step needs is in its authorization."""
    return ()


def running(state: Authorization, known: Mapping[str, Any]) -> Iterator[Running]:
    """Every step that is open, by the need that it answers."""
    found = {(need.action, need.line, need.starts_at): need for need in needs(state)}
    for step in state.steps:
        if need := found.get((step.action, step.line, step.starts_at)):
            made = clock(need.rule, need.starts_at, need.starts_at, need.within, need.about)
            yield Running(about(step) if step.line else step.action, step.due, made, need.ends_by if need.due else "", need.inside)
