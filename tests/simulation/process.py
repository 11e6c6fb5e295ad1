"""One simulated process: the real runtime on twins, which may be frozen, killed at every wait, or leave in good order."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from infra.deciding import Failure
from infra.due import DueLoop
from infra.runtime import Limits, Runtime
from infra.service import Item, Outcome, Service
from infra.settle import Settler
from infra.upkeep import Upkeep
from infra.vault import Shelf
from tests.simulation.broker import SESSION_S, Group
from tests.simulation.consumer import Consumer
from tests.simulation.database import SimulatedStore, SimulatedTables, SimulatedVault
from tests.simulation.producer import Producer
from tests.simulation.toys import PICKY, POISON, WRAPPER

if TYPE_CHECKING:
    from tests.simulation.world import World

SWEEP_S, PUBLISH_AFTER_S = 2.0, 5.0


@dataclass
class Site:
    """What the processes of one service share."""

    service: Service
    tables: SimulatedTables
    topics: Sequence[str]
    inner: Group
    outer: Group | None = None
    keys: dict[tuple[Shelf, str], bytes] = field(default_factory=dict)
    processes: list["Process"] = field(default_factory=list)
    away: bool = False

    @property
    def groups(self) -> list[Group]:
        return [group for group in (self.inner, self.outer) if group]

    @property
    def alive(self) -> list["Process"]:
        return [process for process in self.processes if process.alive and not process.leaving]


class Process:
    """`silent_since` counts its deaths and freezes: the group misses it a session later, if it is still silent then."""

    def __init__(self, world: "World", site: Site, name: str) -> None:
        self.world, self.site, self.name, self.faults = world, site, name, world.faults
        self.alive, self.frozen, self.leaving, self.slowed, self.silent_since = True, False, False, False, 0
        self._estranged = False
        self._thawed, self._sweeping = asyncio.Event(), None
        self.store = SimulatedStore(site.tables, self)
        self.vault = SimulatedVault(self, site.keys, wrapper=WRAPPER, clock=world.clock)
        self.settler = Settler(site.service, self.store, Producer(self), self.vault, world.clock, self, f"/simulated/{site.service.name}")
        self.runtime = Runtime(site.service, self.settler, site.topics, Limits(lanes=world.lanes))
        self.runtime.opened = True
        for lane in self.runtime.lanes:
            lane.hold_s, lane.drain_s = world.hold_s, world.drain_s
        sweeps = {"idle_s": SWEEP_S, "publish_after_s": PUBLISH_AFTER_S, "batch_max": 20}
        self.runtime.due = DueLoop(self.settler, self.runtime.replayer, world.clock, self.runtime.owned, **sweeps)
        self.upkeep = Upkeep(self.settler, self.runtime.replayer, f"staff/{name}")
        self.consumers: list[Consumer] = []
        site.processes.append(self)
        self.spawn(self._start())

    async def _start(self) -> None:
        await self.vault.open(create=True)
        name = self.site.service.name
        groups = [(self.site.inner, self.runtime.lanes_of(name)), (self.site.outer, self.runtime.lanes_of(f"{name}.partners"))]
        self.consumers = [Consumer(self, group, lane) for group, lanes in groups if group for lane in lanes]
        for consumer in self.consumers:
            self.spawn(consumer.poll())
        self._sweeping = self.spawn(self.runtime.due.run())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task of this process; what it raises is a mistake of the simulation or of the code under proof."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda done: done.cancelled() or done.exception() is None or self.world.surprise(self.name, done))
        return task

    # — life and death

    @property
    def silent(self) -> bool:
        return not self.alive or self.frozen

    @property
    def zombie(self) -> bool:
        """Frozen for so long that its group gave it up, and now at work on a batch from before."""
        return self._estranged and any(consumer.in_hand and not consumer.member for consumer in self.consumers)

    async def reach(self) -> None:
        """Passed only by who lives: the dead never go on, the frozen later."""
        while self.frozen or not self.alive:
            await self._thawed.wait()

    async def pause(self, point: str) -> None:
        """Every wait of a process: others run meanwhile, and faults strike."""
        await asyncio.sleep(self.world.latency())
        if self.frozen or not self.alive:
            await self.reach()
        self.world.note(self.name, point)
        if self.faults.on:
            await self.faults.strike(self, point)

    def kill(self) -> None:
        """SIGKILL: nothing of it goes on, its locks stay, its group learns of it by silence."""
        self.world.note(self.name, "killed")
        self._blame_death()
        self.alive, self.frozen = False, False
        self._thawed.clear()
        self.world.dead.add(self.name)
        self._fall_silent()
        self.world.loop.call_later(self.world.chance.uniform(0.5, 10), self.world.start, self.site)

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later."""
        if self.alive and not self.frozen:
            self.world.note(self.name, "frozen", round(seconds, 3))
            self.world.tally.fire("frozen past its session") if seconds > SESSION_S else None
            self.frozen = True
            self._thawed.clear()
            self._fall_silent()
            self.world.loop.call_later(seconds, self.thaw)

    def thaw(self) -> None:
        if self.alive and self.frozen:
            self.world.note(self.name, "thawed")
            self.frozen, self.silent_since = False, 0
            self._thawed.set()
            self._estranged = any(consumer.in_hand and not consumer.member for consumer in self.consumers)
            for consumer in self.consumers:
                if consumer not in consumer.group.members:
                    self.spawn(consumer.notice())

    def _fall_silent(self) -> None:
        self.silent_since = next(self.world.silences)
        for consumer in self.consumers:
            self.world.loop.call_later(SESSION_S, consumer.group.missed, consumer, self.silent_since)

    async def leave(self) -> None:
        """SIGTERM."""
        self.leaving = True
        for lane in self.runtime.lanes:
            lane.stop()
        for consumer in self.consumers:
            consumer.wake()
        if self._sweeping:
            self._sweeping.cancel()
        with suppress(Exception):
            await self.settler.mark()

    def _blame_death(self) -> None:
        tally, tables, topics = self.world.tally, self.site.tables, self.world.topics
        if any(held.owner is self.store for held in tables.locks.values()):
            tally.fire("crash in a transaction")
        for facts in tables.unmarked.values():
            for row in facts.values():
                if row.id not in topics.known and tables.author[row.id] == self.name:
                    self.world.orphans[row.id] = self.name
                    tally.fire("crash before publishing")
        for consumer in self.consumers:
            if consumer.in_hand:
                durable = all(self.world.ledger.durable(consumer.group.name, record) for record in consumer.in_hand)
                kind = "crash before offsets" if durable else "crash with work in hand"
                consumer.blame(kind, [TopicPartition(record.topic, record.partition) for record in consumer.in_hand])

    # — what the runtime tells of itself

    def settled(self, items: Sequence[Item], outcomes: Sequence[Outcome], facts: int, started_ns: int) -> None:
        taken = any(outcome.kind == "event" for outcome in outcomes)
        for item, outcome in zip(items, outcomes, strict=True):
            self.world.note(self.name, item.kind, item.message.id, outcome.kind)
            if kind := _met(self.world, item, outcome):
                self.world.tally.fire(kind, mattered=taken or kind != "bad input")

    def fired(self, outcomes: Sequence[Outcome], late_s: Sequence[float]) -> None: ...

    def failed(self, failure: Failure) -> None:
        if getattr(failure.item.message.data, "amount", 0) not in (POISON, PICKY):
            self.world.problems.append(f"{self.name}: {failure.error} while deciding: {failure.frames}")

    def retried(self, why: str) -> None:
        self.world.note(self.name, "retries", why)


def _met(world: "World", item: Item, outcome: Outcome) -> str:
    """The kind of fault that this outcome shows to have been met."""
    match item.kind, outcome.kind:
        case ("outside", "duplicate") if item.was:
            return "released twice"
        case ("heard", "duplicate") if item.was:
            return ""
        case ("outside" | "heard", "duplicate") if (item.origin.topic, item.origin.partition, item.origin.offset) in world.repeats:
            return "sender repeats itself" if item.kind == "outside" else "stale fact heard"
        case ("command", "duplicate"):
            return "command repeated"
        case ("heard", "event") if item.was == "early":
            return "message before its cause"
        case (_, "parked") if not item.was and getattr(item.message.data, "amount", 0) not in (POISON, PICKY):
            return "poison"
        case (_, "quarantined"):
            return "bad input"
        case ("deadline", "nothing") if item.message.data.name != "none":
            return "deadline raced"
    return ""
