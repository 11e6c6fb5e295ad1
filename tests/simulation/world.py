"""One seed: the services, their broker and databases, those who bring work, a time of faults, and a time to recover."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from random import Random
from typing import Any

from tests.simulation.broker import Broker, Group
from tests.simulation.database import SimulatedTables
from tests.simulation.faults import Faults
from tests.simulation.ledger import Ledger
from tests.simulation.loop import Livelock, LoopClock, VirtualLoop, virtual
from tests.simulation.process import Process, Site
from tests.simulation.producer import Topics
from tests.simulation.senders import SENDERS, Senders
from tests.simulation.tally import Tally
from tests.simulation.toys import MIRRORS, accounts

RECOVER_WITHIN_S = 400.0


@dataclass(frozen=True)
class Report:
    """How a seed ended. `trace` is empty unless something is wrong."""

    seed: int
    problems: Sequence[str]
    fired: frozenset[str]
    mattered: frozenset[str]
    digest: str
    trace: Sequence[tuple[Any, ...]] = ()


class World:
    """Everything of one seed."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.loop, self.chance = loop, Random(seed)
        self.clock, self.tally, self.faults = LoopClock(loop), Tally(), Faults(self.chance)
        self.busy_s = self.chance.choice((8.0, 14.0, 20.0))
        self.lanes, self._latency = self.chance.choice((1, 1, 2)), self.chance.choice((0.002, 0.02, 0.2))
        self.hold_s, self.drain_s = self.chance.choice((2.0, 30.0)), self.chance.choice((4.0, 25.0))
        self.mended = False
        self.trace: list[tuple[Any, ...]] = []
        self.problems: list[str] = []
        self.dead: set[str] = set()
        self.orphans: dict[str, str] = {}
        """Facts that a process had committed and not published when it died."""
        self.repeats: set[tuple[str, int, int]] = set()
        self.silences, self._names = itertools.count(1), itertools.count(1)
        self.broker, self.topics, self.ledger = Broker(), Topics(self), Ledger(self)
        self.broker.watch_offsets = self.ledger.offsets
        toy = accounts(lambda: self.mended, timedelta(seconds=self.chance.uniform(5, 30)))
        partners = Group("accounts.partners", self.broker, [f"in-{name}" for name in SENDERS])
        self.accounts = Site(
            toy, SimulatedTables(self), ["other-events"], Group("accounts", self.broker, ["other-events"]), partners
        )  # fmt: skip
        self.mirrors = Site(MIRRORS, SimulatedTables(self), ["account-events"], Group("mirrors", self.broker, ["account-events"]))
        self.sites = (self.accounts, self.mirrors)
        self.senders = Senders(self)

    def latency(self) -> float:
        """Most calls are quick; some take their time."""
        return self.chance.random() * self._latency * (20 if self.chance.random() < 0.05 else 1)

    def note(self, who: str, *what: Any) -> None:
        self.trace.append((round(self.loop.time(), 4), who, *what))

    def surprise(self, who: str, task: asyncio.Task[Any]) -> None:
        error = task.exception()
        self.problems.append(f"{who}: a task ended with {type(error).__name__}: {error}")

    def start(self, site: Site) -> None:
        """One more process of a service."""
        if len(site.alive) < (3 if site is self.accounts else 2):
            Process(self, site, f"{site.service.name}-{next(self._names)}")

    async def story(self) -> None:
        for site in self.sites:
            for group in site.groups:
                self.loop.create_task(group.run())
        for site, count in ((self.accounts, self.chance.randint(2, 3)), (self.mirrors, self.chance.randint(1, 2))):
            for _ in range(count):
                self.start(site)
        self.loop.create_task(self.senders.operate())
        working = self.loop.create_task(self.senders.run())
        await self._chaos()
        await self._heal()
        await self._recover(working)

    async def _chaos(self) -> None:
        until = self.loop.time() + self.busy_s * 1.3
        while (left := until - self.loop.time()) > 0:
            await asyncio.sleep(min(left, self.chance.uniform(1, 8)))
            if self.faults.events:
                self._happen(self.chance.choice(self.faults.events), self.chance.choice(self.sites))

    def _happen(self, event: str, site: Site) -> None:
        self.note("world", event, site.service.name)
        process = self.chance.choice(site.alive) if site.alive else None
        match event:
            case "kill" if process and self.faults.crashes_left:
                self.faults.crashes_left -= 1
                process.kill()
            case "freeze" if process and self.faults.freezes_left:
                self.faults.freezes_left -= 1
                process.freeze(self.chance.uniform(2, 30))
            case "join":
                self.start(site)
            case "leave" if process and len(site.alive) > 1 and not process.frozen:
                process.spawn(process.leave())
            case "unsettle":
                site.inner.unsettle()
            case "database away":
                site.away = True
                self.tally.fire("database away")
                self.loop.call_later(self.chance.choice((2, 10, 40)), setattr, site, "away", False)
            case "broker away":
                self.broker.leave(True)
                self.tally.fire("broker away")
                self.loop.call_later(self.chance.choice((2, 10, 40)), self.broker.leave, False)

    async def _heal(self) -> None:
        self.note("world", "healed")
        self.faults.heal()
        self.broker.leave(False)
        self.mended = True
        for site in self.sites:
            site.away = False
            for process in site.processes:
                process.thaw()
            if not site.alive:
                self.start(site)
            for group in site.groups:
                group.unsettle()  # whatever was not committed comes again

    async def _recover(self, working: asyncio.Task[None]) -> None:
        """Until nothing is left to do, or for too long."""
        until = self.loop.time() + RECOVER_WITHIN_S
        while self.loop.time() < until:
            if working.done() and not self.ledger.left():
                working.result()
                return
            await asyncio.sleep(2)
        self.problems.append(f"I5 not recovered: {'; '.join(self.ledger.left()) or 'senders still at work'}")


def run(seed: int) -> Report:
    """Simulate one seed and check everything."""
    loop = VirtualLoop()
    asyncio.set_event_loop(None)
    with virtual(loop, Random(seed + 1)):
        world = World(seed, loop)
        try:
            loop.run_until_complete(world.story())
            world.problems += world.ledger.check()
        except Livelock:
            world.problems.append("I8 something goes round and round")
        finally:
            loop.abandon()
    digest = blake2b(repr(world.trace).encode(), digest_size=8).hexdigest()
    trace = world.trace if world.problems else ()
    return Report(seed, world.problems, frozenset(world.tally.fired), frozenset(world.tally.mattered), digest, trace)
