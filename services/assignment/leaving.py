"""Whoever leaves: while somebody is away, and when a shift ends. What they answer for is asked of who stands in, each by itself, and
stays theirs until somebody accepts; nobody answers in time, and it is told up the ladder like every hand-off."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime

from contracts import shift_ends
from contracts.absences import AbsenceFollowed, AbsenceNoted, AbsencesListed
from contracts.caseloads import caseload_of
from contracts.directory import LEADS
from contracts.kernel import SHARE_MAX, Actor, Change, Deadline, Decision, Fact, Message, Route, Share, State, World, kind_of
from contracts.recipients import RecipientAway
from contracts.shift_ends import SHIFTS, Shifts
from services.assignment import ownership
from services.assignment.caseloads import Caseload
from services.assignment.commands import HandOffReason
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.placement import Case, Placement
from services.assignment.steps import told

HAND_OVER = "hand-over"


class Absence(State):
    """Until when somebody is away; while `followed` is False, what they answer for is asked of others, as far as `after`."""

    until: AwareDatetime
    noted_at: AwareDatetime
    backup: str | None = None
    after: str = ""
    followed: bool = False


def absence_of(subject: str) -> str:
    """Of `recipient/staff/7` it is `absence/staff/7`."""
    return subject.replace("recipient/", "absence/", 1)


def noted(message: Message, now: datetime) -> Decision:
    """Nobody's work is looked at by what was heard: the directory and what they answer for follow in the next breath."""
    data: RecipientAway = message.data
    return [Fact(absence_of(message.subject), AbsenceNoted(until=data.until, backup=data.backup, noted_at=now))]


def evolve(state: Absence | None, fact: Change) -> Absence | None:
    match fact:
        case AbsenceNoted():
            return Absence(until=fact.until, backup=fact.backup, noted_at=fact.noted_at)
        case AbsenceFollowed() if state:
            return state.model_copy(update={"after": fact.after or "", "followed": fact.after is None})
    return state


def deadlines(state: Absence) -> Iterator[Deadline]:
    """At once, part by part."""
    if not state.followed:
        yield Deadline(HAND_OVER, f"{state.backup or ''},{state.after}", state.noted_at)


def route(message: Message) -> Route:
    """The directory, part of what they answer for, and the caseload of who stands in."""
    backup, _, after = message.data.about.partition(",")
    person = message.subject.partition("/")[2]
    return Route((message.subject, DIRECTORY), references=(caseload_of(backup),) if backup else (), share=Share(person, after))


def followed(message: Message, world: World, now: datetime) -> Decision:
    """Nothing new goes to whoever is away, and what they have is asked of their backup, else of their desk, else of the network lead."""
    absence: Absence = world[message.subject]
    known: Directory = world[DIRECTORY] or Directory()
    person, is_away = message.subject.partition("/")[2], absence.until > now
    away = {one: until for one, until in (known.away | {person: absence.until}).items() if until > now}
    facts = [] if away == known.away else [Fact(DIRECTORY, AbsencesListed(away=away))]
    there = known.model_copy(update={"away": away})
    for subject in world.share if is_away else ():
        facts += _asked(subject, world, there, absence.backup, "leave", now)
    after = world.share[-1] if is_away and len(world.share) == SHARE_MAX else None
    return [*facts, Fact(message.subject, AbsenceFollowed(after=after))]


def shift_ended(message: Message, world: World, now: datetime) -> Decision:
    """What is pressing and was answered for by duty of the shift goes to the next one, whoever has it."""
    ends: Shifts = world[SHIFTS]
    known: Directory = world[DIRECTORY] or Directory()
    facts: list[Fact] = []
    for subject in () if ends.goes_on else world.share:
        placement: Placement = world[subject]
        if placement.role == ends.shifts[0].role and placement.is_pressing(now):
            facts += _asked(subject, world, known, None, "shift-end", now)
    return [*facts, shift_ends.followed(ends, world.share)]


def _asked(subject: str, world: World, known: Directory, backup: str | None, reason: HandOffReason, now: datetime) -> list[Fact]:
    placement: Placement = world[subject]
    if placement.halted:
        return []
    loads = {backup: world[caseload_of(backup)] or Caseload()} if backup and kind_of(backup) == "staff" else {}
    case = Case(subject, placement, known, Actor(id=placement.owner), now, loads)
    return told(subject, placement, ownership.in_place_of(case, (backup, placement.role, LEADS), reason), known, now)
