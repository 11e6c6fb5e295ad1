"""Changes become facts here: each with who owes what after it, and a plan's with what they make of its signals."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts import members
from contracts.kernel import Change, Fact, kind_of
from services.follow_up import care, engagement, feeds, history, items, outreach, people, reported, transition
from services.follow_up.plan import Plan

EVOLVES: dict[str, Callable[[Any, Change], Any]] = {
    "care": care.evolve, "plan": history.evolve, "transition": transition.evolve,
    "client": people.client_evolve, "person": people.person_evolve, "feed": feeds.evolve, "feeds": feeds.network_evolve,
    reported.KIND: reported.evolve, "members": members.evolve,
}  # fmt: skip


def of(subject: str, kind: str) -> str:
    """`placement/0190…` and `care/0190…` are followed by `plan/0190…`."""
    return f"{kind}/{subject.partition('/')[2]}"


def noted(facts: Iterable[Fact], now: datetime) -> list[Fact]:
    return [Fact(fact.subject, fact.data.model_copy(update={"noted_at": now})) for fact in facts]


def told(subject: str, before: Any, changes: Iterable[Change], now: datetime, happened_at: datetime | None = None) -> list[Fact]:
    return items.told(subject, before, changes, EVOLVES[kind_of(subject)], now, happened_at)


def planned(
    subject: str, before: Plan, changes: Iterable[Change], now: datetime,
    happened_at: datetime | None = None, silent_since: datetime | None = None,
) -> list[Fact]:  # fmt: skip
    """These changes, and what they make of the signals: flagged, cleared, retracted, a supervisor asked."""
    plan: Any = before
    for change in (changes := list(changes)):
        plan = history.evolve(plan, change.model_copy(update={"noted_at": now}))
    found = engagement.judged(plan, now, happened_at, silent_since)
    for change in found:
        plan = history.evolve(plan, change.model_copy(update={"noted_at": now}))
    return told(subject, before, [*changes, *found, *outreach.used_up(plan, now)], now, happened_at)


def followed(subject: str, known: Any, changes: Iterable[Change], plan: Plan, now: datetime) -> list[Fact]:
    """What a plan's visits mean for its referral, in the same breath."""
    said = list(care.follow(known, changes, plan))
    happened_at = next((getattr(one, "started_at", None) for one in said if getattr(one, "started_at", None)), None)
    return told(subject, known, said, now, happened_at)


def labelled(facts: Iterable[Fact], sensitivity: str, consent: str | None) -> list[Fact]:
    """What is said because of a labelled word is labelled."""
    return [replace(fact, sensitivity=sensitivity, consent=consent or "") if sensitivity else fact for fact in facts]
