"""What follow_up says of plans: visits, exchanges, and whether the person still comes."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.follow_up import Noted
from contracts.kernel import Code, Model
from contracts.partners import CalledOffBy, Channel, Sensitivity, VisitKind

Level = Literal["ok", "watch", "stale", "lapsing", "review"]
"""How far somebody has drifted from a plan; `review` is for a supervisor."""
SuppressionKind = Literal[
    "died", "in-hospital", "in-residential", "in-jail", "transferred", "planned-discharge", "paused", "consent-withdrawn"
]  # fmt: skip


PASSED_ON = "person"
"""By whose word a death is noted of a plan where it was said elsewhere, of the same person."""


class PlanOpened(Noted):
    """A person is enrolled in a program. `cadence_days`: how often they should be in touch."""

    type: ClassVar = "plan.opened.v1"
    record: str | None = None
    person: str | None = None
    program: str
    partner: str | None = None
    """Whose system tells of the program's visits, where one does."""
    owner: str
    service: str | None = None
    opened_at: AwareDatetime
    visit_by: AwareDatetime
    cadence_days: int
    books_visits: bool = True
    sensitivity: Sensitivity = ""
    consent: str | None = None


class PlanAdjusted(Noted):
    """What is expected of the plan changed; what is absent stands.

    `covered_until` is the last day that prescribed treatment for opioid use disorder covers; `tightened_until` ends a closer cadence;
    `visit_by` is the day of the first visit, where the person had asked earlier than was known.
    """

    type: ClassVar = "plan.adjusted.v1"
    cadence_days: int | None = None
    books_visits: bool | None = None
    covered_until: AwareDatetime | None = None
    tightened_until: AwareDatetime | None = None
    at_risk: bool | None = None
    minor: bool | None = None
    reviewed_at: AwareDatetime | None = None
    visit_by: AwareDatetime | None = None


class VisitBooked(Noted):
    """An appointment stands. `reference` is the partner's number for it; whether it was kept is known by `settle_by`."""

    type: ClassVar = "plan.visit-booked.v1"
    visit: str
    reference: str | None = None
    starts_at: AwareDatetime
    settle_by: AwareDatetime
    kind: VisitKind
    channel: Channel
    reason: Code | None = None


class VisitMoved(Noted):
    """An appointment has another time. It is the same appointment."""

    type: ClassVar = "plan.visit-moved.v1"
    visit: str
    starts_at: AwareDatetime
    settle_by: AwareDatetime
    left_at: AwareDatetime
    reason: Code | None = None


class VisitCancelled(Noted):
    """An appointment was called off by the client or the program. Nobody failed to come."""

    type: ClassVar = "plan.visit-cancelled.v1"
    visit: str
    by: CalledOffBy
    at: AwareDatetime
    reason: Code | None = None


class VisitAttended(Noted):
    """The person came. Without `visit` nothing was booked. After a telephone evaluation the next visit must be in person."""

    type: ClassVar = "plan.visit-attended.v1"
    visit: str | None = None
    at: AwareDatetime
    kind: VisitKind
    channel: Channel


class VisitRetracted(Noted):
    """It was not so that the person came: whoever told it takes it back. `at` is when they were said to have come.

    `exchanged_at` is the last contact that is still known.
    """

    type: ClassVar = "plan.visit-retracted.v1"
    visit: str
    at: AwareDatetime
    exchanged_at: AwareDatetime | None = None


class VisitMissed(Noted):
    """The person did not come and had not called it off."""

    type: ClassVar = "plan.visit-missed.v1"
    visit: str
    at: AwareDatetime


class ContactLogged(Noted):
    """Both sides spoke, wrote or met. Only this counts as contact."""

    type: ClassVar = "plan.contact-logged.v1"
    at: AwareDatetime
    channel: Channel


class ContactAttempted(Noted):
    """Somebody tried to reach the person, and did not. `outcome`: no-answer, left-message, wrong-number and the like."""

    type: ClassVar = "plan.contact-attempted.v1"
    at: AwareDatetime
    channel: Channel
    part_of_day: Literal["morning", "afternoon", "evening"]
    outcome: Code


class Signal(Model):
    """One reason to look at a plan, since when, and the level it asks for."""

    code: Code
    level: Level
    since: AwareDatetime


class PlanFlagged(Noted):
    """The person may be dropping out: these signals, together this level. The last one told stands until it changes."""

    type: ClassVar = "plan.flagged.v1"
    level: Level
    signals: tuple[Signal, ...]
    flagged_at: AwareDatetime
    early_phase: bool = False
    cadence_days: int = 0
    exchanged_at: AwareDatetime | None = None
    seen_elsewhere_at: AwareDatetime | None = None
    thresholds: str = ""


