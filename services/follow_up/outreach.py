"""Reaching people: contacts are two-way, attempted is not reached. Three attempts, over two channels and two times of day, within ten
business days: then a supervisor looks. Time alone closes nothing; a plan ends by a person's word, for a coded reason.
"""

from datetime import datetime

from contracts.kernel import Change, Reason
from contracts.plans import (
    ContactAttempted,
    ContactLogged,
    PlanAdjusted,
    PlanDeathReported,
    PlanDischarged,
    PlanReviewed,
    PlanSuppressed,
    SupervisorAsked,
    SuppressionEnded,
)
from services.follow_up.appointments import NOT_YET
from services.follow_up.commands import (
    AdjustPlan,
    DischargePlan,
    LiftSuppression,
    LogAttempt,
    LogContact,
    RefuteDeath,
    ReportDeath,
    ReviewEngagement,
    SuppressPlan,
)
from services.follow_up.items import Case, Changes
from services.follow_up.plan import DIED, Attempt, Plan
from services.follow_up.rules import clock, part_of_day

ATTEMPTS_LEAST, CHANNELS_LEAST, TIMES_LEAST = 3, 2, 2
ROUND = "outreach-round"
SUPPRESSION = "suppression"
UNTIL_WHEN = Reason("TL-5531", "/until", "give an instant that is to come")
NOT_SUPPRESSED = Reason("TL-5532", "/kind", "the plan is not suppressed for that")
NOT_ASKED = Reason("TL-5533", "", "no supervisor is asked")
NOT_DEAD = Reason("TL-5534", "", "no death was reported")


def log_contact(case: Case, data: LogContact) -> Changes:
    """Both sides were in touch."""
    if data.at > case.now:
        return case.refused(NOT_YET)
    if any(one.at == data.at for one in case.state.sighted):
        return ()
    return (ContactLogged(at=data.at, channel=data.channel),)


def log_attempt(case: Case, data: LogAttempt) -> Changes:
    """Somebody tried. It counts towards outreach, never as contact."""
    if data.at > case.now:
        return case.refused(NOT_YET)
    part = part_of_day(data.at)
    if Attempt(at=data.at, channel=data.channel, part_of_day=part) in case.state.attempts:
        return ()
    return (ContactAttempted(at=data.at, channel=data.channel, part_of_day=part, outcome=data.outcome),)


def used_up(plan: Plan, now: datetime) -> list[Change]:
    """Outreach that has tried enough asks a supervisor."""
    tried = plan.attempts
    enough = len(tried) >= ATTEMPTS_LEAST and len({a.channel for a in tried}) >= CHANNELS_LEAST
    if plan.round_ends_at() is None or not enough or len({a.part_of_day for a in tried}) < TIMES_LEAST:
        return []
    return [SupervisorAsked(why="attempts", attempts=len(tried), asked_at=now)]


def time_over(case: Case, at: datetime) -> list[Change]:
    """The round of outreach has had its time."""
    if case.state.round_ends_at() != at:
        return []
    return [SupervisorAsked(why="time", attempts=len(case.state.attempts), asked_at=at)]


def review(case: Case, data: ReviewEngagement) -> Changes:
    """A supervisor decided: try again, or accept the distance until then."""
    if case.state.asked_at is None and case.state.level != "review":
        return case.refused(NOT_ASKED)
    if data.decision == "accept-until" and (data.until is None or data.until <= case.now):
        return case.refused(UNTIL_WHEN)
    return (PlanReviewed(by=case.actor.id, decision=data.decision, at=case.now, until=data.until),)


def adjust(case: Case, data: AdjustPlan) -> Changes:
    """What is expected changed; what is the same is no fact."""
    told = {name: value for name, value in data if value is not None and value != getattr(case.state, name)}
    return (PlanAdjusted(**told),) if told else ()


def suppress(case: Case, data: SuppressPlan) -> Changes:
    """Not shown until then, and listed as such."""
    if data.until <= case.now:
        return case.refused(UNTIL_WHEN)
    same = next((one for one in case.state.suppressions if one.kind == data.kind), None)
    if same and (same.since, same.until) == (data.since, data.until):
        return ()
    return (PlanSuppressed(kind=data.kind, since=data.since, until=data.until, by=case.actor.id),)


def lift(case: Case, data: LiftSuppression) -> Changes:
    if all(one.kind != data.kind for one in case.state.suppressions):
        return case.refused(NOT_SUPPRESSED)
    return (SuppressionEnded(kind=data.kind, why="lifted", at=case.now),)


def expired(case: Case, kind: str, at: datetime) -> list[Change]:
    """A suppression has had its time. A reported death waits for a person instead."""
    over = [one for one in case.state.suppressions if one.kind == kind and one.until == at and kind != DIED]
    return [SuppressionEnded(kind=one.kind, why="expired", at=at) for one in over]


def report_death(case: Case, data: ReportDeath) -> Changes:
    """Every contact and reminder stops at once, and a person must verify it."""
    if case.state.is_dead:
        return ()
    return died(case.state, case.now, data.at, case.actor.id)


def died(plan: Plan, now: datetime, at: datetime, by: str) -> tuple[Change, ...]:
    """Told as such, for whoever reminds; and not shown until a person has verified it."""
    until = clock("verify-death", min(at, now)).due_at
    return (
        PlanDeathReported(record=plan.record, at=at, by=by),
        PlanSuppressed(kind=DIED, since=min(at, now), until=until, by=by),
    )


def refute_death(case: Case, data: RefuteDeath) -> Changes:
    if not case.state.is_dead:
        return case.refused(NOT_DEAD)
    return (SuppressionEnded(kind=DIED, why="refuted", at=case.now),)


def discharge(case: Case, data: DischargePlan) -> Changes:
    """The plan ends, by a person and for a reason."""
    if data.at > case.now:
        return case.refused(NOT_YET)
    return (PlanDischarged(reason=data.reason, at=data.at, by=case.actor.id),)
