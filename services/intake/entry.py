"""What a partner's record holds: entries, each with what becomes of it. Whatever the form they came in, they end alike."""

from contracts import partners
from contracts.kernel import Reason, value
from services.intake.codes import Outcome


@value
class Entry:
    """One entry of a partner's message and what becomes of it.

    `pointer` is where it lies in the message, "" for a native event. `event` is there only with the outcome `event`, its
    personal values readable. `reference` is the partner's own number wherever it could be found. `reasons` hold no value of
    the input; beside an event they are what was left out or taken another way.
    """

    pointer: str
    outcome: Outcome
    event: partners.FromPartner | None
    reference: str | None
    reasons: tuple[Reason, ...]
