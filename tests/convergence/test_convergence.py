"""Topics are told in any interleaving, repeated and late: the state at the end is the one of the order in which it happened.

Through the real settling: watermarks drop what came before, messages that come before their cause are kept, deadlines fire meanwhile.
An order is kept only where it is promised: within one aggregate of one topic. What a state says of *when we heard* differs, of course;
everything else is the same.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.kernel import kind_of
from infra.clock import ManualClock
from infra.service import Service
from infra.store.memory import Tables
from services.authorization import care
from services.authorization.app import SERVICE as AUTHORIZATION
from services.crisis_routing.app import SERVICE as CRISIS_ROUTING
from services.follow_up import placed
from services.follow_up.app import SERVICE as FOLLOW_UP
from tests.authorization import stories as payers
from tests.convergence import lives
from tests.convergence.lives import DAY, NINE, Life
from tests.instance import Instance

HEARD = {
    "noted_at", "news_at", "recorded_at", "checked_at", "died_noted_at", "refuted_at", "flagged_at", "round_at", "asked_at", "since",
    "sought_since", "due", "owes", "steps", "overdue", "told", "silent_since", "at_risk_since",
}  # fmt: skip
"""When something was heard, flagged, asked or sought, which is not what happened; and the lateness that came of it."""
FIRST = {"transition": {"plan", "program", "owner"}, "episode": {"contact", "partner", "record", "contacted_at", "owed.counts_from"}}
"""Whoever was known first answers for a stay, since ownership moves by acceptance only; whichever call came first opened the crisis, and
its first clock counts from it."""
DELAYS = st.sampled_from([timedelta(), timedelta(), timedelta(seconds=1), timedelta(minutes=3), timedelta(hours=11)])
ROUNDS_MAX = 1_000
BEGIN, END = NINE + 11 * DAY, NINE + 200 * DAY
"""Everything has happened when the first of it is heard; by the end all of it was heard, and every clock has run out."""
BREATH = timedelta(seconds=1)
"""No two messages are of one instant."""
Order = list[tuple[int, bool, timedelta]]
"""Which source speaks next, whether it repeats an old word instead, and how long everybody waits before."""
orders = st.lists(st.tuples(st.integers(0, 20), st.booleans(), DELAYS), max_size=40)


def told(service: Service, life: Life, order: Order) -> dict[str, Any]:
    """The states after all of it, in this order; what the order leaves out is told at the end."""
    return asyncio.run(_told(service, life, order))


async def _told(service: Service, life: Life, order: Order) -> dict[str, Any]:
    one = Instance(service, Tables(), ManualClock(BEGIN))
    await _before(one, life)
    heard = [0] * len(life)
    for place, again, delay in (*order, *((place, False, timedelta()) for place in happened(life))):
        place %= len(life)
        one.clock.advance(delay + BREATH)
        await _sweeps(one)
        number = heard[place] if again and heard[place] else heard[place] + 1
        if number <= len(life[place].facts):
            await _hears(one, life, place, number)
            heard[place] = max(heard[place], number)
    for until in (one.clock.now(), END):
        for breath in range(9):
            one.clock.advance(until + breath * BREATH - one.clock.now())
            await _sweeps(one)
    assert [failure.error for failure in one.seen.failures] == []
    return {subject: state for subject in one.tables.aggregates if (state := one.state(subject)) is not None}


def happened(life: Life) -> list[int]:
    """Which source spoke when: the order in which it was so."""
    spoke = [(at, place, number) for place, source in enumerate(life) for number, (at, _) in enumerate(source.facts)]
    return [place for _, place, _ in sorted(spoke)]


async def _hears(one: Instance, life: Life, place: int, number: int) -> None:
    source = life[place]
    at, fact = source.facts[number - 1]
    await one.hear(source.topic, source.subject, number, fact, at)


async def _sweeps(one: Instance) -> None:
    """Until nothing is due any more."""
    for _ in range(ROUNDS_MAX):
        if not any(row.due_at and row.due_at <= one.clock.now() for row in one.tables.aggregates.values()):
            return
        await one.sweep()
    raise AssertionError("it never comes to rest")


async def _before(one: Instance, life: Life) -> None:
    """What people had set up: payers' tables and coverage; and, where a payer answers, the submission that it answers."""
    if one.service is not AUTHORIZATION:
        return
    await one.ask(payers.TABLES, "staff/platform", payers.REQUIREMENTS, "tables")
    await one.ask(payers.COVERED, payers.ANA, payers.COVERAGE, "coverage")
    if any(source.subject.startswith("exchange/") for source in life):
        await _hears(one, life, next(place for place, source in enumerate(life) if source.subject == payers.PLACEMENT), 1)
        asked = await one.ask(
            payers.SubmitAuthorization(diagnosis=payers.Personal("F33.1")), payers.ANA, payers.AUTHORIZATION, lives.SUBMITTED
        )
        assert asked.kind == "event", asked


