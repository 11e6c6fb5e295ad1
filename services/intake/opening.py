"""Emergency access: whoever is outside a person's care may see it for a while, says why, and answers for it to somebody else."""

from collections.abc import Iterable
from datetime import datetime

from contracts import clocks
from contracts.clocks import Owed, Step, owed, told_late
from contracts.emergency_access import AccessOpened, AccessOverdue, AccessReviewed, AccessWarned
from contracts.kernel import Change, Deadline, Decision, Fact, Message, Next, Reason, Refused, State, World
from services.intake import steps
from services.intake.commands import OpenAccess, ReviewAccess
from services.intake.lateness import of_step
from services.intake.rules import RULES

REVIEW, REVIEWER = "review-access", "role/supervisor"
ALLOWED = (ReviewAccess.type,)
MEDICAL = "medical-emergency"
NO_RECORD = Reason("TL-5171", "", "nothing is known of this person here")
NOTHING_OPENED = Reason("TL-5172", "", "nothing waits to be reviewed")
ONES_OWN = Reason("TL-5173", "", "somebody else must review what you opened yourself")


class Opened(State):
    """What was opened of one record. `by`: who opened it since it was reviewed last."""

    record: str
    by: tuple[str, ...] = ()
    owed: Owed | None = None


def record_of(subject: str) -> str:
    """Of `access/0190…` it is `record/0190…`."""
    return f"record/{subject.partition('/')[2]}"


def opened(message: Message, world: World, now: datetime) -> Decision:
    """It is open at once: whoever needs it in an emergency asks nobody first."""
    known: Opened | None = world[message.subject]
    data: OpenAccess = message.data
    record = record_of(message.subject)
    if world[record] is None:
        return Refused((NO_RECORD,))
    until = RULES.clock("emergency-access", now, now=now).due_at
    said = AccessOpened(
        record=record, by=message.actor.id, ground=data.ground, words=data.words, protected=data.ground == MEDICAL, opened_at=now,
        until=until, **(Step(still(known)) if known and known.owed else _asked(now))._asdict(),
    )  # fmt: skip
    return [Fact(message.subject, said)]


def reviewed(message: Message, world: World, now: datetime) -> Decision:
    known: Opened | None = world[message.subject]
    if known is None or not known.by:
        return Refused((NOTHING_OPENED,))
    if message.actor.id in known.by:
        return Refused((ONES_OWN,), ALLOWED)
    done = Next(owner=REVIEWER, action="none")
    return [Fact(message.subject, AccessReviewed(record=known.record, by=message.actor.id, finding=message.data.finding, next=done))]


def passed(message: Message, world: World, now: datetime) -> Decision:
    """Nobody has reviewed it yet."""
    known: Opened | None = world[message.subject]
    return of_step(message, known.owed, now, AccessWarned, AccessOverdue, lambda _: still(known)) if known else []


def _asked(now: datetime) -> Step:
    clock = RULES.clock(REVIEW, now, now=now)
    return Step(Next(owner=REVIEWER, action=REVIEW, due=clock.due_at, rule=clock.rule, allowed=ALLOWED), clock.counts_from, clock.warns_at)


def still(known: Opened) -> Next | None:
    return steps.standing(known.owed, ALLOWED)


def evolve(state: Opened | None, fact: Change) -> Opened | None:
    """Who opened it since the last review, and the review that is owed."""
    match fact:
        case AccessOpened():
            before = state or Opened(record=fact.record)
            state = before.model_copy(update={"by": (*(one for one in before.by if one != fact.by), fact.by)})
        case AccessReviewed() if state:
            state = state.model_copy(update={"by": ()})
    return state.model_copy(update={"owed": told_late(owed(state.owed, fact), fact)}) if state else None


def deadlines(state: Opened) -> Iterable[Deadline]:
    yield from clocks.deadlines(state.owed)
