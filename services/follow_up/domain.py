"""What follow_up decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import members
from contracts.assignment import (
    HandedOff,
    OwnerAssigned,
    PlacementAccepted,
    PlacementCountedEarlier,
    PlacementEnded,
    PlacementHalted,
    PlacementResumed,
)
from contracts.authorization import ReferralPutAtRisk, RiskCleared
from contracts.crisis_routing import PlanTeamAlerted
from contracts.directory import DirectoryListed
from contracts.endings import RecordDeathNoted, RecordDeathRefuted, RequestClosed
from contracts.feeds import TOLD, FeedResumed, FeedSilent
from contracts.intake import RecordLinked, RecordOpened
from contracts.kernel import Blind, Change, DeadlinePassed, Decision, Early, Fact, Message, Reason, Refused, Route, State, World, kind_of
from contracts.plans import PlanAdjusted
from contracts.stays import StayReceived
from contracts.visits import VisitReceived
from services.follow_up import appointments, care, commands, engagement, feeds, outreach, people, placed, reported, stays, timed
from services.follow_up.appointments import HAS_DIED
from services.follow_up.care import Care
from services.follow_up.facts import EVOLVES, followed, labelled, noted, of, planned, told
from services.follow_up.items import Case, Changes
from services.follow_up.people import Client, Person, client_of
from services.follow_up.plan import Plan
from services.follow_up.rules import clock
from services.follow_up.transition import Transition

UNKNOWN = Reason("TL-5501", "", "there is no such item")
NOT_NOW = Reason("TL-5502", "", "see what is allowed now")
UNKNOWN_RECORD = Reason("TL-5503", "/record", "no partner's record is known by this id")
PLACED = (OwnerAssigned, HandedOff, PlacementEnded)
HEARS = (
    RecordOpened, RecordLinked, RecordDeathNoted, RecordDeathRefuted, RequestClosed, PlacementAccepted, *PLACED, PlacementHalted,
    PlacementResumed, PlacementCountedEarlier, DirectoryListed, PlanTeamAlerted, ReferralPutAtRisk, RiskCleared, StayReceived,
    VisitReceived, *TOLD,
)  # fmt: skip
STATES: dict[str, type[State]] = {
    "care": Care, "plan": Plan, "transition": Transition, "client": Client, "person": Person, "feed": feeds.Feed,
    "feeds": feeds.Feeds, reported.KIND: reported.Appointment, "members": members.Members,
}  # fmt: skip


def route(message: Message, blind: Blind) -> Route:
    """A referral's care and plan together; a stay and whose record it is; whoever a deadline is to tell."""
    data, subject = message.data, message.subject
    match data:
        case DirectoryListed():
            return Route((members.MEMBERS, feeds.NETWORK))
        case FeedSilent() | FeedResumed():
            return Route((feeds.NETWORK,))
        case RecordOpened():
            return Route((client_of(subject), data.person))
        case RecordLinked():
            return Route((client_of(subject), data.person, data.left))
        case PlacementAccepted():
            client = (client_of(data.record),) if data.record else ()
            return Route((of(subject, "care"), of(subject, "plan"), *client))
        case RecordDeathNoted() | RecordDeathRefuted():
            return Route((data.person,))
        case PlanTeamAlerted():
            return Route((data.plan,))
        case ReferralPutAtRisk() | RiskCleared():
            return Route((of(subject, "care"),))
        case DeadlinePassed(name=people.TELL) if kind_of(subject) == reported.KIND and kind_of(data.about) == "plan":
            return Route((subject, data.about, of(data.about, "care")))
        case DeadlinePassed(name=people.TELL):
            return Route((subject, data.about))
        case VisitReceived():
            return Route((reported.appointment_of(subject),), references=(client_of(data.record), data.person))
        case DeadlinePassed(name=engagement.SIGNALS):
            return Route((subject,), references=(data.about, feeds.NETWORK))
        case commands.Stay() | StayReceived():
            record = getattr(data, "record", None)
            return Route((stays.transition_of(data),), references=(client_of(record),) if record else ())
    if kind_of(subject) in ("request", "placement", "plan", "care"):
        return Route((of(subject, "plan"), of(subject, "care")))
    return Route((subject,))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door; whether it makes sense is decided here."""
    data = message.data
    match data:
        case DirectoryListed():
            listed = members.listed(world[members.MEMBERS], data.belonging())
            return [*listed, *feeds.learned(world[feeds.NETWORK], message)]
        case FeedSilent() | FeedResumed():
            return feeds.learned(world[feeds.NETWORK], message)
        case RecordOpened() | RecordLinked():
            return noted(_record(message, world), now)
        case RecordDeathNoted() | RecordDeathRefuted():
            return noted(people.died(data, world[data.person]), now)
        case PlacementAccepted():
            return placed.accepted(message, world, now)
        case PlacementHalted() | PlacementResumed():
            return placed.halted(message, world, now)
        case PlacementCountedEarlier():
            return placed.counted_earlier(message, world, now)
        case RequestClosed():
            return placed.closed(message, world, now)
        case OwnerAssigned() | HandedOff() | PlacementEnded():
            return placed.placed(message, world, now)
        case ReferralPutAtRisk() | RiskCleared():
            return _risked(of(message.subject, "care"), data, world, now)
        case PlanTeamAlerted():
            return _in_crisis(data, world[data.plan], now)
        case DeadlinePassed():
            return timed.decide(message, world, now)
        case commands.Stay():
            return _stay(message, world, now)
        case StayReceived():
            return _reported(message, world, now)
        case VisitReceived():
            return _visit(message, world, now)
        case commands.ReportFeed():
            return noted(feeds.reported(message.subject, world[message.subject], data.silent_since, now), now)
    return _asked(message, world, now)


def _risked(subject: str, data: ReferralPutAtRisk | RiskCleared, world: World, now: datetime) -> Decision:
    known: Care | None = world[subject]
    return Early(subject) if known is None else told(subject, known, care.risked(known, data), now)


def _in_crisis(data: PlanTeamAlerted, plan: Plan | None, now: datetime) -> Decision:
    """After a crisis the person should be in touch more often for a while."""
    if plan is None:
        return Early(data.plan)
    until = clock("tighter-after-crisis", data.contacted_at).due_at
    if plan.status == "ended" or (plan.tightened_until and plan.tightened_until >= until):
        return []
    return planned(data.plan, plan, [PlanAdjusted(tightened_until=until)], now)


def _record(message: Message, world: World) -> list[Fact]:
    data, client = message.data, world[client_of(message.subject)]
    if isinstance(data, RecordOpened):
        return people.opened(message.subject, data, client, world[data.person])
    return people.linked(message.subject, data, client, world[data.left])


# — what people ask


def _asked(message: Message, world: World, now: datetime) -> Decision:
    """A command about a plan, its care, or a transition. What a plan's visits mean for the referral follows in the same breath."""
    subject, data = message.subject, message.data
    state = world[subject]
    if state is None:
        return Refused((UNKNOWN,))
    case = Case(subject, state, message.actor, now)
    if refusal := _may_not(state, data.type):
        return case.refused(refusal)
    changes = DECISIONS[type(data)](case, data)
    if isinstance(changes, Refused):
        return changes
    if kind_of(subject) != "plan":
        return told(subject, state, changes, now, getattr(data, "at", None))
    care_of = of(subject, "care")
    return [*planned(subject, state, changes, now, happened(data)), *followed(care_of, world[care_of], changes, state, now)]


