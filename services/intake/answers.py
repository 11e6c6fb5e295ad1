"""What partners are told, on their own topic and in their own words: FHIR Task status and BSeR business status."""

from collections.abc import Sequence
from datetime import datetime

from contracts.answers import (
    ReferralAcknowledged,
    ReferralInformationRequested,
    ReferralReceived,
    ReferralReturned,
    ReferralStatusChanged,
    ToPartner,
)
from contracts.catalogue import PARTNER_IN, PARTNER_OUT
from contracts.kernel import Event, Fact, Message, Reason
from contracts.needs import RequestStatusPassedOn
from contracts.partners import BusinessStatus, TaskStatus
from contracts.upkeep import Issue, Origin
from services.intake.requests import Request

STATUS: dict[str, tuple[TaskStatus, BusinessStatus]] = {
    "acknowledged": ("received", "2.0"),
    "triaged": ("in-progress", "2.0"),
    "offered": ("in-progress", "2.0"),
    "contacting": ("in-progress", "2.0"),
    "accepted": ("accepted", "3.0"),
    "unplaced": ("on-hold", "2.0"),
    "withheld": ("on-hold", "2.0"),
    "waitlisted": ("on-hold", "2.0"),
    "scheduled": ("in-progress", "5.1.1"),
    "missed": ("in-progress", "5.1.2"),
    "unscheduled": ("in-progress", "5.1.3"),
    "started": ("in-progress", "5.1.4"),
    "outcome": ("completed", "7.0"),
    "withdrawn": ("cancelled", "6.0"),
    "closed-verified": ("completed", "7.0"),
    "closed-asserted": ("completed", "7.0"),
    "closed-unmet": ("failed", "7.0"),
    "closed-redirected": ("cancelled", "6.0"),
    "closed-cancelled": ("cancelled", "6.0"),
    "closed-entered-in-error": ("entered-in-error", "6.0"),
    "closed-died": ("cancelled", "6.0"),
    "reopened": ("in-progress", "2.0"),
}
"""Our state to FHIR `Task.status` and BSeR 2.0 business status."""
TAKEN = "taken"
"""A person took it: told by an event of its own."""


def told(request: str, partner: str, reference: str, said: Event) -> Fact:
    """One answer, of this request, keyed by the partner's own reference."""
    return Fact(request, said, topic=PARTNER_OUT + partner, key=reference)


def received(request: str, partner: str, message: Message, *, duplicate: bool = False) -> Fact:
    """A machine has it; what was wrong with it and taken all the same is told."""
    reference = message.data.reference
    said = ReferralReceived(reference=reference, outcome="duplicate" if duplicate else "event", issues=_issues(message.notes))
    return told(request, partner, reference, said)


def acknowledged(request: str, partner: str, reference: str, at: datetime) -> Fact:
    return told(request, partner, reference, ReferralAcknowledged(reference=reference, acknowledged_at=at))


def lacking(request: str, partner: str, reference: str, items: tuple[str, ...], before: datetime) -> Fact:
    """What we need of the sender, item by item."""
    return told(request, partner, reference, ReferralInformationRequested(reference=reference, items=items, answer_before=before))


def status(request: str, partner: str, reference: str, state: str, reason: str | None = None, to: str | None = None) -> Fact:
    task, business = STATUS[state]
    said = ReferralStatusChanged(reference=reference, task_status=task, business_status=business, reason=reason, to=to)
    return told(request, partner, reference, said)


def state_of(said: ReferralStatusChanged) -> str:
    """A state that is told in these words."""
    return next(state for state, words in STATUS.items() if words == (said.task_status, said.business_status))


def of_request(request: str, state: Request, now: datetime, said: str, reason: str | None = None, to: str | None = None) -> list[Fact]:
    """The sender's view moves with ours, and that of whoever asked for the same; what is of neither is answered on no topic."""
    beside = [Fact(request, RequestStatusPassedOn(status=said, reason=reason, to=to, passed_on_at=now))] if state.joined else []
    return [*own(request, state, now, said, reason, to), *beside]


def own(request: str, state: Request, at: datetime, said: str, reason: str | None = None, to: str | None = None) -> list[Fact]:
    """To its own sender. A referral that a person entered for nobody in particular has no topic to answer on."""
    if state.channel != "partner":
        return []
    if said == TAKEN:
        return [acknowledged(request, state.partner, state.reference, at)]
    return [status(request, state.partner, state.reference, said, reason, to)]


def of_entry(message: Message, origin: Origin, reference: str | None, verdict: str, reasons: Sequence[Reason]) -> Sequence[Fact]:
    """An entry that became no event: returned with itemised reasons, or held because one of us must look."""
    partner = message.topic.removeprefix(PARTNER_IN)
    issues = _issues(reasons)
    said: ToPartner = ReferralReturned(reference=reference, offset=origin.offset, entry=origin.entry, issues=issues)
    if verdict == "quarantine":
        said = ReferralReceived(reference=reference, offset=origin.offset, entry=origin.entry, outcome="quarantine", issues=issues)
    return (Fact("", said, topic=PARTNER_OUT + partner, key=reference or str(origin.offset)),)


def _issues(reasons: Sequence[Reason]) -> tuple[Issue, ...]:
    return tuple(Issue(code=reason.code, pointer=reason.pointer, fix=reason.fix) for reason in reasons)
