"""What people ask of crisis routing. Who asks is the message's actor, never a field."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.crisis_beds import BedKind, CrisisFacility
from contracts.crisis_dispatch import FieldStatus, MobileTeam, Setting
from contracts.crisis_routing import Consent, Disposition
from contracts.kernel import Code, Command
from contracts.partners import Danger

TeamId = Annotated[str, Field(pattern=r"^team/[a-z0-9-]{1,60}$")]
FacilityId = Annotated[str, Field(pattern=r"^facility/[a-z0-9-]{1,60}$")]
RequestId = Annotated[str, Field(pattern=r"^request/[A-Za-z0-9._-]{1,90}$")]
Where = Annotated[str, Field(pattern=r"^(team|facility|desk|role)/[a-z0-9-]{1,60}$")]


class TriageEpisode(Command):
    """I judge it otherwise than the system did. What is absent stands."""

    type: ClassVar = "triage-episode"
    response: Literal["team", "contact"]
    danger: Danger | None = None
    area: Code | None = None
    needs: tuple[Code, ...] | None = Field(default=None, max_length=20)


class ProposeTeam(Command):
    """This team, of my choice; it is held until somebody confirms."""

    type: ClassVar = "propose-team"
    team: TeamId


class SeekTeam(Command):
    """Look for a team again, at every one that fits."""

    type: ClassVar = "seek-team"


class ConfirmTeam(Command):
    """The team goes."""

    type: ClassVar = "confirm-team"
    team: TeamId


class DeclineTeam(Command):
    """The team cannot go."""

    type: ClassVar = "decline-team"
    team: TeamId
    reason: Literal["busy", "off-duty", "too-far", "skill", "unsafe", "vehicle", "not-needed", "other"]


class ReportFieldStatus(Command):
    """How the team stands, or how the visit ended. `reported_at` is when it was so."""

    type: ClassVar = "report-field-status"
    team: TeamId
    status: FieldStatus
    reported_at: AwareDatetime


class SignOn(Command):
    """The team is there."""

    type: ClassVar = "sign-on"


class SignOff(Command):
    """The team leaves."""

    type: ClassVar = "sign-off"


class ResolveByContact(Command):
    """Talking was enough."""

    type: ClassVar = "resolve-by-contact"


class RecordDisposition(Command):
    """Where the person goes from here."""

    type: ClassVar = "record-disposition"
    disposition: Disposition
    decided_at: AwareDatetime | None = None


class CountBeds(Command):
    """So many beds of a kind stand empty, those held for us among them."""

    type: ClassVar = "count-beds"
    beds: BedKind
    free: int = Field(ge=0, le=1_000)
    counted_at: AwareDatetime


class SeekBed(Command):
    """Look for a bed again, at every facility that fits."""

    type: ClassVar = "seek-bed"


class HoldBed(Command):
    """Ask this facility, of my choice, and hold a bed there."""

    type: ClassVar = "hold-bed"
    facility: FacilityId


class ReleaseBed(Command):
    """The bed is not needed."""

    type: ClassVar = "release-bed"
    facility: FacilityId


class AcceptPerson(Command):
    """The facility takes the person."""

    type: ClassVar = "accept-person"
    facility: FacilityId


class DeclinePerson(Command):
    """The facility says no."""

    type: ClassVar = "decline-person"
    facility: FacilityId
    reason: Literal["no-bed", "not-eligible", "level-of-care", "medical", "age", "unsafe", "payer", "other"]


class ConfirmArrival(Command):
    """The person is there."""

    type: ClassVar = "confirm-arrival"
    facility: FacilityId
    arrived_at: AwareDatetime


class ShareCrisisPlan(Command):
    """Let them see the crisis plan: by consent, or because this is an emergency, which is recorded."""

    type: ClassVar = "share-crisis-plan"
    to: Where
    under: Literal["consent", "emergency"]
    consent: Code | None = None


class NameFollowUp(Command):
    """`owner` answers for contact after the crisis; the person was asked whether they want it."""

    type: ClassVar = "name-follow-up"
    owner: Code
    consent: Consent


class AskOutpatient(Command):
    """This referral was made for the crisis: its acceptance links the person to care."""

    type: ClassVar = "ask-outpatient"
    request: RequestId


class LinkOutpatient(Command):
    """The person is in care, as I know otherwise than by an acceptance here."""

    type: ClassVar = "link-outpatient"
    program: Code | None = None


class ReportDeath(Command):
    """Somebody told us that the person died. Everything stops until it is verified or retracted."""

    type: ClassVar = "report-death"
    reported_at: AwareDatetime


class VerifyDeath(Command):
    """Whether the death that was reported is true."""

    type: ClassVar = "verify-death"
    verified: bool


class CloseEpisode(Command):
    """Nothing is left to do here."""

    type: ClassVar = "close-episode"
    reason: Literal["linked", "reached", "follow-up-declined", "followed-up-elsewhere", "died", "duplicate", "not-a-crisis", "other"]


class TakeEpisode(Command):
    """I, on duty behind the role that owns it, answer for it."""

    type: ClassVar = "take-episode"


class AskHandOver(Command):
    """My shift ends: `to`, a person or a role, should answer for it. Until they accept, nothing moves."""

    type: ClassVar = "ask-hand-over"
    to: Code


class AcceptHandOver(Command):
    """I answer for it from now on."""

    type: ClassVar = "accept-hand-over"


class DeclineHandOver(Command):
    """I do not take it."""

    type: ClassVar = "decline-hand-over"
    reason: Literal["no-capacity", "not-ours", "off-duty", "other"]


class WithdrawHandOver(Command):
    """It is not asked any more."""

    type: ClassVar = "withdraw-hand-over"


class ListRoster(Command):
    """The network file as it is now: teams, facilities, areas, and who is on duty behind which role or desk."""

    type: ClassVar = "list-roster"
    teams: tuple[MobileTeam, ...] = Field(max_length=500)
    facilities: tuple[CrisisFacility, ...] = Field(max_length=500)
    areas: dict[Code, Setting]
    staff: dict[Code, tuple[Code, ...]]


COMMANDS = (
    TriageEpisode, ProposeTeam, SeekTeam, ConfirmTeam, DeclineTeam, ReportFieldStatus, SignOn, SignOff, ResolveByContact,
    RecordDisposition, CountBeds, SeekBed, HoldBed, ReleaseBed, AcceptPerson, DeclinePerson, ConfirmArrival, ShareCrisisPlan,
    NameFollowUp, AskOutpatient, LinkOutpatient, ReportDeath, VerifyDeath, CloseEpisode, TakeEpisode, AskHandOver, AcceptHandOver,
    DeclineHandOver, WithdrawHandOver, ListRoster,
)  # fmt: skip
