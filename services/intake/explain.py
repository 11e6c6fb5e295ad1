"""The clocks of a request, made again by the rules as they are now: for whoever asks why it is due when it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.rules import Running
from services.intake.differing import APART, SETTLE, untold_since
from services.intake.requests import Request
from services.intake.rules import RULES
from services.intake.views import Views

KINDS: tuple[str, ...] = ("request", "view")
REFERENCES: tuple[str, ...] = ()


def running(state: Request | Views, references: Mapping[str, Any]) -> Iterator[Running]:
    """The step that is owed at the front door."""
    yield from _of_views(state) if isinstance(state, Views) else _of_request(state)


def _of_views(views: Views) -> Iterator[Running]:
    """The time that sides have to come together; then that to find out whose word stands."""
    if since := untold_since(views):
        clock = RULES.clock(APART, since, now=since)
        yield Running(APART, clock.due_at, clock)
    if (step := views.owed) and step.counts_from:
        yield Running(step.action, step.due, RULES.clock(SETTLE, step.counts_from, now=step.counts_from))


def _of_request(state: Request) -> Iterator[Running]:
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
