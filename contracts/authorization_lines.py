"""What authorization says of one service line: what the payer answered, what it asks, how its answer is used, fought and runs out."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.authorization import AuthorizationChange
from contracts.kernel import Code
from contracts.payers import Channel, LineNumber, SilenceMeans, Units


class LineFact(AuthorizationChange):
    """A fact about one line."""

    line: LineNumber


class LineAnswered(LineFact):
    """What every answer of a payer carries. `notice_on` is the date on its notice, `received_at` when that reached us.

    `asked_at` is since when the payer has it, `due` by when it had to decide: from `asked_at` to `happened_at` it took.
    """

    channel: Channel
    action: Code
    service: Code
    asked_at: AwareDatetime | None = None
    due: AwareDatetime | None = None
    reference: str | None = None
    number: Code | None = None
    reasons: tuple[Code, ...] = ()
    notice_on: date | None = None
    received_at: AwareDatetime
    by: str | None = None
    """Who entered it, where a person did."""


class LinePended(LineAnswered):
    """The payer has not decided (A4), whatever else its message says. Its time runs on."""

    type: ClassVar = "authorization.pended.v1"


class LineApproved(LineAnswered):
    """Care may be given within these units and days. `adverse`: less than was asked (A2, a reducing A6), so it can be appealed too."""

    type: ClassVar = "authorization.approved.v1"
    outcome: Literal["approved", "partial", "modified"]
    units: Units
    unit: Code
    starts_on: date | None = None
    ends_on: date | None = None
    next_review_on: date | None = None
    adverse: bool = False
    appeal_before: AwareDatetime | None = None
    continue_before: AwareDatetime | None = None


class LineDenied(LineAnswered):
    """The payer refused this line; care on it may not start until it is appealed or replaced. `upheld`: again, after an appeal (A5).

    Without `reasons` somebody must get them. `continue_before`: until then running care can be kept going during an appeal.
    """

    type: ClassVar = "authorization.denied.v1"
    upheld: bool = False
    appeal_before: AwareDatetime
    continue_before: AwareDatetime | None = None


class PayerContactAsked(LineAnswered):
    """The payer wants to be called about this line (CT). It has decided nothing."""

    type: ClassVar = "authorization.contact-asked.v1"


class LineNotRequired(LineAnswered):
    """The payer says that this line needs no authorization (NA). Care may be given."""

    type: ClassVar = "authorization.not-required.v1"


class LineCancelled(LineFact):
    """This line is no longer asked for, by us or by the payer (C)."""

    type: ClassVar = "authorization.line-cancelled.v1"
    by: str
    reason: Code


class DecisionExtended(LineFact):
    """The payer takes longer, with notice. `until` is at most 14 calendar days beyond its first time, whatever it asked for."""

    type: ClassVar = "authorization.extended.v1"
    until: AwareDatetime
    notice_on: date
    asked_until: AwareDatetime | None = None


class LineUnanswered(LineFact):
    """The payer's time is over without a decision. What its silence means is its table's word, not a decision of ours or theirs."""

    type: ClassVar = "authorization.unanswered.v1"
    silence_means: SilenceMeans
    silent_since: AwareDatetime
    appeal_before: AwareDatetime | None = None


class InformationAsked(LineFact):
    """The payer wants documents before it decides. Its own time runs on; sending them is ours, by `due`."""

    type: ClassVar = "authorization.information-asked.v1"
    inquiry: str
    asks: tuple[Code, ...]
    asked_at: AwareDatetime
    due: AwareDatetime | None = None


class InformationSent(LineFact):
    """What was asked for is on its way; that the payer has it is not known."""

    type: ClassVar = "authorization.information-sent.v1"
    inquiry: str
    by: str
    channel: Channel


class InformationAnswered(LineFact):
    """The payer says that it has what it asked for."""

    type: ClassVar = "authorization.information-answered.v1"
    inquiry: str


class AppealFiled(LineFact):
    """Somebody appealed. `in_time` false: after its time, which the payer may refuse for that alone."""

    type: ClassVar = "authorization.appeal-filed.v1"
    expedited: bool
    in_time: bool
    by: str
    filed_at: AwareDatetime


class AppealWaived(LineFact):
    """Somebody decided, with a reason, that this decision is not appealed."""

    type: ClassVar = "authorization.appeal-waived.v1"
    by: str
    reason: Code
    waived_at: AwareDatetime | None = None


class ContinuationAsked(LineFact):
    """The payer was asked to keep running care authorized during the appeal. It has not been shown that it does."""

    type: ClassVar = "authorization.continuation-asked.v1"
    by: str
    in_time: bool


class UnitsUsed(LineFact):
    """A visit used units of this line. `used` is the sum since it was authorized."""

    type: ClassVar = "authorization.units-used.v1"
    visit: str
    units: Units
    used: Units


class UnitsReturned(LineFact):
    """A visit that had used units of this line did not take place.

    `used` is the sum without them; `renewal_off`: the next authorization need not be asked for yet.
    """

    type: ClassVar = "authorization.units-returned.v1"
    visit: str
    units: Units
    used: Units
    renewal_off: bool = False


class RenewalDue(LineFact):
    """So much of the units or the days is used that the next authorization must be asked for now, or care will stop."""

    type: ClassVar = "authorization.renewal-due.v1"
    because: Literal["units", "span", "review"]


class LineExpired(LineFact):
    """The last covered day is over. The need is not: it is renewed, or somebody says that the care ended.

    The authorization stays there to be asked for until `queryable_until` (Da Vinci PAS: at least six months after the service).
    """

    type: ClassVar = "authorization.line-expired.v1"
    queryable_until: AwareDatetime


class DataIssueFound(LineFact):
    """Something the payer sent needs a person: `issue` says what. Nothing waits for it."""

    type: ClassVar = "authorization.data-issue-found.v1"
    issue: Literal["code-and-display-disagree", "denial-without-reason", "extension-too-long"]


class DataIssueSettled(LineFact):
    """Somebody settled it; `reasons` are the payer's, where they were what was missing."""

    type: ClassVar = "authorization.data-issue-settled.v1"
    issue: Code
    by: str
    reasons: tuple[Code, ...] = ()


EVENTS = (
    LinePended, LineApproved, LineDenied, PayerContactAsked, LineNotRequired, LineCancelled, DecisionExtended, LineUnanswered,
    InformationAsked, InformationSent, InformationAnswered, AppealFiled, AppealWaived, ContinuationAsked, UnitsUsed, UnitsReturned,
    RenewalDue, LineExpired, DataIssueFound, DataIssueSettled,
)  # fmt: skip
