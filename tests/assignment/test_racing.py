"""Caseload limits where several assign at once: on the twin at every interleaving, and by processes that die on the real database."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from contracts.caseloads import caseload_of
from infra.audit import findings
from infra.clock import Clock, ManualClock
from infra.store import FactRow
from infra.store.memory import Tables
from infra.store.mongo import MongoStore
from infra.working import parsed
from services.assignment.app import SERVICE
from services.assignment.directory import DIRECTORY
from tests.assignment.racer import COORDINATORS, LIMIT, LISTED, PARTS, REFERRALS, Process, _move
from tests.assignment.stories import NINE, received, triaged
from tests.instance import Instance
from tests.running import ROOT
from tests.store.server import running


def most(facts: Sequence[FactRow]) -> int:
    """How many counted towards a caseload at its fullest, from its facts alone; one that is counted twice is a fault of its own."""
    items, found = set[str](), 0
    for fact in facts:
        item = orjson.loads(fact.data)["item"]
        taken = fact.attributes["type"] == "caseload.taken.v1"
        assert (item in items) is not taken, f"{item} was counted twice, or freed where it was not"
        items = items | {item} if taken else items - {item}
        found = max(found, len(items))
    return found


def strays(states: dict[str, Any]) -> list[str]:
    """What counts towards a caseload and is owned by another, or the other way round."""
    owned = {who: {f"placement/r{n}" for n in range(REFERRALS) if states[f"placement/r{n}"].owner == who} for who in COORDINATORS}
    counted = {who: set(found.items) if (found := states.get(caseload_of(who))) else set() for who in COORDINATORS}
    return [f"{item} of {who}" for who in COORDINATORS for item in sorted(owned[who] ^ counted[who])]


@pytest.mark.parametrize("seed", range(6))
async def test_no_interleaving_gives_anybody_more_than_their_limit(seed: int) -> None:
    dice, tables, clock = random.Random(seed), Tables(), ManualClock(NINE)

    async def pause(point: str) -> None:
        if dice.random() < 0.3:
            await asyncio.sleep(0)

    instances = [Instance(SERVICE, tables, clock, str(n), pause) for n in range(3)]
    await instances[0].ask(LISTED, "staff/platform", DIRECTORY, "network")

    async def referred(n: int) -> None:
        for sequence, data in enumerate((received(), triaged()), 1):
            await dice.choice(instances).hear("intake-events", f"request/r{n}", sequence, data)

    await asyncio.gather(*(referred(n) for n in range(REFERRALS)))
    for turn in range(12):
        await asyncio.gather(*(one.sweep() for one in instances))
        asks = [(_move(dice), dice.choice(COORDINATORS), f"placement/r{dice.randrange(REFERRALS)}", f"{turn}-{n}") for n in range(25)]
        await asyncio.gather(*(dice.choice(instances).ask(*one) for one in asks))
        clock.advance(timedelta(minutes=dice.choice((0, 1, 20))))
    for _ in range(3):
        await asyncio.gather(*(one.sweep() for one in instances))
    facts = {who: sorted(tables.of_aggregate.get(caseload_of(who), ()), key=lambda row: row.sequence) for who in COORDINATORS}
    assert {who: most(rows) for who, rows in facts.items()} == dict.fromkeys(COORDINATORS, LIMIT)
    assert strays({subject: instances[0].state(subject) for subject in tables.aggregates}) == []
    assert [failure.error for one in instances for failure in one.seen.failures] == []
    assert sum(one.seen.retries.count("conflict") for one in instances) > 0
    for subject, row in tables.aggregates.items():
        assert findings(SERVICE, row, sorted(tables.of_aggregate.get(subject, ()), key=lambda row: row.sequence)) == []


def raced(about: dict[str, Any], points: str) -> dict[str, Any]:
    """One place in the race: a process, and at once whoever follows it where it is killed."""
    for killed in range(2):
        env = {**os.environ, "RACE": json.dumps({**about, "points": "" if killed else points})}
        run = [sys.executable, "-m", "tests.assignment.racer"]
        ended = subprocess.run(run, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, timeout=200)
        if ended.returncode == 0:
            return {**json.loads(ended.stdout), "killed": killed}
        assert ended.returncode == -9
    raise AssertionError("killed twice")


@pytest.mark.engines
@pytest.mark.timeout(300)
def test_processes_that_assign_at_once_and_die_in_it_give_nobody_more_than_their_limit(tmp_path: Path) -> None:
    with running(tmp_path) as server, ThreadPoolExecutor(4) as pool:
        about = {"url": server.url, "database": f"race_{uuid4().hex[:8]}", "of": 4}
        points = ("in_transaction:kill9@12", "in_transaction:kill9@30", "", "")
        ends = list(pool.map(lambda place: raced({**about, "place": place}, points[place]), range(4)))
        found, states = asyncio.run(_looked_at(about["url"], about["database"]))
    told = {name: sum((Counter(one[name]) for one in ends), Counter[str]()) for name in ("retries", "ended")}
    assert sum(one["killed"] for one in ends) == 2 and told["retries"]["conflict"] > 0 and told["ended"]["refused"] > 0
    assert found == dict.fromkeys(COORDINATORS, LIMIT) and strays(states) == []


async def _looked_at(url: str, database: str) -> tuple[dict[str, int], dict[str, Any]]:
    """After everybody has come to rest: how full each caseload ever was, and what stands."""
    store = MongoStore(url, database)
    await store.open()
    due = Process(store, Clock()).due
    while await store.due(PARTS, Clock().now(), 1):
        await due.sweep()
    rows = await store.load([*(f"placement/r{n}" for n in range(REFERRALS)), *map(caseload_of, COORDINATORS)])
    found = {who: most(await store.history(caseload_of(who))) for who in COORDINATORS}
    await store.close()
    return found, {subject: parsed(SERVICE, row) for subject, row in rows.items()}
