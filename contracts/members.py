"""Who belongs to which organisation, as a service that narrows its commands by it was told: `members/network`."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from contracts.kernel import Change, Fact, State

MEMBERS = "members/network"


class MembersListed(Change):
    """Who belongs to which organisations now: who is not of the whole network acts on what concerns these. It replaces the list before."""

    type: ClassVar = "members.listed.v1"
    organisations: dict[str, tuple[str, ...]]
    """By principal: the desks behind which the directory lists them, and those desks' programs."""


class Members(State):
    """What the last list said."""

    organisations: dict[str, tuple[str, ...]] = {}

    def of(self, principal: str) -> frozenset[str]:
        return frozenset(self.organisations.get(principal, ()))


def listed(known: Members | None, organisations: Mapping[str, Sequence[str]]) -> Sequence[Fact]:
    """The list as it is now; the same again is no fact."""
    said = MembersListed(organisations={one: tuple(theirs) for one, theirs in organisations.items()})
    return () if known and known.organisations == said.organisations else (Fact(MEMBERS, said),)


def evolve(state: Members | None, fact: Change) -> Members | None:
    return Members(organisations=fact.organisations) if isinstance(fact, MembersListed) else state


EVENTS = (MembersListed,)
