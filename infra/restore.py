"""Catching up after a restored backup: whatever this service said and no longer knows is read back from its own topics.

Without it a restored service would use sequences again that its listeners have heard already, and they would drop the new facts in
silence. A process looks before it speaks: the last records of each of its partitions must be facts it has. If they are not, the
first unknown one is found by halving (facts are committed before they are published, so what is known comes first), and from there
on facts, states, watermarks, claims and receipts are made anew.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiokafka import TopicPartition

from contracts.kernel import Change, kind_of
from contracts.upkeep import AggregateParked, AggregateReleased, InputDiscarded, InputQuarantined, InputRepaired
from infra import keeping
from infra.outward import closed
from infra.own_topics import OwnTopics, Places
from infra.partition import PARTITIONS
from infra.service import Service
from infra.store import Aggregate, Changes, Conflict, FactRow, Receipt, ReceiptState, Store, Unavailable, Unknown
from infra.working import born, evolved, parsed, said_type

log = structlog.get_logger(__name__)
OVERLAP = 2_000
"""Records read again before the first unknown one: facts of one moment are published in any order across aggregates."""
LOOKS = 300
"""Records looked at in one place: single ones may be stale duplicates of facts that are known, said again by whoever was paused."""
AGAIN_MAX = 1_000_000
BATCH = 500
TRIES, PAUSE_S = 20, 0.2
RECEIPTS_KEPT = timedelta(days=30)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
WAITING = ("early", "parked")


class Catcher:
    """`external`: prefix of the topics it answers outside senders on. Several processes may catch up side by side."""

    def __init__(
        self, service: Service, store: Store, connection: Mapping[str, Any], external: str = "", topics: OwnTopics | None = None
    ) -> None:
        self._service, self._store, self._external = service, store, external
        self._topics, self._looks = topics or OwnTopics(connection), LOOKS

    async def catch_up(self) -> int:
        """How many facts were missing. None, when no backup was restored: then this costs one look at each partition's end."""
        began = time.monotonic()
        self._looks = LOOKS + await self._said_again()
        async with self._topics as topics:
            missing = await self._caught_up(topics, self._service.own_topics)
            if missing and self._external:
                missing += await self._caught_up(topics, await topics.named(self._external))
        if missing:
            log.warning("caught up after a restore", facts=missing, seconds=round(time.monotonic() - began, 1))
        return missing

    async def _said_again(self) -> int:
        """How many known facts may stand behind an unknown one in a partition: those the backup did not know to be published."""
        found = await self._store.backlog(range(PARTITIONS), FOR_EVER, AGAIN_MAX)
        return max(Counter(row.part for row in found).values(), default=0)

    async def _caught_up(self, topics: OwnTopics, names: Collection[str]) -> int:
        places = await topics.ends(names)
        ends = {place: end for place, (_, end) in places.items()}
        tails = {place: max(start, end - self._looks) for place, (start, end) in places.items()}
        behind = [place for place, known in (await self._known(topics, tails, ends)).items() if not known]
        first = await self._first_unknown(topics, {place: places[place] for place in behind})
        starts = {place: max(places[place][0], offset - OVERLAP) for place, offset in first.items()}
        missing = 0
        async for _, rows in topics.rows(starts, ends):
            for begin in range(0, len(rows), BATCH):
                missing += await self._restored(rows[begin : begin + BATCH])
        return missing

    async def _first_unknown(self, topics: OwnTopics, places: Mapping[TopicPartition, tuple[int, int]]) -> dict[TopicPartition, int]:
        """Where to begin: from there on something is not known. All partitions are halved together."""
        low = {place: start for place, (start, _) in places.items()}
        high = {place: end - 1 for place, (_, end) in places.items()}
        ends = {place: end for place, (_, end) in places.items()}
        while middles := {place: (low[place] + high[place]) // 2 for place in places if low[place] < high[place]}:
            for place, known in (await self._known(topics, middles, ends)).items():
                if known:
                    low[place] = middles[place] + 1
                else:
                    high[place] = middles[place]
        return low

    async def _known(self, topics: OwnTopics, starts: Places, ends: Places) -> Mapping[TopicPartition, bool]:
        """Whether every record of a window that begins there is a fact we have."""
        windows = await topics.window(starts, ends, self._looks) if starts else {}
        known = await self._store.known([row.id for rows in windows.values() for row in rows])
        return {place: all(row.id in known for row in rows) for place, rows in windows.items()}

    async def _restored(self, rows: Sequence[FactRow]) -> int:
        """Write the unknown ones among these. Another process may be doing the same."""
        for _ in range(TRIES):
            try:
                return await self._written(rows)
            except (Conflict, Unknown):
                await asyncio.sleep(random.uniform(0, PAUSE_S))
        raise Unavailable("another process writes what this one restores")

    async def _written(self, rows: Sequence[FactRow]) -> int:
        known = await self._store.known([row.id for row in rows])
        unknown = sorted({row.id: row for row in rows if row.id not in known}.values(), key=lambda row: row.id)
        if not unknown:
            return 0
        receipts = await self._store.receipts({receipt for row in unknown if (receipt := receipt_of(row))})
        subjects = {row.aggregate for row in unknown} | {one.aggregate for one in receipts.values() if one.aggregate}
        changes = rebuilt(self._service, await self._store.load(subjects), unknown, receipts)
        taken = await self._store.claims(changes.claims) if changes.claims else {}
        changes.claims = {claim: holder for claim, holder in changes.claims.items() if claim not in taken}
        await self._store.commit(changes)
        await self._store.mark_published([row.id for row in changes.facts])
        return len(changes.facts)


def rebuilt(service: Service, stored: Mapping[str, Aggregate], facts: Sequence[FactRow], receipts: Mapping[str, Receipt]) -> Changes:
    """Aggregates, claims and receipts as these facts made them, in order of aggregate and sequence. Pure."""
    work = _Rebuilding(service, stored, receipts)
    for fact in facts:
        work.add(fact)
    return work.changes()


@dataclass
class _Rebuilding:
    """What becomes of a few aggregates. `stored` and `receipts` are what the database has of them."""

    service: Service
    stored: Mapping[str, Aggregate]
    receipts: Mapping[str, Receipt]
    rows: dict[str, Aggregate] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    facts: list[FactRow] = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)
    made: dict[str, Receipt] = field(default_factory=dict)

    def add(self, fact: FactRow) -> None:
        row = self._row(fact.aggregate, fact.attributes.get("partitionkey", ""))
        row.seq[fact.topic] = max(fact.sequence, row.seq.get(fact.topic, 0))
        self.facts.append(closed(self.service.outward, replace(fact, part=row.part)))
        data = self._own(row, fact) if fact.topic == self.service.topic_of(fact.aggregate) else None
        self._receive(fact, data)

    def _own(self, row: Aggregate, fact: FactRow) -> Change:
        """A fact of our own topic, with all that it changes."""
        data = said_type(self.service, fact.attributes["type"]).model_validate_json(fact.data)
        self.states[row.id] = evolved(self.service, row.id, self.states[row.id], data)
        self.claims |= data.claims or {}
        row.parked = _parked(row.parked, data)
        _hear(row, fact)
        return data

    def _row(self, subject: str, key: str = "") -> Aggregate:
        if subject not in self.rows:
            old = self.stored.get(subject)
            row = old.copy() if old else born(subject, key or subject)
            row.v, row.sv = row.v + 1, max(row.sv, self.service.schema)
            self.rows[subject], self.states[subject] = row, parsed(self.service, old)
        return self.rows[subject]

    def _receive(self, fact: FactRow, data: Change | None) -> None:
        """The receipt of what caused it, as far as the fact tells: enough to know it again. What waited for it waits no longer."""
        name = receipt_of(fact)
        known = self.made.get(name) or self.receipts.get(name)
        if isinstance(data, InputRepaired | InputDiscarded):
            self._ended(known or Receipt(name, "quarantined"), "discarded" if isinstance(data, InputDiscarded) else "event")
        elif known is not None and known.state in WAITING and data is not None and not keeping.about_upkeep(data):
            self._ended(known, "event")
        elif known is None and _has_receipt(self.service, fact, data):
            self.made[name] = _receipt(name, fact, data)

    def _ended(self, held: Receipt, state: ReceiptState) -> None:
        stored = self.receipts.get(held.id)
        self.made[held.id] = replace(held, state=state, was=stored.state if stored else None, raw=b"", aggregate="", waits_for="")
        if held.aggregate:
            row = self._row(held.aggregate)
            row.kept = tuple(place for place in row.kept if place.split(" ", 2)[1] != str(held.order))

    def changes(self) -> Changes:
        for subject, state in self.states.items():
            row = self.rows[subject]
            row.state = None if state is None else state.__pydantic_serializer__.to_json(state, exclude_none=True)
            row.due_at = min(self._due(row, state), default=None)
            errand = self.service.errand(state) if state is not None and kind_of(row.id) in self.service.states else None
            row.errand_at, row.lane = (errand.at, errand.lane) if errand else (None, row.lane)
            row.whose = self.service.whose(state) if state is not None and kind_of(row.id) in self.service.states else None
        return Changes(list(self.rows.values()), self.facts, list(self.made.values()), self.claims)

    def _due(self, row: Aggregate, state: Any) -> list[Any]:
        """Rather too early than never: the due loop corrects what is named in vain, and looks at what waits."""
        deadlines = self.service.deadlines(state) if state is not None and kind_of(row.id) in self.service.states else ()
        return [*(one.at for one in deadlines), *([row.due_at] if row.due_at else [])]


