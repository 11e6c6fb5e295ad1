"""An authorization: its lines and submissions, where it stands as a whole, and what puts its referral at risk. A fold over its facts."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime

from contracts.authorization import (
    AuthorizationChange,
    AuthorizationCovered,
    AuthorizationDetermined,
    AuthorizationDisclosureChanged,
    AuthorizationEnded,
    AuthorizationOpened,
    AuthorizationOverdue,
    AuthorizationOverdueRetracted,
    AuthorizationStatus,
    AuthorizationSubmitted,
    LinesAdded,
    ReceiptConfirmed,
    ReferralPutAtRisk,
    Risk,
    RiskCleared,
    Step,
    SubmissionRejected,
    VisitNoted,
)
from contracts.authorization_lines import LineFact
from contracts.consents import SHUT, Permit, named
from contracts.kernel import Change, Personal, State
from contracts.partners import Sensitivity, Text, Urgency
from contracts.payers import Channel, PayerKind, SilenceMeans
from services.authorization import lines
from services.authorization.lines import Line
from services.authorization.rules import day_of

IN_THE_WAY: tuple[AuthorizationStatus, ...] = (
    "denied", "upheld", "contact-payer", "pended", "submitted", "assembling", "expired", "partial", "modified", "approved",
    "not-required", "cancelled",
)  # fmt: skip
"""Which line's status is the whole's: the first of these that any line has."""
OPEN_ENDS = ("determine", "submit", "await-decision")
"""Steps after which it will be known whether a visit is paid for."""


class Submission(State):
    """Lines put to the payer together under `reference`."""

    reference: str
    lines: tuple[int, ...]
    channel: Channel
    partner: str | None = None
    expedited: bool
    received_at: AwareDatetime
    receipt: Literal["assumed", "confirmed"]


class Overdue(State):
    """A step that was told to be late, by which rule."""

    action: str
    line: int
    rule: str
    due: AwareDatetime


class Hazard(NamedTuple):
    """Why a referral may fail: on which line (0: none in particular), for which visit (empty: for all)."""

    risk: Risk
    line: int = 0
    visit: str = ""

    @property
    def key(self) -> str:
        return f"{self.risk}/{self.line}/{self.visit}"


class Authorization(State):
    """What a program needs a payer's word for. `owner` is the role or desk that answers for it; `risks` are by key, each since when; there
    was one at every instant since `at_risk_since`."""

    request: str
    placement: str
    program: str
    owner: str
    service: str
    opened_at: AwareDatetime
    requested_at: AwareDatetime | None = None
    urgency: Urgency | None = None
    record: str | None = None
    sensitivity: Sensitivity = ""
    consent: str | None = None
    permit: Permit = SHUT
    needed: Literal["authorization", "nothing"] | None = None
    payer: str | None = None
    payer_kind: PayerKind = "other"
    plan: str | None = None
    member: Personal[Text] | None = None
    silence_means: SilenceMeans = "nothing"
    lines: tuple[Line, ...] = ()
    submissions: tuple[Submission, ...] = ()
    visits: dict[str, AwareDatetime] = {}
    took_place: tuple[str, ...] = ()
    """Visits among them that took place, and used nothing because no line covered their day."""
    risks: dict[str, AwareDatetime] = {}
    at_risk_since: AwareDatetime | None = None
    overdue: tuple[Overdue, ...] = ()
    steps: tuple[Step, ...] = ()
    ended: bool = False

    @property
    def expedited(self) -> bool:
        """Whether it is asked for with haste, unless somebody says otherwise."""
        return self.urgency in ("emergency", "urgent")

    @property
    def status(self) -> AuthorizationStatus:
        if self.ended or self.needed is None:
            return "ended" if self.ended else "determining"
        held = {line.status for line in self.lines if not self.is_carried_on(line)}
        return next((status for status in IN_THE_WAY if status in held), "not-required")

    def line(self, number: int | None) -> Line | None:
        return next((line for line in self.lines if line.line == number), None)

    def submission(self, reference: str | None) -> Submission | None:
        return next((one for one in self.submissions if one.reference == reference), None)

    def is_renewed(self, line: Line) -> bool:
        """Whether a next line was put together for the same care."""
        return any(other.renews == line.line and other.status != "cancelled" for other in self.lines)

    def is_carried_on(self, line: Line) -> bool:
        """Whether a next line covers the same care, so that this one stands in nobody's way."""
        return any(other.renews == line.line and (other.is_granted or other.status == "not-required") for other in self.lines)


def evolve(state: Authorization | None, fact: Change) -> Authorization | None:
    """What the authorization becomes. A fact about nothing that was opened changes nothing."""
    if not isinstance(fact, AuthorizationChange) or (state is None and not isinstance(fact, AuthorizationOpened)):
        return state
    after = _opened(fact) if isinstance(fact, AuthorizationOpened) else _evolved(state, fact)  # type: ignore[arg-type]
    return after.model_copy(update={"steps": fact.steps})


def _opened(fact: AuthorizationOpened) -> Authorization:
    names = ("request", "placement", "program", "owner", "service", "urgency", "requested_at", "record", "sensitivity", "consent")
    permit = fact.permit or named(fact.consent) or SHUT
    return Authorization(**{name: getattr(fact, name) for name in names}, permit=permit, opened_at=fact.happened_at)


