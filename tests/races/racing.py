"""A race: processes started, killed and followed, and what their facts say afterwards."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from contracts.kernel import Actor, Message
from contracts.upkeep import Origin
from infra.clock import Clock, ManualClock
from infra.due import DueLoop
from infra.replay import Replayer
from infra.service import Item
from infra.store.mongo import MongoStore
from infra.vault import MemoryVault
from infra.working import parsed
from infra.wrapping import LocalWrapper
from services.crisis_routing.app import SERVICE
from services.crisis_routing.commands import CountBeds
from services.crisis_routing.roster import ROSTER
from tests.crisis_routing.bookings import double_booked, overbooked
from tests.crisis_routing.stories import ANA, OAK, contact
from tests.races.racer import HTTP, settler
from tests.races.requests import BEDS_EACH, EPISODES, FACILITIES, NETWORK, TEAMS
from tests.running import ROOT
from tests.runtime.accounts import Seen

PARTS = range(24)
READY_WITHIN_S = 60.0


@dataclass
class Found:
    """What a race came to. `stranded` are holds and teams whose episode knows nothing of them, or that outlived their clock."""

    offered: int
    seconds: float
    killed: int
    retries: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    held: int = 0
    double: list[str] = field(default_factory=list)
    stranded: list[str] = field(default_factory=list)


class StartLine:
    """Where everybody waits until all are there. Whoever follows one that was killed is let through."""

    def __init__(self, instances: int) -> None:
        self._all_here, self.begins = threading.Barrier(instances, self._begin), 0.0

    def _begin(self) -> None:
        self.begins = time.time()

    def passed(self) -> float:
        if not self.begins:
            self._all_here.wait(READY_WITHIN_S)
        return self.begins


class Racer(threading.Thread):
    """One place in the race: a process, and whoever follows it when it is killed."""

    def __init__(self, about: dict[str, Any], kills: int, line: "StartLine") -> None:
        super().__init__(daemon=True)
        self.about, self.kills, self.killed, self.line = about, kills, 0, line
        self.retries, self.ended, self.last_at, self.failed = Counter[str](), Counter[str](), 0.0, ""

    def run(self) -> None:
        done = 0
        while True:
            points = f"in_transaction:kill9@{20 + 10 * self.killed}" if self.killed < self.kills else ""
            about = json.dumps({**self.about, "done": done, "points": points})
            run, env = [sys.executable, "-m", "tests.races.racer"], {**os.environ, "RACE": about}
            with subprocess.Popen(run, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                for said in map(json.loads, process.stdout or ()):
                    if "ready" in said:
                        print(self.line.passed(), file=process.stdin, flush=True)
                        continue
                    done, self.last_at = said["done"], said["at"]
                    self.retries.update(said["retries"])
                    self.ended.update(said["ended"])
            if process.returncode == 0:
                return
            if process.returncode != -9:
                self.failed = f"a racer ended with {process.returncode}"
                return
            self.killed += 1


async def prepared(store: MongoStore) -> None:
    """The network, a bed in each facility, and episodes whose people may be sent a team or found a bed."""
    clock, seen = Clock(), Seen()
    works = settler(store, clock, seen)

    async def take(data: Any, subject: str, key: str, kind: str = "command", topic: str = HTTP, sequence: int = 0) -> None:
        message = Message(key, data, subject, topic, sequence, at=clock.now(), actor=Actor("user", ANA), fingerprint="f")
        (ended,) = await works.settle([Item(kind, message, Origin(topic=topic), message.id if kind == "command" else None)])  # type: ignore[arg-type]
        assert ended.kind == "event", (subject, ended)

    await take(NETWORK, ROSTER, "network")
    for name in FACILITIES:
        await take(CountBeds(beds="crisis-receiving", free=BEDS_EACH, counted_at=clock.now()), name, name)
    for n in range(EPISODES):
        call = contact(person=f"person/{n}", record=f"record/{n}", area=OAK, danger="low", contacted_at=clock.now())
        await take(call, f"contact/c{n}", f"contact-{n}", "heard", "crisis-intake-events", 1)


async def found(store: MongoStore, racers: list[Racer], offered: int, seconds: float) -> Found:
    """Read from the facts of teams and facilities alone; then time goes by, and what was held and not confirmed must be let go."""
    result = Found(offered, seconds, sum(one.killed for one in racers))
    for one in racers:
        result.retries.update(one.retries)
        result.ended.update(one.ended)
    for name in TEAMS:
        facts = await store.history(name)
        result.taken += sum(fact.attributes["type"] == "team.held.v1" for fact in facts)
        result.double += [f"{name}: {who}" for who in double_booked(facts)]
    for name in FACILITIES:
        facts = await store.history(name)
        result.held += sum(fact.attributes["type"] == "facility.bed-held.v1" for fact in facts)
        result.double += [f"{name}: {many} too many" for many in overbooked(facts, BEDS_EACH)]
    result.stranded = [one async for one in _stranded(store, await _later(store))]
    return result


async def _later(store: MongoStore) -> ManualClock:
    """An hour goes by, in steps of five minutes, with the due loop. The index of deadlines has whole milliseconds, rounded up: one more
    each step, or a hold that ends at the very instant of the last look outlives it."""
    clock = ManualClock(Clock().now())
    works = settler(store, clock, Seen())
    due = DueLoop(works, Replayer(SERVICE, store, MemoryVault(LocalWrapper(bytes(32)), clock)), clock, _parts)
    for _ in range(12):
        clock.advance(timedelta(minutes=5, milliseconds=1))
        while await store.due(PARTS, clock.now(), 1):
            await due.sweep()
    return clock


async def _parts() -> range:
    return PARTS


async def _stranded(store: MongoStore, clock: ManualClock) -> AsyncIterator[str]:
    rows = await store.load([*TEAMS, *FACILITIES, *(f"episode/c{n}" for n in range(EPISODES))])
    states = {subject: parsed(SERVICE, row) for subject, row in rows.items()}
    for name in TEAMS:
        holder = states[name].episode if name in states else None
        if holder and states[holder].team != name:
            yield f"{name} belongs to {holder}, which knows nothing of it"
    for name in FACILITIES:
        for hold in states[name].holds:
            episode = states[hold.episode]
            if hold.until <= clock.now() or name not in (episode.facility, *(one.facility for one in episode.waiting_on)):
                yield f"{name} holds a bed for {hold.episode}"


def raced(url: str, database: str, count: int, rate: float, instances: int = 8, kills: int = 2, seed: int = 1) -> Found:
    """Everybody starts, then requests are offered at this rate all together; each process is killed so often inside a transaction."""

    async def prepare() -> None:
        store = MongoStore(url, database)
        await store.open()
        await prepared(store)
        await store.close()

    async def look(racers: list[Racer], seconds: float) -> Found:
        store = MongoStore(url, database)
        await store.open()
        try:
            return await found(store, racers, count, seconds)
        finally:
            await store.close()

    asyncio.run(prepare())
    about = {"url": url, "database": database, "count": count, "rate": rate, "of": instances, "seed": seed}
    line = StartLine(instances)
    racers = [Racer({**about, "place": place}, kills, line) for place in range(instances)]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    if failed := [one.failed for one in racers if one.failed]:
        raise RuntimeError(failed[0])
    return asyncio.run(look(racers, max(one.last_at for one in racers) - line.begins))
