"""The read model made anew from the log, while the old one serves.

Every event becomes an entry of a new generation, then each item is folded once from its entries. From then on live batches are
written to both generations; what was recorded meanwhile is caught up; then the pointer moves, in one write. A crash before that
leaves a generation that nobody reads and the next rebuild drops; after it there is nothing left to do but to drop the old one.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.records import Received
from infra.store import Conflict
from services.worklist.follow import Follower
from services.worklist.items import document, refolded
from services.worklist.projections import Change
from services.worklist.store import Board, Writes

log = structlog.get_logger(__name__)
RECORDS_MAX, ITEMS_MAX = 4_000, 1_000
IN_FLIGHT_S = 20.0
"""Longer than a batch may take that had read the pointer before it moved."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    generation: int
    events: int
    items: int
    seconds_filling: float
    seconds_folding: float


class Log:
    """All topics from their first record, read by nobody's group: assigned, never committed."""

    def __init__(self, topics: Sequence[str], connection: Mapping[str, Any]) -> None:
        self._topics = topics
        self._consumer = AIOKafkaConsumer(
            **connection, enable_auto_commit=False, auto_offset_reset="earliest",
            max_partition_fetch_bytes=1 << 20, fetch_max_bytes=16 << 20, fetch_max_wait_ms=100,
        )  # fmt: skip

    async def start(self) -> None:
        await self._consumer.start()
        await self._consumer._client.set_topics(self._topics)
        places = [TopicPartition(topic, n) for topic in self._topics for n in self._consumer.partitions_for_topic(topic) or ()]
        self._consumer.assign(places)
        await self._consumer.seek_to_beginning()

    async def stop(self) -> None:
        await self._consumer.stop()

    async def to_the_end(self) -> AsyncIterator[list[Received]]:
        """Batches from where it stands to what was the end when it was asked."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while await self._behind(ends):
            batch = await self._consumer.getmany(timeout_ms=200, max_records=RECORDS_MAX)
            if batch:
                yield [record for records in batch.values() for record in records]

    async def _behind(self, ends: Mapping[TopicPartition, int]) -> bool:
        return any([await self._consumer.position(place) < end for place, end in ends.items()])


async def rebuild(board: Board, follower: Follower, source: Log, in_flight_s: float = IN_FLIGHT_S) -> Rebuilt:
    """A new generation from the log, then the switch. Run one at a time; whatever an earlier one left is dropped first."""
    (current, *_) = await board.generations()
    await board.point(current, None)
    await asyncio.sleep(in_flight_s)  # for whoever still writes to a generation that an earlier rebuild left
    await board.drop_all_but({current})
    generation = current + 1
    await board.prepare(generation)
    clock = follower.clock
    started = clock.monotonic()
    with rare_collections():
        events = await _fill(board, follower, source, generation)
        filled = clock.monotonic()
        items = await _fold(board, follower, generation)
    folded = clock.monotonic()
    await board.point(current, generation)
    await asyncio.sleep(in_flight_s)
    async for records in source.to_the_end():
        await follower.write(follower.read(records), [generation])
    await board.point(generation, None)
    await asyncio.sleep(in_flight_s)
    await board.drop_all_but({generation})
    return Rebuilt(generation, events, items, filled - started, folded - filled)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Documents have no cycles: looking for some among millions of them takes a third of the time and finds nothing."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _fill(board: Board, follower: Follower, source: Log, generation: int) -> int:
    events = 0
    async with Behind() as writer:
        async for records in source.to_the_end():
            events += len(records)
            fresh = {change.id: change for change in follower.read(records)}
            await writer.then(_insert(board, generation, fresh))
    return events


async def _insert(board: Board, generation: int, fresh: Mapping[str, Change]) -> None:
    """Entries that may be known already: a log holds an event twice where its speaker was not sure."""
    try:
        await board.fill(generation, Writes(entries=[change.entry for change in fresh.values()]))
    except Conflict:
        known = await board.known_entries(generation, fresh.keys())
        await board.fill(generation, Writes(entries=[change.entry for id, change in fresh.items() if id not in known]))


async def _fold(board: Board, follower: Follower, generation: int) -> int:
    """Each item once, from all its entries."""
    count, waiting = 0, Writes()
    async with Behind() as writer:
        async for entries in board.by_item(generation):
            waiting.items.append(document(entries[0]["item"], refolded(entries), 1))
            count += 1
            if len(waiting.items) == ITEMS_MAX:
                await follower.mark(waiting.items)
                await writer.then(board.fill(generation, waiting))
                waiting = Writes()
        await follower.mark(waiting.items)
        await writer.then(board.fill(generation, waiting))
    return count


class Behind:
    """One write under way while the next batch is read and folded: two cores instead of one."""

    def __init__(self) -> None:
        self._under_way: asyncio.Task[None] | None = None

    async def then(self, write: Coroutine[Any, Any, None]) -> None:
        """After the write before it."""
        await self._ended()
        self._under_way = asyncio.create_task(write)

    async def _ended(self) -> None:
        if self._under_way:
            await self._under_way

    async def __aenter__(self) -> "Behind":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await self._ended()
        elif self._under_way:
            self._under_way.cancel()
