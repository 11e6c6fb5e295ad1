"""Sending a team: held by the system, confirmed by a person within its clock, heard of from the field.

The team refuses a second taker: whoever holds it is written in it, in the transaction that writes the episode. Silence, a no and an
area that is not theirs lead to the next team.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import AwareDatetime

from contracts.crisis_dispatch import (
    FieldStatusReported,
    NoTeamAvailable,
    SceneOverdue,
    TeamCommitted,
    TeamConfirmed,
    TeamDeclined,
    TeamFreed,
    TeamHeld,
    TeamProposed,
    TeamSignedOff,
    TeamSignedOn,
    TeamSought,
    TeamUnanswered,
)  # fmt: skip
from contracts.kernel import Change, Deadline, DeadlinePassed, Message, Reason, Refused, State, World
from services.crisis_routing.commands import ConfirmTeam, DeclineTeam, ProposeTeam, ReportFieldStatus, SeekTeam, SignOn
from services.crisis_routing.episode import SEARCHING, WAY, Episode
from services.crisis_routing.roster import Roster
from services.crisis_routing.rules import RULES
from services.crisis_routing.steps import NOT_NOW, NOT_THE_DESK, NOT_YOURS, Case, Decided, Said

UNKNOWN_TEAM = Reason("TL-5411", "/team", "name a team of the roster")
TEAM_BUSY = Reason("TL-5412", "/team", "this team belongs to another episode, or is not there; choose another, or seek again")
NOT_HELD = Reason("TL-5413", "/team", "this team is not held for this episode")
NEVER_SENT = Reason("TL-5414", "/team", "this team was never confirmed for this episode")
FUTURE = Reason("TL-5415", "/reported_at", "give the instant at which it was so; it cannot lie ahead, or before the contact")
TEAM_OUT = Reason("TL-5416", "", "the team belongs to an episode; report it as cleared first")
CONFIRM = "confirm-team"
ENDS_VISIT = ("unable-to-locate", "declined", "cancelled", "handed-to-911", "out-of-area", "cleared")


class Team(State):
    """Whom a team belongs to now. One that nobody heard of is there and free: the roster names it."""

    episode: str | None = None
    until: AwareDatetime | None = None
    """Of a hold that nobody confirmed yet."""
    signed_on: bool = True

    @property
    def free(self) -> bool:
        return self.episode is None and self.signed_on


def evolve(state: Team | None, fact: Change) -> Team:
    """What the team becomes."""
    state = state or Team()
    match fact:
        case TeamHeld():
            return state.model_copy(update={"episode": fact.episode, "until": fact.until})
        case TeamCommitted():
            return state.model_copy(update={"episode": fact.episode, "until": None})
        case TeamFreed():
            return state.model_copy(update={"episode": None, "until": None})
        case TeamSignedOn() | TeamSignedOff():
            return state.model_copy(update={"signed_on": isinstance(fact, TeamSignedOn)})
    return state


def deadlines(state: Team) -> Iterable[Deadline]:
    """A hold ends, whatever has become of the episode it was for."""
    if state.episode and state.until:
        yield Deadline(CONFIRM, state.episode, state.until)


def team_in(world: World, team: str) -> Team:
    found: Team | None = world[team]
    return found or Team()


def sought(case: Case) -> Said:
    """Look for a team: whoever fits is looked at next, in the aggregates that can refuse."""
    episode = case.episode
    candidates = case.roster.teams_for(case.subject, episode.area, episode.needs, episode.passed)
    if not candidates:
        return ((case.subject, _none(case, candidates)),)
    passed = tuple(team for team in episode.passed if team in candidates)
    return ((case.subject, TeamSought(round=episode.round + 1, candidates=candidates, sought_at=case.now, passed=passed)),)


def _none(case: Case, candidates: tuple[str, ...]) -> NoTeamAvailable:
    again = RULES.clock("look-again-for-team", case.now, now=case.now).due_at
    since = case.episode.sought_since if case.episode.status in ("seeking", "no-team") else None
    told = {"area": case.episode.area, "needs": case.episode.needs}
    return NoTeamAvailable(candidates=candidates, again_at=again, sought_since=since or case.now, **told)


def look(case: Case, data: DeadlinePassed) -> Decided:
    """Hold the best of the candidates that is free. Teams that the roster has named since are looked at in the next breath."""
    episode = case.episode
    if episode.status not in ("seeking", "no-team") or episode.look_at != data.at:
        return ()
    looked_at = tuple(filter(None, data.about.split(",")))
    named = case.roster.teams_for(case.subject, episode.area, episode.needs, episode.passed)
    if set(named) - set(looked_at):
        return sought(case)
    if free := next((team for team in named if team_in(case.world, team).free), None):
        return _proposed(case, free)
    return ((case.subject, _none(case, named)),)


def _proposed(case: Case, team: str, by: str | None = None) -> Said:
    clock = RULES.clock(CONFIRM, case.now, now=case.now)
    held = TeamHeld(episode=case.subject, until=clock.due_at, rule=clock.rule)
    proposed = TeamProposed(
        team=team, desk=desk_of(case.roster, team), confirm_before=clock.due_at, rule=clock.rule, by=by,
        contacted_at=case.episode.contacted_at,
    )  # fmt: skip
    return ((team, held), (case.subject, proposed))


def desk_of(roster: Roster, team: str) -> str:
    """A team that left the roster is answered for by itself."""
    found = roster.team(team)
    return found.desk if found else team


def seek(case: Case, data: SeekTeam) -> Decided:
    """A person wants a team sent."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    return sought(case) if case.episode.status in SEARCHING else case.refused(NOT_NOW)


