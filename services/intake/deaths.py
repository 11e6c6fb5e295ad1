"""Somebody is said to have died: every contact stops at once, for every request of the person, until somebody has verified it.

The word goes from where it was said (a request, a partner's record, a plan) to the record, from the record to its requests and to the
other records of the person (`clusters.py`), by deadlines that are due at once: durable, in any order, as often as it likes. The newest
word stands, so nothing goes round in circles.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from contracts.endings import (
    Death,
    RecordDeathNoted,
    RecordDeathRefuted,
    RecordDeathVerified,
    RequestDeathReported,
    RequestDeathRetracted,
)
from contracts.kernel import Blind, Change, Deadline, Decision, Fact, Message, Refused, Route, World, kind_of
from contracts.partners import DeathTold
from contracts.plans import PASSED_ON, PlanDeathReported, SuppressionEnded
from services.intake import answers, closing, clusters, records, requests
from services.intake.commands import CloseRequest, RefuteDeath, ReportDeath
from services.intake.records import DEAD, Named, Record
from services.intake.requests import Request

TELL = clusters.TELL
VERIFIED = CloseRequest(how="died", reason="death-verified")


def named(partner: str, data: DeathTold, blind: Blind) -> Named:
    return Named(partner, data.person, f"death/{data.reference}", blind)


def route(partner: str, data: DeathTold, blind: Blind) -> Route:
    """The record, by claims."""
    person = named(partner, data, blind)
    return Route((person.record,), person.claims)


def by_partner(message: Message, partner: str, world: World, now: datetime) -> Decision:
    """A partner's word about a person, who may not be known yet: whoever asks something for them later finds it."""
    data: DeathTold = message.data
    details = data.person.model_copy(update={"deceased": True})
    record, facts = records.met(partner, details, named(partner, data, world.blind), world, now)
    is_news = any(isinstance(fact.data, RecordDeathNoted) for fact in facts)
    return [*facts, answers.received(record, partner, message, duplicate=not is_news)]


def report(message: Message, world: World, now: datetime) -> Decision:
    subject, state = message.subject, world[message.subject]
    if kind_of(subject) == "record":
        return _of_record(subject, state, message, now)
    return requests.unless_allowed(state, message.data.type) or _reported(subject, state, message.actor.id, clusters.later(now, state), now)


def refute(message: Message, world: World, now: datetime) -> Decision:
    """Reported in error: what had stopped goes on. Of a record even a death that was verified; what it closed is for a person to reopen."""
    subject, state = message.subject, world[message.subject]
    if kind_of(subject) == "record":
        return _of_record(subject, state, message, now)
    return requests.unless_allowed(state, message.data.type) or _retracted(
        subject, state, message.actor.id, clusters.later(now, state), now
    )


def _of_record(subject: str, state: Record | None, message: Message, now: datetime) -> Decision:
    if state is None:
        return Refused((requests.UNKNOWN,))
    is_report = isinstance(message.data, ReportDeath)
    if is_report == (state.death in DEAD):
        return Refused((requests.NOT_NOW,), (RefuteDeath.type if is_report else ReportDeath.type,))
    said = RecordDeathNoted if is_report else RecordDeathRefuted
    return [Fact(subject, said(person=state.person, noted_at=clusters.later(now, state), by=message.actor.id))]


def learnt(record: str, known: Record | None, facts: Sequence[Fact]) -> Record | None:
    """The record as it is once these have happened."""
    for fact in facts:
        if fact.subject == record and isinstance(fact.data, Change):
            is_death = isinstance(fact.data, RecordDeathNoted)
            known = evolve(known, fact.data) if known and is_death else records.evolve(known, fact.data)
    return known


def heard(request: str, world: World, message: Message, now: datetime) -> Decision:
    """Of a plan, which knows of no other request. What it only passes on was said elsewhere, and comes here from there."""
    data: PlanDeathReported | SuppressionEnded = message.data
    state: Request | None = world[request]
    if data.passed_on if isinstance(data, SuppressionEnded) else data.by == PASSED_ON:
        return []
    if isinstance(data, SuppressionEnded):
        is_so = state is not None and state.dead_since and data.kind == "died" and data.why == "refuted"
        return _retracted(request, state, "follow-up", message.at, now) if state and is_so else []
    if state and state.is_open:
        return [] if state.dead_since else _reported(request, state, data.by, message.at, now)
    known: Record | None = world[data.record] if data.record else None
    if data.record is None or known is None or known.death in ("noted", "verified"):
        return []
    return [Fact(data.record, RecordDeathNoted(person=known.person, noted_at=message.at, by=data.by))]


