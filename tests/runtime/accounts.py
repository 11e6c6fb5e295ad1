"""A service of no domain at all: accounts that are opened by what is heard, credited, and reminded by a deadline.

Small enough to know every right answer, rich enough to meet every path of the runtime.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson
from pydantic import AwareDatetime

from contracts.kernel import (
    Blind,
    Change,
    Command,
    Deadline,
    DeadlinePassed,
    Decision,
    Early,
    Event,
    Fact,
    Message,
    Personal,
    Reason,
    Refused,
    Route,
    Sealable,
    State,
    World,
)  # fmt: skip
from contracts.upkeep import Origin
from infra.clock import ManualClock
from infra.deciding import Failure
from infra.envelope import headers, sequence_text
from infra.inbound import Reader
from infra.records import Received, Record
from infra.replay import Replayer
from infra.service import Item, Outcome, Service
from infra.settle import Settler
from infra.store import FactRow
from infra.store.memory import MemoryStore, Tables
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Asked(Event):
    """Somebody outside asks for an account to be opened under its number."""

    type: ClassVar = "account.asked.v1"
    number: str
    holder: Personal[str] | None = None
    amount: int = 0


class Opened(Sealable):
    type: ClassVar = "account.opened.v1"
    holder: Personal[str] | None = None
    remind_at: AwareDatetime


class Credited(Change):
    type: ClassVar = "account.credited.v1"
    amount: int
    to: str = ""


class Reminded(Change):
    type: ClassVar = "account.reminded.v1"


class Told(Event):
    type: ClassVar = "account.told.v1"
    number: str | None
    verdict: str


class Credit(Command):
    type: ClassVar = "credit"
    amount: int


class Account(State):
    balance: int = 0
    credits: int = 0
    holder: Personal[str] | None = None
    remind_at: AwareDatetime | None = None


class Bomb(Exception):
    """What a decision with a fault in it raises. Its text must never be seen."""


def account_of(number: str) -> str:
    return f"account/{number}"


def route(message: Message, blind: Blind) -> Route:
    match message.data:
        case Asked(number=number, holder=holder):
            claims = (blind("holder", str(holder.plain)),) if holder else ()
            return Route((account_of(number),), claims)
        case Credited(to=to):
            return Route((to,) if to else ())
    return Route((message.subject,))


def decide(message: Message, world: World, now: datetime) -> Decision:
    data, subject = message.data, message.subject
    if getattr(data, "amount", 0) == 666:
        raise Bomb("a value that nobody may see")
    match data:
        case Asked():
            return _asked(message, world, now)
        case Credited(amount=amount, to=to):
            if world[to] is None:
                return Early(to)
            return Refused((Reason("T-1"),)) if amount < 0 else [Fact(to, Credited(amount=amount))]
        case Credit(amount=amount):
            state = world[subject]
            return Refused((Reason("T-2"),), ("open",)) if state is None else [Fact(subject, Credited(amount=amount))]
        case DeadlinePassed():
            return [Fact(subject, Reminded())] if world[subject].balance != 13 else []
    raise TypeError(type(data).__name__)


def _asked(message: Message, world: World, now: datetime) -> Decision:
    data, subject = message.data, account_of(message.data.number)
    if data.amount < 0:
        return Refused((Reason("T-3", "/amount"),))
    told = Fact(subject, Told(number=data.number, verdict="event"), topic="out", key=data.number)
    if world[subject] is not None:
        return [Fact(subject, Credited(amount=data.amount)), told]
    claims = (world.blind("holder", str(data.holder.plain)),) if data.holder else ()
    opened = Opened(record=subject, holder=data.holder, remind_at=now + timedelta(hours=1))
    return [Fact(subject, opened, claims=claims), Fact(subject, Credited(amount=data.amount)), told]


def evolve(state: Account | None, fact: Change) -> Account | None:
    match fact:
        case Opened():
            return Account(holder=fact.holder, remind_at=fact.remind_at)
        case Credited() if state:
            return state.model_copy(update={"balance": state.balance + fact.amount, "credits": state.credits + 1})
        case Reminded() if state:
            return state.model_copy(update={"remind_at": None})
    return state


def deadlines(state: Account) -> Iterable[Deadline]:
    if state.remind_at:
        yield Deadline("remind", "account", state.remind_at)


class Entry:
    """What the toy's front door makes of a record."""

    def __init__(self, pointer: str, data: Any) -> None:
        self.pointer, self.event, self.reasons = pointer, None, (Reason("T-0", pointer),)
        self.outcome, self.reference = data.get("verdict", "event"), data.get("number")
        if self.outcome == "event":
            self.event, self.reasons = Asked.model_validate_json(orjson.dumps(data), context=_OUTSIDE), ()


