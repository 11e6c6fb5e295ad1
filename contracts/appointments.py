"""What follow_up says of appointments as partners tell of them: the last word, and the plan that they count in."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.follow_up import Noted
from contracts.partners import VisitDetails


class AppointmentTold(VisitDetails, Noted):
    """A partner said what became of an appointment or a visit, and its last word stands. Whether it counts in a plan is said apart."""

    type: ClassVar = "appointment.told.v1"
    record: str
    person: str
    partner: str
    reference: str
    request: str | None = None
    told_at: AwareDatetime
    """When the front door had it."""
    consent: str | None = None


class AppointmentMatched(Noted):
    """It is a visit of this plan: of the person, and of a program whose own partner tells of it."""

    type: ClassVar = "appointment.matched.v1"
    plan: str


class AppointmentMoved(Noted):
    """The record it is about belongs to another person's cluster now."""

    type: ClassVar = "appointment.moved.v1"
    person: str


EVENTS = (AppointmentTold, AppointmentMatched, AppointmentMoved)
