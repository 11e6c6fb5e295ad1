"""Appointments and visits, as programs tell of them: booked, come to, missed, called off, or never meant."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.kernel import Change, Code
from contracts.partners import CalledOffBy, Channel, Sensitivity, VisitKind, VisitStep


class VisitReceived(Change):
    """A partner says what became of an appointment or a visit. Whose plan it counts in is follow-up's to decide.

    `record` is the partner's record of the person; the pair (`partner`, `reference`) is one visit, whoever repeats it. Instants are the
    partner's: `starts_at` is when it begins or began, `at` when what it tells of happened, where that is another instant.
    """

    type: ClassVar = "visit.received.v1"
    record: str
    person: str
    partner: str
    reference: str
    step: VisitStep
    starts_at: AwareDatetime | None = None
    at: AwareDatetime | None = None
    request: str | None = None
    """The referral that it is for, where its sender names one of its own."""
    program: Code | None = None
    kind: VisitKind = "service"
    channel: Channel = "in-person"
    by: CalledOffBy | None = None
    reason: Code | None = None
    sensitivity: Sensitivity = ""
    consent: str | None = None
    content: str = ""
    """Blind digest of what was sent: the same content again is the same fact."""


EVENTS = (VisitReceived,)
