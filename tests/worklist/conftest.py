"""A worklist on real engines, fed with raw events as other services would publish them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from pymongo import MongoClient

from deploy.local.engines import Engines
from infra.clock import Clock
from infra.records import Record
from infra.telemetry import Meters
from services.worklist.app import HEARS
from services.worklist.follow import Follower, Reader
from services.worklist.live import Live
from services.worklist.store import Board
from tests.engines import engines  # noqa: F401


@pytest.fixture
def database(engines: Engines) -> str:  # noqa: F811
    """An empty database of the worklist's own user."""
    with MongoClient(engines.mongo_url("worklist")) as client:
        for name in client["worklist"].list_collection_names():
            client["worklist"].drop_collection(name)
    return engines.mongo_url("worklist")


@pytest.fixture
async def board(database: str) -> AsyncIterator[Board]:
    made = Board(database, "worklist")
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def follower(board: Board) -> Follower:
    return Follower(board, Reader(HEARS), Clock(), Meters(f"worklist-{uuid4().hex}"))


@asynccontextmanager
async def looking_at(live: Live) -> AsyncIterator[Live]:
    """While its viewers are told what changes."""
    running = asyncio.create_task(live.run())
    yield live
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def publish(engines: Engines, principal: str, records: Iterable[Record]) -> None:  # noqa: F811
    """As the owning service would, and acknowledged."""
    producer = Producer({**engines.kafka_config(principal), "acks": "all", "linger.ms": 20})
    for record in records:
        key = next(value for name, value in record.headers if name == "ce_partitionkey")
        producer.produce(record.topic, record.value, key, partition=record.partition, headers=list(record.headers), on_delivery=_refused)
        producer.poll(0)
    assert producer.flush(60) == 0


def _refused(error: Any, _: Any) -> None:
    assert error is None, error


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> Any:
    """The first true answer."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found
