"""What intake says: requests from the front door to their outcome, and partners' records of people."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import lateness
from contracts.clocks import Clocked
from contracts.consents import Permit
from contracts.directory import Criteria
from contracts.kernel import Change, Code, Personal, Sealable
from contracts.partners import AgeBand, Note, PersonDetails, Sensitivity, Urgency
from contracts.payers import PayerAnswer


class RecordOpened(Sealable):
    """A partner's record of a person is known to us. It is never merged into another; `person` is the cluster it joined."""

    type: ClassVar = "record.opened.v1"
    partner: str
    person: str
    details: PersonDetails
    request: str | None = None
    """The request with which it came."""
    noted_at: AwareDatetime | None = None


class RecordAmended(Sealable):
    """More is known of a person, by a partner or one of us, or something else. Fields that are absent stand as they were.

    `cleared` names those that were not so: they are taken back before what `details` says is put in their place.
    """

    type: ClassVar = "record.amended.v1"
    details: PersonDetails
    cleared: tuple[Code, ...] = ()
    noted_at: AwareDatetime | None = None
    request: str | None = None
    """Another request of this person, where that is how we were told."""


UNLINKED, BY_NUMBER = "unlinked", "network-identifier"
"""By what a record was linked where no person said it: a person's word that it was not so, or a number of the whole network."""


class RecordLinked(Clocked):
    """A record joined another cluster: both are the same person, by an identifier of the whole network or by a person's word.

    `by` says which; `other` is the record that a person compared it with.

    `unlinked`: a person found that they are not, and it went back to its own.
    """

    type: ClassVar = "record.linked.v1"
    person: str
    left: str
    by: str
    other: str | None = None
    noted_at: AwareDatetime | None = None


class RecordConflicted(Clocked):
    """Two identifiers of the whole network point at different people. Nothing was linked; a data steward must look."""

    type: ClassVar = "record.conflicted.v1"
    people: tuple[str, ...]


class CandidateFound(Clocked):
    """Another record has the same name and birth date. That is a question for a person, never a link."""

    type: ClassVar = "record.candidate-found.v1"
    other: str


class RecordKeptApart(Clocked):
    """Somebody compared the record with others and found that it is of nobody else: nobody is asked of the same again.

    `others` are the records, `people` those whom one of its numbers names as well.
    """

    type: ClassVar = "record.kept-apart.v1"
    others: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    by: str


class RecordWarned(lateness.Warned, Clocked):
    """Part of the time to find out who somebody is is used up."""

    type: ClassVar = "record.warned.v1"


class RecordOverdue(lateness.Overdue):
    """Nobody found out in time who somebody is. Nothing is linked by it, and nothing waited for it."""

    type: ClassVar = "record.overdue.v1"


class RequestReceived(Sealable, Clocked):
    """A referral has come in, and a role answers for it. Nobody has looked at it yet.

    `requested_at` is the sender's instant, from which regulatory clocks count; `reference` its own number.
    """

    type: ClassVar = "request.received.v1"
    partner: str
    reference: str
    requested_at: AwareDatetime
    service: str
    urgency: Urgency | None = None
    reason: Personal[Note] | None = None
    sender: str | None = None
    sensitivity: Sensitivity = ""
    consent: str | None = None
    permit: Permit | None = None
    """What may be disclosed of it, where a label or a consent came with it."""
    content: str = ""
    """Blind digest of what was sent: the same content again is the same fact, other content under the same number amends it."""
    channel: str = "partner"
    """`partner`, or how a person took it: phone, walk-in, fax, e-mail."""
    age_band: AgeBand | None = None
    """Of the person on that day, where the sender told a birth date."""


class RequestAmended(Sealable, Clocked):
    """The sender changed what it asked. Only the fields present changed; queue age and clocks stay."""

    type: ClassVar = "request.amended.v1"
    service: str | None = None
    urgency: Urgency | None = None
    reason: Personal[Note] | None = None
    content: str = ""
    sensitivity: Sensitivity = ""
    consent: str | None = None
    permit: Permit | None = None
    """As it is after this, where the sender said anything of label or consent."""


