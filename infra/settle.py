"""Settle a batch: load, decide, commit in one transaction, publish, mark. Lanes, commands and deadlines all come this way.

A conflict aborts the whole transaction: load again, decide again, once; then halve. A batch that the database will never take
is halved down to its poison message. A database or broker that is down is waited for, and is never anybody's fault.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from itertools import chain
from typing import Protocol, TypeVar

from contracts.kernel import SHARE_MAX, Blind, Route
from infra.clean import Clean
from infra.clock import Clock
from infra.deciding import UNDECIDABLE, Batch, Failure, failure
from infra.failpoints import hit
from infra.keeping import subject_of
from infra.outward import readable
from infra.packing import Oversize
from infra.passing import passed
from infra.publisher import PublishFailed
from infra.rows import changes, records_to_seal
from infra.sealing import Erased, Unsealable
from infra.service import Item, Outcome, Service
from infra.store import Conflict, FactRow, Rejected, Store, Unavailable, Unknown
from infra.working import Loaded, Working

T = TypeVar("T")
Wake = Callable[[], None]

MARKED_AT_ONCE = 500
"""The more wait for their mark, the more markers a batch reads of what is long out."""
TURNS = 3
"""How often deadlines may follow from deadlines within a batch."""
WAIT_AT_MOST_S, TRIES = 2.0, 40
"""About a minute of conflicts: then the lane polls its group again before it goes on."""
RECEIPTS_KEPT = timedelta(days=30)
"""Longer than a sender's topic holds what it published: whatever can come again is known again."""


class TooNew(Unavailable):
    """A stored state has a schema that this build does not know: it must not write over it. Its lane waits, and says so."""


class Publishes(Protocol):
    async def publish(self, rows: Sequence[FactRow]) -> None: ...


class Keyring(Protocol):
    async def keys(self, records: Sequence[str], create: bool = False) -> dict[str, bytes]: ...

    def blind(self, *parts: str) -> str: ...


class Watch(Protocol):
    """Who is told what happened: metrics, logs, spans."""

    def settled(self, items: Sequence[Item], outcomes: Sequence[Outcome], facts: int, started_ns: int) -> None: ...

    def fired(self, outcomes: Sequence[Outcome], late_s: Sequence[float]) -> None: ...

    def failed(self, failure: Failure) -> None: ...

    def retried(self, why: str) -> None: ...

    def oversize(self, facts: int) -> None: ...


