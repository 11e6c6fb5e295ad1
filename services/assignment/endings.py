"""What ends a search, what halts it, and what opens it again: the word of the front door, or of a plan. Time ends none."""

from contracts.assignment import OwnerAssigned, PlacementEnded, PlacementHalted, PlacementReopened, PlacementResumed
from contracts.endings import RequestClosed, RequestDeathReported, RequestDeathRetracted, RequestReopened
from contracts.intake import RequestWithdrawn
from contracts.plans import PlanDischarged
from services.assignment.history import evolve
from services.assignment.offers import as_of, needed, next_round
from services.assignment.placement import FRONT_DESK, LOOKING, Case, Changes

OBTAINED = ("verified", "asserted")
"""A referral that is closed so has led to care, which goes on in the program until its plan ends."""


def withdrawn(case: Case, data: RequestWithdrawn) -> Changes:
    """The sender took the request back: whoever was asked, or has it, is released."""
    return _ended(case, "withdrawn")


def closed(case: Case, data: RequestClosed) -> Changes:
    """A person closed it. A program that has the person keeps its place where services were obtained."""
    return () if data.how in OBTAINED and case.placement.program else _ended(case, data.how)


def _ended(case: Case, reason: str) -> Changes:
    placement = case.placement
    if placement.status == "ended":
        return ()
    released = tuple(asked.program for asked in placement.may_say_yes)
    return (PlacementEnded(reason=reason, released=released, program=placement.program),)


def discharged(case: Case, data: PlanDischarged) -> Changes:
    """A person ended the plan: the program's place is free again."""
    return () if case.placement.status == "ended" else (PlacementEnded(reason="discharged", released=(), program=case.placement.program),)


def halted(case: Case, data: RequestDeathReported) -> Changes:
    """The person is said to have died: nobody is asked or called any more, and no reminder goes out."""
    placement = case.placement
    if placement.halted or placement.status == "ended":
        return ()
    released = tuple(asked.program for asked in placement.may_say_yes)
    return (PlacementHalted(released=released, noted_at=data.noted_at, by=data.by),)


def resumed(case: Case, data: RequestDeathRetracted) -> Changes:
    """The person lives: whoever fits is asked again, for the need as it is now."""
    placement = case.placement
    if not placement.halted:
        return ()
    after = evolve(placement, lives := PlacementResumed())
    if after is None or after.status not in LOOKING or after.urgency is None:
        return (lives,)
    need = needed(after)._replace(service=data.service, urgency=data.urgency or after.urgency)
    return (lives, next_round(as_of(case, after), need, again=True))


def reopened(case: Case, data: RequestReopened) -> Changes:
    """Needed again: whoever opened it answers for it, and triage says what is looked for."""
    placement = case.placement
    if placement.interval >= data.interval:
        return ()
    need = {"service": data.service, "requested_at": data.requested_at, "interval": data.interval}
    anew = PlacementReopened(**need, owner=FRONT_DESK, left=placement.program)
    return (anew, OwnerAssigned(owner=data.by, role=FRONT_DESK))
