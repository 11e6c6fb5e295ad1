"""Appointments and visits that programs tell of. Whose plan they count in, and what follows for the person, is follow-up's to decide.

One partner's words come in the order in which it published them, so the last one stands: a booking that was called off and is told again
is booked again, and only the repetition of the last word is nothing new.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from contracts.kernel import Blind, Change, Decision, Message, Reason, Refused, Route, World
from contracts.partners import VisitDetails, VisitReported
from contracts.visits import VisitReceived
from services.intake import answers, numbered, records
from services.intake.numbered import Known, Numbered
from services.intake.referrals import record_of, request_of

NO_INSTANT = Reason("TL-5151", "/starts_at", "say when it begins or began")
NOT_YET = Reason("TL-5152", "/starts_at", "this lies in the future; tell it once it has happened")
NOBODY = Reason("TL-5153", "/person", "say whose visit it is, or name a referral that you sent")
UNKNOWN_VISIT = Reason("TL-5154", "/reference", "no visit is known by this number; tell when it was to begin, and whose it was")
UNKNOWN_REFERRAL = Reason("TL-5155", "/referral", "you sent no referral by this number; the visit was taken for the person named")
OTHER_RECORD = Reason("TL-5156", "/referral", "that referral is for another record; the visit was taken for the person named")
HAPPENED = ("attended", "missed")
"""Somebody may arrive before a visit begins; that they came, or did not, is known once it has begun."""
CALLED_OFF = ("cancelled", "entered-in-error")
CONTENT = ("step", "starts_at", "at", "person", "referral", "program", "kind", "channel", "by", "reason")
"""What makes two words about a visit the same."""


class Visit(Known):
    """One visit as the front door knows it."""


def _numbered(partner: str, data: VisitReported, blind: Blind) -> Numbered:
    return Numbered("visit", partner, data.reference, data.person, blind)


def route(partner: str, data: VisitReported, blind: Blind) -> Route:
    """The visit by its program's number, the record by claims; the referral is only looked at."""
    visit = _numbered(partner, data, blind)
    if data.referral is None:
        return visit.route()
    return visit.route((record_of(partner, data.referral, blind),), (request_of(partner, data.referral, blind),))


def reported(message: Message, partner: str, world: World, now: datetime) -> Decision:
    """A new word about a visit, or the last one again."""
    data: VisitReported = message.data
    visit = _numbered(partner, data, world.blind)
    state: Visit | None = world[visit.subject]
    referred = world.held.get(record_of(partner, data.referral, world.blind)) if data.referral else None
    if reason := _unusable(data, state, referred, now):
        return Refused((reason,))
    content = visit.content(data, CONTENT)
    if state and content == state.contents[-1]:
        return [answers.received(visit.subject, partner, message, duplicate=True)]
    record, learnt = visit.whose(state.record if state else referred if not visit.named.own else None, world, now)
    request = request_of(partner, data.referral, world.blind) if data.referral and record == referred else None
    said = VisitReceived(
        record=record, person=records.person_of(record, learnt, world), partner=partner, reference=data.reference, content=content,
        request=request, **{name: getattr(data, name) for name in (*VisitDetails.model_fields, "consent")},
    )  # fmt: skip
    noted = replace(message, notes=(*message.notes, *_about_referral(data, referred, record)))
    return [visit.said(said, state, record), *learnt, answers.received(visit.subject, partner, noted)]


def _unusable(data: VisitReported, state: Visit | None, referred: str | None, now: datetime) -> Reason | None:
    if data.step in CALLED_OFF and state is None and data.starts_at is None:
        return UNKNOWN_VISIT
    if data.starts_at is None and data.step not in CALLED_OFF:
        return NO_INSTANT
    happened_at = data.at or (data.starts_at if data.step in HAPPENED else None)
    if happened_at and happened_at > now:
        return NOT_YET
    return NOBODY if state is None and data.person is None and referred is None else None


def _about_referral(data: VisitReported, referred: str | None, record: str) -> Iterator[Reason]:
    """A referral that is not known, or not of this person, costs nothing but itself: the visit is the person's all the same."""
    if data.referral and record != referred:
        yield OTHER_RECORD if referred else UNKNOWN_REFERRAL


def evolve(state: Visit | None, fact: Change) -> Visit | None:
    """What is known of the visit."""
    return Visit(**numbered.known(state, fact)) if isinstance(fact, VisitReceived) else state
