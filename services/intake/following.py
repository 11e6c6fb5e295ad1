"""What assignment and follow_up say became of a request: told to its sender, and taken over where it comes back to us."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.assignment import (
    NoProgramAvailable,
    PlacementAccepted,
    PlacementContactLogged,
    PlacementEnded,
    PlacementOffered,
    PlacementWaitlisted,
    PlacementWithheld,
)
from contracts.authorization import AuthorizationSubmitted, DecisionInquired
from contracts.follow_up import CareMissed, CareScheduled, CareStarted, CareStartRetracted, CareUnscheduled, OutcomeReported
from contracts.kernel import Decision, Early, Event, Fact, Message, World
from contracts.plans import PlanDeathReported, SuppressionEnded
from contracts.views import RequestAccepted
from services.intake import answers, closing
from services.intake.requests import Request

FOLLOWED: dict[type[Any], str] = {
    PlacementOffered: "offered",
    PlacementAccepted: "accepted",
    PlacementWaitlisted: "waitlisted",
    NoProgramAvailable: "unplaced",
    PlacementWithheld: "withheld",
    PlacementContactLogged: "contacting",
    CareScheduled: "scheduled",
    CareUnscheduled: "unscheduled",
    CareMissed: "missed",
    CareStarted: "started",
    CareStartRetracted: "accepted",
    OutcomeReported: "outcome",
}
"""What assignment and follow_up say, and what that is to the sender."""
DEATHS = (PlanDeathReported, SuppressionEnded)
HEARS: tuple[type[Event], ...] = (*FOLLOWED, PlacementEnded, *DEATHS, AuthorizationSubmitted, DecisionInquired)


def followed(subject: str) -> str:
    """`placement/0190…`, `care/0190…`, `plan/0190…` and `consent/0190…` are of `request/0190…`."""
    return f"request/{subject.partition('/')[2]}"


def heard(message: Message, world: World, now: datetime) -> Decision:
    """What became of it: told to the sender. Its first visit is evidence, and the last word hands it back to us."""
    request, data = followed(message.subject), message.data
    state: Request | None = world[request]
    if state is None:
        return Early(request)
    if not state.is_open:
        return []
    ours = closing.served(request, state, message) if isinstance(data, CareStarted | CareStartRetracted) else []
    if isinstance(data, PlacementAccepted):
        ours = accepted(request, state, message)
    if isinstance(data, OutcomeReported | PlacementEnded):
        ours = closing.outcome(request, state, message, now)
    if isinstance(data, PlacementContactLogged) and (data.outcome == "reached" or data.next_attempt_at is None):
        return []  # they were reached, or nobody is to try again: nothing that the sender waits for
    goes_on = isinstance(data, CareStartRetracted) and data.started_at is not None
    if goes_on or (told := FOLLOWED.get(type(data))) is None:
        return ours
    why = data.outcome if isinstance(data, OutcomeReported) else told if isinstance(data, PlacementContactLogged) else None
    return [*ours, *answers.of_request(request, state, now, told, why)]


def accepted(request: str, state: Request, message: Message) -> Sequence[Fact]:
    """Who has it may say from now on where it stands."""
    data: PlacementAccepted = message.data
    if (state.program, state.receiver) == (data.program, data.partner):
        return []
    return [Fact(request, RequestAccepted(program=data.program, partner=data.partner, accepted_at=message.at))]
