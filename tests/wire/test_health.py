"""Health is red exactly when something stops getting on, and says what and since when."""

import asyncio
import os
import signal
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from starlette.applications import Starlette
from starlette.testclient import TestClient

from infra.health import Vitals, coordinator_alive, poll_silence_s, routes
from infra.publisher import Publisher, PublishFailed
from infra.telemetry import Meters
from tests.wire.conftest import Broker, fact_row, until


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def browser(vitals: Vitals) -> TestClient:
    return TestClient(Starlette(routes=routes(vitals, Meters("speaker"))))


def test_a_lane_that_stops_beating_turns_it_red_and_is_named() -> None:
    clock = Hand()
    vitals = Vitals(clock)
    vitals.watch("lane-1", max_silence_s=10)
    vitals.watch("lane-2", max_silence_s=10)
    client = browser(vitals)
    clock.now += 9
    vitals.beat("lane-2")
    assert client.get("/health/live").status_code == 200
    clock.now += 2
    answer = client.get("/health/live")
    assert answer.status_code == 503
    (stuck,) = answer.json()["stuck"]
    assert (stuck["name"], stuck["silent_s"], stuck["max_silence_s"], stuck["why"]) == ("lane-1", 11.0, 10, "no beat")
    assert stuck["since"].endswith("+00:00")
    vitals.beat("lane-1")
    assert client.get("/health/live").json()["status"] == "alive"


def test_a_probe_may_say_yes_no_or_for_how_long() -> None:
    clock, said = Hand(), {"answer": True}
    vitals = Vitals(clock)
    vitals.watch("probed", lambda: said["answer"], max_silence_s=5)
    clock.now += 100
    assert vitals.stuck() == []
    said["answer"] = False
    clock.now += 4
    assert vitals.stuck() == []
    clock.now += 2
    assert [one["name"] for one in vitals.stuck()] == ["probed"]
    said["answer"] = 4.0  # type: ignore[assignment]
    assert vitals.stuck() == []
    said["answer"] = 6.0  # type: ignore[assignment]
    assert vitals.stuck()[0]["silent_s"] == 6.0


def test_a_probe_that_raises_is_no_sign_of_life() -> None:
    clock = Hand()
    vitals = Vitals(clock)

    def broken() -> bool:
        raise ValueError("Mallory")

    vitals.watch("probed", broken, max_silence_s=5)
    clock.now += 6
    (stuck,) = vitals.stuck()
    assert stuck["why"] == "probe raised ValueError"


def test_ready_says_what_is_missing_and_no_longer_when_stopping() -> None:
    vitals, started = Vitals(), {"store": False}
    vitals.need("store", lambda: started["store"])
    client = browser(vitals)
    assert client.get("/health/ready").json() == {"status": "not ready", "missing": ["store"]}
    started["store"] = True
    assert client.get("/health/ready").status_code == 200
    vitals.stopping()
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


def test_metrics_are_what_prometheus_reads() -> None:
    answer = browser(Vitals()).get("/metrics")
    assert answer.status_code == 200 and "process_resident_memory_bytes" in answer.text


@pytest.fixture
async def consumer(broker: Broker) -> Any:
    consumer = AIOKafkaConsumer(broker.topic(1), **broker.connection, group_id=f"g-{broker._names}", metadata_max_age_ms=500)
    await consumer.start()
    yield consumer
    try:
        await consumer.stop()
    except BaseException as error:
        assert isinstance(error, ZeroDivisionError | AssertionError | asyncio.CancelledError)


@pytest.mark.engines
async def test_a_dead_coordinator_turns_it_red(broker: Broker, consumer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    vitals = Vitals()
    vitals.watch("coordinator", lambda: coordinator_alive(consumer), max_silence_s=0.2)
    await asyncio.sleep(0.5)
    assert vitals.stuck() == []

    async def explode(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(consumer._coordinator, "_do_rejoin_group", explode)
    monkeypatch.setattr(consumer._coordinator, "ensure_coordinator_known", explode)
    consumer._coordinator.request_rejoin()
    await until(lambda: bool(vitals.stuck()))
    assert (await broker_answers(broker)) is True, "a ping would have been green"


async def broker_answers(broker: Broker) -> bool:
    return bool(await asyncio.to_thread(lambda: broker.kafka.admin().list_topics(timeout=5).brokers))


@pytest.mark.engines
async def test_a_stuck_handler_shows_as_a_consumer_that_is_not_asked(broker: Broker, consumer: Any) -> None:
    vitals = Vitals()
    vitals.watch("lane", lambda: poll_silence_s(consumer), max_silence_s=0.4)
    polling = asyncio.create_task(consumer.getmany(timeout_ms=1000))
    await asyncio.sleep(0.6)
    assert vitals.stuck() == [], "an idle lane waits for records and is well"
    await polling
    await asyncio.sleep(0.6)
    assert [one["name"] for one in vitals.stuck()] == ["lane"]


@pytest.mark.engines
async def test_a_publisher_that_is_not_acknowledged_turns_it_red(broker: Broker) -> None:
    topic = broker.topic(24)
    publisher = Publisher(broker.connection, lambda name: 24, publish_timeout_s=0.7)
    vitals = Vitals()
    vitals.watch("publisher", lambda: publisher.waiting_s, max_silence_s=1)
    row = fact_row(topic, "thing/1", 1)
    async with asyncio.timeout(10):
        while await failed(publisher, row):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert broker.child and vitals.stuck() == []
    os.kill(broker.child.pid, signal.SIGSTOP)
    try:
        assert await failed(publisher, row) and await failed(publisher, row)
        assert [one["name"] for one in vitals.stuck()] == ["publisher"]
    finally:
        os.kill(broker.child.pid, signal.SIGCONT)
    async with asyncio.timeout(10):
        while await failed(publisher, row):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert vitals.stuck() == []
    await publisher.stop(2)


async def failed(publisher: Publisher, row: Any) -> bool:
    try:
        await publisher.publish([row])
    except PublishFailed:
        return True
    return False
