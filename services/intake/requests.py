"""A request's life at the front door: received, acknowledged, triaged, withdrawn. Who owns the next step, at every one."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from contracts.clocks import Owed, Step, owed, told_late
from contracts.intake import (
    RequestAcknowledged,
    RequestAmended,
    RequestInformationAsked,
    RequestInformationSupplied,
    RequestInformationWaived,
    RequestReceived,
    RequestTriaged,
    RequestWithdrawn,
)
from contracts.kernel import Change, Next, Personal, Reason, Refused, State
from contracts.partners import Note, Urgency
from infra.rules import Clock
from services.intake.commands import AcknowledgeRequest, TriageRequest
from services.intake.rules import RULES

DESK, NETWORK_LEAD = "role/intake-desk", "role/network-lead"

NOT_NOW = Reason("TL-5103", "", "see what is allowed now")
UNKNOWN = Reason("TL-5104", "", "there is no such item")


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
    triage_from: AwareDatetime | None = None
    """From when the time for triage counts: it runs on while something is asked."""
    asked: Literal["sender", "client"] | None = None
    owed: Owed | None = None


ALLOWED = {
    "received": ("acknowledge-request", "withdraw-request"),
    "acknowledged": ("triage-request", "ask-information", "withdraw-request"),
    "needs_info": ("supply-information", "go-on-without", "ask-information", "withdraw-request"),
    "triaged": ("withdraw-request",),
    "withdrawn": (),
}
"""What may be asked of a request, by status."""
CHANGEABLE = ("service", "urgency", "reason", "sensitivity", "consent")
"""What a sender may change of a request; what is absent stands."""


def to_acknowledge(urgency: Urgency | None, requested_at: datetime, now: datetime) -> Step:
    """Received: the desk must take it. The clock starts with the request, wherever it was until now."""
    clock = RULES.clock("acknowledge", requested_at, now=now, urgency=urgency)
    return _step(DESK, AcknowledgeRequest.type, clock, "received")


def to_triage(request: Request, by: str, start: datetime, now: datetime) -> Step:
    return _step(by, TriageRequest.type, RULES.clock("triage", start, now=now, urgency=request.urgency), "acknowledged")


def to_answer(request: Request, by: str, of: Literal["sender", "client"], now: datetime) -> Step:
    """Something is asked: it waits on the sender or the client, inside the regulatory time (of a routine referral where none is known)."""
    whole = RULES.clock("services", request.requested_at, now=now, urgency=request.urgency or "routine")
    clock = RULES.clock("information", now, now=now, within=whole, urgency=request.urgency, of=of)
    on = f"partner/{request.partner}" if of == "sender" else "client"
    return _step(by, "wait-for-information", clock, "needs_info", waiting_on=on)


def to_place(request: Request, urgency: Urgency, now: datetime) -> Step:
    """Triaged: a place must be found within the regulatory time, which counts from the request."""
    clock = RULES.clock("services", request.requested_at, now=now, urgency=urgency)
    return _step("role/coordinator", "find-place", clock, "triaged")


def _step(owner: str, action: str, clock: Clock, status: str, waiting_on: str | None = None) -> Step:
    due = {"due": clock.due_at, "rule": clock.rule}
    following = Next(owner=owner, action=action, waiting_on=waiting_on, allowed=ALLOWED[status], **due)
    return Step(following, clock.counts_from, clock.warns_at)


def still(request: Request) -> Next | None:
    """The block as it stands, for a fact that changes nothing of it."""
    step = request.owed
    if step is None:
        return None
    waiting_on = None if step.late else step.waiting_on  # once their time is over, it is the owner's again
    allowed = ALLOWED[request.status]
    return Next(owner=step.owner, action=step.action, waiting_on=waiting_on, due=step.due, rule=step.rule, allowed=allowed)


def unless_allowed(state: Request | None, command: str) -> Refused | None:
    """Illegal moves are refused, with the legal ones."""
    if state is None:
        return Refused((UNKNOWN,))
    allowed = ALLOWED[state.status]
    return None if command in allowed else Refused((NOT_NOW,), allowed)


def nothing_left() -> Next:
    return Next(owner=DESK, action="none")


def evolve(state: Request | None, fact: Change) -> Request | None:
    """The life of a request. What is withdrawn stays withdrawn; from triage on the time of a step is not the front door's."""
    after = _evolved(state, fact)
    if after is None:
        return None
    ours = after.status in ("received", "acknowledged", "needs_info")
    step = told_late(owed(state.owed if state else None, fact), fact) if ours else None
    return after if step is after.owed else after.model_copy(update={"owed": step})


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
            changes = {name: value for name in (*CHANGEABLE, "content") if (value := getattr(fact, name))}
            return state.model_copy(update=changes)
        case RequestAcknowledged():
            return state.model_copy(update={"status": "acknowledged", "taken_by": fact.by, "triage_from": fact.counts_from})
        case RequestInformationAsked():
            return state.model_copy(update={"status": "needs_info", "asked": fact.of})
        case RequestInformationSupplied() | RequestInformationWaived():
            return state.model_copy(update={"status": "acknowledged", "asked": None})
        case RequestTriaged():
            return state.model_copy(update={"status": "triaged", "urgency": fact.urgency, "service": fact.service})
        case RequestWithdrawn():
            return state.model_copy(update={"status": "withdrawn"})
    return state
