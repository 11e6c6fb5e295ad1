"""What follow_up says of transitions between places of care, and of what belongs to one person across the network."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.follow_up import Noted
from contracts.kernel import Code, Model
from contracts.partners import AgeGroup, Channel, Problem, Sensitivity, StayKind

# — transition: from a stay until the person is seen, linked or lost to it


class TransitionOpened(Noted):
    """Somebody was admitted, or is known only from their discharge. Its owner answers from now on."""

    type: ClassVar = "transition.opened.v1"
    record: str
    person: str | None = None
    kind: StayKind
    facility: str
    reference: str
    owner: str
    admitted_at: AwareDatetime | None = None
    problem: Problem = "other"
    group: AgeGroup = "adult"
    at_risk: bool = False
    sensitivity: Sensitivity = ""
    consent: str | None = None


class TransitionMatched(Noted):
    """The person has a plan: its desk owns the transition."""

    type: ClassVar = "transition.matched.v1"
    plan: str
    program: str
    owner: str
    person: str


class TransitionMoved(Noted):
    """The record belongs to another person's cluster now; the plan it was matched with stands until another is found."""

    type: ClassVar = "transition.moved.v1"
    person: str


class TransitionSilenced(Noted):
    """A death was reported (`since`), or refuted (None): until a person verified it nobody is to be contacted."""

    type: ClassVar = "transition.silenced.v1"
    since: AwareDatetime | None = None


class AdmissionCorrected(Noted):
    """The admission was at another instant than was known, or (`kind`) became a stay of another kind: from the ED to a ward."""

    type: ClassVar = "transition.admission-corrected.v1"
    admitted_at: AwareDatetime | None = None
    kind: StayKind | None = None


class LeavePlanned(Noted):
    """When the person is expected to leave."""

    type: ClassVar = "transition.leave-planned.v1"
    expected_at: AwareDatetime


class VisitArranged(Noted):
    """A visit after the stay is booked, best before it ends."""

    type: ClassVar = "transition.visit-arranged.v1"
    starts_at: AwareDatetime


class StayContacted(Noted):
    """The person was spoken with while still there."""

    type: ClassVar = "transition.stay-contacted.v1"
    at: AwareDatetime


class PersonDischarged(Noted):
    """The person left: where to, and whether against advice. Clocks count from `at`, however late it is told."""

    type: ClassVar = "transition.discharged.v1"
    at: AwareDatetime
    to: Code | None = None
    against_advice: bool = False


class DischargeCancelled(Noted):
    """The person did not leave after all."""

    type: ClassVar = "transition.discharge-cancelled.v1"


class DischargeAttempted(Noted):
    """Somebody tried to reach the person after the stay."""

    type: ClassVar = "transition.attempted.v1"
    at: AwareDatetime
    channel: Channel
    outcome: Code


class DischargeReached(Noted):
    """The person was reached after the stay."""

    type: ClassVar = "transition.reached.v1"
    at: AwareDatetime
    channel: Channel | None = None


class PersonSeen(Noted):
    """The person had a visit after the stay, the earliest that is known; the day of discharge counts as the measure says."""

    type: ClassVar = "transition.seen.v1"
    at: AwareDatetime
    plan: str
    """Or the appointment, where it is of no plan."""
    within_7: bool
    within_30: bool


class SightingRetracted(Noted):
    """It was not so that the person was seen, or reached, at `at` after the stay. `reached_at` is when they first were, as still known."""

    type: ClassVar = "transition.sighting-retracted.v1"
    at: AwareDatetime
    reached_at: AwareDatetime | None = None


class PapersReceived(Noted):
    """What the next place needs from the last one came: its records, or the list of what was prescribed."""

    type: ClassVar = "transition.papers-received.v1"
    kind: Literal["records", "prescriptions"]
    at: AwareDatetime


class RiskReviewed(Noted):
    """Somebody looked at the risk of suicide or overdose."""

    type: ClassVar = "transition.risk-reviewed.v1"
    at_risk: bool
    at: AwareDatetime
    by: str


class TransitionEnded(Noted):
    """It is over: linked, readmitted, transferred, died, declined, or cancelled because it never was."""

    type: ClassVar = "transition.ended.v1"
    how: Literal["linked", "readmitted", "transferred", "died", "declined", "cancelled"]
    at: AwareDatetime
    by: str = ""


class TransitionWarned(lateness.Warned, Noted):
    """Its owner is warned: part of the time for the step is used up."""

    type: ClassVar = "transition.warned.v1"


class TransitionOverdue(lateness.Overdue, Noted):
    """A step was not done in time. Nothing is closed by it."""

    type: ClassVar = "transition.overdue.v1"


class TransitionOverdueRetracted(lateness.OverdueRetracted, Noted):
    """What came late shows that the step never was overdue."""

    type: ClassVar = "transition.overdue-retracted.v1"


# — people: which records, plans and stays belong together


class ClientKnown(Noted):
    """Whose cluster a partner's record belongs to."""

    type: ClassVar = "client.known.v1"
    person: str


class Involved(Model):
    """One plan or stay of a person, or an appointment that is of no plan, as its own aggregate says."""

    id: str
    record: str | None = None
    owner: str
    program: str = ""
    partner: str | None = None
    open: bool
    kind: str = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Sighting(Model):
    """A plan was in touch with a person: a visit, or an exchange. Of a visit that is of no plan, `plan` is the appointment."""

    plan: str
    at: AwareDatetime
    visit: bool


class PersonLearned(Noted):
    """What is known of a person's plans and stays across the network changed."""

    type: ClassVar = "person.learned.v1"
    involved: tuple[Involved, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    unseen: tuple[Sighting, ...] = ()
    """What was told of these was taken back."""
    dead_since: AwareDatetime | None = None
    refuted: bool = False


class RecordsMoved(Noted):
    """Records joined this person or left it, each with its plans and stays."""

    type: ClassVar = "person.records-moved.v1"
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    involved: tuple[Involved, ...] = ()
    to: str | None = None
    """Whose the records are that left."""


EVENTS = (
    TransitionOpened, TransitionMatched, TransitionMoved, TransitionSilenced, AdmissionCorrected, LeavePlanned, VisitArranged,
    StayContacted, PersonDischarged, DischargeCancelled, DischargeAttempted, DischargeReached, PersonSeen, SightingRetracted,
    PapersReceived, RiskReviewed, TransitionEnded, TransitionWarned, TransitionOverdue, TransitionOverdueRetracted,
    ClientKnown, PersonLearned, RecordsMoved,
)  # fmt: skip
