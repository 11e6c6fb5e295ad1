"""What authorization says: which service lines a payer must allow, what it was asked, what it answered, and what follows from that.

Every fact about an authorization carries all its open steps, each with one owner, and `next` is the most pressing of them.
`happened_at` is when it happened, where that is known and not the moment at which we learnt of it.
"""

from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.consents import Permit
from contracts.kernel import Change, Code, Model, Personal, Sealable
from contracts.partners import Sensitivity, Text, Urgency
from contracts.payers import Channel, LineNumber, PayerKind, SilenceMeans, Units

LineStatus = Literal[
    "assembling", "submitted", "pended", "contact-payer", "approved", "partial", "modified", "denied", "upheld", "not-required",
    "cancelled", "expired",
]  # fmt: skip
AuthorizationStatus = Literal["determining", "ended"] | LineStatus
"""Rolled up: the line that stands most in the way of care."""
Risk = Literal["denied", "outside-window", "decision-after-visit", "units-used-up"]
"""Why a referral may fail although somebody wants to give the care."""


class CoverageRecorded(Sealable):
    """A person's coverage is known: payer, plan and member number, from a day on. It takes the place of what was known before."""

    type: ClassVar = "coverage.recorded.v1"
    payer: Code
    plan: Code | None = None
    member: Personal[Text] | None = None
    effective_on: date | None = None
    ends_on: date | None = None


class Step(Model):
    """Something that is owed on a line (0: on the whole): by `owner`, or waited for from `waiting_on`. `late`: told as overdue already."""

    action: Code
    line: int = 0
    owner: str
    waiting_on: str | None = None
    starts_at: AwareDatetime
    due: AwareDatetime
    rule: str
    citation: str = ""
    citation_status: str = ""
    warns_at: tuple[AwareDatetime, ...] = ()
    late: bool = False


class AuthorizationChange(Change):
    """What every fact of an authorization carries: its referral, where it stands after this fact, and all its open steps."""

    request: str = ""
    program: str = ""
    urgency: Urgency | None = None
    status: AuthorizationStatus = "determining"
    steps: tuple[Step, ...] = ()
    happened_at: AwareDatetime | None = None


class LineAsked(Model):
    """One service line as we ask for it. `renews` is the line whose care it carries on."""

    line: LineNumber
    service: Code
    units: Units
    unit: Code = "visit"
    starts_on: date | None = None
    ends_on: date | None = None
    renews: LineNumber | None = None


class AuthorizationOpened(AuthorizationChange):
    """A program accepted a person, so somebody must find out whether a payer has to be asked. Nothing is known of that yet."""

    type: ClassVar = "authorization.opened.v1"
    placement: str
    owner: str
    service: str
    requested_at: AwareDatetime | None = None
    record: str | None = None
    sensitivity: Sensitivity = ""
    consent: str | None = None
    permit: Permit | None = None


class AuthorizationDisclosureChanged(AuthorizationChange):
    """What the payer may be told of the person is another now: by consent, or by its end."""

    type: ClassVar = "authorization.disclosure-changed.v1"
    permit: Permit


class AuthorizationCovered(AuthorizationChange, Sealable):
    """It is known who covers the person here: payer, plan and member number. Whether it must be asked is not known by that."""

    type: ClassVar = "authorization.covered.v1"
    payer: Code
    plan: Code | None = None
    member: Personal[Text] | None = None


class AuthorizationDetermined(AuthorizationChange):
    """It is known whether the payer must be asked, and for which lines. `requirement` names the row of its table, or None: a person did."""

    type: ClassVar = "authorization.determined.v1"
    needed: Literal["authorization", "nothing"]
    payer: Code | None = None
    payer_kind: PayerKind = "other"
    plan: Code | None = None
    lines: tuple[LineAsked, ...] = ()
    documents: tuple[Code, ...] = ()
    silence_means: SilenceMeans = "nothing"
    requirement: str | None = None


class LinesAdded(AuthorizationChange):
    """More lines are to be asked for: care that goes on (renewal, concurrent review), or another service."""

    type: ClassVar = "authorization.lines-added.v1"
    lines: tuple[LineAsked, ...]


