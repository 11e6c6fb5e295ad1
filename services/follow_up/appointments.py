"""Appointments: booked, moved, cancelled, attended, missed. The same booking many times is one appointment.

A booking is known by the partner's number for it, else by its instant. One that was cancelled and is booked again by its number
stands again; one whose end is known does not come back to life by a repetition.
"""

from datetime import datetime, timedelta

from contracts.kernel import Reason, derived
from contracts.plans import VisitAttended, VisitBooked, VisitCancelled, VisitMissed, VisitMoved, VisitRetracted
from services.follow_up.commands import BookVisit, CancelVisit, MoveVisit, RecordAttendance, RecordNoShow, RetractAttendance
from services.follow_up.items import Case, Changes
from services.follow_up.plan import Plan
from services.follow_up.rules import clock

PAST_LIMIT = Reason("TL-5521", "/reason", "say why the first visit is later than the regulation allows: client-choice, no-slot, other")
UNKNOWN_VISIT = Reason("TL-5522", "/visit", "name a visit that is booked")
NOT_YET = Reason("TL-5523", "/at", "it cannot have happened yet; give the instant at which it did")
IN_PERSON = Reason("TL-5524", "/channel", "the evaluation was by telephone: the next visit must be in person")
NOT_RECORDED = Reason("TL-5528", "/at", "give the instant of an attended visit, as it was recorded")
HAS_ENDED = Reason("TL-5525", "", "the plan has ended")
NOT_STARTED = Reason("TL-5526", "/visit", "the visit has not begun")
HAS_DIED = Reason("TL-5527", "", "a death was reported: verify it with a discharge, or refute it first")


def visit_of(subject: str, data: BookVisit) -> str:
    """The id of a visit from its meaning: the partner's number, or else when it is."""
    return numbered(subject, data.reference or data.starts_at.isoformat())


def numbered(subject: str, reference: str) -> str:
    """The visit of a plan by the number that its program has for it, whoever tells it."""
    return derived(subject, "visit", reference)


def book(case: Case, data: BookVisit) -> Changes:
    """An appointment. Past the regulatory limit of a first visit it needs a reason."""
    plan, visit = case.state, visit_of(case.subject, data)
    if (known := plan.booking(visit)) is not None:
        return _moved(case, visit, known.starts_at, data.starts_at, data.reason)
    if plan.settled.get(visit) in ("attended", "missed"):
        return ()
    if refusal := _may_not_book(plan, data.starts_at, data.channel, data.reason):
        return case.refused(refusal)
    return (
        VisitBooked(
            visit=visit, reference=data.reference, starts_at=data.starts_at, settle_by=settle_by(data.starts_at), kind=data.kind,
            channel=data.channel, reason=data.reason,
        ),
    )  # fmt: skip


def settle_by(starts_at: datetime) -> datetime:
    """When it must be known whether the visit was kept."""
    return clock("record-attendance", starts_at).due_at


def _may_not_book(plan: Plan, starts_at: datetime, channel: str, reason: str | None) -> Reason | None:
    if not plan.visits and starts_at > plan.visit_by and reason is None:
        return PAST_LIMIT
    return IN_PERSON if plan.telephone_evaluation and channel != "in-person" else None


def move(case: Case, data: MoveVisit) -> Changes:
    """The same appointment at another time."""
    known = case.state.booking(data.visit)
    if known is None:
        return case.refused(UNKNOWN_VISIT)
    return _moved(case, data.visit, known.starts_at, data.starts_at, data.reason)


def _moved(case: Case, visit: str, left_at: datetime, starts_at: datetime, reason: str | None) -> Changes:
    if starts_at == left_at:
        return ()
    if not case.state.visits and starts_at > case.state.visit_by and reason is None:
        return case.refused(PAST_LIMIT)
    return (VisitMoved(visit=visit, starts_at=starts_at, settle_by=settle_by(starts_at), left_at=left_at, reason=reason),)


def cancel(case: Case, data: CancelVisit) -> Changes:
    """Called off. Nobody failed to come, so it is no no-show."""
    if case.state.settled.get(data.visit) == "cancelled":
        return ()
    if case.state.booking(data.visit) is None:
        return case.refused(UNKNOWN_VISIT)
    return (VisitCancelled(visit=data.visit, by=data.by, at=data.at, reason=data.reason),)


def attend(case: Case, data: RecordAttendance) -> Changes:
    """The person came, booked or not. It corrects a no-show that was recorded by mistake."""
    plan = case.state
    if data.at > case.now:
        return case.refused(NOT_YET)
    if data.visit and plan.settled.get(data.visit) == "attended":
        return ()
    if data.visit and plan.booking(data.visit) is None and data.visit not in plan.settled:
        return case.refused(UNKNOWN_VISIT)
    if data.visit is None and any(one.at == data.at and one.visit for one in plan.sighted):
        return ()
    return (VisitAttended(visit=data.visit, at=data.at, kind=data.kind, channel=data.channel),)


def retract(case: Case, data: RetractAttendance) -> Changes:
    """They did not come after all. Retracted again, it is nothing."""
    plan: Plan = case.state
    near = [one.at for one in (*plan.sighted, *plan.unseen) if one.visit and abs(one.at - data.at) < timedelta(minutes=1)]
    if not near or (data.visit and plan.settled.get(data.visit) not in ("attended", "retracted", "missed")):
        return case.refused(NOT_RECORDED)
    at = min(near, key=lambda one: abs(one - data.at))
    visit = data.visit or at.isoformat()
    back = taken_back(plan, visit, at)
    return (*back, *((VisitMissed(visit=visit, at=at),) if back and data.missed else ()))


def taken_back(plan: Plan, visit: str, at: datetime) -> list[VisitRetracted]:
    """As if they had not come then; nothing where no such visit is known."""
    if not any(one.visit and one.at == at for one in plan.sighted):
        return []
    left = max((one.at for one in plan.sighted if one.at != at), default=None)
    return [VisitRetracted(visit=visit, at=at, exchanged_at=left)]


def miss(case: Case, data: RecordNoShow) -> Changes:
    """The person did not come, and had not called it off."""
    plan, booking = case.state, case.state.booking(data.visit)
    if booking is None:
        return () if plan.settled.get(data.visit) == "missed" else case.refused(UNKNOWN_VISIT)
    if booking.starts_at > case.now:
        return case.refused(NOT_STARTED)
    return (VisitMissed(visit=data.visit, at=booking.starts_at),)
