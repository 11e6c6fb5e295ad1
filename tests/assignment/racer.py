"""`RACE={…} python -m tests.assignment.racer`: one process of several that assign at once on the real database.

It hears its share of referrals, looks for owners, and lets coordinators take, ask and accept at random. Whoever follows one that was
killed begins anew: what was done is known again.
"""

import asyncio
import json
import os
from collections import Counter
from random import Random
from typing import Any

from contracts.kernel import Actor, Message
from contracts.upkeep import Origin
from infra.clock import Clock
from infra.due import DueLoop
from infra.failpoints import arm, parse
from infra.replay import Replayer
from infra.service import Item
from infra.settle import Settler
from infra.store.mongo import MongoStore
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from services.assignment import commands as asked
from services.assignment.app import SERVICE
from services.assignment.directory import DIRECTORY
from tests.assignment.stories import COORDINATOR, NETWORK, received, triaged
from tests.runtime.accounts import Log, Seen

PARTS, HTTP, REFERRALS, MOVES, LIMIT = range(24), "http:assignment", 60, 150, 8
COORDINATORS = tuple(f"staff/{n}" for n in range(4))
"""Of thirty-two places in all, for sixty referrals."""
LISTED = NETWORK.model_copy(update={"staff": {COORDINATOR: COORDINATORS}, "caseloads": dict.fromkeys(COORDINATORS, LIMIT)})


class Process:
    """A service's settling and due loop over a store of its own, for these partitions."""

    def __init__(self, store: MongoStore, clock: Clock, parts: range = PARTS) -> None:
        self.parts = parts
        vault, self.clock, self.seen = MemoryVault(LocalWrapper(bytes(32)), clock), clock, Seen()
        self.settler = Settler(SERVICE, store, Log(), vault, clock, self.seen, "/test/assignment")
        self.due = DueLoop(self.settler, Replayer(SERVICE, store, vault), clock, self._parts)

    async def _parts(self) -> range:
        return self.parts

    async def takes(self, *items: Item) -> list[str]:
        return [outcome.kind for outcome in await self.settler.settle(items)]

    def command(self, key: str, command: Any, subject: str, who: str) -> Item:
        message = Message(key, command, subject, HTTP, at=self.clock.now(), actor=Actor("user", who), fingerprint="f")
        return Item("command", message, Origin(topic=HTTP), key)

    def heard(self, n: int, sequence: int, data: Any) -> Item:
        message = Message(f"r{n}-{sequence}", data, f"request/r{n}", "intake-events", sequence, at=self.clock.now())
        return Item("heard", message, Origin(topic="intake-events"))


async def race(about: dict[str, Any]) -> None:
    store, dice, ended = MongoStore(about["url"], about["database"]), Random(about["place"]), Counter[str]()
    await store.open()
    await store.fence([f"race/{about['place']}"])
    process = Process(store, Clock(), PARTS[about["place"] :: about["of"]])
    arm(parse(about["points"]))
    mine = range(about["place"], REFERRALS, about["of"])
    moves = [
        process.command(f"{about['place']}-{n}", _move(dice), f"placement/r{dice.randrange(REFERRALS)}", dice.choice(COORDINATORS))
        for n in range(MOVES)
    ]
    await process.takes(process.command("network", LISTED, DIRECTORY, "staff/platform"))
    for n in mine:
        ended.update(await process.takes(process.heard(n, 1, received()), process.heard(n, 2, triaged())))
        await process.due.sweep()
    for n in range(0, MOVES, 5):
        ended.update(await process.takes(*moves[n : n + 5]))
        await process.due.sweep()
    print(json.dumps({"ended": ended, "retries": Counter(process.seen.retries)}), flush=True)
    await store.close()


def _move(dice: Random) -> Any:
    ways = (asked.AskHandOff(to=dice.choice(COORDINATORS)), asked.AcceptHandOff(), asked.TakePlacement())
    return dice.choices(ways, (3, 4, 1))[0]


if __name__ == "__main__":
    asyncio.run(race(json.loads(os.environ["RACE"])))
