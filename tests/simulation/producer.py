"""A publisher's twin: keyed, in order, one batch for each partition under way; it fails in every way the real one was seen to."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.envelope import headers
from infra.partition import PARTITIONS
from infra.publisher import PublishFailed
from infra.records import Record
from infra.store import FactRow

if TYPE_CHECKING:
    from tests.simulation.process import Process

TIMEOUT_S = 10.0
Place = tuple[str, int]


class Producer:
    """Of one process. What is handed to the broker may arrive although nobody waits for it any more."""

    def __init__(self, process: "Process") -> None:
        self.process, self.world = process, process.world
        self.broker, self.chance = process.world.broker, process.world.chance

    async def publish(self, rows: Sequence[FactRow]) -> None:
        if not rows:
            return
        await self.process.pause("publish")
        started = self.world.loop.time()
        if not await self.broker.back(TIMEOUT_S):
            self.world.topics.doubt(rows, "broker away")
            self._later(self._turns(rows)[0], self.chance.random() < 0.3)
            raise PublishFailed({row.topic for row in rows}, "Stalled")
        turns, fault = self._turns(rows), self.process.faults.of_publishing()
        failing = self.chance.randrange(len(turns)) if fault else -1
        for index, turn in enumerate(turns):
            if index == failing:
                await self._fail(fault, turn, [row for later in turns[index:] for row in later], index > 0)
            for row in turn:
                self.world.topics.append(row, self.process)
            await self.process.pause("acknowledged")
            if self.world.loop.time() - started > TIMEOUT_S:
                raise PublishFailed({row.topic for row in rows}, "Stalled")

    async def _fail(self, fault: str, turn: list[FactRow], left: list[FactRow], some: bool) -> None:
        """The call ends here, and nobody who made it knows how much of this turn stands."""
        kind = "published in part" if some and fault == "not published" else fault
        self.world.topics.doubt(left if fault == "not published" else turn, kind)
        if fault == "publish's answer lost":
            for row in turn:
                self.world.topics.append(row, self.process)
        self._later(turn, fault == "late duplicate")
        await asyncio.sleep(self.chance.uniform(0, TIMEOUT_S))
        raise PublishFailed({row.topic for row in left}, "Injected")

    def _later(self, turn: list[FactRow], arrives: bool) -> None:
        """A producer that was given up still delivers what it held."""
        if arrives and turn:
            self.world.loop.call_later(self.chance.uniform(0.5, 15), self._arrive, turn)

    def _arrive(self, turn: list[FactRow]) -> None:
        for row in turn:
            self.world.topics.append(row, self.process, late=True)

    def _turns(self, rows: Sequence[FactRow]) -> list[list[FactRow]]:
        """At most one batch a partition under way; batches are of any size."""
        places: dict[Place, list[list[FactRow]]] = {}
        for row in rows:
            batches = places.setdefault(place_of(row), [[]])
            if batches[-1] and self.chance.random() < 0.3:
                batches.append([])
            batches[-1].append(row)
        longest = max(map(len, places.values()))
        queues = list(places.values())
        self.chance.shuffle(queues)
        return [[row for batches in queues if turn < len(batches) for row in batches[turn]] for turn in range(longest)]


def place_of(row: FactRow) -> Place:
    return row.topic, row.part % PARTITIONS if row.topic.endswith("-events") else 0


class Topics:
    """What was published, remembered row by row beside the broker's logs."""

    def __init__(self, world) -> None:  # type: ignore[no-untyped-def]
        self.world = world
        self.rows: list[FactRow] = []
        self.known: set[str] = set()
        self.last: dict[tuple[str, str], int] = {}
        self.places: dict[tuple[str, int, int], tuple[str, int]] = {}
        """Topic, partition and offset → subject and sequence."""
        self._doubtful: dict[str, set[str]] = {}

    def doubt(self, rows: Sequence[FactRow], kind: str) -> None:
        """These should have been published; `kind` prevented it, or nobody knows."""
        self.world.tally.fire(kind)
        for row in rows:
            self._doubtful.setdefault(row.id, set()).add(kind)

    def append(self, row: FactRow, process: "Process", late: bool = False) -> None:
        self._judge(row, process, late)
        self.rows.append(row)
        self.known.add(row.id)
        topic, part = place_of(row)
        stored = self.world.broker.append(Record(topic, part, 0, tuple(headers(row.attributes)), row.data))
        self.places[topic, part, stored.offset] = (row.aggregate, row.sequence)
        self.world.note(process.name, "append", row.id, late)

    def _judge(self, row: FactRow, process: "Process", late: bool) -> None:
        """Which faults have just shown."""
        tally, known = self.world.tally, row.id in self.known
        if late:
            tally.fire("late duplicate", mattered=row.sequence < self.last.get((row.aggregate, row.topic), 0))
        else:
            for kind in self._doubtful.pop(row.id, ()):
                tally.fire(kind, mattered=kind != "late duplicate" and (known or kind != "publish's answer lost"))
        if not known and self.world.orphans.get(row.id) not in (None, process.name):
            tally.fire("crash before publishing", mattered=True)
        self.last[row.aggregate, row.topic] = max(row.sequence, self.last.get((row.aggregate, row.topic), 0))
