"""Against a refusal, in whole or part: appeal it, let it be for a reason, keep running care authorized meanwhile.

A right that was exercised late is still entered: whether it counts is the payer's to say.
"""

from contracts.authorization_lines import AppealFiled, AppealWaived, ContinuationAsked, DataIssueSettled
from contracts.kernel import Reason
from services.authorization.commands import AskContinuation, FileAppeal, SettleDataIssue, WaiveAppeal
from services.authorization.rules import clock
from services.authorization.steps import cut_at
from services.authorization.telling import NO_LINE, Case, Changes

NOTHING_TO_APPEAL = Reason("TL-5351", "/line", "this line was not refused, or somebody appealed or let it be already")
NOTHING_CUT = Reason("TL-5352", "/line", "no running care was cut on this line, or the payer was asked already")
NO_ISSUE = Reason("TL-5353", "/issue", "name an issue that is open on this line")


def file(case: Case, data: FileAppeal) -> Changes:
    line = case.line(data.line)
    if line is None or not line.may_be_appealed:
        return case.refused(NOTHING_TO_APPEAL if line else NO_LINE)
    at = min(data.at or case.now, case.now)
    due = [step.due for step in case.state.steps if (step.action, step.line) == ("decide-on-appeal", line.line)]
    in_time = not due or at <= due[0]
    return (AppealFiled(line=line.line, expedited=data.expedited, in_time=in_time, by=case.actor.id, filed_at=at, happened_at=at),)


def waive(case: Case, data: WaiveAppeal) -> Changes:
    line = case.line(data.line)
    if line is None or not line.may_be_appealed:
        return case.refused(NOTHING_TO_APPEAL if line else NO_LINE)
    at = min(data.at or case.now, case.now)
    return (AppealWaived(line=line.line, by=case.actor.id, reason=data.reason, waived_at=at, happened_at=at),)


def ask_continuation(case: Case, data: AskContinuation) -> Changes:
    """By the later of ten days after the notice and the day from which care is cut (42 CFR 438.420)."""
    line = case.line(data.line)
    if line is None:
        return case.refused(NO_LINE)
    if not (line.notice_on and line.renews and line.adverse) or line.continuation_asked:
        return case.refused(NOTHING_CUT)
    at = min(data.at or case.now, case.now)
    in_time = at <= clock("ask-continuation", cut_at(case.state, line), case.now).due_at
    return (ContinuationAsked(line=line.line, by=case.actor.id, in_time=in_time, happened_at=at),)


def settle(case: Case, data: SettleDataIssue) -> Changes:
    """Somebody looked; a denial's reason was what was missing."""
    line = case.line(data.line)
    if line is None:
        return case.refused(NO_LINE)
    missing_reason = data.issue == "denial-without-reason" and line.unreasoned is not None
    if not (data.issue in line.issues or missing_reason) or (missing_reason and not data.reasons):
        return case.refused(NO_ISSUE)
    return (DataIssueSettled(line=line.line, issue=data.issue, by=case.actor.id, reasons=data.reasons),)
