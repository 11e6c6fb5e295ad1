"""What assignment decides. Pure: message, states and time go in, facts come out."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from contracts.intake import RequestAcknowledged, RequestAmended, RequestReceived, RequestTriaged, RequestWithdrawn
from contracts.kernel import Blind, Change, Deadline, DeadlinePassed, Decision, Early, Message, Reason, Refused, Route, State, World
from contracts.plans import PlanDischarged
from services.assignment import directory, lateness, offers, ownership, placement
from services.assignment.commands import (
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    DeclineHandOff,
    DeclineOffer,
    ListDirectory,
    LogContact,
    OfferAgain,
    TakePlacement,
    Waitlist,
    WithdrawHandOff,
)
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.placement import Case, Changes, Placement, told

UNKNOWN = Reason("TL-5202", "", "there is no such placement")
OVER = Reason("TL-5203", "", "nothing is left to place")
HEARS = (RequestReceived, RequestAcknowledged, RequestTriaged, RequestAmended, RequestWithdrawn, PlanDischarged)
STATES: dict[str, type[State]] = {"placement": Placement, "directory": Directory}


def placement_of(subject: str) -> str:
    """`request/0190…` is placed as `placement/0190…`, and followed as `plan/0190…`."""
    kind, _, rest = subject.partition("/")
    return f"placement/{rest}" if kind in ("request", "plan") else subject


def route(message: Message, blind: Blind) -> Route:
    """The placement of the request; the directory is read beside it and only its own list writes it."""
    if isinstance(message.data, ListDirectory):
        return Route((DIRECTORY,))
    return Route((placement_of(message.subject),), references=(DIRECTORY,))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """One message, one decision. Who may ask at all is decided at the door; whether it makes sense is decided here."""
    if isinstance(message.data, ListDirectory):
        return directory.listed(world[DIRECTORY], message.data)
    subject = placement_of(message.subject)
    state: Placement | None = world[subject]
    if isinstance(message.data, RequestReceived):
        return () if state else _opened(message, subject, _directory(message, world), now)
    if state is None:
        return Early(subject) if isinstance(message.data, HEARS) else Refused((UNKNOWN,))
    if state.status == "ended" and not isinstance(message.data, (*HEARS, DeadlinePassed)):
        return Refused((OVER,))
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
    RequestWithdrawn: offers.withdrawn,
    PlanDischarged: offers.discharged,
    DeadlinePassed: lateness.passed,
    AcceptOffer: offers.accept,
    DeclineOffer: offers.decline,
    OfferAgain: offers.again,
    Waitlist: offers.waitlist,
    LogContact: offers.log_contact,
    TakePlacement: ownership.take,
    AskHandOff: ownership.ask,
    AcceptHandOff: ownership.accept,
    DeclineHandOff: ownership.decline,
    WithdrawHandOff: ownership.withdraw,
}


def evolve(state: Any, fact: Change) -> State | None:
    """What an aggregate becomes."""
    return directory.evolve(state, fact) if fact.type.startswith("directory.") else placement.evolve(state, fact)


def deadlines(state: State) -> Iterable[Deadline]:
    """Clocks of a placement. The directory has none."""
    return placement.deadlines(state) if isinstance(state, Placement) else ()
