"""A request's life at the front door: received, acknowledged, triaged, withdrawn. Who owns the next step, at every one."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from contracts.intake import RequestAcknowledged, RequestAmended, RequestReceived, RequestTriaged, RequestWithdrawn
from contracts.kernel import Change, Next, Personal, State
from contracts.partners import Note, Urgency

DESK, NETWORK_LEAD = "role/intake-desk", "role/network-lead"
ACKNOWLEDGE_WITHIN = {"emergency": timedelta(minutes=30), None: timedelta(hours=4)}
TRIAGE_WITHIN = {"emergency": timedelta(minutes=15), None: timedelta(hours=4)}
"""Defaults of ours (domain rules `acknowledge`, `triage`), until the network's rules say otherwise."""


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


ALLOWED = {
    "received": ("acknowledge-request", "withdraw-request"),
    "acknowledged": ("triage-request", "withdraw-request"),
    "triaged": ("withdraw-request",),
    "withdrawn": (),
}
"""What may be asked of a request, by status."""


def to_acknowledge(urgency: Urgency | None, requested_at: datetime) -> Next:
    """Received: the desk must take it. The clock starts with the request, wherever it was until now."""
    due = requested_at + ACKNOWLEDGE_WITHIN.get(urgency, ACKNOWLEDGE_WITHIN[None])
    return Next(owner=DESK, action="acknowledge-request", due=due, rule="acknowledge", allowed=ALLOWED["received"])


def to_triage(request: Request, by: str, now: datetime) -> Next:
    due = now + TRIAGE_WITHIN.get(request.urgency, TRIAGE_WITHIN[None])
    return Next(owner=by, action="triage-request", due=due, rule="triage", allowed=ALLOWED["acknowledged"])


def to_place(request: Request, urgency: Urgency) -> Next:
    """Triaged: a place must be found within the regulatory day count (CCBHC 2.b.1, from the request)."""
    within = {"emergency": timedelta(0), "urgent": timedelta(days=1), "routine": timedelta(days=14)}[urgency]
    return Next(
        owner="role/coordinator",
        action="find-place",
        due=request.requested_at + within,
        rule=f"{urgency}-services",
        allowed=ALLOWED["triaged"],
    )


def nothing_left() -> Next:
    return Next(owner=DESK, action="none")


def evolve(state: Request | None, fact: Change) -> Request | None:
    """The life of a request. What is withdrawn stays withdrawn."""
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
