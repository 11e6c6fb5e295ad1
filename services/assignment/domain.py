"""What assignment decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts import consents, shift_ends
from contracts.caseloads import caseload_of
from contracts.endings import RequestClosed, RequestDeathReported, RequestDeathRetracted, RequestReopened
from contracts.intake import ProgramsAvoided, RequestAcknowledged, RequestAmended, RequestReceived, RequestTriaged, RequestWithdrawn
from contracts.kernel import (
    Blind,
    Change,
    Deadline,
    DeadlinePassed,
    Decision,
    Early,
    Message,
    Reason,
    Refused,
    Route,
    State,
    World,
    kind_of,
)
from contracts.needs import RequestJoined
from contracts.plans import PlanDischarged
from contracts.recipients import RecipientAway
from contracts.rosters import RosterShifted
from contracts.shift_ends import SHIFTS, Shifts
from services.assignment import answers, care_team, caseloads, directory, endings, history, lateness, leaving, offers, ownership, steps
from services.assignment.commands import (
    ABOUT_TEAMS,
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    DeclineHandOff,
    DeclineOffer,
    ListDirectory,
    LogContact,
    OfferAgain,
    ReassignPlacement,
    TakePlacement,
    Waitlist,
    WithdrawHandOff,
)
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.placement import FIND_OWNER, LEAVE, Case, Changes, Placement
from services.assignment.steps import told

UNKNOWN = Reason("TL-5202", "", "there is no such placement")
OVER = Reason("TL-5203", "", "nothing is left to place")
DEAD = Reason("TL-5207", "", "a death was reported: have it verified or refuted first")
HEARS = (
    RequestReceived, RequestAcknowledged, RequestTriaged, RequestAmended, RequestWithdrawn, RequestClosed, RequestReopened,
    ProgramsAvoided,
    RequestDeathReported, RequestDeathRetracted, RequestJoined, PlanDischarged, RecipientAway, RosterShifted, *consents.CHANGES,
)  # fmt: skip
ABOUT_OFFERS = (AcceptOffer, DeclineOffer, OfferAgain, Waitlist, LogContact)
STATES: dict[str, type[State]] = {
    "placement": Placement, "caseload": caseloads.Caseload, "directory": Directory, "care-team": care_team.CareTeam,
    "absence": leaving.Absence, "shifts": Shifts,
}  # fmt: skip


def placement_of(subject: str) -> str:
    """`request/0190…` is placed as `placement/0190…`, and followed as `plan/0190…`."""
    kind, _, rest = subject.partition("/")
    return f"placement/{rest}" if kind in ("request", "plan", "consent") else subject


def route(message: Message, blind: Blind) -> Route:
    """The placement of the request; the directory is read beside it, and only its own list and who is away write it."""
    match message.data:
        case ListDirectory():
            return Route((DIRECTORY,))
        case RecipientAway():
            return Route((leaving.absence_of(message.subject),))
        case RosterShifted():
            return Route((SHIFTS,))
        case DeadlinePassed() if message.data.name == leaving.HAND_OVER:
            return leaving.route(message)
        case DeadlinePassed() if message.data.name == shift_ends.SHIFT_ENDED:
            return shift_ends.route(message.data, DIRECTORY)
    if isinstance(message.data, ABOUT_TEAMS):
        return Route((message.subject,))
    return Route((placement_of(message.subject), *map(caseload_of, counted_of(message))), references=(DIRECTORY,))


def counted_of(message: Message) -> tuple[str, ...]:
    """Whose caseloads it may change: of who asks for more or is asked, of the program that takes somebody, of whom a deadline names."""
    data, actor = message.data, message.actor.id
    match data:
        case DeadlinePassed() if data.name in (FIND_OWNER, LEAVE):
            return tuple(data.about.split(","))
        case AcceptOffer():
            found: tuple[str, ...] = (actor, data.program)
        case TakePlacement() | AcceptHandOff():
            found = (actor,)
        case AskHandOff() | ReassignPlacement():
            found = (data.to,)
        case _:
            found = ()
    return tuple(who for who in dict.fromkeys(found) if kind_of(who) in ("staff", "program"))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door; whether it makes sense is decided here."""
    match message.data:
        case ListDirectory():
            return directory.listed(world[DIRECTORY], message.data)
        case RecipientAway():
            return leaving.noted(message, now)
        case RosterShifted():
            return shift_ends.listed(world[SHIFTS], message.data, now)
        case DeadlinePassed() if message.data.name == leaving.HAND_OVER:
            return leaving.followed(message, world, now)
        case DeadlinePassed() if message.data.name == shift_ends.SHIFT_ENDED:
            return leaving.shift_ended(message, world, now)
    if isinstance(message.data, ABOUT_TEAMS):
        return care_team.decide(message, world[message.subject], now)
    subject = placement_of(message.subject)
    state: Placement | None = world[subject]
    if isinstance(message.data, RequestReceived):
        return () if state else _opened(message, subject, _directory(message, world), now)
    if state is None:
        return Early(subject) if isinstance(message.data, HEARS) else Refused((UNKNOWN,))
    if state.status == "ended" and not isinstance(message.data, (*HEARS, DeadlinePassed)):
        return Refused((OVER,))
    if state.halted and isinstance(message.data, ABOUT_OFFERS):
        return Refused((DEAD,), state.allowed)
    loads = {who: world[caseload_of(who)] or caseloads.Caseload() for who in counted_of(message)}
    case = Case(subject, state, _directory(message, world), message.actor, now, loads)
    changes = DECISIONS[type(message.data)](case, message.data)
    if isinstance(changes, Refused):
        return changes
    counted, entered = caseloads.counting(case, tuple(changes))
    return [*told(subject, state, (*changes, *counted), case.directory, now), *entered]


