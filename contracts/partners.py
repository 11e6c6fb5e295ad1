"""What partners publish to us and what we answer them. CloudEvents; personal values are readable here, under ACL and TLS.

`reference` is always the partner's own referral number: the pair (partner, reference) is one referral, whoever repeats it.
"""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.kernel import Code, Event, Model, Personal
from contracts.payers import LineNumber, PayerAnswer
from contracts.upkeep import Issue

Text = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(min_length=1, max_length=20_000)]
Urgency = Literal["emergency", "urgent", "routine"]
Sensitivity = Literal["", "part2"]
"""`part2`: a record of a 42 CFR Part 2 program; the label survives every hop."""


Danger = Literal["imminent", "high", "moderate", "low"]
"""As whoever took the call judged it; nobody having judged it is never "low"."""
Source = Literal["crisis-line", "mobile-team", "facility", "person", "emergency-services", "other"]
Relation = Literal["self", "family", "friend", "provider", "law-enforcement", "school", "bystander", "other"]
"""Who calls, seen from whom it is about: only `self` is the same person."""
Needs = tuple[Code, ...]
"""What a team must be able to do: `youth`, `spanish`, `substance-use`, `peer`."""


StayKind = Literal["hospital", "ed", "detox", "residential", "crisis-unit", "jail", "step-down"]
StayStep = Literal["admitted", "discharged", "admission-cancelled", "discharge-cancelled"]
"""What happened of a stay: HL7 v2's A01, A03, A11 and A13."""
Problem = Literal["mental-health", "substance-use", "other"]
AgeGroup = Literal["under-6", "6-12", "13-17", "adult"]


class Identifier(Model):
    """One identifier of a person, as FHIR's Identifier: the system that issued it and the value."""

    system: Text
    value: Personal[Text]


class PersonDetails(Model):
    """What a sender knows of the person. A field that is absent says nothing; it blanks nothing."""

    identifiers: tuple[Identifier, ...] = Field(default=(), max_length=20)
    family_name: Personal[Text] | None = None
    given_name: Personal[Text] | None = None
    birth_date: Personal[date] | None = None
    phone: Personal[Text] | None = None
    postal_code: Personal[Text] | None = None
    language: Personal[Code] | None = None
    deceased: bool | None = None
    """The sender says that the person died: nobody contacts them until one of us has verified it, and only one of us takes it back."""


class FromPartner(Event):
    """What every partner message may say of its sender: if `partner` is there, it must be the topic's own."""

    partner: str | None = None
    reference: Text


class ReferralRequested(FromPartner):
    """A partner asks for care for a person. `requested_at` starts the regulatory clocks (never our receipt)."""

    type: ClassVar = "referral.requested.v1"
    requested_at: AwareDatetime
    person: PersonDetails
    service: Code
    urgency: Urgency | None = None
    reason: Personal[Note] | None = None
    sender: Text | None = None
    """The requesting organisation, as the partner names it; not a person."""
    sensitivity: Sensitivity = ""
    consent: Text | None = None
    consent_until: AwareDatetime | None = None
    """When it runs out, where it does."""
    consent_ended: Text | None = None
    """A consent that stands no more: revoked, or never valid."""


class ReferralAmended(FromPartner):
    """More or other details of a referral. Only fields that are present change anything."""

    type: ClassVar = "referral.amended.v1"
    amended_at: AwareDatetime | None = None
    person: PersonDetails | None = None
    service: Code | None = None
    urgency: Urgency | None = None
    reason: Personal[Note] | None = None
    sensitivity: Sensitivity = ""
    """A label may be put on later; nothing takes it off."""
    consent: Text | None = None
    consent_until: AwareDatetime | None = None
    consent_ended: Text | None = None


class ReferralWithdrawn(FromPartner):
    """The sender takes a referral back. `reason` is a code of the agreement's list."""

    type: ClassVar = "referral.withdrawn.v1"
    withdrawn_at: AwareDatetime | None = None
    reason: Code


class AuthorizationAnswered(FromPartner):
    """A payer says what becomes of a submission: of one service line, or (`answer.line` absent) of the whole.

    `reference` is the number that we gave the submission; `response` the payer's own for this answer.
    """

    type: ClassVar = "authorization.answered.v1"
    response: Code | None = None
    answer: PayerAnswer
    note: Personal[Note] | None = None


