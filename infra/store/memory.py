"""The store in memory: the twin for simulations and tests, with the faults the real one was seen to have."""

import time
from asyncio import CancelledError
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from infra.store.instants import not_after, not_before
from infra.store.port import HELD_MAX, Aggregate, Changes, Conflict, FactRow, Held, Receipt, Rejected, Store

LOCKED_SECONDS = 60.0
"""How long a process killed inside a transaction keeps its documents locked, unless it is fenced."""
DOCUMENT_BYTES_MAX = 16 * 1024 * 1024

T = TypeVar("T")
Key = tuple[str, str]
Pause = Callable[[str], Awaitable[None]]


async def never(point: str) -> None:
    """Pauses nowhere."""


@dataclass(slots=True, eq=False)
class Transaction:
    """Documents that one commit holds until it ends."""

    owner: "MemoryStore"
    since: float
    keys: tuple[Key, ...]


@dataclass(eq=False)
class Tables:
    """One database, shared by the stores of several simulated processes. `seconds` is the clock of its locks."""

    seconds: Callable[[], float] = time.monotonic
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    facts: dict[str, FactRow] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    of_aggregate: defaultdict[str, list[FactRow]] = field(default_factory=lambda: defaultdict(list))
    unmarked: defaultdict[str, dict[str, FactRow]] = field(default_factory=lambda: defaultdict(dict))
    fences: dict[str, "MemoryStore"] = field(default_factory=dict)
    locks: dict[Key, Transaction] = field(default_factory=dict)

    def begin(self, owner: "MemoryStore", changes: Changes) -> Transaction:
        """Check every expectation and lock every document, or Conflict."""
        transaction = Transaction(owner, self.seconds(), tuple(_touched(changes)))
        if any(self._holder(key) for key in transaction.keys) or not self._as_expected(changes):
            raise Conflict
        self.locks.update(dict.fromkeys(transaction.keys, transaction))
        return transaction

    def finish(self, transaction: Transaction, changes: Changes) -> None:
        """Write it all, unless the transaction was ended meanwhile."""
        if any(self._holder(key) is not transaction for key in transaction.keys):
            raise Conflict
        self.release(transaction)
        self.aggregates.update((row.id, _owned(row)) for row in changes.aggregates)
        self.receipts.update((row.id, _stored_receipt(row)) for row in changes.receipts)
        self.claims.update(changes.claims)
        for row in changes.facts:
            self._insert_fact(replace(row, recorded_at=not_after(row.recorded_at)))

    def release(self, transaction: Transaction) -> None:
        for key in transaction.keys:
            if self.locks.get(key) is transaction:
                del self.locks[key]

    def fence(self, resource: str, owner: "MemoryStore") -> None:
        """End what the previous holder has under way, then record the new one."""
        previous = self.fences.get(resource, owner)
        if previous is not owner:
            self.locks = {key: held for key, held in self.locks.items() if held.owner is not previous}
        self.fences[resource] = owner

    def mark(self, ids: Iterable[str]) -> None:
        for id in ids:
            if fact := self.facts.get(id):
                self.unmarked[fact.aggregate].pop(id, None)

    def _insert_fact(self, row: FactRow) -> None:
        self.facts[row.id] = self.unmarked[row.aggregate][row.id] = row
        self.of_aggregate[row.aggregate].append(row)

    def _holder(self, key: Key) -> Transaction | None:
        held = self.locks.get(key)
        return held if held and self.seconds() - held.since < LOCKED_SECONDS else None

    def _as_expected(self, changes: Changes) -> bool:
        return (
            all(self._version(row.id) == row.v - 1 for row in changes.aggregates)
            and all(self._receipt_state(row.id) == row.was for row in changes.receipts)
            and self.facts.keys().isdisjoint(row.id for row in changes.facts)
            and self.claims.keys().isdisjoint(changes.claims)
        )

    def _version(self, id: str) -> int:
        stored = self.aggregates.get(id)
        return stored.v if stored else 0

    def _receipt_state(self, id: str) -> str | None:
        stored = self.receipts.get(id)
        return stored.state if stored else None


