"""The read model made anew from the log while the old one serves, and whatever stops it on the way."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaError
from pymongo import IndexModel

from infra.bus import connection
from services.worklist import questions
from services.worklist import rebuild as rebuilding
from services.worklist.app import TOPICS
from services.worklist.items import applied
from services.worklist.rebuild import Log as Source
from services.worklist.rebuild import rebuild
from services.worklist.store import Board
from tests.worklist.conftest import eventually, publish
from tests.worklist.stories import Log, record_of, whole

pytestmark = pytest.mark.engines
RUSH = 0.05


def told(referrals: int, name: str) -> Log:
    log = Log()
    for n in range(referrals):
        whole(log, f"{name}-{n}", minutes=n)
    return log


def said(engines, log: Log) -> None:
    for principal, topic in (("svc-intake", "intake-events"), ("svc-assignment", "assignment-events")):
        records = [record_of(heard) for heard in log.heard if heard.topic == topic]
        publish(engines, principal, [*records, *records[:5]])  # some twice, as a speaker that was not sure


@pytest.fixture
async def source(engines):
    made = Source(TOPICS, connection(engines.kafka_bootstrap, *engines.credentials("svc-worklist")))

    async def started() -> bool:
        with suppress(KafkaError):  # a password that was just set takes a moment to be known to the broker
            await made.start()
            return True
        return False

    await eventually(started)
    yield made
    await made.stop()


async def as_expected(board, log: Log, generation: int) -> bool:
    wanted = sorted({change.item for change in log.changes if change.item.startswith("referral/")})
    found = await board.documents(generation, wanted)
    return all(item in found and found[item]["sections"] == sections(log, item) for item in wanted)


def sections(log: Log, item: str):
    return applied({}, [change for change in log.changes if change.item == item])[0]


async def test_a_rebuild_makes_the_same_items_and_drops_the_old_ones(engines, board, follower, source):
    log = told(40, uuid4().hex[:8])
    said(engines, log)
    done = await rebuild(board, follower, source, RUSH)
    assert await board.generations() == (2,) and await board.newest() == 2
    assert await as_expected(board, log, 2)
    item = log.changes[-1].item
    assert len(await questions.timeline(board, item)) == 8
    assert done.events >= len(log.heard)


async def test_what_is_written_while_it_runs_is_in_both_and_nothing_is_lost(engines, board, follower, source, monkeypatch):
    """Events come live between every two steps of the rebuild; those that came before the new one was written to are caught up."""
    first, meanwhile = told(20, uuid4().hex[:8]), told(30, uuid4().hex[:8])
    said(engines, first)
    said(engines, meanwhile)  # in the log already, but the lanes are slow: they bring it while the rebuild runs
    records = [record_of(heard) for heard in meanwhile.heard]
    seen = set()

    async def live() -> None:
        for start in range(0, len(records), 6):
            seen.add(await board.generations())
            await follower.take(records[start : start + 6])
            await asyncio.sleep(0.02)

    running = asyncio.create_task(live())
    await rebuild(board, follower, source, 0.15)
    await running
    assert {(1,), (1, 2)} <= seen, "the rebuild was not met under way"
    assert await as_expected(board, first, 2) and await as_expected(board, meanwhile, 2)


async def test_what_was_written_to_the_old_one_alone_is_caught_up(engines, board, follower, source, monkeypatch):
    log, real = told(5, uuid4().hex[:8]), rebuilding._fold

    async def fold(*given):
        """Said and heard after the log was read, and before anybody writes to the new generation."""
        said(engines, log)
        await follower.take([record_of(heard) for heard in log.heard])
        return await real(*given)

    monkeypatch.setattr(rebuilding, "_fold", fold)
    await rebuild(board, follower, source, RUSH)
    assert await as_expected(board, log, 2)


async def test_an_event_that_the_log_holds_twice_is_one_entry(engines, board, follower, source, monkeypatch):
    monkeypatch.setattr(rebuilding, "RECORDS_MAX", 3)  # so that the repetition comes in another batch
    log = told(1, uuid4().hex[:8])
    said(engines, log)
    await rebuild(board, follower, source, RUSH)
    assert await as_expected(board, log, 2)


@pytest.mark.parametrize("point", ["_fill", "_fold", "prepare", "point"])
async def test_a_crash_in_the_middle_harms_nothing_and_the_next_one_goes_through(engines, board, follower, source, monkeypatch, point):
    log = told(10, uuid4().hex[:8])
    said(engines, log)
    await follower.take([record_of(heard) for heard in log.heard])
    place = board if point in ("prepare", "point") else rebuilding
    real, calls = getattr(place, point), []

    async def crash(*given):
        calls.append(given)
        if len(calls) > (1 if point == "point" else 0):
            raise KeyboardInterrupt
        return await real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(place, point, crash)
        with pytest.raises(KeyboardInterrupt):
            await rebuild(board, follower, source, RUSH)
    assert (await board.generations())[0] == 1 and await as_expected(board, log, 1)
    await source._consumer.seek_to_beginning()
    await rebuild(board, follower, source, RUSH)
    assert await board.generations() == (2,) and await as_expected(board, log, 2)


async def test_an_unfinished_one_is_written_to_beside_until_the_next_begins(engines, board, follower):
    await board.prepare(2)
    await board.point(1, 2)
    log = told(2, uuid4().hex[:8])
    await follower.take([record_of(heard) for heard in log.heard])
    assert await as_expected(board, log, 1) and await as_expected(board, log, 2)


async def test_a_board_of_an_earlier_build_opens_with_other_filters_of_its_indexes(database):
    earlier, made = Board(database, "worklist"), Board(database, "worklist")
    old = IndexModel([("record", 1), ("due", 1), ("_id", 1)], name="record", partialFilterExpression={"record": {"$type": "string"}})
    await earlier._database["items_1"].create_indexes([old])
    await made.open()
    assert {"record", "records"} <= (await made._database["items_1"].index_information()).keys()
    for one in (earlier, made):
        await one.close()
