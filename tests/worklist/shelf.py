"""The board in memory: what the real one answers, for tests of pages. One test compares the two, question by question."""

import copy
import operator
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.store import Conflict
from services.worklist.items import Document
from services.worklist.projections import entries_of
from services.worklist.store import Writes

LOW = (0, "")


def _any(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Of a value, or of any of a list's."""
    return lambda have, want: any(one is not None and test(one, want) for one in (have if isinstance(have, list) else [have]))


TESTS = {
    "$lt": _any(operator.lt),
    "$lte": _any(operator.le),
    "$gt": _any(operator.gt),
    "$gte": _any(operator.ge),
    "$ne": operator.ne,
    "$in": lambda have, want: bool(set(have) & set(want)) if isinstance(have, list) else have in want,
}


class Shelf:
    """Documents in dictionaries. It knows the operators that the questions use, and no others."""

    def __init__(self) -> None:
        self.stored: dict[str, Document] = {}
        self.told: dict[str, Document] = {}
        self.changes: list[Document] = []
        self.noted: dict[str, Document] = {}
        self.owned: dict[str, Document] = {}

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def generations(self) -> tuple[int, ...]:
        return (1,)

    async def current(self) -> int:
        return (await self.generations())[0]

    async def documents(self, generation: int, ids: Collection[str]) -> dict[str, Document]:
        return {id: copy.deepcopy(self.stored[id]) for id in ids if id in self.stored}

    async def items(
        self, generation: int, query: Document, sort: Sequence[tuple[str, int]], limit: int, fields: Sequence[str] = ()
    ) -> list[Document]:
        found = [copy.deepcopy(one) for one in self.stored.values() if fits(one, query)]
        for name, way in reversed(sort):
            found.sort(key=lambda one: _key(one.get(name)), reverse=way < 0)
        return [{name: one[name] for name in ("_id", *fields) if name in one} if fields else one for one in found[: limit or None]]

    async def count(self, generation: int, query: Document, most: int) -> int:
        return min(most, sum(fits(one, query) for one in self.stored.values()))

    async def tally(self, generation: int, query: Document, by: str) -> dict[str, int]:
        found = [one.get(by) for one in self.stored.values() if fits(one, query)]
        return Counter(value for values in found if values for value in (values if isinstance(values, list) else [values]))

    async def entries(self, generation: int, item: str, limit: int = 0) -> list[Document]:
        first = entries_of(item)
        return [copy.deepcopy(self.told[id]) for id in sorted(self.told) if id.startswith(first)][: limit or None]

    async def changed_since(self, at: datetime, limit: int) -> list[Document]:
        return [one for one in self.changes if one["at"] > at][:limit]

    async def note(self, readings: Sequence[Document]) -> None:
        for one in readings:
            self.noted.setdefault(one["_id"], copy.deepcopy(one))

    async def readings(self, query: Mapping[str, Any], limit: int) -> list[Document]:
        found = [copy.deepcopy(one) for one in self.noted.values() if fits(one, dict(query))]
        return sorted(found, key=lambda one: (one["at"], one["_id"]), reverse=True)[:limit]

    async def own(self, person: str) -> Document:
        return copy.deepcopy(self.owned.get(person) or {"_id": person, "v": 0, "views": [], "start": None})

    async def keep_own(self, document: Document) -> None:
        if self.owned.get(document["_id"], {"v": 0})["v"] != document["v"] - 1:
            raise Conflict
        self.owned[document["_id"]] = copy.deepcopy(document)

    async def write(self, writes: Mapping[int, Writes], at: datetime) -> None:
        for written in writes.values():
            changed = [{"item": id, "concerns": sorted(concerns)} for id, concerns in written.whose.items()]
            self.changes.append({"_id": str(len(self.changes)), "at": at, "changed": changed})
            self.stored |= {item["_id"]: copy.deepcopy(item) for item in written.items}
            self.told |= {entry["_id"]: copy.deepcopy(entry) for entry in written.entries}


def fits(document: Document, query: Document) -> bool:
    return all(_fits(document, name, wanted) for name, wanted in query.items())


def _fits(document: Document, name: str, wanted: Any) -> bool:
    if name in ("$and", "$or"):
        parts: Iterable[bool] = (fits(document, part) for part in wanted)
        return all(parts) if name == "$and" else any(parts)
    have = document.get(name)
    if isinstance(wanted, dict):
        return all(TESTS[how](have, value) for how, value in wanted.items())
    return wanted in have if isinstance(have, list) else have == wanted


def _key(value: Any) -> tuple[Any, ...]:
    """A missing value sorts first, as the database has it."""
    return (0,) if value is None else (1, value)