def _opened(message: Message, subject: str, known: Directory, now: datetime) -> Decision:
    changes = ownership.opening(subject, message.subject, message.data, known, now, message.consent)
    return changes if isinstance(changes, Refused) else told(subject, None, changes, known, now)


def _directory(message: Message, world: World) -> Directory:
    """What the network file said last. Where programs were asked there is one: to find none then is a fault, not an empty network."""
    known: Directory | None = world[DIRECTORY]
    if known is None and isinstance(message.data, DeadlinePassed):
        raise LookupError(DIRECTORY)
    return known or Directory()


DECISIONS: dict[type[Any], Callable[[Case, Any], Changes]] = {
    RequestAcknowledged: ownership.acknowledged,
    RequestTriaged: offers.triaged,
    RequestAmended: offers.amended,
    ProgramsAvoided: offers.avoided,
    RequestJoined: offers.joined,
    RequestWithdrawn: endings.withdrawn,
    RequestClosed: endings.closed,
    RequestReopened: endings.reopened,
    RequestDeathReported: endings.halted,
    RequestDeathRetracted: endings.resumed,
    PlanDischarged: endings.discharged,
    **dict.fromkeys(consents.CHANGES, offers.permitted),
    DeadlinePassed: lateness.passed,
    AcceptOffer: answers.accept,
    DeclineOffer: answers.decline,
    OfferAgain: offers.again,
    Waitlist: answers.waitlist,
    LogContact: answers.log_contact,
    TakePlacement: ownership.take,
    AskHandOff: ownership.ask,
    ReassignPlacement: ownership.reassign,
    AcceptHandOff: ownership.accept,
    DeclineHandOff: ownership.decline,
    WithdrawHandOff: ownership.withdraw,
}


FOLDS: Mapping[str, Callable[[Any, Change], State | None]] = {
    "care-team": care_team.evolve, "caseload": caseloads.evolve, "directory": directory.evolve, "absence": leaving.evolve,
    "shifts": shift_ends.evolve, "placement": history.evolve,
}  # fmt: skip
"""By the kind of an aggregate, which is the first word of its facts' types."""


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    return FOLDS[fact.type.partition(".")[0]](state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """Clocks of a placement, of somebody's absence, of shifts. Neither the directory nor a caseload has any."""
    match state:
        case Placement():
            return steps.deadlines(state)
        case leaving.Absence():
            return leaving.deadlines(state)
        case Shifts():
            return shift_ends.deadlines(state)
    return ()


def whose(state: State) -> str:
    """Whoever answers for it."""
    return state.whose if isinstance(state, Placement) else ""
