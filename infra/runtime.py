"""A deciding service, put together: lanes read, one settler decides and writes, the due loop does what nobody else did."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from contracts.kernel import Message
from contracts.upkeep import Origin
from infra.breathing import breaths
from infra.bus import Stream
from infra.due import DueLoop
from infra.inbound import Reader
from infra.lane import Lane
from infra.records import Received
from infra.replay import Replayer
from infra.service import Item, Outcome, Service
from infra.settings import Reads
from infra.settle import Settler

SLICE, SLICE_BYTES = 500, 256 << 10
"""Entries settled in one transaction, and how much may have come with them: a bundle may bear many more than it has records, and
whatever comes is held several times over until it is durable."""


NO_STREAMS: Mapping[str, Sequence[str]] = MappingProxyType({})


class Pressed(Exception):
    """Too many facts wait to be published: whoever brings more has to wait."""


@dataclass(frozen=True)
class Limits:
    """How many lanes, records and bytes at a time, unpublished facts before others must wait; and which streams this process reads."""

    lanes: int = 3
    records: int = 500
    bytes: int = 4 << 20
    unpublished: int = 10_000
    reads: Reads = "everything"


class Runtime:
    """`subscriptions` are what the process must subscribe its lanes to; nothing is connected here.

    `streams` are topics read in a group and lanes of their own, by name. The due loop sweeps the partitions of one group's lanes, whatever
    the others bring: the inner ones, or those of the stream that `sweeps` names, whose topics have as many partitions.
    """

    def __init__(
        self, service: Service, settler: Settler, topics: Sequence[str], limits: Limits,
        streams: Mapping[str, Sequence[str]] = NO_STREAMS, sweeps: str = "",
    ) -> None:  # fmt: skip
        self.service, self.settler, self.limits = service, settler, limits
        self.opened = False
        self.reader = Reader(service)
        self.replayer = Replayer(service, settler.store, settler.vault)
        apart, rest = self._apart(streams), self._rest(topics)
        read = {"everything": [*rest, *apart], "apart": apart, "rest": rest}[limits.reads]
        read = [replace(stream, records_max=limits.records, fetch_bytes_max=limits.bytes) for stream in read]
        self.subscriptions = [(stream, self._lanes(stream.group)) for stream in read]
        self.sweeping = self.lanes_of(f"{service.name}.{sweeps}" if sweeps else service.name)
        self.due = DueLoop(settler, self.replayer, settler.clock, self.owned)

    def _apart(self, streams: Mapping[str, Sequence[str]]) -> list[Stream]:
        """Nothing of the rest stands before these."""
        name, outside = self.service.name, self.service.outside
        named = [Stream(f"{name}.{stream}", topics=tuple(topics)) for stream, topics in streams.items()]
        return named + [Stream(f"{name}.{stream}", pattern=f"^{outside}{its}[a-z0-9-]+$") for stream, its in self.service.apart.items()]

    def _rest(self, topics: Sequence[str]) -> list[Stream]:
        name, outside = self.service.name, self.service.outside
        others = "".join(f"(?!{prefix})" for prefix in self.service.apart.values())
        inner = [Stream(name, topics=tuple(topics))] if topics else []
        return inner + ([Stream(f"{name}.partners", pattern=f"^{outside}{others}[a-z0-9-]+$", fetch_bytes_min=64 << 10)] if outside else [])

    def _lanes(self, group: str) -> list[Lane]:
        return [Lane(f"{group}/{n}", group, self.take, self.settler.store.fence) for n in range(self.limits.lanes)]

    def lanes_of(self, group: str) -> list[Lane]:
        return [lane for stream, lanes in self.subscriptions if stream.group == group for lane in lanes]

    @property
    def lanes(self) -> list[Lane]:
        return [lane for _, lanes in self.subscriptions for lane in lanes]

    async def open(self) -> None:
        """The last step before lanes start: from here on this process may speak."""
        self.opened = True

    @property
    def pressed(self) -> bool:
        """Not yet caught up with what was said before, or too much is waiting to be published."""
        return not self.opened or self.settler.owed > self.limits.unpublished

    async def owned(self) -> Collection[int]:
        """Partitions whose aggregates this process sweeps: those its sweeping lanes hold, once their last holder is fenced off."""
        for lane in self.sweeping:
            await lane.take_over()
        return {place.partition for lane in self.sweeping for place in lane.owned}

    async def take(self, records: Sequence[Received]) -> None:
        """Settle what these records bear, in order. Raises while it cannot."""
        if self.pressed:
            raise Pressed
        async for items in sliced(records, self.reader):
            await self.settler.settle(items)

    async def command(self, message: Message) -> Outcome:
        """One command of a person, through the same path."""
        if self.pressed:
            raise Pressed
        item = Item("command", message, Origin(topic=message.topic), receipt=message.id)
        (outcome,) = await self.settler.settle([item])
        return outcome


async def sliced(records: Sequence[Received], reader: Reader) -> AsyncIterator[list[Item]]:
    """What records bear, in portions of bounded number and weight; others get their turn while a long poll is read."""
    items, weight = list[Item](), 0
    async for portion in breaths(records):
        for item, size in weighed(portion, reader):
            items.append(item)
            weight += size
            if len(items) == SLICE or weight > SLICE_BYTES:
                yield items
                items, weight = [], 0
    if items:
        yield items


def weighed(records: Iterable[Received], reader: Reader) -> Iterator[tuple[Item, int]]:
    """Each item with the bytes it adds: its record's once, and once more where the whole record is kept for it."""
    for record in records:
        size = len(record.value or b"")
        for place, item in enumerate(reader.items(record)):
            yield item, size * (item.verdict == "quarantine" or not place)


async def until_cancelled(*loops: Callable[[], Awaitable[None]]) -> None:
    """Run these side by side; the end of one is the end of all."""
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop())  # type: ignore[arg-type]
