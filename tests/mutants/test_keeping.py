"""Corners of keeping, marking and sweeping that the simulation meets too seldom to rely on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from contracts.kernel import Message, Route
from infra.due import DueLoop
from infra.passing import deadline_item
from infra.store import Unavailable
from infra.store.memory import MemoryStore
from infra.upkeep import Upkeep
from tests.runtime.accounts import Bench, Credited, Opened, Reminded, account_of, asked, heard

ONE = {"number": "1", "amount": 5}
BOMB = {"number": "1", "amount": 666}


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    return made


def sweeper(bench: Bench, *parts: int) -> DueLoop:
    async def owned() -> tuple[int, ...]:
        return parts or tuple(range(24))

    return DueLoop(bench.settler, bench.replayer, bench.clock, owned)


def types(bench: Bench) -> Iterator[str]:
    return (row.attributes["type"] for row in bench.log.rows)


async def test_what_is_quarantined_again_is_told_again_as_a_fact_of_its_own(bench: Bench) -> None:
    await bench.take(asked(1, {"verdict": "quarantine", "number": "1"}))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    steward = Upkeep(bench.settler, bench.replayer, "staff/7")
    await steward.replay(name)
    await steward.replay(name, orjson.dumps([{"number": "1", "amount": -1}]))
    answers = [row for row in bench.log.rows if row.topic == "out"]
    assert [orjson.loads(row.data)["verdict"] for row in answers] == ["quarantine", "quarantine", "return"]
    assert len({row.attributes["id"] for row in bench.log.rows}) == len(bench.log.rows)


async def test_a_kept_message_that_comes_twice_in_a_batch_is_kept_once(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, BOMB))
    assert await bench.take(asked(3, ONE, id="same"), asked(4, ONE, id="same")) == ["parked", "duplicate"]
    assert len(bench.tables.aggregates[account_of("1")].kept) == 2


async def test_a_bad_entry_that_comes_twice_in_a_batch_is_quarantined_once(bench: Bench) -> None:
    bad = {"verdict": "quarantine", "number": "1"}
    assert await bench.take(asked(1, bad, id="same"), asked(2, bad, id="same")) == ["quarantined", "duplicate"]
    assert list(types(bench)).count("input.quarantined.v1") == 1


async def test_a_released_message_does_not_overtake_an_early_one_of_its_source(bench: Bench) -> None:
    to = account_of("1")
    await bench.take(heard("other/1", 1, Credited(amount=1, to=to)), asked(1, BOMB), heard("other/1", 2, Credited(amount=2, to=to)))
    kept = await bench.replayer.kept([to])
    assert [item.was for item in kept] == ["early", "parked", "parked"]
    early, bomb, late = kept
    bomb.message = replace(bomb.message, data=bomb.message.data.model_copy(update={"amount": 6}))
    assert [outcome.kind for outcome in await bench.settler.settle([early])] == ["early"]
    assert [outcome.kind for outcome in await bench.settler.settle([bomb, late])] == ["event", "early"]
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(to)
    await sweeper(bench).sweep()
    amounts = [orjson.loads(row.data).get("amount") for row in bench.log.rows if row.attributes["type"] == Credited.type]
    assert (amounts, bench.tables.aggregates[to].kept) == ([6, 1, 2], ())


async def test_an_aggregate_is_not_released_while_a_message_waits_in_it_for_a_person(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, BOMB))
    steward = Upkeep(bench.settler, bench.replayer, "staff/7")
    steward.replayer.kept = nothing_kept  # type: ignore[method-assign]
    await steward.release(account_of("1"))
    assert bench.tables.aggregates[account_of("1")].parked
    assert "aggregate.released.v1" not in types(bench)


async def nothing_kept(subjects: object) -> list[object]:
    """Somebody looked before the message was kept."""
    return []


async def test_a_release_of_what_is_not_parked_says_nothing(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(account_of("1"))
    assert "aggregate.released.v1" not in types(bench)


async def test_an_aggregate_parked_by_a_deadline_can_be_released(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    service, bench.settler.service = bench.settler.service, replace(bench.settler.service, decide=undecidable)
    bench.clock.advance(timedelta(hours=2))
    await sweeper(bench).sweep()
    bench.settler.service = service
    assert bench.tables.aggregates[account_of("1")].parked
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(account_of("1"))
    assert not bench.tables.aggregates[account_of("1")].parked
    assert list(types(bench))[-2:] == ["aggregate.released.v1", Reminded.type]


def undecidable(message: Message, world: object, now: object) -> list[object]:
    raise ArithmeticError


async def test_what_is_overdue_is_told_once_although_a_receipt_was_read_too_soon(bench: Bench) -> None:
    await bench.take(heard("other/1", 1, Credited(amount=1, to=account_of("1"))))
    bench.clock.advance(timedelta(minutes=20))
    before = dict(bench.tables.receipts)
    await sweeper(bench).sweep()

    class Behind(MemoryStore):
        async def receipts(self, ids):  # type: ignore[no-untyped-def]
            return {id: before[id] for id in ids}

    bench.settler.store = Behind(bench.tables)
    await bench.settler.settle(await bench.replayer.kept([account_of("1")]))
    assert list(types(bench)).count("message.overdue.v1") == 1


async def test_a_deadline_that_fired_meanwhile_is_disarmed(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    at = bench.state("1").remind_at
    bench.clock.advance(timedelta(hours=2))
    items = [deadline_item(account_of("1"), "1", "remind", "account", at) for _ in range(2)]
    assert [outcome.kind for outcome in await bench.settler.settle(items)] == ["event", "nothing"]
    assert list(types(bench)).count(Reminded.type) == 1


async def test_a_deadline_that_changes_nothing_is_not_swept_again(bench: Bench) -> None:
    await bench.take(asked(1, {"number": "1", "amount": 13}))
    bench.clock.advance(timedelta(hours=2))
    await sweeper(bench).sweep()
    assert Reminded.type not in types(bench)
    assert await bench.store.due(range(24), bench.clock.now(), 10) == []


async def test_only_owned_partitions_are_swept(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(hours=2))
    part = bench.tables.aggregates[account_of("1")].part
    await sweeper(bench, (part + 1) % 24).sweep()
    assert Reminded.type not in types(bench)
    await sweeper(bench, part).sweep()
    assert Reminded.type in types(bench)


async def test_marks_that_failed_are_made_later(bench: Bench) -> None:
    await bench.take(asked(1, ONE))

    async def away(point: str) -> None:
        raise Unavailable

    bench.settler.store = MemoryStore(bench.tables, pause=away)
    with pytest.raises(Unavailable):
        await bench.settler.mark()
    bench.settler.store = MemoryStore(bench.tables)
    await bench.settler.mark()
    assert not any(bench.tables.unmarked.values())


async def test_a_fact_says_on_which_version_of_what_was_only_read_it_was_decided(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    read = account_of("1")
    bench.settler.service = replace(bench.settler.service, route=lambda message, blind: Route((account_of("2"),), references=(read,)))
    await bench.take(asked(2, {"number": "2", "amount": 1}))
    opened = next(row for row in bench.log.rows if row.attributes["type"] == Opened.type and row.aggregate == account_of("2"))
    assert orjson.loads(opened.data)["basis"] == {read: bench.tables.aggregates[read].v}


async def test_facts_of_the_same_decision_have_the_same_ids_whoever_decides(bench: Bench) -> None:
    other = Bench(clock=bench.clock)
    await other.vault.open(create=True)
    await bench.take(asked(1, ONE))
    await other.take(asked(1, ONE))
    assert [row.attributes["id"] for row in bench.log.rows] == [row.attributes["id"] for row in other.log.rows]


async def test_a_repaired_input_that_comes_before_its_cause_is_kept_and_decided_later(bench: Bench) -> None:
    to = account_of("1")
    good = heard("other/1", 1, Credited(amount=2, to=to))
    await bench.take(replace(good, value=b"{}"))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    steward = Upkeep(bench.settler, bench.replayer, "staff/7")
    assert [outcome.kind for outcome in await steward.replay(name, good.value)] == ["early"]
    bench.clock.advance(timedelta(minutes=20))
    await sweeper(bench).sweep()
    assert "message.overdue.v1" in types(bench)
    await bench.take(asked(1, ONE))
    await sweeper(bench).sweep()
    assert bench.state("1").balance == 7
