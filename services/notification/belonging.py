"""Whose an item is: the program that has it and the organisation it belongs to, as the facts said that settle it.

Lateness seldom says either. A request is the organisation's that sent it; what follows from an acceptance is the program's, and with
it the partner's whose program that is. What an item itself does not know, the request or record that it is about may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache

from contracts.catalogue import PARTNER_IN
from contracts.feeds import feed_of
from contracts.kernel import Change, Fact, Message, State, kind_of
from contracts.rosters import BelongingLearned
from contracts.upkeep import Origin
from services.notification.sources import Late, calls

PROGRAM, PARTNER = ("program",), ("partner",)
SETTLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("request.received.v*", PARTNER),
    ("request.accepted.v*", PROGRAM),
    ("request.reopened.v*", PROGRAM),
    ("record.opened.v*", PARTNER),
    ("placement.accepted.v*", PROGRAM + PARTNER),
    ("placement.reopened.v*", PROGRAM + PARTNER),
    ("authorization.opened.v*", PROGRAM),
    ("care.opened.v*", PROGRAM),
    ("plan.opened.v*", PROGRAM + PARTNER),
    ("transition.matched.v*", PROGRAM),
    ("episode.opened.v*", PARTNER),
    ("episode.outpatient-linked.v*", PROGRAM),
)
"""Facts that say whose their item is from now on, and by which fields: one that is empty or gone says that it is nobody's any more."""
ABOUT = {"placement": "request", "consent": "request", "view": "request", "access": "record"}
"""What an item shares its id with that may know more of it."""


class Belonging(State):
    program: str | None = None
    organisation: str | None = None


NOBODYS = Belonging()


def belonging_of(item: str) -> str:
    """The aggregate that keeps whose an item is."""
    return f"belonging/{item}"


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
    return (belonging_of(item), belonging_of(f"{ABOUT[kind]}/{id}")) if kind in ABOUT else (belonging_of(item),)


def learned(state: Belonging | None, message: Message) -> list[Fact]:
    """What a fact settles takes the place of what was known; the same again is no fact."""
    known, now = state or NOBODYS, settled(state, message.data)
    said = BelongingLearned(program=now.program, organisation=now.organisation)
    return [] if now == known else [Fact(belonging_of(message.subject), said)]


def settled(state: Belonging | None, fact: Change) -> Belonging:
    """Whose the item is when this was said of it."""
    named = {"program": "program", "partner": "organisation"}
    return (state or NOBODYS).model_copy(update={named[field]: getattr(fact, field, None) for field in settles(fact.type)})


def evolve(state: Belonging | None, fact: Change) -> Belonging | None:
    if isinstance(fact, BelongingLearned):
        return Belonging(program=fact.program, organisation=fact.organisation)
    return state


def narrowed(said: Late, message: Message, states: Mapping[str, Belonging | None], programs: Mapping[str, str | None]) -> Late:
    """With the program and the organisation it can be known by: as the fact says, else as its item was said to be, else as what it is
    about. `programs`: each with the partner whose it is."""
    own, *others = (states.get(one) for one in _asked(said.item))
    known = (settled(own, message.data), *(one for one in others if one))
    program = said.program or _first([one.program for one in known]) or _of_feed(said.item, programs)
    organisation = said.organisation or _itself(said.item) or known[0].organisation
    further = (programs.get(program or ""), _sender(message.data), *(one.organisation for one in known[1:]))
    return replace(said, program=program, organisation=organisation or _first(further))


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
