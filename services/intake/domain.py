"""What intake decides. Pure: message, state and time go in, facts come out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts import clocks
from contracts.assignment import PlacementEnded
from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.consents import RecordConsentsLearned
from contracts.endings import ClusterLearned, RecordDeathNoted, RecordDeathRefuted, RecordDeathVerified
from contracts.intake import ExchangeOpened, PayerResponseReceived, RequestAcknowledged, RequestTriaged
from contracts.kernel import (
    Change,
    Deadline,
    DeadlinePassed,
    Decision,
    Early,
    Fact,
    Message,
    Refused,
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
    ReferralStatusReported,
    ReferralWithdrawn,
    StayReported,
    VisitReported,
)
from services.intake import (
    agreements,
    answers,
    asking,
    barriers,
    closing,
    clusters,
    consenting,
    consents,
    contacts,
    correcting,
    deaths,
    differing,
    disclosing,
    exchanges,
    feeds,
    following,
    history,
    identity,
    lateness,
    needs,
    opening,
    records,
    referrals,
    requests,
    risk_flags,
    routing,
    sharing,
    stays,
    submissions,
    views,
    visits,
    wishes,
)
from services.intake.commands import (
    AcknowledgeRequest,
    AmendRecord,
    AskInformation,
    CloseRequest,
    EnterContact,
    EnterReferral,
    FlagRisk,
    GoOnWithout,
    KeepApart,
    LinkRecords,
    LogConsentAttempt,
    NoteBarrier,
    OpenAccess,
    RecordConsent,
    RecordEmergency,
    RefuteDeath,
    RegisterPartner,
    ReopenRequest,
    ReportDeath,
    ResolveBarrier,
    ReviewAccess,
    ReviewRiskFlag,
    RevokeConsent,
    SetContactRules,
    SetPreferences,
    SettleViews,
    SupplyInformation,
    TriageRequest,
    UnlinkRecord,
    WaiveConsent,
    WithdrawRequest,
)
from services.intake.following import DEATHS, FOLLOWED, HEARS, followed
from services.intake.records import Record
from services.intake.referrals import sender
from services.intake.requests import Request

__all__ = ("HEARS", "STATES", "deadlines", "decide", "evolve", "route")


STATES: dict[str, type[State]] = {
    "request": Request, "record": Record, "partner": agreements.Partner, "exchange": exchanges.Exchange, "contact": contacts.Contact,
    "stay": stays.Stay, "visit": visits.Visit, "cluster": clusters.Cluster,
    "consent": consents.Consent, "access": opening.Opened, "view": views.Views, "feed": feeds.Feed,
    "barrier": barriers.Standing, "risk-flag": risk_flags.Flag,
}  # fmt: skip


route = routing.route


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask is decided at the door; whether it makes sense is decided here."""
    decision = DECISIONS[type(message.data)](message, world, now)
    if isinstance(decision, Early | Refused):
        return decision
    whole = (*decision, *views.beside(decision, world, now))
    told = disclosing.gated(_labelled(whole, message, world), message, world, now)
    return [*told, *feeds.heard(message, world, now)]


def _labelled(facts: Sequence[Fact], message: Message, world: World) -> Sequence[Fact]:
    """The label of a 42 CFR Part 2 referral is on everything that is said because of it, by whatever it was caused."""
    about = next((fact.subject for fact in facts if kind_of(fact.subject) in routing.BESIDE), message.subject)
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
    return [Fact(request, said), *answers.of_request(request, state, now, answers.TAKEN)]


def _triaged(message: Message, world: World, now: datetime) -> Decision:
    request, state, data = message.subject, world[message.subject], message.data
    if refused := requests.unless_allowed(state, TriageRequest.type):
        return refused
    step = requests.to_place(state, data.urgency, now)._asdict()
    said = RequestTriaged(
        by=message.actor.id, urgency=data.urgency, service=data.service, criteria=wishes.fitting(data.criteria, state), **step
    )
    return [Fact(request, said), *answers.of_request(request, state, now, "triaged")]


def _withdrawn_by_hand(message: Message, world: World, now: datetime) -> Decision:
    state = world[message.subject]
    refused = requests.unless_allowed(state, WithdrawRequest.type)
    return refused or referrals.withdraw(message.subject, state, message.data.reason, now, now)


def _passed(message: Message, world: World, now: datetime) -> Decision:
    if message.data.name == deaths.TELL:
        return deaths.told(message, world, now)
    if message.data.name == sharing.SHARE:
        return sharing.passed(message, world, now)
    if message.data.name == wishes.AVOID:
        return wishes.passed(message, world, now)
    if message.data.name in needs.DEADLINES:
        return needs.passed(message, world, now)
    return CLOCKS.get(kind_of(message.subject), lateness.passed)(message, world, now)


