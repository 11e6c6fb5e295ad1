"""What time brings: a step that was not done is told, with its rule and by how much; nothing is closed and nobody loses it."""

from contracts import clocks
from contracts.authorization import AuthorizationOverdue, AuthorizationWarned
from contracts.authorization_lines import LineUnanswered
from contracts.kernel import DeadlinePassed
from services.authorization.care import expired, renewal_due
from services.authorization.rules import RULES, clock
from services.authorization.steps import EXPIRE, INQUIRE, USE, about
from services.authorization.submitting import inquiry_due
from services.authorization.telling import Case, Changes


def passed(case: Case, data: DeadlinePassed) -> Changes:
    """Whether it still matters is read from the state."""
    match data.name:
        case _ if data.name == INQUIRE:
            return inquiry_due(case, data)
        case _ if data.name == EXPIRE:
            return expired(case, data)
        case _ if data.name == USE:
            return renewal_due(case, data)
        case clocks.WARN:
            return warned(case, data)
    return overdue(case, data)


def warned(case: Case, data: DeadlinePassed) -> Changes:
    """Part of the time of a step is used up. Warnings whose time came while nobody looked are one."""
    step = next((one for one in case.state.steps if about(one) == data.about), None)
    if step is None or step.late or case.now >= step.due or data.at != max(at for at in step.warns_at if at <= case.now):
        return ()
    told = {name: getattr(step, name) for name in ("action", "line", "rule", "due", "owner", "waiting_on")}
    return (AuthorizationWarned(**told),)


def overdue(case: Case, data: DeadlinePassed) -> Changes:
    key = (data.name, data.about, data.at)
    step = next((one for one in case.state.steps if (one.action, str(one.line), one.due) == key), None)
    if step is None or step.late:
        return ()
    late = AuthorizationOverdue(
        action=step.action,
        line=step.line,
        owner=step.owner,
        waiting_on=step.waiting_on,
        due=step.due,
        late_minutes=max(0, int((case.now - step.due).total_seconds() // 60)),
        rule=step.rule,
        citation=step.citation,
        citation_status=step.citation_status,
        escalates=RULES.ladder(step.rule),
    )
    return (late, _silent(case, data)) if step.action == "await-decision" else (late,)


def _silent(case: Case, data: DeadlinePassed) -> LineUnanswered:
    """The payer's silence: what it amounts to is its table's word, and a right to appeal opens where it counts as a denial."""
    state, means = case.state, case.state.silence_means
    before = clock("appeal", data.at, case.now, about={"payer": state.payer_kind}).due_at if means == "denial" else None
    return LineUnanswered(line=int(data.about), silence_means=means, silent_since=data.at, appeal_before=before, happened_at=data.at)
