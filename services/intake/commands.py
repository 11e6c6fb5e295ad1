"""What people of the front door do. Personal values arrive readable, over TLS, and are sealed before they are stored."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts import emergency_access
from contracts.agreements import AgreementKind, ResponseTime
from contracts.barriers import Barrier, Resolution
from contracts.consents import EVERYBODY, Recipient
from contracts.directory import Criteria
from contracts.emergency_access import Ground
from contracts.endings import ClosingReason, How, WithdrawalReason
from contracts.kernel import Code, Command, Personal
from contracts.partners import ContactDetails, Note, PersonDetails, Sensitivity, Text, Urgency
from contracts.people import Preferences, SafeContact
from contracts.risk_flags import Risk, RiskSource
from contracts.views import Finding, Side

Channel = Literal["phone", "walk-in", "fax", "e-mail"]


class EnterReferral(Command):
    """A referral that came by phone, on foot, by fax or e-mail, entered for its sender. `requested_at` is when it was asked for."""

    type: ClassVar = "enter-referral"
    partner: Code
    """On whose behalf; the network's own desk for people who come by themselves."""
    reference: Text
    channel: Channel
    requested_at: AwareDatetime
    person: PersonDetails
    service: Code
    urgency: Urgency | None = None
    reason: Personal[Note] | None = None
    sender: Text | None = None
    sensitivity: Sensitivity = ""
    consent: Text | None = None
    consent_until: AwareDatetime | None = None
    consent_ended: Text | None = None


class EnterContact(ContactDetails, Command):
    """Somebody is in crisis, said by telephone, in the field, at a door. The same reference again tells more of the same contact."""

    type: ClassVar = "enter-contact"
    partner: Code
    """Who says so; the network's own desk for people who call it."""
    reference: Text


class AcknowledgeRequest(Command):
    """I took it."""

    type: ClassVar = "acknowledge-request"


Item = Literal[
    "birth-date", "contact-details", "consent", "coverage", "guardian", "identifiers", "language", "medication-list", "reason",
    "risk-assessment", "service", "other",
]  # fmt: skip
"""What a referral may lack."""


class AskInformation(Command):
    """I cannot go on without these: the sender is asked, or the client instead."""

    type: ClassVar = "ask-information"
    items: tuple[Item, ...] = Field(min_length=1, max_length=12)
    of: Literal["sender", "client"] = "sender"


class SupplyInformation(Command):
    """What was asked came by phone, letter or from the client; it is entered where it belongs."""

    type: ClassVar = "supply-information"
    items: tuple[Item, ...] = Field(min_length=1, max_length=12)


class GoOnWithout(Command):
    """It goes on without what was asked."""

    type: ClassVar = "go-on-without"
    reason: Literal["not-needed", "nobody-answers", "cannot-wait", "other"]


class TriageRequest(Command):
    """Urgency and need are decided; `criteria` say what a program must fit beside the service, as far as it matters."""

    type: ClassVar = "triage-request"
    urgency: Urgency
    service: Code
    criteria: Criteria | None = None


class CloseRequest(Command):
    """It is over. `verified` needs a recorded visit; `redirected` names in `to` the organisation that confirmed that it has it now;
    `died` is the word of whoever verified a death."""

    type: ClassVar = "close-request"
    how: How
    reason: ClosingReason
    to: Code | None = None


class ReopenRequest(Command):
    """It is needed again, and I take it. `asked_at` is when somebody asked, which starts its clocks; now, where that is absent."""

    type: ClassVar = "reopen-request"
    reason: Literal["asked-again", "closed-in-error", "service-did-not-last", "redirection-failed", "not-the-same", "other"]
    asked_at: AwareDatetime | None = None


class ReportDeath(Command):
    """Somebody says that the person (of a request, a record) died: nobody contacts or reminds them any more, and somebody verifies it."""

    type: ClassVar = "report-death"


class RefuteDeath(Command):
    """The person lives: the death was reported in error."""

    type: ClassVar = "refute-death"


class UnlinkRecord(Command):
    """This record is of somebody else than those it is linked to: it is by itself again. What came to it only by the link is taken back."""

    type: ClassVar = "unlink-record"


class LinkRecords(Command):
    """This record and another (`record/0190…`) are of the same person, whatever their numbers say: they are worked as one from now on."""

    type: ClassVar = "link-records"
    other: Code = Field(pattern=r"^record/\S+$")


class KeepApart(Command):
    """Whoever was asked about compared them: the record is of nobody else. Nobody is asked of the same again."""

    type: ClassVar = "keep-apart"


Corrected = Literal[
    "birth_date", "phone", "postal_code", "language", "interpreter", "guardian", "may_consent", "safe_contact", "preferences",
]  # fmt: skip


