"""What is told of a stay: admissions, discharges, transfers, however late and however often; and what people did about it."""

from datetime import datetime
from typing import Any

from contracts.kernel import Message, Reason, Refused, derived
from contracts.partners import StayKind
from contracts.stays import StayReceived
from contracts.transitions import (
    AdmissionCorrected,
    DischargeAttempted,
    DischargeCancelled,
    DischargeReached,
    LeavePlanned,
    PapersReceived,
    PersonDischarged,
    RiskReviewed,
    StayContacted,
    TransitionEnded,
    TransitionOpened,
    VisitArranged,
)
from services.follow_up.appointments import NOT_YET
from services.follow_up.commands import (
    ArrangeVisit,
    CancelAdmission,
    CancelDischarge,
    EndTransition,
    PlanLeave,
    ReceivePapers,
    RecordAdmission,
    RecordDischarge,
    RecordReached,
    RecordTransfer,
    ReviewRisk,
    Stay,
    TryToReach,
)
from services.follow_up.items import Case, Changes
from services.follow_up.transition import Transition

COORDINATOR = "role/coordinator"
"""Answers for a stay whose person has no plan."""

UNKNOWN_STAY = Reason("TL-5541", "/reference", "tell the admission or the discharge first")
HAS_ENDED = Reason("TL-5542", "", "the transition has ended")
STILL_THERE = Reason("TL-5543", "", "the person has not left; plan the leave, or record the discharge")
BEFORE_ADMISSION = Reason("TL-5544", "/at", "the discharge is before the admission; correct one of them")


def transition_of(data: Stay | StayReceived) -> str:
    """A stay from its meaning: the facility and its own number."""
    return "transition/" + derived("transition", data.facility, data.reference)


def admitted(case: Case, data: RecordAdmission, person: str | None, message: Message) -> Changes:
    """An admission: new, the same again, at another instant, or after its own discharge."""
    if data.at > case.now:
        return case.refused(NOT_YET)
    state: Transition | None = case.state
    if state is None:
        return (_opened(data, person, message, data.at),)
    return () if data.at == state.admitted_at or _is_over(state) else (AdmissionCorrected(admitted_at=data.at),)


def discharged(case: Case, data: RecordDischarge, person: str | None, message: Message) -> Changes:
    """A discharge. Without a known admission it opens the transition; told again it is nothing; corrected, its clocks count anew."""
    if data.at > case.now:
        return case.refused(NOT_YET)
    state: Transition | None = case.state
    left = PersonDischarged(at=data.at, to=data.to, against_advice=data.against_advice)
    if state is None:
        return (_opened(data, person, message, None), left)
    if _is_over(state) or (state.discharged_at, state.to, state.against_advice) == (data.at, data.to, data.against_advice):
        return ()
    if state.admitted_at and data.at < state.admitted_at:
        return case.refused(BEFORE_ADMISSION)
    return (left,)


def reported(case: Case, data: StayReceived, person: str | None, message: Message) -> Changes:
    """A facility tells of a stay by the front door, in whatever order and however late. One word may tell both ends of it."""
    state: Transition | None = None if _never_was(case.state) else case.state
    if data.step not in ("admitted", "discharged"):
        if state is None or _is_over(state):
            return ()
        return admission_cancelled(case, data) if data.step == "admission-cancelled" else discharge_cancelled(case, data)
    begun = data.at if data.step == "admitted" else data.admitted_at
    if state and _is_over(state):
        return ()
    said = (_opened(data, person, message, begun),) if state is None else _corrected(state, begun, data.kind)
    if data.step == "admitted" or data.at is None:
        return said
    since = begun or (state.admitted_at if state else None)
    if since and data.at < since:
        return case.refused(BEFORE_ADMISSION)
    left = PersonDischarged(at=data.at, to=data.to, against_advice=data.against_advice)
    known = state and (state.discharged_at, state.to, state.against_advice) == (data.at, data.to, data.against_advice)
    return said if known else (*said, left)


