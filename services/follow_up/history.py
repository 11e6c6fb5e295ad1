"""What a plan becomes by each of its facts."""

from collections.abc import Callable
from typing import Any

from contracts.follow_up import Noted
from contracts.kernel import Change
from contracts.plans import (
    ContactAttempted,
    ContactLogged,
    FlagCleared,
    FlagRetracted,
    PlanAdjusted,
    PlanDischarged,
    PlanFlagged,
    PlanHandedOn,
    PlanKnown,
    PlanMoved,
    PlanOpened,
    PlanReviewed,
    PlanSuppressed,
    PlanUnknown,
    SeenElsewhere,
    SupervisorAsked,
    SuppressionEnded,
    VisitAttended,
    VisitBooked,
    VisitCancelled,
    VisitMissed,
    VisitMoved,
    VisitRetracted,
)
from services.follow_up import items
from services.follow_up.plan import DIED, Attempt, Booking, Missed, Plan, Sighted, Suppression

SETTLED_KEPT, SIGHTED_KEPT, ATTEMPTS_KEPT = 50, 20, 20
ADJUSTABLE = ("cadence_days", "books_visits", "covered_until", "tightened_until", "at_risk", "minor", "reviewed_at", "visit_by")
CALM = {"level": "ok", "signals": (), "flagged_at": None, "attempts": (), "outreach_at": None, "round_at": None, "asked_at": None}
Updates = dict[str, Any]
MINDED = (
    PlanOpened, VisitAttended, VisitRetracted, ContactLogged, PlanSuppressed, SuppressionEnded, PlanMoved, PlanHandedOn, PlanDischarged,
)  # fmt: skip
"""Facts that matter beyond the plan, and are told to whoever follows the person."""
VISITS = (VisitBooked, VisitMoved, VisitCancelled, VisitAttended, VisitMissed, VisitRetracted)
RECORDED = (*VISITS, ContactLogged, ContactAttempted, PlanAdjusted)
"""What a program records. A plan without any of it goes stale."""


def evolve(plan: Plan | None, fact: Change) -> Plan | None:
    """What the plan becomes."""
    if isinstance(fact, PlanOpened):
        named = {name: getattr(fact, name) for name in Plan.model_fields if name in PlanOpened.model_fields}
        return items.stepped(Plan(**named, recorded_at=fact.opened_at, news_at=fact.noted_at), fact)  # type: ignore[no-any-return]
    if plan is None:
        return None
    told = FOLDS.get(type(fact), _nothing)(plan, fact) | _noted(plan, fact)
    return items.stepped(plan.model_copy(update=told) if told else plan, fact)  # type: ignore[no-any-return]


def _noted(plan: Plan, fact: Change) -> Updates:
    at = fact.noted_at if isinstance(fact, Noted) else None
    news = {"news_at": items.later(at, plan.news_at)} if at and isinstance(fact, MINDED) else {}
    return news | ({"recorded_at": max(plan.recorded_at, at)} if at and isinstance(fact, RECORDED) else {})


def _nothing(plan: Plan, fact: Any) -> Updates:
    return {}


# — visits


def _booked(plan: Plan, fact: VisitBooked) -> Updates:
    booking = Booking(visit=fact.visit, starts_at=fact.starts_at, settle_by=fact.settle_by, kind=fact.kind, channel=fact.channel)
    return {"bookings": _sorted((*plan.bookings, booking)), "unbooked_since": None}


def _moved(plan: Plan, fact: VisitMoved) -> Updates:
    moved = {"starts_at": fact.starts_at, "settle_by": fact.settle_by}
    return {"bookings": _sorted(tuple(one.model_copy(update=moved) if one.visit == fact.visit else one for one in plan.bookings))}


def _sorted(bookings: tuple[Booking, ...]) -> tuple[Booking, ...]:
    return tuple(sorted(bookings, key=lambda one: (one.starts_at, one.visit)))


def _settled(plan: Plan, visit: str | None, end: str) -> Updates:
    """No longer booked; the end of the last visits is remembered, so that the same word again is no news."""
    if visit is None:
        return {}
    kept = {**{known: how for known, how in plan.settled.items() if known != visit}, visit: end}
    return {"bookings": tuple(one for one in plan.bookings if one.visit != visit), "settled": dict(list(kept.items())[-SETTLED_KEPT:])}


def _cancelled(plan: Plan, fact: VisitCancelled) -> Updates:
    """One that was said to be missed is not, once it is known to have been called off."""
    told = _settled(plan, fact.visit, "cancelled") | {"missed": tuple(one for one in plan.missed if one.visit != fact.visit)}
    return told | ({"unbooked_since": fact.at} if plan.visits and not told["bookings"] and not plan.unbooked_since else {})


def _missed(plan: Plan, fact: VisitMissed) -> Updates:
    """In a row: since the last attended visit."""
    told = _settled(plan, fact.visit, "missed")
    if plan.visits and not told["bookings"] and not plan.unbooked_since:
        told["unbooked_since"] = fact.at
    if plan.visited_at and fact.at <= plan.visited_at:
        return told
    anew = {"round_at": fact.at, "attempts": ()} if plan.is_expected_again else {}  # reached once and lost again
    return told | anew | {"missed": tuple(sorted((*plan.missed, Missed(visit=fact.visit, at=fact.at)), key=lambda one: one.at))}


