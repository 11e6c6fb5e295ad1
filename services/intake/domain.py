"""What intake decides. Pure: message, state and time go in, facts come out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts import clocks
from contracts.assignment import (
    NoProgramAvailable,
    PlacementAccepted,
    PlacementEnded,
    PlacementOffered,
    PlacementWaitlisted,
    PlacementWithheld,
)
from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.endings import ClusterLearned, RecordDeathNoted, RecordDeathRefuted, RecordDeathVerified
from contracts.follow_up import CareMissed, CareScheduled, CareStarted, CareUnscheduled, OutcomeReported
from contracts.intake import ExchangeOpened, PartnerRegistered, PayerResponseReceived, RequestAcknowledged, RequestTriaged
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
    kind_of,
)
from contracts.partners import (
    AuthorizationAnswered,
    ContactReported,
    DeathTold,
    ReferralAmended,
    ReferralRequested,
    ReferralWithdrawn,
    StayReported,
)
from contracts.plans import PlanDeathReported, SuppressionEnded
from services.intake import (
    answers,
    asking,
    closing,
    clusters,
    consenting,
    consents,
    contacts,
    deaths,
    disclosing,
    exchanges,
    lateness,
    records,
    referrals,
    requests,
    stays,
    submissions,
)
from services.intake.commands import (
    AcknowledgeRequest,
    AskInformation,
    CloseRequest,
    EnterContact,
    EnterReferral,
    GoOnWithout,
    LogConsentAttempt,
    RecordConsent,
    RecordEmergency,
    RefuteDeath,
    RegisterPartner,
    ReopenRequest,
    ReportDeath,
    RevokeConsent,
    SupplyInformation,
    TriageRequest,
    UnlinkRecord,
    WaiveConsent,
    WithdrawRequest,
)
from services.intake.records import Named, Record
from services.intake.referrals import record_of, request_of, sender
from services.intake.requests import Request

UNPLACEABLE = Reason("TL-5105", "", "this service does not hear that")


class Partner(State):
    """An organisation that may publish, and the kind of agreement it does so under."""

    name: str
    agreement: str


STATES: dict[str, type[State]] = {
    "request": Request, "record": Record, "partner": Partner, "exchange": exchanges.Exchange, "contact": contacts.Contact,
    "stay": stays.Stay, "cluster": clusters.Cluster,
    "consent": consents.Consent,
}  # fmt: skip


def route(message: Message, blind: Blind) -> Route:
    """The request by (partner, its own reference); the record by claims; a person's command by the item it is about."""
    data = message.data
    match data:
        case ReferralRequested() | EnterReferral():
            partner = sender(message)
            named = Named(partner, data.person, data.reference, blind)
            known = record_of(partner, data.reference, blind)
            request = request_of(partner, data.reference, blind)
            return Route((request, named.record, *_consent_of(request, data)), (*named.claims, known))
        case ContactReported() | EnterContact():
            return contacts.route(sender(message), data, blind)
        case StayReported():
            return stays.route(sender(message), data, blind)
        case DeathTold():
            return deaths.route(sender(message), data, blind)
        case ReferralAmended():
            partner = sender(message)
            request = request_of(partner, data.reference, blind)
            writes = (request, *_consent_of(request, data))
            if not data.person:
                return Route(writes)
            named = Named(partner, data.person, data.reference, blind)
            return Route(writes, (*named.claims, record_of(partner, data.reference, blind)))
        case ReferralWithdrawn():
            return Route(_with_consent(request_of(sender(message), data.reference, blind)))
        case AuthorizationSubmitted():
            return Route((exchanges.exchange_of(data.reference, blind), consents.consent_of(message.subject)), references=(data.record,))
        case DecisionInquired():
            return Route((exchanges.exchange_of(data.reference, blind), consents.consent_of(message.subject)))
        case AuthorizationAnswered():
            return Route((exchanges.exchange_of(data.reference, blind),))
        case PlanDeathReported(record=str(record)):
            return Route((*_with_consent(followed(message.subject)), record))
        case DeadlinePassed(name=deaths.TELL):
            return Route((*_with_consent(message.subject), *_with_consent(data.about)))
        case DeadlinePassed() if kind_of(message.subject) == "request":
            return Route((message.subject,))
        case _ if type(data) in HEARS:
            return Route(_with_consent(followed(message.subject)))
    return Route(_with_consent(message.subject))


