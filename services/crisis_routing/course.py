"""What an episode becomes by what is said of it: all of it is a fold over its facts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from contracts import clocks
from contracts.crisis_beds import (
    BedLost,
    FacilitiesAsked,
    FacilitiesReleased,
    FacilityAccepted,
    FacilityDeclined,
    FacilitySought,
    FacilityUnanswered,
    NoFacilityAvailable,
    PersonArrived,
)  # fmt: skip
from contracts.crisis_dispatch import (
    FieldStatusReported,
    NoTeamAvailable,
    SceneOverdue,
    TeamConfirmed,
    TeamDeclined,
    TeamProposed,
    TeamSought,
    TeamUnanswered,
)  # fmt: skip
from contracts.crisis_ownership import (
    EpisodeTaken,
    HandOverAccepted,
    HandOverAsked,
    HandOverDeclined,
    HandOverUnanswered,
    HandOverWithdrawn,
)
from contracts.crisis_routing import (
    ContactJoined,
    DeathReported,
    DeathRetracted,
    DeathVerified,
    DispositionRecorded,
    EpisodeClosed,
    EpisodeOpened,
    EpisodeResolved,
    EpisodeTriaged,
    FollowUpNamed,
    OutpatientAsked,
    OutpatientLinked,
    PersonIdentified,
    PlanTeamAlerted,
)
from contracts.kernel import Change
from services.crisis_routing.episode import SETTLED, WAY, Asked, Episode, HandOver


def evolve(state: Episode | None, fact: Change) -> Episode | None:
    """What the episode becomes. A fact about nothing that was opened changes nothing."""
    if isinstance(fact, EpisodeOpened):
        after = state or _opened(fact)
    elif state is None:
        return None
    else:
        after = state.model_copy(update=_changes(state, fact))
    return after.model_copy(update={"owed": clocks.told_late(clocks.owed(after.owed, fact), fact)})


def _opened(fact: EpisodeOpened) -> Episode:
    known = ("person", "record", "contact", "partner", "contacted_at", "provisional", "area", "danger", "needs", "sensitivity", "consent")
    told = {name: getattr(fact, name) for name in known}
    return Episode(**told, last_contact_at=fact.contacted_at, contacts=(fact.contact,))


def _changes(state: Episode, fact: Change) -> dict[str, Any]:
    for part in (_of_contact, _of_team, _of_place, _of_end, _of_owner):
        if (found := part(state, fact)) is not None:
            return found
    return {}


def _of_contact(state: Episode, fact: Change) -> dict[str, Any] | None:
    match fact:
        case ContactJoined():
            contacts = state.contacts if fact.contact in state.contacts else (*state.contacts, fact.contact)
            return {"contacts": contacts, "last_contact_at": max(state.last_contact_at, fact.contacted_at)}
        case PersonIdentified():
            return {"person": fact.person, "provisional": False}
        case EpisodeTriaged():
            found = {"danger": fact.danger, "area": fact.area, "setting": fact.setting, "needs": fact.needs}
            return found | ({"status": "contact"} if state.status == "opened" or fact.response == "contact" else {})
        case PlanTeamAlerted():
            return {"plans": (*state.plans, fact.plan)}
    return None


def _of_team(state: Episode, fact: Change) -> dict[str, Any] | None:
    match fact:
        case TeamSought():
            since = state.sought_since if state.status in ("seeking", "no-team", "proposed") else None
            return {
                "status": "seeking", "candidates": fact.candidates, "look_at": fact.sought_at, "sought_since": since or fact.sought_at,
                "round": fact.round, "passed": fact.passed,
            }  # fmt: skip
        case NoTeamAvailable():
            return {"status": "no-team", "candidates": fact.candidates, "look_at": fact.again_at, "sought_since": fact.sought_since}
        case TeamProposed():
            return {"status": "proposed", "team": fact.team, "team_desk": fact.desk, "confirm_before": fact.confirm_before, "look_at": None}
        case TeamDeclined() | TeamUnanswered():
            return {"team": None, "team_desk": None, "confirm_before": None, "passed": _with(state.passed, fact.team)}
        case TeamConfirmed():
            return {
                "status": "referred", "team": fact.team, "team_desk": fact.desk, "teams": _with(state.teams, fact.team),
                "confirm_before": None, "look_at": None, "referred_at": fact.referred_at, "on_scene_before": fact.on_scene_before,
                "dispatched_at": None, "on_scene_at": None, "overdue": False,
            }  # fmt: skip
        case SceneOverdue():
            return {"overdue": True}
        case FieldStatusReported():
            return _from_the_field(state, fact)
    return None


def _from_the_field(state: Episode, fact: FieldStatusReported) -> dict[str, Any]:
    """A stage moves forward only; an end frees the team. What comes late is known, and moves nothing."""
    found: dict[str, Any] = {"dispatched_at": fact.dispatched_at or state.dispatched_at}
    if fact.status == "on-scene":
        found["on_scene_at"] = min(filter(None, (state.on_scene_at, fact.reported_at)))
    if fact.team != state.team:
        return found
    on_way = state.status in WAY
    if fact.status in WAY:
        return found | ({"status": fact.status} if on_way and WAY.index(fact.status) > WAY.index(state.status) else {})
    if fact.status == "died":
        return found | _died(state, fact.reported_at)
    ended = {"team": None, "team_desk": None}
    if fact.status == "out-of-area":
        return found | ended | {"passed": _with(state.passed, fact.team)} | ({"status": "cancelled"} if on_way else {})
    if fact.status == "cleared":
        return found | ended | ({"status": "cancelled"} if on_way and state.status != "on-scene" else {})
    return found | ended | ({"status": fact.status} if on_way else {})


def _died(state: Episode, at: datetime) -> dict[str, Any]:
    """Everything stops at once; beds that were held are let go. A person must verify it."""
    held = (*(asked.facility for asked in state.waiting_on), *((state.facility,) if state.status == "accepted" and state.facility else ()))
    stopped = {"asked": (), "facility": None, "facility_desk": None, "accepted_at": None, "arrive_before": None, "look_at": None}
    return stopped | _releasing(state, held, at) | {"status": "died", "died_from": state.died_from or state.status}


def _of_place(state: Episode, fact: Change) -> dict[str, Any] | None:
    match fact:
        case DispositionRecorded():
            placed = fact.disposition not in ("community", "law-enforcement")
            dropped = {"asked": (), "facility": None, "facility_desk": None, "accepted_at": None, "arrive_before": None, "look_at": None}
            held = (*(asked.facility for asked in state.waiting_on), *filter(None, (state.facility,)))
            return dropped | _releasing(state, held, fact.decided_at) | {
                "disposition": fact.disposition, "beds": fact.disposition if placed else None,
                "status": "placing" if placed else "disposed",
                "sought_since": None, "round": 0, "passed": (), "candidates": (), "died_from": None,
            }  # fmt: skip
        case FacilitySought():
            since = state.sought_since or fact.sought_at
            return {
                "status": "placing", "beds": fact.beds, "candidates": fact.candidates, "look_at": fact.sought_at, "sought_since": since,
                "round": fact.round, "passed": fact.passed,
            }  # fmt: skip
        case NoFacilityAvailable():
            return {"status": "no-facility", "candidates": fact.candidates, "look_at": fact.again_at, "sought_since": fact.sought_since}
        case FacilitiesAsked():
            new = tuple(Asked(**one.model_dump(include={"facility", "desk", "asked_at", "answer_before"})) for one in fact.asked)
            named = {one.facility for one in new}
            kept = tuple(asked for asked in state.asked if asked.facility not in named)
            return {"status": "placing", "asked": (*kept, *new), "look_at": None}
        case FacilityDeclined() | FacilityUnanswered():
            answer = "declined" if isinstance(fact, FacilityDeclined) else "late"
            return {"asked": _answered(state, fact.facility, answer), "passed": _with(state.passed, fact.facility)}
        case FacilityAccepted():
            return _releasing(state, fact.released, fact.accepted_at) | {
                "status": "accepted", "facility": fact.facility, "facility_desk": fact.desk, "accepted_at": fact.accepted_at,
                "arrive_before": fact.arrive_before, "asked": (), "look_at": None,
            }  # fmt: skip
        case FacilitiesReleased():
            left = tuple(one for one in state.releasing if one not in fact.facilities)
            gone = tuple(asked for asked in state.asked if asked.facility not in fact.facilities)
            return {"releasing": left, "asked": gone, "release_at": state.release_at if left else None}
        case BedLost():
            lost = {"facility": None, "facility_desk": None, "accepted_at": None, "arrive_before": None}
            return lost | {"status": "placing", "passed": _with(state.passed, fact.facility)}
        case PersonArrived():
            held = (*(asked.facility for asked in state.waiting_on), *filter(None, (state.facility,)))
            others = tuple(one for one in held if one != fact.facility)
            arrived = {"status": "arrived", "facility": fact.facility, "asked": (), "look_at": None, "died_from": None}
            return _releasing(state, others, fact.arrived_at) | arrived
    return None


def _releasing(state: Episode, facilities: Iterable[str], at: datetime) -> dict[str, Any]:
    """Beds that must be let go, in the aggregates that hold them."""
    named = tuple(dict.fromkeys((*state.releasing, *facilities)))
    return {"releasing": named, "release_at": (state.release_at or at) if named else None}


def _answered(state: Episode, facility: str, answer: str) -> tuple[Asked, ...]:
    return tuple(one.model_copy(update={"answer": answer}) if one.facility == facility else one for one in state.asked)


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return (*(other for other in names if other != name), name)


def _of_end(state: Episode, fact: Change) -> dict[str, Any] | None:
    match fact:
        case EpisodeResolved():
            return {"status": "resolved", "look_at": None}
        case FollowUpNamed():
            moved = {"status": "linked" if state.linked else "follow-up"} if state.status in SETTLED else {}
            return moved | {"follow_up": fact.owner, "follow_up_consent": fact.consent, "reach_before": fact.reach_before}
        case OutpatientAsked():
            return {"request": fact.request}
        case OutpatientLinked():
            return {"linked": True} | ({"status": "linked"} if state.status == "follow-up" else {})
        case DeathReported():
            return _died(state, fact.reported_at)
        case DeathVerified():
            return {"status": "died", "died_from": None, "look_at": None}
        case DeathRetracted():
            return {"status": state.died_from or state.status, "died_from": None}
        case EpisodeClosed():
            return {"status": "closed", "closed_at": fact.closed_at, "hand_over": None, "look_at": None}
    return None


def _of_owner(state: Episode, fact: Change) -> dict[str, Any] | None:
    match fact:
        case EpisodeTaken() | HandOverAccepted():
            return {"owner": fact.owner, "role": fact.role, "hand_over": None}
        case HandOverAsked():
            return {"hand_over": HandOver(**{name: getattr(fact, name) for name in ("to", "role", "by", "asked_at", "accept_before")})}
        case HandOverUnanswered() if state.hand_over:
            return {"hand_over": state.hand_over.model_copy(update={"unanswered": True})}
        case HandOverDeclined() | HandOverWithdrawn():
            return {"hand_over": None}
    return None
