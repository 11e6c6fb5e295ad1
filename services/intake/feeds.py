"""Partners' feeds: who is heard, and who has fallen silent though nobody said so.

A feed remembers until when its partner counts as heard, and is written only with the first word after that: one small fact an hour,
however much comes. Without an agreement nothing is expected of anybody, and a feed begins with its first word.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from contracts.catalogue import PARTNER_IN
from contracts.directory import LEADS
from contracts.feeds import FeedHeard, FeedResumed, FeedSilent, feed_of
from contracts.kernel import Change, Deadline, Fact, Message, Next, State, World
from infra.rules import Clock
from services.intake.rules import RULES

HEARD_FOR = timedelta(hours=1)
SILENCE, ASK = "feed-silence", "ask-feed"


class Feed(State):
    """How a partner's word comes to us."""

    partner: str
    heard_until: AwareDatetime
    silent: bool = False


def beside(message: Message) -> tuple[str, ...]:
    """What a partner's own word may change beside what it is about: its feed. And where our agreement with it stands."""
    name = message.topic.removeprefix(PARTNER_IN)
    return (feed_of(partner := f"partner/{name}"), partner) if name != message.topic else ()


def heard(message: Message, world: World, now: datetime) -> list[Fact]:
    """The first word in an hour says that its partner speaks; where it was silent, that it tells again."""
    if not (named := beside(message)):
        return []
    (feed, agreed), known = named, world[named[0]]
    if world[agreed] is None or (known and now < known.heard_until):
        return []
    partner, until = message.topic.removeprefix(PARTNER_IN), now + HEARD_FOR
    if known and known.silent:
        return [Fact(feed, FeedResumed(partner=partner, until=until, noted_at=now, next=Next(owner=LEADS, action="none")))]
    return [Fact(feed, FeedHeard(partner=partner, until=until))]


def passed(message: Message, world: World, now: datetime) -> Sequence[Fact]:
    """Nothing came for as long as the rule has it."""
    known: Feed | None = world[message.subject]
    if known is None or known.silent:
        return []
    asks = RULES.clock(ASK, now, now=now, partner=known.partner)
    step = Next(owner=LEADS, action=ASK, waiting_on=f"partner/{known.partner}", due=asks.due_at, rule=asks.rule)
    quiet = silence(known)
    said = FeedSilent(
        partner=known.partner, since=known.heard_until, rule=quiet.rule, escalates=quiet.said.escalates, noted_at=now, next=step
    )  # fmt: skip
    return [Fact(message.subject, said)]


def deadlines(state: Feed) -> Iterator[Deadline]:
    """When its silence is too long."""
    if not state.silent:
        yield Deadline(SILENCE, state.partner, silence(state).due_at)


def silence(state: Feed) -> Clock:
    """How long it may tell nothing, from the end of the hour in which it was heard."""
    return RULES.clock(SILENCE, state.heard_until, now=state.heard_until, partner=state.partner)


def evolve(state: Feed | None, fact: Change) -> Feed | None:
    match fact:
        case FeedHeard():
            return Feed(partner=fact.partner, heard_until=fact.until)
        case FeedResumed(until=datetime() as until) if state:
            return state.model_copy(update={"heard_until": until, "silent": False})
        case FeedSilent() if state:
            return state.model_copy(update={"silent": True})
    return state
