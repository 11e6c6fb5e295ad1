"""Services of a referral's life as they run, on twins of their databases, with a world between them that is late, repeats itself and mixes
its topics. An order is kept only where it is promised: within one aggregate of one topic."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from contracts.catalogue import PARTNER_IN, heard_by
from contracts.kernel import Command, Event
from infra.audit import verify
from infra.clock import ManualClock
from infra.envelope import headers
from infra.records import Record
from infra.service import Outcome
from infra.store import FactRow
from infra.store.memory import Tables
from infra.working import said_type
from services.assignment.app import SERVICE as ASSIGNMENT
from services.authorization.app import SERVICE as AUTHORIZATION
from services.crisis_routing.app import SERVICE as CRISIS_ROUTING
from services.follow_up.app import SERVICE as FOLLOW_UP
from services.intake.app import SERVICE as INTAKE
from services.notification.app import SERVICE as NOTIFICATION
from tests.instance import Instance
from tests.year.network import blind

SERVICES = (INTAKE, ASSIGNMENT, AUTHORIZATION, CRISIS_ROUTING, FOLLOW_UP, NOTIFICATION)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BREATH = timedelta(milliseconds=1)
"""No two things happen at one instant."""
ROUNDS_MAX, LOOKS_MAX, WORDS_MAX = 1_000, 25, 20_000


class Source(NamedTuple):
    """One aggregate's facts on one topic, as one listener hears them."""

    listener: str
    topic: str
    subject: str


@dataclass
class Network:
    """`watch` sees every fact once, in the order in which it was published."""

    watch: Callable[[str, FactRow, Any], None]
    clock: ManualClock = field(default_factory=lambda: ManualClock(MONDAY))
    published: dict[str, FactRow] = field(default_factory=dict)
    sources: dict[Source, list[Record]] = field(default_factory=dict)
    heard: dict[Source, int] = field(default_factory=dict)
    sent: dict[str, list[Record]] = field(default_factory=dict)
    _asked: int = 0

    def __post_init__(self) -> None:
        self.houses = {one.name: Instance(one, Tables(), self.clock, one.name) for one in SERVICES}
        for house in self.houses.values():
            house.settler.vault.blind = blind  # type: ignore[method-assign]  # by a key of chance no life would be lived twice
        self._read = dict.fromkeys(self.houses, 0)
        self._ears = {name: {topic.name for topic in heard_by(name)} for name in self.houses}

    @property
    def now(self) -> datetime:
        return self.clock.now()

    # — what people and partners do

    async def sends(self, partner: str, event: Event | bytes, number: str = "") -> Record:
        """A partner's record, on its own topic."""
        topic = PARTNER_IN + partner
        before = self.sent.setdefault(topic, [])
        value = event if isinstance(event, bytes) else orjson.dumps(_readable(event))
        named = {"specversion": "1.0", "id": number or f"{partner}-{len(before)}", "source": "/ehr", "type": getattr(event, "type", "")}
        record = Record(topic, 0, len(before), tuple(headers(named)), value)
        before.append(record)
        await self._settles("intake", record)
        return record

    async def repeats(self, record: Record) -> None:
        """The very record again, as a partner's client or the broker may bring it."""
        await self._settles("intake", record)

    async def asks(self, service: str, command: Command, subject: str, who: str) -> Outcome:
        self.clock.advance(BREATH)
        self._asked += 1
        outcome = await self.houses[service].ask(command, who, subject, f"asked-{self._asked}")
        await self.rests()
        return outcome

    # — what reaches whom when

    def outstanding(self) -> list[Source]:
        return [source for source, records in self.sources.items() if self.heard.get(source, 0) < len(records)]

    async def delivers(self, source: Source) -> None:
        """The next word of a source."""
        record = self.sources[source][self.heard.get(source, 0)]
        self.heard[source] = self.heard.get(source, 0) + 1
        await self._settles(source.listener, record)

    async def delivers_again(self, source: Source, place: int) -> None:
        """A word that was heard before, however long ago."""
        await self._settles(source.listener, self.sources[source][place % self.heard[source]])

    async def all_arrives(self) -> None:
        for _ in range(WORDS_MAX):
            if not (waiting := self.outstanding()):
                return
            await self.delivers(waiting[0])
        raise AssertionError("services go on telling each other the same")

    # — time

    async def passes(self, time: timedelta) -> None:
        """Every deadline is looked at when it comes, for so many: a team, or somebody to tell, may be looked for for ever."""
        until = self.now + time
        for _ in range(LOOKS_MAX):
            if (due := self._next_due()) is None or due > until:
                break
            self.clock.move_to(max(due, self.now))
            await self.rests()
        self.clock.move_to(until)
        await self.rests()

    async def jumps(self, time: timedelta) -> None:
        """Nobody looked meanwhile: whatever came due is found at once."""
        self.clock.advance(time)
        await self.rests()

    async def rests(self) -> None:
        """Until nothing is due any more."""
        for _ in range(ROUNDS_MAX):
            self._collects()
            due = [house for house in self.houses.values() if (at := _next_due(house)) and at <= self.now]
            if not due:
                return
            for house in due:
                await house.sweep()
        raise AssertionError("it never comes to rest")

    def _next_due(self) -> datetime | None:
        return min((at for house in self.houses.values() if (at := _next_due(house))), default=None)

    # — inside

    async def _settles(self, name: str, record: Record) -> None:
        self.clock.advance(BREATH)
        house = self.houses[name]
        await house.settler.settle(list(house.reader.items(record)))
        await self.rests()

    def _collects(self) -> None:
        for name, house in self.houses.items():
            fresh = house.log.rows[self._read[name] :]
            self._read[name] = len(house.log.rows)
            for row in fresh:
                if row.id not in self.published:
                    self.published[row.id] = row
                    self._told(name, row)

    def _told(self, speaker: str, row: FactRow) -> None:
        service, kind = self.houses[speaker].service, row.attributes["type"]
        data = said_type(service, kind).model_validate_json(row.data) if row.topic in service.own_topics else None
        self.watch(speaker, row, data)
        for name, topics in self._ears.items():
            if name != speaker and row.topic in topics and kind in self.houses[name].service.hears:
                source = Source(name, row.topic, row.aggregate)
                told = self.sources.setdefault(source, [])
                told.append(Record(row.topic, row.part, len(self.published), tuple(headers(row.attributes)), row.data))

    # — looked at from outside

    def states(self, service: str, kind: str) -> Iterator[tuple[str, Any]]:
        house = self.houses[service]
        for subject in sorted(house.tables.aggregates):
            if subject.startswith(f"{kind}/") and (state := house.state(subject)) is not None:
                yield subject, state

    async def audited(self) -> list[str]:
        """Whatever is stored that its facts do not tell."""
        return [
            f"{finding.code} {finding.where}"
            for house in self.houses.values()
            async for _, found in verify(house.service, house.store)
            for finding in found
        ]


def _next_due(house: Instance) -> datetime | None:
    return min((row.due_at for row in house.tables.aggregates.values() if row.due_at), default=None)


def _readable(event: Event) -> dict[str, Any]:
    """As a partner writes it: personal values open, what is absent left out."""
    return _plain({name: getattr(event, name) for name in type(event).model_fields})  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if hasattr(value, "plain"):
        return _plain(value.plain)
    if hasattr(type(value), "model_fields"):
        return _plain({name: getattr(value, name) for name in type(value).model_fields})
    if isinstance(value, dict):
        return {name: told for name, one in value.items() if (told := _plain(one)) not in (None, "", (), [])}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
