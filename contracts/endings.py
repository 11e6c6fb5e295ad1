"""How a request ends, is opened again, and what stops when somebody is said to have died. Intake says all of it.

A death is first only a report: every contact and reminder stops at once, and a person must verify or refute it. It goes from the item
where it was said to the partner's record of the person, and from there to every other request of that record. The newest word stands:
`noted_at` is when it was said, however often it is passed on.

A record has a word of its own, and may have one by another record of the same person (`of`, said there at `said_at`): a link brings it,
and takes it away with itself.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.clocks import Clocked
from contracts.consents import Given
from contracts.kernel import Change, Code
from contracts.partners import Urgency

How = Literal["verified", "asserted", "unmet", "redirected", "cancelled", "entered-in-error", "died"]
"""How a referral was closed. `verified`: with evidence of service; `asserted`: somebody says that services were obtained;
`redirected`: another organisation confirmed that it has it."""

ClosingReason = Literal[
    "services-obtained", "sent-to-the-wrong-place", "out-of-area", "no-program", "not-eligible", "not-reached", "client-decision",
    "found-elsewhere", "worked-as-another", "entered-in-error", "death-verified", "other",
]  # fmt: skip
"""Why one of us closes it. Facts keep the code as it was said: those of before this list, too."""
WithdrawalReason = Literal["found-elsewhere", "person-declined", "not-needed", "moved-away", "entered-in-error", "other"]
"""Why its sender takes it back, as one of us enters it. A partner's own code stays as the partner sent it."""


class RequestServiceStarted(Change):
    """The first visit took place: evidence that services were obtained. Who owes what stands as it was."""

    type: ClassVar = "request.service-started.v1"
    started_at: AwareDatetime
    visit: str | None = None


class RequestServiceRetracted(Change):
    """The visit that was evidence of service did not take place, and no other is recorded."""

    type: ClassVar = "request.service-retracted.v1"
    retracted_at: AwareDatetime


class RequestOutcomeReported(Clocked):
    """Those who had it are done with it. Whoever referred, else a coordinator, reviews that and closes it.

    `verified`: a visit was recorded. `outcome` is a code: what the program says, or why the search or the care ended without its word.
    """

    type: ClassVar = "request.outcome-reported.v1"
    outcome: Code
    verified: bool
    by: str


class RequestClosed(Change):
    """A person closed it; time alone never does. Whoever still works on it stops.

    `to` is the organisation that confirmed that it has the referral now, where it was redirected; `outcome` what had been reported.
    `joined`: nobody closed it, it goes on as the request `into`, with which another sender had asked for the same.
    """

    type: ClassVar = "request.closed.v1"
    how: How | Literal["joined"]
    by: str
    closed_at: AwareDatetime
    reason: Code
    outcome: Code | None = None
    to: Code | None = None
    record: str | None = None
    into: str | None = None


class RequestReopened(Clocked):
    """It is needed again: a new interval, whose clocks count from `requested_at`. The intervals before it stay as they were."""

    type: ClassVar = "request.reopened.v1"
    by: str
    reopened_at: AwareDatetime
    reason: Code
    interval: int
    requested_at: AwareDatetime
    service: str
    urgency: Urgency | None = None


class RequestDeathReported(Clocked):
    """The person is said to have died: nobody is contacted or reminded for this request until somebody has verified it."""

    type: ClassVar = "request.death-reported.v1"
    record: str
    noted_at: AwareDatetime
    by: str


class RequestDeathRetracted(Clocked):
    """The report was wrong. It goes on where it stood, with the need as it is now; lost time is lost."""

    type: ClassVar = "request.death-retracted.v1"
    record: str
    noted_at: AwareDatetime
    by: str
    service: str
    urgency: Urgency | None = None


Death = Literal["", "noted", "refuted", "verified"]


class RecordDeath(Change):
    """`of`: whose word it is, where it is not this record's own; `said_at`: when it was said there."""

    of: str | None = None
    said_at: AwareDatetime | None = None


class RecordDeathNoted(RecordDeath):
    """The person of this record is said to have died. Each of its open requests says so of itself, and asks somebody to verify it."""

    type: ClassVar = "record.death-noted.v1"
    person: str
    noted_at: AwareDatetime
    by: str


class RecordDeathVerified(RecordDeath):
    """Somebody verified the death: what is open of this record is closed."""

    type: ClassVar = "record.death-verified.v1"
    person: str
    noted_at: AwareDatetime
    by: str


class RecordDeathRefuted(RecordDeath):
    """The person of this record lives, or was said to have died only by a link that stands no more."""

    type: ClassVar = "record.death-refuted.v1"
    person: str
    noted_at: AwareDatetime
    by: str


class ClusterLearned(Change):
    """A record told its person what it says itself of a death (`word`, empty: nothing), and which consents were `given` there.

    It belongs to this person, or does so no more (`left`); what stands goes to the others.
    """

    type: ClassVar = "cluster.learned.v1"
    record: str
    founder: str
    """The record that the person is named by."""
    left: bool = False
    word: Death = ""
    said_at: AwareDatetime | None = None
    by: str = ""
    given: tuple[Given, ...] = ()
    noted_at: AwareDatetime


EVENTS = (
    ClusterLearned,
    RequestServiceStarted, RequestServiceRetracted, RequestOutcomeReported, RequestClosed, RequestReopened,
    RequestDeathReported, RequestDeathRetracted,
    RecordDeathNoted, RecordDeathVerified, RecordDeathRefuted,
)  # fmt: skip
