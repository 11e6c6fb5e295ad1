"""Which aggregates a message may change, whom it must find first, and what it only looks at."""

from dataclasses import replace

from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.kernel import Blind, DeadlinePassed, Message, Route, kind_of
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
from contracts.plans import PlanDeathReported
from services.intake import (
    barriers,
    consents,
    contacts,
    correcting,
    deaths,
    exchanges,
    feeds,
    needs,
    opening,
    risk_flags,
    sharing,
    stays,
    views,
    visits,
    wishes,
)
from services.intake.commands import (
    AmendRecord,
    EnterContact,
    EnterReferral,
    FlagRisk,
    LinkRecords,
    NoteBarrier,
    OpenAccess,
    SetContactRules,
    SetPreferences,
)
from services.intake.following import HEARS, followed
from services.intake.records import Named
from services.intake.referrals import record_of, request_of, sender

BESIDE = ("request", "consent", "view")
"""Kinds of aggregates that are of one referral, under one id."""
TELLS = (deaths.TELL, sharing.SHARE, wishes.AVOID, *needs.DEADLINES)
"""Deadlines by which one of our aggregates tells another something, at once."""


def route(message: Message, blind: Blind) -> Route:
    """What a message is about; and where a partner sent it, the partner's feed."""
    found = _about(message, blind)
    return replace(found, writes=(*found.writes, *beside)) if (beside := feeds.beside(message)) else found


def _about(message: Message, blind: Blind) -> Route:
    """The request by (partner, its own reference); the record by claims; a person's command by the item it is about."""
    data = message.data
    match data:
        case ReferralRequested() | EnterReferral():
            partner = sender(message)
            named = Named(partner, data.person, data.reference, blind)
            known = record_of(partner, data.reference, blind)
            request = request_of(partner, data.reference, blind)
            claims = (*named.claims, *needs.claims(data, blind), known)
            return Route((request, named.record, views.view_of(request), *_consent_of(request, data)), claims)
        case ContactReported() | EnterContact():
            return contacts.route(sender(message), data, blind)
        case StayReported():
            return stays.route(sender(message), data, blind)
        case VisitReported():
            return visits.route(sender(message), data, blind)
        case DeathTold():
            return deaths.route(sender(message), data, blind)
        case ReferralAmended():
            partner = sender(message)
            request = request_of(partner, data.reference, blind)
            writes = (request, views.view_of(request), *_consent_of(request, data))
            if not data.person:
                return Route(writes, (record_of(partner, data.reference, blind),) if data.sensitivity else ())
            named = Named(partner, data.person, data.reference, blind)
            return Route(writes, (*named.claims, record_of(partner, data.reference, blind)))
        case ReferralWithdrawn() | ReferralStatusReported():
            own, given = views.named(sender(message), data.reference, blind)
            return Route((*_with_beside(own), *_with_beside(given)))
        case AuthorizationSubmitted():
            return Route((exchanges.exchange_of(data.reference, blind), consents.consent_of(message.subject)), references=(data.record,))
        case DecisionInquired():
            return Route((exchanges.exchange_of(data.reference, blind), consents.consent_of(message.subject)))
        case AuthorizationAnswered():
            return Route((exchanges.exchange_of(data.reference, blind),))
        case AmendRecord() | SetContactRules() | SetPreferences():
            return correcting.route(message, blind)
        case NoteBarrier():
            return barriers.route(message.subject, data)
        case FlagRisk():
            return risk_flags.route(message.subject, data)
        case LinkRecords():
            return Route((message.subject,), references=(data.other,))
        case OpenAccess():
            return Route((message.subject,), references=(opening.record_of(message.subject),))
        case PlanDeathReported(record=str(record)):
            return Route((*_with_beside(followed(message.subject)), record))
        case DeadlinePassed(name=name) if name in TELLS:
            return Route((*_with_beside(message.subject), *_with_beside(data.about)))
        case DeadlinePassed() if kind_of(message.subject) == "request":
            return Route((message.subject,))
        case _ if type(data) in HEARS:
            return Route(_with_beside(followed(message.subject)))
    return Route(_with_beside(message.subject))


def _with_beside(subject: str) -> tuple[str, ...]:
    """A request, its consent and its views, whichever of them was named."""
    kind, _, rest = subject.partition("/")
    return tuple(f"{one}/{rest}" for one in BESIDE) if kind in BESIDE else (subject,)


def _consent_of(request: str, data: ReferralRequested | EnterReferral | ReferralAmended) -> tuple[str, ...]:
    """Where a sender says anything of label or consent."""
    return (consents.consent_of(request),) if data.sensitivity or data.consent or data.consent_ended else ()
