"""People of whom a death was reported: nothing about them is told until somebody has verified that the report was wrong.

A record's silence spreads to everything that is about it (`belonging.py` knows what that is), part by part, and so does its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime

from contracts.kernel import SHARE_MAX, Change, Deadline, Decision, Fact, Message, Reason, Refused, Route, Share, State, kind_of
from contracts.rosters import SilenceBegun, SilenceEnded, SilenceFollowed
from services.notification import belonging

SPREAD = "spread"
NOT_SILENT = Reason("TL-5608", "", "nothing is held back about this record")


class Silence(State):
    """`stands` from the report on, until it is ended. `spreads_at`: when what else is about the record hears of it, from the one after
    `after` on."""

    stands: bool
    item: str
    spreads_at: AwareDatetime | None = None
    after: str = ""


def silence_of(about: str) -> str:
    """Of a record, or of an item."""
    return f"silence/{about}"


def begun(state: Silence | None, about: str, by: str, item: str, now: datetime) -> list[Fact]:
    """A second report changes nothing."""
    return [] if state and state.stands else [Fact(silence_of(about), SilenceBegun(by=by, item=item, spreads_at=_spreads(about, now)))]


def lifted(states: Mapping[str, Silence | None], message: Message, now: datetime) -> Decision:
    """A person says that the report was wrong: of a record, or of an item and its need."""
    return ended(states, message.actor.id, now) or Refused((NOT_SILENT,))


def ended(states: Mapping[str, Silence | None], by: str, now: datetime) -> list[Fact]:
    """Those that stand. `by` is a person, or a kind of fact."""
    standing = [subject for subject, state in states.items() if state and state.stands]
    return [Fact(subject, SilenceEnded(by=by, spreads_at=_spreads(subject.partition("/")[2], now))) for subject in standing]


def _spreads(about: str, now: datetime) -> datetime | None:
    return now if kind_of(about) == "record" else None


def route(subject: str, after: str) -> Route:
    """The next part of what is about this record."""
    return Route((subject,), share=Share(subject.partition("/")[2], after))


def spread(
    subject: str, state: Silence | None, items: Mapping[str, "belonging.Belonging | None"], part: Sequence[str], at: datetime
) -> list[Fact]:
    """What is about the record hears that it is silent, or that it is no more; the same again is no fact."""
    if state is None or state.spreads_at != at:
        return []
    heard = [fact for one in part for fact in belonging.silenced(one, items[one], state.stands, at)]
    return [*heard, Fact(subject, SilenceFollowed(after=part[-1] if len(part) == SHARE_MAX else None))]


def deadlines(state: Silence) -> Iterator[Deadline]:
    """At once, one part after the other."""
    if state.spreads_at:
        yield Deadline(SPREAD, state.after, state.spreads_at)


def evolve(state: Silence | None, fact: Change) -> Silence | None:
    match fact:
        case SilenceBegun():
            return Silence(stands=True, item=fact.item, spreads_at=fact.spreads_at)
        case SilenceEnded() if state:
            return state.model_copy(update={"stands": False, "spreads_at": fact.spreads_at, "after": ""})
        case SilenceFollowed() if state and fact.after:
            return state.model_copy(update={"after": fact.after})
        case SilenceFollowed() if state:
            return state.model_copy(update={"spreads_at": None, "after": ""})
    return state
