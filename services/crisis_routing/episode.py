"""An episode as it stands, and which clocks of its own run.

Clocks of a held team run in the team, those of a held bed in the facility: whoever can refuse a second taker lets the first one go.
What must follow in another aggregate follows by a deadline of this very instant, so that it cannot be forgotten.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import AwareDatetime

from contracts import clocks
from contracts.clocks import Owed
from contracts.crisis_beds import BedKind
from contracts.crisis_dispatch import Setting
from contracts.crisis_routing import Disposition
from contracts.kernel import Deadline, State, kind_of
from contracts.partners import Danger, Sensitivity

CRISIS_DESK = "role/crisis-desk"
FIND_TEAM, FIND_BED, ON_SCENE, RELEASE, LEAVE, HAND_OVER = "find-team", "find-bed", "on-scene", "release-beds", "leave-file", "hand-over"
Status = Literal[
    "opened", "contact", "seeking", "no-team", "proposed", "referred", "dispatched", "en-route", "on-scene", "unable-to-locate", "declined",
    "cancelled", "handed-to-911", "died", "resolved", "disposed", "placing", "no-facility", "accepted", "arrived", "follow-up", "linked",
    "closed",
]  # fmt: skip
WAY = ("referred", "dispatched", "en-route", "on-scene")
"""A visit's stages, in order."""
SEARCHING = ("contact", "seeking", "no-team", "unable-to-locate", "declined", "cancelled")
"""Where a team may be proposed."""
PLACING = ("placing", "no-facility", "accepted")
SETTLED = ("resolved", "disposed", "arrived", "follow-up", "linked")
"""The crisis itself is over; what is owed is the follow-up."""
TOLD_OTHERWISE = ("find-team", "confirm-team", "await-team", "find-bed", "await-facility", "confirm-arrival")
"""Steps whose lateness has a fact of its own, which also says what follows: another team, another facility, the owner's turn."""


class Asked(State):
    """A facility asked to take the person. `late`: silent until its time was over, and its yes still counts."""

    facility: str
    desk: str
    asked_at: AwareDatetime | None = None
    answer_before: AwareDatetime
    answer: Literal["open", "late", "declined"] = "open"


class HandOver(State):
    """Somebody was asked to take it over: `to` a person or a role, under `role`."""

    to: str
    role: str
    by: str
    asked_at: AwareDatetime | None = None
    accept_before: AwareDatetime
    unanswered: bool = False


class Episode(State):
    """One crisis. `owner`, a person or a role, answers for it; `owed` is the next step."""

    person: str
    record: str
    contact: str
    partner: str
    contacted_at: AwareDatetime
    last_contact_at: AwareDatetime
    contacts: tuple[str, ...]
    provisional: bool = False
    area: str | None = None
    setting: Setting | None = None
    danger: Danger | None = None
    needs: tuple[str, ...] = ()
    sensitivity: Sensitivity = ""
    consent: str | None = None
    owner: str = CRISIS_DESK
    role: str = CRISIS_DESK
    status: Status = "opened"
    plans: tuple[str, ...] = ()

    candidates: tuple[str, ...] = ()
    look_at: AwareDatetime | None = None
    """When the candidates are looked at: teams, or facilities while it is placed."""
    sought_since: AwareDatetime | None = None
    round: int = 0
    passed: tuple[str, ...] = ()
    """Teams, then facilities, that said no or nothing: they come last the next time."""
    team: str | None = None
    team_desk: str | None = None
    teams: tuple[str, ...] = ()
    """Every team that was ever confirmed: its reports may come late."""
    confirm_before: AwareDatetime | None = None
    referred_at: AwareDatetime | None = None
    dispatched_at: AwareDatetime | None = None
    on_scene_before: AwareDatetime | None = None
    on_scene_at: AwareDatetime | None = None
    overdue: bool = False
    died_from: Status | None = None

    disposition: Disposition | None = None
    beds: BedKind | None = None
    asked: tuple[Asked, ...] = ()
    releasing: tuple[str, ...] = ()
    release_at: AwareDatetime | None = None
    facility: str | None = None
    facility_desk: str | None = None
    accepted_at: AwareDatetime | None = None
    arrive_before: AwareDatetime | None = None

    follow_up: str | None = None
    follow_up_consent: str | None = None
    reach_before: AwareDatetime | None = None
    request: str | None = None
    linked: bool = False
    hand_over: HandOver | None = None
    closed_at: AwareDatetime | None = None
    owed: Owed | None = None

    @property
    def waiting_on(self) -> tuple[Asked, ...]:
        """Facilities it waits on."""
        return tuple(asked for asked in self.asked if asked.answer == "open")

    @property
    def rule(self) -> str | None:
        """Of the next step."""
        return self.owed.rule if self.owed else None

    @property
    def telling(self) -> Owed | None:
        """The step that is told when it is late; of the dead, nothing but the question whether they are."""
        over = self.status == "closed" or (self.status == "died" and self.died_from is None)
        return None if over or self.owed is None or self.owed.action in TOLD_OTHERWISE else self.owed

    @property
    def on_its_way(self) -> bool:
        """A team was confirmed and has not ended its visit."""
        return self.team is not None and self.confirm_before is None

    def asked_of(self, facility: str) -> Asked | None:
        return next((asked for asked in self.asked if asked.facility == facility), None)


def whose(state: State) -> str:
    """Whoever answers for an episode, if that is a person: a role is always there."""
    return state.owner if isinstance(state, Episode) and state.status != "closed" and kind_of(state.owner) == "staff" else ""


def deadlines(state: Episode) -> Iterable[Deadline]:
    """What must happen by when. Nothing here closes anything; a death stops all but the release of what is held, and its own question."""
    yield from clocks.deadlines(state.telling)
    if state.releasing and state.release_at:
        yield Deadline(RELEASE, ",".join(state.releasing), state.release_at)
    if state.closed_at:
        yield Deadline(LEAVE, state.person, state.closed_at)
    if state.status in ("seeking", "no-team") and state.look_at:
        yield Deadline(FIND_TEAM, ",".join(state.candidates), state.look_at)
    if state.status in ("placing", "no-facility") and state.look_at:
        yield Deadline(FIND_BED, ",".join(state.candidates), state.look_at)
    if state.status in WAY[:-1] and state.team and state.on_scene_before and not state.overdue:
        yield Deadline(ON_SCENE, state.team, state.on_scene_before)
    if state.hand_over and not state.hand_over.unanswered:
        yield Deadline(HAND_OVER, state.hand_over.to, state.hand_over.accept_before)
