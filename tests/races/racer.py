"""`RACE={…} python -m tests.races.racer`: one process. It says that it is ready and is told when the race begins. It takes every nth
request when its time has come, decides and commits it with others that are due, and says how far it is: its successor goes on from there.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from typing import Any

from contracts.kernel import Actor, Message
from contracts.upkeep import Origin
from infra.clock import Clock
from infra.failpoints import arm, parse
from infra.service import Item
from infra.settle import Settler
from infra.store.mongo import MongoStore
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from services.crisis_routing.app import SERVICE
from tests.crisis_routing.stories import ANA
from tests.races.requests import Request, requests
from tests.runtime.accounts import Log, Seen

AT_ONCE, HTTP = 25, "http:crisis_routing"


def settler(store: MongoStore, clock: Clock, seen: Seen) -> Settler:
    return Settler(SERVICE, store, Log(), MemoryVault(LocalWrapper(bytes(32)), clock), clock, seen, "/test/crisis_routing")


def item(request: Request, clock: Clock) -> Item:
    key = f"request-{request.number}"
    message = Message(key, request.command, request.subject, HTTP, at=clock.now(), actor=Actor("user", ANA), fingerprint="f")
    return Item("command", message, Origin(topic=HTTP), message.id)


async def race(about: dict[str, Any]) -> None:
    store, clock, seen = MongoStore(about["url"], about["database"]), Clock(), Seen()
    await store.open()
    await store.fence([f"race/{about['place']}"])
    mine = requests(about["seed"], about["count"])[about["place"] :: about["of"]]
    works, done = settler(store, clock, seen), about["done"]
    print(json.dumps({"ready": True}), flush=True)
    begins = float(await asyncio.to_thread(sys.stdin.readline))
    arm(parse(about["points"]))
    while done < len(mine):
        due = [one for one in mine[done : done + AT_ONCE] if begins + one.number / about["rate"] <= time.time()]
        if not due:
            await asyncio.sleep(0.005)
            continue
        ended = Counter(outcome.kind for outcome in await works.settle([item(one, clock) for one in due]))
        done += len(due)
        print(json.dumps({"done": done, "retries": Counter(seen.retries), "ended": ended, "at": time.time()}), flush=True)
        seen.retries.clear()
    await store.close()


if __name__ == "__main__":
    asyncio.run(race(json.loads(os.environ["RACE"])))
