"""One service line: what was asked, what the payer answered, and what became of it. A fold over its facts."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime

from contracts.authorization import AuthorizationChange, LineAsked, LineStatus
from contracts.authorization_lines import (
    AppealFiled,
    AppealWaived,
    ContinuationAsked,
    DataIssueFound,
    DataIssueSettled,
    DecisionExtended,
    InformationAnswered,
    InformationAsked,
    InformationSent,
    LineAnswered,
    LineApproved,
    LineCancelled,
    LineDenied,
    LineExpired,
    LineNotRequired,
    LinePended,
    LineUnanswered,
    PayerContactAsked,
    RenewalDue,
    UnitsReturned,
    UnitsUsed,
)
from contracts.kernel import State
from contracts.payers import SilenceMeans
from services.authorization.rules import first_moment

WAITING = ("submitted", "pended", "contact-payer")
GRANTED = ("approved", "partial", "modified")
REFUSED = ("denied", "upheld")
VISITS_KEPT = 400


class Inquiry(State):
    """Documents the payer asked for."""

    id: str
    asks: tuple[str, ...]
    asked_at: AwareDatetime
    due: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None


class Line(State):
    """`since` is when it had to be put together. `answer` tells two answers apart, `answered_at` which is newer (the payer's instants).

    `granted_*` is what the payer allows; `visits` the units each visit used. `unreasoned`: refused without a reason, since then.
    """

    line: int
    service: str
    units: float
    unit: str = "visit"
    starts_on: date | None = None
    ends_on: date | None = None
    renews: int | None = None
    since: AwareDatetime
    status: LineStatus = "assembling"
    reference: str | None = None
    faulty_since: AwareDatetime | None = None
    answer: str = ""
    answered_at: AwareDatetime | None = None
    contact_since: AwareDatetime | None = None
    notice_on: date | None = None
    number: str | None = None
    adverse: bool = False
    unreasoned: AwareDatetime | None = None
    granted_at: AwareDatetime | None = None
    granted_units: float = 0
    granted_from: date | None = None
    granted_until: date | None = None
    next_review_on: date | None = None
    extended_until: AwareDatetime | None = None
    silent_since: AwareDatetime | None = None
    silence_means: SilenceMeans = "nothing"
    inquiry: Inquiry | None = None
    appealed_at: AwareDatetime | None = None
    appeal_expedited: bool = False
    waived: bool = False
    continuation_asked: bool = False
    used: float = 0
    visits: dict[str, float] = {}
    renewal_at: AwareDatetime | None = None
    renewal_because: str = ""
    issues: dict[str, AwareDatetime] = {}

    @property
    def is_waiting(self) -> bool:
        """With the payer, whatever it said short of a decision."""
        return self.status in WAITING

    @property
    def is_granted(self) -> bool:
        return self.status in GRANTED

    @property
    def is_refused(self) -> bool:
        return self.status in REFUSED

    @property
    def may_be_appealed(self) -> bool:
        """Refused in whole or part, or by silence, and nobody appealed or let it be."""
        refused = (
            self.is_refused or (self.adverse and self.is_granted) or (self.silent_since is not None and self.silence_means == "denial")
        )
        return refused and self.appealed_at is None and not self.waived

    def covers(self, day: date) -> bool:
        """Whether care on this day is within what was granted, or needs no grant."""
        if self.status == "not-required":
            return True
        return self.granted_at is not None and not self.is_refused and self.status != "cancelled" and self._in_window(day)

    def _in_window(self, day: date) -> bool:
        return (self.granted_from or date.min) <= day <= (self.granted_until or date.max)


def asked(line: LineAsked, since: datetime) -> Line:
    known = {name: getattr(line, name) for name in LineAsked.model_fields}
    return Line(**known, since=since)


def evolve(line: Line, fact: AuthorizationChange) -> Line:
    """What a line becomes by a fact about it."""
    changes = _answered(line, fact) if isinstance(fact, LineAnswered) else _changed(line, fact)
    return line.model_copy(update=changes)


def _answered(line: Line, fact: LineAnswered) -> dict[str, Any]:
    """A decision ends silence, appeal and inquiry. Short of one the payer only said something."""
    known: dict[str, Any] = {"answer": fingerprint(fact), "answered_at": fact.happened_at, "reference": fact.reference or line.reference}
    match fact:
        case LinePended():
            return known | {"status": "pended", "contact_since": None}
        case PayerContactAsked():
            return known | {"status": "contact-payer", "contact_since": fact.happened_at}
    known |= {"notice_on": fact.notice_on, "number": fact.number or line.number, **_settled(line, fact)}
    match fact:
        case LineApproved():
            granted = {"granted_units": fact.units, "granted_from": fact.starts_on, "granted_until": fact.ends_on}
            more = {"granted_at": fact.happened_at, "next_review_on": fact.next_review_on, "renewal_at": None, "renewal_because": ""}
            return known | granted | more | {"status": fact.outcome, "unit": fact.unit, "adverse": fact.adverse}
        case LineDenied():
            unreasoned = None if fact.reasons else fact.received_at
            return known | {"status": "upheld" if fact.upheld else "denied", "adverse": True, "unreasoned": unreasoned}
        case LineNotRequired():
            return known | {"status": "not-required"}
    return known


_SETTLED = {
    "silent_since": None, "appealed_at": None, "waived": False, "continuation_asked": False, "inquiry": None, "contact_since": None,
    "adverse": False, "unreasoned": None,
}  # fmt: skip


def _settled(line: Line, fact: LineAnswered) -> dict[str, Any]:
    """What a decision ends. A refusal from before the appeal cannot be the answer to it, however late it reaches us: that is waited for."""
    adverse = isinstance(fact, LineDenied) or (isinstance(fact, LineApproved) and fact.adverse)
    if adverse and line.appealed_at and fact.happened_at and fact.happened_at < line.appealed_at:
        return {**_SETTLED, "appealed_at": line.appealed_at, "continuation_asked": line.continuation_asked}
    return _SETTLED


def _changed(line: Line, fact: AuthorizationChange) -> dict[str, Any]:
    match fact:
        case LineCancelled():
            return {"status": "cancelled", **_SETTLED}
        case DecisionExtended():
            return {"extended_until": fact.until, "silent_since": None}
        case LineUnanswered():
            return {"silent_since": fact.silent_since, "silence_means": fact.silence_means}
        case InformationAsked():
            return {"inquiry": Inquiry(id=fact.inquiry, asks=fact.asks, asked_at=fact.asked_at, due=fact.due)}
        case InformationSent() if line.inquiry:
            return {"inquiry": line.inquiry.model_copy(update={"sent_at": fact.happened_at})}
        case InformationAnswered():
            return {"inquiry": None}
        case AppealFiled():
            return {"appealed_at": fact.filed_at, "appeal_expedited": fact.expedited}
        case AppealWaived():
            return {"waived": True}
        case ContinuationAsked():
            return {"continuation_asked": True}
        case UnitsUsed():
            return {"used": fact.used, "visits": {**line.visits, fact.visit: fact.units}}
        case UnitsReturned():
            kept = {visit: units for visit, units in line.visits.items() if visit != fact.visit}
            off = {"renewal_at": None, "renewal_because": ""} if fact.renewal_off else {}
            return {"used": fact.used, "visits": kept, **off}
        case RenewalDue():
            return {"renewal_at": fact.happened_at, "renewal_because": fact.because}
        case LineExpired():
            return {"status": "expired"}
        case DataIssueFound():
            return {"issues": {**line.issues, fact.issue: fact.happened_at}}
        case DataIssueSettled():
            left = {issue: at for issue, at in line.issues.items() if issue != fact.issue}
            return {"issues": left, **({"unreasoned": None} if fact.reasons else {})}
    return {}


def fingerprint(fact: LineAnswered) -> str:
    """What makes two answers the same answer, whoever repeats it and however it came."""
    told = fact.model_dump(mode="json", include=SAID, exclude_none=True)
    return "|".join(f"{name}={told[name]}" for name in sorted(told))


SAID = {"line", "action", "number", "reasons", "notice_on", "units", "starts_on", "ends_on", "next_review_on", "outcome", "upheld"}


def submission_clears(line: Line, reference: str, at: datetime) -> Line:
    """Put to the payer, for the first time or again."""
    return line.model_copy(update={"status": "submitted", "reference": reference, "faulty_since": None, "answered_at": None, "since": at})


def span_start(line: Line) -> datetime:
    """From when its days count."""
    assert line.granted_at
    return first_moment(line.granted_from) if line.granted_from else line.granted_at
