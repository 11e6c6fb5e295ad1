"""A request's life at the front door: received, acknowledged, triaged; its outcome reported, closed, opened again. Who owns the next
step, at every one."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from contracts.clocks import Owed, Step
from contracts.kernel import Model, Next, Personal, Reason, Refused, State
from contracts.partners import Note, Urgency
from infra.rules import Clock
from services.intake.commands import AcknowledgeRequest, TriageRequest
from services.intake.rules import RULES

DESK, COORDINATOR = "role/intake-desk", "role/coordinator"

NOT_NOW = Reason("TL-5103", "", "see what is allowed now")
UNKNOWN = Reason("TL-5104", "", "there is no such item")


class PassedOn(Model):
    """What the senders of what is worked as a request were told last."""

    status: str
    reason: str | None = None
    to: str | None = None
    passed_on_at: AwareDatetime


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
    interval: int = 1
    """How often it was opened."""
    reopened_at: AwareDatetime | None = None
    program: str | None = None
    receiver: str | None = None
    """The program that has it, and the partner whose program that is."""
    avoid: tuple[str, ...] = ()
    """Programs that its person will not go to."""
    served: bool = False
    """Whether a visit was recorded in this interval."""
    outcome: str | None = None
    outcome_at: AwareDatetime | None = None
    closed_as: str | None = None
    moved_at: AwareDatetime | None = None
    """Since when it is asked for, had by a program, served, done or over; since it was requested, where that is None."""
    dead_since: AwareDatetime | None = None
    """A report of a death that stands, verified or not."""
    death: Literal["", "noted", "refuted", "verified"] = ""
    death_noted_at: AwareDatetime | None = None
    death_by: str = ""
    into: str | None = None
    """The request that this one is worked as, since another sender had asked for the same."""
    joined: tuple[str, ...] = ()
    """Requests that are worked as this one."""
    left: str | None = None
    left_at: AwareDatetime | None = None
    """The request that this one was worked as, and until when."""
    passed_on: PassedOn | None = None

    @property
    def is_open(self) -> bool:
        return self.status not in ("withdrawn", "closed")

    @property
    def is_placed(self) -> bool:
        """Whether need and urgency were decided, and it is not over."""
        return self.status in ("triaged", "outcome_reported")

    @property
    def allowed(self) -> tuple[str, ...]:
        """What may be asked now. Of somebody who is said to have died, only whether that is so."""
        return ("refute-death", "close-request") if self.dead_since and self.is_open else ALLOWED[self.status]


OPEN = ("close-request", "withdraw-request", "report-death")
ALLOWED = {
    "received": ("acknowledge-request", *OPEN),
    "acknowledged": ("triage-request", "ask-information", *OPEN),
    "needs_info": ("supply-information", "go-on-without", "ask-information", *OPEN),
    "triaged": OPEN,
    "outcome_reported": OPEN,
    "closed": ("reopen-request",),
    "withdrawn": (),
}
"""What may be asked of a request, by status."""
OURS = ("received", "acknowledged", "needs_info", "outcome_reported")
"""While the next step is the front door's: from triage to the outcome it is not."""
CHANGEABLE = ("service", "urgency", "reason", "sensitivity", "consent")
"""What a sender may change of a request; what is absent stands."""


def to_acknowledge(urgency: Urgency | None, requested_at: datetime, now: datetime, partner: str) -> Step:
    """Received: the desk must take it. The clock starts with the request, wherever it was until now."""
    clock = RULES.clock("acknowledge", requested_at, now=now, urgency=urgency, partner=partner)
    return _step(DESK, AcknowledgeRequest.type, clock, "received")


def to_triage(request: Request, by: str, start: datetime, now: datetime) -> Step:
    """Owed again, it warns only of what is still to come."""
    step = _step(
        by, TriageRequest.type, RULES.clock("triage", start, now=now, urgency=request.urgency, partner=request.partner), "acknowledged"
    )
    return step if start == now else step._replace(warns_at=tuple(at for at in step.warns_at or () if at > now))


def to_answer(request: Request, by: str, of: Literal["sender", "client"], now: datetime) -> Step:
    """Something is asked: it waits on the sender or the client, inside the regulatory time (of a routine referral where none is known)."""
    whole = RULES.clock("services", request.requested_at, now=now, urgency=request.urgency or "routine")
    clock = RULES.clock("information", now, now=now, within=whole, urgency=request.urgency, of=of, partner=request.partner)
    on = f"partner/{request.partner}" if of == "sender" else "client"
    return _step(by, "wait-for-information", clock, "needs_info", waiting_on=on)


def to_place(request: Request, urgency: Urgency, now: datetime) -> Step:
    """Triaged: a place must be found within the regulatory time, which counts from the request."""
    clock = RULES.clock("services", request.requested_at, now=now, urgency=urgency)
    return _step("role/coordinator", "find-place", clock, "triaged")


def to_review(start: datetime, now: datetime) -> Step:
    """Its outcome is reported: somebody reviews it and closes it."""
    clock = RULES.clock("outcome-review", start, now=now)
    return _step(COORDINATOR, "review-outcome", clock, "outcome_reported")._replace(counts_from=start)


def to_verify(request: Request, noted_at: datetime, now: datetime) -> Step:
    """A death was reported: a person finds out whether it is so. Nobody else is waited on, least of all the client."""
    owner = COORDINATOR if request.is_placed else request.taken_by or DESK
    clock = RULES.clock("verify-death", noted_at, now=now)
    allowed = request.model_copy(update={"dead_since": noted_at}).allowed
    return Step(Next(owner=owner, action="verify-death", allowed=allowed, due=clock.due_at, rule=clock.rule), noted_at, clock.warns_at)


def resumed(request: Request, now: datetime) -> Step:
    """Whoever was said to have died lives: the step goes on where it stood."""
    match request.status:
        case "received":
            return to_acknowledge(request.urgency, request.requested_at, now, request.partner)
        case "triaged":
            return to_place(request, request.urgency or "routine", now)
        case "outcome_reported":
            return to_review(request.outcome_at or now, now)
        case "withdrawn" | "closed":
            return Step(nothing_left())
    return to_triage(request, request.taken_by or DESK, request.triage_from or now, now)


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
    return Next(
        owner=step.owner, action=step.action, waiting_on=waiting_on, due=step.due, rule=step.rule, allowed=request.allowed
    )  # fmt: skip


def unless_allowed(state: Request | None, command: str) -> Refused | None:
    """Illegal moves are refused, with the legal ones."""
    if state is None:
        return Refused((UNKNOWN,))
    return None if command in state.allowed else Refused((NOT_NOW,), state.allowed)


def nothing_left() -> Next:
    return Next(owner=DESK, action="none")
