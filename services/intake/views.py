"""Each side's view of a referral: its sender's, that of whoever has it, ours. They are kept apart; where they differ, somebody is asked.

The newest word of a side stands, in whatever order words come. What a side said before we knew more, and what is behind ours, is only
older. What follows where they differ is in `differing.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import AwareDatetime

from contracts.answers import ReferralStatusChanged
from contracts.clocks import Owed, owed, told_late
from contracts.kernel import (
    Blind,
    Change,
    Decision,
    Fact,
    Message,
    Model,
    Next,
    Reason,
    Refused,
    State,
    World,
    kind_of,
)
from contracts.partners import BusinessStatus, ReferralStatusReported, TaskStatus
from contracts.views import (
    Side,
    Stage,
    ViewReported,
    ViewsAgreed,
    ViewsDiffered,
    ViewsSettled,
)
from services.intake import answers, history, referrals, stages
from services.intake.requests import Request

SIDES: tuple[Side, ...] = ("sender", "receiver")
NOT_YOURS = Reason("TL-5181", "/reference", "name a referral that you sent by your number, or one that you have by ours")
CONTRADICTS = Reason("TL-5182", "/business_status", "the two statuses cannot both be so; send two that fit each other")
NOT_YET = Reason("TL-5183", "/at", "this lies in the future; say it once it is so")


class Word(Model):
    """What a side said last. `means` nothing: it has said nothing since `at` that counts."""

    task_status: TaskStatus | None = None
    business_status: BusinessStatus | None = None
    means: tuple[Stage, ...] = ()
    reason: str | None = None
    at: AwareDatetime


class Views(State):
    """The views of one referral."""

    record: str
    ours: Word | None = None
    sender: Word | None = None
    receiver: Word | None = None
    differed: bool = False
    """It was told, and neither agreed upon nor settled since."""
    settled: bool = False
    """Somebody found out which of these words stands."""
    owed: Owed | None = None

    @property
    def apart(self) -> tuple[tuple[Side, datetime], ...]:
        """The sides whose word cannot be so if ours is, and since when."""
        found = ((side, self._since(getattr(self, side))) for side in SIDES)
        return tuple((side, at) for side, at in found if at)

    def _since(self, theirs: Word | None) -> datetime | None:
        """By the later of the two words."""
        ours = self.ours
        if not (ours and ours.means and theirs and theirs.means) or ours.means[0] in theirs.means:
            return None
        is_newer = theirs.at >= ours.at
        return max(theirs.at, ours.at) if is_newer or stages.is_ahead(theirs.means, ours.means[0]) else None


def view_of(request: str) -> str:
    return f"view/{request.partition('/')[2]}"


def request_of(view: str) -> str:
    return f"request/{view.partition('/')[2]}"


def named(partner: str, reference: str, blind: Blind) -> tuple[str, str]:
    """The request that a partner means: by its own number, as its sender; by ours, as whoever has it."""
    return referrals.request_of(partner, reference, blind), f"request/{reference.removeprefix('request/')}"


def _said_by(message: Message, world: World) -> tuple[str, Side] | None:
    """Whose word it is, of what; None where the partner has no part in it."""
    partner = referrals.sender(message)
    own, given = named(partner, message.data.reference, world.blind)
    if world[own]:
        return own, "sender"
    state: Request | None = world[given]
    return (given, "receiver") if state and state.receiver == partner else None


def reported(message: Message, world: World, now: datetime) -> Decision:
    """A side's word. What it said before and what is older than that is nothing new."""
    data: ReferralStatusReported = message.data
    means = stages.in_order(stages.meaning(data.task_status, data.business_status))
    said_by = _said_by(message, world)
    if said_by is None or not means or data.at > now:
        return Refused((NOT_YOURS if said_by is None else NOT_YET if means else CONTRADICTS,))
    request, side = said_by
    partner = referrals.sender(message)
    word = Word(**data.model_dump(include={"task_status", "business_status", "reason", "at"}), means=means)
    facts = _new(request, side, partner, word, world, now)
    return [*facts, answers.received(request, partner, message, duplicate=not facts)]


def withdrawn(message: Message, world: World, now: datetime) -> Decision:
    """By its sender. Whoever has it takes nothing back: it says that it is over."""
    said_by, data = _said_by(message, world), message.data
    if said_by is None or said_by[1] == "sender":
        return referrals.withdrawn(message, world, now)
    at = min(data.withdrawn_at or now, now)
    word = ReferralStatusReported(reference=data.reference, task_status="cancelled", reason=data.reason, at=at)
    return reported(replace(message, data=word), world, now)


