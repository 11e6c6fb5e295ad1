"""What a payer said of a line, by FHIR or through a person. The review action code alone decides; displays and outcomes never do."""

from datetime import datetime, timedelta
from typing import Any

from contracts.authorization import AuthorizationChange, ReceiptConfirmed, SubmissionRejected
from contracts.authorization_lines import (
    DataIssueFound,
    DecisionExtended,
    InformationAsked,
    LineAnswered,
    LineApproved,
    LineCancelled,
    LineDenied,
    LineNotRequired,
    LinePended,
    PayerContactAsked,
)
from contracts.intake import PayerResponseReceived
from contracts.kernel import Reason, derived
from contracts.payers import Channel, PayerAnswer
from services.authorization.commands import EnterDecision, EnterExtension
from services.authorization.lines import Line, fingerprint
from services.authorization.rules import clock, day_of, first_moment, last_moment
from services.authorization.steps import cut_at
from services.authorization.telling import NO_LINE, Case, Changes

UNKNOWN_ACTION = Reason("TL-5331", "/action", "use a review action code of X12 306: A1 A2 A3 A4 A5 A6 C CT NA")
NOT_SUBMITTED = Reason("TL-5332", "/line", "this line was never put to the payer; submit it first")
OLDER = Reason("TL-5333", "/answer/answered_at", "a later answer of the payer is known for this line")
NOT_WAITING = Reason("TL-5334", "/line", "the payer has decided on this line")
NO_LONGER = Reason("TL-5335", "/until", "an extension must reach beyond the payer's first time")
EXTENSION_MAX = "extend"
ACTIONS = {"A1", "A2", "A3", "A4", "A5", "A6", "C", "CT", "NA"}


def received(case: Case, data: PayerResponseReceived) -> Changes:
    """By FHIR, through the front door, to one of our submissions."""
    answer = data.answer
    if answer.line is None:
        return _of_the_whole(case, data)
    return _answered(case, answer, "fhir", _received_at(case, data), None, data.reference)


def _received_at(case: Case, data: PayerResponseReceived) -> datetime:
    """When the front door had it. The envelope bears the payer's own instant."""
    return data.received_at or case.now


def entered(case: Case, data: EnterDecision) -> Changes:
    """As a person read or heard it. An older answer than the one that is known changes nothing, and they are told so."""
    line, received_at = case.line(data.answer.line), data.received_at or case.now
    if line and line.answered_at and _instant(data.answer, received_at) < line.answered_at:
        return case.refused(OLDER)
    return _answered(case, data.answer, data.channel, received_at, case.actor.id)


def _instant(answer: PayerAnswer, received_at: datetime) -> datetime:
    """When the payer answered: its own instant, else noon of the day on its notice, and never after it reached us."""
    noon = first_moment(answer.notice_on) + timedelta(hours=12) if answer.notice_on else received_at
    return min(answer.answered_at or noon, received_at)


def _of_the_whole(case: Case, data: PayerResponseReceived) -> Changes:
    """It found faults, or it has it and will decide: its receipt is shown, at the latest for that instant."""
    sent = case.state.submission(data.reference)
    if sent is None:
        return case.refused(NO_LINE)
    at = _instant(data.answer, _received_at(case, data))
    waiting = tuple(n for n in sent.lines if (line := case.line(n)) and line.is_waiting and line.reference == sent.reference)
    if data.answer.faults:
        return (SubmissionRejected(reference=sent.reference, lines=waiting, faults=data.answer.faults, happened_at=at),) if waiting else ()
    if sent.receipt == "confirmed":
        return ()
    return (ReceiptConfirmed(reference=sent.reference, received_at=max(at, sent.received_at), happened_at=at),)


def _answered(
    case: Case, answer: PayerAnswer, channel: Channel, received_at: datetime, by: str | None, reference: str | None = None
) -> Changes:
    line = case.line(answer.line)
    if line is None:
        return case.refused(NO_LINE)
    if answer.action not in ACTIONS:
        return case.refused(UNKNOWN_ACTION)
    if line.reference is None:
        return case.refused(NOT_SUBMITTED)
    at = _instant(answer, received_at)
    if (line.answered_at and at < line.answered_at) or (line.status == "cancelled" and answer.action == "C"):
        return ()
    sent = case.state.submission(reference or line.reference)
    due = next((step.due for step in case.state.steps if (step.action, step.line) == ("await-decision", line.line)), None)
    told = {
        "line": line.line, "service": line.service, "asked_at": sent.received_at if sent else None, "due": due, "channel": channel,
        "action": answer.action, "reference": reference or line.reference, "number": answer.number, "reasons": answer.reasons,
        "notice_on": answer.notice_on, "received_at": received_at, "by": by, "happened_at": at,
    }  # fmt: skip
    said = _decided(case, line, answer, told)
    repeated = not isinstance(said, LineCancelled) and _is_known(line, said)
    return (*(() if repeated else (said,)), *_beside(line, answer, repeated, at, received_at))


