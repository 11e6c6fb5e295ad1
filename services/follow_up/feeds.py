"""Who tells us nothing: programs whose feed somebody reported silent, and partners of whom the front door hears nothing.

Of the partners one aggregate is kept for the whole network. It is written when the directory changes or one of them falls silent or
tells again, and every plan that is looked at reads it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from contracts.directory import LEADS, DirectoryListed
from contracts.feeds import FeedResumed, FeedSilent, FeedsLearned
from contracts.kernel import Change, Fact, Message, Next, State
from services.follow_up.rules import clock

NETWORK = "feeds/network"
ASK = "ask-feed"


class Feed(State):
    """A program's way of telling us."""

    silent_since: AwareDatetime | None = None


class Feeds(State):
    """By program its partner, and by partner since when nothing is heard of it."""

    partners: dict[str, str] = {}
    silent: dict[str, AwareDatetime] = {}


def silent_since(program: str, feed: Feed | None, network: Feeds | None) -> datetime | None:
    """Since when nothing is heard of a program: by its own feed or its partner's, whichever fell silent first."""
    own = feed.silent_since if feed else None
    partners = network.silent.get(network.partners.get(program, "")) if network else None
    return min((since for since in (own, partners) if since), default=None)


def reported(feed: str, known: Feed | None, since: datetime | None, now: datetime) -> list[Fact]:
    """Somebody says that a program's feed fell silent, or speaks again."""
    if (known or Feed()).silent_since == since:
        return []
    if since is None:
        return [Fact(feed, FeedResumed(next=Next(owner=LEADS, action="none")))]
    asks = clock(ASK, now)
    step = Next(owner=LEADS, action=ASK, due=asks.due_at, rule=asks.rule)
    return [Fact(feed, FeedSilent(since=since, escalates=asks.said.escalates, next=step))]


def learned(known: Feeds | None, message: Message) -> Sequence[Fact]:
    """The network as the directory has it, or as a partner's feed changed it; the same again is no fact."""
    before, data = known or Feeds(), message.data
    after = before.model_copy(update=_changed(before, data))
    return () if after == before else (Fact(NETWORK, FeedsLearned(partners=after.partners, silent=after.silent)),)


def _changed(known: Feeds, data: DirectoryListed | FeedSilent | FeedResumed) -> dict[str, Any]:
    match data:
        case DirectoryListed():
            return {"partners": {one.id: one.partner for one in data.programs if one.partner}}
        case FeedSilent(partner=str(partner)):
            return {"silent": {**known.silent, partner: data.since}}
        case FeedResumed(partner=str(partner)):
            return {"silent": {one: since for one, since in known.silent.items() if one != partner}}
    return {}


def evolve(state: Feed | None, fact: Change) -> Feed | None:
    match fact:
        case FeedSilent():
            return Feed(silent_since=fact.since)
        case FeedResumed():
            return Feed()
    return state


def network_evolve(state: Feeds | None, fact: Change) -> Feeds | None:
    return Feeds(partners=fact.partners, silent=fact.silent) if isinstance(fact, FeedsLearned) else state
