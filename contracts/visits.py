"""Appointments and visits, as programs tell of them: booked, come to, missed, called off, or never meant."""

from typing import ClassVar

from contracts.kernel import Change
from contracts.partners import VisitDetails


class VisitReceived(VisitDetails, Change):
    """A partner says what became of an appointment or a visit. Whose plan it counts in is follow-up's to decide.

    `record` is the partner's record of the person; the pair (`partner`, `reference`) is one visit, whoever repeats it.
    """

    type: ClassVar = "visit.received.v1"
    record: str
    person: str
    partner: str
    reference: str
    request: str | None = None
    """The referral that it is for, where its sender names one of its own."""
    consent: str | None = None
    content: str = ""
    """Blind digest of what was sent: the same content again is the same fact."""


EVENTS = (VisitReceived,)
