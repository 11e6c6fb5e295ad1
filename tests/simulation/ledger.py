"""The ledger: knows what was brought, looks at what came of it, and says what should be different. It trusts nothing of `infra`."""

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition

from contracts.kernel import Change
from infra.keeping import INPUT, SAID, KeptInput
from infra.keeping import evolve as evolve_input
from infra.records import Record
from infra.sealing import open_bytes
from infra.service import Service
from infra.store import FactRow
from tests.runtime.accounts import Account, Opened, Reminded
from tests.simulation.effects import Effects
from tests.simulation.toys import WRAPPER, Mirror, mirror_of

if TYPE_CHECKING:
    from tests.simulation.broker import Group
    from tests.simulation.process import Site
    from tests.simulation.senders import Told
    from tests.simulation.world import World


class Ledger:
    """`asked` are the receipts of a record's entries, `told` the facts of peers, each by where they were published."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.asked: dict[tuple[str, int], list[str]] = {}
        self.told: dict[tuple[int, int], Told] = {}
        self._checked: dict[tuple[str, TopicPartition], int] = defaultdict(int)
        self._durable: dict[tuple[str, TopicPartition], int] = defaultdict(int)

    # — at every step

    def offsets(self, group: str, place: TopicPartition, offset: int) -> None:
        """I4: whatever offsets pass is durable."""
        log, first = self.world.broker.logs[place], self._checked[group, place]
        for record in log[first:offset]:
            if not self.durable(group, record):
                self.world.problems.append(f"I4 {group} passed {place.topic}/{place.partition}/{record.offset}, which is not durable")
        self._checked[group, place] = max(first, offset)

    def durable(self, group: str, record: Record) -> bool:
        """Whether this record's effect, or the decision that it has none, is in the database."""
        if group == "mirrors":
            subject, sequence = self.world.topics.places[record.topic, record.partition, record.offset]
            return self._heard(self.world.mirrors, mirror_of(subject), f"account-events/{subject}") >= sequence
        tables = self.world.accounts.tables
        if group == "accounts.partners":
            return all(receipt in tables.receipts for receipt in self.asked[record.topic, record.offset])
        told = self.told[record.partition, record.offset]
        known = told.id in tables.receipts or told.kind == "unheard"
        return known or self._heard(self.world.accounts, told.to, f"other-events/{told.subject}") >= told.sequence

    @staticmethod
    def _heard(site: "Site", aggregate: str, source: str) -> int:
        row = site.tables.aggregates.get(aggregate)
        return row.wm.get(source, 0) if row else 0

    # — while it recovers

    def left(self) -> list[str]:
        """I5: what is still to be done."""
        found: list[str] = []
        for site in self.world.sites:
            found += [f"{group.name} has records left" for group in site.groups if not self._all_durable(group)]
            for row in site.tables.aggregates.values():
                found += [f"{row.id} keeps {len(row.kept)}"] if row.kept or row.parked else []
                found += [f"{row.id} is due"] if row.due_at else []
            found += [f"{aggregate} has unpublished facts" for aggregate, facts in site.tables.unmarked.items() if facts]
        return found

    def _all_durable(self, group: "Group") -> bool:
        """Offsets may lag, if their commit was lost; effects may not."""
        for place in group.partitions:
            log, name = self.world.broker.logs.get(place, ()), (group.name, place)
            while self._durable[name] < len(log) and self.durable(group.name, log[self._durable[name]]):
                self._durable[name] += 1
            if self._durable[name] < len(log):
                return False
        return True

    # — at the end

    def check(self) -> list[str]:
        return [*Effects(self.world).check(), *self._published(), *self._states(), *self._deadlines(), *self._quarantine(), *self._claims()]

    def _published(self) -> Iterator[str]:
        """I2, I3: every fact is in its topic, nothing else is, and each first time came in order."""
        stored = {row.id: row for site in self.world.sites for row in site.tables.facts.values()}
        if missing := sorted(stored.keys() - self.world.topics.known):
            yield f"I2 not published: {missing[:3]}"
        last: dict[tuple[str, str], int] = defaultdict(int)
        ids: dict[tuple[str, str], str] = {}
        for row in self.world.topics.rows:
            if row.id not in stored or (stored[row.id].data, stored[row.id].attributes) != (row.data, row.attributes):
                yield f"I2 published and never committed: {row.id}"
            if ids.setdefault((row.topic, row.attributes["id"]), row.id) != row.id:
                yield f"I2 one id for {ids[row.topic, row.attributes['id']]} and {row.id}"
            if row.sequence > last[row.aggregate, row.topic] + 1:
                yield f"I3 {row.id} came behind {last[row.aggregate, row.topic]}"
            last[row.aggregate, row.topic] = max(row.sequence, last[row.aggregate, row.topic])

    def _states(self) -> Iterator[str]:
        """I11: what is stored is what the published facts make of it; I3: and listeners saw all of it, once."""
        for site in self.world.sites:
            by_aggregate: dict[str, list[FactRow]] = defaultdict(list)
            for row in site.tables.facts.values():
                if row.topic == site.service.topic:
                    by_aggregate[row.aggregate].append(row)
            for subject, stored in site.tables.aggregates.items():
                rows = sorted(by_aggregate[subject], key=lambda row: row.sequence)
                if fold(site.service, subject, rows) != parsed(site.service, subject, stored.state):
                    yield f"I11 {subject} is not what its facts say"
                if stored.seq.get(site.service.topic, 0) != len(rows):
                    yield f"I11 {subject} counts {stored.seq} for {len(rows)} facts"
                if site is self.world.accounts and rows:
                    yield from self._mirrored(subject, stored.state, len(rows))

    def _mirrored(self, subject: str, state: bytes | None, count: int) -> Iterator[str]:
        row = self.world.mirrors.tables.aggregates.get(mirror_of(subject))
        mirror = Mirror.model_validate_json(row.state) if row and row.state else Mirror()
        if mirror.seen != tuple(range(1, count + 1)):
            yield f"I3 the listener saw {mirror.seen} of {count} facts of {subject}"
        if state and not subject.startswith(INPUT) and Account.model_validate_json(state).balance != mirror.balance:
            yield f"I3 the listener thinks {mirror.balance} of {subject}"

    def _deadlines(self) -> Iterator[str]:
        """I6: every deadline passed once, and never early."""
        opened: dict[str, Any] = {}
        reminded: Counter[str] = Counter()
        for row in sorted(self.world.accounts.tables.facts.values(), key=lambda row: row.sequence):
            if row.attributes["type"] == Opened.type:
                opened[row.aggregate] = Opened.model_validate_json(row.data).remind_at
            if row.attributes["type"] == Reminded.type:
                reminded[row.aggregate] += 1
                if row.recorded_at < opened[row.aggregate].replace(microsecond=opened[row.aggregate].microsecond // 1000 * 1000):
                    yield f"I6 {row.aggregate} was reminded early"
        for subject in opened:
            if reminded[subject] != 1:
                yield f"I6 {subject} was reminded {reminded[subject]} times"

    def _quarantine(self) -> Iterator[str]:
        """I7: exactly the bad inputs, byte for byte, each with where it came from."""
        site = self.world.accounts
        held = {id: row for id, row in site.tables.receipts.items() if row.state == "quarantined"}
        bad = {entry.receipt: (entry.topic, 0, entry.offset) for entry in self.world.senders.entries if entry.kind == "quarantine"}
        bad |= {
            told.id: ("other-events", told.partition, told.offset)
            for told in self.world.senders.told
            if told.kind in ("unreadable", "refused")
        }
        if held.keys() != bad.keys():
            yield f"I7 quarantined {sorted(held.keys() - bad.keys())}, missing {sorted(bad.keys() - held.keys())}"
        for id in held.keys() & bad.keys():
            record = self.world.broker.logs[TopicPartition(*bad[id][:2])][bad[id][2]]
            row = held[id]
            repeated = (row.topic, row.partition, row.offset) in self.world.repeats
            if (row.topic, row.partition, row.offset) != bad[id] and not repeated:
                yield f"I7 {id} is said to come from {row.topic}/{row.partition}/{row.offset}"
            if _bytes(site, id, row.raw, row.topic) != (record.headers, record.value):
                yield f"I7 {id} is not kept as it came"

    def _claims(self) -> Iterator[str]:
        """I11: a claim has one holder, who said so once."""
        tables, said = self.world.accounts.tables, Counter[tuple[str, str]]()
        for row in tables.facts.values():
            if row.topic != "out":
                said.update((orjson.loads(row.data).get("claims") or {}).items())
        if said != Counter(tables.claims.items()):
            yield f"I11 claims are held as {tables.claims} and were said as {dict(said)}"


def _bytes(site: "Site", id: str, raw: bytes, topic: str) -> tuple[tuple[tuple[str, bytes | None], ...], bytes | None]:
    if topic.startswith("in-"):
        wrapped = site.keys.get(("keys", id), b"")
        raw = open_bytes(raw, WRAPPER.unwrap(id, wrapped), id)
    kept = orjson.loads(raw)
    return tuple((name, b64decode(value)) for name, value in kept["headers"]), b64decode(kept["value"])


def fold(service: Service, subject: str, rows: list[FactRow]) -> Any:
    state: Any = None
    for row in rows:
        kind = service.says.get(row.attributes["type"])
        if subject.startswith(f"{INPUT}/"):
            state = evolve_input(state, SAID[row.attributes["type"]].model_validate_json(row.data))
        elif kind and issubclass(kind, Change):
            state = service.evolve(state, kind.model_validate_json(row.data))
    return state


def parsed(service: Service, subject: str, state: bytes | None) -> Any:
    if state is None:
        return None
    kind = KeptInput if subject.startswith(f"{INPUT}/") else service.states[subject.partition("/")[0]]
    return kind.model_validate_json(state)
