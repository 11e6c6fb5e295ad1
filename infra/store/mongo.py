"""The store on MongoDB: one transaction a commit, every count checked, for motor and PyMongo alike."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from infra.failpoints import hit
from infra.partition import PARTITIONS
from infra.store import documents
from infra.store.commands import Command, commands, marking, opening
from infra.store.documents import Document
from infra.store.driver import Driver, close, connect, settled
from infra.store.failures import WRITE_CONFLICT, answering, before_commit, expect
from infra.store.fences import Holder
from infra.store.instants import not_after
from infra.store.outbox import Outbox, aggregate_of, markers, of
from infra.store.port import HELD_MAX, Aggregate, Changes, Conflict, FactRow, Held, Receipt, Store, Unavailable, Unknown

MAJORITY = ReadConcern("majority")
"""For all reads: what may still be rolled back is neither published nor taken for a duplicate."""
TRANSACTION = {"read_concern": ReadConcern("snapshot"), "write_concern": WriteConcern("majority", j=True)}
COMMIT_TRIES = 3
MARKED_TOGETHER = 10
"""Facts that a marker may be expected to name: a bound on a backlog is one on facts."""
CONTENDED_S, CONTENDED_PAUSE_S = 3.0, 0.05
ONE_ANSWER = 1_000_000
"""Rows in the first batch of a read, so that there is no second round trip (libraries ask for 101)."""

INDEXES = {  # equality first, then one range or list: more than that the local server does not search by
    "aggregates": [
        IndexModel(["due_at", "part"], name="due", partialFilterExpression={"due_at": {"$exists": True}}),
        IndexModel(["errand_at", "part"], name="errands", partialFilterExpression={"errand_at": {"$exists": True}}),
        IndexModel(["whose", "_id"], name="shares", partialFilterExpression={"whose": {"$exists": True}}),
    ],
    "outbox": [IndexModel(["part", "recorded_at"], name="waiting")],
    "receipts": [
        IndexModel(["waits_in"], name="waiting", sparse=True),
        IndexModel(["held"], name="held", sparse=True),
        IndexModel(["expires_at"], name="expiry", expireAfterSeconds=0),
    ],
}

COLLECTIONS = frozenset({"aggregates", "facts", "receipts", "claims", "outbox", "fences"})
"""Made before they are used: transactions that make one at the same time conflict."""

Work = Callable[[Any], Awaitable[None]]
"""What is done inside a transaction, with its session."""


class MongoStore(Store):
    """One process's store: `sessions` bounds how many transactions run at once; each call takes at most `timeout_ms`, a commit thrice.

    The sessions are made once and used for ever. Ending one (a fence) aborts its transaction and no more: the next transaction
    on it is a new one, so those that were recorded stay those that are used.
    """

    def __init__(self, url: str, database: str, driver: Driver = "pymongo", *, sessions: int = 8, timeout_ms: int = 5_000) -> None:
        self._client = connect(driver, url, timeoutMS=timeout_ms, tz_aware=True, tzinfo=UTC, retryWrites=True, appname=f"store/{database}")
        self._database = self._client[database]
        self._reads = self._client.get_database(database, read_concern=MAJORITY)
        self._count, self._sessions, self._idle = sessions, list[Any](), asyncio.LifoQueue[Any]()
        self._running: set[asyncio.Task[None]] = set()
        self._holder, self._outbox = Holder([]), Outbox()

    async def open(self) -> None:
        """Indexes and sessions. What the server refuses here is raised as it is: waiting will not mend it."""
        try:
            there = await self._database.list_collection_names()
            for collection in COLLECTIONS - set(there):
                with suppress(CollectionInvalid):  # another process was faster
                    await self._database.create_collection(collection)
            for collection, indexes in INDEXES.items():
                await self._database[collection].create_indexes(indexes)
        except ConnectionFailure as error:
            raise Unavailable(type(error).__name__) from error
        self._sessions = [await settled(self._client.start_session(causal_consistency=False)) for _ in range(self._count)]
        self._holder = Holder([session.session_id for session in self._sessions])
        for session in self._sessions:
            self._idle.put_nowait(session)

    async def close(self) -> None:
        if self._running:
            await asyncio.wait(self._running)
        for session in self._sessions:
            await session.end_session()
        await close(self._client)

    async def load(self, subjects: Collection[str]) -> dict[str, Aggregate]:
        found = await self._find("aggregates", {"_id": {"$in": list(subjects)}})
        return {document["_id"]: documents.aggregate(document) for document in found}

    async def claims(self, keys: Collection[str]) -> dict[str, str]:
        found = await self._find("claims", {"_id": {"$in": list(keys)}})
        return {document["_id"]: document["holder"] for document in found}

    async def receipts(self, ids: Collection[str]) -> dict[str, Receipt]:
        found = await self._find("receipts", {"_id": {"$in": list(ids)}})
        return {document["_id"]: documents.receipt(document) for document in found}

    async def kept(self, subjects: Collection[str]) -> dict[str, list[Receipt]]:
        waiting = map(documents.receipt, await self._find("receipts", {"waits_in": {"$in": list(subjects)}}))
        found: dict[str, list[Receipt]] = {}
        for row in sorted(waiting, key=lambda row: (row.order, row.id)):
            found.setdefault(row.aggregate, []).append(row)
        return found

    async def commit(self, changes: Changes) -> None:
        with before_commit():
            waiting = markers(changes.facts)
            writes = [*commands(changes), *opening(waiting)]
        if writes:
            await self._transact(lambda session: self._write(writes, session))
            self._outbox.opened(waiting)

    async def unpublished(self, subjects: Mapping[str, int]) -> list[FactRow]:
        waiting = await self._find("outbox", {"part": {"$in": sorted(set(subjects.values()))}}, {"facts": 1})
        ids = of(subjects.keys(), waiting)
        return await self._facts({"_id": {"$in": ids}}) if ids else []

    async def backlog(self, parts: Collection[int], before: datetime, limit: int) -> list[FactRow]:
        late = {"part": {"$in": list(parts)}, "recorded_at": {"$lt": before}}
        waiting = await self._find("outbox", late, sort=[("recorded_at", 1)], limit=max(1, limit // MARKED_TOGETHER))
        self._outbox.opened(waiting)
        return await self.unpublished({aggregate_of(fact): marker["part"] for marker in waiting for fact in marker["facts"]})

    async def mark_published(self, ids: Sequence[str]) -> None:
        """In no transaction: whoever is killed in one leaves the markers locked, and they may be of partitions that nobody will fence."""
        if whole := self._outbox.published(ids):
            with before_commit():
                expect(reply := await self._database.command(marking(whole)), reply["n"])

    async def due(self, parts: Collection[int], now: datetime, limit: int) -> list[str]:
        query = {"due_at": {"$lte": now}, "part": {"$in": list(parts)}}
        found = await self._find("aggregates", query, {"_id": 1}, sort=[("due_at", 1)], limit=limit)
        return [document["_id"] for document in found]

    async def errands(self, parts: Collection[int], after: datetime, until: datetime, limit: int) -> list[tuple[str, str]]:
        query = {"errand_at": {"$gte": not_after(after), "$lte": until}, "part": {"$in": list(parts)}}
        found = await self._find("aggregates", query, {"lane": 1}, sort=[("errand_at", 1)], limit=limit)
        return [(document["_id"], document["lane"]) for document in found]

    async def share(self, whose: str, after: str, limit: int) -> list[str]:
        found = await self._find("aggregates", {"whose": whose, "_id": {"$gt": after}}, {"_id": 1}, sort=[("_id", 1)], limit=limit)
        return [document["_id"] for document in found]

    async def fence(self, resources: Collection[str]) -> None:
        if resources:
            await self._despite_others(lambda session: self._holder.take(self._database, list(resources), session))

    async def waiting(self, state: str) -> list[Receipt]:
        """Everything that a person must see to (parked, quarantined), oldest first; for operators, not for the hot path."""
        return [documents.receipt(one) for one in await self._find("receipts", {"held": state}, sort=[("received_at", 1)])]

    async def held(self) -> Held:
        quarantined = await self._find("receipts", {"held": "quarantined"}, {"_id": 1}, limit=HELD_MAX)
        parked = await self._find("receipts", {"held": "parked"}, {"aggregate": 1}, limit=HELD_MAX)
        oldest = {"part": {"$in": list(range(PARTITIONS))}}
        waiting = await self._find("outbox", oldest, {"recorded_at": 1}, sort=[("recorded_at", 1)], limit=1)
        since = waiting[0]["recorded_at"] if waiting else None
        return Held(len({one["aggregate"] for one in parked}), len(quarantined), since)

    async def known(self, ids: Collection[str]) -> set[str]:
        return {document["_id"] for document in await self._find("facts", {"_id": {"$in": list(ids)}}, {"_id": 1})}

    async def history(self, subject: str) -> list[FactRow]:
        """By the range of ids that begin with `subject/` ("0" is what follows the slash)."""
        return await self._facts({"_id": {"$gt": f"{subject}/", "$lt": f"{subject}0"}, "aggregate": subject})

    async def histories(self, subjects: Sequence[str]) -> dict[str, list[FactRow]]:
        found: dict[str, list[FactRow]] = {}
        for row in await self._facts({"_id": {"$gt": f"{subjects[0]}/", "$lt": f"{subjects[-1]}0"}}) if subjects else []:
            found.setdefault(row.aggregate, []).append(row)
        return found

    async def subjects(self, after: str, limit: int) -> list[str]:
        found = await self._find("aggregates", {"_id": {"$gt": after}}, {"_id": 1}, sort=[("_id", 1)], limit=limit)
        return [document["_id"] for document in found]

    async def _find(self, collection: str, query: Document, fields: Document | None = None, **how: Any) -> list[Document]:
        with answering():
            cursor = self._reads[collection].find(query, fields, batch_size=ONE_ANSWER, **how)
            return await cursor.to_list(None)  # type: ignore[no-any-return]

    async def _facts(self, query: Document) -> list[FactRow]:
        found = map(documents.fact, await self._find("facts", query))
        return sorted(found, key=lambda row: (row.aggregate, row.topic, row.sequence))

    async def _write(self, writes: Sequence[Command], session: Any) -> None:
        for command, rows in writes:
            expect(await self._database.command(command, session=session), rows)
            await hit("in_transaction")

    async def _despite_others(self, work: Work) -> None:
        """For what is right whoever writes first: again, until it is through or `CONTENDED_S` have passed."""
        give_up_at = asyncio.get_running_loop().time() + CONTENDED_S
        while True:
            try:
                return await self._transact(work)
            except (Conflict, Unknown, Unavailable) as error:  # the last too: what an ended session is answered is not always the same
                if asyncio.get_running_loop().time() > give_up_at:
                    raise Unavailable("contended") from error
            await asyncio.sleep(CONTENDED_PAUSE_S)

    async def _transact(self, work: Work) -> None:
        """To its end even if the caller is cancelled: a session is lent again only when its transaction is over."""
        running = asyncio.create_task(self._borrowing(work))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        await asyncio.shield(running)

    async def _borrowing(self, work: Work) -> None:
        session = await self._idle.get()
        try:
            await settled(session.start_transaction(**TRANSACTION))
            await _done(work, session)
            await _committed(session)
        finally:
            self._idle.put_nowait(session)


async def _done(work: Work, session: Any) -> None:
    """All of it, or nothing is left under way."""
    try:
        with before_commit():
            await work(session)
        await hit("before_commit")
    except BaseException:
        with suppress(PyMongoError):
            await session.abort_transaction()
        raise


async def _committed(session: Any) -> None:
    """Asked again while its outcome is unknown. That a transaction is not there (any more) says nothing: it may have been committed."""
    for _ in range(COMMIT_TRIES):
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if getattr(error, "code", None) == WRITE_CONFLICT:
                raise Conflict("at commit") from error
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise Unknown(type(error).__name__) from error
        else:
            return await hit("commit_unacknowledged")
    raise Unknown(f"asked {COMMIT_TRIES} times")