def _new(request: str, side: Side, partner: str, word: Word, world: World, now: datetime) -> list[Fact]:
    """The first word of anybody comes with those that are known without it."""
    state, views = world[request], world[view_of(request)]
    known = dict(_stands(state)) if views is None else {}
    before: Word | None = getattr(views, side) if views else known.get(side)
    if (before and _rank(word) <= _rank(before)) or (state.reopened_at and word.at < state.reopened_at):
        return []
    said = [_fact(request, state, one, of) for one, of in known.items()]
    return _with_agreement(views, [*said, _fact(request, state, side, word, partner)], now)


def _rank(word: Word) -> tuple[object, ...]:
    """The later word stands; of two that hold from the same instant, the one that says more."""
    furthest = stages.ORDER.index(word.means[-1]) if word.means else -1
    return word.at, furthest, word.task_status or "", word.business_status or "", word.reason or ""


def _stands(state: Request) -> Iterator[tuple[Side, Word]]:
    """What is known by what was done: our view, as we tell it; and that of a sender who took it back."""
    at = state.moved_at or state.requested_at
    if said := stages.position(state):
        yield "ours", _as_told(said, at)
    if state.status == "withdrawn":
        yield "sender", Word(task_status="cancelled", means=("over",), at=at)


def _as_told(said: str, at: datetime) -> Word:
    status, business = answers.STATUS[said]
    return Word(task_status=status, business_status=business, means=(stages.ours(status, business),), at=at)


def _fact(request: str, state: Request, side: Side, word: Word, partner: str | None = None) -> Fact:
    return Fact(view_of(request), ViewReported(record=state.record, side=side, partner=partner, **word.model_dump()))


def beside(facts: Sequence[Fact], world: World, now: datetime) -> list[Fact]:
    """What facts of a request are to the views that are known of it."""
    touched = dict.fromkeys(fact.subject for fact in facts if kind_of(fact.subject) == "request" and world[view_of(fact.subject)])
    return [said for request in touched for said in _moved(request, facts, world, now)]


def _moved(request: str, facts: Sequence[Fact], world: World, now: datetime) -> list[Fact]:
    views, before = world[view_of(request)], world[request]
    changes = [fact.data for fact in facts if fact.subject == request and isinstance(fact.data, Change)]
    after = before
    for change in changes:
        after = history.evolve(after, change)
    said = [_fact(request, after, side, word) for side, word in _follows(views, before, after, now)]
    if after.into:  # worked as another's: our view is what its sender is told of that one
        told = [fact.data for fact in facts if fact.subject == request and isinstance(fact.data, ReferralStatusChanged)]
        said += [_fact(request, after, "ours", _as_told(answers.state_of(one), now)) for one in told]
    return _with_agreement(views, said, now) if said else []


def _follows(views: Views, before: Request, after: Request, now: datetime) -> Iterator[tuple[Side, Word]]:
    """What was done moves a view; whoever spoke of another interval, or of what somebody else has now, has said nothing of this one."""
    stands, nothing = dict(_stands(after)), Word(at=now)
    if before.status != "withdrawn":
        yield from ((side, word) for side, word in stands.items() if word != getattr(views, side))
    if views.ours and stages.position(before) and "ours" not in stands:
        yield "ours", nothing
    if views.sender and after.interval != before.interval:
        yield "sender", nothing
    if views.receiver and after.receiver != before.receiver:
        yield "receiver", nothing


def _with_agreement(views: Views | None, said: list[Fact], now: datetime) -> list[Fact]:
    """What was told to differ, and does so no more after this."""
    after = views
    for fact in said:
        after = evolve(after, fact.data)  # type: ignore[arg-type]
    if views is None or views.owed is None or not views.differed or (after and after.apart):
        return said
    return [*said, Fact(said[0].subject, ViewsAgreed(agreed_at=now, next=nothing_left(views.owed)))]


def nothing_left(step: Owed) -> Next:
    return Next(owner=step.owner, action="none")


def evolve(views: Views | None, fact: Change) -> Views | None:
    """The views after a word of one side, and what was told of their difference."""
    match fact:
        case ViewReported():
            word = Word(**fact.model_dump(include=set(Word.model_fields)))
            known = views or Views(record=fact.record)
            anew = {"settled": False} if (was := getattr(known, fact.side)) is None or was.means != word.means else {}
            views = known.model_copy(update={fact.side: word, **anew})
        case ViewsDiffered() if views:
            views = views.model_copy(update={"differed": True})
        case ViewsAgreed() if views:
            views = views.model_copy(update={"differed": False})
        case ViewsSettled() if views:
            views = views.model_copy(update={"differed": False, "settled": True})
    return views.model_copy(update={"owed": told_late(owed(views.owed, fact), fact)}) if views else None
