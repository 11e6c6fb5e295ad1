"""Lives by the hundred thousand: a few are folded from their events as the worklist folds them, the rest are copies under other ids.

A copy is the stored document with every id replaced by one of the same length, byte for byte: what the database holds, indexes and
reads is what the projections made, at the price of a copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from random import Random

from bson import encode
from bson.raw_bson import RawBSONDocument

from contracts import assignment, endings, intake, plans, transitions
from contracts.directory import DirectoryListed, Program
from contracts.kernel import Event, Next, Personal
from contracts.partners import PersonDetails
from infra.sealing import seal
from services.worklist.finding import Blind, marks_of, short_mark
from services.worklist.items import document, refolded
from services.worklist.patches import Patch
from services.worklist.projections import entries_of
from services.worklist.store import Writes
from tests.worklist.scene import OTHER_TOPICS
from tests.worklist.stories import COORDINATOR, DESK, HOME, Log, offered, opened

KINDS, DIGITS, DAY = 400, 9, 24 * 60
SYLLABLES = [first + vowel for first in "klmnprst" for vowel in "aeiou"]
BORN = date(1940, 1, 1)
PROGRAMS, COORDINATORS = 200, 400
SERVICES = ("outpatient-therapy", "case-management", "psychiatry", "youth-therapy")
GIVEN = [first + vowel + last for first in "bdfgh" for vowel in "aeiou" for last in "lnrt"]
FAMILY = [one + two + "nerson" for one in SYLLABLES for two in SYLLABLES]
"""A hundred and sixteen hundred, each as long as the others, and none that begins as one of the others does."""
Theirs = tuple[bytes, ...]
"""What is somebody's own in what is stored of them, in one order, each as long as anybody's."""
HOME_OF = {**HOME, **OTHER_TOPICS}


@dataclass(frozen=True)
class Kind:
    """One life: what is stored of it, and what in it is to be replaced."""

    id: str
    theirs: Theirs
    items: tuple[tuple[str, bytes], ...]
    entries: tuple[tuple[str, bytes], ...]

    def copied(self, id: str, theirs: Theirs) -> Writes:
        """Of somebody else."""
        return Writes([self._copy(*one, id, theirs) for one in self.items], [self._copy(*one, id, theirs) for one in self.entries])

    def _copy(self, item: str, stored: bytes, id: str, theirs: Theirs) -> RawBSONDocument:
        begins, other = entries_of(item).encode(), entries_of(item.replace(self.id, id)).encode()
        copied = stored.replace(begins, other).replace(self.id.encode(), id.encode())
        copied = copied.replace(short_mark(self.id).encode(), short_mark(id).encode())
        for old, new in zip(self.theirs, theirs, strict=True):
            copied = copied.replace(old, new)
        return RawBSONDocument(copied)


def numbered(n: int) -> str:
    return f"x{n:0{DIGITS}d}"


def person(n: int) -> PersonDetails:
    """One of some hundred thousand names, and a birth date."""
    return PersonDetails(
        given_name=Personal(GIVEN[n % len(GIVEN)]), family_name=Personal(FAMILY[n * 7 % len(FAMILY)]),
        birth_date=Personal(BORN + timedelta(days=n * 11 % 25_000)),
    )  # fmt: skip


def marks(known: PersonDetails, blind: Blind) -> list[str]:
    """What their record is found by beside its number."""
    assert known.given_name and known.family_name and known.birth_date
    return marks_of([str(known.given_name.plain), str(known.family_name.plain)], known.birth_date.plain, blind)


def sealed(n: int, key: bytes) -> PersonDetails:
    return seal(person(n), f"record/{numbered(n)}", key)


def theirs(n: int, closed: PersonDetails, blind: Blind) -> Theirs:
    """What is stored of the n-th person: names and birth date as they were `closed`, and the marks of their record."""
    values = (closed.given_name, closed.family_name, closed.birth_date)
    return tuple(text.encode() for text in (*(one.sealed for one in values if one and one.sealed), *marks(person(n), blind)))


def kind(n: int, now: datetime, key: bytes, blind: Blind) -> Kind:
    """The n-th life: nine in ten are over, as in a network that has run for years; one in a hundred has a plan, one in five hundred a
    transition. Every tenth of those that go on is late."""
    who, dice, log = 10**DIGITS - 1 - n, Random(n), Log()
    id, closed = numbered(who), sealed(who, key)
    _referral(log, id, dice, now, closed, over=n % 10 > 0)
    if n % 100 == 0:
        _plan(log, id, dice, now)
    if n % 200 == 0:
        _transition(log, id, dice, now)
    by_item: dict[str, list[Patch]] = {}
    for change in log.changes:
        by_item.setdefault(change.item, []).append(change.entry)
    documents = {item: document(item, refolded(entries), 1) for item, entries in by_item.items()}
    documents[f"record/{id}"]["marks"] += marks(person(who), blind)
    items = tuple((item, encode(one)) for item, one in documents.items())
    entries = tuple((one["item"], encode(one)) for one in chain.from_iterable(by_item.values()))
    return Kind(id, theirs(who, closed, blind), items, entries)


def network(now: datetime) -> Writes:
    """The directory: who is on duty, and what programs there are."""
    programs = tuple(
        Program(id=f"program/{n}", name=f"Program {n}", desk=f"desk/{n}", services=SERVICES, places=40) for n in range(PROGRAMS)
    )
    staff = {COORDINATOR: tuple(f"staff/{n}" for n in range(12, 12 + COORDINATORS)), "desk/0": ("staff/31",)}
    log = Log()
    _Said(log, now).say("directory/network", DirectoryListed(programs=programs, staff=staff), -DAY)
    (change,) = log.changes
    return Writes([document(change.item, refolded([change.entry]), 1)], [change.entry])


@dataclass
class _Said:
    """A log whose minutes count from now."""

    log: Log
    now: datetime

    def at(self, minutes: float) -> datetime:
        return self.now + timedelta(minutes=minutes)

    def say(self, subject: str, data: Event, minutes: float) -> None:
        self.log.say(subject, data, 0, HOME_OF[data.type])
        self.log.heard[-1] = replace(self.log.heard[-1], at=self.at(minutes), recorded=self.at(minutes))


def _referral(log: Log, id: str, dice: Random, now: datetime, details: PersonDetails, over: bool) -> None:
    said, m = _Said(log, now), -dice.uniform(DAY, 400 * DAY) if over else -dice.uniform(60, 20 * DAY)
    person, program = f"staff/{dice.randrange(12, 12 + COORDINATORS)}", dice.randrange(PROGRAMS)
    service, urgency = dice.choice(SERVICES), dice.choice(("routine", "routine", "urgent"))
    due = said.at(-dice.uniform(5, 3 * DAY) if dice.random() < 0.1 else dice.uniform(5, 10 * DAY))

    def owed(owner: str, action: str, *allowed: str, waiting_on: str | None = None) -> Next:
        return Next(owner=owner, action=action, due=due, waiting_on=waiting_on, rule=action, allowed=allowed)

    request, placement, record = f"request/{id}", f"placement/{id}", f"record/{id}"
    said.say(record, opened(record, details), m)
    said.say(request, intake.RequestReceived(
        record=record, partner=f"partner-{dice.randrange(300)}", reference=f"R-{id}", requested_at=said.at(m), service=service,
        urgency=urgency, next=owed(DESK, "acknowledge-request", "acknowledge-request")), m)  # fmt: skip
    far = 5 if over else dice.randrange(5)
    if far > 0:
        said.say(request, intake.RequestAcknowledged(by="staff/7", next=owed("staff/7", "triage-request", "triage-request")), m + 9)
    if far > 1:
        found = owed(COORDINATOR, "find-place")
        said.say(request, intake.RequestTriaged(by="staff/7", urgency=urgency, service=service, next=found), m + 15)
        said.say(placement, assignment.PlacementOpened(
            request=request, record=record, service=service, urgency=urgency, requested_at=said.at(m), owner=COORDINATOR, next=found,
        ), m + 16)  # fmt: skip
    if far > 2:
        mine = owed(person, "contact-client", "log-contact", "ask-hand-off")
        said.say(placement, assignment.OwnerAssigned(owner=person, role=COORDINATOR, next=mine), m + 18)
        said.say(placement, offered(2, said.at(m + 600)), m + 20)
    if far > 3:
        visit = owed(f"desk/{program}", "schedule", "book-visit")
        said.say(placement, assignment.PlacementAccepted(
            program=f"program/{program}", by="staff/31", owner=f"desk/{program}", released=(), next=visit), m + 40)  # fmt: skip
        said.say(placement, assignment.OwnerAssigned(owner=f"desk/{program}", role=f"desk/{program}", next=visit), m + 50)
    if over:
        done = Next(owner="", action="none", due=None, rule="")
        said.say(
            request,
            endings.RequestClosed(by=person, closed_at=said.at(m + DAY), how="verified", reason="services-obtained", next=done),
            m + DAY,
        )


def _plan(log: Log, id: str, dice: Random, now: datetime) -> None:
    said, program = _Said(log, now), dice.randrange(PROGRAMS)
    mine = Next(
        owner=f"desk/{program}", action="reach-out", due=said.at(dice.uniform(-DAY, 9 * DAY)), rule="outreach", allowed=("log-attempt",)
    )
    plan = f"plan/{id}"
    said.say(plan, plans.PlanOpened(
        record=f"record/{id}", program=f"program/{program}", owner=f"desk/{program}", service=SERVICES[0], opened_at=said.at(-60 * DAY),
        visit_by=said.at(-50 * DAY), cadence_days=14, next=mine), -60 * DAY)  # fmt: skip
    said.say(plan, plans.VisitAttended(at=said.at(-40 * DAY), kind="service", channel="in-person", next=mine), -40 * DAY)
    signals = (plans.Signal(code="no-contact", level="lapsing", since=said.at(-2 * DAY)),)
    said.say(plan, plans.PlanFlagged(level="lapsing", signals=signals, flagged_at=said.at(-2 * DAY), next=mine), -2 * DAY)


def _transition(log: Log, id: str, dice: Random, now: datetime) -> None:
    said, at = _Said(log, now), -dice.uniform(0, 25 * DAY)
    owed = Next(owner=COORDINATOR, action="attempt-contact", due=said.at(at + DAY), rule="reach", allowed=("record-reached",))
    said.say(f"transition/{id}", transitions.TransitionOpened(
        record=f"record/{id}", kind="hospital", facility="partner-1", reference=f"S-{id}", owner=COORDINATOR,
        admitted_at=said.at(at - 6 * DAY), at_risk=True, next=owed), at - 6 * DAY)  # fmt: skip
    said.say(f"transition/{id}", transitions.PersonDischarged(at=said.at(at), to="home", next=owed), at)


def kinds(now: datetime, key: bytes, blind: Blind) -> list[Kind]:
    return [kind(n, now.astimezone(UTC), key, blind) for n in range(KINDS)]


def copies(known: list[Kind], first: int, count: int, keys: dict[str, bytes], blind: Blind) -> Iterator[Writes]:
    """The lives from `first` on, each with its own id, its own sealed names, and what they are found by."""
    for n in range(first, first + count):
        closed = sealed(n, keys[f"record/{numbered(n)}"])
        yield known[n % len(known)].copied(numbered(n), theirs(n, closed, blind))
