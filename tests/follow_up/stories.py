"""A person's story in a few words: what was heard, asked and passed, and the facts that followed, as the runtime would have it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.assignment import PlacementAccepted
from contracts.intake import RecordLinked, RecordOpened
from contracts.kernel import (
    Actor,
    Change,
    Command,
    Deadline,
    DeadlinePassed,
    Event,
    Fact,
    Message,
    Next,
    kind_of,
)
from contracts.partners import PersonDetails
from contracts.plans import FlagCleared, FlagRetracted, PlanFlagged
from services.follow_up import commands, domain, stays
from services.follow_up.care import Care
from services.follow_up.people import TELL
from services.follow_up.plan import Plan
from services.follow_up.transition import Transition
from tests.deciding import Deciding, as_stored

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
RIVERSIDE, LAKESIDE = "program/riverside", "program/lakeside"
DORA, EVE, SAM = "staff/dora", "staff/eve", "staff/sam"
MAX_HOPS = 1_000


def desk(program: str) -> str:
    return program.replace("program/", "desk/")


def opened(record: str = "record/1", person: str = "person/1") -> RecordOpened:
    return RecordOpened(record=record, partner="example-clinic", person=person, details=PersonDetails())


def accepted(program: str = RIVERSIDE, record: str | None = "record/1", **told: Any) -> PlacementAccepted:
    known: dict[str, Any] = {"urgency": "routine", "requested_at": NINE, "service": "outpatient-therapy", "cadence_days": 14}
    owner = desk(program)
    return PlacementAccepted(program=program, by=DORA, released=(), desk=owner, owner=owner, record=record, **(known | told))


@dataclass
class Story(Deciding):
    """Plans, cares, stays and people, and the deadlines that fired."""

    domain = domain
    now: datetime = NINE
    spent: dict[str, set[str]] = field(default_factory=dict)
    clocks: dict[str, tuple[Any, list[tuple[Deadline, str]]]] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return self.states["plan/1"]

    @property
    def care(self) -> Care:
        return self.states["care/1"]

    @property
    def stay(self) -> Transition:
        return next(state for state in self.states.values() if isinstance(state, Transition))

    @property
    def code(self) -> str:
        """Of the last refusal."""
        assert self.refused
        return self.refused.reasons[0].code

    def next(self, subject: str = "plan/1") -> Next:
        """Who owes what, as the last fact about it says."""
        said = next(fact.data for fact in reversed(self.facts) if fact.subject == subject)
        assert isinstance(said, Change) and said.next
        return said.next

    def told(self, kind: type[Event], subject: str = "") -> list[Any]:
        return [fact.data for fact in self.facts if type(fact.data) is kind and subject in ("", fact.subject)]

    @property
    def flags(self) -> list[str]:
        """What was said of dropping out, in a word each: the level, or how it ended."""
        found = []
        for fact in self.facts:
            match fact.data:
                case PlanFlagged():
                    found.append(fact.data.level)
                case FlagCleared():
                    found.append(fact.data.why)
                case FlagRetracted():
                    found.append("retracted")
        return found

    def hears(self, event: Event, subject: str = "placement/1", at: datetime | None = None) -> list[Change]:
        return self._take(event, subject, Actor(), at)

    def asks(self, command: Command, subject: str = "plan/1", who: str = DORA) -> list[Change]:
        return self._take(command, subject, Actor("user", who))

    def passes(self, time: timedelta) -> list[Change]:
        """Time goes by; every deadline that comes is decided at its instant."""
        until, said = self.now + time, []
        while due := [(subject, one) for subject, one in self._standing() if one.at <= until]:
            subject, first = min(due, key=lambda pair: (pair[1].at, pair[0], pair[1].name))
            self.now = max(self.now, first.at)
            said += self._fires(subject, first)
        self.now = until
        return said

    def _standing(self) -> list[tuple[str, Deadline]]:
        return [
            (subject, one)
            for subject, state in self.states.items()
            for one, id in self._deadlines(subject, state)
            if id not in self.spent.get(subject, ())
        ]

    def _deadlines(self, subject: str, state: Any) -> list[tuple[Deadline, str]]:
        """Of this very state; they are a function of it."""
        known, found = self.clocks.get(subject, (None, []))
        if known is not state:
            found = [(one, one.id) for one in domain.deadlines(state)]
            self.clocks[subject] = (state, found)
        return found

    def _fires(self, subject: str, first: Deadline) -> list[Change]:
        self.turns += 1
        message = Message(f"deadline-{self.turns}", DeadlinePassed(name=first.name, about=first.about, at=first.at), subject, at=first.at)
        said = self.decides(message)
        self.spent.setdefault(subject, set()).add(first.id)
        return said

    def _take(self, data: Any, subject: str, actor: Actor, at: datetime | None = None) -> list[Change]:
        self.turns += 1
        said = self.decides(Message(f"message-{self.turns}", data, subject, at=at or self.now, actor=actor))
        if said and self.kept:
            waiting, self.kept = self.kept, []
            said += [fact for earlier in waiting for fact in self.decides(earlier)]
        return said + self.settles()

    def settles(self) -> list[Change]:
        """What is due at once: whoever is to be told, and what is late on arrival."""
        said, hops = list[Change](), 0
        while due := [(subject, one) for subject, one in self._standing() if one.at <= self.now or one.name == TELL]:
            hops += 1
            assert hops < MAX_HOPS, f"it never comes to rest: {due[0]}"
            subject, first = self.chosen(due)
            said += self._fires(subject, first)
        return said

    def chosen(self, due: Sequence[tuple[str, Deadline]]) -> tuple[str, Deadline]:
        """Which of those that are due comes first."""
        return min(due, key=lambda pair: (pair[1].at, pair[0], pair[1].name))

    def becomes(self, fact: Fact) -> Any:
        """From what is stored of the fact, as whoever reads it back sees it."""
        assert isinstance(fact.data, Change) and fact.data.type.startswith(kind_of(fact.subject))
        stored = type(fact.data).model_validate_json(fact.data.model_dump_json(exclude_none=True))
        return as_stored(domain.evolve(self.states.get(fact.subject), stored))


def enrolled(now: datetime = NINE, **told: Any) -> Story:
    """A routine referral that a program took: care and plan have begun."""
    begun = Story(now)
    begun.hears(opened(), "record/1")
    begun.hears(accepted(**told))
    return begun


def active(visits: int = 2, **told: Any) -> Story:
    """In care: so many visits a week apart, the last one today, and nothing booked."""
    begun = enrolled(now=NINE - (visits - 1) * WEEK, requested_at=NINE - (visits - 1) * WEEK, **told)
    for _ in range(visits - 1):
        begun.asks(attended(begun.now))
        begun.passes(WEEK)
    begun.asks(attended(begun.now))
    return begun


def booked(at: datetime, **told: Any) -> commands.BookVisit:
    return commands.BookVisit(starts_at=at, **told)


def attended(at: datetime, **told: Any) -> commands.RecordAttendance:
    return commands.RecordAttendance(at=at, **told)


def contact(at: datetime, channel: Any = "telephone") -> commands.LogContact:
    return commands.LogContact(at=at, channel=channel)


def attempt(at: datetime, channel: Any = "telephone") -> commands.LogAttempt:
    return commands.LogAttempt(at=at, channel=channel, outcome="no-answer")


def admission(at: datetime, **told: Any) -> commands.RecordAdmission:
    known: dict[str, Any] = {
        "facility": "general",
        "reference": "E-1",
        "record": "record/1",
        "kind": "hospital",
        "problem": "mental-health",
    }
    return commands.RecordAdmission(at=at, **(known | told))


def discharge(at: datetime, **told: Any) -> commands.RecordDischarge:
    known: dict[str, Any] = {
        "facility": "general",
        "reference": "E-1",
        "record": "record/1",
        "kind": "hospital",
        "problem": "mental-health",
    }
    return commands.RecordDischarge(at=at, **(known | told))


STAY = stays.transition_of(admission(NINE))
LINKED = RecordLinked(person="person/2", left="person/1", by="urn:network:person")


def names(facts: Sequence[Change]) -> list[str]:
    return [type(fact).__name__ for fact in facts]