def receipt_of(fact: FactRow) -> str:
    """The receipt of its cause; an answer to an input that became no event names it by its subject alone."""
    if kind_of(fact.aggregate) == keeping.INPUT:
        return fact.aggregate.partition("/")[2]
    return fact.attributes.get("causeid", "")


def _has_receipt(service: Service, fact: FactRow, data: Change | None) -> bool:
    topic = fact.attributes.get("causetopic", "")
    if kind_of(fact.aggregate) == keeping.INPUT:
        return data is None or isinstance(data, InputQuarantined)
    return topic.startswith("http:") or bool(service.outside and topic.startswith(service.outside))


def _receipt(name: str, fact: FactRow, data: Change | None) -> Receipt:
    """A quarantined input's bytes are gone with the database; where they came from is in its fact."""
    if isinstance(data, InputQuarantined):
        origin = data.origin
        return Receipt(name, "quarantined", origin.topic, origin.partition, origin.offset, origin.entry, received_at=fact.recorded_at)
    expires, topic = fact.recorded_at + RECEIPTS_KEPT, fact.attributes.get("causetopic", "")
    if kind_of(fact.aggregate) == keeping.INPUT:
        return Receipt(name, "returned", received_at=fact.recorded_at, expires_at=expires)
    state, answer = "command" if topic.startswith("http:") else "event", f"{fact.aggregate} {fact.sequence} 0".encode()
    return Receipt(name, state, topic, answer=answer, received_at=fact.recorded_at, expires_at=expires)  # type: ignore[arg-type]


def _parked(parked: str | None, data: Change) -> str | None:
    """Its kept messages are gone with the database that held them; that somebody must look is not."""
    match data:
        case AggregateParked():
            return data.issue.code
        case AggregateReleased():
            return None
    return parked


def _hear(row: Aggregate, fact: FactRow) -> None:
    """What this fact was an answer to has been heard."""
    sequence = fact.attributes.get("causesequence", "")
    if sequence.isdecimal():
        source = f"{fact.attributes['causetopic']}/{fact.attributes['causesubject']}"
        row.wm[source] = max(int(sequence), row.wm.get(source, 0))
