"""What people ask of follow_up. Who asks is the message's actor, never a field; `at` is when it happened, and may be long ago."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.kernel import Code, Command
from contracts.partners import AgeGroup, CalledOffBy, Channel, Problem, StayKind, VisitKind
from contracts.plans import SuppressionKind

PastLimit = Literal["client-choice", "no-slot", "other"]
"""Why a first visit is booked past the regulatory limit."""
CancelReason = Literal["client-choice", "illness", "transport", "program", "weather", "other"]
AttemptOutcome = Literal["no-answer", "left-message", "wrong-number", "refused", "not-there", "returned", "other"]
Outcome = Literal["in-service", "completed", "not-eligible", "declined-by-client", "referred-on", "no-show", "other"]
Departure = Literal[
    "attendance", "client-decision", "stopped-coming", "financial", "lack-of-progress", "medical", "military-deployment", "moved",
    "incarcerated", "died", "agency-closed",
    "completed", "transferred", "court-commitment-completed", "needs-other-level",
]  # fmt: skip
"""Why a plan ended: the eleven reasons of Colorado BHA (BHAEndOfTreatmentReasonCS), and four of ours."""
Suppressible = Literal["in-hospital", "in-residential", "in-jail", "transferred", "planned-discharge", "paused", "consent-withdrawn"]
assert set(Suppressible.__args__) < set(SuppressionKind.__args__)  # type: ignore[attr-defined]
Days = Annotated[int, Field(ge=1, le=366)]

RecordId = Annotated[str, Field(pattern=r"^record/[A-Za-z0-9_-]{1,80}$")]
"""As the front door makes them: a blind key in the URL-safe alphabet, both of its signs included."""


class BookVisit(Command):
    """An appointment stands. The same booking again, by its reference or its instant, is the same appointment."""

    type: ClassVar = "book-visit"
    reference: Code | None = None
    starts_at: AwareDatetime
    kind: VisitKind = "service"
    channel: Channel = "in-person"
    reason: PastLimit | None = None


class MoveVisit(Command):
    type: ClassVar = "move-visit"
    visit: Code
    starts_at: AwareDatetime
    reason: PastLimit | None = None


class CancelVisit(Command):
    type: ClassVar = "cancel-visit"
    visit: Code
    by: CalledOffBy
    at: AwareDatetime
    reason: CancelReason | None = None


class RecordAttendance(Command):
    """The person came. Without `visit` it was not booked."""

    type: ClassVar = "record-attendance"
    visit: Code | None = None
    at: AwareDatetime
    kind: VisitKind = "service"
    channel: Channel = "in-person"


class RecordNoShow(Command):
    """The person did not come, and had not called it off."""

    type: ClassVar = "record-no-show"
    visit: Code


class RetractAttendance(Command):
    """The person did not come at `at`, as was recorded: it was entered in error, or (`missed`) they failed to come."""

    type: ClassVar = "retract-attendance"
    visit: Code | None = None
    at: AwareDatetime
    missed: bool = False


class LogContact(Command):
    """Both sides spoke, wrote or met."""

    type: ClassVar = "log-contact"
    at: AwareDatetime
    channel: Channel


class LogAttempt(Command):
    """Somebody tried, and did not reach the person."""

    type: ClassVar = "log-attempt"
    at: AwareDatetime
    channel: Channel
    outcome: AttemptOutcome


class AdjustPlan(Command):
    """What is expected of the plan. What is absent stands."""

    type: ClassVar = "adjust-plan"
    cadence_days: Days | None = None
    books_visits: bool | None = None
    covered_until: AwareDatetime | None = None
    tightened_until: AwareDatetime | None = None
    at_risk: bool | None = None
    minor: bool | None = None
    reviewed_at: AwareDatetime | None = None


class SuppressPlan(Command):
    """Do not show it among those dropping out, for this reason, until then."""

    type: ClassVar = "suppress-plan"
    kind: Suppressible
    since: AwareDatetime
    until: AwareDatetime


class LiftSuppression(Command):
    type: ClassVar = "lift-suppression"
    kind: Suppressible


class ReportDeath(Command):
    """Somebody says that the person died. Every contact and reminder stops at once; a person must verify it."""

    type: ClassVar = "report-death"
    at: AwareDatetime


class RefuteDeath(Command):
    """It was not so."""

    type: ClassVar = "refute-death"


class ReviewEngagement(Command):
    """A supervisor looked at a plan that outreach did not bring back."""

    type: ClassVar = "review-engagement"
    decision: Literal["continue-outreach", "accept-until"]
    until: AwareDatetime | None = None


class DischargePlan(Command):
    """The plan ends, for a coded reason."""

    type: ClassVar = "discharge-plan"
    reason: Departure
    at: AwareDatetime


class ConfirmStatus(Command):
    """Care goes on."""

    type: ClassVar = "confirm-status"


class ReportOutcome(Command):
    """What came of the referral."""

    type: ClassVar = "report-outcome"
    outcome: Outcome


class ReportFeed(Command):
    """A program's feed is silent since `silent_since`; absent: it speaks again."""

    type: ClassVar = "report-feed"
    silent_since: AwareDatetime | None = None


