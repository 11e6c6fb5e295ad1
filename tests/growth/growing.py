"""The front door on the real database, beside few open referrals and beside many: processor time and server operations of an event.

Both lie in databases of one server and take turns, so that noise of the machine meets both alike. What is measured is new referrals,
amendments of any that are open, and the deadlines of those that came late; told by the processor time of this process and of the
server, and by the commands that the client library sent and the documents that came back.
"""

import asyncio
import resource
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psutil
from pymongo import monitoring

from infra.clock import ManualClock
from infra.due import DueLoop
from infra.replay import Replayer
from infra.settle import Settler
from infra.store.memory import Tables
from infra.store.mongo import MongoStore
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from tests.growth.referrals import SERVICE, asked, fill, record, template
from tests.instance import PARTS, Instance
from tests.runtime.accounts import Log, Seen

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATE = timedelta(days=3)
NEW, AMENDED, BATCHES = 40, 60, 20
"""New and amended referrals of a batch; batches of a turn."""
SMALL_SHARE = 0.10
"""How much dearer an event may be beside a hundred times as many."""


class Commands(monitoring.CommandListener):
    """What the server is asked, and how many documents it answers with."""

    def __init__(self) -> None:
        self.asked, self.returned = Counter[str](), 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.asked[event.command_name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        cursor: dict[str, Any] = event.reply.get("cursor", {})
        self.returned += len(cursor.get("firstBatch", cursor.get("nextBatch", ())))

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


COMMANDS = Commands()


@dataclass
class Cost:
    """Of one event, by turns. `cpu` is of this process and the server together, in µs."""

    own: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    operations: list[float] = field(default_factory=list)
    returned: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        return statistics.median([own + server for own, server in zip(self.own, self.server, strict=True)])

    def median(self, name: str) -> float:
        return statistics.median(getattr(self, name))


class Door:
    """Intake on a database with so many referrals open."""

    def __init__(self, url: str, database: str, open_now: int, server: int, seed: int) -> None:
        self.open_now, self.cost, self.dice = open_now, Cost(), Random(seed)
        self.clock, self.seen = ManualClock(NOON), Seen()
        self.store = MongoStore(url, database, timeout_ms=60_000)
        self.vault = MemoryVault(LocalWrapper(bytes(32)), self.clock)
        self.settler = Settler(SERVICE, self.store, Log(), self.vault, self.clock, self.seen, "/test/intake")
        self.due = DueLoop(self.settler, Replayer(SERVICE, self.store, self.vault), self.clock, self._parts)
        self.reader = Instance(SERVICE, Tables(), self.clock).reader
        self._server, self._next = psutil.Process(server), open_now

    async def _parts(self) -> Sequence[int]:
        return PARTS

    async def opens(self) -> None:
        """The tables, and the referrals in them."""
        await self.vault.open(create=True)
        await self.store.open()
        one = Instance(SERVICE, Tables(), self.clock)
        one.settler.vault = self.vault
        await fill(self.store, await template(one), 0, self.open_now, self.vault.blind, self.settler.clean)

    async def turn(self) -> None:
        """So many batches, measured together."""
        work = [self._batch() for _ in range(BATCHES)]
        before, fired = self._used(), len(self.seen.late_s)
        for items in work:
            ended = await self.settler.settle(items)
            assert {one.kind for one in ended} == {"event"}
            self.clock.advance(timedelta(milliseconds=1))
            await self.due.sweep()
        await self.settler.mark()
        own, server, operations, returned = (now - then for now, then in zip(self._used(), before, strict=True))
        fired = len(self.seen.late_s) - fired
        assert fired >= BATCHES * NEW, "each new one is late, and told so"
        events = BATCHES * (NEW + AMENDED) + fired
        for known, used in ((self.cost.own, own * 1e6), (self.cost.server, server * 1e6), (self.cost.operations, operations)):
            known.append(used / events)
        self.cost.returned.append(returned / events)

    def _batch(self) -> list[Any]:
        late, found = (NOON - LATE).isoformat(), list[Any]()
        for number in range(self._next, self._next + NEW):
            found.append(record("referral.requested.v1", number, asked(number, late), f"n{number}"))
        for place in range(AMENDED):
            number = self.dice.randrange(self.open_now)
            body = {"reference": f"R-{number:07d}", "consent": f"C-{self._next}-{place}"}
            found.append(record("referral.amended.v1", number, body, f"a{self._next}-{place}"))
        self._next += NEW
        return [item for one in found for item in self.reader.items(one)]

    def _used(self) -> tuple[float, float, float, float]:
        mine, theirs = resource.getrusage(resource.RUSAGE_SELF), self._server.cpu_times()
        return mine.ru_utime + mine.ru_stime, theirs.user + theirs.system, sum(COMMANDS.asked.values()), COMMANDS.returned


def measured(url: str, server: int, sizes: Sequence[int], turns: int, prefix: str) -> list[tuple[int, Cost]]:
    """Turn by turn, the sizes one after the other; a first turn of each is not counted."""

    async def run() -> list[tuple[int, Cost]]:
        doors = [Door(url, f"{prefix}_{size}", size, server, seed) for seed, size in enumerate(sizes)]
        for door in doors:
            await door.opens()
        for turn in range(turns + 1):
            for door in doors if turn % 2 else reversed(doors):
                await door.turn()
        for door in doors:
            assert not door.seen.failures, [one.frames for one in door.seen.failures[:3]]
            await door.store.close()
        return [(door.open_now, _less_the_first(door.cost)) for door in doors]

    monitoring.register(COMMANDS)
    return asyncio.run(run())


def _less_the_first(cost: Cost) -> Cost:
    return Cost(cost.own[1:], cost.server[1:], cost.operations[1:], cost.returned[1:])
