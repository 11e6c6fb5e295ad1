"""Publishes facts: keyed, in order, all acknowledged or the call fails and is repeated by its caller from the first.

Ours and not FastStream's, because aiokafka's idempotent producer cannot be trusted alone: after one batch that the broker refuses
it answers OutOfOrderSequence for ever, and while a broker is away neither its sends nor its stop ever end. So each producer is a
*line* that is given up at the first failure or stall, and another takes its place. What an old line still delivers is a stale
duplicate, which listeners drop by sequence.

Order. The broker accepts the second batch of a fresh producer even when it refused the first one, so a later fact could overtake
an earlier one and make listeners drop that. Here at most one batch for each partition is under way within a call: the next one is
handed over when the one before it is acknowledged. Two calls know nothing of each other. Their caller must see to it that a call
begins, for each of its aggregates and topics, with the first fact that is not acknowledged yet ("publish every unpublished fact of
the touched aggregates"); then calls may overlap in any way and repeat at any time.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerClosed

from infra.packing import Batch, Oversize, Place, by_place, packed, turns
from infra.problems import Problem
from infra.producer import Line, opened, retire
from infra.store.port import FactRow
from infra.telemetry import Meters

RECORD_BYTES_MAX = 1_000_000
BATCH_BYTES_MAX = 256 << 10
METADATA_S = 2.0
RETRY_S = 0.2
log = structlog.get_logger(__name__)


class PublishFailed(Exception):
    """Not every row is known to be acknowledged. Publish again, everything, later.

    `topics` are those with a row in doubt: every row of any other topic was acknowledged. `reason` is a class name, never a text.
    """

    def __init__(self, topics: Iterable[str], reason: str) -> None:
        self.topics, self.reason = frozenset(topics), reason
        super().__init__(f"{reason} on {', '.join(sorted(self.topics))}")


@dataclass(slots=True, eq=False)
class _Call:
    """One publish call: rows by place, how many of each topic are not acknowledged yet, and why a topic failed."""

    places: dict[Place, list[FactRow]]
    line: Line | None = None
    started: float = field(default_factory=time.monotonic)
    open: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    large: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for (topic, _), rows in self.places.items():
            self.open[topic] += len(rows)

    @property
    def doubtful(self) -> set[str]:
        return {topic for topic, rows in self.open.items() if rows}


class Publisher:
    """`connection` is aiokafka's (bootstrap_servers, security …); `partitions` tells how many a topic must have.

    There is no linger: a call hands over whole batches, and while one request is under way the next calls' batches gather.
    Records carry the time of sending: the virtual time in a fact may lie where a broker refuses it.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        partitions: Callable[[str], int],
        *,
        meters: Meters | None = None,
        publish_timeout_s: float = 10.0,
        record_bytes_max: int = RECORD_BYTES_MAX,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        compression: str | None = None,
    ) -> None:
        self.publish_timeout_s, self.record_bytes_max, self.batch_bytes_max = publish_timeout_s, record_bytes_max, batch_bytes_max
        self.restarts = 0
        self._partitions, self._meters = partitions, meters or Meters("unnamed")
        self._options = {
            **connection,
            "enable_idempotence": True,
            "acks": "all",
            "max_batch_size": batch_bytes_max,
            "max_request_size": record_bytes_max,
            "compression_type": compression,
            "request_timeout_ms": int(publish_timeout_s * 1000),
        }
        self._line: Line | None = None
        self._opening = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self._calls: dict[_Call, None] = {}
        self._failing: tuple[float, float] | None = None
        self._batch_bytes: dict[str, int] = {}
        self._alone: set[str] = set()
        self._stopped = False

    async def start(self) -> None:
        """Connect now rather than at the first call. Raises Problem TL-2051 if the broker does not answer in time."""
        try:
            async with asyncio.timeout(self.publish_timeout_s):
                await self._ready()
        except TimeoutError:
            raise Problem("TL-2051", "the broker does not answer", fix="check its address, this service's user and the network") from None

    async def publish(self, rows: Sequence[FactRow]) -> None:
        """Return when the broker acknowledged every row. Raises PublishFailed, Oversize, or Problem TL-2052 (partitions)."""
        if not rows:
            return
        call = _Call(by_place(rows, self._partitions))
        self._calls[call] = None
        try:
            await self._bounded(call)
        finally:
            self._left(call)
        self._failing = None
        self._alone -= call.open.keys()
        self._meters.count("facts_published_total", len(rows))
        self._meters.observe("publish_seconds", time.monotonic() - call.started)

    @property
    def waiting_s(self) -> float:
        """For how long nothing was acknowledged though something waits, failed and repeated calls included; 0 when nothing waits.

        A failure counts while a call waits, or until two timeouts have passed without another: then somebody else took it over.
        One topic that fails among others that do not is no standstill: `publish_failures_total` shows it.
        """
        now = time.monotonic()
        oldest = next(iter(self._calls), None)
        since = [oldest.started] if oldest else []
        if self._failing and (oldest or now - self._failing[1] < 2 * self.publish_timeout_s):
            since.append(self._failing[0])
        return now - min(since) if since else 0.0

    async def stop(self, timeout_s: float) -> None:
        """Let the calls under way end, for part of that time; then close, whatever the broker does."""
        self._stopped = True
        line, self._line = self._line, None
        if line is not None:
            self._keep(retire(line, 0.4 * timeout_s))
        if self._retiring:
            _, late = await asyncio.wait(self._retiring, timeout=timeout_s)
            for task in late:
                task.cancel()

    async def _bounded(self, call: _Call) -> None:
        try:
            async with asyncio.timeout(self.publish_timeout_s):
                await self._deliver(call)
        except (TimeoutError, KafkaError) as error:
            reason = "Stalled" if isinstance(error, TimeoutError) else type(error).__name__
            self._give_up(call.line, reason)
            raise self._failure(call, reason) from None
        if call.large:
            raise Oversize(call.large)
        if call.failed:
            raise self._failure(call, ", ".join(sorted(set(call.failed.values()))))

    async def _deliver(self, call: _Call) -> None:
        """Send what can be sent: a topic that fails is left out from there on, and its neighbours are not."""
        line = call.line = await self._ready()
        line.enter()
        await asyncio.gather(*(self._check(line, topic, call) for topic in call.open.keys() - line.checked))
        queues = {place: self._packed(line, place[0], rows) for place, rows in call.places.items()}
        for turn in turns(queues):
            if sound := [item for item in turn if item[0][0] not in call.failed]:
                await self._send(line, sound, call)

    async def _send(self, line: Line, turn: Sequence[tuple[Place, Batch]], call: _Call) -> None:
        """One batch for each partition, all awaited; what is acknowledged is noted even if the wait is cut short."""
        sent: dict[asyncio.Future[Any], tuple[Place, Batch]] = {}
        try:
            for place, batch in turn:
                sent[await self._hand_over(line, place, batch)] = place, batch
            await asyncio.wait(sent)
        finally:
            for future, (place, batch) in sent.items():
                if not future.done():
                    future.cancel()
                elif error := future.exception():
                    self._refused(call, place[0], batch, error)
                else:
                    call.open[place[0]] -= len(batch.ids)

    def _refused(self, call: _Call, topic: str, batch: Batch, error: BaseException) -> None:
        """The producer has spent this batch's sequence numbers: it is of no use for that partition any more.

        A limit of the broker holds for whole batches. So the topic's rows go one by one next, which shows the one that is too
        large (if there is one); afterwards in smaller batches.
        """
        if isinstance(error, MessageSizeTooLargeError):
            self._alone.add(topic)
            if len(batch.ids) > 1:
                self._batch_bytes[topic] = batch.builder.size() // 2
            else:
                call.large += batch.ids
        call.failed[topic] = type(error).__name__
        self._give_up(call.line, call.failed[topic])

    async def _hand_over(self, line: Line, place: Place, batch: Batch) -> asyncio.Future[Any]:
        """Queue a batch at its partition, one call at a time: aiokafka lets waiters race, and counts the loser's time twice."""
        async with line.turns[place]:
            sent: asyncio.Future[Any] = await line.producer.send_batch(batch.builder, place[0], partition=place[1])
            return sent

    def _packed(self, line: Line, topic: str, rows: Sequence[FactRow]) -> list[Batch]:
        """Nothing is sent before all is packed, so that an oversize row spoils nothing."""
        batch_bytes = 0 if topic in self._alone else self._batch_bytes.get(topic, self.batch_bytes_max)
        return packed(rows, line.producer.create_batch, batch_bytes, self.record_bytes_max)

    async def _check(self, line: Line, topic: str, call: _Call) -> None:
        """A topic with another number of partitions would send keys elsewhere than their history: refuse to speak on it.

        Those that are asked for together are one request to the broker, however many they are.
        """
        expected = self._partitions(topic)
        try:
            async with asyncio.timeout(METADATA_S):
                found = len(await line.producer.partitions_for(topic))
        except (TimeoutError, KafkaError) as error:
            call.failed[topic] = "TopicUnknown" if isinstance(error, TimeoutError) else type(error).__name__
            return
        if found != expected:
            raise Problem("TL-2052", f"topic {topic} has {found} partitions", f"its keys live in {expected}", "give the topic a new name")
        line.checked.add(topic)

    async def _ready(self) -> Line:
        """The current line; opened, again and again, by the first call that finds none."""
        async with self._opening:
            while self._line is None:
                if self._stopped:
                    raise ProducerClosed()
                self._line = await opened(self._options)
                if self._line is None:
                    await asyncio.sleep(RETRY_S)
                elif self._stopped:
                    self._keep(retire(self._line, 0))
                    raise ProducerClosed()
            return self._line

    def _give_up(self, line: Line | None, reason: str) -> None:
        """Let no further call use this line. Calls that do are left to end by themselves: theirs may be sound partitions."""
        if line is None or line is not self._line:
            return
        self._line, self.restarts = None, self.restarts + 1
        self._meters.count("producer_restarts_total", 1, reason)
        log.warning("producer given up", error=reason)
        self._keep(retire(line, 2 * self.publish_timeout_s))

    def _failure(self, call: _Call, reason: str) -> PublishFailed:
        now = time.monotonic()
        self._failing = (self._failing[0] if self._failing else call.started, now)
        self._meters.count("publish_failures_total", 1, reason)
        return PublishFailed(call.doubtful, reason)

    def _left(self, call: _Call) -> None:
        del self._calls[call]
        if call.line is not None:
            call.line.leave()

    def _keep(self, closing: Any) -> None:
        task = asyncio.create_task(closing)
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
