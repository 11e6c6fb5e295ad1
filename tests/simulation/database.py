"""The database as a simulation sees it: the twin of the store, telling why a transaction was aborted and whom that held up."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.store import Changes, Conflict, Rejected, Unknown
from infra.store.memory import MemoryStore, Tables, Transaction
from infra.vault import MemoryVault, Shelf
from tests.simulation.toys import PICKY

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

PICKY_BYTES = f'"amount":{PICKY}'.encode()


class Aborted(Conflict):
    """The server aborted the transaction for a reason of its own."""


class Outrun(Conflict):
    """Another writer was first."""


class Locked(Conflict):
    """Another transaction holds a document."""


class Fenced(Conflict):
    """The next owner ended this transaction."""


class Applied(Unknown):
    """The answer of a commit that stands was lost."""


class SimulatedTables(Tables):
    """One service's database. `author` names the process that committed a fact."""

    def __init__(self, world: "World") -> None:
        super().__init__(seconds=world.loop.time)
        self.world = world
        self.author: dict[str, str] = {}

    def begin(self, owner: MemoryStore, changes: Changes) -> Transaction:
        if not self.world.mended and any(PICKY_BYTES in fact.data for fact in changes.facts):
            raise Rejected
        try:
            return super().begin(owner, changes)
        except Conflict:
            if not self._as_expected(changes):
                raise Outrun from None
            if any(held.owner.process in self.world.dead for held in self.locks.values()):
                self.world.tally.fire("crash in a transaction", mattered=True)
            raise Locked from None

    def finish(self, transaction: Transaction, changes: Changes) -> None:
        try:
            super().finish(transaction, changes)
        except Conflict:
            raise Fenced from None
        self.author.update((row.id, transaction.owner.process) for row in changes.facts)

    def fence(self, resource: str, owner: MemoryStore) -> None:
        previous = self.fences.get(resource, owner)
        if previous is not owner and any(held.owner is previous for held in self.locks.values()):
            dead = previous.process in self.world.dead
            self.world.tally.fire("crash in a transaction" if dead else "fenced in a transaction", mattered=dead)
        super().fence(resource, owner)


class SimulatedStore(MemoryStore):
    """One process's handle, which tells what its transactions met."""

    def __init__(self, tables: SimulatedTables, process: "Process") -> None:
        super().__init__(tables, pause=process.pause, process=process.name)
        self._process, self._tally = process, process.world.tally

    async def commit(self, changes: Changes) -> None:
        process, rows = self._process, bool(changes.facts or changes.receipts or changes.aggregates)
        if changes and process.zombie:
            self._tally.fire("frozen past its session", mattered=True)
        try:
            await super().commit(changes)
            process.slowed = False
        except Aborted:
            self._tally.fire("transaction aborted", mattered=rows)
            raise
        except Fenced:
            self._tally.fire("fenced in a transaction", mattered=rows)
            raise
        except Outrun:
            self._tally.fire("conflict with another writer", mattered=rows)
            if process.slowed:
                self._tally.fire("slow database", mattered=True)
            raise
        except Unknown as unknown:
            applied = isinstance(unknown, Applied)
            self._tally.fire("commit unknown, applied" if applied else "commit unknown, not applied", mattered=bool(changes.facts))
            raise
        except Rejected:
            causes = {fact.attributes.get("causeid") for fact in changes.facts if fact.topic != "out"}
            self._tally.fire("refused by the database", mattered=len(causes) > 1)
            raise
        process.world.note(process.name, "committed", *(fact.id for fact in changes.facts))


class SimulatedVault(MemoryVault):
    """Its calls take time, and a process that is dead or frozen makes none."""

    def __init__(self, process: "Process", rows: dict[tuple[Shelf, str], bytes], **rest: Any) -> None:
        super().__init__(rows=rows, **rest)
        self._process = process

    async def _find(self, shelf: Shelf, records: Collection[str]) -> Mapping[str, bytes]:
        await self._process.reach()
        return await super()._find(shelf, records)

    async def _add(self, shelf: Shelf, rows: Mapping[str, bytes], at: datetime) -> Collection[str]:
        await self._process.pause("vault")
        return await super()._add(shelf, rows, at)