CLOCKS = {
    "record": identity.passed,
    "consent": consents.passed,
    "access": opening.passed,
    "partner": agreements.passed,
    "view": differing.passed,
    "feed": feeds.passed,
    "barrier": barriers.passed,
    "risk-flag": risk_flags.passed,
}


def _died(message: Message, world: World, now: datetime) -> Decision:
    return deaths.heard(followed(message.subject), world, message, now)


def _payer_answered(message: Message, world: World, now: datetime) -> Decision:
    return exchanges.answered(message, sender(message), world, now)


def _stay_reported(message: Message, world: World, now: datetime) -> Decision:
    return stays.reported(message, sender(message), world, now)


def _visit_reported(message: Message, world: World, now: datetime) -> Decision:
    return visits.reported(message, sender(message), world, now)


def _death_reported(message: Message, world: World, now: datetime) -> Decision:
    return deaths.by_partner(message, sender(message), world, now)


DECISIONS: dict[type[Any], Callable[[Message, World, datetime], Decision]] = {
    ReferralRequested: referrals.requested,
    EnterReferral: referrals.requested,
    ContactReported: _contacted,
    EnterContact: _contacted,
    StayReported: _stay_reported,
    VisitReported: _visit_reported,
    DeathTold: _death_reported,
    ReferralAmended: referrals.amended,
    ReferralWithdrawn: views.withdrawn,
    ReferralStatusReported: views.reported,
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
    UnlinkRecord: identity.unlink,
    LinkRecords: identity.link,
    KeepApart: identity.keep_apart,
    **dict.fromkeys((AmendRecord, SetContactRules, SetPreferences), correcting.amended),
    **dict.fromkeys((RecordConsent, RevokeConsent, LogConsentAttempt, RecordEmergency, WaiveConsent), consenting.command),
    NoteBarrier: barriers.note,
    ResolveBarrier: barriers.resolve,
    FlagRisk: risk_flags.flag,
    ReviewRiskFlag: risk_flags.review,
    OpenAccess: opening.opened,
    ReviewAccess: opening.reviewed,
    SettleViews: differing.settle,
    RegisterPartner: agreements.registered,
    AuthorizationSubmitted: exchanges.opened,
    DecisionInquired: exchanges.inquired,
    AuthorizationAnswered: _payer_answered,
    **dict.fromkeys((*FOLLOWED, PlacementEnded), following.heard),
    **dict.fromkeys(DEATHS, _died),
    DeadlinePassed: _passed,
}


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    if fact.type.startswith("partner."):
        return agreements.evolve(state, fact)
    if fact.type.startswith("barrier."):
        return barriers.evolve(state, fact)
    if fact.type.startswith("risk-flag."):
        return risk_flags.evolve(state, fact)
    if fact.type.startswith("feed."):
        return feeds.evolve(state, fact)
    if isinstance(fact, ExchangeOpened | PayerResponseReceived | submissions.Sealed):
        return exchanges.evolve(state, fact)
    if fact.type.startswith("contact."):
        return contacts.evolve(state, fact)
    if fact.type.startswith("stay."):
        return stays.evolve(state, fact)
    if fact.type.startswith("visit."):
        return visits.evolve(state, fact)
    if fact.type.startswith("view."):
        return views.evolve(state, fact)
    if fact.type.startswith("access."):
        return opening.evolve(state, fact)
    if fact.type.startswith("consent."):
        return consents.evolve(state, fact)
    if isinstance(fact, RecordDeathNoted | RecordDeathVerified | RecordDeathRefuted):
        return deaths.evolve(state, fact) if state else None
    if isinstance(fact, ClusterLearned):
        return clusters.evolve(state, fact)
    if isinstance(fact, RecordConsentsLearned):
        return sharing.evolve(state, fact)
    return records.evolve(state, fact) if fact.type.startswith("record.") else history.evolve(state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """The time of the step that a request owes; and whoever is to be told of a death."""
    match state:
        case Request():
            return (*clocks.deadlines(state.owed), *deaths.deadlines(state, (state.record,)), *needs.deadlines(state))
        case consents.Consent():
            return (*consents.deadlines(state), *sharing.of_consent(state))
        case Record():
            told = deaths.deadlines(state, state.requests)
            at_once = (*clusters.of_record(state), *needs.of_record(state), *sharing.of_record(state), *wishes.of_record(state))
            return (*told, *at_once, *identity.deadlines(state))
        case clusters.Cluster():
            return tuple(clusters.of_cluster(state))
        case opening.Opened():
            return tuple(opening.deadlines(state))
        case views.Views():
            return tuple(differing.deadlines(state))
        case agreements.Partner():
            return tuple(agreements.deadlines(state))
        case barriers.Standing():
            return tuple(barriers.deadlines(state))
        case risk_flags.Flag():
            return tuple(risk_flags.deadlines(state))
        case feeds.Feed():
            return tuple(feeds.deadlines(state))
    return ()