class ContactDetails(Model):
    """What is known of a person in crisis and of whoever calls about them, who may be somebody else. What is absent says nothing."""

    contacted_at: AwareDatetime
    source: Source
    channel: Code = "phone"
    relation: Relation = "other"
    person: PersonDetails | None = None
    """Nobody may know yet whom it is about: a record of their own is opened all the same, and found to be theirs later."""
    caller_name: Personal[Text] | None = None
    call_back: Personal[Text] | None = None
    location: Personal[Note] | None = None
    area: Code | None = None
    """A response area of the network."""
    danger: Danger | None = None
    dangers: tuple[Code, ...] = Field(default=(), max_length=20)
    needs: Needs = Field(default=(), max_length=20)
    note: Personal[Note] | None = None
    sensitivity: Sensitivity = ""
    consent: Text | None = None


class ContactReported(FromPartner, ContactDetails):
    """A partner has somebody in crisis. The same reference again tells more of the same contact."""

    type: ClassVar = "contact.reported.v1"


class StayReported(FromPartner):
    """A facility tells of a stay, `reference` being its own number for it. `at` is when that happened; told late it counts from then.

    The same again is one fact; another instant under the same number corrects it. Who sends it is the facility, unless it names one.
    """

    type: ClassVar = "stay.reported.v1"
    step: StayStep
    kind: StayKind
    at: AwareDatetime | None = None
    """Needed where somebody was admitted or left."""
    admitted_at: AwareDatetime | None = None
    facility: Code | None = None
    person: PersonDetails | None = None
    to: Code | None = None
    against_advice: bool = False
    problem: Problem = "other"
    sensitivity: Sensitivity = ""
    consent: Text | None = None


class DeathTold(FromPartner):
    """A partner says that somebody died, beside anything else it has to say of them. `reference` is its own number for this word."""

    type: ClassVar = "death.told.v1"
    person: PersonDetails


class ToPartner(Event):
    """What every answer says: the partner's own reference, or the offset of what was sent where it had none."""

    reference: str | None = None
    offset: int | None = None
    entry: str = ""


class ReferralReceived(ToPartner):
    """A machine has the message. Nobody has looked at it yet. `quarantine`: one of us must look before anything follows."""

    type: ClassVar = "referral.received.v1"
    outcome: Literal["event", "duplicate", "quarantine"]
    issues: tuple[Issue, ...] = ()


class ReferralAcknowledged(ToPartner):
    """A person took the referral. `received` never means this."""

    type: ClassVar = "referral.acknowledged.v1"
    acknowledged_at: AwareDatetime


class ReferralReturned(ToPartner):
    """Not taken; the sender can mend it, or nobody here hears it. Every issue says where and what to do."""

    type: ClassVar = "referral.returned.v1"
    issues: tuple[Issue, ...]


class ReferralInformationRequested(ToPartner):
    """We cannot go on without `items`, and ask for them before `answer_before`: amend the referral. The person's clocks run on."""

    type: ClassVar = "referral.information-requested.v1"
    items: tuple[Code, ...]
    answer_before: AwareDatetime


class ReferralStatusChanged(ToPartner):
    """Where the referral stands: FHIR `Task.status`, BSeR business status, and the code of a reason where there is one.

    `to` is the organisation that confirmed that it has the referral now, where it was sent on.
    """

    type: ClassVar = "referral.status-changed.v1"
    task_status: str
    business_status: str
    reason: Code | None = None
    to: Code | None = None


class AuthorizationRequested(ToPartner):
    """To a payer: these lines are put to you. `bundle` is a Da Vinci PAS request; answer with a ClaimResponse that repeats `reference`.

    `notice` goes with what 42 CFR Part 2 protects, and the consent with the envelope.
    """

    type: ClassVar = "authorization.requested.v1"
    bundle: dict[str, Any]
    notice: Text | None = None


class DecisionAwaited(ToPartner):
    """To a payer: part of the time for its decision on these lines of the submission `reference` is over, and none is known here."""

    type: ClassVar = "authorization.decision-awaited.v1"
    lines: tuple[LineNumber, ...]
    due: AwareDatetime


INBOUND = (
    ReferralRequested, ReferralAmended, ReferralWithdrawn, AuthorizationAnswered, ContactReported, StayReported, DeathTold,
)  # fmt: skip
OUTBOUND = (
    ReferralReceived, ReferralAcknowledged, ReferralReturned, ReferralInformationRequested, ReferralStatusChanged, AuthorizationRequested,
    DecisionAwaited,
)  # fmt: skip
