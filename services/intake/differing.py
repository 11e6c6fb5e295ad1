"""Views that cannot all be so: time to come together, then somebody who finds out which one stands, by a clock."""

from collections.abc import Iterator
from datetime import datetime

from contracts import clocks
from contracts.clocks import Step
from contracts.kernel import Deadline, Decision, Fact, Message, Next, Reason, Refused, World
from contracts.views import ViewOverdue, ViewsDiffered, ViewsSettled, ViewWarned
from services.intake import answers, stages
from services.intake.commands import SettleViews
from services.intake.lateness import of_step
from services.intake.requests import COORDINATOR, DESK, Request
from services.intake.rules import RULES
from services.intake.views import Views, nothing_left, request_of

APART, SETTLE = "views-apart", "settle-views"
ALLOWED = (SettleViews.type,)
NOT_APART = Reason("TL-5184", "", "nothing waits to be settled")


def settle(message: Message, world: World, now: datetime) -> Decision:
    """Somebody found out whose word stands. What follows of another's is done by other commands; of ours, that its sender is told again."""
    views: Views | None = world[message.subject]
    if views is None or not views.differed or views.owed is None:
        return Refused((NOT_APART,))
    data: SettleViews = message.data
    said = {"stands": data.stands, "finding": data.finding, "by": message.actor.id, "settled_at": now}
    settled = Fact(message.subject, ViewsSettled(**said, next=nothing_left(views.owed)))
    is_told = data.stands == "ours" and any(side == "sender" for side, _ in views.apart)
    return [settled, *_told_again(request_of(message.subject), world, now)] if is_told else [settled]


def _told_again(request: str, world: World, now: datetime) -> list[Fact]:
    state: Request = world[request]
    said = stages.position(state)
    return answers.own(request, state, now, said) if said else []


def passed(message: Message, world: World, now: datetime) -> Decision:
    """They had time to come together; or the time to settle it is used up."""
    views: Views | None = world[message.subject]
    if views is None:
        return []
    if message.data.name == APART:
        return _differed(message, views, world[request_of(message.subject)], now)
    return _late(message, views, now)


def _differed(message: Message, views: Views, request: Request, now: datetime) -> list[Fact]:
    since = untold_since(views)
    if since is None or message.data.about != since.isoformat():
        return []
    clock = RULES.clock(SETTLE, now, now=now)
    block = Next(owner=_owner(request), action=SETTLE, due=clock.due_at, rule=clock.rule, allowed=ALLOWED)
    step, sides = Step(block, clock.counts_from, clock.warns_at)._asdict(), tuple(side for side, _ in views.apart)
    return [Fact(message.subject, ViewsDiffered(record=views.record, sides=sides, since=since, **step))]


def _owner(request: Request) -> str:
    """The role that answers for the referral where it stands."""
    return DESK if request.is_open and not request.is_placed else COORDINATOR


def _late(message: Message, views: Views, now: datetime) -> list[Fact]:
    return of_step(message, views.owed, now, ViewWarned, ViewOverdue, _still)


def _still(step: clocks.Owed) -> Next:
    return Next(owner=step.owner, action=step.action, due=step.due, rule=step.rule, allowed=ALLOWED)


def untold_since(views: Views) -> datetime | None:
    """From when they are apart and nobody was told; None where there is nothing to tell."""
    return min((at for _, at in views.apart), default=None) if not (views.differed or views.settled) else None


def deadlines(views: Views) -> Iterator[Deadline]:
    """The end of the grace, or of the time to settle it."""
    if since := untold_since(views):
        yield Deadline(APART, since.isoformat(), RULES.clock(APART, since, now=since).due_at)
    if views.differed:
        yield from clocks.deadlines(views.owed)
