"""One process of a service without engines: the real settling and due loop on the twin of the database."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from contracts.kernel import Actor, Change, Command, Message
from contracts.upkeep import Origin
from infra.clock import ManualClock
from infra.due import DueLoop
from infra.envelope import headers, sequence_text
from infra.inbound import Reader
from infra.records import Record
from infra.replay import Replayer
from infra.service import Item, Outcome, Service
from infra.settle import Settler
from infra.store.memory import MemoryStore, Tables
from infra.vault import MemoryVault
from infra.working import parsed
from infra.wrapping import LocalWrapper
from tests.runtime.accounts import Log, Seen

PARTS = range(24)


class Instance:
    """A process by its name, on tables that others may share. `pause` is awaited at every point where a real one would wait."""

    def __init__(
        self, service: Service, tables: Tables, clock: ManualClock, name: str = "0", pause: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self.service, self.tables, self.clock, self.name, self.pause = service, tables, clock, name, pause
        self.keys = dict[Any, bytes]()
        self.log, self.seen, self.reader = Log(), Seen(), Reader(service)
        self.born()

    def born(self) -> None:
        """Started, or started again: whatever its predecessor had locked is freed, as its sessions are ended."""
        vault = MemoryVault(LocalWrapper(bytes(32)), self.clock, rows=self.keys)
        self.store = MemoryStore(self.tables, **({"pause": self.pause} if self.pause else {}))
        self.store.process = f"instance/{self.name}"
        self.tables.locks = {key: held for key, held in self.tables.locks.items() if held.owner.process != self.store.process}
        self.settler = Settler(self.service, self.store, self.log, vault, self.clock, self.seen, f"/test/{self.service.name}")
        self.due = DueLoop(self.settler, Replayer(self.service, self.store, vault), self.clock, self._parts)

    async def _parts(self) -> Iterable[int]:
        return PARTS

    async def does(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    async def hear(self, topic: str, subject: str, sequence: int, data: Change, at: Any = None) -> None:
        """A fact of another service, as it is on its topic."""
        named = {"type": data.type, "id": f"{subject}-{sequence}", "subject": subject, "sequence": sequence_text(sequence)}
        named |= {"time": at.isoformat()} if at else {}
        record = Record(topic, 0, sequence, tuple(headers(named)), data.model_dump_json(exclude_none=True).encode())
        await self.does(lambda: self.settler.settle(list(self.reader.items(record))))

    async def ask(self, command: Command, who: str, subject: str, key: str) -> Outcome:
        topic = f"http:{self.service.name}"
        message = Message(key, command, subject, topic, at=self.clock.now(), actor=Actor("user", who), fingerprint="f")
        item = Item("command", message, Origin(topic=topic), message.id)
        return (await self.does(lambda: self.settler.settle([item])))[0]  # type: ignore[no-any-return]

    async def sweep(self) -> None:
        await self.does(self.due.sweep)

    def state(self, subject: str) -> Any:
        return parsed(self.service, self.tables.aggregates.get(subject))
