"""What assignment said: a program took it, ownership moved, nothing is left to place."""

from datetime import datetime

from contracts.assignment import PlacementAccepted, PlacementEnded
from contracts.follow_up import CareEnded, CareHandedOn
from contracts.kernel import Change, Decision, Early, Message, World
from contracts.plans import PlanDischarged, PlanHandedOn, PlanOpened
from services.follow_up import care
from services.follow_up.facts import of, told
from services.follow_up.people import Client, client_of

CADENCE_DAYS = 14
"""Where neither plan nor program says how often: a default of ours."""


def accepted(message: Message, world: World, now: datetime) -> Decision:
    """A program took it: care and plan begin together, at the instant of the yes."""
    data: PlacementAccepted = message.data
    client: Client | None = world[client_of(data.record)] if data.record else None
    if data.record and client is None:
        return Early(client_of(data.record))
    subject, plan = of(message.subject, "care"), of(message.subject, "plan")
    if world[subject] is not None:
        return []
    opened = care.opened(message, of(message.subject, "request"), data, now)
    begun = PlanOpened(
        record=data.record, person=client.person if client else None, program=data.program, owner=opened.owner, service=data.service,
        opened_at=message.at, visit_by=opened.visit_by, cadence_days=data.cadence_days or CADENCE_DAYS, books_visits=data.books_visits,
        sensitivity=opened.sensitivity, consent=opened.consent,
    )  # fmt: skip
    return [
        *told(subject, None, [opened], now, message.at),
        *told(plan, None, [begun], now, message.at),
    ]


def placed(message: Message, world: World, now: datetime) -> Decision:
    """Ownership moved to another role; or the placement ended, which ends a plan only before its first visit."""
    data = message.data
    subject, plan_id = of(message.subject, "care"), of(message.subject, "plan")
    known, plan = world[subject], world[plan_id]
    if known is None or plan is None or known.status == "ended":
        return []
    if isinstance(data, PlacementEnded) and known.status == "outcome-reported":
        return []
    if isinstance(data, PlacementEnded):
        ended: list[Change] = (
            [PlanDischarged(reason=data.reason, at=message.at, by="assignment")] if not plan.visits and plan.status != "ended" else []
        )
        return [*told(subject, known, [CareEnded(reason=data.reason)], now), *told(plan_id, plan, ended, now)]
    role = data.role
    if role is None or role == plan.owner:
        return []
    return [*told(subject, known, [CareHandedOn(owner=role)], now), *told(plan_id, plan, [PlanHandedOn(owner=role)], now)]