class MemoryStore(Store):
    """One process's handle on the tables.

    `pause` is awaited at named points: `open`, `load`, `claims`, `receipts`, `kept`, `unpublished`, `backlog`, `mark`, `due`, `share`,
    `fence`, `history`, `subjects`, each before the verb acts, and within a commit at `commit:begin` (nothing held), `commit:before`
    (documents locked, nothing written) and `commit:after` (all written). There a simulation lets others run, or raises:
    Conflict, Unavailable or Unknown for a fault the process survives (Unknown at `commit:before` did not happen, at
    `commit:after` it did), or any exception that is not an `Exception` for its death, which leaves what it locked locked.
    """

    def __init__(self, tables: Tables | None = None, *, pause: Pause | None = None, process: str = "") -> None:
        self.tables = tables or Tables()
        self.process = process
        self._pause = pause or never

    async def open(self) -> None:
        await self._pause("open")

    async def close(self) -> None:
        """Nothing is held open."""

    async def load(self, subjects: Collection[str]) -> dict[str, Aggregate]:
        await self._pause("load")
        stored = self.tables.aggregates
        return {id: _owned(stored[id]) for id in subjects if id in stored}

    async def claims(self, keys: Collection[str]) -> dict[str, str]:
        await self._pause("claims")
        return _found(self.tables.claims, keys)

    async def receipts(self, ids: Collection[str]) -> dict[str, Receipt]:
        await self._pause("receipts")
        return _found(self.tables.receipts, ids)

    async def kept(self, subjects: Collection[str]) -> dict[str, list[Receipt]]:
        await self._pause("kept")
        waiting = [row for row in self.tables.receipts.values() if row.state in ("early", "parked") and row.aggregate in subjects]
        found: dict[str, list[Receipt]] = {}
        for row in sorted(waiting, key=lambda row: (row.order, row.id)):
            found.setdefault(row.aggregate, []).append(row)
        return found

    async def commit(self, changes: Changes) -> None:
        if not changes:
            return
        await self._pause("commit:begin")
        _refuse_unstorable(changes)
        transaction = self.tables.begin(self, changes)
        try:
            await self._pause("commit:before")
            self.tables.finish(transaction, changes)
        except (Exception, CancelledError):
            self.tables.release(transaction)
            raise
        await self._pause("commit:after")

    async def unpublished(self, subjects: Mapping[str, int]) -> list[FactRow]:
        await self._pause("unpublished")
        return self._unmarked_of(subjects)

    async def backlog(self, parts: Collection[int], before: datetime, limit: int) -> list[FactRow]:
        await self._pause("backlog")
        rows = (row for facts in self.tables.unmarked.values() for row in facts.values())
        late = sorted(row.aggregate for row in rows if row.part in parts and row.recorded_at < before)
        return self._unmarked_of(set(late[:limit]))

    async def mark_published(self, ids: Sequence[str]) -> None:
        await self._pause("mark")
        self.tables.mark(ids)

    async def due(self, parts: Collection[int], now: datetime, limit: int) -> list[str]:
        await self._pause("due")
        rows = self.tables.aggregates.values()
        due = [(row.due_at, row.id) for row in rows if row.due_at and row.due_at <= now and row.part in parts]
        return [id for _, id in sorted(due)[:limit]]

    async def errands(self, parts: Collection[int], after: datetime, until: datetime, limit: int) -> list[tuple[str, str]]:
        await self._pause("errands")
        rows = self.tables.aggregates.values()
        found = [(row.errand_at, row.id, row.lane) for row in rows if row.errand_at and row.part in parts]
        return [(id, lane) for at, id, lane in sorted(found) if not_after(after) <= not_before(at) <= until][:limit]

    async def share(self, whose: str, after: str, limit: int) -> list[str]:
        await self._pause("share")
        return sorted(row.id for row in self.tables.aggregates.values() if row.whose == whose and row.id > after)[:limit]

    async def fence(self, resources: Collection[str]) -> None:
        await self._pause("fence")
        for resource in resources:
            self.tables.fence(resource, self)

    async def held(self) -> Held:
        await self._pause("held")
        receipts, unmarked = self.tables.receipts.values(), self.tables.unmarked.values()
        parked = {row.aggregate for row in receipts if row.state == "parked"}
        quarantined = sum(row.state == "quarantined" for row in receipts)
        since = min((row.recorded_at for facts in unmarked for row in facts.values()), default=None)
        return Held(min(len(parked), HELD_MAX), min(quarantined, HELD_MAX), since)

    async def known(self, ids: Collection[str]) -> set[str]:
        await self._pause("known")
        return {id for id in ids if id in self.tables.facts}

    async def history(self, subject: str) -> list[FactRow]:
        await self._pause("history")
        return sorted(self.tables.of_aggregate.get(subject, ()), key=_place)

    async def histories(self, subjects: Sequence[str]) -> dict[str, list[FactRow]]:
        return {subject: await self.history(subject) for subject in subjects}

    async def subjects(self, after: str, limit: int) -> list[str]:
        await self._pause("subjects")
        return sorted(id for id in self.tables.aggregates if id > after)[:limit]

    def _unmarked_of(self, aggregates: Iterable[str]) -> list[FactRow]:
        unmarked = self.tables.unmarked
        return sorted((row for id in aggregates if id in unmarked for row in unmarked[id].values()), key=_place)


def _place(row: FactRow) -> tuple[str, str, int]:
    return row.aggregate, row.topic, row.sequence


def _found(table: dict[str, T], keys: Collection[str]) -> dict[str, T]:
    return {key: table[key] for key in keys if key in table}


def _touched(changes: Changes) -> Iterator[Key]:
    yield from (("aggregates", row.id) for row in changes.aggregates)
    yield from (("facts", row.id) for row in changes.facts)
    yield from (("receipts", row.id) for row in changes.receipts)
    yield from (("claims", key) for key in changes.claims)


def _owned(row: Aggregate) -> Aggregate:
    """A copy: what a caller does to its own rows is not yet written, and what others write it has not yet read."""
    owned = row.copy()
    owned.due_at = row.due_at and not_before(row.due_at)
    owned.errand_at = row.errand_at and not_before(row.errand_at)
    owned.whose = row.whose or None
    return owned


def _stored_receipt(row: Receipt) -> Receipt:
    return replace(
        row, was=None, received_at=row.received_at and not_after(row.received_at), expires_at=row.expires_at and not_after(row.expires_at)
    )


def _refuse_unstorable(changes: Changes) -> None:
    texts = [*(row.state or b"" for row in changes.aggregates), *(row.data for row in changes.facts)]
    sizes = (len(part) for part in (*texts, *(row.answer + row.raw for row in changes.receipts)))
    if max(sizes, default=0) > DOCUMENT_BYTES_MAX or not all(map(_is_text, texts)):
        raise Rejected


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
