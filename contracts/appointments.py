"""What follow_up says of appointments as partners tell of them: the last word, and the plan that they count in."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.follow_up import Noted
from contracts.kernel import Code
from contracts.partners import CalledOffBy, Channel, Sensitivity, VisitKind, VisitStep


class AppointmentTold(Noted):
    """A partner said what became of an appointment or a visit, and its last word stands. Whether it counts in a plan is said apart."""

    type: ClassVar = "appointment.told.v1"
    record: str
    person: str
    partner: str
    reference: str
    step: VisitStep
    starts_at: AwareDatetime | None = None
    at: AwareDatetime | None = None
    request: str | None = None
    program: Code | None = None
    kind: VisitKind = "service"
    channel: Channel = "in-person"
    by: CalledOffBy | None = None
    reason: Code | None = None
    told_at: AwareDatetime
    """When the front door had it."""
    sensitivity: Sensitivity = ""
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