def essence(value: Any, less: frozenset[str] = frozenset()) -> Any:
    """Without when it was heard, and without the order in which it came."""
    match value:
        case dict():
            less |= FIRST["transition"] if str(value.get("id")).startswith("transition/") else set()
            kept = {name: list(inner) if name == "risks" else inner for name, inner in value.items() if name not in HEARD | less}
            return {name: essence(inner, _within(less, name)) for name, inner in kept.items()}
        case list() | tuple():
            return sorted((essence(inner) for inner in value), key=repr)
    return value


def _within(less: frozenset[str], name: str) -> frozenset[str]:
    """`owed.counts_from` is `counts_from` within `owed`."""
    return frozenset(one.removeprefix(f"{name}.") for one in less if one.startswith(f"{name}."))


def said(states: dict[str, Any]) -> dict[str, Any]:
    """By aggregate; a crisis by whose it is, as its own name is that of the call that happened to come first."""
    names = {subject: f"episode of {state.person}" for subject, state in states.items() if kind_of(subject) == "episode"}
    found = {}
    for subject, state in states.items():
        less = frozenset(FIRST.get(kind_of(subject), ()))
        found[names.get(subject, subject)] = essence(_renamed(state.model_dump(mode="json"), names), less)
    return found


def _renamed(value: Any, names: dict[str, str]) -> Any:
    match value:
        case dict():
            return {_renamed(name, names): _renamed(inner, names) for name, inner in value.items()}
        case list():
            return [_renamed(inner, names) for inner in value]
        case str():
            return names.get(value, value)
    return value


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Every leaf that is not the same, in words."""
    match one, other:
        case dict(), dict():
            for name in sorted({*one, *other}):
                yield from differences(one.get(name), other.get(name), f"{at}.{name}" if at else name)
        case list(), list() if len(one) == len(other):
            for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
                yield from differences(mine, theirs, f"{at}[{place}]")
        case _:
            if one != other:
                yield f"{at}: {one}, in order {other}"


def converges(service: Service, life: Life, order: Order) -> list[str]:
    return list(differences(said(told(service, life, order)), said(told(service, life, []))))


@pytest.mark.parametrize("name", lives.AUTHORIZATION)
@settings(max_examples=25)
@given(order=orders)
def test_authorization_converges(name, order):
    assert converges(AUTHORIZATION, lives.AUTHORIZATION[name], order) == []


@pytest.mark.parametrize("name", lives.CRISIS)
@settings(max_examples=25)
@given(order=orders)
def test_crisis_routing_converges(name, order):
    assert converges(CRISIS_ROUTING, lives.CRISIS[name], order) == []


@pytest.mark.parametrize("name", lives.FOLLOW_UP)
@settings(max_examples=25)
@given(order=orders)
def test_follow_up_converges(name, order):
    assert converges(FOLLOW_UP, lives.FOLLOW_UP[name], order) == []


@pytest.mark.parametrize(
    ("module", "mistake", "life"),
    [(placed, "_was_accepted", "one person in two programs, by two records that turn out to be one"),
     (care, "made_up", "a payer answers line by line while visits are booked and the referral ends")],
)  # fmt: skip
def test_a_service_that_forgets_what_came_before_its_cause_is_found(monkeypatch, module, mistake, life):
    """A hand-off told before the record of the person; a visit told before the payer's yes."""
    monkeypatch.setattr(module, mistake, lambda *_: ())
    service, known = (FOLLOW_UP, lives.FOLLOW_UP) if module is placed else (AUTHORIZATION, lives.AUTHORIZATION)
    early = next(place for place, one in enumerate(known[life]) if one.subject in ("placement/1" if module is placed else "plan/1"))
    assert converges(service, known[life], [(early, False, timedelta())] * 5)