def door(sender: str, record: Received) -> Sequence[Entry]:
    entries = orjson.loads(record.value or b"[]")
    return [Entry(f"/{index}", entry) for index, entry in enumerate(entries)]


def answer(message: Message, origin: Origin, reference: str | None, verdict: str, reasons: Sequence[Reason]) -> Sequence[Fact]:
    return (Fact("", Told(number=reference, verdict=verdict), topic="out", key=reference or str(origin.offset)),)


from contracts.kernel import OUTSIDE as _OUTSIDE  # noqa: E402

SERVICE = Service(
    name="accounts", topic="account-events", states={"account": Account}, route=route, decide=decide, evolve=evolve, deadlines=deadlines,
    hears={Credited.type: Credited}, commands={Credit.type: Credit}, says={kind.type: kind for kind in (Opened, Credited, Reminded)},
    outside="in-", door=door, answer=answer,
)  # fmt: skip


class Log:
    """A broker that remembers what was published, in order."""

    def __init__(self) -> None:
        self.rows: list[FactRow] = []

    async def publish(self, rows: Sequence[FactRow]) -> None:
        self.rows += rows


class Seen:
    """Keeps what the runtime tells of itself."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.retries: list[str] = []
        self.late_s: list[float] = []

    def settled(self, items: Sequence[Item], outcomes: Sequence[Outcome], facts: int, started_ns: int) -> None: ...

    def fired(self, outcomes: Sequence[Outcome], late_s: Sequence[float]) -> None:
        self.late_s += late_s

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def retried(self, why: str) -> None:
        self.retries.append(why)

    def oversize(self, facts: int) -> None:
        self.retries.append("oversize")


class Bench:
    """One process of the toy service on shared tables."""

    def __init__(self, tables: Tables | None = None, clock: ManualClock | None = None, vault: MemoryVault | None = None) -> None:
        self.tables, self.clock = tables or Tables(), clock or ManualClock(START)
        self.vault = vault or MemoryVault(LocalWrapper(bytes(32)), self.clock)
        self.log, self.seen = Log(), Seen()
        self.store = MemoryStore(self.tables)
        self.settler = Settler(SERVICE, self.store, self.log, self.vault, self.clock, self.seen, "/test/accounts")
        self.reader, self.replayer = Reader(SERVICE), Replayer(SERVICE, self.store, self.vault)

    async def take(self, *records: Record) -> list[str]:
        """Settle these records; how each entry ended."""
        items = [item for record in records for item in self.reader.items(record)]
        return [outcome.kind for outcome in await self.settler.settle(items)] if items else []

    async def command(self, subject: str, data: Command, key: str = "k", expects: int | None = None) -> Outcome:
        message = Message(f"command-{key}", data, subject, "http:accounts", expects=expects, fingerprint="f")
        return (await self.settler.settle([Item("command", message, Origin(topic="http:accounts"), message.id)]))[0]

    def state(self, number: str) -> Account | None:
        row = self.tables.aggregates.get(account_of(number))
        return Account.model_validate_json(row.state) if row and row.state else None

    def said(self, number: str | None = None) -> list[str]:
        """Types said about an account (or about anything), in order of publication."""
        return [row.attributes["type"] for row in self.log.rows if number is None or row.aggregate == account_of(number)]


def asked(offset: int, *entries: dict[str, Any], sender: str = "acme", id: str = "") -> Record:
    names = {"type": Asked.type, "id": id or f"{sender}-{offset}"}
    return Record(f"in-{sender}", 0, offset, tuple(headers(names)), orjson.dumps(list(entries)))


def heard(subject: str, sequence: int, data: Change, *, partition: int = 0, offset: int | None = None) -> Record:
    names = {
        "id": f"{subject}-{sequence}",
        "type": data.type,
        "subject": subject,
        "sequence": sequence_text(sequence),
        "time": START.isoformat(),
    }
    return Record("other-events", partition, sequence if offset is None else offset, tuple(headers(names)), data.model_dump_json().encode())
