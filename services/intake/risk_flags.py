"""Risk flags of a person: raised with a source, reviewed by a date, lifted by somebody's word alone."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime

from contracts import clocks
from contracts.clocks import Owed, Step, owed, told_late
from contracts.kernel import Change, Deadline, Decision, Fact, Message, Next, Reason, Refused, Route, State, World
from contracts.risk_flags import Risk, RiskFlagged, RiskFlagLifted, RiskFlagOverdue, RiskFlagReviewed, RiskFlagWarned
from services.intake import requests, steps
from services.intake.commands import FlagRisk, ReviewRiskFlag
from services.intake.lateness import of_step

REVIEW = "review-risk-flag"
ALLOWED = (ReviewRiskFlag.type,)
NO_FLAG = Reason("TL-5195", "", "no such flag stands: raise one where there is a risk")


class Flag(State):
    """One risk of one person, as it was seen last."""

    record: str
    risk: Risk
    reviewed_at: AwareDatetime
    stands: bool = True
    owed: Owed | None = None


def flag_of(record: str, risk: Risk) -> str:
    """Of `record/0190…` the risk of suicide is `risk-flag/0190….suicide`."""
    return f"{record.replace('record/', 'risk-flag/', 1)}.{risk}"


def route(record: str, data: FlagRisk) -> Route:
    return Route((flag_of(record, data.risk),), references=(record,))


def flag(message: Message, world: World, now: datetime) -> Decision:
    """Flagged again while it stands, another source adds to it; that is no review of what was known."""
    data: FlagRisk = message.data
    if world[message.subject] is None:
        return Refused((requests.UNKNOWN,))
    subject = flag_of(message.subject, data.risk)
    known: Flag | None = world[subject]
    step = Step(still(known)) if known and known.stands else _to_review(now)
    said = {"risk": data.risk, "source": data.source, "words": data.words, "by": message.actor.id, "raised_at": now}
    return [Fact(subject, RiskFlagged(record=message.subject, **said, **step._asdict()))]


def review(message: Message, world: World, now: datetime) -> Decision:
    """The risk is still there, and the next review has its whole time; or it is not, and the flag is gone."""
    known: Flag | None = world[message.subject]
    if known is None or not known.stands:
        return Refused((NO_FLAG,))
    about = {"record": known.record, "risk": known.risk, "by": message.actor.id}
    if message.data.finding == "stands":
        return [Fact(message.subject, RiskFlagReviewed(**about, reviewed_at=now, **_to_review(now)._asdict()))]
    done = Next(owner=requests.COORDINATOR, action="none")
    return [Fact(message.subject, RiskFlagLifted(**about, lifted_at=now, next=done))]


def passed(message: Message, world: World, now: datetime) -> Decision:
    known: Flag | None = world[message.subject]
    return of_step(message, known.owed, now, RiskFlagWarned, RiskFlagOverdue, lambda _: still(known)) if known else []


def _to_review(now: datetime) -> Step:
    return steps.begun(REVIEW, requests.COORDINATOR, ALLOWED, now)


def still(known: Flag) -> Next | None:
    return steps.standing(known.owed, ALLOWED)


def evolve(state: Flag | None, fact: Change) -> Flag | None:
    """Whether it stands, when it was looked at, and the review that is owed."""
    match fact:
        case RiskFlagged() if state is None or not state.stands:
            state = Flag(record=fact.record, risk=fact.risk, reviewed_at=fact.raised_at)
        case RiskFlagReviewed() if state:
            state = state.model_copy(update={"reviewed_at": fact.reviewed_at})
        case RiskFlagLifted() if state:
            state = state.model_copy(update={"stands": False})
    return state.model_copy(update={"owed": told_late(owed(state.owed, fact), fact)}) if state else None


def deadlines(state: Flag) -> Iterator[Deadline]:
    yield from clocks.deadlines(state.owed)
