"""What a placement becomes: a fold over its facts."""

from collections.abc import Iterable
from typing import Any

from contracts.assignment import (
    DisclosureChanged,
    HandedOff,
    HandOffAsked,
    HandOffDeclined,
    HandOffUnanswered,
    HandOffWithdrawn,
    NoProgramAvailable,
    OfferUnanswered,
    OwnerAssigned,
    OwnerSought,
    PlacementAccepted,
    PlacementContactLogged,
    PlacementCounted,
    PlacementCountedEarlier,
    PlacementDeclined,
    PlacementEnded,
    PlacementHalted,
    PlacementLabelled,
    PlacementOffered,
    PlacementOpened,
    PlacementOverdue,
    PlacementOverdueRetracted,
    PlacementReopened,
    PlacementResumed,
    PlacementWaitlisted,
    PlacementWithheld,
)
from contracts.clocks import owed, told_late
from contracts.consents import SHUT, named, newest
from contracts.kernel import Change
from services.assignment.placement import AGAIN, CONTACT, FIND_PLACE, FRONT_DESK, LOOKING, Asked, HandOff, Placement, Sought

AS_SAID = "contact-again@1"
"""The rule of an attempt whose instant whoever tried said, where the fact names none."""


def evolve(state: Placement | None, fact: Change) -> Placement | None:
    """What the placement becomes. A fact about nothing that was opened changes nothing."""
    if state is None:
        return _opened(fact) if isinstance(fact, PlacementOpened) else None
    begun = isinstance(fact, PlacementContactLogged) and _reached(state, fact)  # the same step once more, with a time of its own
    step = told_late(owed(None if begun else state.owed, fact), fact)
    return _settled(_evolved(state, fact)).model_copy(update={"owed": step if fact.next else None})


def folded(state: Placement | None, changes: Iterable[Change]) -> Placement | None:
    """What it becomes by all of these."""
    for change in changes:
        state = evolve(state, change)
    return state


def _settled(state: Placement) -> Placement:
    """Whoever is in a list waits there while nobody else is asked."""
    if state.status not in ("unplaced", "waitlisted"):
        return state
    return state.model_copy(update={"status": "waitlisted" if state.in_lists else "unplaced"})


def _opened(fact: PlacementOpened) -> Placement:
    owner = fact.owner or FRONT_DESK
    known = {name: getattr(fact, name) for name in ("request", "service", "requested_at", "urgency", "record", "age_band", "sensitivity")}
    return Placement(**known, owner=owner, role=owner, permit=fact.permit or named(fact.consent) or SHUT)


def _evolved(state: Placement, fact: Change) -> Placement:
    match fact:
        case PlacementLabelled():
            return state.model_copy(update={"sensitivity": fact.sensitivity, "permit": newest(state.permit, fact.permit)})
        case DisclosureChanged():
            return state.model_copy(update={"permit": fact.permit})
        case PlacementOffered():
            time = {"short_at": fact.short_at, "hurried": fact.hurried, **_services(fact)}
            asked = {"round": fact.round, "asked": _asked(state, fact)}
            return state.model_copy(update={"status": "offering", "withheld": False, **_need(state, fact), **asked, **time})
        case NoProgramAvailable():
            withheld = isinstance(fact, PlacementWithheld)
            told = {"asked": () if withheld else _kept(state, fact), "withheld": withheld}
            return state.model_copy(update={"status": "unplaced", **_need(state, fact), **told, **_services(fact)})
        case PlacementOverdue() if fact.action == FIND_PLACE:
            return state.model_copy(update={"services_late": True})
        case PlacementOverdue() if fact.action == CONTACT:
            return state.model_copy(update={"contact_late": True})
        case PlacementOverdue() if fact.action == AGAIN:
            return state.model_copy(update={"again_late": True})
        case PlacementOverdueRetracted() if fact.action == CONTACT:
            return state.model_copy(update={"contact_late": False})
        case PlacementOverdueRetracted() if fact.action == FIND_PLACE:
            return state.model_copy(update={"services_late": False})
        case OfferUnanswered():
            return _answered(state, fact.program, "late")
        case PlacementDeclined():
            return _answered(state, fact.program, "declined")
        case PlacementWaitlisted():
            return state.model_copy(update={"asked": _waitlisted(state, fact), "waits_from": state.waits_from or fact.waits_from})
        case PlacementContactLogged():
            contacted = {"contacted": state.contacted or fact.outcome == "reached"}
            waits = {"waits_from": fact.contacted_at} if _reached(state, fact) else {}
            return state.model_copy(update=contacted | _tried(state, fact) | waits)
        case PlacementAccepted():
            owner = fact.owner or fact.desk or state.owner
            held = {"status": "accepted", "program": fact.program, "asked": (), "hand_off": None, "owner": owner, "role": owner}
            return state.model_copy(update=held | {"sought": None})
        case PlacementEnded():
            return state.model_copy(update={"status": "ended", "asked": (), "hand_off": None, "halted": False, "sought": None})
        case PlacementHalted() | PlacementResumed() | PlacementReopened():
            return _paused(state, fact)
        case PlacementCountedEarlier():
            return state.model_copy(update={"requested_at": fact.requested_at})
    return _owned(state, fact)


