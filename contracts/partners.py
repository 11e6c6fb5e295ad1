"""What partners publish to us. CloudEvents; personal values are readable here, under ACL and TLS. What we answer is in `answers`.

`reference` is always the partner's own referral number: the pair (partner, reference) is one referral, whoever repeats it.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.kernel import Code, Event, Model, Personal
from contracts.payers import PayerAnswer
from contracts.people import MayConsent, Preferences, SafeContact

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
AgeBand = Literal["under-12", "12-17", "18-and-over"]
"""How old a new client was when they asked, as I-SERV has it: from twelve years on, minors and adults apart."""


VisitStep = Literal["booked", "arrived", "attended", "missed", "cancelled", "entered-in-error"]
"""What became of an appointment: FHIR's booked, arrived, fulfilled, noshow, cancelled, entered-in-error."""
VisitKind = Literal["evaluation", "service"]
Channel = Literal["in-person", "video", "telephone", "text", "e-mail", "letter", "portal"]
CalledOffBy = Literal["client", "program"]


TaskStatus = Literal[
    "requested", "received", "accepted", "rejected", "ready", "in-progress", "on-hold", "completed", "failed", "cancelled",
    "entered-in-error",
]  # fmt: skip
"""FHIR R4 Task.status, but for a draft, which says nothing yet."""
BusinessStatus = Literal["2.0", "3.0", "4.0", "5.x", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "6.0", "7.0"]
"""HL7 BSeR's Task.businessStatus, in both published versions."""


class Identifier(Model):
    """One identifier of a person, as FHIR's Identifier: the system that issued it and the value."""

    system: Text
    value: Personal[Text]


class Guardian(Model):
    """Who answers for a person who does not do so alone, a minor above all: with them one speaks, in their language."""

    family_name: Personal[Text] | None = None
    given_name: Personal[Text] | None = None
    phone: Personal[Text] | None = None
    language: Personal[Code] | None = None


class PersonDetails(Model):
    """What a sender knows of the person. A field that is absent says nothing; it blanks nothing."""

    identifiers: tuple[Identifier, ...] = Field(default=(), max_length=20)
    family_name: Personal[Text] | None = None
    given_name: Personal[Text] | None = None
    birth_date: Personal[date] | None = None
    phone: Personal[Text] | None = None
    postal_code: Personal[Text] | None = None
    language: Personal[Code] | None = None
    interpreter: Personal[bool] | None = None
    """Whether one is needed, whatever the language: a word for it, or against it."""
    guardian: Guardian | None = None
    may_consent: Personal[MayConsent] | None = None
    safe_contact: SafeContact | None = None
    preferences: Preferences | None = None
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


class ReferralStatusReported(FromPartner):
    """Where the referral stands, as its sender or whoever has it sees it. It changes nothing here: both views are kept apart.

    `reference` is the sender's own number; whoever has it from us names it by ours. A word older than the last one says nothing new.
    """

    type: ClassVar = "referral.status-reported.v1"
    task_status: TaskStatus
    business_status: BusinessStatus | None = None
    at: AwareDatetime
    """Since when it is so."""
    reason: Code | None = None


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
    said_at: AwareDatetime | None = None
    """When this was said. An earlier word again is a repetition, unless it was said later than what followed it."""
    admitted_at: AwareDatetime | None = None
    facility: Code | None = None
    person: PersonDetails | None = None
    to: Code | None = None
    against_advice: bool = False
    problem: Problem = "other"
    sensitivity: Sensitivity = ""
    consent: Text | None = None


class VisitDetails(Model):
    """What became of an appointment or a visit. Instants are its sender's: `starts_at` is when it begins or began."""

    step: VisitStep
    starts_at: AwareDatetime | None = None
    """Needed, unless it was called off or never was."""
    at: AwareDatetime | None = None
    """When what it tells of happened, where that is another instant: arrived, called off."""
    program: Code | None = None
    """Which of the sender's programs, where it has several."""
    kind: VisitKind = "service"
    channel: Channel = "in-person"
    by: CalledOffBy | None = None
    reason: Code | None = None
    """Why it was called off; or why a first visit is later than the regulation allows: client-choice, no-slot, other."""
    sensitivity: Sensitivity = ""


class VisitReported(FromPartner, VisitDetails):
    """A program tells of an appointment or a visit, `reference` being its own number for it.

    The same as its last word is one fact; another instant under the same number moves it. It becomes a visit of the person's plan where
    the plan's program is the sender's own; whatever others tell, the person was seen in the network.
    """

    type: ClassVar = "visit.reported.v1"
    person: PersonDetails | None = None
    """Needed, unless the visit or its referral is known already."""
    referral: Text | None = None
    """The number under which the same partner sent the referral that it is for."""
    consent: Text | None = None


class DeathTold(FromPartner):
    """A partner says that somebody died, beside anything else it has to say of them. `reference` is its own number for this word."""

    type: ClassVar = "death.told.v1"
    person: PersonDetails


INBOUND = (
    ReferralRequested, ReferralAmended, ReferralWithdrawn, ReferralStatusReported, AuthorizationAnswered, ContactReported, StayReported,
    VisitReported, DeathTold,
)  # fmt: skip
