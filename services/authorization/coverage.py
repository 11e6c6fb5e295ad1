"""Who covers a person, as one partner's record has it: `coverage/<x>` of `record/<x>`, sealed under that record."""

from datetime import date
from typing import Any

from contracts.authorization import CoverageRecorded
from contracts.kernel import Change, Decision, Fact, Message, Personal, State
from contracts.partners import Text

KNOWN = ("payer", "plan", "member", "effective_on", "ends_on")


class Coverage(State):
    """What is known of it; the member number stays sealed."""

    payer: str
    plan: str | None = None
    member: Personal[Text] | None = None
    effective_on: date | None = None
    ends_on: date | None = None

    def stands_on(self, day: date) -> bool:
        return (self.effective_on or date.min) <= day <= (self.ends_on or date.max)


def coverage_of(record: str) -> str:
    return record.replace("record/", "coverage/", 1)


def recorded(message: Message) -> Decision:
    """It takes the place of what was known. Sealed values cannot be compared, so saying the same again is said again."""
    told = {name: getattr(message.data, name) for name in KNOWN}
    record = message.subject.replace("coverage/", "record/", 1)
    return [Fact(message.subject, CoverageRecorded(record=record, **told))]


def evolve(state: Coverage | None, fact: Change) -> Coverage | None:
    if not isinstance(fact, CoverageRecorded):
        return state
    told: dict[str, Any] = {name: getattr(fact, name) for name in KNOWN}
    return state.model_copy(update=told) if state else Coverage(**told)