class Stay(Command):
    """A stay by the facility's own number: the pair is one transition, whoever repeats it."""

    facility: Code
    reference: Code


class RecordAdmission(Stay):
    """A person was admitted. `record` is the partner's record of the person."""

    type: ClassVar = "record-admission"
    record: RecordId
    kind: StayKind
    at: AwareDatetime
    problem: Problem = "other"
    group: AgeGroup = "adult"
    at_risk: bool = False


class RecordDischarge(Stay):
    """A person left. It may come before its admission is known, or without one; then `record` and `kind` open the transition."""

    type: ClassVar = "record-discharge"
    record: RecordId
    kind: StayKind
    at: AwareDatetime
    to: Code | None = None
    against_advice: bool = False
    problem: Problem = "other"
    group: AgeGroup = "adult"
    at_risk: bool = False


class RecordTransfer(Stay):
    """A person was moved to another facility, where another stay begins."""

    type: ClassVar = "record-transfer"
    at: AwareDatetime
    to: Code


class CancelAdmission(Stay):
    """The admission never was."""

    type: ClassVar = "cancel-admission"


class CancelDischarge(Stay):
    """The person did not leave after all."""

    type: ClassVar = "cancel-discharge"


class PlanLeave(Command):
    """When the person is expected to leave."""

    type: ClassVar = "plan-leave"
    expected_at: AwareDatetime


class ArrangeVisit(Command):
    """A visit after the stay is booked."""

    type: ClassVar = "arrange-visit"
    starts_at: AwareDatetime


class TryToReach(Command):
    """Somebody tried to reach the person after the stay, and did not."""

    type: ClassVar = "try-to-reach"
    at: AwareDatetime
    channel: Channel
    outcome: AttemptOutcome


class RecordReached(Command):
    """The person was spoken with: during the stay, or after it."""

    type: ClassVar = "record-reached"
    at: AwareDatetime
    channel: Channel


class ReceivePapers(Command):
    type: ClassVar = "receive-papers"
    kind: Literal["records", "prescriptions"]
    at: AwareDatetime


class ReviewRisk(Command):
    """Somebody looked at the risk of suicide or overdose."""

    type: ClassVar = "review-risk"
    at_risk: bool
    at: AwareDatetime


class EndTransition(Command):
    """The person is linked to care, does not want it, or died."""

    type: ClassVar = "end-transition"
    how: Literal["linked", "declined", "died"]
    at: AwareDatetime


VISITS = (BookVisit, MoveVisit, CancelVisit, RecordAttendance, RecordNoShow, RetractAttendance)
PLANS = (
    *VISITS, LogContact, LogAttempt, AdjustPlan, SuppressPlan, LiftSuppression, ReportDeath, RefuteDeath, ReviewEngagement, DischargePlan,
)  # fmt: skip
CARES = (ConfirmStatus, ReportOutcome)
STAYS = (RecordAdmission, RecordDischarge, RecordTransfer, CancelAdmission, CancelDischarge)
TRANSITIONS = (PlanLeave, ArrangeVisit, TryToReach, RecordReached, ReceivePapers, ReviewRisk, EndTransition)
COMMANDS = (*PLANS, *CARES, *STAYS, *TRANSITIONS, ReportFeed)
