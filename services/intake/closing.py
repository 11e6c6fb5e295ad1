"""From the word of those who had it to the end: a person closes a referral, and says whether services are verified or only asserted.

Time alone closes nothing. What was closed may be opened again, as a new interval with clocks of its own.
"""

from collections.abc import Sequence
from datetime import datetime

from contracts.assignment import PlacementEnded
from contracts.endings import RequestClosed, RequestOutcomeReported, RequestReopened, RequestServiceRetracted, RequestServiceStarted
from contracts.follow_up import CareStarted, CareStartRetracted, OutcomeReported
from contracts.kernel import Decision, Fact, Message, Reason, Refused, World
from services.intake import answers, requests
from services.intake.commands import CloseRequest, ReopenRequest
from services.intake.requests import Request

NO_EVIDENCE = Reason("TL-5121", "/how", "no visit is recorded: have it recorded, or close it as asserted")
WAS_SERVED = Reason("TL-5122", "/how", "a visit is recorded: close it as verified, or have the record corrected")
TO_WHOM = Reason("TL-5123", "/to", "name the organisation that confirmed that it has the referral now")


def served(request: str, state: Request, message: Message) -> Sequence[Fact]:
    """The first visit took place: from now on it can be closed as verified. Or it did not after all, and there was no other."""
    data: CareStarted | CareStartRetracted = message.data
    if isinstance(data, CareStartRetracted):
        return [Fact(request, RequestServiceRetracted(retracted_at=message.at))] if state.served and data.started_at is None else []
    return [] if state.served else [Fact(request, RequestServiceStarted(started_at=data.started_at, visit=data.visit))]


def outcome(request: str, state: Request, message: Message, now: datetime) -> Sequence[Fact]:
    """Whoever had it is done: the program reported what came of it, or the search or the care ended with no such word."""
    data: OutcomeReported | PlacementEnded = message.data
    if state.status != "triaged":
        return []
    if isinstance(data, OutcomeReported):
        said = {"outcome": data.outcome, "verified": data.verified or state.served, "by": data.by}
    else:
        said = {"outcome": data.reason, "verified": state.served, "by": "assignment"}
    step = requests.to_verify(state, state.dead_since, now) if state.dead_since else requests.to_review(now, now)
    return [Fact(request, RequestOutcomeReported(**said, **step._asdict()))]


def close(message: Message, world: World, now: datetime) -> Decision:
    request, state, data = message.subject, world[message.subject], message.data
    return requests.unless_allowed(state, data.type) or _unless_so(state, data) or closed(request, state, data, message.actor.id, now)


def _unless_so(state: Request, data: CloseRequest) -> Refused | None:
    """Closing says what is known, and nothing that is known to be otherwise."""
    if data.how == "verified" and not state.served:
        return Refused((NO_EVIDENCE,), state.allowed)
    if data.how in ("unmet", "entered-in-error") and state.served:
        return Refused((WAS_SERVED,), state.allowed)
    return Refused((TO_WHOM,), state.allowed) if data.how == "redirected" and not data.to else None


def closed(request: str, state: Request, data: CloseRequest, by: str, now: datetime) -> list[Fact]:
    """Whoever still works on it stops; the sender is told in its own words, but never of a death."""
    told = {"outcome": state.outcome, "record": state.record, "next": requests.nothing_left()}
    said = RequestClosed(how=data.how, by=by, closed_at=now, reason=data.reason, to=data.to, **told)
    reason = None if data.how == "died" else data.reason
    return [Fact(request, said), *answers.of_request(request, state, now, f"closed-{data.how}", reason, data.to)]


def reopen(message: Message, world: World, now: datetime) -> Decision:
    """Needed again: whoever opens it takes it, and decides anew on need and urgency."""
    request, state, data = message.subject, world[message.subject], message.data
    if refused := requests.unless_allowed(state, data.type):
        return refused
    return _again(request, state, data, message.actor.id, now)


def _again(request: str, state: Request, data: ReopenRequest, by: str, now: datetime) -> list[Fact]:
    asked_at = min(data.asked_at or now, now)
    step = requests.to_triage(state, by, now, now)
    said = RequestReopened(
        by=by, reason=data.reason, reopened_at=now, interval=state.interval + 1, requested_at=asked_at, service=state.service,
        urgency=state.urgency, **step._asdict(),
    )  # fmt: skip
    return [Fact(request, said), *answers.of_request(request, state, now, "reopened")]