def _with_consent(subject: str) -> tuple[str, ...]:
    """A request and its consent, whichever of them was named."""
    kind, _, rest = subject.partition("/")
    return (f"request/{rest}", f"consent/{rest}") if kind in ("request", "consent") else (subject,)


def _consent_of(request: str, data: ReferralRequested | EnterReferral | ReferralAmended) -> tuple[str, ...]:
    """Where a sender says anything of label or consent."""
    return (consents.consent_of(request),) if data.sensitivity or data.consent or data.consent_ended else ()


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask is decided at the door; whether it makes sense is decided here."""
    decision = DECISIONS[type(message.data)](message, world, now)
    if isinstance(decision, Early | Refused):
        return decision
    return disclosing.gated(_labelled(decision, message, world), message, world, now)


def _labelled(facts: Sequence[Fact], message: Message, world: World) -> Sequence[Fact]:
    """The label of a 42 CFR Part 2 referral is on everything that is said because of it, by whatever it was caused."""
    about = next((fact.subject for fact in facts if kind_of(fact.subject) in ("request", "consent")), message.subject)
    known = [message.data, message, world[followed(about)], *(world[fact.subject] for fact in facts)]
    label, consent = (next((value for of in known if (value := getattr(of, name, ""))), "") for name in ("sensitivity", "consent"))
    if world[consents.consent_of(about)] is not None:
        consent = disclosing.after(facts, about, world).consent
    return [replace(fact, sensitivity=label, consent=consent or "") for fact in facts] if label or consent else facts


def _contacted(message: Message, world: World, now: datetime) -> Decision:
    partner, data = sender(message), message.data
    facts = contacts.contacted(partner, data, world, now)
    contact = contacts.contact_of(partner, data.reference, world.blind)
    return [*facts, *referrals.answered(message, answers.received(contact, partner, message, duplicate=not facts))]


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
    return [Fact(request, said), *answers.of_request(request, state, "triaged")]


def _withdrawn_by_hand(message: Message, world: World, now: datetime) -> Decision:
    state = world[message.subject]
    return requests.unless_allowed(state, WithdrawRequest.type) or referrals.withdraw(message.subject, state, message.data.reason, now)


FOLLOWED: dict[type[Any], str] = {
    PlacementOffered: "offered",
    PlacementAccepted: "accepted",
    PlacementWaitlisted: "waitlisted",
    NoProgramAvailable: "unplaced",
    PlacementWithheld: "withheld",
    CareScheduled: "scheduled",
    CareUnscheduled: "unscheduled",
    CareMissed: "missed",
    CareStarted: "started",
    OutcomeReported: "outcome",
}
"""What assignment and follow_up say, and what that is to the sender."""
DEATHS = (PlanDeathReported, SuppressionEnded)
HEARS: tuple[type[Event], ...] = (*FOLLOWED, PlacementEnded, *DEATHS, AuthorizationSubmitted, DecisionInquired)


def followed(subject: str) -> str:
    """`placement/0190…`, `care/0190…`, `plan/0190…` and `consent/0190…` are of `request/0190…`."""
    return f"request/{subject.partition('/')[2]}"


def _followed(message: Message, world: World, now: datetime) -> Decision:
    """What became of it: told to the sender. Its first visit is evidence, and the last word hands it back to us."""
    request, data = followed(message.subject), message.data
    state: Request | None = world[request]
    if state is None:
        return Early(request)
    if not state.is_open:
        return []
    ours = closing.served(request, state, message) if isinstance(data, CareStarted) else []
    if isinstance(data, OutcomeReported | PlacementEnded):
        ours = closing.outcome(request, state, message, now)
    if (told := FOLLOWED.get(type(data))) is None:
        return ours
    return [*ours, *answers.of_request(request, state, told, data.outcome if isinstance(data, OutcomeReported) else None)]


def _passed(message: Message, world: World, now: datetime) -> Decision:
    if message.data.name == deaths.TELL:
        return deaths.told(message, world, now)
    clock = consents.passed if kind_of(message.subject) == "consent" else lateness.passed
    return clock(message, world, now)


def _died(message: Message, world: World, now: datetime) -> Decision:
    return deaths.heard(followed(message.subject), world, message, now)


def _registered(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    name, agreement = message.data.name, message.data.agreement
    known: Partner | None = world[message.subject]
    same = known is not None and (known.name, known.agreement) == (name, agreement)
    return [] if same else [Fact(message.subject, PartnerRegistered(name=name, agreement=agreement))]


def _payer_answered(message: Message, world: World, now: datetime) -> Decision:
    return exchanges.answered(message, sender(message), world)


def _stay_reported(message: Message, world: World, now: datetime) -> Decision:
    return stays.reported(message, sender(message), world, now)


def _death_reported(message: Message, world: World, now: datetime) -> Decision:
    return deaths.by_partner(message, sender(message), world, now)


DECISIONS: dict[type[Any], Callable[[Message, World, datetime], Decision]] = {
    ReferralRequested: referrals.requested,
    EnterReferral: referrals.requested,
    ContactReported: _contacted,
    EnterContact: _contacted,
    StayReported: _stay_reported,
    DeathTold: _death_reported,
    ReferralAmended: referrals.amended,
    ReferralWithdrawn: referrals.withdrawn,
    AcknowledgeRequest: _acknowledged,
    AskInformation: asking.ask,
    SupplyInformation: asking.supplied,
    GoOnWithout: asking.go_on,
    TriageRequest: _triaged,
    WithdrawRequest: _withdrawn_by_hand,
    CloseRequest: closing.close,
    ReopenRequest: closing.reopen,
    ReportDeath: deaths.report,
    RefuteDeath: deaths.refute,
    UnlinkRecord: deaths.unlink,
    **dict.fromkeys((RecordConsent, RevokeConsent, LogConsentAttempt, RecordEmergency, WaiveConsent), consenting.command),
    RegisterPartner: _registered,
    AuthorizationSubmitted: exchanges.opened,
    DecisionInquired: exchanges.inquired,
    AuthorizationAnswered: _payer_answered,
    **dict.fromkeys((*FOLLOWED, PlacementEnded), _followed),
    **dict.fromkeys(DEATHS, _died),
    DeadlinePassed: _passed,
}


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    if isinstance(fact, PartnerRegistered):
        return Partner(name=fact.name, agreement=fact.agreement)
    if isinstance(fact, ExchangeOpened | PayerResponseReceived | submissions.Sealed):
        return exchanges.evolve(state, fact)
    if fact.type.startswith("contact."):
        return contacts.evolve(state, fact)
    if fact.type.startswith("stay."):
        return stays.evolve(state, fact)
    if fact.type.startswith("consent."):
        return consents.evolve(state, fact)
    if isinstance(fact, RecordDeathNoted | RecordDeathVerified | RecordDeathRefuted):
        return deaths.evolve(state, fact) if state else None
    if isinstance(fact, ClusterLearned):
        return clusters.evolve(state, fact)
    return records.evolve(state, fact) if fact.type.startswith("record.") else requests.evolve(state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """The time of the step that a request owes; and whoever is to be told of a death."""
    match state:
        case Request():
            return (*clocks.deadlines(state.owed), *deaths.deadlines(state, (state.record,)))
        case consents.Consent():
            return tuple(consents.deadlines(state))
        case Record():
            return (*deaths.deadlines(state, state.requests), *clusters.of_record(state))
        case clusters.Cluster():
            return tuple(clusters.of_cluster(state))
    return ()
