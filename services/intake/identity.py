"""Whose record is whose, as a person says: two are linked, one is by itself again, or they were compared and are two people.

What raises the question is in `records.py`. It stands beside triage and holds nothing up; nothing is linked on a name and a birth date
but by a person's word.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts import clocks
from contracts.intake import UNLINKED, RecordKeptApart, RecordLinked, RecordOverdue, RecordWarned
from contracts.kernel import Deadline, Decision, Fact, Message, Reason, Refused, World
from services.intake import records, requests
from services.intake.commands import LinkRecords
from services.intake.lateness import of_step
from services.intake.records import ANSWERS, Record

NOT_LINKED = Reason("TL-5146", "", "this record is linked to no other: unlink the one that was linked to it")
NO_OTHER = Reason("TL-5147", "/other", "name another record that is known here, as its page's address does")
ONE_PERSON = Reason("TL-5148", "/other", "these are linked already")
NOTHING_ASKED = Reason("TL-5149", "", "nobody asks whether this record is somebody else's")


def link(message: Message, world: World, now: datetime) -> Decision:
    """Somebody found that both are the same person: the record joins the other's cluster, and takes along what it alone says."""
    data: LinkRecords = message.data
    known: Record | None = world[message.subject]
    other: Record | None = world[data.other]
    if known is None:
        return Refused((requests.UNKNOWN,))
    if other is None or data.other == message.subject:
        return Refused((NO_OTHER,))
    if other.person == known.person:
        return Refused((ONE_PERSON,))
    said = RecordLinked(person=other.person, left=known.person, by=message.actor.id, other=data.other, noted_at=now)
    return [_answering(message.subject, known, said, now)]


def unlink(message: Message, world: World, now: datetime) -> Decision:
    """It is somebody else after all: the record is by itself again, and no identifier links it to that person any more."""
    subject, known = message.subject, world[message.subject]
    if known is None:
        return Refused((requests.UNKNOWN,))
    own = subject.replace("record/", "person/", 1)
    if known.person == own:
        return Refused((NOT_LINKED,))
    return [_answering(subject, known, RecordLinked(person=own, left=known.person, by=UNLINKED, noted_at=now), now)]


def keep_apart(message: Message, world: World, now: datetime) -> Decision:
    """Somebody compared them: whatever was asked of this record is answered with no."""
    known: Record | None = world[message.subject]
    if known is None:
        return Refused((requests.UNKNOWN,))
    if not (known.alike or known.conflict):
        return Refused((NOTHING_ASKED,), ANSWERS[:1])
    people = tuple(one for one in known.conflict if one != known.person)
    said = RecordKeptApart(others=known.alike, people=people, by=message.actor.id)
    return [_answering(message.subject, known, said, now)]


def _answering(subject: str, known: Record, said: RecordLinked | RecordKeptApart, now: datetime) -> Fact:
    """With what is left to ask after it, where anything was asked at all."""
    if not (known.alike or known.conflict):
        return Fact(subject, said)
    after = records.evolve(known, said)
    return Fact(subject, said.model_copy(update=records.left_to_ask(after, now)._asdict()) if after else said)


def passed(message: Message, world: World, now: datetime) -> Decision:
    """Nobody has found out yet."""
    known: Record | None = world[message.subject]
    return of_step(message, known.owed, now, RecordWarned, RecordOverdue, lambda _: records.still(known)) if known else []


def deadlines(record: Record) -> Iterator[Deadline]:
    yield from clocks.deadlines(record.owed)
