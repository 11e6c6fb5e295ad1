"""People of whom a death was reported: nothing about them is told until somebody has verified that the report was wrong."""

from collections.abc import Mapping

from contracts.kernel import Change, Decision, Fact, Message, Reason, Refused, State
from contracts.rosters import SilenceBegun, SilenceEnded

NOT_SILENT = Reason("TL-5608", "", "nothing is held back about this record")


class Silence(State):
    """`stands` from the report on, until it is ended."""

    stands: bool
    item: str


def silence_of(about: str) -> str:
    """Of a record, or of an item."""
    return f"silence/{about}"


def begun(state: Silence | None, about: str, by: str, item: str) -> list[Fact]:
    """A second report changes nothing."""
    return [] if state and state.stands else [Fact(silence_of(about), SilenceBegun(by=by, item=item))]


def lifted(states: Mapping[str, Silence | None], message: Message) -> Decision:
    """A person says that the report was wrong: of a record, or of an item and its need."""
    return ended(states, message) or Refused((NOT_SILENT,))


def ended(states: Mapping[str, Silence | None], message: Message) -> list[Fact]:
    """Those that stand."""
    by = message.actor.id or message.data.type
    return [Fact(subject, SilenceEnded(by=by)) for subject, state in states.items() if state and state.stands]


def evolve(state: Silence | None, fact: Change) -> Silence | None:
    match fact:
        case SilenceBegun():
            return Silence(stands=True, item=fact.item)
        case SilenceEnded() if state:
            return state.model_copy(update={"stands": False})
    return state
