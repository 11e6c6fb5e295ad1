"""Somebody is said to have died: every contact stops at once, for every request of the record, until a person has verified it.

The word goes from the request where it was said to the record, and from the record to its other requests, by deadlines that are due
at once: durable, in any order, as often as it likes. The newest word stands, so nothing goes round in circles.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from contracts.endings import RecordDeathNoted, RecordDeathRefuted, RecordDeathVerified, RequestDeathReported, RequestDeathRetracted
from contracts.kernel import Change, Deadline, Decision, Fact, Message, World, kind_of
from contracts.plans import PlanDeathReported, SuppressionEnded
from services.intake import closing, requests
from services.intake.commands import CloseRequest
from services.intake.records import Record
from services.intake.requests import Request

TELL = "tell-of-death"
VERIFIED = CloseRequest(how="died", reason="verified")


def report(message: Message, world: World, now: datetime) -> Decision:
    request, state = message.subject, world[message.subject]
    return requests.unless_allowed(state, message.data.type) or _reported(request, state, message.actor.id, now, now)


def refute(message: Message, world: World, now: datetime) -> Decision:
    request, state = message.subject, world[message.subject]
    return requests.unless_allowed(state, message.data.type) or _retracted(request, state, message.actor.id, now, now)


def heard(request: str, world: World, message: Message, now: datetime) -> Decision:
    """Of a plan, which knows of no other request."""
    data: PlanDeathReported | SuppressionEnded = message.data
    state: Request | None = world[request]
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
    """A new request of somebody who is said to have died."""
    is_so = state is not None and record.death in ("noted", "verified") and record.death_noted_at
    return _reported(request, state, record.death_by, record.death_noted_at, now) if state and record.death_noted_at and is_so else []


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
    if mine is None or known is None:
        return []
    if kind_of(other) == "record":
        return _to_record(other, known, mine)
    return _to_request(other, known, mine, now)


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


def evolve(record: Record, fact: Change) -> Record:
    """What a record knows of it."""
    match fact:
        case RecordDeathNoted():
            return record.model_copy(update={"death": "noted", "death_noted_at": fact.noted_at, "death_by": fact.by})
        case RecordDeathVerified():
            return record.model_copy(update={"death": "verified", "death_noted_at": fact.noted_at, "death_by": fact.by})
        case RecordDeathRefuted():
            return record.model_copy(update={"death": "refuted", "death_noted_at": fact.noted_at, "death_by": fact.by})
    return record
