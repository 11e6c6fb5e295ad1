"""Who answers for a placement: a role from its first fact, then a person. It moves only to somebody who is there to take it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from contracts.assignment import (
    HandedOff,
    HandOffAsked,
    HandOffDeclined,
    HandOffUnanswered,
    HandOffWithdrawn,
    OwnerAssigned,
    OwnerSought,
    PlacementOpened,
)
from contracts.consents import named
from contracts.intake import RequestAcknowledged, RequestReceived
from contracts.kernel import Change, DeadlinePassed, Reason, Refused
from services.assignment import rules
from services.assignment.caseloads import FULL
from services.assignment.commands import (
    AcceptHandOff,
    AskHandOff,
    DeclineHandOff,
    HandOffReason,
    ReassignPlacement,
    TakePlacement,
    WithdrawHandOff,
)
from services.assignment.directory import Directory
from services.assignment.placement import FRONT_DESK, Case, Changes, HandOff

ASKED_ALREADY = Reason("TL-5211", "", "the hand-off that is asked must be answered or withdrawn first")
NOT_ASKED = Reason("TL-5212", "", "no hand-off is asked")
NOT_YOURS = Reason("TL-5213", "", "its owner, or somebody on duty behind the owning role, may ask this")
NOT_YOU = Reason("TL-5214", "", "only who was asked may answer")
UNKNOWN_OWNER = Reason("TL-5215", "/to", "name a person on duty, or a role of the directory")
OWNED_ALREADY = Reason("TL-5216", "/to", "name somebody else: they own it already")
NOT_THEIRS = Reason("TL-5219", "/of", "they do not answer for it any more: look at who does")
OWNED_BY_A_PERSON = Reason("TL-5217", "", "ask its owner to hand it off")


def opening(placement: str, request: str, received: RequestReceived, directory: Directory, now: datetime, consent: str) -> Changes:
    """A request came in: the role that it names answers for its placement, and the person on duty there, if anybody is."""
    owner = received.next.owner if received.next else FRONT_DESK
    opened = PlacementOpened(
        request=request,
        service=received.service,
        urgency=received.urgency,
        requested_at=received.requested_at,
        owner=owner,
        sensitivity=received.sensitivity,
        consent=received.consent or consent or None,
        permit=received.permit or named(received.consent or consent or None),
        record=received.record,
        age_band=received.age_band,
    )
    return (opened, *person_behind(owner, placement, directory, now))


def person_behind(role: str, placement: str, directory: Directory, now: datetime) -> tuple[Change, ...]:
    """Somebody on duty answers for the role; nobody there leaves it with the role. Whose caseload has a limit is looked for in the next
    breath, in the aggregate that can refuse."""
    people = directory.ranked(role, placement, now)
    if not people or people[0] not in directory.caseloads:
        return (OwnerAssigned(owner=people[0], role=role),) if people else ()
    return (OwnerSought(role=role, candidates=people, look_at=now),)


def acknowledged(case: Case, data: RequestAcknowledged) -> Changes:
    """Who took the request answers for it, while it is being looked at."""
    placement = case.placement
    if placement.status != "opened" or data.by == placement.owner:
        return ()
    return (OwnerAssigned(owner=data.by, role=placement.role),)


def follow(case: Case, role: str | None) -> tuple[Change, ...]:
    """Triage may name another role. It goes to the person on duty there; a person keeps it while nobody is there to take it."""
    placement = case.placement
    if role is None or not role.startswith("role/") or role == placement.role:
        return ()
    found = person_behind(role, case.subject, case.directory, case.now)
    if any(isinstance(one, OwnerAssigned) for one in found) or placement.owner != placement.role:
        return found
    return (OwnerAssigned(owner=role, role=role), *found)


def take(case: Case, data: TakePlacement) -> Changes:
    """A role owns it: whoever is on duty behind that role may answer for it."""
    placement = case.placement
    if placement.owner != placement.role or case.actor.id == placement.owner:
        return case.refused(OWNED_BY_A_PERSON)
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if not case.has_room(case.actor.id):
        return case.refused(FULL)
    return (OwnerAssigned(owner=case.actor.id, role=placement.role),)


def ask(case: Case, data: AskHandOff) -> Changes:
    """First phase: it is asked, and stays with its owner. A colleague may ask when the owner has left."""
    return _asked(case, data.to, data.reason) if case.on_owners_side else case.refused(NOT_YOURS)


def reassign(case: Case, data: ReassignPlacement) -> Changes:
    """The same first phase, asked by somebody who leads. Asked of the same again it is asked already; what nobody answered in time gives
    way to it."""
    placement, asked = case.placement, case.placement.hand_off
    if placement.owner != data.of:
        return case.refused(NOT_THEIRS)
    if asked is None or not asked.late or asked.to == data.to:
        return () if asked and asked.to == data.to else _asked(case, data.to, data.reason)
    gives_way = HandOffWithdrawn(to=asked.to, by=case.actor.id)
    anew = _asked(replace(case, placement=placement.model_copy(update={"hand_off": None})), data.to, data.reason)
    return anew if isinstance(anew, Refused) else (gives_way, *anew)


def in_place_of(case: Case, to: Iterable[str | None], reason: HandOffReason) -> Sequence[Change]:
    """The same first phase, by itself: its owner leaves, so the first of these is asked who is there to answer and may."""
    owner = case.placement.owner
    for one in to:
        if one and set(case.directory.there(one, case.now)) - {owner}:
            said = reassign(case, ReassignPlacement(of=owner, to=one, reason=reason))
            if not isinstance(said, Refused):
                return said
    return ()


def _asked(case: Case, to: str, reason: HandOffReason | None) -> Changes:
    placement = case.placement
    if placement.hand_off:
        return case.refused(ASKED_ALREADY)
    if to == placement.owner:
        return case.refused(OWNED_ALREADY)
    role = _role_for(to, placement.role, case.directory)
    if role is None:
        return case.refused(UNKNOWN_OWNER)
    if not case.has_room(to):
        return case.refused(FULL)
    clock = rules.hand_off(placement.urgency, case.now)
    time = {"asked_at": case.now, "respond_by": clock.due_at, "rule": clock.rule}
    return (HandOffAsked(to=to, by=case.actor.id, owner=placement.owner, role=role, reason=reason, **time),)


def _role_for(to: str, role: str, directory: Directory) -> str | None:
    """The role somebody would answer under: the present one where it is theirs too."""
    if to in directory.staff:
        return to
    roles = directory.roles_of(to)
    return role if role in roles else next(iter(roles), None)


def accept(case: Case, data: AcceptHandOff) -> Changes:
    """Second phase: who was asked takes it, and ownership moves at this instant."""
    asked, placement = case.placement.hand_off, case.placement
    if asked is None:
        return case.refused(NOT_ASKED)
    if not _is_asked(case, asked):
        return case.refused(NOT_YOU)
    if case.actor.id == placement.owner:
        return case.refused(OWNED_ALREADY)
    if not case.has_room(case.actor.id):
        return case.refused(FULL)
    return (HandedOff(owner=case.actor.id, left=placement.owner, role=asked.role),)


def decline(case: Case, data: DeclineHandOff) -> Changes:
    """Who was asked says no; it stays where it is."""
    asked = case.placement.hand_off
    if asked is None:
        return case.refused(NOT_ASKED)
    if not _is_asked(case, asked):
        return case.refused(NOT_YOU)
    return (HandOffDeclined(by=case.actor.id, reason=data.reason, to=asked.to),)


def unanswered(case: Case, data: DeadlinePassed) -> Changes:
    """Whoever was asked was silent: nothing moved, and its owner knows that it is still theirs."""
    asked = case.placement.hand_off
    if asked is None or asked.late or asked.rule is None or asked.respond_by != data.at or asked.to != data.about:
        return ()
    ladder = rules.RULES.ladder(asked.rule)
    return (HandOffUnanswered(to=asked.to, owner=case.placement.owner, respond_by=data.at, rule=asked.rule, escalates=ladder),)


def withdraw(case: Case, data: WithdrawHandOff) -> Changes:
    """It is not asked any more: whoever asked, or the owner's side, says so."""
    asked = case.placement.hand_off
    if asked is None:
        return case.refused(NOT_ASKED)
    if case.actor.id != asked.by and not case.on_owners_side:
        return case.refused(NOT_YOURS)
    return (HandOffWithdrawn(to=asked.to, by=case.actor.id),)


def _is_asked(case: Case, asked: HandOff) -> bool:
    """The person named, or anybody on duty behind the role named."""
    return case.actor.id == asked.to or case.actor.id in case.directory.on_duty(asked.to)