def _is_known(line: Line, said: LineAnswered) -> bool:
    """The same words again; unless they are the first about lines that were put to the payer anew."""
    first_since = line.answered_at is None and said.reference == line.reference
    return fingerprint(said) == line.answer and not first_since


def _decided(case: Case, line: Line, answer: PayerAnswer, told: dict[str, Any]) -> Any:
    match answer.action:
        case "A4":
            return LinePended(**told)
        case "CT":
            return PayerContactAsked(**told)
        case "NA":
            return LineNotRequired(**told)
        case "C":
            return LineCancelled(line=line.line, by="payer", reason="cancelled-by-payer", happened_at=told["happened_at"])
    noticed = answer.notice_on or day_of(told["happened_at"])
    told |= {"notice_on": noticed}
    if answer.action in ("A3", "A5"):
        return LineDenied(**told, upheld=answer.action == "A5", **_rights(case, line, noticed, adverse=True))
    return _granted(case, line, answer, told)


def _granted(case: Case, line: Line, answer: PayerAnswer, told: dict[str, Any]) -> LineApproved:
    """A1 grants what was asked where it says no more; what A2 and A6 leave unsaid may be less, so it counts as less."""
    units, until = answer.units, answer.ends_on
    outcome = {"A1": "approved", "A2": "partial", "A6": "modified"}[answer.action or ""]
    adverse = outcome == "partial" or (outcome == "modified" and _is_less(line, answer))
    return LineApproved(
        **told,
        outcome=outcome,
        units=line.units if units is None else units,
        unit=line.unit,
        starts_on=answer.starts_on or line.starts_on,
        ends_on=until or line.ends_on,
        next_review_on=answer.next_review_on,
        adverse=adverse,
        **_rights(case, line, told["notice_on"], adverse),
    )


def _is_less(line: Line, answer: PayerAnswer) -> bool:
    """Fewer units, a later start or an earlier end than asked; or not even said."""
    if answer.units is None and answer.ends_on is None:
        return True
    fewer = answer.units is not None and answer.units < line.units
    later = bool(answer.starts_on and line.starts_on and answer.starts_on > line.starts_on)
    return fewer or later or bool(answer.ends_on and line.ends_on and answer.ends_on < line.ends_on)


def _rights(case: Case, line: Line, noticed: Any, adverse: bool) -> dict[str, datetime]:
    """Until when a decision that is adverse can be appealed, and running care kept going. From the date on the notice."""
    if not adverse:
        return {}
    rights = {"appeal_before": clock("appeal", last_moment(noticed), case.now, about={"payer": case.state.payer_kind}).due_at}
    if line.renews:
        start = cut_at(case.state, line.model_copy(update={"notice_on": noticed}))
        rights["continue_before"] = clock("ask-continuation", start, case.now).due_at
    return rights


def _beside(line: Line, answer: PayerAnswer, repeated: bool, at: datetime, received_at: datetime) -> tuple[AuthorizationChange, ...]:
    """What came with it: documents asked for, words that disagree with the code, a refusal without a reason."""
    found: list[AuthorizationChange] = []
    undecided = answer.action in ("A4", "CT")
    if answer.asks and undecided and not (line.inquiry and set(answer.asks) <= set(line.inquiry.asks)):
        found.append(asked(line.line, answer.asks, at, answer.asked_by))
    if answer.display_differs and not repeated and "code-and-display-disagree" not in line.issues:
        found.append(DataIssueFound(line=line.line, issue="code-and-display-disagree", happened_at=received_at))
    return tuple(found)


def asked(line: int, asks: tuple[str, ...], at: datetime, due: datetime | None) -> InformationAsked:
    inquiry = derived("information", str(line), at.isoformat(), *asks)
    return InformationAsked(line=line, inquiry=inquiry, asks=asks, asked_at=at, due=due, happened_at=at)


def extended(case: Case, data: EnterExtension) -> Changes:
    """At most 14 calendar days beyond the payer's first time, with notice. What it asked for beyond that is a data issue."""
    line = case.line(data.line)
    if line is None:
        return case.refused(NO_LINE)
    sent = case.state.submission(line.reference)
    if not line.is_waiting or sent is None:
        return case.refused(NOT_WAITING)
    about = {"expedited": "yes" if sent.expedited else "no", "payer": case.state.payer_kind}
    first = clock("decide", sent.received_at, case.now, about=about).due_at
    latest = clock(EXTENSION_MAX, first, case.now).due_at
    if data.until <= first:
        return case.refused(NO_LONGER)
    until = min(data.until, latest)
    if line.extended_until == until:
        return ()
    notice = first_moment(data.notice_on) + timedelta(hours=12)
    said = DecisionExtended(line=line.line, until=until, notice_on=data.notice_on, asked_until=data.until, happened_at=notice)
    too_long = DataIssueFound(line=line.line, issue="extension-too-long", happened_at=case.now)
    return (said, too_long) if data.until > latest else (said,)
