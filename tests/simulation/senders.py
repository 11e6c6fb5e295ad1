"""Those who bring work: senders outside, peers whose facts are heard, people with commands, and the operator who releases."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from contracts.kernel import Message, derived
from infra.envelope import headers, sequence_text
from infra.records import Record
from infra.service import Outcome
from tests.runtime.accounts import Credit, Credited, account_of, asked, heard
from tests.simulation.toys import PICKY, POISON

if TYPE_CHECKING:
    from tests.simulation.world import World

SENDERS, PEERS = ("acme", "zeta"), ("other/1", "other/2")
ASKED = (("good", 14), ("refused", 1), ("return", 1), ("quarantine", 1), ("poison", 1), ("picky", 1))
SAID = (("good", 12), ("refused", 1), ("unreadable", 1), ("poison", 1), ("unheard", 1))
ANSWER_WITHIN_S = 10.0


@dataclass
class Entry:
    """One entry that a sender outside published, and where it stood first."""

    receipt: str
    kind: str
    number: str
    amount: int
    topic: str
    offset: int
    pointer: str
    holder: str = ""


@dataclass
class Told:
    """One fact that a peer published."""

    id: str
    subject: str
    sequence: int
    kind: str
    to: str
    amount: int
    partition: int
    offset: int


@dataclass
class Order:
    """One command, with everything it was ever answered."""

    id: str
    subject: str
    amount: int
    answers: list[Outcome] = field(default_factory=list)
    attempts: list[asyncio.Task[Any]] = field(default_factory=list)


class Senders:
    """All of them. Amounts are unique, so that every effect names its cause."""

    def __init__(self, world: "World") -> None:
        self.world, self.chance = world, world.chance
        self.numbers = self.chance.sample("123456789", 3)
        self.entries: list[Entry] = []
        self.told: list[Told] = []
        self.orders: list[Order] = []
        self._amount = 1000

    async def run(self) -> None:
        span = self.world.busy_s
        orders = [self._order(self.chance.uniform(3, span)) for _ in range(self.chance.randint(2, 4))]
        await asyncio.gather(*(self._outside(name, span) for name in SENDERS), *(self._peer(name, span) for name in PEERS), *orders)
        for number in self.numbers:
            self._publish("acme", f"last-{number}", [self._entry("good", number)])

    def _next_amount(self) -> int:
        self._amount += 1
        return self._amount

    # — senders outside

    async def _outside(self, sender: str, span: float) -> None:
        """Records with a few entries each; some come again, and the ids of one sender are the ids of the other too."""
        count = self.chance.randint(3, 5)
        for number in range(count):
            await asyncio.sleep(self.chance.uniform(0, 2 * span / count))
            entries = [self._entry(_pick(self.chance, ASKED), self.chance.choice(self.numbers)) for _ in range(self.chance.randint(1, 3))]
            self._publish(sender, f"e{number}", entries)
            if self.chance.random() < 0.3:
                self.world.loop.call_later(self.chance.uniform(0, span), self._repeat, f"in-{sender}", 0)

    def _entry(self, kind: str, number: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"number": number, "amount": self._next_amount(), "kind": kind}
        if kind in ("return", "quarantine"):
            entry["verdict"] = kind
        if kind in ("refused", "poison", "picky"):
            entry["amount"] = {"refused": -entry["amount"], "poison": POISON, "picky": PICKY}[kind]
        if kind == "good" and self.chance.random() < 0.2:
            entry["holder"] = self.chance.choice(("Ana", "Bo"))
        return entry

    def _publish(self, sender: str, id: str, entries: list[dict[str, Any]]) -> None:
        stored = self.world.broker.append(asked(0, *entries, sender=sender, id=id))
        known = []
        for index, entry in enumerate(entries):
            receipt = derived(stored.topic, "", id, f"/{index}")
            known.append(receipt)
            holder = entry.get("holder", "")
            self.entries.append(
                Entry(receipt, entry["kind"], entry["number"], entry["amount"], stored.topic, stored.offset, f"/{index}", holder)
            )
        self.world.ledger.asked[stored.topic, stored.offset] = known

    def _repeat(self, topic: str, partition: int) -> None:
        """Publish something again, as it was."""
        old = self.chance.choice(next(log for place, log in self.world.broker.logs.items() if place == (topic, partition)))
        stored = self.world.broker.append(old)
        self.world.repeats.add((topic, partition, stored.offset))
        outside = topic.startswith("in-")
        self.world.tally.fire("sender repeats itself" if outside else "stale fact heard")
        known: dict[Any, Any] = self.world.ledger.asked if outside else self.world.ledger.told
        known[(topic if outside else partition), stored.offset] = known[(topic if outside else partition), old.offset]

    # — peers

    async def _peer(self, subject: str, span: float) -> None:
        """Facts in sequence; old ones come again."""
        partition, count = self.chance.randrange(24), self.chance.randint(3, 5)
        for sequence in range(1, count + 1):
            await asyncio.sleep(self.chance.uniform(0, 2 * span / count))
            self._say(subject, sequence, _pick(self.chance, SAID), partition)
            if self.chance.random() < 0.3:
                self.world.loop.call_later(self.chance.uniform(0, span), self._repeat, "other-events", partition)

    def _say(self, subject: str, sequence: int, kind: str, partition: int) -> None:
        number, amount = self.chance.choice(self.numbers), self._next_amount()
        amount = {"refused": -amount, "poison": POISON}.get(kind, amount)
        record = heard(subject, sequence, Credited(amount=amount, to=account_of(number)), partition=partition)
        if kind == "unreadable":
            record = Record(record.topic, record.partition, 0, record.headers, b'{"amount": "much"}')
        if kind == "unheard":
            names = {"id": f"{subject}-{sequence}", "type": "other.thing.v1", "subject": subject, "sequence": sequence_text(sequence)}
            record = Record(record.topic, record.partition, 0, tuple(headers(names)), b"{}")
        if account_of(number) not in self.world.accounts.tables.aggregates:
            self.world.tally.fire("message before its cause")
        stored = self.world.broker.append(record)
        told = Told(f"{subject}-{sequence}", subject, sequence, kind, account_of(number), amount, partition, stored.offset)
        self.told.append(told)
        self.world.ledger.told[partition, stored.offset] = told

    # — people

    async def _order(self, at: float) -> None:
        """A command under one key, until somebody answers it for good."""
        await asyncio.sleep(at)
        order = Order(f"order-{len(self.orders)}", account_of(self.chance.choice(self.numbers)), self._next_amount())
        self.orders.append(order)
        while not await self._answered(order):
            self.world.tally.fire("command repeated")
            await asyncio.sleep(self.chance.uniform(0.1, 3))
        if order.answers[0].kind == "event" and self.chance.random() < 0.3:
            await self._answered(order)

    async def _answered(self, order: Order) -> bool:
        message = Message(order.id, Credit(amount=order.amount), order.subject, "http:accounts", fingerprint="f")
        task = self._ask(lambda process: process.runtime.command(message))
        if task is None:
            return False
        order.attempts.append(task)
        await asyncio.wait({task}, timeout=ANSWER_WITHIN_S)
        if not task.done() or task.exception():
            return False
        order.answers.append(task.result())
        return True

    def _ask(self, what: Callable[[Any], Any]) -> asyncio.Task[Any] | None:
        """At any process that seems to be there. Its failure is the caller's to see."""
        alive = self.world.accounts.alive
        return asyncio.get_running_loop().create_task(what(self.chance.choice(alive))) if alive else None

    async def operate(self) -> None:
        """The operator: releases what is parked, sometimes too early, sometimes twice at once."""
        while True:
            await asyncio.sleep(3)
            for row in sorted(self.world.accounts.tables.aggregates.values(), key=lambda row: row.id):
                if row.parked and (self.world.mended or self.chance.random() < 0.2):
                    await self._release(row.id)

    async def _release(self, subject: str) -> None:
        times = 2 if self.chance.random() < 0.4 else 1
        tasks = [self._ask(lambda process: process.upkeep.release(subject)) for _ in range(times)]
        if at_work := [task for task in tasks if task]:
            await asyncio.wait(at_work, timeout=ANSWER_WITHIN_S)
        if times > 1:
            self.world.tally.fire("released twice")
        for task in at_work:
            if task.done() and not task.cancelled():
                task.exception()


def _pick(chance: Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return chance.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]
