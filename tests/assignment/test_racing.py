"""Caseload limits where several instances assign at once, at every interleaving."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest

from infra.audit import findings
from infra.clock import ManualClock
from infra.store import FactRow
from infra.store.memory import Tables
from services.assignment.app import SERVICE
from services.assignment.directory import DIRECTORY
from services.assignment.placement import caseload_of
from tests.assignment.racer import COORDINATORS, LIMIT, LISTED, REFERRALS, _move
from tests.assignment.stories import NINE, received, triaged
from tests.instance import Instance


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
