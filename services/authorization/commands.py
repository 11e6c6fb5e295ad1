"""What people ask of authorization: everything they learn by portal, phone, fax and letter, and everything they decide themselves.

Who asks is the message's actor. `at` is when it happened, where that is not now. Personal values come readable and are sealed.
"""

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.authorization import LineAsked
from contracts.kernel import Code, Command, Personal
from contracts.partners import Text
from contracts.payers import Channel, LineNumber, Payer, PayerAnswer, PayerKind, Requirement, SilenceMeans, Units

WaiveReason = Literal["accepted", "other-service", "person-declined", "paid-otherwise", "withdrawn", "other"]
CancelReason = Literal["not-needed", "other-service", "person-declined", "paid-otherwise", "entered-in-error", "other"]
EndReason = Literal["care-completed", "care-declined", "care-moved", "entered-in-error", "other"]


class ListRequirements(Command):
    """The payers and what they ask for, as the network file says now."""

    type: ClassVar = "list-requirements"
    payers: tuple[Payer, ...] = Field(max_length=500)
    requirements: tuple[Requirement, ...] = Field(max_length=5_000)


class RecordCoverage(Command):
    """Who covers the person of this record, under which plan and number."""

    type: ClassVar = "record-coverage"
    payer: Code
    plan: Code | None = None
    member: Personal[Text] | None = None
    effective_on: date | None = None
    ends_on: date | None = None


class Determine(Command):
    """Whether the payer must be asked. Without `needed` the payer's table is looked up; with it, somebody asked the payer."""

    type: ClassVar = "determine"
    needed: Literal["authorization", "nothing"] | None = None
    payer: Code | None = None
    payer_kind: PayerKind | None = None
    plan: Code | None = None
    member: Personal[Text] | None = None
    lines: tuple[LineAsked, ...] = Field(default=(), max_length=50)
    silence_means: SilenceMeans | None = None


class AddLines(Command):
    """Ask for more: the next authorization of a line (`renews`), or another service."""

    type: ClassVar = "add-lines"
    lines: tuple[LineAsked, ...] = Field(min_length=1, max_length=50)


class SubmitAuthorization(Command):
    """These lines (none named: all that are put together) go to the payer, or went by another way at `at`.

    `received_at` is when the payer had them, where that is shown: a portal's stamp, a fax confirmation.
    """

    type: ClassVar = "submit-authorization"
    lines: tuple[LineNumber, ...] = Field(default=(), max_length=50)
    channel: Channel | None = None
    expedited: bool | None = None
    diagnosis: Personal[Text] | None = None
    at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None


class ConfirmReceipt(Command):
    """The payer says since when it has the submission."""

    type: ClassVar = "confirm-receipt"
    reference: Text
    received_at: AwareDatetime


class InquireDecision(Command):
    """Somebody asks the payer where the decision is, now."""

    type: ClassVar = "inquire-decision"
    reference: Text


class EnterDecision(Command):
    """What the payer decided on one line, as a person read or heard it. `received_at` is when that reached us."""

    type: ClassVar = "enter-decision"
    answer: PayerAnswer
    channel: Channel
    received_at: AwareDatetime | None = None


class EnterExtension(Command):
    """The payer takes longer and gave notice."""

    type: ClassVar = "enter-extension"
    line: LineNumber
    until: AwareDatetime
    notice_on: date


class EnterInformationRequest(Command):
    """The payer wants documents."""

    type: ClassVar = "enter-information-request"
    line: LineNumber
    asks: tuple[Code, ...] = Field(min_length=1, max_length=50)
    at: AwareDatetime | None = None
    due: AwareDatetime | None = None


class SendInformation(Command):
    """The documents are on their way."""

    type: ClassVar = "send-information"
    line: LineNumber
    channel: Channel
    at: AwareDatetime | None = None


class ConfirmInformation(Command):
    """The payer says that it has them."""

    type: ClassVar = "confirm-information"
    line: LineNumber
    at: AwareDatetime | None = None


class FileAppeal(Command):
    """Somebody appealed."""

    type: ClassVar = "file-appeal"
    line: LineNumber
    expedited: bool = False
    at: AwareDatetime | None = None


class WaiveAppeal(Command):
    """This decision is not appealed. `at` is when that was decided, where it is entered later."""

    type: ClassVar = "waive-appeal"
    line: LineNumber
    reason: WaiveReason
    at: AwareDatetime | None = None


class AskContinuation(Command):
    """Running care is to stay authorized during the appeal."""

    type: ClassVar = "ask-continuation"
    line: LineNumber
    at: AwareDatetime | None = None


class CancelLine(Command):
    """This line is no longer asked for."""

    type: ClassVar = "cancel-line"
    line: LineNumber
    reason: CancelReason


class NoteVisit(Command):
    """A visit is booked for `at`, moved to it, or off (`at` not given)."""

    type: ClassVar = "note-visit"
    visit: Code
    at: AwareDatetime | None = None


class UseUnits(Command):
    """A visit took place and used units of the line that covers its day."""

    type: ClassVar = "use-units"
    visit: Code
    at: AwareDatetime
    units: Units = 1


class SettleDataIssue(Command):
    """Somebody looked at it; `reasons` are the payer's codes, where those were missing."""

    type: ClassVar = "settle-data-issue"
    line: LineNumber
    issue: Code
    reasons: tuple[Code, ...] = Field(default=(), max_length=20)


class EndAuthorization(Command):
    """No more care is to be authorized."""

    type: ClassVar = "end-authorization"
    reason: EndReason


COMMANDS = (
    ListRequirements, RecordCoverage, Determine, AddLines, SubmitAuthorization, ConfirmReceipt, InquireDecision, EnterDecision,
    EnterExtension, EnterInformationRequest, SendInformation, ConfirmInformation, FileAppeal, WaiveAppeal, AskContinuation, CancelLine,
    NoteVisit, UseUnits, SettleDataIssue, EndAuthorization,
)  # fmt: skip
