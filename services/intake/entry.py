"""What a partner's record holds: entries, each with what becomes of it. Whatever the form they came in, they end alike."""

from typing import Any

from pydantic import ValidationError

from contracts import partners
from contracts.kernel import OUTSIDE, Reason, value
from services.intake import codes
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


def read_as(kind: type[partners.FromPartner], said: dict[str, Any], pointer: str, told: list[Reason]) -> Entry:
    """An entry that was read: the event, if nothing stands in its way; else every problem found, at once."""
    event, reference = None, said.get("reference")
    if codes.outcome_of(told) == "event":
        try:
            event = kind.model_validate({name: value for name, value in said.items() if value is not None}, context=OUTSIDE)
        except ValidationError:
            told = [*told, codes.reason(codes.UNFIT, pointer)]
    reasons = codes.told(told)
    return Entry(pointer, codes.outcome_of(reasons), event, reference, reasons)
