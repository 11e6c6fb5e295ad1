"""Stays somewhere, as facilities tell of them: what kind of place, what for, and what happened."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.kernel import Change, Code
from contracts.partners import AgeGroup, Problem, Sensitivity, StayKind, StayStep


class StayReceived(Change):
    """A facility says that somebody was admitted, left, or that either never was. Whether that is news is follow-up's to decide.

    `record` is the facility's record of the person; the pair (`facility`, `reference`) is one stay, whoever repeats it. Instants are the
    facility's: `at` is when what it tells of happened, and `admitted_at` when the stay began, where a later word says so too.
    """

    type: ClassVar = "stay.received.v1"
    record: str
    person: str
    partner: str
    facility: Code
    reference: str
    step: StayStep
    kind: StayKind
    at: AwareDatetime | None = None
    admitted_at: AwareDatetime | None = None
    to: Code | None = None
    against_advice: bool = False
    problem: Problem = "other"
    group: AgeGroup = "adult"
    sensitivity: Sensitivity = ""
    consent: str | None = None
    said_at: AwareDatetime | None = None
    """When the facility said this, where it tells."""
    content: str = ""
    """Blind digest of what was sent: the same content again is the same fact."""


EVENTS = (StayReceived,)
