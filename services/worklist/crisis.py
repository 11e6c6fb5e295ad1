"""Crises on the worklist: a sentence for every fact, and what each tells of its item."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts import crisis_beds as beds
from contracts import crisis_dispatch as dispatch
from contracts import crisis_files, crisis_ownership
from contracts import crisis_intake as calls
from contracts import crisis_routing as routing
from contracts.kernel import Event

ACTIONS = {
    "resolve-or-send-team": "Help by talking, or send a team",
    "find-team": "Find a mobile team",
    "confirm-team": "Confirm the mobile team",
    "await-team": "See that the team gets there",
    "record-disposition": "Decide where the person goes",
    "decide-next-step": "Decide what follows",
    "verify-death": "Find out whether the death is true",
    "find-bed": "Find a bed",
    "await-facility": "Get a facility's answer",
    "confirm-arrival": "See that the person arrives",
    "name-follow-up": "Name somebody for the follow-up",
    "reach-after-crisis": "Reach the person after the crisis",
    "close-episode": "Close the episode",
}
KINDS = {
    "episode": "Crisis",
    "contact": "Crisis contact",
    "team": "Mobile team",
    "facility": "Facility",
    "person": "Person",
    "watch": "Plan",
}


def _words(code: str | None) -> str:
    return (code or "not judged").replace("-", " ")


def _beds(event: Any) -> str:
    return {"ed": "emergency department"}.get(event.beds, _words(event.beds))


def _counted(event: beds.BedsCounted) -> str:
    short = f"; {event.short} that are held are not there any more" if event.short else ""
    return f"Beds counted, {_beds(event)}: {event.free} empty{short}"


SENTENCES: Mapping[type[Event], Callable[[Any], str] | str] = {
    calls.ContactReceived: lambda e: f"Somebody is in crisis; danger: {_words(e.danger)}",
    calls.ContactAmended: "More is known of a crisis contact",
    routing.CrisisRosterListed: lambda e: f"The roster lists {len(e.teams)} teams and {len(e.facilities)} facilities",
    routing.ContactNoted: lambda e: "A crisis contact opened an episode" if e.opened else "A further crisis contact came",
    crisis_files.PlanNoted: lambda e: "A plan of this person is active" if e.role else "A plan of this person is over",
    crisis_files.PlanWatched: "What follow-up says of a plan is known",
    crisis_files.FileBroughtUp: lambda e: "The open crisis knows all that is known" if e.episode else "No crisis is open",
    crisis_files.FileJoined: lambda e: "Two open crises are one person's" if e.other else "An open crisis turned out to be this person's",
    crisis_files.FileParted: "A record turned out to be another person's",
    routing.EpisodeOpened: lambda e: f"A crisis was opened; danger: {_words(e.danger)}",
    routing.ContactJoined: lambda e: "More became known of the crisis" if e.amends else "Another contact about the same crisis",
    routing.PersonIdentified: "Whom the crisis is about became known",
    routing.EpisodeTriaged: lambda e: (
        f"{'A person' if e.by else 'The system'} triaged it: " + ("a team is needed" if e.response == "team" else "talking may be enough")
    ),
    routing.PlanTeamAlerted: "The plan's team was told of the crisis",
    routing.CrisisPlanShared: lambda e: f"The crisis plan was shared: {e.under}",
    routing.EpisodeResolved: "The contact itself was enough",
    routing.DispositionRecorded: lambda e: f"Where the person goes: {_words(e.disposition)}",
    routing.FollowUpNamed: lambda e: f"Somebody answers for the follow-up; the person: {_words(e.consent)}",
    routing.OutpatientAsked: "A referral to outpatient care was made for it",
    routing.OutpatientLinked: lambda e: f"A program took the person; {'verified' if e.verified else 'asserted'}",
    routing.DeathReported: "A death was reported; every reminder stopped",
    routing.DeathVerified: "The death was verified",
    routing.DeathRetracted: "The report of a death was wrong",
    crisis_ownership.EpisodeTaken: "A person answers for it now",
    crisis_ownership.HandOverAsked: "The owner asked somebody to take over for the next shift",
    crisis_ownership.HandOverAccepted: "The new owner took over",
    crisis_ownership.HandOverDeclined: lambda e: f"The hand-over was declined: {_words(e.reason)}",
    crisis_ownership.HandOverUnanswered: "Nobody took over in time; it stays with its owner",
    crisis_ownership.HandOverWithdrawn: "The hand-over is no longer asked",
    routing.EpisodeClosed: lambda e: f"The episode was closed: {_words(e.reason)}",
    dispatch.TeamHeld: "The team is held for an episode",
    dispatch.TeamCommitted: "The team goes",
    dispatch.TeamFreed: lambda e: f"The team is free: {_words(e.reason)}",
    dispatch.TeamSignedOn: "The team is there",
    dispatch.TeamSignedOff: "The team left",
    dispatch.TeamSought: lambda e: f"Teams that fit: {len(e.candidates)}, round {e.round}",
    dispatch.TeamProposed: "A mobile team is held; somebody must confirm",
    dispatch.TeamConfirmed: "A mobile team was confirmed",
    dispatch.TeamDeclined: lambda e: f"The team declined: {_words(e.reason)}",
    dispatch.TeamUnanswered: "Nobody confirmed the team in time",
    dispatch.NoTeamAvailable: "No team that fits is free",
    dispatch.FieldStatusReported: lambda e: f"From the field: {_words(e.status)}",
    dispatch.SceneOverdue: "No team is with the person in time",
    beds.BedsCounted: _counted,
    beds.BedHeld: "A bed is held for an episode",
    beds.HoldExtended: "The bed is kept for the way there",
    beds.HoldEnded: lambda e: f"A held bed is free: {_words(e.reason)}",
    beds.BedTaken: "The person arrived in the bed",
    beds.FacilitySought: lambda e: f"Facilities that fit: {len(e.candidates)}, round {e.round}",
    beds.FacilitiesAsked: lambda e: f"Facilities asked for a bed, one held in each: {len(e.asked)}",
    beds.FacilityAccepted: "A facility takes the person",
    beds.FacilityDeclined: lambda e: f"A facility declined: {_words(e.reason)}",
    beds.FacilityUnanswered: "A facility did not answer in time; a late yes still counts",
    beds.NoFacilityAvailable: "No bed that fits is known to be free",
    beds.FacilitiesReleased: "Beds that are not needed were let go",
    beds.BedLost: lambda e: f"The bed was lost: {_words(e.reason)}",
    beds.PersonArrived: "The person arrived",
}


def _opened(e: routing.EpisodeOpened) -> dict[str, Any]:
    """A crisis is an emergency whoever sends it; its age counts from the contact."""
    at: datetime = e.contacted_at
    return {
        "status": "opened", "record": e.record, "partner": e.partner, "requested_at": at, "urgency": "emergency",
        "danger": e.danger, "area": e.area,
    }  # fmt: skip


STATUSES: Mapping[type[Event], str] = {
    dispatch.TeamSought: "seeking-team", dispatch.TeamProposed: "team-proposed", dispatch.TeamConfirmed: "team-referred",
    dispatch.NoTeamAvailable: "no-team", routing.EpisodeResolved: "resolved", beds.FacilitySought: "seeking-bed",
    beds.FacilitiesAsked: "facilities-asked", beds.NoFacilityAvailable: "no-bed", beds.FacilityAccepted: "facility-accepted",
    beds.BedLost: "bed-lost", beds.PersonArrived: "arrived", routing.FollowUpNamed: "follow-up", routing.OutpatientLinked: "linked",
    routing.DeathReported: "death-reported", routing.DeathVerified: "died", routing.EpisodeClosed: "closed",
    dispatch.TeamHeld: "held", dispatch.TeamCommitted: "out", dispatch.TeamFreed: "free", dispatch.TeamSignedOn: "free",
    dispatch.TeamSignedOff: "signed-off",
}  # fmt: skip


def _counts(e: beds.BedsCounted) -> dict[str, Any]:
    """Beds of one kind as they were counted, with the age of the count."""
    return {f"beds_{e.beds}": {"free": e.free, "at": e.counted_at, "short": e.short}}


def _roster(e: routing.CrisisRosterListed) -> dict[str, Any]:
    """Teams and facilities by id: what they are called, where they go, what they have."""
    teams = [{"id": one.id, "name": one.name, "desk": one.desk, "areas": list(one.areas), "skills": list(one.skills)} for one in e.teams]
    places = [{"id": one.id, "name": one.name, "desk": one.desk, "areas": list(one.areas), "beds": list(one.beds)} for one in e.facilities]
    named = [[one[key], one["name"]] for one in (*teams, *places) for key in ("id", "desk")]
    return {"names": named, "teams": teams, "facilities": places, "areas": e.areas}


PROJECTED: Mapping[type[Event], Callable[[Any], dict[str, Any]]] = {
    crisis_ownership.HandOverAsked: lambda e: {"handed_to": e.to},
    **dict.fromkeys(
        (crisis_ownership.HandOverAccepted, crisis_ownership.HandOverDeclined, crisis_ownership.HandOverWithdrawn),
        lambda e: {"handed_to": None},
    ),
    **dict.fromkeys(STATUSES, lambda e: {"status": STATUSES[type(e)]}),
    routing.EpisodeOpened: _opened,
    routing.CrisisRosterListed: _roster,
    routing.PersonIdentified: lambda e: {"record": e.record},
    routing.EpisodeTriaged: lambda e: {name: value for name in ("danger", "area") if (value := getattr(e, name)) is not None},
    routing.DispositionRecorded: lambda e: {"status": e.disposition},
    routing.FollowUpNamed: lambda e: {"status": "follow-up", "follow_up": e.owner},
    dispatch.FieldStatusReported: lambda e: {"status": e.status},
    dispatch.TeamProposed: lambda e: {"status": "team-proposed", "team": e.team},
    dispatch.TeamConfirmed: lambda e: {"status": "team-referred", "team": e.team, "on_scene_before": e.on_scene_before},
    dispatch.TeamHeld: lambda e: {"status": "held", "episode": e.episode},
    dispatch.TeamCommitted: lambda e: {"status": "out", "episode": e.episode},
    dispatch.TeamFreed: lambda e: {"status": "free", "episode": None},
    beds.FacilityAccepted: lambda e: {"status": "facility-accepted", "facility": e.facility},
    beds.BedsCounted: _counts,
}
