"""One record that cannot be read costs nobody else a record: on the real broker, through the real subscription."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from aiokafka.record.util import calc_crc32c

from infra.bus import Stream, broker_for, start, subscribe
from infra.drain import Drainer
from infra.lane import Lane

pytestmark = pytest.mark.engines
BAD = b"\xff\xfe\xfd"


async def unreadable(producer: AIOKafkaProducer, topic: str) -> None:
    """One record with a header name that is no UTF-8, as no client library would make it."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=b"{}", headers=[("abc", b"x")])
    batch.close()
    built = batch._build

    def spoilt() -> bytearray:
        raw = bytearray(built().replace(b"abc", BAD))
        raw[17:21] = calc_crc32c(bytes(raw[21:])).to_bytes(4)
        return raw

    batch._build = spoilt
    await (await producer.send_batch(batch, topic, partition=0))


async def published(producer: AIOKafkaProducer, good: str, evil: str) -> None:
    """Twenty good records around one that cannot be read, on either side of it."""
    for n in range(10):
        await producer.send_and_wait(good, b"%d" % n)
    await producer.send_and_wait(evil, b"before")
    await unreadable(producer, evil)
    await producer.send_and_wait(evil, b"after")
    for n in range(10, 20):
        await producer.send_and_wait(good, b"%d" % n)


async def test_an_unreadable_header_name_costs_no_other_sender_a_record(broker: Any) -> None:
    good, evil = broker.topic(1), broker.topic(1)
    producer = AIOKafkaProducer(**broker.connection)
    await producer.start()
    await published(producer, good, evil)
    await producer.stop()
    taken: list[Any] = []

    async def take(records: Sequence[Any]) -> None:
        taken.extend(records)

    async def fence(_: Sequence[str]) -> None: ...

    lane = Lane("drain/0", f"drain-{good}", take, fence)
    options = broker.connection
    application = broker_for(options["bootstrap_servers"], options["sasl_plain_username"], options["sasl_plain_password"])
    subscribe(application, Stream(lane.group, topics=(good, evil)), [lane])
    await start(application, [lane])
    async with asyncio.timeout(30):
        while len(taken) < 23:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await application.stop()
    assert [int(record.value) for record in taken if record.topic == good] == list(range(20))
    assert [(record.offset, record.value) for record in taken if record.topic == evil] == [(0, b"before"), (1, None), (2, b"after")]


class Stopped:
    """A consumer that was stopped while somebody drains it."""

    class _subscription:
        subscription = None

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("in-acme", 0)}

    async def seek_to_committed(self, place: TopicPartition) -> None: ...

    async def getmany(self, *_: Any, **__: Any) -> Any:
        raise ConsumerStoppedError


async def test_a_stop_in_the_middle_of_a_drain_invents_no_record() -> None:
    consumer: Any = Stopped()
    drainer = Drainer(consumer)
    with pytest.raises(ConsumerStoppedError):
        await drainer.records(20, 500)
    consumer.position = AsyncMock(return_value=7)
    with pytest.raises(ConsumerStoppedError):
        await drainer._alone(TopicPartition("in-acme", 0))
