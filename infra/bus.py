"""FastStream, tamed. It gives subscriptions, their life cycle and AsyncAPI; every default of it that loses data is closed here.

Batches come as raw records (no header or body is decoded before our own tolerant reader), nobody is answered (`reply_to` would let
a sender choose the topic), offsets are ours alone, topics are never created, and there is no documentation page to publish from.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.security import BaseSecurity, SASLScram512

from infra.drain import Drainer
from infra.lane import Lane

POLL_MS = 20
SESSION_MS, HEARTBEAT_MS, REBALANCE_MS = 6_000, 2_000, 30_000
"""A killed process is missed after six seconds; a draining one has thirty."""


@dataclass(frozen=True)
class Stream:
    """What a group of lanes reads: named topics (range: one owner for a partition number), or a pattern of them (round robin)."""

    group: str
    topics: tuple[str, ...] = ()
    pattern: str = ""
    lanes: int = 1
    records_max: int = 500
    partition_bytes_max: int = 256 << 10
    fetch_bytes_max: int = 4 << 20
    fetch_bytes_min: int = 1
    """How much the broker gathers, for a quarter of a second at most, before it answers: many small answers cost more than a few large."""


def broker_for(bootstrap: str, user: str = "", password: str = "", tls: SSLContext | None = None) -> KafkaBroker:
    """A broker object that connects nothing yet and produces nothing ever (the publisher is ours)."""
    security = SASLScram512(user, password, ssl_context=tls, use_ssl=tls is not None) if user else BaseSecurity(ssl_context=tls)
    return KafkaBroker(
        bootstrap,
        security=security if user or tls else None,
        apply_types=False,
        allow_auto_create_topics=False,
        consumer_only=True,
        metadata_max_age_ms=10_000,
        graceful_timeout=30.0,
        logger=None,
    )


def subscribe(broker: KafkaBroker, stream: Stream, lanes: Sequence[Lane]) -> None:
    """Register one batch subscriber for each lane."""
    for lane in lanes:
        _subscribe(broker, stream, lane)


async def start(broker: KafkaBroker, lanes: Sequence[Lane]) -> None:
    """Start the subscribers, all at once, and show each lane its consumer.

    FastStream starts one after the other, and each waits until its group has been dealt anew: six lanes took fifteen seconds.
    """
    await broker.connect()
    await asyncio.gather(*(subscriber.start() for subscriber in broker.subscribers))
    broker.running = True
    for lane in lanes:
        lane.consumer = lane.subscriber.consumer


def _subscribe(broker: KafkaBroker, stream: Stream, lane: Lane) -> None:
    async def raw(batch: Any) -> KafkaMessage:
        return KafkaMessage(raw_message=batch, body=batch, consumer=lane.consumer)  # type: ignore[arg-type]

    async def undecoded(message: Any) -> Any:
        return message.raw_message

    subscriber = broker.subscriber(
        *stream.topics,
        pattern=stream.pattern or None,
        batch=True,
        group_id=stream.group,
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=raw,
        decoder=undecoded,
        listener=lane,
        auto_offset_reset="earliest",
        partition_assignment_strategy=[RoundRobinPartitionAssignor if stream.pattern else RangePartitionAssignor],
        max_records=stream.records_max,
        batch_timeout_ms=POLL_MS,
        max_partition_fetch_bytes=stream.partition_bytes_max,
        fetch_max_bytes=stream.fetch_bytes_max,
        fetch_max_wait_ms=250,
        fetch_min_bytes=stream.fetch_bytes_min,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        rebalance_timeout_ms=REBALANCE_MS,
        include_in_schema=False,
    )

    drainers: dict[Any, Drainer] = {}

    async def drained(consumer: Any) -> tuple[Any, ...]:
        if consumer not in drainers:
            drainers.clear()
            drainers[consumer] = Drainer(consumer)
        return await drainers[consumer].records(POLL_MS, stream.records_max)

    lane.subscriber = subscriber
    subscriber.get_msg = drained  # type: ignore[method-assign]

    async def handle(batch: Any) -> None:
        lane.consumer = subscriber.consumer
        await lane.handle(batch)

    subscriber(handle)


def application(broker: KafkaBroker, **about: Any) -> FastStream:
    """For tools that read the application (AsyncAPI); processes start the broker themselves."""
    return FastStream(broker, **about)


def connection(bootstrap: str, user: str = "", password: str = "", tls: SSLContext | None = None) -> Mapping[str, Any]:
    """The same access for aiokafka's own clients."""
    protocol = ("SASL_" if user else "") + ("SSL" if tls else "PLAINTEXT")
    signed_in = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": user, "sasl_plain_password": password} if user else {}
    return {"bootstrap_servers": bootstrap, "security_protocol": protocol, "ssl_context": tls, **signed_in}