class Settler:
    """One per process. Calls may run side by side; within one aggregate the versions order them."""

    def __init__(
        self, service: Service, store: Store, publisher: Publishes, vault: Keyring, clock: Clock, watch: Watch, source: str,
        *, at_once: bool = True,
    ) -> None:  # fmt: skip
        """Not `at_once`: the due loop publishes what is durable, so that who waits for a fact to be kept does not wait for the broker."""
        self.service, self.store, self.publisher, self.vault = service, store, publisher, vault
        self.clock, self.watch, self.source, self._at_once = clock, watch, source, at_once
        self.unmarked: list[str] = []
        self.owing: dict[str, int] = {}
        """Facts of our own topic that could not be published: while there are many, lanes wait and commands are refused."""
        self.on_due: list[Wake] = []
        """Called when something is durable that is due already: by an interval alone it would wait for one on every step of its way."""
        self.on_errand: list[Wake] = []
        """The same for what must be done outside now."""
        self.clean = Clean()

    @property
    def owed(self) -> int:
        return len(self.owing)

    async def settle(self, items: Sequence[Item], poison: frozenset[int] = frozenset()) -> list[Outcome]:
        """Outcomes in the order of the items. Raises Unavailable while the database is down, and what `publish` raises."""
        for attempt in range(TRIES):
            try:
                return await self._once(items, poison, careful=attempt > 0)
            except Unknown:
                self.watch.retried("unknown")
            except Conflict:
                self.watch.retried("conflict")
                if len(items) > 1 and attempt:
                    return await self._halves(items, poison)
            except (Rejected, Erased, Unsealable):
                self.watch.retried("rejected")
                if len(items) > 1:
                    return await self._halves(items, poison)
                if id(items[0]) in poison:
                    raise
                poison = frozenset({id(items[0])})
            await asyncio.sleep(random.uniform(0, min(WAIT_AT_MOST_S, 0.005 * 2**attempt)))
        raise Unavailable

    async def _halves(self, items: Sequence[Item], poison: frozenset[int]) -> list[Outcome]:
        middle = len(items) // 2
        return [*await self.settle(items[:middle], poison), *await self.settle(items[middle:], poison)]

    async def _once(self, items: Sequence[Item], poison: frozenset[int], careful: bool = False) -> list[Outcome]:
        """`careful`: after a conflict, also ask for what only a message that comes again has left behind.

        An entry that was settled before is not asked for at first: its receipt is there, so the transaction that would settle it
        again aborts. Entries hardly ever come again, and asking for each cost a tenth of the time.
        """
        started_ns = time.time_ns()
        blind = remembered(self.vault.blind)
        routes = {id(item): self._route(item, blind) for item in items}
        loaded = await self._load(items, routes, careful)
        await hit("after_load")
        work = Working(self.service, loaded, self.clock.now(), self.clock.wall() + RECEIPTS_KEPT, blind)
        batch = Batch(work, poison)
        outcomes = await batch.decide(items)
        if not careful:
            await self._pass(batch)
        records = records_to_seal(work)
        keys = await self.vault.keys(sorted(records), create=True) if records else {}
        written, rows = await changes(work, keys, self.source)
        if written:
            await self.store.commit(written)
        for failed in batch.failures:
            self.watch.failed(failed)
        await hit("before_publish")
        await self._publish(work, rows)
        self._wake(work)
        self.watch.settled(items, outcomes, len(rows), started_ns)
        return outcomes

    async def _pass(self, batch: Batch) -> None:
        """Deadlines that are due as soon as they are there pass within the batch that made them: whoever waits for them waits for no other
        transaction. A batch that met a conflict leaves them to the due loop, as it is left what goes on and on, or is too new."""
        work = batch.working
        for turn in range(1, TURNS + 1):
            come = work.born_due()
            items = [item for subject, found in come.items() for item in passed(subject, f"{work.rows[subject].v}.{turn}", found)]
            if not items:
                return
            routes = {id(item): self._route(item, work.blind) for item in items}
            try:
                work.add(await self._load(items, routes, careful=False, known=work.loaded.sought))
            except TooNew:
                return
            outcomes = await batch.decide(items)
            self.watch.fired(outcomes, [0.0] * len(outcomes))

    def _wake(self, work: Working) -> None:
        """After publishing, too: whoever goes on with an aggregate before its facts are known to be out publishes them again."""
        rows = work.changed.values()
        due = any(row.due_at is not None and row.due_at <= work.now for row in rows)
        errand = any(row.errand_at is not None and row.errand_at <= work.now for row in rows)
        for wake in (*(self.on_due if due else ()), *(self.on_errand if errand else ())):
            wake()

    def _route(self, item: Item, blind: Blind) -> Route:
        """Where a message goes. What was turned away goes nowhere; what cannot be routed is quarantined."""
        if item.kind == "upkeep":
            return Route(writes=(item.message.subject,))
        if item.verdict != "event":
            return Route()
        try:
            return self.service.route(item.message, blind)
        except Exception as error:
            if item.kind == "command":
                raise
            self.watch.failed(failure(item, error))
            item.verdict, item.reasons = "quarantine", (UNDECIDABLE,)
            return Route()

    async def _load(self, items: Sequence[Item], routes: dict[int, Route], careful: bool, known: frozenset[str] = frozenset()) -> Loaded:
        """What these need and is not `known`."""
        claims = {claim for route in routes.values() for claim in route.claims} - known
        receipts = {item.receipt or item.message.id for item in items if careful or item.was or item.kind == "command"}
        held, found = await asyncio.gather(_some(self.store.claims, claims), _some(self.store.receipts, receipts))
        shares = {
            item: tuple(await self.store.share(one.whose, one.after, SHARE_MAX)) for item, route in routes.items() if (one := route.share)
        }
        subjects = {subject for route in routes.values() for subject in (*route.writes, *route.references)}
        subjects |= {*chain.from_iterable(shares.values()), *held.values(), *(item.held_by for item in items if item.held_by)}
        subjects |= {subject_of(item.receipt or item.message.id) for item in items if item.was or careful}
        rows = await _some(self.store.load, subjects - known)
        if any(row.sv > self.service.schema for row in rows.values()):
            raise TooNew("a newer build has written here; this one waits until it is replaced")
        return Loaded(rows, held, found, routes, frozenset(claims | subjects), shares)

    async def _publish(self, work: Working, rows: list[FactRow]) -> None:
        """Every unpublished fact of the touched aggregates, in sequence order: also those another writer left behind."""
        if not self._at_once:
            self.owing |= {row.id: row.part for row in rows}
            return
        loaded = [(subject, old) for subject, old in work.loaded.aggregates.items() if subject in work.changed]
        doubtful = {subject: old.part for subject, old in loaded if not self.clean.knows(subject, old.v)}
        if doubtful:
            left = await self.store.unpublished(doubtful)
            rows = sorted({row.id: row for row in (*left, *rows)}.values(), key=lambda row: row.id)  # others may have gone on meanwhile
        failed = await self.deliver(rows)
        late = {row.aggregate for row in failed}
        for subject, row in work.changed.items():
            if subject not in late:
                self.clean.remember(subject, row.v)

    async def deliver(self, rows: Sequence[FactRow]) -> Sequence[FactRow]:
        """Publish, and remember what to mark. What could not be published is durable: the due loop does it, in order, later."""
        failed: Sequence[FactRow] = ()
        try:
            await self.publisher.publish(await readable(self.service.outward, self.vault, rows))
        except PublishFailed as error:
            failed = [row for row in rows if row.topic in error.topics or not error.topics]
        except Oversize as error:  # a topic was made smaller than what it held: those aggregates wait, loudly, the others do not
            stuck = {row.aggregate for row in rows if row.id in error.rows}
            self.watch.oversize(len(error.rows))
            failed = [row for row in rows if row.aggregate in stuck]
            failed = [*failed, *await self.deliver([row for row in rows if row.aggregate not in stuck])]
        if failed:
            self.watch.retried("publish")
        else:
            await hit("after_publish")
        late, sent = {row.id for row in failed}, {row.id for row in rows}
        self.owing = {fact: part for fact, part in self.owing.items() if fact not in sent}
        self.owing |= {row.id: row.part for row in failed if row.topic in self.service.own_topics}
        self.unmarked += [row.id for row in rows if row.id not in late]
        return failed

    async def mark(self) -> None:
        """Mark what was published, in bulk. A failure costs duplicates only."""
        while self.unmarked:
            ids, self.unmarked = self.unmarked[:MARKED_AT_ONCE], self.unmarked[MARKED_AT_ONCE:]
            try:
                await self.store.mark_published(ids)
            except BaseException:
                self.unmarked += ids
                raise
            await hit("after_mark")


async def _some(verb: Callable[[Collection[str]], Awaitable[dict[str, T]]], keys: Collection[str]) -> dict[str, T]:
    """Ask only when there is something to ask for."""
    return await verb(keys) if keys else {}


def remembered(blind: Blind) -> Blind:
    """The same blind keys, each made once: routes and decisions of a batch need the same ones. Forgotten with the batch."""
    known: dict[tuple[str, ...], str] = {}

    def found(*parts: str) -> str:
        if parts not in known:
            known[parts] = blind(*parts)
        return known[parts]

    return found
