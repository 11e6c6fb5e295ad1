"""Measures over facts, as they were known at an instant: each opens to its cases, and to those that can still be saved.

Pure: facts go in, numbers come out. They are *operational* versions, made to act on and not to report with; what a measure leaves
out it says (I-SERV leaves out whom nobody ever evaluated, so their number stands beside it).
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Literal

from contracts.follow_up import CareEnded, CareOpened, Noted, OutcomeReported
from contracts.kernel import Change
from contracts.measures import Mean, Rate, mean_of
from contracts.partners import AgeBand, AgeGroup, Problem, StayKind
from contracts.plans import (
    ContactAttempted,
    ContactLogged,
    FlagCleared,
    FlagRetracted,
    PlanMoved,
    PlanOpened,
    VisitAttended,
    VisitRetracted,
)
from infra.calendar import Hours
from services.follow_up import history, transition
from services.follow_up.plan import Plan
from services.follow_up.rules import RULES
from services.follow_up.transition import Transition

DAY = timedelta(days=1)
RETURNED_WITHIN = 15 * DAY
NEW_AFTER_MONTHS = 6
"""I-SERV is of new clients: whoever was served in the six months before is none."""
CONTACTS_LEFT_OUT = 30 * DAY
"""I-SERV leaves out whoever came in the last days: there was no time to see them yet."""
SERVED_BY: tuple[Literal["evaluation", "service"], ...] = ("evaluation", "service")
BANDS: tuple[AgeBand | None, ...] = (None, "12-17", "18-and-over")
"""I-SERV of all, and by the ages that it reports apart."""
TOO_YOUNG_FOR_SERVICES: AgeBand = "under-12"
KINDS = ("care", "plan", "transition")
FOLLOW_UP_DAYS: tuple[Literal[7, 30], ...] = (7, 30)
TOO_YOUNG_FOR: Mapping[str, tuple[AgeGroup, ...]] = {"mental-health": ("under-6",), "substance-use": ("under-6", "6-12")}
"""FUH and FUM from six years, FUI and FUA from thirteen."""
INPATIENT: tuple[StayKind, ...] = ("hospital", "detox", "residential")
FOLLOW_UPS: Mapping[str, tuple[tuple[StayKind, ...], Problem]] = {
    "FUH": (("hospital",), "mental-health"),
    "FUI": (INPATIENT, "substance-use"),
    "FUM": (("ed",), "mental-health"),
    "FUA": (("ed",), "substance-use"),
}
Known = Mapping[str, list[Noted]]
"""Facts by aggregate, in their order."""


def known_at(facts: Iterable[tuple[str, Any]], as_of: datetime) -> Known:
    """What had been noted by then, whenever it happened."""
    known: dict[str, list[Noted]] = defaultdict(list)
    for subject, fact in facts:
        if isinstance(fact, Noted) and fact.noted_at and fact.noted_at <= as_of:
            known[subject].append(fact)
    return known


def follow_up(name: str, days: Literal[7, 30], known: Known, as_of: datetime) -> Rate:
    """FUH, FUI, FUM or FUA: a visit within so many days of the discharge. Of acute stays in a row only the last discharge counts."""
    kinds, problem = FOLLOW_UPS[name]
    met, missed, still = list[str](), list[str](), list[str]()
    for subject, stay in _stays(known):
        if stay.discharged_at is None or stay.kind not in kinds or stay.problem != problem or stay.group in TOO_YOUNG_FOR[problem]:
            continue
        if stay.ended_how in ("readmitted", "cancelled", "died", "transferred"):
            continue
        if stay.seen_at and stay.days_after(stay.seen_at) <= days:
            met.append(subject)
        else:
            (still if stay.seen_at is None and stay.days_after(as_of) <= days else missed).append(subject)
    return Rate(f"{name}-{days}", tuple(met), tuple(missed), tuple(still))


def _stays(known: Known) -> Iterator[tuple[str, Transition]]:
    for subject, facts in known.items():
        if subject.startswith("transition/"):
            state: Transition | None = None
            for fact in facts:
                state = transition.evolve(state, fact)
            if state:
                yield subject, state


def returned(known: Known, as_of: datetime) -> Rate:
    """Who came back within fifteen days of the first outreach, round by round: by a contact or a visit, whatever it left to be done."""
    met, missed, still = list[str](), list[str](), list[str]()
    for subject, facts in known.items():
        for first, back in _rounds(facts) if subject.startswith("plan/") else ():
            in_time = (back or as_of) - first <= RETURNED_WITHIN
            (missed if not in_time else met if back else still).append(subject)
    return Rate("returned-within-15-days", tuple(met), tuple(missed), tuple(still))


def _rounds(facts: Iterable[Noted]) -> Iterator[tuple[datetime, datetime | None]]:
    """The first outreach of each round, and the contact that ended it. What was no drifting away after all was no round."""
    plan: Plan | None = None
    first: datetime | None = None
    for fact in facts:
        is_newest = isinstance(fact, ContactLogged | VisitAttended) and plan and (plan.exchanged_at is None or fact.at > plan.exchanged_at)
        if isinstance(fact, ContactAttempted) and plan and plan.round_at and fact.at >= plan.round_at:
            first = min(first or fact.at, fact.at)
        elif first and is_newest and isinstance(fact, ContactLogged | VisitAttended):
            if fact.at > first:
                yield first, fact.at
            first = None
        elif isinstance(fact, FlagRetracted) or (isinstance(fact, FlagCleared) and fact.why == "suppressed"):
            first = None
        plan = history.evolve(plan, fact)
    if first:
        yield first, None


def time_to(
    kind: Literal["evaluation", "service"], known: Known, hours: Hours, since: datetime, band: AgeBand | None = None
) -> Mean:  # fmt: skip
    """I-SERV: mean business days from the first contact to the initial evaluation, or the initial service.

    First contact is the earlier of the request and the first two-way exchange. Contacts after `since` (thirty days before the end of
    the period) are left out, and so is whom nobody ever evaluated. Only who is new counts: not served in the six months before, in any
    program that is seen here, and twelve years old when they asked: whoever is known to be younger is left out, and whose age nobody told
    is counted, in no `band` of ages.
    """
    lengths, cases, never, served = list[float](), list[str](), list[str](), _served(known)
    for subject, facts in known.items():
        opened = next((fact for fact in facts if isinstance(fact, CareOpened)), None)
        if opened is None or opened.age_band == TOO_YOUNG_FOR_SERVICES or band not in (None, opened.age_band):
            continue
        told = known.get(subject.replace("care/", "plan/", 1), [])
        first = min(_first_contacts(opened, told))
        if first > since or any(_half_a_year_before(first) <= at < first for at in served[_person(told) or subject]):
            continue
        came = attended(told)
        if not any(fact.kind == "evaluation" for fact in came):
            never.append(subject)
        elif reached := [fact.at for fact in came if fact.kind == kind]:
            lengths.append(business_days(hours, first, min(reached)))
            cases.append(subject)
    return Mean(f"I-SERV {kind} {band or ''}".rstrip(), mean_of(lengths), "business days", tuple(cases), tuple(never))


def _served(known: Known) -> Mapping[str, list[datetime]]:
    """When each person had a visit, in any plan of theirs."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for subject, facts in known.items():
        if subject.startswith("plan/"):
            found[_person(facts) or subject] += [fact.at for fact in attended(facts)]
    return found


