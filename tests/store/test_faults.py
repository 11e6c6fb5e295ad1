"""A network that fails in the middle of a commit."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from infra.store import Store, Unavailable, Unknown
from infra.store.mongo import MongoStore
from tests.proxy import Proxy
from tests.store.rows import aggregate, change
from tests.store.server import DatabaseServer

pytestmark = pytest.mark.engines
COMMIT, WRITE, READ = b"commitTransaction", b"startTransaction", b"find"
TIMEOUT_MS = 1_000


@pytest.fixture
async def proxy(server: DatabaseServer) -> AsyncIterator[Proxy]:
    async with Proxy(*server.address) as between:
        yield between


@pytest.fixture
async def store(server: DatabaseServer, database: Any, driver: str, proxy: Proxy) -> AsyncIterator[Store]:
    """One that reaches the server by way of the proxy."""
    one = MongoStore(server.url_through(proxy.port), database.name, driver, timeout_ms=TIMEOUT_MS)  # type: ignore[arg-type]
    await one.open()
    await one.commit(change())
    yield one
    proxy.become("pass")
    await one.close()


async def test_a_commit_whose_answers_are_lost_is_unknown_and_may_stand(store: Store, proxy: Proxy):
    proxy.become("drop-response", on=COMMIT)
    with pytest.raises(Unknown):
        await store.commit(change(v=2))
    proxy.become("reset")
    proxy.become("pass")
    assert (await store.load(["item/1"]))["item/1"].v == 2
    await store.commit(change(v=3))


@pytest.mark.parametrize("fault", ["drop-response", "reset"])
async def test_a_commit_is_asked_again_after_a_fault_longer_than_one_call(store: Store, proxy: Proxy, fault: Any):
    proxy.become(fault, on=COMMIT)
    writing = asyncio.ensure_future(store.commit(change(v=2)))
    await proxy.began.wait()
    await asyncio.sleep(1.5 * TIMEOUT_MS / 1000)
    proxy.become("reset")
    proxy.become("pass")
    await writing
    assert len(await store.history("item/1")) == 2


async def test_a_commit_that_never_arrived_is_unknown_and_its_documents_are_free_again(store: Store, proxy: Proxy):
    proxy.become("blackhole", on=COMMIT)
    with pytest.raises(Unknown):
        await store.commit(change(v=2))
    proxy.become("reset")
    proxy.become("pass")
    assert (await store.load(["item/1"]))["item/1"].v == 1
    await store.commit(change(v=2))


@pytest.mark.parametrize("fault", ["drop-response", "blackhole", "reset"])
async def test_before_the_commit_it_is_unavailable_and_nothing_stands(store: Store, proxy: Proxy, fault: Any):
    proxy.become(fault, on=WRITE)
    with pytest.raises(Unavailable):
        await store.commit(change(v=2))
    proxy.become("reset")
    proxy.become("pass")
    assert (await store.load(["item/1"]))["item/1"].v == 1
    await store.commit(change(v=2))


async def test_every_verb_is_bounded_in_time(store: Store, proxy: Proxy):
    proxy.become("blackhole")
    for asked in (
        store.load(["item/1"]), store.claims(["c"]), store.receipts(["r"]), store.kept(["item/1"]), store.unpublished({"item/1": 7}),
        store.backlog([7], aggregate().due_at or change().facts[0].recorded_at, 1), store.due([7], change().facts[0].recorded_at, 1),
        store.errands([7], change().facts[0].recorded_at, change().facts[0].recorded_at, 1),
        store.history("item/1"), store.subjects("", 1), store.fence(["lane/0"]), store.commit(change(v=2)),
    ):  # fmt: skip
        with pytest.raises(Unavailable):
            await asyncio.wait_for(asked, 4 * TIMEOUT_MS / 1000)


async def test_a_slow_network_is_only_slow(store: Store, proxy: Proxy):
    proxy.become("delay", seconds=0.02)
    await store.commit(change(v=2))
    assert (await store.load(["item/1"]))["item/1"].v == 2
