"""What partners are told, on their own topic. Readable, under ACL and TLS, and nothing in it by which partners could link people."""

from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime

from contracts.kernel import Code, Event
from contracts.partners import Text
from contracts.payers import LineNumber
from contracts.upkeep import Issue


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


OUTBOUND = (
    ReferralReceived, ReferralAcknowledged, ReferralReturned, ReferralInformationRequested, ReferralStatusChanged, AuthorizationRequested,
    DecisionAwaited,
)  # fmt: skip
