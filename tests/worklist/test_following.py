"""The follower on a real database: nothing lost, nothing twice, whoever writes beside it."""

import asyncio
from dataclasses import replace
from random import Random
from uuid import uuid4

import pytest

from contracts import intake
from contracts.kernel import LONG_AGO
from infra.clock import Clock
from infra.records import Record
from infra.store import Conflict
from infra.telemetry import Meters
from services.worklist import projections
from services.worklist.app import HEARS
from services.worklist.follow import Follower, Reader
from services.worklist.items import applied
from services.worklist.store import Board
from tests.worklist.stories import Log, record_of, unknown, whole

pytestmark = pytest.mark.engines


def story(referrals: int) -> Log:
    log = Log()
    for n in range(referrals):
        whole(log, n, minutes=n)
    return log


def expected(log: Log, item: str):
    return applied({}, [change for change in log.changes if change.item == item])[0]


async def all_items(board: Board):
    return {item["_id"]: item for item in await board.items(1, {}, [("_id", 1)], 0)}


async def test_a_batch_becomes_items_and_entries_and_its_repetition_nothing(board, follower):
    log = story(3)
    records = [record_of(heard) for heard in log.heard]
    await follower.take(records)
    await follower.take(records)
    items = await all_items(board)
    assert items["referral/2"]["sections"] == expected(log, "referral/2")
    assert items["referral/2"]["v"] == 1
    assert len(await board.entries(1, "referral/2")) == 8


async def test_two_processes_that_write_the_same_items_at_once_lose_nothing(board, follower, database):
    """Requests come to one, placements to the other, in small batches, all at the same time, with stale repetitions."""
    log = story(20)
    other_board = Board(database, "worklist")
    await other_board.open()
    other = Follower(other_board, Reader(HEARS), Clock(), Meters(f"other-{uuid4().hex}"))

    async def feed(one: Follower, records: list[Record], dice: Random) -> None:
        for start in range(0, len(records), 7):
            await one.take([*records[start : start + 7], *dice.sample(records[: start + 1], 1)])

    intake = [record_of(heard) for heard in log.heard if heard.topic == "intake-events"]
    placing = [record_of(heard) for heard in log.heard if heard.topic != "intake-events"]
    await asyncio.gather(feed(follower, intake, Random(1)), feed(other, placing, Random(2)))
    items = await all_items(board)
    for n in range(20):
        assert items[f"referral/{n}"]["sections"] == expected(log, f"referral/{n}")
    await other_board.close()


async def test_lanes_of_one_process_write_together_and_never_fight(board, follower, monkeypatch):
    log = story(30)
    writes = []
    real = board.write

    async def counted(written, at):
        writes.append(len(written[1].entries))
        await asyncio.sleep(0.02)
        await real(written, at)

    monkeypatch.setattr(board, "write", counted)
    records = [record_of(heard) for heard in log.heard]
    await asyncio.gather(*(follower.take(records[lane::6]) for lane in range(6)))
    assert len(writes) == 2 and sum(writes) == len(records)
    items = await all_items(board)
    assert items["referral/7"]["sections"] == expected(log, "referral/7")


async def test_what_could_not_be_written_is_brought_again_by_its_own_lane(board, follower, monkeypatch):
    log = story(2)
    records = [record_of(heard) for heard in log.heard]
    real, fail = board.write, [True]

    async def once(written, at):
        if fail:
            fail.pop()
            raise ConnectionError
        await real(written, at)

    monkeypatch.setattr(board, "write", once)
    first, second = await asyncio.gather(follower.take(records[:8]), follower.take(records[8:]), return_exceptions=True)
    assert isinstance(first, ConnectionError) and second is None
    await follower.take(records[:8])
    assert (await all_items(board))["referral/1"]["sections"] == expected(log, "referral/1")


async def test_an_event_that_came_late_heals_its_item(board, follower):
    log = story(1)
    records = [record_of(heard) for heard in log.heard]
    await follower.take([record for i, record in enumerate(records) if i != 2])
    (holed,) = await board.items(1, {"gap_since": {"$gt": LONG_AGO}}, [("gap_since", 1)], 5)
    assert holed["_id"] == "referral/0"
    await follower.take([records[2]])
    assert (await all_items(board))["referral/0"]["sections"] == expected(log, "referral/0")
    assert not await board.items(1, {"gap_since": {"$gt": LONG_AGO}}, [("gap_since", 1)], 5)


async def test_a_type_of_a_newer_build_is_counted_and_told_and_is_no_hole(board, follower):
    log = story(1)
    await follower.take([unknown(heard) if i == 2 else record_of(heard) for i, heard in enumerate(log.heard)])
    assert (await all_items(board))["referral/0"]["gap_since"] is None
    assert "Request transformed" in [entry["what"] for entry in await board.entries(1, "referral/0")]


async def test_what_cannot_be_read_is_a_hole(board, follower):
    log = story(1)
    records = [record_of(heard) for heard in log.heard]
    await follower.take([*records[:3], replace(records[3], value=b'{"by": 7'), *records[4:]])
    assert (await all_items(board))["referral/0"]["gap_since"] is not None


async def test_what_this_build_fails_to_tell_is_a_hole_and_stops_nobody(board, follower, monkeypatch):
    def stumble(_: object) -> None:
        raise TypeError

    log = story(2)
    monkeypatch.setitem(projections.PROJECTED, intake.RequestTriaged, stumble)
    await follower.take([record_of(heard) for heard in log.heard])
    found = await all_items(board)
    assert found["referral/0"]["gap_since"] is not None and found["referral/1"]["owner"]
    assert len(await board.entries(1, "referral/0")) == 8, "it is in the history all the same"


async def test_a_record_that_says_nothing_of_itself_stops_nobody(board, follower):
    log = story(1)
    await follower.take([Record("intake-events", 0, 0, (), None), *(record_of(heard) for heard in log.heard)])
    assert "referral/0" in await all_items(board)


async def test_a_write_to_an_item_that_somebody_else_wrote_is_refused_whole(board, follower):
    """Their events are of different aggregates, so that nothing but the item's version tells."""
    log = story(1)
    request, placement = ([record_of(heard) for heard in log.heard if heard.subject == f"{kind}/0"] for kind in ("request", "placement"))
    await follower.take(request[:1])
    stale = await follower._folded(1, follower.read(placement[:1]))
    await follower.take(request[1:2])
    with pytest.raises(Conflict):
        await board.write({1: stale}, Clock().wall())
    assert len(await board.entries(1, "referral/0")) == 2
