"""What intake decides. Pure: message, state and time go in, facts come out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts import clocks
from contracts.assignment import NoProgramAvailable, PlacementAccepted, PlacementOffered, PlacementWaitlisted
from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.catalogue import PARTNER_IN
from contracts.follow_up import CareMissed, CareScheduled, CareStarted, CareUnscheduled, OutcomeReported
from contracts.intake import (
    ExchangeOpened,
    PartnerRegistered,
    PayerResponseReceived,
    RequestAcknowledged,
    RequestAmended,
    RequestReceived,
    RequestTriaged,
    RequestWithdrawn,
)
from contracts.kernel import (
    Blind,
    Change,
    Deadline,
    DeadlinePassed,
    Decision,
    Early,
    Event,
    Fact,
    Message,
    Reason,
    Refused,
    Route,
    State,
    World,
)
from contracts.partners import (
    AuthorizationAnswered,
    ContactReported,
    PersonDetails,
    ReferralAmended,
    ReferralRequested,
    ReferralWithdrawn,
)
from services.intake import answers, asking, contacts, exchanges, lateness, records, requests, submissions
from services.intake.commands import (
    AcknowledgeRequest,
    AskInformation,
    EnterContact,
    EnterReferral,
    GoOnWithout,
    RegisterPartner,
    SupplyInformation,
    TriageRequest,
    WithdrawRequest,
)
from services.intake.records import Named, Record
from services.intake.requests import Request

CONTENT = ("service", "urgency", "reason", "person", "requested_at", "sensitivity", "consent")
"""What makes two requests under one number the same."""
UNKNOWN_REFERENCE = Reason("TL-5101", "/reference", "send referral.requested.v1 for this reference first")
ENDED = Reason("TL-5102", "/reference", "the referral was withdrawn; send a new one under a new reference")
UNPLACEABLE = Reason("TL-5105", "", "this service does not hear that")


class Partner(State):
    """An organisation that may publish, and the kind of agreement it does so under."""

    name: str
    agreement: str


STATES: dict[str, type[State]] = {
    "request": Request, "record": Record, "partner": Partner, "exchange": exchanges.Exchange, "contact": contacts.Contact,
}  # fmt: skip


def sender(message: Message) -> str:
    """The partner a message is from: its topic says so, or the person who enters it for the partner."""
    return message.data.partner if isinstance(message.data, EnterReferral | EnterContact) else message.topic.removeprefix(PARTNER_IN)


def route(message: Message, blind: Blind) -> Route:
    """The request by (partner, its own reference); the record by claims; a person's command by the item it is about."""
    data = message.data
    match data:
        case ReferralRequested() | EnterReferral():
            partner = sender(message)
            named = Named(partner, data.person, data.reference, blind)
            known = record_of(partner, data.reference, blind)
            return Route((request_of(partner, data.reference, blind), named.record), (*named.claims, known))
        case ContactReported() | EnterContact():
            return contacts.route(sender(message), data, blind)
        case ReferralAmended():
            partner = sender(message)
            request = request_of(partner, data.reference, blind)
            if not data.person:
                return Route((request,))
            named = Named(partner, data.person, data.reference, blind)
            return Route((request,), (*named.claims, record_of(partner, data.reference, blind)))
        case ReferralWithdrawn():
            return Route((request_of(sender(message), data.reference, blind),))
        case AuthorizationSubmitted():
            return Route((exchanges.exchange_of(data.reference, blind),), references=(data.record,))
        case DecisionInquired() | AuthorizationAnswered():
            return Route((exchanges.exchange_of(data.reference, blind),))
        case _ if type(data) in FOLLOWED:
            return Route((followed(message.subject),))
    return Route((message.subject,))


def request_of(partner: str, reference: str, blind: Blind) -> str:
    """The pair (partner, reference) is one referral, whoever repeats it."""
    return "request/" + blind("request", partner, reference)


