"""Who is quietly dropping out. Every signal is an instant from which it holds, as far as we know now; a look at them at any time is
the same look, so that a deadline at each instant is all that watching takes, and late data corrects what was said.

Reasons are words with a date, never a score. The numbers are `THRESHOLDS`, our defaults.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from contracts.kernel import Change, Deadline
from contracts.plans import FlagCleared, FlagRetracted, Level, PlanFlagged, PlanKnown, PlanUnknown, Signal
from services.follow_up.plan import Plan

LEVELS: tuple[Level, ...] = ("ok", "watch", "stale", "lapsing", "review")
SIGNALS = "signals"
TIGHT_DAYS = 7
DAY = timedelta(days=1)
NO_CONTACT = "no-contact"
ABSENCE = (NO_CONTACT, "no-next-visit", "no-first-visit", "nothing-recorded", "treatment-gap")
"""Signals that silence makes: where the feed is silent too they say nothing of the person."""


class Thresholds(NamedTuple):
    """Of the ratio `days since the last contact / cadence`, and in days. Defaults of ours (`citation_status` default)."""

    version: str = "engagement@1"
    ratios: tuple[tuple[float, Level], ...] = ((1.5, "watch"), (2.0, "lapsing"), (3.0, "review"))
    ratio_least: float = 1.2
    early_factor: float = 0.8
    early_visits: int = 2
    review_days: int = 90
    review_cadence_days_max: int = 30
    unbooked_lapsing_days: int = 7
    gap_days: int = 7
    stale_cadences: float = 2.0


THRESHOLDS = Thresholds()


def rank(level: Level) -> int:
    return LEVELS.index(level)


def signals(plan: Plan) -> tuple[Signal, ...]:
    """Every signal of a plan with the instant from which it holds, if nothing else is heard."""
    found = (*_no_shows(plan), *_silence(plan), *_unbooked(plan), *_not_begun(plan), *_gap(plan), *_stale(plan))
    return tuple(Signal(code=code, level=level, since=since) for code, level, since in found)


Found = Iterator[tuple[str, Level, datetime]]


def _no_shows(plan: Plan) -> Found:
    """One missed visit: look. Two in a row: lapsing."""
    levels: tuple[Level, Level] = ("watch", "lapsing")
    for missed, level in zip(plan.missed, levels, strict=False):
        yield ("no-show" if level == "watch" else "no-shows", level, missed.at)


def _silence(plan: Plan) -> Found:
    """Days since the last contact over the cadence; sooner with newcomers. Not while a visit within one cadence is booked."""
    for level, at in _distances(plan):
        counted = max(at, plan.accepted_until or at) if level == "review" else at
        yield from ((NO_CONTACT, level, since) for since in _unwaited(plan, counted))


def _distances(plan: Plan) -> Iterator[tuple[Level, datetime]]:
    """When it will be how long since the last contact."""
    if plan.exchanged_at is None:
        return
    start = max(plan.exchanged_at, plan.resumed_at or plan.exchanged_at)
    early = plan.visits < THRESHOLDS.early_visits
    for ratio, level in THRESHOLDS.ratios:
        ratio = max(ratio * THRESHOLDS.early_factor, THRESHOLDS.ratio_least) if early else ratio
        yield level, _after(plan, start, ratio)
    if plan.cadence_days <= THRESHOLDS.review_cadence_days_max:
        yield "review", start + THRESHOLDS.review_days * DAY


def _after(plan: Plan, start: datetime, ratio: float) -> datetime:
    """So many cadences later. While the cadence is tightened, after a crisis, so many of the tighter one."""
    tight = start + ratio * min(plan.cadence_days, TIGHT_DAYS) * DAY
    if plan.tightened_until and tight <= plan.tightened_until:
        return tight
    return start + ratio * plan.cadence_days * DAY


def _waits(plan: Plan) -> list[tuple[datetime, datetime]]:
    """A booked visit is waited for, from one cadence before it until it must be known whether it was kept."""
    return [(booking.starts_at - plan.cadence_days * DAY, booking.settle_by) for booking in plan.bookings]


def _is_waited(plan: Plan, at: datetime) -> bool:
    return any(begin <= at < end for begin, end in _waits(plan))


def _unwaited(plan: Plan, at: datetime) -> Iterator[datetime]:
    """When silence that has lasted until then begins to speak, and speaks again once a visit that was waited for is over."""
    ends = sorted(end for _, end in _waits(plan) if end > at)
    return (one for one in (at, *ends) if not _is_waited(plan, one))


def _unbooked(plan: Plan) -> Found:
    """After a visit without another one booked, where the program books."""
    if plan.books_visits and plan.unbooked_since:
        since = max(plan.unbooked_since, plan.resumed_at or plan.unbooked_since)
        yield "no-next-visit", "watch", since
        yield "no-next-visit", "lapsing", since + THRESHOLDS.unbooked_lapsing_days * DAY


def _not_begun(plan: Plan) -> Found:
    """Accepted, and no first visit by its date. A first visit that is booked is waited for."""
    if not plan.visits:
        yield "no-first-visit", "lapsing", max([plan.visit_by, *(booking.settle_by for booking in plan.bookings)])


def _gap(plan: Plan) -> Found:
    """Prescribed treatment for opioid use disorder has run out."""
    if plan.covered_until:
        yield "treatment-gap", "lapsing", plan.covered_until + THRESHOLDS.gap_days * DAY


def _stale(plan: Plan) -> Found:
    """Nothing at all was recorded, and no visit that is booked is still to come."""
    last = max(plan.recorded_at, plan.resumed_at or plan.recorded_at)
    over = last + THRESHOLDS.stale_cadences * plan.cadence_days * DAY
    yield "nothing-recorded", "stale", max([over, *(booking.settle_by for booking in plan.bookings)])


class Reading(NamedTuple):
    """What a plan looks like at an instant."""

    level: Level
    signals: tuple[Signal, ...]


def reading(plan: Plan, now: datetime) -> Reading:
    """The signals that hold, one a code, and the highest level among them."""
    held: dict[str, Signal] = {}
    hidden = NO_CONTACT if _is_waited(plan, now) else None
    for signal in signals(plan):
        if (
            signal.since <= now
            and signal.code != hidden
            and rank(signal.level) >= rank(held[signal.code].level if signal.code in held else "ok")
        ):
            held[signal.code] = signal
    return Reading(max((signal.level for signal in held.values()), key=rank, default="ok"), tuple(held.values()))


def judged(plan: Plan, now: datetime, happened_at: datetime | None = None, silent_since: datetime | None = None) -> list[Change]:
    """What there is to say of a plan now that was not said yet. `happened_at` is of the contact that was just recorded."""
    if plan.status == "ended" or plan.suppressions:
        return _hidden(plan)
    level, held = reading(plan, now)
    if (level, {s.code for s in held}) == (plan.level, {s.code for s in plan.signals}):
        return [PlanKnown()] if plan.silent_since and silent_since is None and level == "ok" else []
    if silent_since and rank(level) > rank(plan.level) and _only_silence(held, silent_since):
        return [PlanUnknown(silent_since=silent_since, checked_at=now)]
    known: list[Change] = [PlanKnown()] if plan.silent_since else []
    if level == "ok":
        return [*known, _over(plan, happened_at)]
    return [*known, _flagged(plan, level, held, now)]


def _only_silence(held: tuple[Signal, ...], silent_since: datetime) -> bool:
    """Nothing speaks of the person but silence that fell while the feed was silent."""
    return all(signal.code in ABSENCE and signal.since >= silent_since for signal in held)


def _hidden(plan: Plan) -> list[Change]:
    known: list[Change] = [PlanKnown()] if plan.silent_since else []
    if plan.level == "ok":
        return known
    return [*known, FlagCleared(why="suppressed", level=plan.level, outreach_at=plan.outreach_at)]


def _over(plan: Plan, happened_at: datetime | None) -> Change:
    """They came back; or what came late shows that it never was so; or what was missing is there."""
    is_contact = happened_at is not None and happened_at == plan.exchanged_at
    if is_contact and plan.flagged_at and plan.exchanged_at and plan.exchanged_at <= plan.flagged_at:
        return FlagRetracted(level=plan.level, flagged_at=plan.flagged_at)
    returned = plan.exchanged_at if is_contact else None
    return FlagCleared(why="returned" if returned else "settled", level=plan.level, outreach_at=plan.outreach_at, returned_at=returned)


def _flagged(plan: Plan, level: Level, held: tuple[Signal, ...], now: datetime) -> PlanFlagged:
    return PlanFlagged(
        level=level, signals=held, flagged_at=plan.flagged_at or now, early_phase=plan.visits < THRESHOLDS.early_visits,
        cadence_days=plan.cadence_days, exchanged_at=plan.exchanged_at, seen_elsewhere_at=plan.seen_elsewhere_at,
        thresholds=THRESHOLDS.version,
    )  # fmt: skip


def instants(plan: Plan, feed: str) -> Iterator[Deadline]:
    """When to look: whenever a signal begins to hold, or a visit comes near that is waited for; and daily while the feed is silent."""
    if plan.status == "ended" or plan.suppressions:
        return
    found = signals(plan)
    silent = min((signal.since for signal in found if signal.code == NO_CONTACT), default=None)
    hides = {begin for begin, _ in _waits(plan) if silent and silent < begin}
    for at in sorted(hides | {signal.since for signal in found}):
        yield Deadline(SIGNALS, feed, at)
    if plan.checked_at:
        yield Deadline(SIGNALS, feed, plan.checked_at + DAY)
