"""The book of a console's readings, kept in memory by the path of every fact, and read back as the topic would bring it."""

from typing import Any

import orjson

from infra.clock import Clock
from infra.envelope import headers
from infra.records import Record
from infra.settle import Settler
from infra.store import FactRow
from infra.store.memory import MemoryStore, Tables
from infra.telemetry import Meters, Tracing
from infra.vault import MemoryVault
from infra.watching import Watching
from infra.wrapping import LocalWrapper
from services.worklist import accounts


class Published:
    """The topic: what was published, as often as it was."""

    def __init__(self) -> None:
        self.rows: list[FactRow] = []

    async def publish(self, rows: Any) -> None:
        self.rows += rows


class Book:
    """`settle` keeps; `said` is what was kept, in order; `records` what listeners hear of it."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.tables, self.topic = Tables(), Published()
        self.store, vault = MemoryStore(self.tables), MemoryVault(LocalWrapper(bytes(32)), Clock())
        watch = Watching(meters := Meters(name), Tracing(meters, None))
        self.settler = Settler(accounts.SERVICE, self.store, self.topic, vault, clock, watch, "/test/worklist", at_once=False)
        self.settle = self.settler.settle

    @property
    def rows(self) -> list[FactRow]:
        return sorted(self.tables.facts.values(), key=lambda row: row.id)

    @property
    def said(self) -> list[dict[str, Any]]:
        return [{"type": row.attributes["type"], **orjson.loads(row.data)} for row in self.rows]

    @property
    def records(self) -> list[Record]:
        return [Record(row.topic, row.part, n, tuple(headers(row.attributes)), row.data) for n, row in enumerate(self.rows)]
