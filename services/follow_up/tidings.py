"""What is known of a person across the network, brought to one plan or one stay of theirs: only what is news there."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from contracts.kernel import Change, kind_of
from contracts.plans import PASSED_ON, PlanMoved, PlanSuppressed, SeenElsewhere, SuppressionEnded, SuppressionKind
from contracts.transitions import (
    DischargeReached,
    Involved,
    PersonSeen,
    SightingRetracted,
    TransitionEnded,
    TransitionMatched,
    TransitionMoved,
    TransitionSilenced,
)
from services.follow_up import outreach, reported
from services.follow_up.people import Person
from services.follow_up.plan import DIED, Plan
from services.follow_up.rules import clock
from services.follow_up.transition import Transition

STAYS: dict[str, SuppressionKind] = {
    "hospital": "in-hospital", "detox": "in-hospital", "crisis-unit": "in-hospital", "residential": "in-residential", "jail": "in-jail",
}  # fmt: skip
"""Which stays explain that somebody does not come. A visit to the ED, or a step-down inside the network, does not."""
READMITTED_TO = ("hospital", "detox", "crisis-unit")
STILL_COUNTED = ("linked", "declined")
"""Ends by a person's word, after which a visit or another acute stay is still known of the stay."""
READMITTED_WITHIN = timedelta(days=30)
Told = tuple[Change, datetime | None]
"""A change, and when it happened where that is known."""


def for_plan(id: str, plan: Plan, subject: str, person: Person, now: datetime) -> Iterator[Told]:
    """Whose plan it is, who else saw the person, stays that explain silence, a death."""
    if plan.person != subject:
        yield PlanMoved(person=subject, left=plan.person), None
    if plan.status == "ended":
        return
    yield from _death(plan, person, now)
    for stay in person.stays():
        yield from _stay(plan, stay, now)
    elsewhere = max((one.at for one in person.sightings if one.plan != id and not _is_own(one.plan, plan, person)), default=None)
    if elsewhere and (plan.seen_elsewhere_at is None or elsewhere > plan.seen_elsewhere_at):
        yield SeenElsewhere(at=elsewhere), None


def _is_own(seen_by: str, plan: Plan, person: Person) -> bool:
    """An appointment that the plan's own partner told of, and that is about to be counted in it."""
    told = person.involved.get(seen_by)
    if told is None or kind_of(seen_by) != reported.KIND or plan.partner is None or told.partner != plan.partner:
        return False
    return sum(one.partner == plan.partner for one in person.plans()) == 1


def _death(plan: Plan, person: Person, now: datetime) -> Iterator[Told]:
    known = person.died_noted_at if person.dead_since else None
    if known and person.dead_since and not plan.is_dead and (plan.refuted_at is None or plan.refuted_at < known):
        yield from ((change, None) for change in outreach.died(plan, now, person.dead_since, PASSED_ON))
    said = next((one for one in plan.suppressions if one.kind == DIED), None)
    if said and person.refuted_at and not person.dead_since and said.noted_at <= person.refuted_at:
        yield SuppressionEnded(kind=DIED, why="refuted", at=now, passed_on=True), None


def _stay(plan: Plan, stay: Involved, now: datetime) -> Iterator[Told]:
    """While the person is there, the plan waits; when they leave, it goes on from that day; if it never was, as if never told. A stay of
    which nobody said an end explains silence until it is to be looked at, and never again."""
    standing = next((one for one in plan.suppressions if one.by == stay.id), None)
    if standing and (not stay.open or not stay.kind):
        yield SuppressionEnded(kind=standing.kind, why="released" if stay.kind else "refuted", at=stay.until or standing.since), None
        return
    kind = STAYS.get(stay.kind)
    if kind is None or stay.since is None or standing or any(one.kind == kind for one in plan.suppressions):
        return
    counted_from = max(at for at in (plan.opened_at, plan.exchanged_at, plan.resumed_at) if at)
    until = stay.until or clock("suppression-review", stay.since).due_at
    if until > (now if stay.open else counted_from):
        yield PlanSuppressed(kind=kind, since=stay.since, until=until, by=stay.id), None
    if stay.until and stay.until > counted_from:
        yield SuppressionEnded(kind=kind, why="released", at=stay.until), None


def for_stay(id: str, stay: Transition, subject: str, person: Person) -> Iterator[Told]:
    """Whose it is, the plan whose desk owns it, contacts and visits after it, a readmission, a death."""
    if stay.person != subject:
        yield TransitionMoved(person=subject), None
    if stay.status == "ended":
        yield from _counted(id, stay, person) if stay.ended_how in STILL_COUNTED else ()
        return
    if (stay.dead_since is None) != (person.dead_since is None):
        yield TransitionSilenced(since=person.dead_since), None
    plan = next(iter(person.plans()), None)
    if plan and stay.plan is None:
        yield TransitionMatched(plan=plan.id, program=plan.program, owner=plan.owner, person=subject), None
    reached = _reached(stay, person)
    if reached and (stay.first_reached_at is None or reached < stay.first_reached_at):
        yield DischargeReached(at=reached), reached
    yield from _counted(id, stay, person)


def _reached(stay: Transition, person: Person) -> datetime | None:
    """The first contact or visit after it, anywhere."""
    return next((one.at for one in person.sightings if stay.discharged_at and one.at >= stay.discharged_at), None)


def _counted(id: str, stay: Transition, person: Person) -> Iterator[Told]:
    """What measures ask of a stay: the first visit after it, wherever it was, and whether the person was in an acute one again. An earlier
    visit, told later, corrects what was known."""
    visit = next((one for one in person.sightings if one.visit and stay.counts(one.at)), None)
    taken_back = {one.at for one in person.unseen} - {one.at for one in person.sightings}
    for at in sorted({at for at in (stay.seen_at, stay.first_reached_at) if at and at in taken_back}):
        yield SightingRetracted(at=at, reached_at=_reached(stay, person)), None
    if visit and (stay.seen_at is None or stay.seen_at in taken_back or visit.at < stay.seen_at):
        days = stay.days_after(visit.at)
        yield PersonSeen(at=visit.at, plan=visit.plan, within_7=days <= 7, within_30=days <= 30), visit.at
    if again := _readmitted(id, stay, person):
        yield TransitionEnded(how="readmitted", at=again, by="person"), again


def _readmitted(id: str, stay: Transition, person: Person) -> datetime | None:
    """Of acute stays in a row only the last discharge counts."""
    left = stay.discharged_at
    if left is None:
        return None
    later = (one.since for one in person.stays() if one.id != id and one.kind in READMITTED_TO and one.since)
    return min((since for since in later if left <= since <= left + READMITTED_WITHIN), default=None)
