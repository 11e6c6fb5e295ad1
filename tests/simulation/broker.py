"""The broker's twin: logs, committed offsets, and groups with eager rebalances as the classic protocol has them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from infra.partition import PARTITIONS
from infra.records import Record

if TYPE_CHECKING:
    from tests.simulation.consumer import Consumer

SESSION_S, REBALANCE_S = 6.0, 30.0


class Broker:
    """One broker. `watch_offsets` is told of every accepted commit before it stands."""

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, list[Record]] = defaultdict(list)
        self.committed: dict[tuple[str, TopicPartition], int] = defaultdict(int)
        self.reached: dict[tuple[str, TopicPartition], int] = defaultdict(int)
        """How far a group was ever handed records: whatever is handed out below was handed out before."""
        self.broken: dict[tuple[str, TopicPartition], set[str]] = defaultdict(set)
        """Which faults are to blame if that happens."""
        self.away = False
        self.waiting: dict[Consumer, None] = {}
        self.watch_offsets: Callable[[str, TopicPartition, int], None] = lambda group, place, offset: None

    def append(self, record: Record) -> Record:
        """At the end of its partition, whatever offset it came with."""
        log = self.logs[TopicPartition(record.topic, record.partition)]
        stored = Record(record.topic, record.partition, len(log), record.headers, record.value)
        log.append(stored)
        self.wake(TopicPartition(record.topic, record.partition))
        return stored

    def wake(self, place: TopicPartition | None = None) -> None:
        """Whoever waits for records of this partition, or at all."""
        for consumer in list(self.waiting):
            if place is None or place in consumer.positions:
                consumer.wake()

    def leave(self, away: bool) -> None:
        self.away = away
        if not away:
            self.wake()

    async def back(self, within_s: float = 1e6) -> bool:
        """Wait until it answers; False when it did not in time."""
        until = asyncio.get_running_loop().time() + within_s
        while self.away and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        return not self.away

    def commit(self, group: str, offsets: dict[TopicPartition, int]) -> None:
        for place, offset in offsets.items():
            self.watch_offsets(group, place, offset)
            self.committed[group, place] = offset


class Group:
    """One consumer group. Every change of its members stops all of them: revoke, join, assign."""

    def __init__(self, name: str, broker: Broker, topics: Sequence[str]) -> None:
        self.name, self.broker, self.topics = name, broker, topics
        self.partitions = [TopicPartition(topic, part) for topic in topics for part in range(1 if topic.startswith("in-") else PARTITIONS)]
        self.members: list[Consumer] = []
        self.generation = 0
        self._changed = asyncio.Event()

    def join(self, member: "Consumer") -> None:
        if member not in self.members:
            self.members.append(member)
            self._changed.set()

    def leave(self, member: "Consumer") -> None:
        """By itself, or because nothing was heard of it for a session."""
        if member in self.members:
            self.members.remove(member)
            self._changed.set()

    def unsettle(self) -> None:
        """A rebalance for a reason of the broker's own."""
        self._changed.set()

    def missed(self, member: "Consumer", since: int) -> None:
        """A session after its process was killed or frozen: was it heard of in between?"""
        if member.process.silent_since == since:
            self.leave(member)

    async def run(self) -> None:
        """The coordinator."""
        while True:
            await self._changed.wait()
            await self.broker.back()
            self._changed.clear()
            if self.members:
                await self._rebalance()

    async def _rebalance(self) -> None:
        joining = {member: asyncio.ensure_future(member.rejoin()) for member in self.members}
        await asyncio.wait(joining.values(), timeout=SESSION_S)
        for member, joined in joining.items():
            if not joined.done() and member.process.silent:
                self._drop(member)
        if slow := [joining[member] for member in self.members if member in joining and not joining[member].done()]:
            await asyncio.wait(slow, timeout=REBALANCE_S - SESSION_S)
        for member, joined in joining.items():
            if not joined.done():
                self._drop(member)
        self.generation += 1
        for index, member in enumerate(present := [member for member in self.members if member in joining]):
            member.process.spawn(member.assign(self.generation, self._share(index, len(present))))

    def _drop(self, member: "Consumer") -> None:
        if member in self.members:
            self.members.remove(member)
            member.process.spawn(member.notice())

    def _share(self, index: int, count: int) -> list[TopicPartition]:
        """Round robin for topics of one partition; else a range of numbers, the same of every topic."""
        if len(self.partitions) == len(self.topics):
            return self.partitions[index::count]
        first, last = index * PARTITIONS // count, (index + 1) * PARTITIONS // count
        return [place for place in self.partitions if first <= place.partition < last]