def _attended(plan: Plan, fact: VisitAttended) -> Updates:
    told = _settled(plan, fact.visit, "attended")
    last = max(plan.visited_at or fact.at, fact.at)
    missed = tuple(one for one in plan.missed if one.at > last and one.visit != fact.visit)
    told |= {"visits": plan.visits + 1, "visited_at": last, "missed": missed, **_exchanged(plan, fact, visit=True)}
    booked = told.get("bookings", plan.bookings)
    told["unbooked_since"] = None if booked else last if plan.unbooked_since is None else max(plan.unbooked_since, last)
    if last == fact.at:
        told["telephone_evaluation"] = fact.kind == "evaluation" and fact.channel == "telephone"
    return told | ({"status": "active"} if plan.status == "enrolled" else {})


def _retracted(plan: Plan, fact: VisitRetracted) -> Updates:
    """As if they had not come, as far as is still known; visits that they missed before are not missed anew."""
    told = _settled(plan, fact.visit, "retracted")
    left = tuple(one for one in plan.sighted if one.at != fact.at)
    visits, last = max(plan.visits - 1, 0), max((one.at for one in left if one.visit), default=None)
    gone = tuple(one for one in plan.sighted if one not in left)
    told |= {"visits": visits, "sighted": left, "visited_at": last if visits else None, "unseen": (*plan.unseen, *gone)[-SIGHTED_KEPT:]}
    told |= {} if visits or plan.status == "ended" else {"status": "enrolled"}
    told["exchanged_at"] = fact.exchanged_at
    if plan.unbooked_since == fact.at:
        told["unbooked_since"] = last if visits and not told["bookings"] else None
    return told


def _exchanged(plan: Plan, fact: VisitAttended | ContactLogged, visit: bool = False) -> Updates:
    """Both sides were in touch. What began as outreach ends; a contact heard of late moves nothing forward."""
    sighted = sorted((*plan.sighted, Sighted(at=fact.at, visit=visit)), key=lambda one: one.at)[-SIGHTED_KEPT:]
    told: Updates = {"sighted": tuple(sighted), "unseen": tuple(one for one in plan.unseen if one.at != fact.at)}
    if plan.exchanged_at is None or fact.at > plan.exchanged_at:
        told["exchanged_at"] = fact.at
        left = tuple(one for one in plan.attempts if one.at > fact.at)
        told |= {"attempts": left, "asked_at": plan.asked_at if plan.asked_at and plan.asked_at > fact.at and left else None}
        told |= {"round_at": fact.at} if plan.round_at and fact.at > plan.round_at else {}
    return told


# — drifting away, and outreach


def _attempted(plan: Plan, fact: ContactAttempted) -> Updates:
    attempt = Attempt(at=fact.at, channel=fact.channel, part_of_day=fact.part_of_day)
    if plan.round_at is None or fact.at < plan.round_at:
        return {}
    attempts = sorted((*plan.attempts, attempt), key=lambda one: one.at)[-ATTEMPTS_KEPT:]
    return {"attempts": tuple(attempts), "outreach_at": min(plan.outreach_at or fact.at, fact.at)}


def _flagged(plan: Plan, fact: PlanFlagged) -> Updates:
    """A round of outreach begins when it is first needed."""
    told: Updates = {"level": fact.level, "signals": fact.signals, "flagged_at": fact.flagged_at}
    needed = plan.model_copy(update=told).needs_outreach
    return told | {"round_at": (plan.round_at or fact.noted_at) if needed else None}


def _suppressed(plan: Plan, fact: PlanSuppressed) -> Updates:
    others = tuple(one for one in plan.suppressions if one.kind != fact.kind)
    noted_at = fact.noted_at or fact.since
    now = Suppression(kind=fact.kind, since=fact.since, until=fact.until, by=fact.by, noted_at=noted_at)
    return {"suppressions": (*others, now)}


def _resumed(plan: Plan, fact: SuppressionEnded) -> Updates:
    """Silence counts anew from the end of what explained it."""
    left = tuple(one for one in plan.suppressions if one.kind != fact.kind)
    resumed: Updates = {"refuted_at": fact.at} if fact.kind == DIED else {"resumed_at": max(plan.resumed_at or fact.at, fact.at)}
    return {"suppressions": left, **({} if fact.why == "refuted" and fact.kind != DIED else resumed)}


def _reviewed(plan: Plan, fact: PlanReviewed) -> Updates:
    again = {"attempts": (), "asked_at": None, "round_at": fact.at}
    return again | {"accepted_until": fact.until if fact.decision == "accept-until" else None}


def _adjusted(plan: Plan, fact: PlanAdjusted) -> Updates:
    return {name: value for name in ADJUSTABLE if (value := getattr(fact, name)) is not None}


FOLDS: dict[type[Change], Callable[[Plan, Any], Updates]] = {
    VisitBooked: _booked,
    VisitMoved: _moved,
    VisitCancelled: _cancelled,
    VisitMissed: _missed,
    VisitAttended: _attended,
    VisitRetracted: _retracted,
    ContactLogged: _exchanged,
    ContactAttempted: _attempted,
    PlanFlagged: _flagged,
    FlagCleared: lambda plan, fact: dict(CALM),
    FlagRetracted: lambda plan, fact: dict(CALM),
    SupervisorAsked: lambda plan, fact: {"asked_at": fact.asked_at},
    PlanReviewed: _reviewed,
    PlanSuppressed: _suppressed,
    SuppressionEnded: _resumed,
    SeenElsewhere: lambda plan, fact: {"seen_elsewhere_at": fact.at},
    PlanUnknown: lambda plan, fact: {"silent_since": fact.silent_since, "checked_at": fact.checked_at},
    PlanKnown: lambda plan, fact: {"silent_since": None, "checked_at": None},
    PlanMoved: lambda plan, fact: {"person": fact.person},
    PlanHandedOn: lambda plan, fact: {"owner": fact.owner},
    PlanDischarged: lambda plan, fact: {"status": "ended", "bookings": (), "suppressions": (), **CALM},
    PlanAdjusted: _adjusted,
}
