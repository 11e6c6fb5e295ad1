"""What was acknowledged survives the death of the server, whole."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from infra.store import Store, Unavailable, Unknown
from infra.store.mongo import MongoStore
from tests.store.rows import change
from tests.store.server import running

WRITERS, ENOUGH = 4, 200
pytestmark = pytest.mark.engines


async def write_until_it_dies(store: Store, subject: str, acknowledged: Counter[str], enough: asyncio.Event) -> None:
    with suppress(Unavailable, Unknown):
        while True:
            await store.commit(change(subject, acknowledged[subject] + 1))
            acknowledged[subject] += 1
            if acknowledged.total() > ENOUGH:
                enough.set()


async def test_a_killed_server_loses_no_acknowledged_commit_and_halves_none(tmp_path: Path, driver: str):
    with running(tmp_path) as server:
        store = MongoStore(server.url, f"store_test_{uuid4().hex[:12]}", driver, timeout_ms=2_000)  # type: ignore[arg-type]
        await store.open()
        acknowledged, enough = Counter[str](), asyncio.Event()
        writing = [asyncio.ensure_future(write_until_it_dies(store, f"item/{n}", acknowledged, enough)) for n in range(WRITERS)]
        await enough.wait()
        server.kill()
        await asyncio.gather(*writing)
        server.start()
        found = await store.load([f"item/{n}" for n in range(WRITERS)])
        for subject, row in found.items():
            assert acknowledged[subject] <= row.v <= acknowledged[subject] + 1
            assert len(await store.history(subject)) == row.v
            await store.commit(change(subject, row.v + 1))
        await store.close()
