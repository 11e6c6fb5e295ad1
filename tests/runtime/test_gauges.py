"""What a process tells of what waits, and that looking costs the work nothing."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from contracts.kernel import Deadline
from infra import gauges
from infra.clock import ManualClock
from infra.due import DueLoop
from infra.gauges import Gauges, lag_ages, lag_records
from infra.lane import Lane
from infra.records import Received, Record
from infra.store import Held
from infra.telemetry import METRICS, Meters
from tests.runtime.accounts import SERVICE, START, Bench, asked
from tests.runtime.test_pitfalls import ONE, with_service
from tests.runtime.test_settling import due_loop

HERE, THERE = TopicPartition("in-acme", 0), TopicPartition("in-zeta", 3)
NOW_MS = 1_000_000.0


def consumer(**behind: int) -> Any:
    """One that has handed over ten records of each partition, and knows of so many more."""
    places = {HERE: behind.get("here", 0), THERE: behind.get("there", 0)}
    states = {place: SimpleNamespace(has_valid_position=True, highwater=10 + more, position=10) for place, more in places.items()}
    assignment = SimpleNamespace(tps=list(states), state_value=states.__getitem__)
    return SimpleNamespace(_subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)))


def record(place: TopicPartition, age_s: float) -> Record:
    return Record(place.topic, place.partition, 0, (), b"", int(NOW_MS - age_s * 1000))


class Recorder:
    """Takes records, and says what its lane told of itself meanwhile."""

    def __init__(self) -> None:
        self.seen: list[Sequence[Received]] = []
        self.lane = Lane("toy/0", "toy", self.take, self.fence)

    async def take(self, records: Sequence[Received]) -> None:
        self.seen.append(self.lane.hand)

    async def fence(self, resources: Sequence[str]) -> None:
        """Nobody was here before."""


@pytest.fixture
def lane() -> Lane:
    return Recorder().lane


def told(meters: Meters) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in meters.text().decode().splitlines() if line.startswith("throughline_")]
    return {name: float(value) for name, value in lines}


async def test_lag_counts_what_was_not_handed_over_and_what_is_in_hand(lane):
    lane.consumer, lane.hand = consumer(here=5, there=2), [record(HERE, 1)] * 3
    assert lag_records([lane]) == {"in-acme": 8, "in-zeta": 2}


async def test_the_oldest_record_in_hand_says_how_long_its_topic_waits(lane):
    await lane.on_partitions_assigned({HERE, THERE})
    lane.hand = [record(HERE, 40), record(HERE, 90), record(HERE, 20)]
    assert lag_ages([lane], NOW_MS) == {"in-acme": 90.0, "in-zeta": 0.0}


async def test_a_record_without_a_time_is_of_no_age(lane):
    lane.hand = [Record("in-acme", 0, 1, (), None)]
    assert lag_ages([lane], NOW_MS) == {"in-acme": 0.0}


async def test_records_are_in_hand_while_they_are_settled_and_no_longer():
    recorder = Recorder()
    batch = [record(HERE, 9), record(HERE, 4)]
    await recorder.lane.handle(batch)
    assert (recorder.seen, recorder.lane.hand, recorder.lane.newest_ms) == ([batch], (), {"in-acme": NOW_MS - 4000})


async def test_a_topic_that_is_no_longer_read_is_told_as_nothing(lane):
    meters = Meters("speaker")
    watched = Gauges(meters, [lane], ManualClock(START))
    lane.consumer = consumer(here=5)
    await watched.look()
    lane.consumer = None
    await watched.look()
    assert told(meters)['throughline_lag_records{service="speaker",topic="in-acme"}'] == 0.0


async def test_what_waits_in_the_database_is_told_in_the_worlds_seconds():
    meters, clock = Meters("speaker"), ManualClock(START)
    clock.rate = 10.0

    async def held() -> Held:
        return Held(parked=2, quarantined=3, unpublished_since=START - timedelta(seconds=70))

    await Gauges(meters, [], clock, held, lambda: 7).look()
    found = told(meters)
    names = ("parked", "quarantined", "outbox_age_seconds", "unpublished_facts")
    assert [found[f'throughline_{name}{{service="speaker"}}'] for name in names] == [2.0, 3.0, 7.0, 7.0]


async def test_a_look_that_fails_does_not_end_the_process(monkeypatch):
    looks: list[int] = []

    async def held() -> Held:
        looks.append(1)
        raise ConnectionError

    async def slept(seconds: float) -> None:
        if len(looks) == 2:
            raise InterruptedError

    monkeypatch.setattr(gauges.asyncio, "sleep", slept)
    with pytest.raises(InterruptedError):
        await Gauges(Meters("speaker"), [], ManualClock(START), held).run()


def test_every_metric_of_the_table_is_told_somewhere():
    sources = "".join(path.read_text("utf-8") for path in Path(gauges.__file__).parent.rglob("*.py"))
    said = set(re.findall(r'(?:count|set|observe|_tell)\("([a-z_]+)"', sources))
    assert {metric.name for metric in METRICS} - said == set()


async def test_a_deadline_is_as_late_as_it_could_have_fired_earlier():
    bench = Bench()
    loop = due_loop(bench)
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(minutes=90))
    await loop.sweep()
    assert bench.seen.late_s == [1800.0]


async def test_a_deadline_that_was_past_when_it_was_made_was_never_late():
    bench = Bench()
    loop = due_loop(bench)
    bench.clock.advance(timedelta(hours=1))
    await loop.sweep()
    with_service(bench, replace(SERVICE, deadlines=lambda state: [Deadline("remind", "account", START)]))
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(seconds=2))
    await loop.sweep()
    assert bench.seen.late_s == [0.0]


async def test_partitions_taken_over_bring_their_lateness_with_them():
    bench = Bench()
    held: list[int] = [25]

    async def owned() -> list[int]:
        return held

    loop = DueLoop(bench.settler, bench.replayer, bench.clock, owned)
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(minutes=90))
    await loop.sweep()
    held[:] = range(24)
    await loop.sweep()
    assert bench.seen.late_s == [1800.0]
