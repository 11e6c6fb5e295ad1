"""Facts that call for somebody, and those that show that it was done: overdue first visits and people who are dropping out."""

from datetime import datetime, timedelta

from contracts.follow_up import CareOverdue, CareStarted
from contracts.kernel import Change, Next
from contracts.plans import FlagCleared, PlanFlagged, Signal

TOPIC = "follow-up-events"
LATE = timedelta(hours=1)


def overdue(owner: str, now: datetime, urgency: str = "emergency") -> CareOverdue:
    """A first visit that did not happen in time."""
    due, rule = now - LATE, f"first-visit-{urgency}"
    step = Next(owner=owner, action="visit", due=due, rule=rule)
    return CareOverdue(action="visit", rule=rule, citation="example", citation_status="default", due=due, owner=owner, next=step)


def visited(owner: str, now: datetime) -> CareStarted:
    """It took place after all."""
    step = Next(owner=owner, action="confirm-care", due=now + timedelta(days=30), rule="confirm")
    return CareStarted(started_at=now, kind="evaluation", channel="in-person", in_time=False, next=step)


def lapsing(owner: str, now: datetime) -> PlanFlagged:
    """Somebody has not been seen for too long."""
    signal = Signal(code="no-contact", level="lapsing", since=now - LATE)
    step = Next(owner=owner, action="reach-out", due=now + LATE, rule="outreach")
    return PlanFlagged(level="lapsing", signals=(signal,), flagged_at=now, next=step)


def came_back(owner: str, now: datetime) -> FlagCleared:
    """They came."""
    step = Next(owner=owner, action="see-again", due=now + timedelta(days=14), rule="cadence")
    return FlagCleared(why="returned", level="lapsing", next=step)


def rule_of(dropouts: bool, urgency: str) -> str:
    """The clock that an alert names."""
    return "outreach" if dropouts else f"first-visit-{urgency}"


def about(n: int, dropouts: bool) -> str:
    return f"plan/{n}" if dropouts else f"care/{n}"


def late(n: int, owner: str, now: datetime, dropouts: bool, urgency: str = "emergency") -> Change:
    return lapsing(owner, now) if dropouts else overdue(owner, now, urgency)


def done(owner: str, now: datetime, dropouts: bool) -> Change:
    return came_back(owner, now) if dropouts else visited(owner, now)
