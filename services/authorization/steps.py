"""What is owed now, by whom and by when: a function of the state, so nothing has to be opened or cancelled.

A step whose start has not moved keeps the clock it was given, whatever the rules have become; one whose start moved gets a new clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.authorization import Step
from contracts.clocks import WARN
from contracts.kernel import Command, Deadline, Next
from services.authorization import commands as c
from services.authorization.authorization import Authorization, Submission
from services.authorization.lines import Line, span_start
from services.authorization.rules import RENEWAL_SHARE, clock, first_moment, last_moment, seen_by

STEWARD = "role/data-steward"
DESK = "role/program-desk"
"""Answers where a placement names nobody."""
INQUIRE, EXPIRE, USE = "inquire", "expire", "use-authorization"
REVIEW_LEAD = timedelta(days=3)
"""So long before the payer's own review day the next authorization is asked for."""
SEEN_BY = "the time in which the person must be seen (services)"
REVIEWED = f"the payer named the day of its review, and {REVIEW_LEAD.days} days before it the next authorization is asked for"


@dataclass(frozen=True, slots=True)
class Need:
    """Something owed from `starts_at`, by a rule; `due` where somebody outside set the day, `ends_by` says who. `within`: what it must
    stay inside, in words `inside`."""

    action: str
    line: int
    starts_at: datetime
    rule: str
    waiting_on: str | None = None
    owner: str | None = None
    due: datetime | None = None
    within: datetime | None = None
    about: dict[str, str] = field(default_factory=dict)
    ends_by: str = ""
    inside: str = ""


def steps_of(state: Authorization, now: datetime) -> tuple[Step, ...]:
    """Every open step, the most pressing first."""
    known = {(step.action, step.line, step.starts_at): step for step in state.steps}
    late = {(one.action, one.line, one.due) for one in state.overdue}
    steps = [_step(need, known.get((need.action, need.line, need.starts_at)), state, now) for need in needs(state)]
    told = [step.model_copy(update={"late": (step.action, step.line, step.due) in late}) for step in steps]
    return tuple(sorted(told, key=lambda step: (step.due, step.line, step.action)))


def _step(need: Need, known: Step | None, state: Authorization, now: datetime) -> Step:
    if known and (need.due is None or need.due == known.due):
        return known
    ticking = clock(need.rule, need.starts_at, now, need.within, need.about)
    return Step(
        action=need.action, line=need.line, owner=need.owner or state.owner, waiting_on=need.waiting_on, starts_at=need.starts_at,
        due=need.due or ticking.due_at, rule=ticking.rule, warns_at=ticking.warns_at, citation=ticking.said.citation,
        citation_status=ticking.said.citation_status,
    )  # fmt: skip


def needs(state: Authorization) -> Iterator[Need]:
    if state.ended:
        return
    if state.needed is None:
        yield Need("determine", 0, state.opened_at, "determine", within=_seen_by(state, state.opened_at), inside=SEEN_BY)
    for line in state.lines:
        yield from _of_line(state, line)
        yield from (Need("settle-data-issue", line.line, at, "settle-data-issue", owner=STEWARD) for at in list(line.issues.values())[:1])
    if since := state.at_risk_since:
        soonest = min((at for at in state.visits.values() if at > since), default=None)
        yield Need("secure-care", 0, since, "secure-care", within=soonest, inside="the next visit")


def _of_line(state: Authorization, line: Line) -> Iterator[Need]:
    if line.status == "assembling":
        if line.faulty_since:
            yield Need("correct-submission", line.line, line.faulty_since, "correct-submission")
        else:
            about = {"expedited": _yes(state.expedited)}
            within = None if line.renews else _seen_by(state, line.since)
            yield Need("submit", line.line, line.since, "assemble", within=within, about=about, inside=SEEN_BY)
    elif line.is_waiting:
        yield from _with_payer(state, line, state.submission(line.reference))
    elif line.is_granted and not state.is_renewed(line):
        yield _in_use(line)
    elif line.status == "expired" and not state.is_renewed(line) and line.granted_until:
        yield Need("renew-or-end", line.line, last_moment(line.granted_until), "renew-or-end")
    yield from _against(state, line)


def _seen_by(state: Authorization, at: datetime) -> datetime | None:
    return seen_by(state.requested_at, state.urgency, at)


def _with_payer(state: Authorization, line: Line, sent: Submission | None) -> Iterator[Need]:
    if line.contact_since:
        yield Need("contact-payer", line.line, line.contact_since, "contact-payer")
    if line.inquiry and line.inquiry.sent_at is None:
        yield Need(
            "send-information",
            line.line,
            line.inquiry.asked_at,
            "send-information",
            due=line.inquiry.due,
            ends_by="the payer named the day",
        )
    if line.silent_since:
        yield Need("chase-decision", line.line, line.silent_since, "chase-decision")
    elif sent:
        about = {"expedited": _yes(sent.expedited), "payer": state.payer_kind}
        yield Need("await-decision", line.line, sent.received_at, "decide", payer_of(state), due=line.extended_until, about=about,
                   ends_by="the payer took more time, with notice")  # fmt: skip


