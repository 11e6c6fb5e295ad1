"""Consent to disclose what 42 CFR Part 2 protects: what stands, what was revoked or ran out, and what may leave under it.

A permit is what may be disclosed to whom as of now. Every fact that changes it carries it whole, with a version that only grows, so that
whoever listens takes the newest one, in whatever order topics come in. No permit is no disclosure: the gate is shut until it is opened.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Clocked
from contracts.kernel import Change, Code, Model

Recipient = Literal["program", "payer", "sender"]
"""Kinds of recipients: programs that are asked to take the person, who pays, who referred."""
EVERYBODY: tuple[Recipient, ...] = ("program", "payer", "sender")
"""One consent for treatment, payment and health care operations covers them all (42 CFR 2.31(a)(4)(ii))."""


Scope = Literal["referral", "record", "person"]
"""How far a consent counts. One that a sender brings names the sender as who discloses (42 CFR 2.31(a)(2)): it counts for all that its
record of the person holds. One that the network's own people record counts for the person, on every record that is linked."""


class Given(Model):
    """A consent, or the end of one (`ended`), as it counts beyond the referral where it was said. The newest word of each stands."""

    consent: str
    scope: Literal["record", "person"]
    recipients: tuple[Recipient, ...] = ()
    until: AwareDatetime | None = None
    ended: bool = False
    said_at: AwareDatetime


class Permit(Model):
    """What may be disclosed. From `until` on the consent has run out; an emergency (42 CFR 2.51) opens to programs alone, and ends."""

    version: int = 0
    consent: str | None = None
    recipients: tuple[Recipient, ...] = ()
    until: AwareDatetime | None = None
    emergency_until: AwareDatetime | None = None

    def opens(self, to: Recipient, now: AwareDatetime) -> bool:
        """Whether what is protected may go to this kind of recipient at this instant."""
        stands = self.consent is not None and to in self.recipients and (self.until is None or now < self.until)
        return stands or (to == "program" and self.emergency_until is not None and now < self.emergency_until)


SHUT = Permit()


def newest(known: Permit, told: Permit | None) -> Permit:
    """Of two permits of one referral: the one that was said last."""
    return told if told and told.version > known.version else known


def named(consent: str | None) -> Permit | None:
    """What a fact from before permits were said meant by the consent that it names."""
    return Permit(version=1, consent=consent, recipients=EVERYBODY) if consent else None


class PermitChanged(Clocked):
    """What may be disclosed of the referral `request` is another now."""

    request: str
    record: str
    permit: Permit


class ConsentAsked(Clocked):
    """Somebody must ask the person: none was ever given, or it ran out, is about to, or was lifted. The person's own clocks run on."""

    type: ClassVar = "consent.asked.v1"
    request: str
    record: str
    reason: Code
    """`missing`, `expiring`, or `reopened`."""


class ConsentAttempted(Clocked):
    """The person was asked, or could not be; a no is documented like any other answer, and looked at again."""

    type: ClassVar = "consent.attempted.v1"
    by: str
    outcome: Code
    attempted_at: AwareDatetime


class ConsentRecorded(PermitChanged):
    """The person consents: `permit` names the consent, the kinds of recipients and how long. What was withheld of them is told now."""

    type: ClassVar = "consent.recorded.v1"
    by: str
    signed_at: AwareDatetime | None = None
    recorded_at: AwareDatetime | None = None
    scope: Scope = "referral"
    of: str | None = None
    """The record by which it came, where it was given on another referral of the person."""


class ConsentRevoked(PermitChanged):
    """The person takes it back: nothing is disclosed from now on that was not. What was disclosed under it stays as it is.

    `by` is `unlinked` where it was another person's, whose record had been linked to this one in error.
    """

    type: ClassVar = "consent.revoked.v1"
    consent: str
    by: str
    revoked_at: AwareDatetime
    of: str | None = None
    """The record by which it came, where it was taken back on another referral of the person."""


class ConsentExpired(PermitChanged):
    """It ran out. Somebody asks the person anew."""

    type: ClassVar = "consent.expired.v1"
    consent: str


class RecordConsentsLearned(Change):
    """Consents that count for this record are others now: `given` by what its own referrals say, `told` by the person's other records."""

    type: ClassVar = "record.consents-learned.v1"
    given: tuple[Given, ...] = ()
    told: tuple[Given, ...] = ()
    noted_at: AwareDatetime


class EmergencyRecorded(PermitChanged):
    """A medical emergency is on record (42 CFR 2.51): programs may be told what they need until it ends, whatever the consent says."""

    type: ClassVar = "consent.emergency-recorded.v1"
    by: str
    reason: Code
    recorded_at: AwareDatetime


class EmergencyEnded(PermitChanged):
    """The emergency is over, and what it alone had opened is shut."""

    type: ClassVar = "consent.emergency-ended.v1"


class DisclosureWithheld(Clocked):
    """This was not told to whom it was meant for, because no consent is in force. Its owner asks for one, or lets it rest.

    `said` is what would have been told, by its wire type, with the code of its state; it is told when consent comes.
    """

    type: ClassVar = "consent.disclosure-withheld.v1"
    request: str
    record: str
    to: Recipient
    said: Code
    state: Code | None = None
    reason: Code | None = None


class ConsentSettled(Clocked):
    """Nobody is to be asked any more: the referral ended, a death was reported, or a person let it rest."""

    type: ClassVar = "consent.settled.v1"
    reason: Code
    by: str


class ConsentWarned(lateness.Warned, Clocked):
    """Part of the time to ask the person is used up."""

    type: ClassVar = "consent.warned.v1"


class ConsentOverdue(lateness.Overdue):
    """The person was not asked in time. Nothing is disclosed by it."""

    type: ClassVar = "consent.overdue.v1"


EVENTS = (
    ConsentAsked, ConsentAttempted, ConsentRecorded, ConsentRevoked, ConsentExpired, EmergencyRecorded, EmergencyEnded,
    DisclosureWithheld, ConsentSettled, ConsentWarned, ConsentOverdue, RecordConsentsLearned,
)  # fmt: skip
CHANGES = (ConsentRecorded, ConsentRevoked, ConsentExpired, EmergencyRecorded, EmergencyEnded)
"""What whoever discloses anything listens to."""
