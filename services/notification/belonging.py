"""Whose an item is: the program that has it, the organisation it belongs to and the record of whom it is about, as the facts said that
settle it.

Lateness seldom says either. A request is the organisation's that sent it; what follows from an acceptance is the program's, and with
it the partner's whose program that is. What an item itself does not know, the request or record that it is about may.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache

from pydantic import AwareDatetime

from contracts.catalogue import PARTNER_IN
from contracts.feeds import feed_of
from contracts.kernel import Change, Deadline, Fact, Message, State, kind_of
from contracts.rosters import BelongingLearned, BelongingSilenced
from contracts.upkeep import Origin
from services.notification.sources import DEATH, Late, calls

PROGRAM, PARTNER, RECORD = ("program",), ("partner",), ("record",)
SETTLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("request.received.v*", PARTNER + RECORD),
    ("request.accepted.v*", PROGRAM),
    ("request.reopened.v*", PROGRAM),
    ("record.opened.v*", PARTNER),
    ("placement.opened.v*", RECORD),
    ("placement.accepted.v*", PROGRAM + PARTNER),
    ("placement.reopened.v*", PROGRAM + PARTNER),
    ("access.opened.v*", RECORD),
    ("barrier.noted.v*", RECORD),
    ("risk-flag.raised.v*", RECORD),
    ("authorization.opened.v*", PROGRAM + RECORD),
    ("care.opened.v*", PROGRAM + RECORD),
    ("plan.opened.v*", PROGRAM + PARTNER + RECORD),
    ("transition.opened.v*", RECORD),
    ("transition.matched.v*", PROGRAM),
    ("episode.opened.v*", PARTNER + RECORD),
    ("episode.person-identified.v*", RECORD),
    ("episode.outpatient-linked.v*", PROGRAM),
)
"""Facts that say whose their item is from now on, and by which fields: one that is empty or gone says that it is nobody's any more."""
HUSH = "hush"
ABOUT = {"placement": "request", "consent": "request", "view": "request", "access": "record", "barrier": "record", "risk-flag": "record"}
"""What an item shares its id with that may know more of it; what comes after a dot tells several of one record apart."""


class Belonging(State):
    """`silent`: whom it is about was reported dead, as it heard at `noted_at`; None: nobody said either."""

    program: str | None = None
    organisation: str | None = None
    record: str | None = None
    silent: bool | None = None
    noted_at: AwareDatetime | None = None


NOBODYS = Belonging()


def belonging_of(item: str) -> str:
    """The aggregate that keeps whose an item is."""
    return f"belonging/{item}"


def item_of(subject: str) -> str:
    """Whose belonging it is."""
    return subject.partition("/")[2]


@cache
def settles(type: str) -> tuple[str, ...]:
    """The fields by which facts of this type say whose their item is; none for most."""
    return next((fields for pattern, fields in SETTLES if fnmatchcase(type, pattern)), ())


def writes(message: Message) -> tuple[str, ...]:
    """What a fact may change of it."""
    return (belonging_of(message.subject),) if settles(message.data.type) else ()


def reads(message: Message) -> tuple[str, ...]:
    """Asked only where somebody is called."""
    return _asked(message.subject) if isinstance(message.data, Change) and calls(message.data) else ()


def _asked(item: str) -> tuple[str, ...]:
    """The item's own, and that of what it is about."""
    kind, _, id = item.partition("/")
    return (belonging_of(item), belonging_of(f"{ABOUT[kind]}/{id.partition('.')[0]}")) if kind in ABOUT else (belonging_of(item),)


def learned(state: Belonging | None, message: Message) -> list[Fact]:
    """What a fact settles takes the place of what was known; the same again is no fact."""
    known, now = state or NOBODYS, settled(state, message.data)
    said = BelongingLearned(program=now.program, organisation=now.organisation, record=now.record)
    return [] if now == known else [Fact(belonging_of(message.subject), said)]


def settled(state: Belonging | None, fact: Change) -> Belonging:
    """Whose the item is when this was said of it."""
    named = {"program": "program", "partner": "organisation", "record": "record"}
    return (state or NOBODYS).model_copy(update={named[field]: getattr(fact, field, None) for field in settles(fact.type)})


def evolve(state: Belonging | None, fact: Change) -> Belonging | None:
    match fact:
        case BelongingLearned():
            learned = {"program": fact.program, "organisation": fact.organisation, "record": fact.record}
            return (state or NOBODYS).model_copy(update=learned)
        case BelongingSilenced() if state:
            return state.model_copy(update={"silent": fact.silent, "noted_at": fact.noted_at})
    return state


def silenced(subject: str, state: Belonging | None, silent: bool, at: datetime) -> list[Fact]:
    """The record that it is about is silent, or is no more; the same again is no fact."""
    if bool(state and state.silent) == silent:
        return []
    return [Fact(subject, BelongingSilenced(silent=silent, noted_at=at))]


def deadlines(state: Belonging) -> Iterator[Deadline]:
    """Its alerts stop, or may be told again, at once."""
    if state.noted_at:
        yield Deadline(HUSH, "silent" if state.silent else "heard", state.noted_at)


def whose(state: State) -> str:
    """Among what is about which record it is found."""
    return state.record or "" if isinstance(state, Belonging) else ""


def narrowed(said: Late, message: Message, states: Mapping[str, Belonging | None], programs: Mapping[str, str | None]) -> Late:
    """With the program and the organisation it can be known by: as the fact says, else as its item was said to be, else as what it is
    about. `programs`: each with the partner whose it is."""
    own, *others = (states.get(one) for one in _asked(said.item))
    known = (settled(own, message.data), *(one for one in others if one))
    program = said.program or _first([one.program for one in known]) or _of_feed(said.item, programs)
    organisation = said.organisation or _itself(said.item) or known[0].organisation
    record = said.record or (None if said.milestone.startswith(DEATH.milestone) else known[0].record)
    further = (programs.get(program or ""), _sender(message.data), *(one.organisation for one in known[1:]))
    return replace(said, program=program, organisation=organisation or _first(further), record=record)


def _first(found: Sequence[str | None]) -> str | None:
    return next((one for one in found if one), None)


def _of_feed(item: str, programs: Mapping[str, str | None]) -> str | None:
    return next((one for one in programs if feed_of(one) == item), None) if kind_of(item) == "feed" else None


def _itself(item: str) -> str | None:
    """An organisation's own agreement."""
    return item.partition("/")[2] if kind_of(item) == "partner" else None


def _sender(fact: Change) -> str | None:
    """Whose input it is that could not be taken."""
    origin = getattr(fact, "origin", None)
    return origin.topic.removeprefix(PARTNER_IN) if isinstance(origin, Origin) and origin.topic.startswith(PARTNER_IN) else None
