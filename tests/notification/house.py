"""The service on the real runtime, in memory: processes that die, a log that is read again, a mail system that is watched."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

from contracts import catalogue
from contracts.alerts import AlertRaised
from contracts.directory import DirectoryListed
from contracts.kernel import Actor, Change, Command, Message
from contracts.notices import NoticeQueued
from contracts.upkeep import Origin
from infra.audit import verify
from infra.clock import ManualClock
from infra.due import DueLoop
from infra.envelope import headers, sequence_text
from infra.errands import ErrandLoop
from infra.inbound import Reader
from infra.records import Record
from infra.replay import Replayer
from infra.service import Item, Outcome
from infra.settle import Settler
from infra.store.memory import MemoryStore, Tables
from infra.telemetry import Meters
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from services.notification.app import SERVICE
from services.notification.channel import Handed, Letter
from services.notification.composing import Composer
from services.notification.recipients import recipient
from services.notification.sending import Sender
from tests.notification.stories import NINE, STAFF, contacts
from tests.runtime.accounts import Log, Seen

LEASE = timedelta(seconds=46)
KEPT = f"00-{'a' * 32}-{'b' * 16}-01"
"""A trace that is kept."""


class Mail:
    """A mail system and its moods, one for each message that comes: taken, deferred, refused, or the sender dies before or after."""

    def __init__(self) -> None:
        self.taken: defaultdict[str, list[Letter]] = defaultdict(list)
        self.moods: list[str] = []

    async def send(self, letter: Letter) -> Handed:
        mood = self.moods.pop(0) if self.moods else "take"
        if mood == "die-before":
            raise ConnectionResetError
        if mood in ("take", "die-after", "drop"):
            self.taken[letter.id].append(letter)
        if mood == "die-after":
            raise ConnectionResetError
        return {"defer": Handed("deferred", "451"), "refuse": Handed("failed", "554"), "drop": Handed("deferred", "dropped")}.get(
            mood, Handed("sent", "250")
        )


class InboxOf:
    """The board's inbox, watched."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    async def send(self, letter: Letter) -> Handed:
        self.shown.append(letter.id)
        return Handed("delivered")


class House:
    """Shared tables, a log of what the network said, and one process at a time."""

    def __init__(self) -> None:
        self.clock, self.tables, self.mail, self.inbox = ManualClock(NINE), Tables(), Mail(), InboxOf()
        self.vault = MemoryVault(LocalWrapper(bytes(32)), self.clock)
        self.log: list[Record] = []
        self.said = Log()
        self.seen = Seen()
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.commands = 0

    async def open(self) -> "House":
        await self.vault.open(create=True)
        self.start()
        self.say("directory/network", DirectoryListed(programs=(), staff=STAFF))
        await self.take(self.log)
        for people in STAFF.values():
            for person in people:
                await self.ask(contacts(person), "staff/platform", recipient(person))
        return self

    def start(self) -> None:
        """A new process. Whatever the one before it had in hand is lost."""
        self.store = MemoryStore(self.tables)
        self.settler = Settler(SERVICE, self.store, self.said, self.vault, self.clock, self.seen, "/test/notification")
        self.reader, replayer = Reader(SERVICE), Replayer(SERVICE, self.store, self.vault)
        self.due = DueLoop(self.settler, replayer, self.clock, self.owned)
        sender = Sender(self.vault, {"email": self.mail, "inbox": self.inbox}, Composer("http://board"))
        self.errands = ErrandLoop(self.settler, sender, self.clock, self.owned, {"crisis": 8, "other": 8}, Meters("notification"))

    async def owned(self) -> Collection[int]:
        return range(catalogue.PARTITIONS)

    def say(self, subject: str, data: Change, topic: str = "assignment-events", **attributes: str) -> Record:
        """The network says a fact; who listens has not heard it yet."""
        self.counts[subject] += 1
        at = self.clock.now().isoformat()
        said = {"id": f"{subject}-{self.counts[subject]}", "type": data.type, "subject": subject, "time": at}
        said |= {"sequence": sequence_text(self.counts[subject]), "traceparent": KEPT, **attributes}
        record = Record(topic, 0, len(self.log), tuple(headers(said)), data.model_dump_json(exclude_none=True).encode())
        self.log.append(record)
        return record

    async def take(self, records: Collection[Record]) -> list[str]:
        items = [item for record in records for item in self.reader.items(record)]
        return [outcome.kind for outcome in await self.settler.settle(items)] if items else []

    async def ask(self, command: Command, who: str, subject: str) -> Outcome:
        self.commands += 1
        message = Message(f"c-{self.commands}", command, subject, "http:notification", at=self.clock.now(), actor=Actor("user", who))
        item = Item("command", message, Origin(topic="http:notification"), message.id)
        return (await self.settler.settle([item]))[0]

    async def work(self, rounds: int = 6) -> None:
        """What the loops of a process do meanwhile."""
        for _ in range(rounds):
            while await self.due.sweep():
                pass
            await self.errands.sweep()
            for _ in range(3):
                await asyncio.sleep(0)

    async def pass_time(self, time: timedelta, step: timedelta) -> None:
        until = self.clock.now() + time
        while self.clock.now() < until:
            self.clock.move_to(min(until, self.clock.now() + step))
            await self.work()

    # — what is so

    def facts(self, kind: type[Change]) -> list[Change]:
        known = {row.id: row for row in self.tables.facts.values() if row.attributes["type"] == kind.type}
        return [kind.model_validate_json(known[name].data) for name in sorted(known)]

    def raised(self) -> list[AlertRaised]:
        return self.facts(AlertRaised)  # type: ignore[return-value]

    def queued(self) -> list[NoticeQueued]:
        return self.facts(NoticeQueued)  # type: ignore[return-value]

    async def wrong(self) -> list[str]:
        """States that are not the fold of their facts."""
        return [finding.where async for _, findings in verify(SERVICE, self.store) for finding in findings]