def _paused(state: Placement, fact: PlacementHalted | PlacementResumed | PlacementReopened) -> Placement:
    match fact:
        case PlacementHalted():
            status = "unplaced" if state.status in LOOKING else state.status
            return state.model_copy(update={"halted": True, "asked": (), "status": status, "again_by": None})
        case PlacementReopened():
            known = {name: getattr(state, name) for name in ("request", "record", "sensitivity", "permit", "round", "counted")}
            anew = {name: getattr(fact, name) for name in ("service", "urgency", "requested_at", "owner", "interval")}
            return Placement(**known, **anew, role=fact.owner)
    return state.model_copy(update={"halted": False})


def _owned(state: Placement, fact: Change) -> Placement:
    match fact:
        case OwnerAssigned() | HandedOff():
            return state.model_copy(update={"owner": fact.owner, "role": fact.role or state.role, "hand_off": None, "sought": None})
        case OwnerSought():
            return state.model_copy(update={"sought": Sought(**fact.model_dump(include={"role", "candidates", "look_at"}))})
        case PlacementCounted():
            found = state.sought if state.sought and state.sought.candidates != (state.owner,) else None
            return state.model_copy(update={"counted": fact.by, "sought": found})
        case HandOffAsked():
            time = {"asked_at": fact.asked_at, "respond_by": fact.respond_by, "rule": fact.rule}
            return state.model_copy(update={"hand_off": HandOff(to=fact.to, role=fact.role or state.role, by=fact.by, **time)})
        case HandOffUnanswered() if state.hand_off:
            return state.model_copy(update={"hand_off": state.hand_off.model_copy(update={"late": True})})
        case HandOffDeclined() | HandOffWithdrawn():
            return state.model_copy(update={"hand_off": None})
    return state


def _need(state: Placement, fact: PlacementOffered | NoProgramAvailable) -> dict[str, Any]:
    names = ("service", "urgency", "criteria")
    return {name: getattr(fact, name) or getattr(state, name) for name in names}


def _services(fact: PlacementOffered | NoProgramAvailable) -> dict[str, Any]:
    names = ("services_by", "services_rule", "reach_by", "reach_rule", "reach_from")
    return {name: value for name in names if (value := getattr(fact, name)) is not None}


def _kept(state: Placement, fact: PlacementOffered | NoProgramAvailable) -> tuple[Asked, ...]:
    """Who was asked for another service was asked something else."""
    if fact.service not in (None, state.service):
        return ()
    return tuple(asked for asked in state.asked if asked.program not in fact.released)


def _asked(state: Placement, fact: PlacementOffered) -> tuple[Asked, ...]:
    now = tuple(Asked(**offer.model_dump()) for offer in fact.offers)
    named = {asked.program for asked in now}
    return (*(asked for asked in _kept(state, fact) if asked.program not in named), *now)


def _waitlisted(state: Placement, fact: PlacementWaitlisted) -> tuple[Asked, ...]:
    """The program stands among those asked, asked or not, and its yes counts whenever it comes."""
    listed = Asked(program=fact.program, desk=fact.desk, respond_by=fact.waits_from, answer="waitlisted")
    return (*(asked for asked in state.asked if asked.program != fact.program), listed)


def _tried(state: Placement, fact: PlacementContactLogged) -> dict[str, Any]:
    """By when the person is tried again; an attempt that is entered after a later one changes nothing of that."""
    if fact.outcome == "reached":
        return {"tried_at": None, "again_by": None, "again_rule": None, "again_late": False}
    if state.tried_at and fact.contacted_at <= state.tried_at:
        return {}
    again = {"again_by": fact.next_attempt_at, "again_rule": fact.again_rule or AS_SAID if fact.next_attempt_at else None}
    return {"tried_at": fact.contacted_at, **again, "again_late": False}


def _reached(state: Placement, fact: PlacementContactLogged) -> bool:
    """Attempted is not reached; and what is entered late takes nothing back."""
    return fact.outcome == "reached" and state.waits_from is not None and fact.contacted_at > state.waits_from


def _answered(state: Placement, program: str, answer: str) -> Placement:
    asked = tuple(one.model_copy(update={"answer": answer}) if one.program == program else one for one in state.asked)
    return state.model_copy(update={"asked": asked})