def _may_not(state: Any, command: str) -> Reason | None:
    """What has ended is over, and the dead are left alone. Everything else is for its own decision to refuse, which says why."""
    if command in (*state.allowed, *STANDING):
        return None
    return NOT_NOW if state.status == "ended" else HAS_DIED if state.is_dead else None


STANDING = (commands.RecordAttendance.type, commands.RetractAttendance.type, commands.LogContact.type)
"""May be told of a plan that has ended, or of the dead: late data is still true."""


def happened(data: Any) -> datetime | None:
    """When what a command tells of happened: an instant of the past, not one of a booking to come."""
    return getattr(data, "at", None)


def _stay(message: Message, world: World, now: datetime) -> Decision:
    """A stay, by its facility's number. Whose record it is must be known first."""
    data, subject = message.data, stays.transition_of(message.data)
    case = Case(subject, world[subject], message.actor, now)
    if not isinstance(data, commands.RecordAdmission | commands.RecordDischarge):
        changes = STAYS[type(data)](case, data)
    elif (client := world[client_of(data.record)]) is None:
        return Refused((UNKNOWN_RECORD,))
    elif isinstance(data, commands.RecordAdmission):
        changes = stays.admitted(case, data, client.person, message)
    else:
        changes = stays.discharged(case, data, client.person, message)
    return changes if isinstance(changes, Refused) else told(subject, case.state, changes, now, getattr(data, "at", None))