def _evolved(state: Authorization, fact: AuthorizationChange) -> Authorization:
    if isinstance(fact, LineFact):
        return _with_lines(state, [fact.line], lambda line: lines.evolve(line, fact))
    return state.model_copy(update=_changed(state, fact))


def _changed(state: Authorization, fact: AuthorizationChange) -> dict[str, Any]:
    match fact:
        case AuthorizationCovered():
            return {name: getattr(fact, name) for name in ("payer", "plan", "member")}
        case AuthorizationDisclosureChanged():
            return {"permit": fact.permit, "consent": fact.permit.consent}
        case AuthorizationDetermined():
            known = {name: getattr(fact, name) for name in ("needed", "payer", "payer_kind", "plan", "silence_means")}
            return known | {"lines": tuple(lines.asked(line, fact.happened_at or state.opened_at) for line in fact.lines)}
        case LinesAdded():
            return {"lines": (*state.lines, *(lines.asked(line, fact.happened_at or state.opened_at) for line in fact.lines))}
        case AuthorizationSubmitted():
            return _submitted(state, fact)
        case ReceiptConfirmed():
            return _received(state, fact)
        case SubmissionRejected():
            again = {"status": "assembling", "faulty_since": fact.happened_at}
            return {"lines": _updated(state, fact.lines, lambda line: line.model_copy(update=again))}
        case VisitNoted():
            others = {visit: at for visit, at in state.visits.items() if visit != fact.visit}
            took_place = (*(visit for visit in state.took_place if visit != fact.visit), *((fact.visit,) if fact.took_place else ()))
            return {"visits": {**others, fact.visit: fact.at} if fact.at else others, "took_place": took_place}
        case AuthorizationOverdue():
            return {"overdue": (*state.overdue, Overdue(action=fact.action, line=fact.line, rule=fact.rule, due=fact.due))}
        case AuthorizationOverdueRetracted():
            told = (fact.action, fact.line, fact.due)
            return {"overdue": tuple(one for one in state.overdue if (one.action, one.line, one.due) != told)}
        case ReferralPutAtRisk():
            key, since = Hazard(fact.risk, fact.line, fact.visit or "").key, state.at_risk_since or fact.happened_at
            return {"risks": {**state.risks, key: fact.happened_at}, "at_risk_since": since}
        case RiskCleared():
            gone = Hazard(fact.risk, fact.line, fact.visit or "").key
            left = {key: since for key, since in state.risks.items() if key != gone}
            return {"risks": left, "at_risk_since": state.at_risk_since if left else None}
        case AuthorizationEnded():
            return {"ended": True}
    return {}


def _submitted(state: Authorization, fact: AuthorizationSubmitted) -> dict[str, Any]:
    numbers = tuple(line.line for line in fact.lines)
    known = {name: getattr(fact, name) for name in ("reference", "channel", "partner", "expedited", "received_at", "receipt")}
    put = _updated(state, numbers, lambda line: lines.submission_clears(line, fact.reference, fact.submitted_at))
    return {"lines": put, "submissions": (*state.submissions, Submission(lines=numbers, **known))}


def _received(state: Authorization, fact: ReceiptConfirmed) -> dict[str, Any]:
    """The payer's time counts anew from its own receipt: a silence told too early is none."""
    known = {"received_at": fact.received_at, "receipt": "confirmed"}
    sent = tuple(one.model_copy(update=known) if one.reference == fact.reference else one for one in state.submissions)
    waiting = [line.line for line in state.lines if line.reference == fact.reference and line.is_waiting]
    return {"submissions": sent, "lines": _updated(state, waiting, lambda line: line.model_copy(update={"silent_since": None}))}


def _with_lines(state: Authorization, numbers: Iterable[int], change: Any) -> Authorization:
    return state.model_copy(update={"lines": _updated(state, numbers, change)})


def _updated(state: Authorization, numbers: Iterable[int], change: Any) -> tuple[Line, ...]:
    named = set(numbers)
    return tuple(change(line) if line.line in named else line for line in state.lines)


def hazards(state: Authorization) -> Iterator[Hazard]:
    """Everything that puts the referral at risk as things stand."""
    if state.ended or state.needed == "nothing":
        return
    for line in state.lines:
        if line.is_refused and not state.is_carried_on(line):
            yield Hazard("denied", line.line)
        if line.is_granted and 0 < line.granted_units <= line.used and not state.is_carried_on(line):
            yield Hazard("units-used-up", line.line)
    for visit, at in state.visits.items():
        yield from _of_visit(state, visit, at)


def _of_visit(state: Authorization, visit: str, at: Any) -> Iterator[Hazard]:
    """A booked visit is sound where a line covers its day. Where none does yet, it must not come before the decision can."""
    if any(line.covers(day_of(at)) for line in state.lines):
        return
    if state.needed is None or any(line.is_waiting or line.status == "assembling" for line in state.lines):
        open_until = [step.due for step in state.steps if step.action in OPEN_ENDS]
        if not open_until or at <= max(open_until):
            yield Hazard("decision-after-visit", visit=visit)
    else:
        granted = any(line.granted_at for line in state.lines)
        refused = any(line.is_refused for line in state.lines)
        yield Hazard("denied" if refused and not granted else "outside-window", visit=visit)