def as_noted(request: str, state: Request | None, record: Record, now: datetime) -> list[Fact]:
    """A new request, or one that is needed again, of somebody who is said to have died; whoever opened it may know better."""
    at = record.death_noted_at
    if state is None or at is None or record.death not in DEAD or (state.death_noted_at and state.death_noted_at >= at):
        return []
    return [] if state.dead_since else _reported(request, state, record.death_by, at, now)


def _reported(request: str, state: Request, by: str, noted_at: datetime, now: datetime) -> list[Fact]:
    step = requests.to_verify(state, noted_at, now)
    return [Fact(request, RequestDeathReported(record=state.record, noted_at=noted_at, by=by, **step._asdict()))]


def _retracted(request: str, state: Request, by: str, noted_at: datetime, now: datetime) -> list[Fact]:
    need = {"service": state.service, "urgency": state.urgency if state.is_placed else None}
    step = requests.resumed(state, now)._asdict()
    return [Fact(request, RequestDeathRetracted(record=state.record, noted_at=noted_at, by=by, **need, **step))]


def told(message: Message, world: World, now: datetime) -> Decision:
    """What one of them has to tell the other; what is older than what is known there is no news."""
    subject, other = message.subject, message.data.about
    mine, known = world[subject], world[other]
    match kind_of(subject), kind_of(other):
        case "record", "cluster" if mine:
            return clusters.to_cluster(other, known, subject, mine, now)
        case "cluster", "record" if mine and known:
            return clusters.to_record(other, known, subject, mine, now)
        case "request", "record" if mine and known:
            return _to_record(other, known, mine)
        case "record", "request" if mine and known:
            return _to_request(other, known, mine, now)
    return []


def _to_record(subject: str, record: Record, request: Request) -> Sequence[Fact]:
    at = request.death_noted_at
    if at is None or record.death == request.death or (record.death_noted_at and record.death_noted_at >= at):
        return []
    word = {"noted": RecordDeathNoted, "refuted": RecordDeathRefuted, "verified": RecordDeathVerified}[request.death]
    return [Fact(subject, word(person=record.person, noted_at=at, by=request.death_by))]


def _to_request(subject: str, request: Request, record: Record, now: datetime) -> Sequence[Fact]:
    at, by = record.death_noted_at, record.death_by
    if at is None or not request.is_open or (request.death_noted_at and request.death_noted_at >= at):
        return []
    if record.death == "verified":
        return closing.closed(subject, request, VERIFIED, by, now)
    if record.death == "refuted":
        return _retracted(subject, request, by, at, now) if request.dead_since else []
    return [] if request.dead_since else _reported(subject, request, by, at, now)


def deadlines(state: Request | Record, whom: Iterable[str]) -> Iterator[Deadline]:
    """Who is to be told, at once."""
    if state.death_noted_at:
        yield from (Deadline(TELL, one, state.death_noted_at) for one in whom)


SAYS: dict[type[Change], Death] = {RecordDeathNoted: "noted", RecordDeathVerified: "verified", RecordDeathRefuted: "refuted"}


def evolve(record: Record, fact: Change) -> Record:
    """What a record knows of it: what stands, and its own word, which no other record's takes the place of."""
    if not isinstance(fact, RecordDeathNoted | RecordDeathVerified | RecordDeathRefuted):
        return record
    death = SAYS[type(fact)]
    stands = {"death": death, "death_noted_at": fact.noted_at, "death_by": fact.by}
    if fact.of:
        return record.model_copy(update=stands)
    own = {"own_death": death, "own_said_at": fact.noted_at, "own_by": fact.by}
    return record.model_copy(update={**stands, **own, "news_at": records.newer(fact.noted_at, record.news_at)})
