"""Deadlines that are due as soon as they are there: they pass within the batch that makes them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.kernel import Deadline, DeadlinePassed, Decision, Fact, Message, Route, World
from infra.due import DueLoop
from infra.settle import TURNS
from infra.store.memory import MemoryStore
from infra.store.port import Changes, Conflict
from tests.runtime.accounts import SERVICE, START, Bench, Credited, Opened, Reminded, account_of, asked

ONE, OTHER = {"number": "1"}, account_of("other")


def at_once(state: Any) -> Iterable[Deadline]:
    if state.remind_at:
        yield Deadline("remind", "account", START)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.settler.service = replace(SERVICE, deadlines=at_once)
    return made


def sweeper(bench: Bench) -> DueLoop:
    async def owned() -> range:
        return range(24)

    return DueLoop(bench.settler, bench.replayer, bench.clock, owned)


async def test_it_passes_in_the_same_transaction(bench: Bench) -> None:
    commits = []

    class Counting(MemoryStore):
        async def commit(self, changes: Changes) -> None:
            commits.append([fact.attributes["type"] for fact in changes.facts if fact.topic == SERVICE.topic])
            await super().commit(changes)

    bench.settler.store = Counting(bench.tables)
    assert await bench.take(asked(1, ONE)) == ["event"]
    assert commits == [[Opened.type, Credited.type, Reminded.type]]
    assert (bench.tables.aggregates[account_of("1")].due_at, bench.seen.late_s) == (None, [0.0])
    await sweeper(bench).sweep()
    assert bench.said("1").count(Reminded.type) == 1


async def test_one_that_stands_after_it_passed_does_not_pass_again(bench: Bench) -> None:
    bench.settler.service = replace(SERVICE, deadlines=lambda state: [Deadline("remind", "account", START)])
    await bench.take(asked(1, ONE))
    await sweeper(bench).sweep()
    await bench.take(asked(2, ONE))
    assert bench.said("1").count(Reminded.type) == 1


async def test_whom_it_concerns_beside_is_loaded_for_it(bench: Bench) -> None:
    await bench.take(asked(1, {"number": "other", "amount": 7}))

    def route(message: Message, blind: Any) -> Route:
        return Route((message.subject, OTHER)) if isinstance(message.data, DeadlinePassed) else SERVICE.route(message, blind)

    def decide(message: Message, world: World, now: Any) -> Decision:
        if not isinstance(message.data, DeadlinePassed):
            return SERVICE.decide(message, world, now)
        return [Fact(message.subject, Reminded()), Fact(OTHER, Credited(amount=world[OTHER].balance))]

    bench.settler.service = replace(SERVICE, deadlines=at_once, route=route, decide=decide)
    assert await bench.take(asked(2, ONE)) == ["event"]
    known = bench.state("other")
    assert known is not None and known.balance == 14


async def test_after_a_conflict_they_are_left_to_the_due_loop(bench: Bench) -> None:
    class Contended(MemoryStore):
        tries = 0

        async def commit(self, changes: Changes) -> None:
            self.tries += 1
            if self.tries == 1:
                raise Conflict
            await super().commit(changes)

    bench.settler.store = Contended(bench.tables)
    assert await bench.take(asked(1, ONE)) == ["event"]
    assert Reminded.type not in bench.said("1")
    await sweeper(bench).sweep()
    assert bench.said("1").count(Reminded.type) == 1


async def test_what_was_due_before_is_the_due_loops(bench: Bench) -> None:
    bench.settler.service = SERVICE
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(hours=2))
    await bench.take(asked(2, ONE))
    assert Reminded.type not in bench.said("1")
    await sweeper(bench).sweep()
    known = bench.state("1")
    assert known is not None and known.remind_at is None and bench.seen.late_s == [3600.0]


async def test_what_goes_on_and_on_is_left_to_the_due_loop_after_some_turns(bench: Bench) -> None:
    """Each that passes makes the next one."""

    def deadlines(state: Any) -> Iterable[Deadline]:
        if state.credits < 10:
            yield Deadline("again", str(state.credits), START)

    def decide(message: Message, world: World, now: Any) -> Decision:
        passed = isinstance(message.data, DeadlinePassed)
        return [Fact(message.subject, Credited(amount=1))] if passed else SERVICE.decide(message, world, now)

    bench.settler.service = replace(SERVICE, deadlines=deadlines, decide=decide)
    await bench.take(asked(1, ONE))
    known = bench.state("1")
    assert known is not None and known.credits == 1 + TURNS
    for _ in range(10):
        await sweeper(bench).sweep()
    known = bench.state("1")
    assert known is not None and known.credits == 10


async def test_the_same_instant_owed_again_within_a_batch_and_after_it_leads_to_facts_of_their_own(bench: Bench) -> None:
    """It passes, is owed again by what follows, passes in the next turn; and once more from the due loop."""

    def deadlines(state: Any) -> Iterable[Deadline]:
        if state.credits < 6:
            yield Deadline("odd" if state.credits % 2 else "even", "account", START)

    def decide(message: Message, world: World, now: Any) -> Decision:
        passed = isinstance(message.data, DeadlinePassed)
        return [Fact(message.subject, Credited(amount=1))] if passed else SERVICE.decide(message, world, now)

    bench.settler.service = replace(SERVICE, deadlines=deadlines, decide=decide)
    await bench.take(asked(1, ONE))
    for _ in range(6):
        await sweeper(bench).sweep()
    known = bench.state("1")
    ids = [row.id for row in bench.log.rows]
    identities = [row.attributes["id"] for row in bench.log.rows]
    assert known is not None and known.credits == 6 and len(set(ids)) == len(ids) and len(set(identities)) == len(ids)
