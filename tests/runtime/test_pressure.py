"""Floods, repairs and restores: what once went wrong, each as what must hold; what is marked does not hold yet."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from contracts.kernel import Reason, Refused
from infra import settle
from infra.drain import Drainer
from infra.due import DueLoop
from infra.publisher import PublishFailed
from infra.records import Record
from infra.runtime import SLICE, Limits, Runtime
from infra.store import FactRow
from infra.upkeep import Upkeep
from tests.runtime.accounts import SERVICE, Bench, Credited, account_of, asked, heard
from tests.runtime.test_settling import due_loop

ONE = {"number": "1", "amount": 5}


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    monkeypatch.setattr(settle, "TRIES", 4)
    return made


async def quarantined(bench: Bench) -> str:
    await bench.take(asked(1, {"verdict": "quarantine", **ONE}))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    return name


# — loss


class Half:
    """A consumer whose drain moves one partition on and then meets a record that is corrupt on disk in another."""

    def __init__(self) -> None:
        self.good = TopicPartition("partner-in-good", 0)
        self.at = {self.good: 7}
        state = SimpleNamespace(
            tps={self.good}, state_value=lambda place: SimpleNamespace(position=self.at[place], has_valid_position=True)
        )
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=state))

    def assignment(self) -> set[TopicPartition]:
        return {self.good}

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.at[place] = offset

    async def getmany(self, *alone: TopicPartition, **_: Any) -> Any:
        if not alone:
            self.at[self.good] = 9
            raise CorruptRecordException
        at = self.at[self.good]
        self.at[self.good] = min(9, at + 1)
        return {self.good: [Record("partner-in-good", 0, at, (), b"")]} if at < 9 else {}

    async def position(self, place: TopicPartition) -> int:
        return self.at[place]


async def test_a_corrupt_record_costs_no_other_partition_what_was_drained() -> None:
    consumer: Any = Half()
    given: Sequence[Any] = ()
    with suppress(CorruptRecordException):
        given = await Drainer(consumer).records(20, 500)
    assert consumer.at[consumer.good] == 7 or [record.offset for record in given] == [7, 8]


class Deaf:
    """A broker that takes nothing for some topics."""

    def __init__(self, *topics: str) -> None:
        self.topics, self.rows = topics, list[FactRow]()

    async def publish(self, rows: Sequence[FactRow]) -> None:
        self.rows += [row for row in rows if row.topic not in self.topics]
        if bad := {row.topic for row in rows} & set(self.topics):
            raise PublishFailed(bad, "TopicUnknown")


async def test_what_cannot_be_published_hides_nothing_that_can(bench: Bench) -> None:
    bench.settler.publisher = Deaf("out")
    for n in range(1, 4):
        await bench.take(asked(n, {"number": str(n)}))
    dead = Bench(bench.tables, bench.clock, bench.vault)
    dead.settler.publisher = Deaf("out", SERVICE.topic)  # its facts are committed, and it dies before it can say them
    await dead.take(asked(9, {"number": "9"}))

    async def all_of_them() -> range:
        return range(24)

    loop = DueLoop(bench.settler, bench.replayer, bench.clock, all_of_them, publish_after_s=0.0, batch_max=2)
    for _ in range(10):
        bench.clock.advance(timedelta(seconds=30))
        await loop.sweep()
    assert [row for row in bench.settler.publisher.rows if row.aggregate == account_of("9")]


# — twice


async def test_a_message_that_was_quarantined_and_came_again_is_not_applied_twice(bench: Bench) -> None:
    def strict(message, world, now):  # type: ignore[no-untyped-def]
        unborn = isinstance(message.data, Credited) and world[message.data.to] is None
        return Refused((Reason("T-9"),)) if unborn else SERVICE.decide(message, world, now)

    bench.settler.service = replace(SERVICE, decide=strict)
    record = heard("other/1", 1, Credited(amount=100, to=account_of("1")))
    assert await bench.take(record) == ["quarantined"]
    await bench.take(asked(1, ONE))
    await bench.take(record)
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    await Upkeep(bench.settler, bench.replayer, "staff/7").replay(name)
    assert bench.state("1").balance in (5, 105)


# — stalls


async def test_a_flood_of_small_entries_is_settled_while_it_is_read(bench: Bench) -> None:
    core = Runtime(SERVICE, bench.settler, ["other-events"], Limits(lanes=1))
    core.opened = True
    read: list[int] = []
    settled_after: list[int] = []
    items, once = core.reader.items, bench.settler.settle

    def reading(record: Any) -> Any:
        read.append(record.offset)
        return items(record)

    async def settling(batch: Any, *rest: Any) -> Any:
        settled_after.append(len(read))
        assert len(batch) <= SLICE
        return await once(batch, *rest)

    core.reader.items, bench.settler.settle = reading, settling  # type: ignore[method-assign]
    await core.take([asked(n, *({"verdict": "return"} for _ in range(300))) for n in range(8)])
    assert settled_after[0] <= 2


async def test_a_sweep_settles_no_more_at_once_than_a_lane_does(bench: Bench) -> None:
    to = account_of("1")
    for start in range(0, 600, 200):
        await bench.take(*(heard("other/1", n + 1, Credited(amount=1, to=to)) for n in range(start, start + 200)))
    await bench.take(asked(1, ONE))
    sizes: list[int] = []
    once = bench.settler.settle

    async def settling(batch: Any, *rest: Any) -> Any:
        sizes.append(len(batch))
        return await once(batch, *rest)

    bench.settler.settle = settling  # type: ignore[method-assign]
    await due_loop(bench).sweep()
    assert max(sizes) <= SLICE


async def test_a_process_that_sweeps_nothing_owes_nothing_for_ever(bench: Bench) -> None:
    async def none() -> list[int]:
        return []

    bench.settler.publisher = Deaf(SERVICE.topic, "out")
    await bench.take(asked(1, ONE))
    other = Bench(bench.tables, bench.clock, bench.vault)
    bench.clock.advance(timedelta(seconds=30))
    await due_loop(other).sweep()
    assert not any(bench.tables.unmarked.values())
    await DueLoop(bench.settler, bench.replayer, bench.clock, none).sweep()
    assert not bench.settler.owed


async def test_no_transaction_grows_with_the_size_of_what_is_held(bench: Bench) -> None:
    written: list[int] = []
    commit = bench.store.commit

    async def committing(changes: Any) -> None:
        written.append(sum(len(receipt.raw) for receipt in changes.receipts))
        await commit(changes)

    bench.store.commit = committing  # type: ignore[method-assign]
    core = Runtime(SERVICE, bench.settler, ["other-events"], Limits(lanes=1))
    core.opened = True
    await core.take([asked(n, *({"verdict": "quarantine", "number": "x" * 9_000} for _ in range(20))) for n in range(10)])
    assert max(written) < 16 << 20


# — wrong


async def test_a_repair_that_had_to_wait_is_told_when_it_is_settled(bench: Bench) -> None:
    name = await quarantined(bench)
    await bench.take(asked(2, ONE), asked(3, {"number": "1", "amount": 666}))
    steward = Upkeep(bench.settler, bench.replayer, "staff/7")
    assert [outcome.kind for outcome in await steward.replay(name, orjson.dumps([ONE]))] == ["parked"]
    service = bench.settler.service

    def mended(message, world, now):  # type: ignore[no-untyped-def]
        return [] if getattr(message.data, "amount", 0) == 666 else service.decide(message, world, now)

    bench.settler.service = replace(service, decide=mended)
    await steward.release(account_of("1"))
    assert bench.state("1").balance == 10
    assert "input.repaired.v1" in bench.said()


async def test_a_repair_has_the_stewards_name_behind_it(bench: Bench) -> None:
    name = await quarantined(bench)
    await Upkeep(bench.settler, bench.replayer, "staff/7").replay(name, orjson.dumps([ONE]))
    (told,) = [row for row in bench.log.rows if row.attributes["type"] == "input.repaired.v1"]
    assert told.attributes["authid"] == "staff/7"


async def test_a_release_is_not_over_while_messages_that_came_meanwhile_wait(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}))
    service, once, late = bench.settler.service, bench.settler.settle, [asked(3, ONE)]

    def mended(message, world, now):  # type: ignore[no-untyped-def]
        return [] if getattr(message.data, "amount", 0) == 666 else service.decide(message, world, now)

    async def settling(items: Any, *rest: Any) -> Any:
        outcomes = await once(items, *rest)
        if late:
            await once(list(bench.reader.items(late.pop())))
        return outcomes

    bench.settler.service, bench.settler.settle = replace(service, decide=mended), settling  # type: ignore[method-assign]
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(account_of("1"))
    assert not bench.tables.aggregates[account_of("1")].parked