def record_of(partner: str, reference: str, blind: Blind) -> str:
    """The claim by which a later message of the same referral finds the person's record."""
    return blind("record-of", partner, reference)


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask is decided at the door; whether it makes sense is decided here."""
    decision = DECISIONS[type(message.data)](message, world, now)
    return decision if isinstance(decision, Early | Refused) else _labelled(decision, message, world)


def _labelled(facts: Sequence[Fact], message: Message, world: World) -> Sequence[Fact]:
    """The label of a 42 CFR Part 2 referral is on everything that is said because of it, by whatever it was caused."""
    known = [message.data, message, *(world[fact.subject] for fact in facts)]
    label, consent = (next((value for of in known if (value := getattr(of, name, ""))), "") for name in ("sensitivity", "consent"))
    return [replace(fact, sensitivity=label, consent=consent or "") for fact in facts] if label or consent else facts


def _requested(message: Message, world: World, now: datetime) -> Decision:
    """A new referral; or one that we have: the same content is the same fact, other content under the same number amends it."""
    data, partner = message.data, sender(message)
    request, content = request_of(partner, data.reference, world.blind), _content(data, world.blind)
    state: Request | None = world[request]
    if state is not None and state.status == "withdrawn" and state.content != content:
        return Refused((ENDED,))
    if state is not None and state.content == content:
        return _answer(message, answers.received(request, partner, message, duplicate=True))
    if state is not None:
        return [*_changes(request, state, message, world, now, content), *_answer(message, answers.received(request, partner, message))]
    record, learnt = records.met(partner, data.person, Named(partner, data.person, data.reference, world.blind), world)
    step = requests.to_acknowledge(data.urgency, data.requested_at, now)
    said = RequestReceived(
        record=record, partner=partner, reference=data.reference, requested_at=data.requested_at, service=data.service,
        urgency=data.urgency, reason=data.reason, sender=data.sender, sensitivity=data.sensitivity, consent=data.consent,
        content=content, channel=getattr(data, "channel", "partner"), **step._asdict(),
    )  # fmt: skip
    claim = (record_of(partner, data.reference, world.blind),)
    fact = Fact(request, said, claims=claim, holder=record, at=data.requested_at)
    return [fact, *learnt, *_answer(message, answers.received(request, partner, message))]


def _content(data: Any, blind: Blind) -> str:
    """A blind digest of what was said: nobody can read it back, and the same words give the same digest."""
    return blind("content", repr([(name, records.readable(getattr(data, name))) for name in CONTENT if getattr(data, name) is not None]))


def _answer(message: Message, fact: Fact) -> list[Fact]:
    """Partners are answered on their topic; people who enter a referral are answered over HTTP."""
    return [] if isinstance(message.data, EnterReferral | EnterContact) else [fact]


def _amended(message: Message, world: World, now: datetime) -> Decision:
    data, partner = message.data, sender(message)
    request = request_of(partner, data.reference, world.blind)
    state: Request | None = world[request]
    if state is None or state.status == "withdrawn":
        return _unless_open(state) or []
    return [*_changes(request, state, message, world, now), answers.received(request, partner, message)]


def _contacted(message: Message, world: World, now: datetime) -> Decision:
    partner, data = sender(message), message.data
    facts = contacts.contacted(partner, data, world, now)
    contact = contacts.contact_of(partner, data.reference, world.blind)
    return [*facts, *_answer(message, answers.received(contact, partner, message, duplicate=not facts))]


def _changes(request: str, state: Request, message: Message, world: World, now: datetime, content: str = "") -> list[Fact]:
    """What a sender told us anew of a referral that we have. What is absent stands."""
    data, facts = message.data, list[Fact]()
    if data.person and data.person != PersonDetails():
        named = Named(state.partner, data.person, data.reference, world.blind)
        facts += records.told(state.record, world[state.record], data.person, named)
    changed = {name: value for name in requests.CHANGEABLE if (value := getattr(data, name))}
    if content or changed:
        told = {"record": state.record, "content": content, **changed}
        said = RequestAmended(**told, **_still(state, data, now))
        facts = [Fact(request, said, at=getattr(data, "amended_at", None)), *lateness.taken_back(request, state, said, now), *facts]
    if facts and state.asked == "sender":
        facts += asking.came(request, state, f"partner/{state.partner}", now)
    return facts


def _still(state: Request, data: Any, now: datetime) -> dict[str, Any]:
    """An edit resets nothing. While the desk has not taken it, another urgency has another clock, from the request as before."""
    if state.status != "received" or data.urgency in (None, state.urgency):
        return {"next": requests.still(state)}
    return requests.to_acknowledge(data.urgency, state.requested_at, now)._asdict()


def _unless_open(state: Request | None) -> Refused | None:
    if state is None:
        return Refused((UNKNOWN_REFERENCE,))
    return Refused((ENDED,)) if state.status == "withdrawn" else None


def _withdrawn_by_sender(message: Message, world: World, now: datetime) -> Decision:
    data, partner = message.data, sender(message)
    request = request_of(partner, data.reference, world.blind)
    if refused := _unless_open(world[request]):
        return refused
    return [*_withdraw(request, world[request], data.reason, data.withdrawn_at), answers.received(request, partner, message)]


def _withdraw(request: str, state: Request, reason: str, at: datetime | None) -> list[Fact]:
    said = RequestWithdrawn(reason=reason, next=requests.nothing_left())
    return [Fact(request, said, at=at), *_status(request, state, "withdrawn", reason)]


def _status(request: str, state: Request, status: str, reason: str | None = None) -> list[Fact]:
    """The sender's view moves with ours; a referral that a person entered for nobody in particular has no topic to answer on."""
    return [answers.status(request, state.partner, state.reference, status, reason)] if state.channel == "partner" else []


