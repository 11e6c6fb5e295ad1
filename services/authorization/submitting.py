"""Putting lines to the payer, learning since when it has them, and asking where its decision is."""

from contracts.authorization import AuthorizationSubmitted, DecisionInquired, LineAsked, ReceiptConfirmed
from contracts.kernel import DeadlinePassed, Reason
from services.authorization import pas
from services.authorization.authorization import Submission
from services.authorization.commands import ConfirmReceipt, InquireDecision, SubmitAuthorization
from services.authorization.lines import Line
from services.authorization.requirements import Requirements
from services.authorization.telling import NO_LINE, Case, Changes

NOTHING_TO_PUT = Reason("TL-5321", "/lines", "name lines that are put together and not with the payer yet")
NO_RECORD = Reason("TL-5322", "", "the person's record is not known here: the placement named none")
NO_TOPIC = Reason("TL-5323", "/channel", "this payer has no topic with us: say by which other way it was asked")
NO_SUBMISSION = Reason("TL-5324", "/reference", "name a submission of this authorization")
IN_THE_FUTURE = Reason("TL-5325", "/received_at", "an instant that has not come cannot be told")

NO_CONSENT = Reason("TL-5326", "/channel", "42 CFR Part 2 protects this: record the consent that lets the payer be told, with the referral")


def submit(case: Case, data: SubmitAuthorization, tables: Requirements) -> Changes:
    """By FHIR the front door sends it on; by any other way a person has sent it, and says when."""
    state = case.state
    if state.record is None:
        return case.refused(NO_RECORD)
    chosen = [line for line in state.lines if line.status == "assembling" and line.line in (data.lines or (line.line,))]
    if not chosen or (data.lines and len(chosen) != len(set(data.lines))):
        return case.refused(NOTHING_TO_PUT if all(case.line(number) for number in data.lines) else NO_LINE)
    payer = tables.payer(state.payer)
    channel = data.channel or (payer.channel if payer else "portal")
    if channel == "fhir" and not (payer and payer.partner):
        return case.refused(NO_TOPIC)
    if channel == "fhir" and state.sensitivity and not state.permit.opens("payer", case.now):
        return case.refused(NO_CONSENT)
    at, received = data.at or case.now, data.received_at
    if max(at, received or at) > case.now:
        return case.refused(IN_THE_FUTURE)
    lines, expedited = tuple(_as_asked(line) for line in chosen), state.expedited if data.expedited is None else data.expedited
    said = AuthorizationSubmitted(
        record=state.record,
        reference=case.reference,
        payer=state.payer or "unknown",
        partner=payer.partner if payer and channel == "fhir" else None,
        plan=state.plan,
        channel=channel,
        lines=lines,
        expedited=expedited,
        bundle=pas.bundle(state, case.reference, lines, expedited, at),
        submitted_at=at,
        received_at=received or at,
        receipt="confirmed" if received else "assumed",
        member=state.member,
        diagnosis=data.diagnosis,
        happened_at=at,
    )
    return (said,)


def _as_asked(line: Line) -> LineAsked:
    return LineAsked(**{name: getattr(line, name) for name in LineAsked.model_fields})


def confirm_receipt(case: Case, data: ConfirmReceipt) -> Changes:
    """The payer's time counts from its own receipt, whatever was assumed; the same word again is none."""
    sent = case.state.submission(data.reference)
    if sent is None:
        return case.refused(NO_SUBMISSION)
    if data.received_at > case.now:
        return case.refused(IN_THE_FUTURE)
    if (sent.receipt, sent.received_at) == ("confirmed", data.received_at):
        return ()
    return (ReceiptConfirmed(reference=sent.reference, received_at=data.received_at, happened_at=data.received_at),)


def inquire(case: Case, data: InquireDecision) -> Changes:
    sent = case.state.submission(data.reference)
    if sent is None:
        return case.refused(NO_SUBMISSION)
    return inquired(case, sent) or case.refused(NOTHING_TO_PUT)


def inquiry_due(case: Case, data: DeadlinePassed) -> Changes:
    """A part of the payer's time is over. Where it has a topic the front door asks; else whoever owns the step does."""
    sent = case.state.submission(data.about)
    return inquired(case, sent) if sent else ()


def inquired(case: Case, sent: Submission) -> tuple[DecisionInquired, ...]:
    waiting = {line.line for line in case.state.lines if line.reference == sent.reference and line.is_waiting}
    due = [step.due for step in case.state.steps if step.action == "await-decision" and step.line in waiting]
    if not due:
        return ()
    return (DecisionInquired(reference=sent.reference, partner=sent.partner, lines=tuple(sorted(waiting)), due=min(due)),)