class FlagCleared(Noted):
    """The person came back, or what was missing is there: `returned`, `settled`, `suppressed`.

    `outreach_at` is the first attempt to reach them since they were flagged, `returned_at` the contact that ended it.
    """

    type: ClassVar = "plan.flag-cleared.v1"
    why: Literal["returned", "settled", "suppressed"]
    level: Level
    outreach_at: AwareDatetime | None = None
    returned_at: AwareDatetime | None = None


class FlagRetracted(Noted):
    """What came late shows that the flag should never have been raised."""

    type: ClassVar = "plan.flag-retracted.v1"
    level: Level
    flagged_at: AwareDatetime


class SupervisorAsked(Noted):
    """Outreach is used up (`attempts`) or its time is over (`time`): a supervisor looks. Nothing is closed."""

    type: ClassVar = "plan.supervisor-review-asked.v1"
    why: Literal["attempts", "time"]
    attempts: int
    asked_at: AwareDatetime


class PlanReviewed(Noted):
    """A supervisor looked. `continue-outreach` begins another round; `accept-until` asks again at `until`."""

    type: ClassVar = "plan.reviewed.v1"
    by: str
    decision: Literal["continue-outreach", "accept-until"]
    at: AwareDatetime
    until: AwareDatetime | None = None


class PlanSuppressed(Noted):
    """The plan is not shown among those dropping out, because of `kind`, until `until`. It is listed as such."""

    type: ClassVar = "plan.suppressed.v1"
    kind: SuppressionKind
    since: AwareDatetime
    until: AwareDatetime
    by: str


class PlanDeathReported(Noted):
    """Somebody says that the person died. Nobody is contacted or reminded any more, and a person must verify it."""

    type: ClassVar = "plan.death-reported.v1"
    record: str | None = None
    at: AwareDatetime
    by: str


class SuppressionEnded(Noted):
    """A suppression is over: its time, its cause (`released`), a person's word (`lifted`), or it was not so (`refuted`)."""

    type: ClassVar = "plan.suppression-ended.v1"
    kind: SuppressionKind
    why: Literal["expired", "released", "lifted", "refuted"]
    at: AwareDatetime
    passed_on: bool = False
    """It was said elsewhere, of the same person, and not of this plan."""


class SeenElsewhere(Noted):
    """Another program of the network was in touch with the person. It changes reason and order, never the flag."""

    type: ClassVar = "plan.seen-elsewhere.v1"
    at: AwareDatetime


class PlanUnknown(Noted):
    """The program's feed is silent since `silent_since`: whether the person comes is not known. That is not fine."""

    type: ClassVar = "plan.unknown.v1"
    silent_since: AwareDatetime
    checked_at: AwareDatetime


class PlanKnown(Noted):
    """The program's feed speaks again."""

    type: ClassVar = "plan.known.v1"


class PlanMoved(Noted):
    """The plan's record belongs to another person's cluster now."""

    type: ClassVar = "plan.moved.v1"
    person: str
    left: str | None = None


class PlanHandedOn(Noted):
    """Another role answers for it now, as assignment's hand-off says."""

    type: ClassVar = "plan.handed-on.v1"
    owner: str


class PlanDischarged(Noted):
    """A person ended the plan, for a coded reason. Time alone never does."""

    type: ClassVar = "plan.discharged.v1"
    reason: Code
    at: AwareDatetime
    by: str


class PlanWarned(lateness.Warned, Noted):
    """Its owner is warned: part of the time for the step is used up."""

    type: ClassVar = "plan.warned.v1"


class PlanOverdue(lateness.Overdue, Noted):
    """A step was not done in time. Nothing is closed by it."""

    type: ClassVar = "plan.overdue.v1"


class PlanOverdueRetracted(lateness.OverdueRetracted, Noted):
    """What came late shows that the step never was overdue."""

    type: ClassVar = "plan.overdue-retracted.v1"


EVENTS = (
    PlanOpened, PlanAdjusted, VisitBooked, VisitMoved, VisitCancelled, VisitAttended, VisitMissed, VisitRetracted, ContactLogged,
    ContactAttempted, PlanFlagged, FlagCleared, FlagRetracted, SupervisorAsked, PlanReviewed, PlanSuppressed, PlanDeathReported,
    SuppressionEnded, SeenElsewhere, PlanUnknown, PlanKnown, PlanMoved, PlanHandedOn, PlanDischarged, PlanWarned, PlanOverdue,
    PlanOverdueRetracted,
)  # fmt: skip