def _half_a_year_before(at: datetime) -> datetime:
    """The same day six months earlier, or the last one of that month."""
    month = at.year * 12 + at.month - 1 - NEW_AFTER_MONTHS
    last = monthrange(month // 12, month % 12 + 1)[1]
    return at.replace(year=month // 12, month=month % 12 + 1, day=min(at.day, last))


def _person(plan: Iterable[Noted]) -> str | None:
    """Whose plan it is, as its last word on that says."""
    return next((fact.person for fact in reversed(list(plan)) if isinstance(fact, PlanOpened | PlanMoved)), None)


def closed_loop(known: Known) -> Iterator[Rate]:
    """Referrals of which the program said what came of them: verified by a visit that was recorded here, and merely asserted, apart.
    What ended without a word is missed in both; care that goes on is open."""
    told: dict[str, str] = {}
    for subject, facts in known.items():
        for fact in facts if subject.startswith("care/") else ():
            match fact:
                case CareOpened():
                    told[subject] = "open"
                case OutcomeReported():
                    told[subject] = "verified" if fact.verified else "asserted"
                case CareEnded() if told.get(subject) == "open":
                    told[subject] = "unsaid"
    for how in ("verified", "asserted"):
        by = {end: tuple(subject for subject, said in told.items() if said == end) for end in ("verified", "asserted", "unsaid", "open")}
        missed = tuple(subject for end in ("verified", "asserted", "unsaid") if end != how for subject in by[end])
        yield Rate(f"closed-loop {how}", by[how], missed, by["open"])


def measures(said: Iterable[tuple[str, Change]], as_of: datetime) -> Iterator[Rate | Mean]:
    """All of them, as they were known then."""
    known = known_at(said, as_of)
    for name in FOLLOW_UPS:
        yield from (follow_up(name, days, known, as_of) for days in FOLLOW_UP_DAYS)
    yield returned(known, as_of)
    yield from closed_loop(known)
    for kind, band in product(SERVED_BY, BANDS):
        yield time_to(kind, known, RULES.hours, as_of - CONTACTS_LEFT_OUT, band)


def _first_contacts(opened: CareOpened, told: Sequence[Noted]) -> Iterator[datetime]:
    yield opened.requested_at or opened.accepted_at
    yield from (fact.at for fact in told if isinstance(fact, ContactLogged))
    yield from (fact.at for fact in attended(told))


def attended(told: Iterable[Noted]) -> list[VisitAttended]:
    """Visits to which the person came, less those that were taken back."""
    found: list[VisitAttended] = []
    for fact in told:
        if isinstance(fact, VisitAttended):
            found.append(fact)
        elif isinstance(fact, VisitRetracted):
            found = [one for one in found if (one.visit or one.at.isoformat(), one.at) != (fact.visit, fact.at)]
    return found


def business_days(hours: Hours, begin: datetime, end: datetime) -> int:
    """Days on which the network was open, after the first one and up to the last one."""
    first, last = (instant.astimezone(hours.tzinfo).date() for instant in (begin, end))
    days = (first + timedelta(days=offset) for offset in range(1, (last - first).days + 1))
    return sum(1 for day in days if hours.openings(day))
