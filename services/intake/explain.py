"""The clocks of the front door, made again by the rules as they are now: for whoever asks why something is due when it is."""

from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import Any

from contracts.kernel import State, kind_of
from infra.rules import Running
from services.intake.agreements import EXPIRING, RENEW, Partner, ends_at
from services.intake.barriers import Standing
from services.intake.consents import Consent
from services.intake.differing import APART, SETTLE, untold_since
from services.intake.feeds import SILENCE, Feed, silence
from services.intake.opening import Opened
from services.intake.records import Record
from services.intake.requests import Request
from services.intake.risk_flags import Flag
from services.intake.rules import RULES
from services.intake.views import Views

KINDS: tuple[str, ...] = ("request", "view", "consent", "access", "record", "barrier", "risk-flag", "feed", "partner")


def references(subject: str) -> tuple[str, ...]:
    """What else must be read: a consent is asked for inside the time of its referral."""
    return (subject.replace("consent/", "request/", 1),) if kind_of(subject) == "consent" else ()


@singledispatch
def running(state: State, known: Mapping[str, Any]) -> Iterator[Running]:
    """The step that is owed, and what time alone brings."""
    yield from ()


@running.register
def _(state: Request, known: Mapping[str, Any]) -> Iterator[Running]:
    if (step := state.owed) is None:
        return
    name = step.rule.partition("@")[0]
    start = state.requested_at if name in ("acknowledge", "services") else step.counts_from or state.requested_at
    whole = RULES.clock("services", state.requested_at, now=start, urgency=state.urgency or "routine")
    clock = RULES.clock(name, start, now=start, within=whole, urgency=state.urgency, of=state.asked, partner=state.partner)
    yield Running(step.action, step.due, clock)


@running.register
def _(state: Views, known: Mapping[str, Any]) -> Iterator[Running]:
    """The time that sides have to come together; then that to find out whose word stands."""
    if since := untold_since(state):
        clock = RULES.clock(APART, since, now=since)
        yield Running(APART, clock.due_at, clock)
    if (step := state.owed) and step.action == SETTLE:
        yield RULES.again(step)


@running.register
def _(state: Consent, known: Mapping[str, Any]) -> Iterator[Running]:
    if (step := state.owed) is None:
        return
    request: Request | None = known.get(state.request)
    urgency = request.urgency if request else None
    start = step.counts_from or step.due
    asked_at = request.requested_at if request else start
    whole = RULES.clock("services", asked_at, now=start, urgency=urgency or "routine")
    yield RULES.again(step, within=whole, urgency=urgency)


@running.register
def _(state: Opened | Record | Standing | Flag, known: Mapping[str, Any]) -> Iterator[Running]:
    if state.owed:
        yield RULES.again(state.owed)


@running.register
def _(state: Feed, known: Mapping[str, Any]) -> Iterator[Running]:
    if not state.silent:
        clock = silence(state)
        yield Running(SILENCE, clock.due_at, clock)


@running.register
def _(state: Partner, known: Mapping[str, Any]) -> Iterator[Running]:
    """Warned so long before its last day that it can be renewed in time."""
    if state.ends_on and state.told == EXPIRING:
        end = ends_at(state.ends_on)
        start = end - RULES.find(RENEW, state.ends_on, {}).limit.length
        yield Running(RENEW, end, RULES.clock(RENEW, start, now=start), ends_by="the agreement ends with its last day")
