"""Catching up after a restored backup: whatever this service said and no longer knows is read back from its own topics.

Without it a restored service would use sequences again that its listeners have heard already, and they would drop the new facts in
silence. A process looks before it speaks: the last record of each of its partitions must be a fact it has. If it is not, the first
unknown one is found by halving (facts are committed before they are published, so what is known comes first), and from there on
facts, states, watermarks, claims and receipts are made anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.kernel import Change
from contracts.upkeep import AggregateParked, AggregateReleased
from infra.envelope import attributes_of
from infra.inbound import instant
from infra.service import Service
from infra.store import Aggregate, Changes, FactRow, Receipt, Store
from infra.working import born, evolved, parsed, said_type

log = structlog.get_logger(__name__)
OVERLAP = 2_000
"""Records read again before the first unknown one: facts of one moment are published in any order across aggregates."""
BATCH = 500
LOOKS = 20
"""Records looked at at the end of each partition: the last ones may be stale duplicates of facts that are known."""


class Catcher:
    """Reads this service's own topics without a group. `external`: prefix of the topics it answers outside senders on."""

    def __init__(self, service: Service, store: Store, connection: Mapping[str, Any], external: str = "") -> None:
        self._service, self._store, self._connection, self._external = service, store, connection, external

    async def catch_up(self) -> int:
        """How many facts were missing. None, when no backup was restored: then this costs one look at each partition's end."""
        consumer = AIOKafkaConsumer(**self._connection, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            missing = await self._topic(consumer, self._service.topic)
            if missing and self._external:
                topics = sorted(name for name in await consumer.topics() if name.startswith(self._external))
                for topic in topics:
                    missing += await self._topic(consumer, topic)
        finally:
            await consumer.stop()
        if missing:
            log.warning("caught up after a restore", facts=missing)
        return missing

    async def _topic(self, consumer: AIOKafkaConsumer, topic: str) -> int:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or await _known(consumer, topic))]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        starts = await consumer.beginning_offsets(places)
        return sum([await self._partition(consumer, place, starts[place], ends[place]) for place in places if ends[place] > starts[place]])

    async def _partition(self, consumer: AIOKafkaConsumer, place: TopicPartition, start: int, end: int) -> int:
        looks = range(max(start, end - LOOKS), end)
        if all([await self._knows(consumer, place, offset) for offset in reversed(looks)]):
            return 0
        low, high = start, end - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if await self._knows(consumer, place, middle) else (low, middle)
        return await self._read(consumer, place, max(start, low - OVERLAP), end)

    async def _knows(self, consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> bool:
        row = fact_row(await _at(consumer, place, offset))
        return bool(await self._store.known([row.id]))

    async def _read(self, consumer: AIOKafkaConsumer, place: TopicPartition, start: int, end: int) -> int:
        missing, batch = 0, []
        _only(consumer, place, start)
        for _ in range(start, end):
            record = await consumer.getone(place)
            batch.append(fact_row(record))
            if len(batch) == BATCH or record.offset == end - 1:
                missing += await self._restore(batch)
                batch = []
            if record.offset >= end - 1:
                break
        return missing

    async def _restore(self, rows: Sequence[FactRow]) -> int:
        """Write the unknown ones among these, in order of aggregate and sequence, with all that followed from them."""
        subjects = {row.aggregate for row in rows}
        stored = await self._store.load(subjects)
        known = await self._store.known([row.id for row in rows])
        unknown = {row.id: row for row in rows if row.id not in known}
        receipts = await self._store.receipts({row.attributes.get("causeid", "") for row in unknown.values()} - {""})
        changes = rebuilt(self._service, stored, sorted(unknown.values(), key=lambda row: row.id), set(receipts))
        if changes:
            changes.claims = {claim: who for claim, who in changes.claims.items() if claim not in await self._store.claims(changes.claims)}
            await self._store.commit(changes)
            await self._store.mark_published([row.id for row in changes.facts])
        return len(changes.facts)


def rebuilt(service: Service, stored: Mapping[str, Aggregate], facts: Sequence[FactRow], receipts: set[str]) -> Changes:
    """Aggregates, claims and receipts as these facts made them. Pure."""
    rows: dict[str, Aggregate] = {}
    states: dict[str, Any] = {}
    changes = Changes(facts=[])
    for fact in facts:
        row = rows.get(fact.aggregate) or _begun(service, stored.get(fact.aggregate), fact, rows, states)
        row.seq[fact.topic] = max(fact.sequence, row.seq.get(fact.topic, 0))
        changes.facts.append(replace(fact, part=row.part))
        cause = fact.attributes.get("causeid", "")
        if _has_receipt(service, fact) and cause not in receipts:
            receipts.add(cause)
            changes.receipts.append(_receipt(service, fact))
        if fact.topic == service.topic:
            data: Change = said_type(service, fact.attributes["type"]).model_validate_json(fact.data)
            states[row.id] = evolved(service, row.id, states[row.id], data)
            changes.claims |= data.claims or {}
            row.parked = _parked(row.parked, data)
            _hear(row, fact)
    for subject, state in states.items():
        rows[subject].state = None if state is None else state.__pydantic_serializer__.to_json(state, exclude_none=True)
        rows[subject].due_at = min((one.at for one in service.deadlines(state)), default=None) if _domain(service, subject, state) else None
    changes.aggregates = list(rows.values())
    return changes


def _begun(
    service: Service, stored: Aggregate | None, fact: FactRow, rows: dict[str, Aggregate], states: dict[str, Any]
) -> Aggregate:  # fmt: skip
    row = stored.copy() if stored else born(fact.aggregate, fact.attributes.get("partitionkey") or fact.aggregate)
    row.v += 1
    rows[row.id], states[row.id] = row, parsed(service, stored)
    return row


def _parked(parked: str | None, data: Change) -> str | None:
    """Its kept messages are gone with the database that held them; that somebody must look is not."""
    match data:
        case AggregateParked():
            return data.issue.code
        case AggregateReleased():
            return None
    return parked


def _domain(service: Service, subject: str, state: Any) -> bool:
    return state is not None and subject.partition("/")[0] in service.states


def _hear(row: Aggregate, fact: FactRow) -> None:
    """What this fact was an answer to has been heard."""
    sequence = fact.attributes.get("causesequence", "")
    if sequence.isdecimal():
        source = f"{fact.attributes['causetopic']}/{fact.attributes['causesubject']}"
        row.wm[source] = max(int(sequence), row.wm.get(source, 0))


def _has_receipt(service: Service, fact: FactRow) -> bool:
    topic = fact.attributes.get("causetopic", "")
    return topic.startswith("http:") or bool(service.outside and topic.startswith(service.outside))


def _receipt(service: Service, fact: FactRow) -> Receipt:
    """The receipt of what caused it, as far as the fact tells: enough to know it again."""
    command = fact.attributes["causetopic"].startswith("http:")
    answer = f"{fact.aggregate} {fact.sequence} 0".encode()
    return Receipt(fact.attributes["causeid"], "command" if command else "event", fact.attributes["causetopic"], answer=answer)


def fact_row(record: Any) -> FactRow:
    """A published record as the row it was published from."""
    said = attributes_of(record.headers)
    subject, sequence = said["subject"], said["sequence"]
    recorded: datetime = instant(said.get("recordedtime") or said["time"])
    key = record.key.decode() if record.key else ""
    name = f"{subject}/{record.topic}/{sequence}"
    return FactRow(name, subject, record.topic, int(sequence), key, record.partition, said, record.value or b"", recorded)


def _only(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> None:
    """Read this partition alone, from there."""
    others = consumer.assignment() - {place}
    if others:
        consumer.pause(*others)
    consumer.resume(place)
    consumer.seek(place, offset)


async def _at(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> Any:
    _only(consumer, place, offset)
    return await consumer.getone(place)


async def _known(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    consumer.assign([TopicPartition(topic, 0)])
    await consumer.end_offsets([TopicPartition(topic, 0)])
    return consumer.partitions_for_topic(topic) or {0}