class AuthorizationSubmitted(AuthorizationChange, Sealable):
    """These lines were put to the payer. It has not been shown that the payer has them: `receipt` says whether that is assumed.

    `bundle` is what goes to the payer, as Da Vinci PAS has it and without anything about the person: where the payer has a topic
    (`partner`), the front door fills in its record's Patient and the sealed values here. `reference` is our number, which the payer
    repeats; `received_at` is the instant from which the payer's time counts.
    """

    type: ClassVar = "authorization.submitted.v1"
    reference: str
    payer: Code
    partner: Code | None = None
    plan: Code | None = None
    channel: Channel
    lines: tuple[LineAsked, ...]
    expedited: bool = False
    submitted_at: AwareDatetime
    received_at: AwareDatetime
    receipt: Literal["assumed", "confirmed"] = "assumed"
    bundle: dict[str, Any] = {}
    member: Personal[Text] | None = None
    diagnosis: Personal[Text] | None = None


class ReceiptConfirmed(AuthorizationChange):
    """The payer has had the submission since `received_at`: its time counts from then, whatever was assumed."""

    type: ClassVar = "authorization.receipt-confirmed.v1"
    reference: str
    received_at: AwareDatetime


class SubmissionRejected(AuthorizationChange):
    """The payer could not use the submission (`faults` are its codes). Nothing was decided; it must be corrected and put again."""

    type: ClassVar = "authorization.rejected.v1"
    reference: str
    lines: tuple[LineNumber, ...]
    faults: tuple[Code, ...]


class DecisionInquired(AuthorizationChange):
    """Part of the payer's time is over: it is asked where the decision is. `partner` is set where the front door asks."""

    type: ClassVar = "authorization.inquired.v1"
    reference: str
    partner: Code | None = None
    lines: tuple[LineNumber, ...]
    due: AwareDatetime


class VisitNoted(AuthorizationChange):
    """A visit stands booked at that instant, or (`at` None) does not any more. Whether it is authorized is said by the risks."""

    type: ClassVar = "authorization.visit-noted.v1"
    visit: str
    at: AwareDatetime | None = None
    took_place: bool = False
    """It did, and is noted still because no line covers its day: one that is granted for that day later is used by it then."""


class AuthorizationWarned(lateness.Warned, AuthorizationChange):
    """Part of the time for a step is used up, and the step is not done."""

    type: ClassVar = "authorization.warned.v1"
    line: int = 0


class AuthorizationOverdue(lateness.Overdue, AuthorizationChange):
    """A step of a line was not done in time. Nothing is closed by it, and it stays with its owner."""

    type: ClassVar = "authorization.overdue.v1"
    line: int = 0


class AuthorizationOverdueRetracted(lateness.OverdueRetracted, AuthorizationChange):
    """What we learnt later shows that this step was done in time, or not due yet: it never was overdue."""

    type: ClassVar = "authorization.overdue-retracted.v1"
    line: int = 0


class ReferralPutAtRisk(AuthorizationChange):
    """As things stand the care will not be paid for or cannot start: `risk` says why, `visit` which one. The step says what to do."""

    type: ClassVar = "authorization.put-at-risk.v1"
    risk: Risk
    line: int = 0
    visit: str | None = None


class RiskCleared(AuthorizationChange):
    """This risk is gone."""

    type: ClassVar = "authorization.risk-cleared.v1"
    risk: Risk
    line: int = 0
    visit: str | None = None


class AuthorizationEnded(AuthorizationChange):
    """No more care is to be authorized: the referral ended, or a person says that the care did. Late answers are still taken."""

    type: ClassVar = "authorization.ended.v1"
    reason: Code
    by: str | None = None
    queryable_until: AwareDatetime


EVENTS = (
    CoverageRecorded, AuthorizationOpened, AuthorizationCovered, AuthorizationDetermined, LinesAdded, AuthorizationSubmitted,
    ReceiptConfirmed, SubmissionRejected, DecisionInquired, VisitNoted, AuthorizationWarned, AuthorizationOverdue,
    AuthorizationOverdueRetracted, ReferralPutAtRisk, RiskCleared, AuthorizationEnded, AuthorizationDisclosureChanged,
)  # fmt: skip
