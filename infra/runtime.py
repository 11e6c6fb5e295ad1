"""A deciding service, put together: lanes read, one settler decides and writes, the due loop does what nobody else did."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from contracts.kernel import Message
from contracts.upkeep import Origin
from infra.bus import Stream
from infra.due import DueLoop
from infra.inbound import Reader
from infra.lane import Lane
from infra.records import Received
from infra.replay import Replayer
from infra.service import Item, Outcome, Service
from infra.settle import Settler

SLICE = 500
"""Entries settled in one transaction: a bundle may bear many more than it has records."""


class Pressed(Exception):
    """Too many facts wait to be published: whoever brings more has to wait."""


@dataclass(frozen=True)
class Limits:
    """How many lanes, records at a time, and unpublished facts before others must wait."""

    lanes: int = 3
    records: int = 500
    unpublished: int = 10_000


class Runtime:
    """`subscriptions` are what the process must subscribe its lanes to; nothing is connected here."""

    def __init__(self, service: Service, settler: Settler, topics: Sequence[str], limits: Limits) -> None:
        self.service, self.settler, self.limits = service, settler, limits
        self.reader = Reader(service)
        self.replayer = Replayer(service, settler.store, settler.vault)
        self.inner = self._lanes(service.name) if topics else []
        self.outer = self._lanes(f"{service.name}.partners") if service.outside else []
        self.due = DueLoop(settler, self.replayer, settler.clock, self.owned)
        inner = Stream(service.name, topics=tuple(topics))
        outer = Stream(f"{service.name}.partners", pattern=f"^{service.outside}[a-z0-9-]+$")
        self.subscriptions = [(stream, lanes) for stream, lanes in ((inner, self.inner), (outer, self.outer)) if lanes]

    def _lanes(self, group: str) -> list[Lane]:
        return [Lane(f"{group}/{n}", group, self.take, self.settler.store.fence) for n in range(self.limits.lanes)]

    @property
    def lanes(self) -> list[Lane]:
        return [*self.inner, *self.outer]

    @property
    def pressed(self) -> bool:
        return self.settler.owed > self.limits.unpublished

    async def owned(self) -> Collection[int]:
        """Partitions whose aggregates this process sweeps: those its inner lanes hold, once their last holder is fenced off."""
        for lane in self.inner:
            await lane.take_over()
        return {place.partition for lane in self.inner for place in lane.owned}

    async def take(self, records: Sequence[Received]) -> None:
        """Settle what these records bear, in order. Raises while it cannot."""
        if self.pressed:
            raise Pressed
        items = [item for record in records for item in self.reader.items(record)]
        for start in range(0, len(items), SLICE):
            await self.settler.settle(items[start : start + SLICE])

    async def command(self, message: Message) -> Outcome:
        """One command of a person, through the same path."""
        if self.pressed:
            raise Pressed
        item = Item("command", message, Origin(topic=message.topic), receipt=message.id)
        (outcome,) = await self.settler.settle([item])
        return outcome


async def until_cancelled(*loops: Callable[[], Awaitable[None]]) -> None:
    """Run these side by side; the end of one is the end of all."""
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop())  # type: ignore[arg-type]
