"""Facts reach the broker in order and all of them, whatever happens to the broker or to the producer."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from infra.envelope import attributes_of
from infra.packing import size_of
from infra.problems import Problem
from infra.publisher import Oversize, Publisher, PublishFailed
from infra.store.port import FactRow
from tests.wire.conftest import Broker, fact_row, heard, until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]
Made = Callable[..., Awaitable[Publisher]]


def partitions(topic: str) -> int:
    """Test topics end in their number of partitions."""
    return int(topic.rpartition("-")[2])


@pytest.fixture
async def made(broker: Broker) -> AsyncIterator[Made]:
    publishers: list[Publisher] = []

    async def make(**options: Any) -> Publisher:
        publisher = Publisher(broker.connection, partitions, **{"publish_timeout_s": 5.0, **options})
        publishers.append(publisher)
        await publisher.start()
        return publisher

    yield make
    for publisher in publishers:
        await publisher.stop(2)


def facts(topic: str, sequence: int, aggregates: int = 40, data: bytes = b"{}") -> list[FactRow]:
    return [fact_row(topic, f"thing/{n}", sequence, data) for n in range(aggregates)]


async def until_acknowledged(publisher: Publisher, rows: list[FactRow]) -> int:
    """What every caller does: all of it again, until it is acknowledged. Says how often it failed."""
    failures = 0
    while True:
        try:
            await publisher.publish(rows)
            return failures
        except PublishFailed:
            failures += 1
            await asyncio.sleep(0.05)


async def test_a_record_is_its_row_byte_for_byte_in_the_rows_partition(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made()
    rows = facts(topic, 1, data=b'{"a": 1.10}')
    await publisher.publish(rows)
    records = {record.key.decode(): record for record in await broker.read(topic)}
    assert records.keys() == {row.key for row in rows}
    for row in rows:
        record = records[row.key]
        assert (attributes_of(record.headers), record.value, record.partition) == (dict(row.attributes), row.data, row.part)


async def test_a_topic_of_one_partition_takes_every_key(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(1), await made()
    await publisher.publish(facts(topic, 1))
    assert len(await broker.read(topic)) == 40


async def test_first_facts_on_many_topics_ask_the_broker_for_them_all_at_once(broker: Broker, made: Made) -> None:
    publisher = await made()
    topics = [broker.topic(1) for _ in range(20)]
    assert publisher._line
    client, asked = publisher._line.producer.client, list[int]()
    ask = client._metadata_update

    async def counting(cluster: Any, named: Any) -> Any:
        asked.append(len(named))
        return await ask(cluster, named)

    client._metadata_update = counting
    await publisher.publish([row for topic in topics for row in facts(topic, 1, 1)])
    assert len(asked) <= 3 and asked[-1] == len(topics)
    assert publisher._line.checked == set(topics)


async def test_calls_that_contend_for_one_partition_are_all_served(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(1), await made(publish_timeout_s=2.0)
    await publisher.publish(facts(topic, 1, 1))

    async def speaker(name: str) -> None:
        for n in range(1, 151):
            await publisher.publish([fact_row(topic, name, n)])

    await asyncio.gather(*[speaker(f"lane/{n}") for n in range(8)])
    assert publisher.restarts == 0
    applied = heard(await broker.read(topic))
    assert all(applied[f"lane/{n}"] == list(range(1, 151)) for n in range(8))


async def test_order_within_an_aggregate_survives_producers_that_are_given_up(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made(batch_bytes_max=4096)
    chance, last = random.Random(3), Counter[str]()

    async def speaker(mine: list[str]) -> None:
        while last[mine[0]] < 30 or publisher.restarts <= 5:  # a quick machine would be done before it was disturbed
            numbers = range(last[mine[0]] + 1, last[mine[0]] + 4)
            await until_acknowledged(publisher, [fact_row(topic, name, n, b"x" * 300) for name in mine for n in numbers])
            last.update(dict.fromkeys(mine, 3))

    async def saboteur() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0.01, 0.06))
            if line := publisher._line:
                publisher._give_up(line, "Test")
                if chance.random() < 0.5:
                    await line.producer.client.close()

    sabotage = asyncio.create_task(saboteur())
    await asyncio.gather(*[speaker([f"{lane}/{n}" for n in range(20)]) for lane in "abc"])
    sabotage.cancel()
    applied = heard(await broker.read(topic))
    assert len(applied) == 60 and applied == {name: list(range(1, n + 1)) for name, n in last.items()}


async def test_a_later_fact_never_passes_one_that_was_refused(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(1, **{"max.message.bytes": "3000"}), await made(batch_bytes_max=1024)
    rows = [fact_row(topic, "thing/1", 1, b"x" * 5000), fact_row(topic, "thing/1", 2)]
    with pytest.raises(Oversize) as refused:
        await publisher.publish(rows)
    assert refused.value.rows == (rows[0].id,)
    await asyncio.sleep(0.3)
    assert await broker.read(topic) == []


async def test_the_broker_would_have_let_it_pass(broker: Broker) -> None:
    """Why batches of one partition go one after the other: a fresh producer's second batch is taken though its first was refused."""
    topic = broker.topic(1, **{"max.message.bytes": "3000"})
    async with AIOKafkaProducer(**broker.connection, enable_idempotence=True, max_batch_size=1024) as producer:
        await until_leader(producer, topic)
        first = await producer.send(topic, b"x" * 5000)
        second = await producer.send(topic, b"y")
        with pytest.raises(MessageSizeTooLargeError):
            await first
        await second
    assert [record.value for record in await broker.read(topic)] == [b"y"]


async def until_leader(producer: AIOKafkaProducer, topic: str) -> None:
    """A topic just made has no leader for a moment."""
    await producer.partitions_for(topic)
    await asyncio.sleep(0.5)


