"""The clocks of a request, made again by the rules as they are now: for whoever asks why it is due when it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.rules import Running
from services.intake.requests import Request
from services.intake.rules import RULES

KINDS: tuple[str, ...] = ("request",)
REFERENCES: tuple[str, ...] = ()


def running(state: Request, references: Mapping[str, Any]) -> Iterator[Running]:
    """The step that is owed at the front door."""
    if (step := state.owed) is None:
        return
    name = step.rule.partition("@")[0]
    start = state.requested_at if name == "acknowledge" else step.counts_from or state.requested_at
    whole = RULES.clock("services", state.requested_at, now=start, urgency=state.urgency or "routine")
    yield Running(
        step.action,
        step.due,
        RULES.clock(name, start, now=start, within=whole, urgency=state.urgency, of=state.asked, partner=state.partner),
    )