def _reported(message: Message, world: World, now: datetime) -> Decision:
    """A facility tells of a stay by the front door, which has said whose record it is, or is about to."""
    data: StayReceived = message.data
    subject, client = stays.transition_of(data), world[client_of(data.record)]
    if client is None:
        return Early(client_of(data.record))
    case = Case(subject, world[subject], message.actor, now)
    changes = stays.reported(case, data, client.person, message)
    return changes if isinstance(changes, Refused) else told(subject, case.state, changes, now, data.at)


def _visit(message: Message, world: World, now: datetime) -> Decision:
    """A partner tells of a visit by the front door. Whose plan it counts in may be known at once, or later by the person."""
    data: VisitReceived = message.data
    subject, client = reported.appointment_of(message.subject), world[client_of(data.record)]
    if client is None:
        return Early(client_of(data.record))
    person: Person | None = world[client.person]
    found = reported.heard(data, world[subject], client.person, person.plans() if person else [], message.at)
    return labelled(noted((Fact(subject, one) for one in found), now), message.sensitivity, message.consent)


STAYS: dict[type[Any], Callable[[Case, Any], Changes]] = {
    commands.RecordTransfer: stays.transferred,
    commands.CancelAdmission: stays.admission_cancelled,
    commands.CancelDischarge: stays.discharge_cancelled,
}
DECISIONS: dict[type[Any], Callable[[Case, Any], Changes]] = {
    commands.BookVisit: appointments.book,
    commands.MoveVisit: appointments.move,
    commands.CancelVisit: appointments.cancel,
    commands.RecordAttendance: appointments.attend,
    commands.RecordNoShow: appointments.miss,
    commands.RetractAttendance: appointments.retract,
    commands.LogContact: outreach.log_contact,
    commands.LogAttempt: outreach.log_attempt,
    commands.AdjustPlan: outreach.adjust,
    commands.SuppressPlan: outreach.suppress,
    commands.LiftSuppression: outreach.lift,
    commands.ReportDeath: outreach.report_death,
    commands.RefuteDeath: outreach.refute_death,
    commands.ReviewEngagement: outreach.review,
    commands.DischargePlan: outreach.discharge,
    commands.ConfirmStatus: care.confirm,
    commands.ReportOutcome: care.report,
    commands.PlanLeave: stays.leave_planned,
    commands.ArrangeVisit: stays.visit_arranged,
    commands.TryToReach: stays.tried,
    commands.RecordReached: stays.reached,
    commands.ReceivePapers: stays.papers,
    commands.ReviewRisk: stays.risk,
    commands.EndTransition: stays.end,
}


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    return EVOLVES[fact.type.partition(".")[0]](state, fact)  # type: ignore[no-any-return]


deadlines = timed.deadlines
