"""What a request becomes with what happens to it."""

from datetime import datetime

from contracts.clocks import owed, told_late
from contracts.endings import (
    RequestClosed,
    RequestDeathReported,
    RequestDeathRetracted,
    RequestOutcomeReported,
    RequestReopened,
    RequestServiceRetracted,
    RequestServiceStarted,
)
from contracts.intake import (
    ProgramsAvoided,
    RequestAcknowledged,
    RequestAmended,
    RequestInformationAsked,
    RequestInformationSupplied,
    RequestInformationWaived,
    RequestReceived,
    RequestTriaged,
    RequestWithdrawn,
)
from contracts.kernel import Change
from contracts.needs import RequestJoined, RequestParted, RequestStatusPassedOn
from contracts.views import RequestAccepted
from services.intake.records import DEAD
from services.intake.requests import CHANGEABLE, OURS, PassedOn, Request

TAKEN = tuple(name for name in Request.model_fields if name in RequestReceived.model_fields)
"""What a request takes from the fact that began it, under the same name."""


def evolve(state: Request | None, fact: Change) -> Request | None:
    """The life of a request. What is withdrawn stays withdrawn; from triage to the outcome the time of a step is not the front door's."""
    after = _evolved(state, fact)
    if after is None:
        return None
    ours = after.status in OURS or (after.dead_since and after.is_open)
    before = state.owed if state else None
    if before and before.late and isinstance(fact, RequestInformationAsked):  # another question has a time of its own
        before = before.model_copy(update={"late": False})
    step = told_late(owed(before, fact), fact) if ours else None
    return after if step is after.owed else after.model_copy(update={"owed": step})


def _evolved(state: Request | None, fact: Change) -> Request | None:
    if isinstance(fact, RequestReceived):
        return Request(**{name: getattr(fact, name) for name in TAKEN}, status="received")
    if state is None:
        return None
    match fact:
        case RequestAmended():
            changes = {name: value for name in (*CHANGEABLE, "content") if (value := getattr(fact, name))}
            return state.model_copy(update=changes)
        case ProgramsAvoided():
            return state.model_copy(update={"avoid": fact.avoid})
        case RequestAcknowledged():
            return state.model_copy(update={"status": "acknowledged", "taken_by": fact.by, "triage_from": fact.counts_from})
        case RequestInformationAsked():
            return state.model_copy(update={"status": "needs_info", "asked": fact.of})
        case RequestInformationSupplied() | RequestInformationWaived():
            return state.model_copy(update={"status": "acknowledged", "asked": None})
        case RequestTriaged():
            return state.model_copy(update={"status": "triaged", "urgency": fact.urgency, "service": fact.service})
        case RequestWithdrawn():
            over = {"status": "withdrawn", "moved_at": fact.withdrawn_at, "dead_since": None}
            return state.model_copy(update={**over, **_alone(state, state.requested_at)})
        case RequestJoined() | RequestParted() | RequestStatusPassedOn():
            return _joined(state, fact)
    return _ended(state, fact)


def _joined(state: Request, fact: Change) -> Request:
    """Worked together with what other senders asked for, or by itself again."""
    match fact:
        case RequestJoined():
            known = {"requested_at": fact.requested_at, "urgency": fact.urgency}
            return state.model_copy(update={**known, "joined": (*state.joined, fact.request)})
        case RequestParted():
            return state.model_copy(update={"joined": tuple(one for one in state.joined if one != fact.request)})
        case RequestStatusPassedOn():
            return state.model_copy(update={"passed_on": PassedOn(**fact.model_dump(include=set(PassedOn.model_fields)))})
    return state


def _alone(state: Request, at: datetime | None) -> dict[str, object]:
    """Whoever it was worked as hears that it is not any more."""
    return {"into": None, "left": state.into, "left_at": at} if state.into else {}


def _ended(state: Request, fact: Change) -> Request:
    """From the outcome on, and what stops when somebody is said to have died."""
    match fact:
        case RequestAccepted():
            return state.model_copy(update={"program": fact.program, "receiver": fact.partner, "moved_at": fact.accepted_at})
        case RequestServiceStarted():
            return state.model_copy(update={"served": True, "moved_at": fact.started_at})
        case RequestServiceRetracted():
            return state.model_copy(update={"served": False, "moved_at": fact.retracted_at})
        case RequestOutcomeReported():
            reported = {"status": "outcome_reported", "outcome": fact.outcome, "outcome_at": fact.counts_from}
            return state.model_copy(update={**reported, "moved_at": fact.counts_from})
        case RequestClosed():
            verified = _said("verified", fact.closed_at, fact.by) if fact.how == "died" else {"dead_since": None}
            over = {"status": "closed", "closed_as": fact.how, "moved_at": fact.closed_at}
            return state.model_copy(update={**over, "asked": None, "into": fact.into, **verified})
        case RequestReopened():
            taken = {"status": "acknowledged", "taken_by": fact.by, "triage_from": fact.counts_from, "requested_at": fact.requested_at}
            anew = {"interval": fact.interval, "reopened_at": fact.reopened_at, "moved_at": fact.reopened_at, "outcome": None}
            anew |= {"served": False, "program": None, "receiver": None, "closed_as": None}
            lives = _said("refuted", fact.reopened_at, fact.by) if state.death in DEAD else {}
            return state.model_copy(update={**taken, **anew, **lives, **_alone(state, fact.reopened_at)})
        case RequestDeathReported():
            status = "acknowledged" if state.status == "needs_info" else state.status
            noted = _said("noted", fact.noted_at, fact.by) | {"dead_since": fact.noted_at}
            return state.model_copy(update={"status": status, "asked": None, **noted})
        case RequestDeathRetracted():
            return state.model_copy(update=_said("refuted", fact.noted_at, fact.by))
    return state


def _said(death: str, at: datetime, by: str) -> dict[str, object]:
    """What is known of a death, by whose word and since when."""
    return {"death": death, "death_noted_at": at, "death_by": by, "dead_since": None}
