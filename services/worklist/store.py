"""The worklist's collections. Items and entries live in generations, so that a new one can be filled while the old one serves.

`items_<g>`    one document an item: sections, and the summary that the questions ask of; version `v` guards every write
`entries_<g>`  one document an event and item, insert-only: the timeline, and what an item can be folded from again
`changes`      which items changed when and whom each concerned, kept ten minutes: how every instance learns of what another one wrote
`readings`     who read what, insert-only, for as long as the topic keeps it
`own`          one document a person: the lists they keep (`saved.py`), and when they were last here (`away.py`)
`generations`  one document `pointer`: `current`, and `next` while a new generation is written to beside it
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from contracts.catalogue import SIX_YEARS_MS
from contracts.kernel import LONG_AGO
from infra.store.failures import answering, before_commit, expect
from infra.store.mongo import MongoStore
from services.worklist.items import Document
from services.worklist.patches import Patch
from services.worklist.projections import SLOTS, entries_of

OPEN = {"partialFilterExpression": {"open": True}}
"""Questions are about open items: what is over costs them nothing, however much of it there is."""
OVER = {"over_at": {"$gt": LONG_AGO}}
TEXT = {name: {"partialFilterExpression": {name: {"$gt": ""}}} for name in ("group", "reference", "inbox", "tells", "marks")}
"""Items are found however they ended by the number that their sender gave them, with the messages that tell of them, and by marks
(`finding.py`); a person's by their record, several at once. What a database is to find by an index must imply the index's filter: an
equality and a range imply `$gt`, and no database sees that they imply a `$type`."""
ITEM_INDEXES = (  # whose filter changes is called otherwise: a board of an earlier build keeps the old ones until it is made anew
    IndexModel([("kind", ASCENDING), ("requested_at", ASCENDING), ("_id", ASCENDING)], name="pending", **OPEN),
    IndexModel([("grip", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="steps", **OPEN),
    IndexModel([("due", ASCENDING), ("_id", ASCENDING)], name="clocks", **OPEN),
    IndexModel([("owner", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="mine", **OPEN),
    IndexModel([("role", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="team", **OPEN),
    IndexModel([("concerns", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="concerns", **OPEN),
    IndexModel([("kind", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="kinds", **OPEN),
    IndexModel([("kind", ASCENDING), ("stage", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="stages", **OPEN),
    IndexModel([("concerns", ASCENDING), ("began_at", ASCENDING), ("_id", ASCENDING)], name="begun", **OPEN),
    *(
        IndexModel([(by, ASCENDING), ("over_at", ASCENDING), ("_id", ASCENDING)], name=name, partialFilterExpression=OVER)
        for name, by in (("over", "answered"), ("ends", "kind"))
    ),
    IndexModel([("record", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="records"),
    IndexModel([("group", ASCENDING), ("_id", ASCENDING)], name="groups", **TEXT["group"]),
    IndexModel([("reference", ASCENDING)], name="references", **TEXT["reference"]),
    IndexModel([("inbox", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)], name="inboxes", **TEXT["inbox"]),
    IndexModel([("tells", ASCENDING), ("_id", ASCENDING)], name="told", **TEXT["tells"]),
    IndexModel([("marks", ASCENDING), ("_id", ASCENDING)], name="found", **TEXT["marks"]),
    IndexModel([("unmarked", ASCENDING)], name="unmarked", partialFilterExpression={"unmarked": True}),
    *(
        IndexModel([(at, ASCENDING), ("_id", ASCENDING)], name=name, partialFilterExpression={at: {"$gt": LONG_AGO}})
        for name, at in (("holes", "gap_since"), ("reviewed", "reviewed_at"), ("responded", "responded_at"))
    ),
    IndexModel([("listed", ASCENDING)], name="listed", partialFilterExpression={"listed": True}),
)
ENTRY_INDEXES = (IndexModel([("_id", ASCENDING), ("item", ASCENDING)], name="ranges"),)
"""The local server looks for a range of ids from end to end of a collection, unless there is an index of its own on them."""
CHANGE_INDEXES = (IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=600),)
READING_INDEXES = (
    IndexModel([("at", DESCENDING), ("_id", DESCENDING)], name="at"),
    *(IndexModel([(name, ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name=name) for name in ("reader", "item", "records")),
    IndexModel([("kept_from", ASCENDING)], name="expiry", expireAfterSeconds=SIX_YEARS_MS // 1000),
)
"""By account, by item, by person, the newest first. What the topic lets go of, the database lets go of."""
FOLDED = dict.fromkeys(("_id", "item", "topic", "subject", "sequence", "at", "recorded", "patch", "counted"), 1)
POINTER = "pointer"
KNOWN_FOR_S = 0.2
"""Much less than a rebuild leaves the generation standing that served before."""
PART = 5_000
"""Entries read at a time when all are folded."""
ONE_ANSWER = 1_000_000


@dataclass
class Writes:
    """What one batch writes to one generation. The version of an item says what it was read at: 1 is a new one."""

    items: list[Document] = field(default_factory=list)
    entries: list[Patch] = field(default_factory=list)
    whose: dict[str, set[str]] = field(default_factory=dict)
    """By item, whom it concerned before or concerns now: who loses an item must hear of that as well."""


class Board(MongoStore):
    """The worklist's database: reads of the current generation, and batches in one transaction each."""

    _known: tuple[int, float] | None = None

    async def open(self) -> None:
        """Collections and indexes of the current generation; the first process ever makes generation 1."""
        await super().open()
        with answering():
            await self._database["changes"].create_indexes(list(CHANGE_INDEXES))
            await self._database["readings"].create_indexes(list(READING_INDEXES))
            await self._database["generations"].update_one({"_id": POINTER}, {"$setOnInsert": {"current": 1, "next": None}}, upsert=True)
        await self.prepare((await self.generations())[0])

    async def prepare(self, generation: int) -> None:
        """The collections of a generation with their indexes. Doing it again changes nothing."""
        with answering():
            await self._database[f"items_{generation}"].create_indexes(list(ITEM_INDEXES))
            await self._database[f"entries_{generation}"].create_indexes(list(ENTRY_INDEXES))

    async def generations(self) -> tuple[int, ...]:
        """The one that serves, and the one that is written to beside it while it is being filled."""
        (pointer,) = await self._find("generations", {"_id": POINTER})
        return (pointer["current"], pointer["next"]) if pointer["next"] else (pointer["current"],)

    async def current(self) -> int:
        """The one that serves, as it was known a moment ago: one page asks for it a dozen times."""
        moment = asyncio.get_running_loop().time()
        if self._known is None or self._known[1] < moment:
            self._known = (await self.generations())[0], moment + KNOWN_FOR_S
        return self._known[0]

    async def point(self, current: int, next_: int | None) -> None:
        async def move(session: Any) -> None:
            change = {"q": {"_id": POINTER}, "u": {"$set": {"current": current, "next": next_}}}
            expect(await self._database.command({"update": "generations", "updates": [change]}, session=session), 1)

        await self._despite_others(move)
        self._known = None

    async def drop_all_but(self, kept: Collection[int]) -> None:
        """Collections of other generations: what a rebuild left behind, finished or not."""
        with answering():
            for name in await self._database.list_collection_names():
                stem, _, number = name.rpartition("_")
                if stem in ("items", "entries") and number.isdecimal() and int(number) not in kept:
                    await self._database.drop_collection(name)

    async def newest(self) -> int:
        """The highest generation that any collection belongs to."""
        with answering():
            names = await self._database.list_collection_names()
        return max((int(n) for name in names if (n := name.rpartition("_")[2]).isdecimal()), default=0)

    # — reads

    async def documents(self, generation: int, ids: Collection[str]) -> dict[str, Document]:
        found = await self._find(f"items_{generation}", {"_id": {"$in": list(ids)}})
        return {document["_id"]: document for document in found}

    async def items(
        self, generation: int, query: Document, sort: Sequence[tuple[str, int]], limit: int, fields: Sequence[str] = ()
    ) -> list[Document]:
        """One page of items; only these fields of them, where some are named. By which index is the database's choice: it looks at what
        is asked, where a named index may be read from end to end."""
        return await self._find(f"items_{generation}", query, dict.fromkeys(fields, 1) or None, sort=list(sort), limit=limit)

    async def explained(self, generation: int, query: Document, sort: Sequence[tuple[str, int]], limit: int) -> Document:
        """How the database would find that page, without looking for it: for tests."""
        asked = {"find": f"items_{generation}", "filter": query, "sort": dict(sort), "limit": limit}
        with answering():
            return await self._reads.command({"explain": asked, "verbosity": "queryPlanner"})  # type: ignore[no-any-return]

    async def count(self, generation: int, query: Document, most: int) -> int:
        """How many, but never more than `most` are looked at."""
        with answering():
            return await self._reads[f"items_{generation}"].count_documents(query, limit=most)  # type: ignore[no-any-return]

    async def tally(self, generation: int, query: Document, by: str) -> dict[str, int]:
        """How many items fit, by the value of a field, or by each of its values."""
        stages = [{"$match": query}, {"$unwind": f"${by}"}, {"$group": {"_id": f"${by}", "count": {"$sum": 1}}}]
        with answering():
            return {one["_id"]: one["count"] async for one in await self._reads[f"items_{generation}"].aggregate(stages)}

    async def entries(self, generation: int, item: str, limit: int = 0) -> list[Patch]:
        """Entries of one item: the range of ids that begin as its own do (`}` is what follows `|`)."""
        first = entries_of(item)
        return await self._find(f"entries_{generation}", {"_id": {"$gt": first, "$lt": first[:-1] + "}"}}, sort=[("_id", 1)], limit=limit)

    async def known_entries(self, generation: int, ids: Collection[str]) -> set[str]:
        found = await self._find(f"entries_{generation}", {"_id": {"$in": list(ids)}}, {"_id": 1})
        return {document["_id"] for document in found}

    async def by_item(self, generation: int) -> AsyncIterator[list[Patch]]:
        """Every entry of a generation, as much of it as a fold needs, item by item.

        Read slot by slot, each a range with two ends: a database may well collect a whole range before it looks at the limit.
        """
        with answering():
            count = await self._reads[f"entries_{generation}"].estimated_document_count()
        together = max(1, min(SLOTS, SLOTS * PART // max(1, count)))
        for slot in range(0, SLOTS, together):
            part = {"$gte": f"{slot:03x}", "$lt": f"{slot + together:03x}" if slot + together < SLOTS else "g"}
            found = await self._find(f"entries_{generation}", {"_id": part}, FOLDED, sort=[("_id", 1)])
            for _, entries in groupby(found, key=itemgetter("item")):
                yield list(entries)

    async def changed_since(self, at: datetime, limit: int) -> list[Document]:
        return await self._find("changes", {"at": {"$gt": at}}, sort=[("at", 1)], limit=limit)

    async def readings(self, query: Mapping[str, Any], limit: int) -> list[Document]:
        """Accounts of reading, the newest first."""
        return await self._find("readings", dict(query), sort=[("at", -1), ("_id", -1)], limit=limit)

    async def own(self, person: str) -> Document:
        """What they keep for themselves; version 0 where they never kept anything."""
        return next(iter(await self._find("own", {"_id": person})), {"_id": person, "v": 0, "views": [], "start": None})

    # — writes

    async def note(self, readings: Sequence[Document]) -> None:
        """Accounts of reading. One that is known already stays as it is."""
        if readings:
            with answering():
                once = [UpdateOne({"_id": one["_id"]}, {"$setOnInsert": one}, upsert=True) for one in readings]
                await self._database["readings"].bulk_write(once, ordered=False)

    async def keep_own(self, document: Document) -> None:
        """In the place of what they kept at the version before. Conflict: it was changed meanwhile."""
        old = {"_id": document["_id"], "v": document["v"] - 1}
        command: Document = (
            {"update": "own", "updates": [{"q": old, "u": document}]} if old["v"] else {"insert": "own", "documents": [document]}
        )
        await self._transact(lambda session: self._write([(command, 1)], session))

    async def write(self, writes: Mapping[int, Writes], at: datetime) -> None:
        """A batch, whole or not at all. Conflict: an item was written meanwhile, or an entry is known already."""
        whose: dict[str, set[str]] = {}
        for written in writes.values():
            for item in written.items:
                whose.setdefault(item["_id"], set()).update(written.whose.get(item["_id"], ()))
        if not whose:
            return
        with before_commit():
            commands = [command for generation, written in writes.items() for command in _commands(generation, written)]
        changed = [{"item": id, "concerns": sorted(concerns)} for id, concerns in sorted(whose.items())]
        commands.append(({"insert": "changes", "documents": [{"_id": uuid4().hex, "at": at, "changed": changed}]}, 1))
        await self._transact(lambda session: self._write(commands, session))

    async def fill(self, generation: int, writes: Writes) -> None:
        """A batch of a generation that nobody reads yet."""
        with before_commit():
            commands = list(_commands(generation, writes))
        if commands:
            await self._transact(lambda session: self._write(commands, session))


def _commands(generation: int, writes: Writes) -> Iterable[tuple[Document, int]]:
    """The database's commands, each with how many documents it must touch."""
    new = [item for item in writes.items if item["v"] == 1]
    known = [{"q": {"_id": item["_id"], "v": item["v"] - 1}, "u": item} for item in writes.items if item["v"] > 1]
    if writes.entries:
        yield {"insert": f"entries_{generation}", "documents": writes.entries, "ordered": False}, len(writes.entries)
    if new:
        yield {"insert": f"items_{generation}", "documents": new, "ordered": False}, len(new)
    if known:
        yield {"update": f"items_{generation}", "updates": known, "ordered": False}, len(known)