def _in_use(line: Line) -> Need:
    """Units and days are used until the next authorization must be asked for; the payer's own review day comes first."""
    end = last_moment(line.granted_until) if line.granted_until else None
    if line.renewal_at:
        return Need("renew", line.line, line.renewal_at, "renew", within=end, inside="the last covered day")
    start = span_start(line)
    review = first_moment(line.next_review_on) - REVIEW_LEAD if line.next_review_on else None
    by_span = start + (end - start) * RENEWAL_SHARE if end else None
    if review and (by_span is None or review < by_span):
        return Need(
            USE, line.line, start, "review", due=review, ends_by="the payer named the day of its review, and it is asked for before"
        )
    return Need(USE, line.line, start, "use", due=by_span, ends_by=f"{RENEWAL_SHARE:.0%} of the days that it covers are used up by then")


def _against(state: Authorization, line: Line) -> Iterator[Need]:
    """What a refusal, in whole or part, gives a right or a duty to."""
    if line.unreasoned and line.is_refused:
        yield Need("chase-reason", line.line, line.unreasoned, "chase-reason", waiting_on=payer_of(state))
    if line.appealed_at:
        about = {"expedited": _yes(line.appeal_expedited)}
        yield Need("await-appeal", line.line, line.appealed_at, "decide-appeal", payer_of(state), about=about)
    if line.may_be_appealed and (noticed := noticed_at(line)):
        yield Need("decide-on-appeal", line.line, noticed, "appeal", about={"payer": state.payer_kind})
        if line.renews and not line.continuation_asked and line.notice_on:
            yield Need("ask-continuation", line.line, cut_at(state, line), "ask-continuation")


def noticed_at(line: Line) -> datetime | None:
    """From when the time to appeal counts: the date on the notice; without a notice, the end of the payer's time."""
    return last_moment(line.notice_on) if line.notice_on else line.silent_since


def cut_at(state: Authorization, line: Line) -> datetime:
    """From when the days to keep care running count: ten days after the notice, or the last covered day where that is later."""
    assert line.notice_on
    before = state.line(line.renews)
    ten_days = clock("ask-continuation", last_moment(line.notice_on), last_moment(line.notice_on)).due_at
    effective = last_moment(before.granted_until) if before and before.granted_until else None
    if effective and effective > ten_days:
        return effective - (ten_days - last_moment(line.notice_on))
    return last_moment(line.notice_on)


def payer_of(state: Authorization) -> str:
    return f"payer/{state.payer}"


def _yes(told: bool) -> str:
    return "yes" if told else "no"


def next_of(state: Authorization) -> Next:
    """The most pressing step, with what may be asked now."""
    if not state.steps:
        return Next(owner=state.owner, action="none", allowed=allowed(state))
    first = state.steps[0]
    return Next(owner=first.owner, action=first.action, waiting_on=first.waiting_on, due=first.due, rule=first.rule, allowed=allowed(state))


def allowed(state: Authorization) -> tuple[str, ...]:
    """Commands that may be asked now. After the end only what a payer still says is taken."""
    lines = state.lines
    found: dict[type[Command], bool] = {
        c.EnterDecision: any(line.status not in ("assembling", "cancelled") for line in lines),
        c.EndAuthorization: not state.ended,
    }
    if not state.ended:
        waiting, against = any(line.is_waiting for line in lines), any(line.may_be_appealed for line in lines)
        found |= {
            c.Determine: state.needed is None or state.needed == "nothing",
            c.AddLines: state.needed == "authorization",
            c.SubmitAuthorization: any(line.status == "assembling" for line in lines),
            c.CancelLine: any(line.is_waiting or line.status == "assembling" for line in lines),
            c.ConfirmReceipt: waiting,
            c.InquireDecision: waiting,
            c.EnterExtension: waiting,
            c.EnterInformationRequest: waiting,
            c.SendInformation: any(line.inquiry and not line.inquiry.sent_at for line in lines),
            c.ConfirmInformation: any(line.inquiry for line in lines),
            c.FileAppeal: against,
            c.WaiveAppeal: against,
            c.AskContinuation: any(line.is_refused or line.adverse for line in lines),
            c.NoteVisit: True,
            c.UseUnits: any(line.granted_at for line in lines),
            c.SettleDataIssue: any(line.issues or line.unreasoned for line in lines),
        }
    return tuple(command.type for command, is_open in found.items() if is_open)


def about(step: Step) -> str:
    """A step among those of one authorization."""
    return f"{step.action}/{step.line}"


def _warnings(state: Authorization, step: Step) -> list[Deadline]:
    """Whoever owns a step is warned; a payer that has not decided is asked, once for all lines it was asked for together."""
    line = state.line(step.line) if step.action == "await-decision" else None
    name, of = (INQUIRE, line.reference or "") if line else (WARN, about(step))
    return [Deadline(name, of, at) for at in step.warns_at if at < step.due]


def deadlines(state: Authorization) -> list[Deadline]:
    """Each step that is not told to be late yet; the payer is asked at the warnings of its clock; the last covered day ends."""
    found: list[Deadline] = []
    for step in state.steps:
        if not step.late:
            found += [Deadline(step.action, str(step.line), step.due), *_warnings(state, step)]
    granted = [line for line in state.lines if line.is_granted and line.granted_until and not state.ended]
    found += [Deadline(EXPIRE, str(line.line), last_moment(line.granted_until)) for line in granted if line.granted_until]
    return list(dict.fromkeys(found))
