"""A lane: one consumer within a group. It settles what it reads, in order, and commits offsets only for what is settled.

Nothing here may raise out of `handle`: FastStream would go on past the failed batch. While the database or the broker is away a
lane waits within the batch, and after `hold_s` it seeks back and polls, so that the group still hears from it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from infra.failpoints import hit
from infra.records import Received

log = structlog.get_logger(__name__)
Take = Callable[[Sequence[Received]], Awaitable[None]]
Fence = Callable[[Sequence[str]], Awaitable[None]]


class Lane(ConsumerRebalanceListener):  # type: ignore[misc]
    """`take` settles records and may raise; `fence` takes resources over before the first record of a new assignment."""

    def __init__(self, name: str, group: str, take: Take, fence: Fence, hold_s: float = 30.0, drain_s: float = 25.0) -> None:
        self.name, self.group, self._take, self._fence = name, group, take, fence
        self.hold_s, self.drain_s = hold_s, drain_s
        self.consumer: AIOKafkaConsumer | None = None
        self.subscriber: Any = None
        self.assigned: frozenset[TopicPartition] = frozenset()
        self.hand: Sequence[Received] = ()
        """Records that are being settled."""
        self.newest_ms: dict[str, int] = {}
        """By topic: when the broker or its sender stamped the newest record that was settled here."""
        self._unfenced: frozenset[TopicPartition] = frozenset()
        self._generation = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Drain: finish the batch in hand, so that the next owner does not decide it too. Bounded by the rebalance timeout."""
        if not self._idle.is_set():
            await asyncio.wait([asyncio.ensure_future(self._idle.wait())], timeout=self.drain_s)
        self._generation += 1
        self.assigned = frozenset()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._generation += 1
        self.assigned = self._unfenced = frozenset(assigned)

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """Partitions this lane may act for: assigned, and their previous owner's sessions ended."""
        return self.assigned - self._unfenced

    async def take_over(self) -> None:
        """End the sessions of whoever held these partitions before. Called before the first record, and while idle."""
        if unfenced := self._unfenced:
            await self._fence(sorted(f"{self.group}/{place.topic}/{place.partition}" for place in unfenced))
            self._unfenced -= unfenced

    def stop(self) -> None:
        """Let the batch in hand end; a lane that waits for the database gives up."""
        self._stopping = True

    async def handle(self, records: Sequence[Received]) -> None:
        """One batch of the consumer. Never raises."""
        self._idle.clear()
        generation, self.hand = self._generation, records
        try:
            if await self._settled(records, generation):
                self.newest_ms |= {record.topic: record.timestamp for record in records if record.timestamp > 0}
                await hit("before_offsets")
                await self._commit(records, generation)
            else:
                self._seek_back(records, generation)
        except Exception as error:
            log.error("lane failed", lane=self.name, error=type(error).__name__)
            self._seek_back(records, generation)
        finally:
            self.hand = ()
            self._idle.set()

    async def _settled(self, records: Sequence[Received], generation: int) -> bool:
        """Try until it is settled; False when this lane should poll again first, or the partitions are no longer its own."""
        started = time.monotonic()
        for attempt in range(1_000_000):
            try:
                await self.take_over()
                await self._take(records)
                return True
            except Exception as error:
                log.warning("batch not settled", lane=self.name, error=type(error).__name__, attempt=attempt)
            if self._stopping or generation != self._generation or time.monotonic() - started > self.hold_s:
                return False
            await asyncio.sleep(random.uniform(0.05, min(2.0, 0.1 * 2**attempt)))
        return False

    async def _commit(self, records: Sequence[Received], generation: int) -> None:
        """Explicit offsets of what is still ours. A lost commit means redelivery, and that is no error."""
        offsets = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        mine = {place: offset for place, offset in offsets.items() if place in self.assigned}
        if generation == self._generation and mine and self.consumer:
            try:
                await self.consumer.commit(mine)
            except (KafkaError, AssertionError) as error:
                log.info("offsets not committed", lane=self.name, error=type(error).__name__)

    def _seek_back(self, records: Sequence[Received], generation: int) -> None:
        first: dict[TopicPartition, int] = {}
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            first[place] = min(first.get(place, record.offset), record.offset)
        for place, offset in first.items():
            if generation == self._generation and place in self.assigned and self.consumer:
                self.consumer.seek(place, offset)
