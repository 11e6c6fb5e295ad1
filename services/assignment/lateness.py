"""When a step of a placement is late, and when the regulatory time is: its owner is warned, and it is told once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from contracts import clocks
from contracts.assignment import PlacementOverdue, PlacementOverdueRetracted, PlacementWarned
from contracts.kernel import DeadlinePassed
from services.assignment import caseloads, offers, ownership
from services.assignment.placement import (
    AGAIN,
    CONTACT,
    FIND_OWNER,
    FIND_PLACE,
    HAND_OFF,
    OFFER_RESPONSE,
    RUNNING_SHORT,
    Case,
    Changes,
    Placement,
)
from services.assignment.rules import RULES


def passed(case: Case, data: DeadlinePassed) -> Changes:
    """A deadline of the placement has come; one that no longer stands is nothing."""
    match data.name:
        case clocks.DUE if data.about == FIND_PLACE:
            return _regulatory(case, data)
        case clocks.DUE if data.about == CONTACT:
            return _contact(case, data)
        case clocks.DUE if data.about == AGAIN:
            return _again(case, data)
        case clocks.WARN | clocks.DUE:
            return _step(case, data)
        case _ if data.name == OFFER_RESPONSE:
            return offers.unanswered(case, data)
        case _ if data.name == RUNNING_SHORT:
            return offers.running_short(case, data)
        case _ if data.name == HAND_OFF:
            return ownership.unanswered(case, data)
        case _ if data.name == FIND_OWNER:
            return caseloads.look(case, data)
    return ()


def _step(case: Case, data: DeadlinePassed) -> Changes:
    placement, step = case.placement, case.placement.owed
    if step is None or (over := clocks.is_over(step, data, case.now)) is None:
        return ()
    said: dict[str, Any] = step.model_dump(include={"action", "rule", "due", "waiting_on"}) | {"owner": placement.owner}
    if not over:
        return (PlacementWarned(**said),)
    return (PlacementOverdue(**said, **_cited(step.rule, step.due, case.now)),)


def _regulatory(case: Case, data: DeadlinePassed) -> Changes:
    """The time in which the person must be seen is over, and nobody has taken them."""
    placement = case.placement
    if placement.services_late or placement.services_by != data.at or placement.services_rule is None:
        return ()
    waiting = ",".join(asked.desk for asked in placement.waiting_on) or None
    late = PlacementOverdue(
        action=FIND_PLACE, rule=placement.services_rule, due=data.at, owner=placement.owner, waiting_on=waiting,
        **_cited(placement.services_rule, data.at, case.now),
    )  # fmt: skip
    return (late,)


def _contact(case: Case, data: DeadlinePassed) -> Changes:
    """Nobody has reached the person in time; whoever was tried in vain is not reached."""
    placement = case.placement
    if placement.contacted or placement.contact_late or placement.reach_by != data.at or placement.reach_rule is None:
        return ()
    cited = _cited(placement.reach_rule, data.at, case.now)
    return (PlacementOverdue(action=CONTACT, rule=placement.reach_rule, due=data.at, owner=placement.owner, waiting_on="client", **cited),)


def _again(case: Case, data: DeadlinePassed) -> Changes:
    """Somebody tried in vain, and nobody has tried again when it was time to."""
    placement = case.placement
    if placement.again_late or placement.again_by != data.at or placement.again_rule is None:
        return ()
    cited = _cited(placement.again_rule, data.at, case.now)
    return (PlacementOverdue(action=AGAIN, rule=placement.again_rule, due=data.at, owner=placement.owner, waiting_on="client", **cited),)


def taken_back(placement: Placement, tried_at: datetime, reached: bool) -> Iterator[PlacementOverdueRetracted]:
    """What a contact that is entered late shows to have been done in time."""
    if placement.again_late and placement.again_by and placement.again_rule and tried_at <= placement.again_by:
        yield PlacementOverdueRetracted(action=AGAIN, rule=placement.again_rule, due=placement.again_by)
    if reached and placement.contact_late and placement.reach_by and placement.reach_rule and tried_at <= placement.reach_by:
        yield PlacementOverdueRetracted(action=CONTACT, rule=placement.reach_rule, due=placement.reach_by)


def _cited(rule: str, due: datetime, now: datetime) -> dict[str, Any]:
    return {**RULES.cited(rule), "late_minutes": int((now - due).total_seconds() // 60)}
