"""A request's life at the front door: received, acknowledged, triaged, withdrawn. Who owns the next step, at every one."""

from datetime import datetime

from pydantic import AwareDatetime

from contracts.clocks import Owed, Step, owed, told_late
from contracts.intake import RequestAcknowledged, RequestAmended, RequestReceived, RequestTriaged, RequestWithdrawn
from contracts.kernel import Change, Next, Personal, State
from contracts.partners import Note, Urgency
from infra.rules import Clock
from services.intake.commands import AcknowledgeRequest, TriageRequest
from services.intake.rules import RULES

DESK, NETWORK_LEAD = "role/intake-desk", "role/network-lead"


class Request(State):
    """One referral as the front door sees it. Tokens stay sealed."""

    partner: str
    reference: str
    record: str
    status: str
    service: str
    requested_at: AwareDatetime
    urgency: Urgency | None = None
    reason: Personal[Note] | None = None
    channel: str = "partner"
    sensitivity: str = ""
    consent: str | None = None
    content: str = ""
    taken_by: str | None = None
    owed: Owed | None = None


ALLOWED = {
    "received": ("acknowledge-request", "withdraw-request"),
    "acknowledged": ("triage-request", "withdraw-request"),
    "triaged": ("withdraw-request",),
    "withdrawn": (),
}
"""What may be asked of a request, by status."""


def to_acknowledge(urgency: Urgency | None, requested_at: datetime, now: datetime) -> Step:
    """Received: the desk must take it. The clock starts with the request, wherever it was until now."""
    clock = RULES.clock("acknowledge", requested_at, now=now, urgency=urgency)
    return _step(DESK, AcknowledgeRequest.type, clock, "received")


def to_triage(request: Request, by: str, now: datetime) -> Step:
    return _step(by, TriageRequest.type, RULES.clock("triage", now, now=now, urgency=request.urgency), "acknowledged")


def to_place(request: Request, urgency: Urgency, now: datetime) -> Step:
    """Triaged: a place must be found within the regulatory time, which counts from the request."""
    clock = RULES.clock("services", request.requested_at, now=now, urgency=urgency)
    return _step("role/coordinator", "find-place", clock, "triaged")


def _step(owner: str, action: str, clock: Clock, status: str) -> Step:
    following = Next(owner=owner, action=action, due=clock.due_at, rule=clock.rule, allowed=ALLOWED[status])
    return Step(following, clock.counts_from, clock.warns_at)


def still(request: Request) -> Next | None:
    """The block as it stands, for a fact that changes nothing of it."""
    step = request.owed
    if step is None:
        return None
    return Next(**step.model_dump(include={"owner", "action", "waiting_on", "due", "rule"}), allowed=ALLOWED[request.status])


def nothing_left() -> Next:
    return Next(owner=DESK, action="none")


def evolve(state: Request | None, fact: Change) -> Request | None:
    """The life of a request. What is withdrawn stays withdrawn; from triage on the time of a step is not the front door's."""
    after = _evolved(state, fact)
    if after is None:
        return None
    ours = after.status in ("received", "acknowledged")
    step = told_late(owed(state.owed if state else None, fact), fact) if ours else None
    return after.model_copy(update={"owed": step})


def _evolved(state: Request | None, fact: Change) -> Request | None:
    if isinstance(fact, RequestReceived):
        return Request(
            partner=fact.partner, reference=fact.reference, record=fact.record, status="received", service=fact.service,
            requested_at=fact.requested_at, urgency=fact.urgency, reason=fact.reason, channel=fact.channel,
            sensitivity=fact.sensitivity, consent=fact.consent, content=fact.content,
        )  # fmt: skip
    if state is None:
        return None
    match fact:
        case RequestAmended():
            changes = {name: value for name in ("service", "urgency", "reason", "content") if (value := getattr(fact, name))}
            return state.model_copy(update=changes)
        case RequestAcknowledged():
            return state.model_copy(update={"status": "acknowledged", "taken_by": fact.by})
        case RequestTriaged():
            return state.model_copy(update={"status": "triaged", "urgency": fact.urgency, "service": fact.service})
        case RequestWithdrawn():
            return state.model_copy(update={"status": "withdrawn"})
    return state
