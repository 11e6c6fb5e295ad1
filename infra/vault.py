"""Data keys, one per record, and the network's blind-index key: apart from all other data, so that deleting one key erases.

A key is made once, by insert-if-absent, and never changes. An erased record leaves a row without a key: its name can never be
given another one, and whoever asks learns that it is gone. Every process keeps what it read for at most 60 s: that is how long
an erasure takes to reach it. What was not there is never remembered, because another instance may make it in the next moment;
what was erased is, because that is final.
"""

import asyncio
import hmac
import logging
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Collection, Mapping
from datetime import datetime
from os import urandom
from typing import Any, Literal, TypeVar

from pymongo import ReadPreference, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from infra.clock import Clock
from infra.problems import Problem
from infra.store.port import Unavailable
from infra.wrapping import KEY_BYTES, Wrapper

T = TypeVar("T")
log = logging.getLogger(__name__)
Shelf = Literal["keys", "indexes"]
CACHE_S = 60.0
DUPLICATE = 11_000
FORBIDDEN = (13, 18)
INDEX = "index/network"
"""The id of the blind-index key, which is wrapped like any other but kept on a shelf of its own."""
GONE = b""
"""What an erased record has instead of a wrapped key."""


class Vault(ABC):
    """The port. `keys` asks the database once per batch, for those it does not have; two more calls make what is missing."""

    def __init__(self, wrapper: Wrapper, clock: Clock, records_max: int = 50_000) -> None:
        self._wrapper, self._clock = wrapper, clock
        self._cache = Recent(clock, records_max)
        self._index: hmac.HMAC | None = None

    async def open(self, create: bool = False) -> None:
        """Find the blind-index key; the one writer of the vault makes it (`create`), everybody else waits for that."""
        found = await self._find("indexes", [INDEX])
        if create and INDEX not in found:
            log.warning("made the network's index key; if claims exist already, none of them will be found: restore the vault instead")
            found = await self._make("indexes", [INDEX])
        if INDEX not in found:
            raise Unavailable("the vault has no index key yet: its writer has not started")
        self._index = hmac.new(self._wrapper.unwrap(INDEX, found[INDEX]), digestmod="sha256")

    async def keys(self, records: Collection[str], create: bool = False) -> dict[str, bytes]:
        """The data keys of these records. With `create`, those that have none get one; an erased record is never in the answer."""
        asked = self._clock.monotonic()
        wanted = set(records)
        known = {record: key for record in wanted if (key := self._cache.get(record)) is not None}
        missing = [record for record in wanted if record not in known]
        if missing:
            fresh = await self._read(missing, create)
            self._cache.put(fresh, asked)
            known |= fresh
        return {record: key for record, key in known.items() if key != GONE}

    async def erase(self, record: str) -> None:
        """Delete the data key, for ever. This process forgets it now, the others within 60 s; backups of the vault are short-lived."""
        await self._forget(record, self._clock.wall())
        self._cache.put({record: GONE}, self._clock.monotonic())

    def blind(self, *parts: str) -> str:
        """What identifies somebody, as a key that nobody can read back or make without the index key (HMAC-SHA-256, 43 characters).

        Every part is preceded by its length: ("ab", "c") and ("a", "bc") differ.
        """
        if self._index is None:
            raise Unavailable("the vault is not open")
        texts = [part.encode(errors="surrogatepass") for part in parts]
        framed = b"".join(len(text).to_bytes(8) + text for text in texts)
        keyed = self._index.copy()  # the key is taken in once: a third of the time
        keyed.update(framed)
        return urlsafe_b64encode(keyed.digest()).rstrip(b"=").decode()

    async def _read(self, missing: Collection[str], create: bool) -> dict[str, bytes]:
        found = dict(await self._find("keys", missing))
        absent = [record for record in missing if record not in found]
        if create and absent:
            found |= await self._make("keys", absent)
        return {record: wrapped and self._wrapper.unwrap(record, wrapped) for record, wrapped in found.items()}

    async def _make(self, shelf: Shelf, absent: Collection[str]) -> Mapping[str, bytes]:
        rows = {record: self._wrapper.wrap(record, urandom(KEY_BYTES)) for record in absent}
        lost = await self._add(shelf, rows, self._clock.wall())
        theirs = await self._find(shelf, lost) if lost else {}
        if len(theirs) < len(lost):
            raise Unavailable("a key that another instance is making is not durable yet: ask again")
        return {**rows, **theirs}

    @abstractmethod
    async def _find(self, shelf: Shelf, records: Collection[str]) -> Mapping[str, bytes]:
        """Wrapped keys of those that exist, durably; GONE where one was erased."""

    @abstractmethod
    async def _add(self, shelf: Shelf, rows: Mapping[str, bytes], at: datetime) -> Collection[str]:
        """Insert those that are absent, durably; answer the ids somebody else had inserted first."""

    @abstractmethod
    async def _forget(self, record: str, at: datetime) -> None:
        """Replace a data key by GONE, or put GONE where there is nothing yet."""


