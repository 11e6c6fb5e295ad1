"""What assignment decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from contracts import consents
from contracts.endings import RequestClosed, RequestDeathReported, RequestDeathRetracted, RequestReopened
from contracts.intake import RequestAcknowledged, RequestAmended, RequestReceived, RequestTriaged, RequestWithdrawn
from contracts.kernel import Blind, Change, Deadline, DeadlinePassed, Decision, Early, Message, Reason, Refused, Route, State, World
from contracts.needs import RequestJoined
from contracts.plans import PlanDischarged
from services.assignment import answers, care_team, directory, endings, history, lateness, offers, ownership, steps
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
from services.assignment.placement import Case, Changes, Placement
from services.assignment.steps import told

UNKNOWN = Reason("TL-5202", "", "there is no such placement")
OVER = Reason("TL-5203", "", "nothing is left to place")
DEAD = Reason("TL-5207", "", "a death was reported: have it verified or refuted first")
HEARS = (
    RequestReceived, RequestAcknowledged, RequestTriaged, RequestAmended, RequestWithdrawn, RequestClosed, RequestReopened,
    RequestDeathReported, RequestDeathRetracted, RequestJoined, PlanDischarged, *consents.CHANGES,
)  # fmt: skip
ABOUT_OFFERS = (AcceptOffer, DeclineOffer, OfferAgain, Waitlist, LogContact)
STATES: dict[str, type[State]] = {"placement": Placement, "directory": Directory, "care-team": care_team.CareTeam}


def placement_of(subject: str) -> str:
    """`request/0190…` is placed as `placement/0190…`, and followed as `plan/0190…`."""
    kind, _, rest = subject.partition("/")
    return f"placement/{rest}" if kind in ("request", "plan", "consent") else subject


def route(message: Message, blind: Blind) -> Route:
    """The placement of the request; the directory is read beside it and only its own list writes it."""
    if isinstance(message.data, ListDirectory):
        return Route((DIRECTORY,))
    if isinstance(message.data, ABOUT_TEAMS):
        return Route((message.subject,))
    return Route((placement_of(message.subject),), references=(DIRECTORY,))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door; whether it makes sense is decided here."""
    if isinstance(message.data, ListDirectory):
        return directory.listed(world[DIRECTORY], message.data)
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
    case = Case(subject, state, _directory(message, world), message.actor, now)
    changes = DECISIONS[type(message.data)](case, message.data)
    return changes if isinstance(changes, Refused) else told(subject, state, changes, case.directory, now)


def _opened(message: Message, subject: str, known: Directory, now: datetime) -> Decision:
    changes = ownership.opening(subject, message.subject, message.data, known, message.consent)
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


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    if fact.type.startswith("care-team."):
        return care_team.evolve(state, fact)
    return directory.evolve(state, fact) if fact.type.startswith("directory.") else history.evolve(state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """Clocks of a placement. The directory has none."""
    return steps.deadlines(state) if isinstance(state, Placement) else ()