def _acknowledged(message: Message, world: World, now: datetime) -> Decision:
    request, state = message.subject, world[message.subject]
    if refused := requests.unless_allowed(state, AcknowledgeRequest.type):
        return refused
    said = RequestAcknowledged(by=message.actor.id, **requests.to_triage(state, message.actor.id, now, now)._asdict())
    told = [answers.acknowledged(request, state.partner, state.reference, now)] if state.channel == "partner" else []
    return [Fact(request, said), *told]


def _triaged(message: Message, world: World, now: datetime) -> Decision:
    request, state, data = message.subject, world[message.subject], message.data
    if refused := requests.unless_allowed(state, TriageRequest.type):
        return refused
    step = requests.to_place(state, data.urgency, now)._asdict()
    said = RequestTriaged(by=message.actor.id, urgency=data.urgency, service=data.service, **step)
    return [Fact(request, said), *_status(request, state, "triaged")]


def _withdrawn_by_hand(message: Message, world: World, now: datetime) -> Decision:
    state = world[message.subject]
    return requests.unless_allowed(state, WithdrawRequest.type) or _withdraw(message.subject, state, message.data.reason, now)


FOLLOWED: dict[type[Any], str] = {
    PlacementOffered: "offered",
    PlacementAccepted: "accepted",
    PlacementWaitlisted: "waitlisted",
    NoProgramAvailable: "unplaced",
    CareScheduled: "scheduled",
    CareUnscheduled: "unscheduled",
    CareMissed: "missed",
    CareStarted: "started",
    OutcomeReported: "outcome",
}
"""What assignment and follow_up say, and what that is to the sender."""
HEARS: tuple[type[Event], ...] = (*FOLLOWED, AuthorizationSubmitted, DecisionInquired)


def followed(subject: str) -> str:
    """`placement/0190…` and `care/0190…` are of `request/0190…`."""
    return f"request/{subject.partition('/')[2]}"


def _followed(message: Message, world: World, now: datetime) -> Decision:
    """What became of it, told to the sender. Our own state does not move: placement and care are not ours."""
    request = followed(message.subject)
    state: Request | None = world[request]
    if state is None:
        return Early(request)
    if state.status == "withdrawn":
        return []
    reason = message.data.outcome if isinstance(message.data, OutcomeReported) else None
    return _status(request, state, FOLLOWED[type(message.data)], reason)


def _registered(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    name, agreement = message.data.name, message.data.agreement
    known: Partner | None = world[message.subject]
    same = known is not None and (known.name, known.agreement) == (name, agreement)
    return [] if same else [Fact(message.subject, PartnerRegistered(name=name, agreement=agreement))]


def _payer_answered(message: Message, world: World, now: datetime) -> Decision:
    return exchanges.answered(message, sender(message), world)


DECISIONS: dict[type[Any], Callable[[Message, World, datetime], Decision]] = {
    ReferralRequested: _requested,
    EnterReferral: _requested,
    ContactReported: _contacted,
    EnterContact: _contacted,
    ReferralAmended: _amended,
    ReferralWithdrawn: _withdrawn_by_sender,
    AcknowledgeRequest: _acknowledged,
    AskInformation: asking.ask,
    SupplyInformation: asking.supplied,
    GoOnWithout: asking.go_on,
    TriageRequest: _triaged,
    WithdrawRequest: _withdrawn_by_hand,
    RegisterPartner: _registered,
    AuthorizationSubmitted: exchanges.opened,
    DecisionInquired: exchanges.inquired,
    AuthorizationAnswered: _payer_answered,
    **dict.fromkeys(FOLLOWED, _followed),
    DeadlinePassed: lateness.passed,
}


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    if isinstance(fact, PartnerRegistered):
        return Partner(name=fact.name, agreement=fact.agreement)
    if isinstance(fact, ExchangeOpened | PayerResponseReceived | submissions.Sealed):
        return exchanges.evolve(state, fact)
    if fact.type.startswith("contact."):
        return contacts.evolve(state, fact)
    return records.evolve(state, fact) if fact.type.startswith("record.") else requests.evolve(state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """The time of the step that a request owes."""
    return clocks.deadlines(state.owed) if isinstance(state, Request) else ()
