"""What crisis routing says of mobile teams: held by the system, confirmed by a person, heard of from the field.

A team is an aggregate of its own, because it is what can refuse a second taker.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.clocks import Clocked
from contracts.kernel import Change, Code, Model
from contracts.lateness import Calling
from contracts.partners import Needs

Setting = Literal["urban", "rural"]
"""How long a team may take: 60 minutes in an urban area, 120 in a rural one."""
FieldStatus = Literal[
    "dispatched", "en-route", "on-scene", "unable-to-locate", "declined", "cancelled", "handed-to-911", "out-of-area", "died", "cleared"
]
"""From the field. The first three are stages, in this order; `cleared`: the team is free again; the rest end the visit."""


class MobileTeam(Model):
    """A mobile crisis team: what it can do, where it goes, the desk that answers for it."""

    id: str
    name: str
    desk: str
    skills: tuple[Code, ...] = ()
    areas: tuple[Code, ...]


class TeamHeld(Change):
    """The system keeps this team for one episode, until a person confirms it or `until`. Nobody else gets it meanwhile."""

    type: ClassVar = "team.held.v1"
    episode: str
    until: AwareDatetime
    rule: str | None = None


class TeamCommitted(Change):
    """A person confirmed it: the team belongs to this episode until it is freed."""

    type: ClassVar = "team.committed.v1"
    episode: str
    by: str


class TeamFreed(Change):
    """The team may be held for somebody else. `reason`: declined, unanswered, withdrawn, cleared, or how the visit ended."""

    type: ClassVar = "team.freed.v1"
    episode: str
    reason: Code


class TeamSignedOn(Change):
    """The team is there to be sent."""

    type: ClassVar = "team.signed-on.v1"
    by: str


class TeamSignedOff(Change):
    """The team is not there: nothing is proposed to it. One that belongs to an episode cannot sign off."""

    type: ClassVar = "team.signed-off.v1"
    by: str


class TeamSought(Clocked):
    """These teams fit, best first; whichever of them is free is held next. `passed` said no or nothing."""

    type: ClassVar = "episode.team-sought.v1"
    round: int
    candidates: tuple[str, ...]
    sought_at: AwareDatetime
    passed: tuple[str, ...] = ()


class TeamProposed(Clocked):
    """The system holds a team for it; a person must confirm before `confirm_before`, or the next one is tried."""

    type: ClassVar = "episode.team-proposed.v1"
    team: str
    desk: str
    confirm_before: AwareDatetime
    rule: str
    contacted_at: AwareDatetime
    by: str | None = None
    """Who chose it in the system's place."""


class TeamConfirmed(Clocked):
    """A person confirmed the team: it is referred from this instant on, and must be on scene by `on_scene_before`."""

    type: ClassVar = "episode.team-confirmed.v1"
    team: str
    by: str
    desk: str
    contacted_at: AwareDatetime
    referred_at: AwareDatetime
    on_scene_before: AwareDatetime
    rule: str
    setting: Setting | None = None


class TeamDeclined(Clocked):
    """The team said no; `reason` is a code of the list. The next one is tried."""

    type: ClassVar = "episode.team-declined.v1"
    team: str
    by: str
    reason: Code


class TeamUnanswered(Calling, Clocked):
    """Nobody confirmed in time; the next team is tried. A late yes still counts while the team is free and no other is held."""

    type: ClassVar = "episode.team-unanswered.v1"
    team: str
    confirm_before: AwareDatetime
    owner: str
    rule: str | None = None


class NoTeamAvailable(Calling, Clocked):
    """No team that fits is free. The need stands, the desk acts, and every team is looked at again at `again_at`."""

    type: ClassVar = "episode.no-team-available.v1"
    candidates: tuple[str, ...]
    again_at: AwareDatetime
    sought_since: AwareDatetime
    area: Code | None = None
    needs: Needs = ()


class FieldStatusReported(Clocked):
    """The team says how it stands, or how the visit ended. `reported_at` is when it was so; one that comes late moves nothing back.

    `dispatched_at` stands apart from `referred_at`, so that a delay of dispatch is never hidden in the way there.
    """

    type: ClassVar = "episode.field-status-reported.v1"
    team: str
    status: FieldStatus
    reported_at: AwareDatetime
    by: str
    contacted_at: AwareDatetime
    referred_at: AwareDatetime | None = None
    dispatched_at: AwareDatetime | None = None
    on_scene_before: AwareDatetime | None = None
    in_time: bool | None = None
    """Of `on-scene`: whether it was reached before `on_scene_before`."""


class SceneOverdue(Calling, Clocked):
    """No team was reported on scene by `on_scene_before`. It still is expected; nothing is closed."""

    type: ClassVar = "episode.scene-overdue.v1"
    team: str
    on_scene_before: AwareDatetime
    owner: str
    rule: str


EVENTS = (
    TeamHeld, TeamCommitted, TeamFreed, TeamSignedOn, TeamSignedOff, TeamSought, TeamProposed, TeamConfirmed, TeamDeclined,
    TeamUnanswered, NoTeamAvailable, FieldStatusReported, SceneOverdue,
)  # fmt: skip
