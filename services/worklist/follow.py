"""Follows the log: reads records, folds what they change, writes one transaction a batch.

Offsets are committed by the lane after the batch is durable, so a batch may come again; sequences make it nothing then. Lanes of one
process take turns, and whoever's turn it is writes what the others have waiting too: two lanes never fight over an item. Against
other processes the items' versions guard: a batch that lost is loaded and folded again.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from prometheus_client import Gauge
from pydantic import ValidationError

from contracts.kernel import Event
from infra.clock import Clock
from infra.envelope import attributes_of
from infra.inbound import instant
from infra.records import Received
from infra.store import Conflict, Rejected, Unknown
from infra.telemetry import Meters, kept_trace
from services.worklist.items import Document, applied, document, refolded
from services.worklist.marking import Marking
from services.worklist.projections import Change, Heard, changes
from services.worklist.questions import counts, gaps
from services.worklist.store import Board, Writes

log = structlog.get_logger(__name__)
TOGETHER_MAX = 2_000
"""Changes of several lanes that are written in one transaction."""
GAP_AFTER_S, AUDIT_EVERY_S, GAPS_COUNTED_MAX = 60.0, 15.0, 1_000


class Reader:
    """From a record to what it tells. A type that is not known is told by its name: its sequence counts all the same."""

    def __init__(self, hears: Mapping[str, type[Event]]) -> None:
        self._hears = hears

    def heard(self, record: Received) -> Heard | None:
        """None where neither subject nor sequence say what it is about: such a record can only be logged."""
        said = attributes_of(record.headers)
        sequence, subject, kind = said.get("sequence", ""), said.get("subject", ""), said.get("type", "")
        if not (subject and sequence.isdecimal() and int(sequence)):
            return None
        data, readable = self.data(kind, record.value)
        at = instant(said.get("time", ""))
        return Heard(
            record.topic, record.partition, record.offset, kind, subject, int(sequence), said.get("id", ""), at,
            instant(said.get("recordedtime", "")) if "recordedtime" in said else at,
            (said.get("authtype", ""), said.get("authid", "")), said.get("correlationid", ""),
            {part: said[name] for name, part in CAUSE.items() if name in said}, said.get("sensitivity", ""), data, readable,
            kept_trace(said.get("traceparent", "")),
        )  # fmt: skip

    def data(self, kind: str, value: bytes | None) -> tuple[Event | None, bool]:
        if kind not in self._hears:
            return None, True
        try:
            return self._hears[kind].model_validate_json(value or b""), True
        except ValidationError:
            return None, False


CAUSE = {"causetopic": "topic", "causesubject": "subject", "causesequence": "sequence", "causeid": "id"}


@dataclass(eq=False)
class Waiting:
    """What one lane brought, and whether it is durable."""

    changes: list[Change]
    written: bool = field(default=False)


class Follower:
    """One per process; `take` is what its lanes call."""

    def __init__(self, board: Board, reader: Reader, clock: Clock, meters: Meters, marking: Marking | None = None) -> None:
        """Without `marking` nobody is found by name."""
        self._board, self._reader, self.clock, self._meters, self._marking = board, reader, clock, meters, marking
        self._turn = asyncio.Lock()
        self._queue: list[Waiting] = []
        self._gaps = Gauge("worklist_gaps", "Items with a hole in a sequence that stays", registry=meters.registry)
        self._lists = Gauge("worklist_items", "Open items of a list, up to 1,000", ["list"], registry=meters.registry)

    async def take(self, records: Sequence[Received]) -> None:
        """Durable when it returns. Raises while it cannot write; then the lane brings the same records again."""
        mine = Waiting(self.read(records))
        self._queue.append(mine)
        try:
            async with self._turn:
                if not mine.written:
                    await self._write_queue(mine)
        finally:
            if mine in self._queue:
                self._queue.remove(mine)

    def read(self, records: Sequence[Received]) -> list[Change]:
        """All that these records change, in order. What cannot be placed is counted and logged by where it lies."""
        found: list[Change] = []
        for record in records:
            heard = self._reader.heard(record)
            if heard is None:
                self._meters.count("events_total", 1, "unplaced")
                log.error("event without subject or sequence", topic=record.topic, partition=record.partition, offset=record.offset)
                continue
            found += self._told(heard)
        return found

    def _told(self, heard: Heard) -> Sequence[Change]:
        """What it changes. One that cannot be read, or that this build does not know how to tell, leaves a hole that stays, and stops
        no other: the item says so, `worklist_gaps` counts it, and a rebuild by a build that can tells it after all."""
        place = {"type": heard.type, "topic": heard.topic, "partition": heard.partition, "offset": heard.offset}
        if not heard.readable:
            log.error("event not readable", **place)
            return changes(heard)
        try:
            return changes(heard)
        except Exception as error:
            log.error("event not told", error=type(error).__name__, **place)
            return changes(replace(heard, data=None, readable=False))

    async def _write_queue(self, mine: Waiting) -> None:
        """Mine first, then whatever else waits, up to a bound."""
        batch, size = [mine], len(mine.changes)
        for other in self._queue:
            if other is not mine and size + len(other.changes) <= TOGETHER_MAX:
                batch.append(other)
                size += len(other.changes)
        await self.write([change for waiting in batch for change in waiting.changes])
        for waiting in batch:
            waiting.written = True
            self._queue.remove(waiting)

    async def write(self, brought: Sequence[Change], generations: Sequence[int] = ()) -> None:
        """Fold and write, to the generations that stand or to those given. What the database will never take is found by halving."""
        for attempt in range(1_000_000):
            try:
                return await self._once(brought, generations or await self._board.generations())
            except Unknown:
                self._meters.count("batches_total", 1, "unknown")
            except Conflict:
                self._meters.count("batches_total", 1, "conflict")
                if attempt > 3 and len(brought) > 1:
                    return await self._halves(brought, generations)
            except Rejected:
                self._meters.count("batches_total", 1, "rejected")
                if len(brought) == 1:
                    raise
                return await self._halves(brought, generations)
            await asyncio.sleep(random.uniform(0, min(1.0, 0.005 * 2**attempt)))

    async def _halves(self, brought: Sequence[Change], generations: Sequence[int]) -> None:
        middle = len(brought) // 2
        await self.write(brought[:middle], generations)
        await self.write(brought[middle:], generations)

    async def _once(self, brought: Sequence[Change], generations: Sequence[int]) -> None:
        writes = {generation: await self._folded(generation, brought) for generation in generations}
        await self._board.write(writes, self.clock.wall())
        known = len(brought) - len(writes[generations[0]].entries)
        self._meters.count("events_total", len(brought) - known, "event")
        self._meters.count("events_total", known, "duplicate")

    async def _folded(self, generation: int, brought: Sequence[Change]) -> Writes:
        by_item = grouped(brought)
        stored = await self._board.documents(generation, by_item)
        writes = Writes()
        for item, told in by_item.items():
            old = stored.get(item, {"v": 0, "sections": {}})
            sections, fresh, late = applied(old["sections"], told)
            if late:
                sections = refolded([*await self._board.entries(generation, item), *fresh.values()])
            if fresh:
                new = document(item, sections, old["v"] + 1)
                writes.items.append(new)
                writes.whose[item] = {*old.get("concerns", ()), *new.get("concerns", ())}
                writes.entries += fresh.values()
        await self.mark(writes.items)
        return writes

    async def mark(self, items: Sequence[Document]) -> None:
        """What they are found by; of records alone that needs their names."""
        if self._marking:
            await self._marking.mark(items)

    async def audit(self) -> None:
        """For ever: say how many items have a hole that stays, and how long each list is. The questions of these names show them."""
        while True:
            generation = await self._board.current()
            holed = gaps(self.clock.wall() - timedelta(seconds=GAP_AFTER_S))
            self._gaps.set(await self._board.count(generation, holed.query, GAPS_COUNTED_MAX))
            for name, count in (await counts(self._board, self.clock.now())).items():
                self._lists.labels(name).set(count)
            await asyncio.sleep(AUDIT_EVERY_S)


def grouped(brought: Iterable[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in brought:
        found.setdefault(change.item, []).append(change)
    return found
