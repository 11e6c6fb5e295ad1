"""One Kafka producer that can be given up: opened, counted in use, and closed in bounded time whatever the broker does."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

FLUSH_S = 0.5
log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Line:
    """A producer and how many calls use it. `checked` are the topics whose partitions were counted; `turns` a queue a partition."""

    producer: AIOKafkaProducer
    calls: int = 0
    checked: set[str] = field(default_factory=set)
    turns: defaultdict[tuple[str, int], asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self) -> None:
        self.calls += 1
        self.idle.clear()

    def leave(self) -> None:
        self.calls -= 1
        if not self.calls:
            self.idle.set()


async def opened(options: Mapping[str, Any]) -> Line | None:
    """A started producer, or None when the broker does not let us: try again. May be cancelled at any time."""
    producer = AIOKafkaProducer(**options)
    try:
        await producer.start()
        return Line(producer)
    except KafkaError as error:
        log.warning("producer not started", error=type(error).__name__)
        await _close(producer, 0.0)
        return None
    except BaseException:
        await _close(producer, 0.0)
        raise


async def retire(line: Line, within_s: float) -> None:
    """Close once its calls have ended, or when the time is up."""
    if line.calls:
        with suppress(TimeoutError):
            await asyncio.wait_for(line.idle.wait(), within_s)
    await _close(line.producer, FLUSH_S)


async def _close(producer: AIOKafkaProducer, flush_s: float) -> None:
    """aiokafka's stop flushes, and an idempotent producer never gives a flush up: flush for a moment, then cut the connection.

    Its sender swallows the first cancellation and waits for requests under way, so it is asked again until it has ended.
    """
    stopping = asyncio.ensure_future(producer.stop())
    await asyncio.wait([stopping], timeout=flush_s)
    if stopping.done():
        await asyncio.gather(stopping, return_exceptions=True)
        return
    stopping.cancel()
    await asyncio.wait([asyncio.ensure_future(producer.client.close())], timeout=1.0)
    sender = producer._sender.sender_task
    for _ in range(5):
        if sender is None or sender.done():
            return
        sender.cancel()
        await asyncio.wait([sender], timeout=0.3)
