"""People of whom a death was reported: nothing about them is told until somebody has verified that the report was wrong."""

from contracts.kernel import Change, Decision, Fact, Message, Reason, Refused, State
from contracts.notification import SilenceBegun, SilenceEnded

NOT_SILENT = Reason("TL-5608", "", "nothing is held back about this record")


class Silence(State):
    """`stands` from the report on, until it is ended."""

    stands: bool
    item: str


def silence_of(record: str) -> str:
    return f"silence/{record}"


def begun(state: Silence | None, record: str, by: str, item: str) -> list[Fact]:
    """A second report changes nothing."""
    return [] if state and state.stands else [Fact(silence_of(record), SilenceBegun(by=by, item=item))]


def ended(subject: str, state: Silence | None, message: Message) -> Decision:
    if state is None or not state.stands:
        return Refused((NOT_SILENT,))
    return [Fact(subject, SilenceEnded(by=message.actor.id))]


def evolve(state: Silence | None, fact: Change) -> Silence | None:
    match fact:
        case SilenceBegun():
            return Silence(stands=True, item=fact.item)
        case SilenceEnded() if state:
            return state.model_copy(update={"stands": False})
    return state
