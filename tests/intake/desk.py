"""Intake on the twin: partners publish, people command, and everything that followed can be looked at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from contracts.kernel import Command, Event, Message
from contracts.upkeep import Origin
from infra.clock import ManualClock
from infra.envelope import headers, sequence_text
from infra.inbound import Reader
from infra.records import Record
from infra.service import Item, Outcome
from infra.settle import Settler
from infra.store.memory import MemoryStore, Tables
from infra.vault import MemoryVault
from infra.working import parsed
from infra.wrapping import LocalWrapper
from services.intake.app import SERVICE
from tests.runtime.accounts import Log, Seen

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PERSON = {
    "identifiers": [{"system": "urn:riverbend:mrn", "value": "m-1"}],
    "family_name": "Testperson", "given_name": "Ada", "birth_date": "1990-01-31",
}  # fmt: skip


def request(reference: str = "R-1", **changes: Any) -> dict[str, Any]:
    body = {"reference": reference, "requested_at": "2026-03-02T08:00:00Z", "service": "outpatient-therapy", "urgency": "routine"}
    return body | {"person": PERSON, "reason": "asked for by phone"} | changes


class Desk:
    """One intake process."""

    def __init__(self) -> None:
        self.tables, self.clock = Tables(), ManualClock(NOW)
        self.vault = MemoryVault(LocalWrapper(bytes(32)), self.clock)
        self.log, self.seen, self.offset = Log(), Seen(), 0
        store = MemoryStore(self.tables)
        self.settler = Settler(SERVICE, store, self.log, self.vault, self.clock, self.seen, "/test/intake")
        self.reader = Reader(SERVICE)

    async def send(self, kind: str, body: dict[str, Any], partner: str = "riverbend", id: str = "") -> list[str]:
        """A partner publishes; how each entry ended."""
        self.offset += 1
        names = {"type": f"referral.{kind}.v1", "id": id or f"e-{self.offset}", "datacontenttype": "application/json"}
        record = Record(f"partner-in-{partner}", 0, self.offset, tuple(headers(names)), orjson.dumps(body))
        return [outcome.kind for outcome in await self.settler.settle(list(self.reader.items(record)))]

    async def report(self, kind: str, body: dict[str, Any], partner: str = "riverbend") -> list[str]:
        """A partner publishes an event of any kind; how each entry ended."""
        self.offset += 1
        names = {"type": kind, "id": f"e-{self.offset}", "datacontenttype": "application/json"}
        record = Record(f"partner-in-{partner}", 0, self.offset, tuple(headers(names)), orjson.dumps(body))
        return [outcome.kind for outcome in await self.settler.settle(list(self.reader.items(record)))]

    async def publish(self, message: bytes, partner: str = "riverbend") -> list[str]:
        """A partner publishes FHIR; how each entry ended."""
        self.offset += 1
        record = Record(f"partner-in-{partner}", 0, self.offset, (("content-type", b"application/fhir+json"),), message)
        return [outcome.kind for outcome in await self.settler.settle(list(self.reader.items(record)))]

    async def hear(self, subject: str, sequence: int, data: Event, **attributes: str) -> list[str]:
        """Another service says something."""
        names = {"type": data.type, "id": f"{subject}-{sequence}", "subject": subject, "sequence": sequence_text(sequence)}
        names |= {name: value for name, value in attributes.items() if value}
        record = Record("assignment-events", 0, sequence, tuple(headers(names)), data.model_dump_json(exclude_none=True).encode())
        return [outcome.kind for outcome in await self.settler.settle(list(self.reader.items(record)))]

    async def command(self, subject: str, data: Command, key: str = "key", by: str = "staff/7") -> Outcome:
        from contracts.kernel import Actor

        message = Message(f"{key}-{data.type}", data, subject, "http:intake", actor=Actor("user", by))
        return (await self.settler.settle([Item("command", message, Origin(topic="http:intake"), message.id)]))[0]

    def one(self, kind: str) -> tuple[str, Any]:
        """The only aggregate of a kind: its id and state."""
        ((subject, row),) = [(subject, row) for subject, row in self.tables.aggregates.items() if subject.startswith(f"{kind}/")]
        return subject, parsed(SERVICE, row)

    def state(self, subject: str) -> Any:
        row = self.tables.aggregates.get(subject)
        return parsed(SERVICE, row) if row else None

    def request_of(self, reference: str) -> str:
        """The request that bears a partner's number."""
        return next(subject for subject in self.tables.aggregates if getattr(self.state(subject), "reference", "") == reference)

    def said(self, prefix: str = "") -> list[str]:
        return [row.attributes["type"] for row in self.log.rows if row.attributes["type"].startswith(prefix)]

    def answers(self, partner: str = "riverbend") -> list[dict[str, Any]]:
        """What the partner was told, in order."""
        return [orjson.loads(row.data) for row in self.log.rows if row.topic == f"partner-out-{partner}"]

    def later(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))
