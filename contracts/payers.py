"""Payers: who they are, what they ask for before care, whom they cover, and what they answer."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.kernel import Change, Code, Model

PayerKind = Literal["medicaid-managed-care", "medicaid", "chip", "medicare-advantage", "exchange", "employer", "other"]
"""What decides which regulation a payer's clocks follow."""
Channel = Literal["fhir", "portal", "phone", "fax", "letter"]
SilenceMeans = Literal["denial", "approval", "nothing"]
"""What a payer's silence past its time amounts to: its own denial (42 CFR 438.404(c)(5), 422.568), in some states its approval.
Nobody of us decided anything by it."""
Units = Annotated[float, Field(ge=0, le=100_000)]
LineNumber = Annotated[int, Field(ge=1, le=999)]


class Payer(Model):
    """Somebody who pays for care. `partner` is set where it answers on a topic of its own; else people ask it by `channel`."""

    id: Code
    kind: PayerKind
    channel: Channel = "portal"
    partner: Code | None = None


class LineNeeded(Model):
    """One service line that a payer authorizes by itself: `service` is the code asked for, in `unit`s, for `days` at a time."""

    service: Code
    units: Units
    unit: Code = "visit"
    days: int = Field(default=90, ge=1, le=1_100)


class Requirement(Model):
    """One row of a payer's table: whether it wants to be asked before this service. `plan` None: every plan without a row of its own.

    Rows are versioned and dated: one that changes gets a higher version and a later first day, and the old one stays.
    """

    payer: Code
    plan: Code | None = None
    service: Code
    version: int = Field(ge=1)
    effective_from: date
    effective_until: date | None = None
    needed: Literal["authorization", "nothing"]
    lines: tuple[LineNeeded, ...] = Field(default=(), max_length=50)
    documents: tuple[Code, ...] = Field(default=(), max_length=50)
    silence_means: SilenceMeans = "nothing"
    citation: Code | None = None

    @property
    def id(self) -> str:
        """`example-health/gold/residential@2`."""
        return f"{self.payer}/{self.plan or '*'}/{self.service}@{self.version}"


class RequirementsListed(Change):
    """The payers and what they ask for, as the network file says now. It replaces the list before it."""

    type: ClassVar = "requirements.listed.v1"
    payers: tuple[Payer, ...]
    requirements: tuple[Requirement, ...]


class PayerAnswer(Model):
    """What a payer says of one service line, however it came. `action` is X12's review action code (306) and alone decides.

    `answered_at` is the payer's instant, `notice_on` the date on its notice; neither is when it reached us. `asks` are
    documents it wants by `asked_by`. `faults` are errors it found in the submission itself. `display_differs`: the words beside
    the code say something else.
    """

    line: LineNumber | None = None
    action: Code | None = None
    answered_at: AwareDatetime | None = None
    notice_on: date | None = None
    reasons: tuple[Code, ...] = Field(default=(), max_length=20)
    number: Code | None = None
    units: Units | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    next_review_on: date | None = None
    asks: tuple[Code, ...] = Field(default=(), max_length=50)
    asked_by: AwareDatetime | None = None
    faults: tuple[Code, ...] = Field(default=(), max_length=20)
    display_differs: bool = False


EVENTS = (RequirementsListed,)