async def test_an_oversize_fact_is_named_before_anything_is_sent_and_harms_nobody(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made(record_bytes_max=10_000)
    large = fact_row(topic, "thing/7", 1, b"x" * 10_000)
    assert size_of(large) > 10_000
    with pytest.raises(Oversize) as refused:
        await publisher.publish([*facts(topic, 1, 5), large])
    assert refused.value.rows == (large.id,) and await broker.read(topic) == []
    await publisher.publish(facts(topic, 1, 5))
    assert publisher.restarts == 0


async def test_a_topic_limit_lowered_under_way_heals(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(1), await made()
    await publisher.publish(facts(topic, 1, data=b"x" * 500))
    broker.configure(topic, "max.message.bytes", "5000")
    await asyncio.sleep(0.5)
    failures = [await until_acknowledged(publisher, facts(topic, n, data=b"x" * 500)) for n in range(2, 8)]
    assert failures[0] == 1 and max(failures) == 1 and failures[-1] == 0, "batches shrink, by halves, until they fit"
    applied = heard(await broker.read(topic))
    assert all(sequences == list(range(1, 8)) for sequences in applied.values()) and publisher.restarts >= 1


async def test_without_the_supervisor_that_producer_is_lost(broker: Broker) -> None:
    """What heals above is real: aiokafka's own producer answers OutOfOrderSequence for ever."""
    topic = broker.topic(1, **{"max.message.bytes": "3000"})
    async with AIOKafkaProducer(**broker.connection, enable_idempotence=True) as producer:
        await until_leader(producer, topic)
        await producer.send_and_wait(topic, b"first")
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(topic, b"x" * 5000)
        for _ in range(3):
            with pytest.raises(OutOfOrderSequenceNumber):
                await producer.send_and_wait(topic, b"y")


async def test_a_topic_that_fails_does_not_hold_up_its_neighbours(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made()
    with pytest.raises(PublishFailed) as failed:
        await publisher.publish([*facts("missing-24", 1, 3), *facts(topic, 1, 3)])
    assert failed.value.topics == {"missing-24"}
    assert len(await broker.read(topic)) == 3 and publisher.restarts == 0


async def test_a_topic_with_another_number_of_partitions_is_not_spoken_on(broker: Broker) -> None:
    topic = broker.topic(6)
    publisher = Publisher(broker.connection, lambda name: 24)
    with pytest.raises(Problem) as refused:
        await publisher.publish(facts(topic, 1))
    await publisher.stop(2)
    assert refused.value.code == "TL-2052" and await broker.read(topic) == []


async def test_a_broker_killed_in_the_middle_costs_nothing_but_time(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made(publish_timeout_s=3.0)
    acknowledged = 0

    async def speaker(lane: str) -> int:
        nonlocal acknowledged
        failures = 0
        for n in range(1, 41):
            failures += await until_acknowledged(publisher, [fact_row(topic, f"{lane}/{i}", n) for i in range(10)])
            acknowledged += 10
        return failures

    speaking = asyncio.gather(*[speaker(lane) for lane in "abc"])
    await until(lambda: acknowledged > 150)
    broker.kill()
    await asyncio.sleep(4)
    before = acknowledged
    await asyncio.to_thread(restart, broker)
    failures = await speaking
    assert before < 1200 and sum(failures) > 0
    applied = heard(await broker.read(topic))
    assert len(applied) == 30 and all(sequences == list(range(1, 41)) for sequences in applied.values())


def restart(broker: Broker) -> None:
    """From a thread, so that the publisher goes on trying meanwhile; the child must outlive that thread."""
    broker.start(follow=False)


async def test_a_broker_that_hangs_is_noticed_and_left(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made(publish_timeout_s=1.0)
    await publisher.publish(facts(topic, 1))
    assert broker.child and publisher.waiting_s == 0
    os.kill(broker.child.pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            with pytest.raises(PublishFailed) as failed:
                await publisher.publish(facts(topic, 2))
        assert failed.value.topics == {topic} and publisher.waiting_s > 2 and publisher.restarts >= 1
    finally:
        os.kill(broker.child.pid, signal.SIGCONT)
    await until_acknowledged(publisher, facts(topic, 2))
    assert publisher.waiting_s == 0
    assert all(sequences == [1, 2] for sequences in heard(await broker.read(topic)).values())


async def test_stopping_is_bounded_while_the_broker_is_gone(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made(publish_timeout_s=30.0)
    await publisher.publish(facts(topic, 1))
    broker.kill()
    try:
        sending = asyncio.create_task(publisher.publish(facts(topic, 2)))
        await asyncio.sleep(0.5)
        started = time.monotonic()
        await publisher.stop(3)
        assert time.monotonic() - started < 4
        assert not [task for task in asyncio.all_tasks() if "_sender_routine" in repr(task)], "nothing of it goes on sending"
        sending.cancel()
        with pytest.raises((asyncio.CancelledError, PublishFailed)):
            await sending
    finally:
        broker.start()


async def test_aiokafka_itself_would_not_stop(broker: Broker) -> None:
    topic = broker.topic(1)
    producer = AIOKafkaProducer(**broker.connection, enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(topic, b"1")
    broker.kill()
    try:
        await producer.send(topic, b"2")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.stop(), 4)
    finally:
        broker.start()
        await producer.client.close()


async def test_no_call_is_taken_after_the_stop(broker: Broker, made: Made) -> None:
    topic, publisher = broker.topic(24), await made()
    await publisher.stop(1)
    with pytest.raises(PublishFailed) as failed:
        await publisher.publish(facts(topic, 1))
    assert failed.value.topics == {topic} and not isinstance(failed.value, KafkaError)
