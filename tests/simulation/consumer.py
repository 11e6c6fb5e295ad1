"""A consumer's twin: positions, batches across partitions, commits and seeks, and the loop that hands batches to a lane."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError, KafkaTimeoutError

from infra.lane import Lane
from infra.records import Record
from tests.simulation.broker import Group

if TYPE_CHECKING:
    from tests.simulation.process import Process

HEARTBEAT_S, LINGER_S, RECORDS_MAX = 2.0, 0.4, 8


class Consumer:
    """One member of a group, with one lane behind it."""

    def __init__(self, process: "Process", group: Group, lane: Lane) -> None:
        self.process, self.group, self.lane = process, group, lane
        self.world, self.broker, self.chance = process.world, group.broker, process.world.chance
        self.positions: dict[TopicPartition, int] = {}
        self.generation = 0
        self.in_hand: Sequence[Record] = ()
        self._wake = asyncio.Event()
        lane.consumer = self  # type: ignore[assignment]
        group.join(self)

    # — membership

    @property
    def member(self) -> bool:
        return self in self.group.members and self.generation == self.group.generation

    async def rejoin(self) -> bool:
        """What a member does when it hears of a rebalance: give everything up, then join."""
        await asyncio.sleep(self.chance.uniform(0, HEARTBEAT_S))
        await self.process.reach()
        if self.in_hand:
            self.world.tally.fire("left or joined in mid-batch", mattered=bool(self.positions))
        await self.lane.on_partitions_revoked(set(self.positions))
        await self.process.reach()
        if self.in_hand:
            self.world.tally.fire("drain too slow", mattered=True)
            if self.process.slowed:
                self.world.tally.fire("slow database", mattered=True)
        self.positions = {}
        return True

    async def assign(self, generation: int, places: Sequence[TopicPartition]) -> None:
        await self.process.reach()
        if generation == self.group.generation and self in self.group.members:
            self.generation = generation
            self.positions = {place: self.broker.committed[self.group.name, place] for place in places}
            await self.lane.on_partitions_assigned(set(places))
            self._wake.set()

    async def notice(self) -> None:
        """A member that was given up learns of it with its next heartbeat, and joins again."""
        await self.process.reach()
        await asyncio.sleep(self.chance.uniform(0, HEARTBEAT_S))
        await self.process.reach()
        if not self.process.leaving:
            self.group.join(self)

    # — what the lane calls

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await self.process.pause("offsets")
        if not await self.broker.back(5.0):
            self.world.tally.fire("broker away", mattered=True)
            raise KafkaConnectionError
        if not offsets.keys() <= self.positions.keys():
            raise IllegalStateError("not assigned")
        if not self.member:
            self.blame("offsets ignored", offsets)
            if self.process.zombie:
                self.world.tally.fire("frozen past its session", mattered=True)
            if self.chance.random() < 0.5:
                raise CommitFailedError("of an old generation")
            return
        fault = self.process.faults.of_offsets()
        if fault == "ignored":
            self.blame("offsets ignored", offsets)
            raise KafkaTimeoutError
        self.broker.commit(self.group.name, dict(offsets))
        await self.process.pause("offsets:after")
        if fault == "lost":
            self.world.tally.fire("offsets' answer lost", mattered=True)
            raise KafkaTimeoutError

    def seek(self, place: TopicPartition, offset: int) -> None:
        if place not in self.positions:
            raise IllegalStateError("not assigned")
        self.positions[place] = offset
        self._wake.set()

    def blame(self, kind: str, places: Iterable[TopicPartition]) -> None:
        """If these are handed out again, this is why."""
        self.world.tally.fire(kind)
        for place in places:
            self.broker.broken[self.group.name, place].add(kind)

    # — the loop

    async def poll(self) -> None:
        """Batch after batch, one at a time."""
        while not self.process.leaving:
            batch = await self._getmany()
            if not batch:
                continue
            await self.process.pause("handed")
            self.in_hand = batch
            self.world.note(self.process.name, "batch", *((record.topic, record.partition, record.offset) for record in batch))
            await self.lane.handle(batch)
            self.in_hand = ()
        self.group.leave(self)

    async def _getmany(self) -> list[Record]:
        await self.process.reach()
        if not any(self._left(place) for place in self.positions):
            await self._arrival()
        await asyncio.sleep(self.chance.uniform(0, LINGER_S))
        await self.process.reach()
        return [] if self.broker.away else self._next()

    async def _arrival(self) -> None:
        self._wake.clear()
        self.broker.waiting[self] = None
        await self._wake.wait()
        self.broker.waiting.pop(self, None)

    def wake(self) -> None:
        self._wake.set()

    def _left(self, place: TopicPartition) -> int:
        return len(self.broker.logs[place]) - self.positions[place]

    def _next(self) -> list[Record]:
        """Some records of some partitions, each partition's in order. The position moves on at once."""
        places = sorted(place for place in self.positions if self._left(place) > 0)
        self.chance.shuffle(places)
        batch: list[Record] = []
        room = self.chance.randint(1, RECORDS_MAX)
        for place in places:
            start = self.positions[place]
            records = self.broker.logs[place][start : start + room - len(batch)]
            self._handed_out(place, start, start + len(records))
            batch += records
        return batch

    def _handed_out(self, place: TopicPartition, start: int, end: int) -> None:
        name = self.group.name, place
        if start < min(end, self.broker.reached[name]):
            for kind in self.broker.broken.pop(name, ()):
                self.world.tally.fire(kind, mattered=True)
        self.broker.reached[name] = max(self.broker.reached[name], end)
        self.positions[place] = end