def _corrected(state: Transition, begun: datetime | None, kind: StayKind) -> tuple[AdmissionCorrected, ...]:
    """Another instant, or an ED visit that became a stay: the same number goes on, and no later word makes it an ED visit again."""
    at = begun if begun != state.admitted_at else None
    becomes = kind if state.kind == "ed" and kind != "ed" else None
    return (AdmissionCorrected(admitted_at=at, kind=becomes),) if at or becomes else ()


def _opened(data: Any, person: str | None, message: Message, admitted_at: datetime | None) -> TransitionOpened:
    """Somebody answers from here on: the coordinator, until the person's plan is found."""
    same = {name: getattr(data, name) for name in ("record", "kind", "facility", "reference", "problem", "group")}
    label = "part2" if message.sensitivity else ""
    return TransitionOpened(
        **same,
        at_risk=getattr(data, "at_risk", False),
        person=person,
        owner=COORDINATOR,
        admitted_at=admitted_at,
        sensitivity=label,
        consent=message.consent or None,
    )


def _is_over(state: Transition) -> bool:
    return state.status == "ended"


def _never_was(state: Transition | None) -> bool:
    """Called off: a word that says that it was begins it anew."""
    return state is not None and state.ended_how == "cancelled"


def transferred(case: Case, data: RecordTransfer) -> Changes:
    """Moved to another facility, whose own stay goes on from here."""
    if case.state is None:
        return Refused((UNKNOWN_STAY,))
    return () if _is_over(case.state) else (TransitionEnded(how="transferred", at=data.at, by=case.actor.id),)


def admission_cancelled(case: Case, data: CancelAdmission | StayReceived) -> Changes:
    """It never was: nothing is owed, and what was told late is taken back."""
    if case.state is None:
        return Refused((UNKNOWN_STAY,))
    return () if _is_over(case.state) else (TransitionEnded(how="cancelled", at=case.state.opened_at, by=case.actor.id),)


def discharge_cancelled(case: Case, data: CancelDischarge | StayReceived) -> Changes:
    if case.state is None:
        return Refused((UNKNOWN_STAY,))
    return () if _is_over(case.state) or case.state.discharged_at is None else (DischargeCancelled(),)


# — what people did


def leave_planned(case: Case, data: PlanLeave) -> Changes:
    return () if case.state.expected_at == data.expected_at else (LeavePlanned(expected_at=data.expected_at),)


def visit_arranged(case: Case, data: ArrangeVisit) -> Changes:
    return () if case.state.arranged_at == data.starts_at else (VisitArranged(starts_at=data.starts_at),)


def tried(case: Case, data: TryToReach) -> Changes:
    """An attempt after the stay. It stops the first clock and starts the next one; the person is not reached by it."""
    state: Transition = case.state
    if state.discharged_at is None or data.at < state.discharged_at:
        return case.refused(STILL_THERE)
    if data.at > case.now:
        return case.refused(NOT_YET)
    return (DischargeAttempted(at=data.at, channel=data.channel, outcome=data.outcome),) if data.at != state.attempted_at else ()


def reached(case: Case, data: RecordReached) -> Changes:
    """Spoken with: during the stay, or after it."""
    state: Transition = case.state
    if data.at > case.now:
        return case.refused(NOT_YET)
    if state.discharged_at is None or data.at < state.discharged_at:
        return (StayContacted(at=data.at),) if data.at != state.contacted_at else ()
    return (DischargeReached(at=data.at, channel=data.channel),) if data.at != state.reached_at else ()


def papers(case: Case, data: ReceivePapers) -> Changes:
    return () if data.kind in case.state.papers else (PapersReceived(kind=data.kind, at=data.at),)


def risk(case: Case, data: ReviewRisk) -> Changes:
    return (RiskReviewed(at_risk=data.at_risk, at=data.at, by=case.actor.id),)


def end(case: Case, data: EndTransition) -> Changes:
    """A person says so. Time alone never does."""
    if case.state.discharged_at is None and data.how != "died":
        return case.refused(STILL_THERE)
    return (TransitionEnded(how=data.how, at=data.at, by=case.actor.id),)