class AmendRecord(Command):
    """What a record says of the person was wrong, or incomplete. `not_so` names what is not so, whether or not better is known."""

    type: ClassVar = "amend-record"
    details: PersonDetails = PersonDetails()
    not_so: tuple[Corrected, ...] = Field(default=(), max_length=9)


class SetContactRules(Command):
    """How to reach the person without putting them at risk. `anew`: nothing stands of what was known before."""

    type: ClassVar = "set-contact-rules"
    rules: SafeContact = SafeContact()
    anew: bool = False


class SetPreferences(Command):
    """What they want of their care. `anew`: nothing stands of what was known before."""

    type: ClassVar = "set-preferences"
    preferences: Preferences = Preferences()
    anew: bool = False


class NoteBarrier(Command):
    """Something stands between the person and their care: a coordinator sees to it, by a clock."""

    type: ClassVar = "note-barrier"
    barrier: Barrier
    words: Personal[Note] | None = None


class ResolveBarrier(Command):
    """It stands in the way no more, or nothing can be done about it."""

    type: ClassVar = "resolve-barrier"
    how: Resolution


class FlagRisk(Command):
    """A risk that everybody who meets the person must know of; it is reviewed every ninety days."""

    type: ClassVar = "flag-risk"
    risk: Risk
    source: RiskSource
    words: Personal[Note] | None = None


class ReviewRiskFlag(Command):
    """I looked at it again: the flag stands, or the risk is over."""

    type: ClassVar = "review-risk-flag"
    finding: Literal["stands", "over"]


class WithdrawRequest(Command):
    """Its sender takes it back (asked by phone or letter)."""

    type: ClassVar = "withdraw-request"
    reason: WithdrawalReason


class RecordConsent(Command):
    """The person consents that these kinds of recipients are told. `consent` is the number under which it is kept, never its words."""

    type: ClassVar = "record-consent"
    consent: Code
    recipients: tuple[Recipient, ...] = Field(default=EVERYBODY, min_length=1, max_length=3)
    signed_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    scope: Literal["person", "referral"] = "person"
    """`person`: it counts for every referral of theirs, whoever sent it."""


class RevokeConsent(Command):
    """The person takes it back: from now on nobody is told anything under it, of this referral or any other that it opened."""

    type: ClassVar = "revoke-consent"


class LogConsentAttempt(Command):
    """The person was asked for consent, or could not be."""

    type: ClassVar = "log-consent-attempt"
    outcome: Literal["asked", "declined", "not-reached", "not-able"]
    attempted_at: AwareDatetime | None = None


class RecordEmergency(Command):
    """A medical emergency (42 CFR 2.51): programs may be told what they need, for as long as it lasts. Whoever says so answers for it."""

    type: ClassVar = "record-emergency"
    reason: Literal["immediate-danger", "cannot-consent", "disaster", "other"]


class OpenAccess(Command):
    """Somebody outside a person's care must see it now. Whoever says so answers for it, and it is reviewed."""

    type: ClassVar = "open-in-emergency"
    ground: Ground
    words: Personal[Note]


class ReviewAccess(Command):
    """What was opened in an emergency was looked at by somebody else."""

    type: ClassVar = "review-access"
    finding: emergency_access.Finding


class WaiveConsent(Command):
    """Nobody is to be asked any more, and what was withheld is not told."""

    type: ClassVar = "waive-consent"
    reason: Literal["declined", "told-another-way", "not-needed", "other"]


class SettleViews(Command):
    """Sides say what cannot all be so, and I found out whose word stands. What follows of it, I do as well."""

    type: ClassVar = "settle-views"
    stands: Side
    finding: Finding


class RegisterPartner(Command):
    """An organisation may publish, under an agreement. What is registered takes the place of what was."""

    type: ClassVar = "register-partner"
    name: Text
    agreement: AgreementKind
    effective_on: date | None = None
    ends_on: date | None = None
    scope: tuple[Code, ...] = Field(default=(), max_length=20)
    contacts: tuple[Text, ...] = Field(default=(), max_length=20)
    response_times: tuple[ResponseTime, ...] = Field(default=(), max_length=20)


COMMANDS = (
    EnterReferral, EnterContact, AcknowledgeRequest, AskInformation, SupplyInformation, GoOnWithout, TriageRequest, WithdrawRequest,
    CloseRequest, ReopenRequest, ReportDeath, RefuteDeath, UnlinkRecord, LinkRecords, KeepApart, RegisterPartner,
    AmendRecord, SetContactRules, SetPreferences, NoteBarrier, ResolveBarrier, FlagRisk, ReviewRiskFlag,
    RecordConsent, RevokeConsent, LogConsentAttempt, RecordEmergency, WaiveConsent, OpenAccess, ReviewAccess,
    SettleViews,
)  # fmt: skip