class Recent:
    """Keys read in the last minute, least recently used dropped first."""

    def __init__(self, clock: Clock, records_max: int) -> None:
        self._clock, self._max = clock, records_max
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._swept = clock.monotonic()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, record: str) -> bytes | None:
        """GONE for an erased record, None for one that was not read lately."""
        found = self._kept.get(record)
        if found is None or self._clock.monotonic() - found[1] > CACHE_S:
            return None
        self._kept.move_to_end(record)
        return found[0]

    def put(self, keys: Mapping[str, bytes], asked: float) -> None:
        """Keep what was asked for at that moment. An erasure that is known stands against an answer that was under way."""
        self._sweep()
        for record, key in keys.items():
            known = self._kept.get(record)
            if known is None or known[0] != GONE or key == GONE:
                self._kept[record] = key, asked
                self._kept.move_to_end(record)
        while len(self._kept) > self._max:
            self._kept.popitem(last=False)

    def _sweep(self) -> None:
        """Once a minute, let go of keys nobody asked for again: an erased one must not lie in memory for ever."""
        now = self._clock.monotonic()
        if now - self._swept > CACHE_S:
            self._swept = now
            self._kept = OrderedDict(kept for kept in self._kept.items() if now - kept[1][1] <= CACHE_S)


class MemoryVault(Vault):
    """The twin. Instances that share `rows` are processes that share a database."""

    def __init__(
        self, wrapper: Wrapper, clock: Clock, records_max: int = 50_000, rows: dict[tuple[Shelf, str], bytes] | None = None
    ) -> None:
        super().__init__(wrapper, clock, records_max)
        self.rows = {} if rows is None else rows

    async def _find(self, shelf: Shelf, records: Collection[str]) -> Mapping[str, bytes]:
        await asyncio.sleep(0)
        return {record: self.rows[shelf, record] for record in records if (shelf, record) in self.rows}

    async def _add(self, shelf: Shelf, rows: Mapping[str, bytes], at: datetime) -> Collection[str]:
        await asyncio.sleep(0)
        lost = [record for record in rows if (shelf, record) in self.rows]
        self.rows.update({(shelf, record): row for record, row in rows.items() if record not in lost})
        return lost

    async def _forget(self, record: str, at: datetime) -> None:
        self.rows["keys", record] = GONE


class MongoVault(Vault):
    """The database `vault`, through either driver: `database` is motor's or PyMongo's asynchronous one.

    Reads see only what a majority has, so that nothing is sealed under a key that a failover would take back.
    """

    def __init__(self, database: Any, wrapper: Wrapper, clock: Clock, records_max: int = 50_000, timeout_ms: int = 5_000) -> None:
        super().__init__(wrapper, clock, records_max)
        self._timeout_ms = timeout_ms
        durable = WriteConcern("majority", wtimeout=timeout_ms, j=True)
        self._shelves = {
            shelf: database.get_collection(
                shelf, read_preference=ReadPreference.PRIMARY, read_concern=ReadConcern("majority"), write_concern=durable
            )
            for shelf in ("keys", "indexes")
        }

    async def _find(self, shelf: Shelf, records: Collection[str]) -> Mapping[str, bytes]:
        found = self._shelves[shelf].find({"_id": {"$in": list(records)}}, {"key": 1}, max_time_ms=self._timeout_ms)
        return {row["_id"]: row.get("key", GONE) for row in await self._bounded(found.to_list(None))}

    async def _add(self, shelf: Shelf, rows: Mapping[str, bytes], at: datetime) -> Collection[str]:
        documents = [{"_id": record, "key": key, "created_at": at} for record, key in rows.items()]
        return await self._bounded(_inserted(self._shelves[shelf], documents))

    async def _forget(self, record: str, at: datetime) -> None:
        change = {"$unset": {"key": ""}, "$set": {"erased_at": at}}
        await self._bounded(self._shelves["keys"].update_one({"_id": record}, change, upsert=True))

    async def _bounded(self, call: Awaitable[T]) -> T:
        """In time or not at all. The driver's own error may quote a row, so it is not chained."""
        try:
            async with asyncio.timeout(self._timeout_ms / 1000):
                return await call  # the deadline covers the answer too
        except (PyMongoError, TimeoutError) as error:
            kind, code = type(error).__name__, getattr(error, "code", None) or ""
        if code in FORBIDDEN:
            fix = "sign in as the vault's writer, or do not make or erase keys here"
            raise Problem("TL-1303", "the vault refuses this user", f"{kind} {code}", fix)
        raise Unavailable(f"the vault does not answer: {kind} {code}".rstrip())


async def _inserted(shelf: Any, documents: list[dict[str, Any]]) -> list[str]:
    """Insert what is absent; the ids that were there already."""
    try:
        await shelf.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if not faults or any(fault["code"] != DUPLICATE for fault in faults):
            raise
        return [documents[fault["index"]]["_id"] for fault in faults]
    return []
