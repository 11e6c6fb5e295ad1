"""What follow_up says of care: the referral from acceptance to its outcome. Plans and transitions have modules of their own.

`noted_at` is when it was decided; `at` when it happened, which may have been long before.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Owed
from contracts.kernel import Change, Code
from contracts.partners import AgeBand, Channel, Sensitivity, Urgency, VisitKind


class Noted(Change):
    """A fact of follow_up. `warns_at`: when the owner of `next` is warned before it is due; `steps`: all that is owed after it, each with
    the clock that the rules gave it then. None: what was owed still is."""

    noted_at: AwareDatetime | None = None
    warns_at: tuple[AwareDatetime, ...] = ()
    steps: tuple[Owed, ...] | None = None


# — care: the referral from acceptance to its outcome


class CareOpened(Noted):
    """A program took the referral, and its desk owes a first visit by `visit_by`, which the regulation counts from the request."""

    type: ClassVar = "care.opened.v1"
    request: str
    record: str | None = None
    program: str
    owner: str
    service: str | None = None
    urgency: Urgency = "routine"
    requested_at: AwareDatetime | None = None
    accepted_at: AwareDatetime
    visit_by: AwareDatetime
    visit_rule: str
    interval: int = 1
    sensitivity: Sensitivity = ""
    consent: str | None = None
    age_band: AgeBand | None = None


class CareCountedEarlier(Noted):
    """Another sender had asked for the same before: a first visit is due by `visit_by`, counted from `requested_at`."""

    type: ClassVar = "care.counted-earlier.v1"
    requested_at: AwareDatetime
    visit_by: AwareDatetime
    visit_rule: str


class CareScheduled(Noted):
    """A first visit is booked. Past the regulatory limit it says why: the client's choice, no slot, other."""

    type: ClassVar = "care.scheduled.v1"
    visit: str
    starts_at: AwareDatetime
    visit_by: AwareDatetime
    reason: Code | None = None


class CareUnscheduled(Noted):
    """The only booking before the first visit was cancelled. That is not a no-show."""

    type: ClassVar = "care.unscheduled.v1"
    visit: str
    reason: Code | None = None


class CareMissed(Noted):
    """The person did not come to a booked visit, and none was attended yet."""

    type: ClassVar = "care.missed.v1"
    visit: str
    missed_at: AwareDatetime
    at_risk: bool = False


class CareStarted(Noted):
    """The first visit took place: the person is in service, and from here on the plan leads."""

    type: ClassVar = "care.started.v1"
    visit: str | None = None
    started_at: AwareDatetime
    kind: VisitKind
    channel: Channel
    in_time: bool


class CareStartRetracted(Noted):
    """The visit with which care had begun did not take place.

    `started_at` is the first one that is still known: without one the referral waits for its first visit again.
    """

    type: ClassVar = "care.start-retracted.v1"
    visit: str | None = None
    at: AwareDatetime
    started_at: AwareDatetime | None = None


class CareConfirmed(Noted):
    """The program says that care goes on."""

    type: ClassVar = "care.confirmed.v1"
    by: str


class OutcomeReported(Noted):
    """The program says what came of the referral. `verified`: a visit was recorded here; else it is asserted."""

    type: ClassVar = "care.outcome-reported.v1"
    outcome: Code
    verified: bool
    by: str


class CarePutAtRisk(Noted):
    """As things stand this care will not be paid for, or cannot start: authorization says so, and owes the next step."""

    type: ClassVar = "care.put-at-risk.v1"
    risk: Code
    visit: str | None = None


class CareRiskCleared(Noted):
    """That risk is gone."""

    type: ClassVar = "care.risk-cleared.v1"
    risk: Code
    visit: str | None = None


class CareHalted(Noted):
    """The person is said to have died: the program owes nothing and contacts nobody until a person has verified it."""

    type: ClassVar = "care.halted.v1"
    since: AwareDatetime


class CareResumed(Noted):
    """The person lives: what the program owed it owes again."""

    type: ClassVar = "care.resumed.v1"


class CareEnded(Noted):
    """Nothing of this referral is left to do here."""

    type: ClassVar = "care.ended.v1"
    reason: Code


class CareHandedOn(Noted):
    """Another role answers for it now, as assignment's hand-off says."""

    type: ClassVar = "care.handed-on.v1"
    owner: str


class CareWarned(lateness.Warned, Noted):
    """Its owner is warned: part of the time for the step is used up."""

    type: ClassVar = "care.warned.v1"


class CareOverdue(lateness.Overdue, Noted):
    """A step was not done in time. Nothing is closed by it."""

    type: ClassVar = "care.overdue.v1"


class CareOverdueRetracted(lateness.OverdueRetracted, Noted):
    """What came late shows that the step never was overdue."""

    type: ClassVar = "care.overdue-retracted.v1"


EVENTS = (
    CareOpened, CareCountedEarlier, CareScheduled, CareUnscheduled, CareMissed, CareStarted, CareStartRetracted, CareConfirmed,
    OutcomeReported, CarePutAtRisk, CareRiskCleared, CareHalted, CareResumed, CareEnded, CareHandedOn, CareWarned, CareOverdue,
    CareOverdueRetracted,
)  # fmt: skip
