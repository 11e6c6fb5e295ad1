"""How far a referral is by the codes of FHIR and BSeR, so that what two sides say can be compared. Pure tables.

Read from HL7 FHIR R4, Task.status (its state machine), and HL7 BSeR's TaskBusinessStatusCS: what a code leaves open is in its set, so
that a side which says little is not taken to contradict.
"""

from collections.abc import Sequence

from contracts.partners import BusinessStatus, TaskStatus
from contracts.views import Stage
from services.intake.requests import Request

Meaning = frozenset[Stage]
ORDER: tuple[Stage, ...] = ("asked", "accepted", "under-way", "done", "over")
_ASKED, _HAS_IT, _OPEN = frozenset(ORDER[:1]), frozenset(ORDER[1:3]), frozenset(ORDER[:3])
_DONE, _OVER = frozenset(ORDER[3:4]), frozenset(ORDER[4:])

TASK: dict[TaskStatus, Meaning] = {
    "requested": _ASKED, "received": _ASKED, "accepted": _HAS_IT, "ready": _HAS_IT, "in-progress": _OPEN, "on-hold": _OPEN,
    "completed": _DONE, "failed": _OVER, "rejected": _OVER, "cancelled": _OVER, "entered-in-error": _OVER,
}  # fmt: skip
BUSINESS: dict[BusinessStatus, Meaning] = {
    "2.0": _ASKED, "3.0": _HAS_IT, "4.0": _OVER, "5.x": _HAS_IT, "5.1.1": _HAS_IT, "5.1.2": _HAS_IT, "5.1.3": _HAS_IT | _OVER,
    "5.1.4": frozenset(ORDER[2:4]), "6.0": _OVER, "7.0": _DONE | _OVER,
}  # fmt: skip


def meaning(status: TaskStatus, business: BusinessStatus | None) -> Meaning:
    """The stages that both codes leave open; none, where they cannot both be so."""
    return TASK[status] & BUSINESS[business] if business else TASK[status]


def in_order(stages: Meaning) -> tuple[Stage, ...]:
    return tuple(stage for stage in ORDER if stage in stages)


def ours(status: TaskStatus, business: BusinessStatus) -> Stage:
    """What we know is what our own words say at least."""
    return in_order(meaning(status, business))[0]


def is_ahead(theirs: Sequence[Stage], ours: Stage) -> bool:
    """Whether they say more than we know: what is behind may only be older."""
    return any(ORDER.index(stage) > ORDER.index(ours) for stage in theirs)


def position(request: Request) -> str | None:
    """Where it stands, as its sender would be told; None while there is nothing of its own to compare: it is worked as another's, or
    somebody is said to have died."""
    if request.into or request.dead_since:
        return None
    match request.status:
        case "withdrawn":
            return "withdrawn"
        case "closed":
            return f"closed-{request.closed_as}" if request.closed_as else None
        case "outcome_reported":
            return "outcome"
    if request.served:
        return "started"
    return "accepted" if request.program else "triaged" if request.status == "triaged" else "acknowledged"
