"""What assignment and the front door said: a program took it, ownership moved, it is halted, nothing is left to place, it is closed."""

from datetime import datetime

from contracts.assignment import HandedOff, OwnerAssigned, PlacementAccepted, PlacementCountedEarlier, PlacementEnded, PlacementHalted
from contracts.follow_up import CareCountedEarlier, CareEnded, CareHalted, CareHandedOn, CareResumed
from contracts.kernel import Change, Decision, Early, Message, World
from contracts.plans import PlanAdjusted, PlanDischarged, PlanHandedOn, PlanOpened
from services.follow_up import care
from services.follow_up.facts import of, planned, told
from services.follow_up.people import Client, client_of
from services.follow_up.rules import clock

CADENCE_DAYS = 14
"""Where neither plan nor program says how often: a default of ours."""


def accepted(message: Message, world: World, now: datetime) -> Decision:
    """A program took it: care and plan begin together, at the instant of the yes."""
    data: PlacementAccepted = message.data
    client: Client | None = world[client_of(data.record)] if data.record else None
    if data.record and client is None:
        return Early(client_of(data.record))
    subject, plan = of(message.subject, "care"), of(message.subject, "plan")
    known: care.Care | None = world[subject]
    if known is not None and (known.status != "ended" or known.interval >= data.interval):
        return []
    opened = care.opened(message, of(message.subject, "request"), data, now)
    begun = PlanOpened(
        record=data.record, person=client.person if client else None, program=data.program, partner=data.partner, owner=opened.owner,
        service=data.service, opened_at=message.at, visit_by=opened.visit_by, cadence_days=data.cadence_days or CADENCE_DAYS,
        books_visits=data.books_visits, sensitivity=opened.sensitivity, consent=opened.consent,
    )  # fmt: skip
    goes_on = world[plan] is not None and world[plan].status != "ended"
    enrolled = told(plan, world[plan], [PlanHandedOn(owner=opened.owner)], now) if goes_on else told(plan, None, [begun], now, message.at)
    return [*told(subject, None, [opened], now, message.at), *enrolled]


def halted(message: Message, world: World, now: datetime) -> Decision:
    """The person of this referral is said to have died, or lives after all. The plan hears it by the person."""
    data, subject = message.data, of(message.subject, "care")
    known: care.Care | None = world[subject]
    if known is None or known.status == "ended" or known.is_dead == isinstance(data, PlacementHalted):
        return []
    said: Change = CareHalted(since=data.noted_at) if isinstance(data, PlacementHalted) else CareResumed()
    return told(subject, known, [said], now)


def counted_earlier(message: Message, world: World, now: datetime) -> Decision:
    """Another sender had asked before: the first visit is due sooner. What came before the yes, the yes says."""
    data: PlacementCountedEarlier = message.data
    subject, plan_id = of(message.subject, "care"), of(message.subject, "plan")
    known, plan = world[subject], world[plan_id]
    if known is None or plan is None:
        return Early(subject) if data.program else []
    limit = clock("services", data.requested_at, urgency=known.urgency)
    if known.status == "ended" or limit.due_at >= known.visit_by:
        return []
    sooner = CareCountedEarlier(requested_at=data.requested_at, visit_by=limit.due_at, visit_rule=limit.rule)
    adjusted = [] if plan.status == "ended" else planned(plan_id, plan, [PlanAdjusted(visit_by=limit.due_at)], now)
    return [*told(subject, known, [sooner], now), *adjusted]


def closed(message: Message, world: World, now: datetime) -> Decision:
    """A person closed the referral. Its plan goes on, unless nobody ever came or the person died."""
    data, subject, plan_id = message.data, of(message.subject, "care"), of(message.subject, "plan")
    known, plan = world[subject], world[plan_id]
    if known is None or plan is None:
        return []
    ended: list[Change] = [CareEnded(reason=data.how)] if known.status != "ended" else []
    over = plan.status != "ended" and (data.how == "died" or not plan.visits)
    discharged: list[Change] = [PlanDischarged(reason=data.how, at=data.closed_at, by=data.by)] if over else []
    return [*told(subject, known, ended, now), *told(plan_id, plan, discharged, now)]


def placed(message: Message, world: World, now: datetime) -> Decision:
    """Ownership moved to another role; or the placement ended, which ends a plan only before its first visit."""
    data = message.data
    subject, plan_id = of(message.subject, "care"), of(message.subject, "plan")
    known, plan = world[subject], world[plan_id]
    if known is None and _was_accepted(data):
        return Early(subject)
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


def _was_accepted(data: OwnerAssigned | HandedOff | PlacementEnded) -> bool:
    """Said of a placement that a program had taken: the yes was told before, and may still wait for the person's record. Desks answer for
    nothing else."""
    return data.program is not None if isinstance(data, PlacementEnded) else (data.role or "").startswith("desk/")