def propose(case: Case, data: ProposeTeam) -> Decided:
    """A person chooses the team; it is held like any other."""
    if not case.on_owners_side:
        return case.refused(NOT_YOURS)
    if case.episode.status not in SEARCHING:
        return case.refused(NOT_NOW)
    if case.roster.team(data.team) is None:
        return case.refused(UNKNOWN_TEAM)
    return _proposed(case, data.team, case.actor.id) if team_in(case.world, data.team).free else case.refused(TEAM_BUSY)


def confirm(case: Case, data: ConfirmTeam) -> Decided:
    """The team goes: referred from now on. A late yes counts while the team is free and no other is held."""
    episode, team = case.episode, team_in(case.world, data.team)
    if not case.at(desk_of(case.roster, data.team)):
        return case.refused(NOT_THE_DESK)
    in_time = episode.status == "proposed" and episode.team == data.team and team.episode == case.subject
    late = episode.status in ("seeking", "no-team") and data.team in episode.passed
    if not in_time and not late:
        return case.refused(NOT_HELD)
    if late and not team.free:
        return case.refused(TEAM_BUSY)
    clock = RULES.clock("on-scene", case.now, now=case.now, setting=episode.setting)
    confirmed = TeamConfirmed(
        team=data.team, by=case.actor.id, desk=desk_of(case.roster, data.team), contacted_at=episode.contacted_at, referred_at=case.now,
        on_scene_before=clock.due_at, rule=clock.rule, setting=episode.setting,
    )  # fmt: skip
    return ((data.team, TeamCommitted(episode=case.subject, by=case.actor.id)), (case.subject, confirmed))


def decline(case: Case, data: DeclineTeam) -> Decided:
    """The team says no: the next one is tried."""
    if not case.at(desk_of(case.roster, data.team)):
        return case.refused(NOT_THE_DESK)
    if case.episode.status != "proposed" or case.episode.team != data.team:
        return case.refused(NOT_HELD)
    declined = TeamDeclined(team=data.team, by=case.actor.id, reason=data.reason)
    return _and_on(case, ((data.team, TeamFreed(episode=case.subject, reason="declined")), (case.subject, declined)))


def _and_on(case: Case, said: Said) -> Said:
    return (*said, *sought(case.after(said)))


def unanswered(message: Message, world: World, episode: Case | None) -> Decided:
    """The hold of a team has ended. It is free, and the episode it was for tries the next one."""
    team, data = team_in(world, message.subject), message.data
    if team.episode != data.about or team.until != data.at:
        return ()
    freed: Said = ((message.subject, TeamFreed(episode=data.about, reason="unanswered")),)
    if episode is None or episode.episode.team != message.subject:
        return freed
    state = episode.episode
    silent = TeamUnanswered(team=message.subject, confirm_before=data.at, owner=state.owner, rule=state.rule)
    said: Said = (*freed, (episode.subject, silent))
    return _and_on(episode, said) if state.status == "proposed" else said


def report(case: Case, data: ReportFieldStatus) -> Decided:
    """From the field. A stage that comes late is noted with its own instant; an end frees the team."""
    episode = case.episode
    if not case.at(desk_of(case.roster, data.team)):
        return case.refused(NOT_THE_DESK)
    if data.team not in episode.teams:
        return case.refused(NEVER_SENT)
    if not episode.contacted_at <= data.reported_at <= case.now:
        return case.refused(FUTURE)
    out = episode.team == data.team
    if not out and data.status not in WAY:
        return case.refused(NOT_NOW)
    said: Said = ((case.subject, _reported(episode, data, case.actor.id)),)
    if out and data.status in ENDS_VISIT and team_in(case.world, data.team).episode == case.subject:
        said = ((data.team, TeamFreed(episode=case.subject, reason=data.status)), *said)
    after = case.after(said)
    return (*said, *sought(after)) if data.status == "out-of-area" and after.episode.status == "cancelled" else said


def _reported(episode: Episode, data: ReportFieldStatus, by: str) -> FieldStatusReported:
    dispatched = data.reported_at if data.status == "dispatched" else episode.dispatched_at
    in_time = data.reported_at <= episode.on_scene_before if data.status == "on-scene" and episode.on_scene_before else None
    return FieldStatusReported(
        team=data.team, status=data.status, reported_at=data.reported_at, by=by, contacted_at=episode.contacted_at,
        referred_at=episode.referred_at, dispatched_at=dispatched, on_scene_before=episode.on_scene_before, in_time=in_time,
    )  # fmt: skip


def overdue(case: Case, data: DeadlinePassed) -> Decided:
    """No team is with the person, and it should be. Its owner acts; the team still is expected."""
    episode = case.episode
    if episode.status not in WAY[:-1] or episode.on_scene_before != data.at or episode.overdue or episode.team != data.about:
        return ()
    late = SceneOverdue(team=data.about, on_scene_before=data.at, owner=episode.owner, rule=episode.rule or "on-scene")
    return ((case.subject, late),)


def sign(message: Message, world: World, roster: Roster, now: datetime) -> Decided:
    """A team comes or goes. One that belongs to an episode stays until it is cleared."""
    team = team_in(world, message.subject)
    if roster.team(message.subject) is None:
        return Refused((UNKNOWN_TEAM,))
    if message.actor.id not in roster.on_duty(desk_of(roster, message.subject)):
        return Refused((NOT_THE_DESK,))
    on = isinstance(message.data, SignOn)
    if team.signed_on == on:
        return ()
    if not on and team.episode:
        return Refused((TEAM_OUT,))
    return ((message.subject, (TeamSignedOn if on else TeamSignedOff)(by=message.actor.id)),)
