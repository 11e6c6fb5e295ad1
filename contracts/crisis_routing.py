"""What crisis routing says of an episode: from the contact to the person's arrival and who looks after them next.

The desk owns an episode until arrival is confirmed and somebody is named for the follow-up. Crisis clocks are never business time.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import crisis_beds, crisis_dispatch, crisis_files, crisis_lateness, crisis_ownership
from contracts.clocks import Clocked
from contracts.crisis_beds import CrisisFacility
from contracts.crisis_dispatch import MobileTeam, Setting
from contracts.kernel import Change, Code, Model
from contracts.partners import Danger, Needs, Sensitivity, Source

Disposition = Literal["community", "crisis-receiving", "ed", "inpatient", "detox", "law-enforcement"]
Consent = Literal["agreed", "declined", "not-able"]
"""To being followed up. It is asked; who is not able to answer is asked again by whoever follows up."""


class CrisisRosterListed(Change):
    """The teams, facilities, areas and people on duty that the network file names now. It replaces the list before it."""

    type: ClassVar = "crisis-roster.listed.v1"
    teams: tuple[MobileTeam, ...]
    facilities: tuple[CrisisFacility, ...]
    areas: dict[Code, Setting]
    staff: dict[str, tuple[str, ...]]
    """Role or desk to people on duty, in order."""


class Contacted(Model):
    """What a contact, or an amendment of one, says that decides something. None: it says nothing of that."""

    contact: Code
    record: str
    contacted_at: AwareDatetime
    source: Source | None = None
    partner: str | None = None
    provisional: bool = False
    area: Code | None = None
    danger: Danger | None = None
    dangers: tuple[Code, ...] = ()
    needs: Needs = ()
    sensitivity: Sensitivity = ""
    consent: str | None = None


class ContactNoted(Change):
    """A contact about this person is known. `episode` is the one it `opened`, or the open one that must still hear of it."""

    type: ClassVar = "person.contact-noted.v1"
    contacted: Contacted
    noted_at: AwareDatetime
    episode: str
    opened: bool
    opening: str | None = None
    """The episode that it opens, should the open one be over when it is brought there."""


class EpisodeOpened(Clocked):
    """A person is in crisis and the crisis desk answers for it. `contacted_at` is the instant every clock and measure counts from."""

    type: ClassVar = "episode.opened.v1"
    contact: Code
    person: str
    record: str
    source: Source
    partner: str
    contacted_at: AwareDatetime
    provisional: bool
    area: Code | None = None
    danger: Danger | None = None
    dangers: tuple[Code, ...] = ()
    needs: Needs = ()
    sensitivity: Sensitivity = ""
    consent: str | None = None


class ContactJoined(Clocked):
    """Another contact about the same crisis, or more of one that we have. The first contact still starts the clocks."""

    type: ClassVar = "episode.contact-joined.v1"
    contact: Code
    contacted_at: AwareDatetime
    area: Code | None = None
    danger: Danger | None = None
    needs: Needs = ()
    amends: bool = False


class PersonIdentified(Clocked):
    """Whom the crisis is about turned out to be somebody we know: from here on it is `person`, no longer `left`."""

    type: ClassVar = "episode.person-identified.v1"
    person: str
    left: str
    record: str


class EpisodeTriaged(Clocked):
    """How it is answered: at once by the system from what the caller was asked, and by a person whenever they judge otherwise.

    `response` is `team`, or `contact` where talking may be enough; danger that nobody judged is answered by a team.
    """

    type: ClassVar = "episode.triaged.v1"
    response: Literal["team", "contact"]
    danger: Danger | None = None
    area: Code | None = None
    setting: Setting | None = None
    needs: Needs = ()
    by: str | None = None
    """None: the system did."""


class PlanTeamAlerted(Clocked):
    """The person has an active plan: who answers for it must hear of the crisis by `tell_before`, a minute after it was knowable."""

    type: ClassVar = "episode.plan-team-alerted.v1"
    plan: str
    role: str
    person: str
    record: str
    contacted_at: AwareDatetime
    tell_before: AwareDatetime
    rule: str | None = None
    danger: Danger | None = None


class CrisisPlanShared(Clocked):
    """A person showed the crisis plan to `to`, with the person's consent or in a recorded emergency (42 CFR 2.51)."""

    type: ClassVar = "episode.crisis-plan-shared.v1"
    to: str
    under: Literal["consent", "emergency"]
    by: str
    consent: str | None = None


class EpisodeResolved(Clocked):
    """The contact itself was enough; nobody needs to go there. A follow-up is still owed."""

    type: ClassVar = "episode.resolved.v1"
    by: str
    resolved_at: AwareDatetime


class DispositionRecorded(Clocked):
    """Where the person goes from here. A bed kind begins a search for a place; the desk owns it until arrival."""

    type: ClassVar = "episode.disposition-recorded.v1"
    disposition: Disposition
    by: str
    decided_at: AwareDatetime
    contacted_at: AwareDatetime


class FollowUpNamed(Clocked):
    """A person answers for contact after the crisis; the person in crisis was asked. Without this an episode cannot close."""

    type: ClassVar = "episode.follow-up-named.v1"
    owner: str
    consent: Consent
    by: str
    person: str
    record: str
    contacted_at: AwareDatetime
    reach_before: AwareDatetime | None = None
    rule: str | None = None


class OutpatientAsked(Clocked):
    """A referral to outpatient care was made for this crisis. Nobody has accepted it yet."""

    type: ClassVar = "episode.outpatient-asked.v1"
    request: str
    by: str


class OutpatientLinked(Clocked):
    """A program took the person. `verified`: by the acceptance itself; else a person says so."""

    type: ClassVar = "episode.outpatient-linked.v1"
    verified: bool
    program: str | None = None
    request: str | None = None
    by: str | None = None


class DeathReported(Clocked):
    """Somebody says that the person died, who was not with them as a team. Every contact and reminder stops now."""

    type: ClassVar = "episode.death-reported.v1"
    by: str
    reported_at: AwareDatetime


class DeathVerified(Clocked):
    """A person verified the death that was reported. Every contact and reminder has stopped already."""

    type: ClassVar = "episode.death-verified.v1"
    by: str


class DeathRetracted(Clocked):
    """The report of a death was wrong; the episode goes on where it was."""

    type: ClassVar = "episode.death-retracted.v1"
    by: str


class EpisodeClosed(Clocked):
    """Nothing is left to do here. `follow_up` is who looks after the person from now on."""

    type: ClassVar = "episode.closed.v1"
    reason: Code
    by: str
    person: str
    disposition: Disposition | None = None
    follow_up: str | None = None
    closed_at: AwareDatetime


EVENTS = (
    *crisis_dispatch.EVENTS, *crisis_beds.EVENTS, *crisis_files.EVENTS, *crisis_ownership.EVENTS, *crisis_lateness.EVENTS,
    CrisisRosterListed, ContactNoted, EpisodeOpened, ContactJoined, PersonIdentified, EpisodeTriaged, PlanTeamAlerted, CrisisPlanShared,
    EpisodeResolved, DispositionRecorded, FollowUpNamed, OutpatientAsked, OutpatientLinked, DeathReported, DeathVerified, DeathRetracted,
    EpisodeClosed,
)  # fmt: skip