class RequestWithdrawn(Change):
    """The sender took it back. Final; whoever works on it stops."""

    type: ClassVar = "request.withdrawn.v1"
    reason: Code
    withdrawn_at: AwareDatetime | None = None


class RequestAcknowledged(Clocked):
    """A person of the desk took it."""

    type: ClassVar = "request.acknowledged.v1"
    by: str


class RequestTriaged(Clocked):
    """Urgency and need were decided by a person; from here on assignment finds a program that has the service and fits `criteria`."""

    type: ClassVar = "request.triaged.v1"
    by: str
    urgency: Urgency
    service: str
    criteria: Criteria | None = None


class ProgramsAvoided(Change):
    """The person will not go to these programs: none of them is asked for this request any more. Whoever has it already keeps it.

    It is what their record says now, whole; none is that they avoid none.
    """

    type: ClassVar = "request.programs-avoided.v1"
    avoid: tuple[Code, ...] = ()
    noted_at: AwareDatetime


class RequestInformationAsked(Clocked):
    """Whoever took it cannot go on without `items`, and asked the sender or the client for them. The person's own clocks run on.

    `answer_by` is theirs; then the step falls back to its owner. Items are codes of the list, never words.
    """

    type: ClassVar = "request.information-asked.v1"
    of: Literal["sender", "client"]
    items: tuple[Code, ...]
    by: str
    answer_by: AwareDatetime


class RequestInformationSupplied(Clocked):
    """What was asked came: the sender amended the referral, or a person entered it. `items` are those that came, where that is known."""

    type: ClassVar = "request.information-supplied.v1"
    items: tuple[Code, ...] = ()
    by: str


class RequestInformationWaived(Clocked):
    """It goes on without what was asked; `reason` is a code of the list."""

    type: ClassVar = "request.information-waived.v1"
    by: str
    reason: Code


class RequestWarned(lateness.Warned, Clocked):
    """Part of the time for a step at the front door is used up, and the step is not done."""

    type: ClassVar = "request.warned.v1"


class RequestOverdue(lateness.Overdue):
    """A step at the front door was not done in time. Nothing is closed by it."""

    type: ClassVar = "request.overdue.v1"


class RequestOverdueRetracted(lateness.OverdueRetracted):
    """What came late shows that the step was not due yet: it never was overdue."""

    type: ClassVar = "request.overdue-retracted.v1"


class ExchangeOpened(Change):
    """A submission to a payer is known at the front door, so that answers to it find their way. `reference` is our number for it."""

    type: ClassVar = "exchange.opened.v1"
    authorization: str
    record: str
    payer: str | None = None
    reference: str
    sensitivity: Sensitivity = ""
    consent: str | None = None


class PayerResponseReceived(Sealable):
    """A payer answered on its topic, for one line of a submission or for the whole. Nothing was decided by us; its words stay sealed.

    `received_at` is when it reached us; when the payer answered is in the answer.
    """

    type: ClassVar = "payer-response.received.v1"
    authorization: str
    payer: str
    reference: str
    response: Code | None = None
    answer: PayerAnswer
    note: Personal[Note] | None = None
    received_at: AwareDatetime | None = None


EVENTS = (
    RequestReceived, RequestAmended, RequestWithdrawn, RequestAcknowledged, RequestTriaged,
    ProgramsAvoided,
    RequestInformationAsked, RequestInformationSupplied, RequestInformationWaived, RequestWarned, RequestOverdue, RequestOverdueRetracted,
    RecordOpened, RecordAmended, RecordLinked, RecordConflicted, CandidateFound, RecordKeptApart, RecordWarned, RecordOverdue,
    ExchangeOpened, PayerResponseReceived,
)  # fmt: skip
