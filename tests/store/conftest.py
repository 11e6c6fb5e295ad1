"""One contract for every store: in memory, and on the real database through either client library."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from infra.store import Store
from infra.store.memory import MemoryStore, Tables
from infra.store.mongo import MongoStore
from tests.store.server import DatabaseServer, running

MONGO = [pytest.param(driver, marks=pytest.mark.engines) for driver in ("pymongo", "motor")]
Another = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    with running(tmp_path_factory.mktemp("store")) as one:
        yield one


@pytest.fixture
def database(server: DatabaseServer) -> Iterator[Any]:
    """A database of the test's own, to look into."""
    with MongoClient(server.url) as client:
        name = f"store_test_{uuid4().hex[:12]}"
        yield client[name]
        client.drop_database(name)


@pytest.fixture(params=MONGO)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["memory", *MONGO])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def another(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Another]:
    """Open a store as one more process would: all of a test share one database."""
    opened: list[Store] = []
    tables = Tables()
    if kind != "memory":
        server, name = request.getfixturevalue("server"), request.getfixturevalue("database").name

    async def open_one(**settings: Any) -> Store:
        store = MemoryStore(tables) if kind == "memory" else MongoStore(server.url, name, kind, **settings)  # type: ignore[arg-type]
        await store.open()
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(another: Another) -> Store:
    return await another()  # type: ignore[no-any-return]
