"""Barriers of a person as tasks: noted by whoever hears of one, seen to by a coordinator, by a clock."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime

from contracts import clocks
from contracts.barriers import Barrier, BarrierNoted, BarrierOverdue, BarrierResolved, BarrierWarned
from contracts.clocks import Owed, Step, owed, told_late
from contracts.kernel import Change, Deadline, Decision, Fact, Message, Next, Reason, Refused, Route, State, World
from services.intake import requests, steps
from services.intake.commands import NoteBarrier, ResolveBarrier
from services.intake.lateness import of_step

SEE_TO = "see-to-barrier"
ALLOWED = (ResolveBarrier.type,)
NOT_THERE = Reason("TL-5191", "", "this barrier stands in the way no more: note it again where it does")


class Standing(State):
    """One barrier of one person."""

    record: str
    barrier: Barrier
    noted_at: AwareDatetime
    stands: bool = True
    owed: Owed | None = None


def barrier_of(record: str, barrier: Barrier) -> str:
    """Of `record/0190…` the transport is `barrier/0190….transport`."""
    return f"{record.replace('record/', 'barrier/', 1)}.{barrier}"


def route(record: str, data: NoteBarrier) -> Route:
    return Route((barrier_of(record, data.barrier),), references=(record,))


def note(message: Message, world: World, now: datetime) -> Decision:
    """Noted again while it stands, only what is said of it is new."""
    data: NoteBarrier = message.data
    if world[message.subject] is None:
        return Refused((requests.UNKNOWN,))
    subject = barrier_of(message.subject, data.barrier)
    known: Standing | None = world[subject]
    step = Step(still(known)) if known and known.stands else _to_see_to(now)
    said = {"barrier": data.barrier, "words": data.words, "by": message.actor.id, "noted_at": now}
    return [Fact(subject, BarrierNoted(record=message.subject, **said, **step._asdict()))]


def resolve(message: Message, world: World, now: datetime) -> Decision:
    known: Standing | None = world[message.subject]
    if known is None or not known.stands:
        return Refused((NOT_THERE,))
    done = Next(owner=requests.COORDINATOR, action="none")
    said = {"record": known.record, "barrier": known.barrier, "how": message.data.how, "by": message.actor.id}
    return [Fact(message.subject, BarrierResolved(**said, next=done))]


def passed(message: Message, world: World, now: datetime) -> Decision:
    known: Standing | None = world[message.subject]
    return of_step(message, known.owed, now, BarrierWarned, BarrierOverdue, lambda _: still(known)) if known else []


def _to_see_to(now: datetime) -> Step:
    return steps.begun(SEE_TO, requests.COORDINATOR, ALLOWED, now)


def still(known: Standing) -> Next | None:
    return steps.standing(known.owed, ALLOWED)


def evolve(state: Standing | None, fact: Change) -> Standing | None:
    """Whether it stands, and the step that is owed."""
    match fact:
        case BarrierNoted():
            again = state is not None and state.stands
            state = state if again else Standing(record=fact.record, barrier=fact.barrier, noted_at=fact.noted_at)
        case BarrierResolved() if state:
            state = state.model_copy(update={"stands": False})
    return state.model_copy(update={"owed": told_late(owed(state.owed, fact), fact)}) if state else None


def deadlines(state: Standing) -> Iterator[Deadline]:
    yield from clocks.deadlines(state.owed)
