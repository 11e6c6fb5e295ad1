"""A service whose database was restored from a backup: it reads back what it said since, and only then speaks."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self

import pytest
from aiokafka import TopicPartition

from infra import restore
from infra.keeping import subject_of
from infra.own_topics import OwnTopics, Places
from infra.restore import Catcher
from infra.store import Conflict, FactRow
from infra.store.memory import Tables
from infra.upkeep import Upkeep
from tests.runtime.accounts import SERVICE, Bench, Credit, Credited, Reminded, account_of, asked, heard
from tests.runtime.test_settling import due_loop

NUMBERS = [str(number) for number in range(1, 9)]


class Topics(OwnTopics):
    """What was published, as the topics hold it: our own partitions, and the one of `out`."""

    def __init__(self, rows: Sequence[FactRow]) -> None:
        self.places: dict[TopicPartition, list[FactRow]] = {}
        self.read = 0
        for row in rows:
            self.places.setdefault(TopicPartition(row.topic, 0 if row.topic == "out" else row.part), []).append(row)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def named(self, prefix: str) -> list[str]:
        return sorted({place.topic for place in self.places if place.topic.startswith(prefix)})

    async def ends(self, topics: Collection[str]) -> dict[TopicPartition, tuple[int, int]]:
        return {place: (0, len(rows)) for place, rows in self.places.items() if place.topic in topics}

    async def rows(self, starts: Places, ends: Places) -> AsyncIterator[tuple[TopicPartition, list[FactRow]]]:
        for place, start in starts.items():
            for at in range(start, ends[place], 7):
                found = self.places[place][at : min(at + 7, ends[place])]
                self.read += len(found)
                yield place, [replace(row, part=place.partition) for row in found]


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    return made


def restored(bench: Bench, backup: Tables) -> Bench:
    """Another process, on the database as it was when the backup was made."""
    return Bench(backup, bench.clock, bench.vault)


async def catch_up(after: Bench, said: Sequence[FactRow]) -> int:
    return await Catcher(SERVICE, after.store, {}, "out", Topics(said)).catch_up()


def numbered(bench: Bench) -> dict[str, tuple[Any, ...]]:
    """What of each aggregate must come back as it was."""
    return {row.id: (row.state, row.seq, row.wm, row.key, row.part, row.parked) for row in bench.tables.aggregates.values()}


async def busy(bench: Bench, first: int) -> None:
    """Accounts opened, credited and told of."""
    await bench.take(asked(first, *({"number": number, "holder": f"Ana {number}", "amount": 5} for number in NUMBERS)))
    await bench.take(*(heard(f"other/{number}", first, Credited(amount=2, to=account_of(number))) for number in NUMBERS))
    await bench.command(account_of("1"), Credit(amount=3), key=f"k{first}")


async def test_everything_that_was_said_since_the_backup_comes_back(bench: Bench) -> None:
    await busy(bench, 1)
    backup = deepcopy(bench.tables)
    await busy(bench, 2)
    await bench.take(asked(3, {"number": "new", "holder": "Bo", "amount": 1}))
    after, missing = restored(bench, backup), len(bench.tables.facts) - len(backup.facts)
    assert await catch_up(after, bench.log.rows) == missing > 20
    assert numbered(after) == numbered(bench)
    assert after.tables.claims == bench.tables.claims
    assert set(after.tables.facts) == set(bench.tables.facts)


async def test_a_whole_database_comes_back_from_nothing(bench: Bench) -> None:
    await busy(bench, 1)
    after = restored(bench, Tables())
    await catch_up(after, bench.log.rows)
    assert numbered(after) == numbered(bench)


async def test_no_sequence_is_used_twice(bench: Bench) -> None:
    await busy(bench, 1)
    backup = deepcopy(bench.tables)
    await busy(bench, 2)
    after = restored(bench, backup)
    await catch_up(after, bench.log.rows)
    await busy(after, 3)
    said = {row.id: row.attributes["id"] for row in bench.log.rows}
    assert all(said.get(row.id, row.attributes["id"]) == row.attributes["id"] for row in after.log.rows)
    assert bench.state("1").credits + 3 == after.state("1").credits


async def test_what_was_decided_since_the_backup_is_known_when_it_comes_again(bench: Bench) -> None:
    backup = deepcopy(bench.tables)
    await busy(bench, 1)
    after = restored(bench, backup)
    await catch_up(after, bench.log.rows)
    await busy(after, 1)
    assert after.log.rows == []


async def test_looking_writes_nothing_and_reads_little_where_nothing_is_missing(bench: Bench) -> None:
    for first in range(1, 60):
        await bench.take(asked(first, {"number": "1", "amount": 1}))
    await bench.settler.mark()
    topics = Topics(bench.log.rows * 20)
    before = deepcopy(bench.tables)
    assert await Catcher(SERVICE, bench.store, {}, "out", topics).catch_up() == 0
    assert topics.read <= restore.LOOKS and bench.tables.aggregates == before.aggregates


async def test_stale_duplicates_at_the_end_hide_nothing(bench: Bench) -> None:
    await busy(bench, 1)
    backup = deepcopy(bench.tables)
    old = [*bench.log.rows]
    await busy(bench, 2)
    after = restored(bench, backup)
    await catch_up(after, [*bench.log.rows, *old * 25])
    assert numbered(after) == numbered(bench)


async def test_what_the_backup_had_not_published_yet_may_be_said_again_and_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the one lost fact stand more known ones than are looked at otherwise: exactly those whose markers the backup holds."""
    monkeypatch.setattr(restore, "LOOKS", 5)
    for first in range(1, 60):
        await bench.take(asked(first, {"number": "1", "amount": 1}))
    backup, known = deepcopy(bench.tables), [row for row in bench.log.rows if row.topic == SERVICE.topic]
    await bench.take(asked(60, {"number": "1", "amount": 1}))
    lost = [row for row in bench.log.rows if row.topic == SERVICE.topic and row not in known]
    after = restored(bench, backup)
    assert backup.unmarked and len(lost) == 1
    assert await catch_up(after, [*known, *lost, *known]) == 1
    assert after.state("1").credits == 60


async def test_a_long_history_is_not_read_from_its_beginning(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "LOOKS", 5)
    monkeypatch.setattr(restore, "OVERLAP", 20)
    for first in range(1, 900):
        await bench.take(asked(first, {"number": "1", "amount": 1}))
    await bench.settler.mark()
    backup = deepcopy(bench.tables)
    for first in range(900, 950):
        await bench.take(asked(first, {"number": "1", "amount": 1}))
    topics = Topics([row for row in bench.log.rows if row.topic == SERVICE.topic])
    after = restored(bench, backup)
    assert await Catcher(SERVICE, after.store, {}, topics=topics).catch_up() == 50
    assert topics.read < 250


async def test_two_processes_may_catch_up_side_by_side(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await busy(bench, 1)
    backup = deepcopy(bench.tables)
    await busy(bench, 2)
    after, other = restored(bench, backup), restored(bench, backup)
    commit = after.store.commit

    async def late(changes: Any) -> None:
        await asyncio.sleep(0.01)
        await commit(changes)

    monkeypatch.setattr(after.store, "commit", late)
    await asyncio.gather(catch_up(after, bench.log.rows), catch_up(other, bench.log.rows))
    assert numbered(after) == numbered(bench)


async def test_a_conflict_that_stays_is_no_success(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await busy(bench, 1)
    after = restored(bench, Tables())

    async def lost(changes: Any) -> None:
        raise Conflict

    monkeypatch.setattr(after.store, "commit", lost)
    monkeypatch.setattr(restore, "PAUSE_S", 0)
    with pytest.raises(restore.Unavailable):
        await catch_up(after, bench.log.rows)


async def test_clocks_run_again(bench: Bench) -> None:
    after = restored(bench, deepcopy(bench.tables))
    await bench.take(asked(1, {"number": "1"}))
    await catch_up(after, bench.log.rows)
    bench.clock.advance(timedelta(hours=2))
    await due_loop(after).sweep()
    assert after.said("1") == [Reminded.type]


async def test_an_early_message_that_found_its_cause_is_not_decided_again(bench: Bench) -> None:
    await bench.take(heard("other/1", 1, Credited(amount=7, to=account_of("1"))))
    backup = deepcopy(bench.tables)
    await bench.take(asked(1, {"number": "1", "amount": 5}))
    await due_loop(bench).sweep()
    assert bench.state("1").balance == 12
    after = restored(bench, backup)
    await catch_up(after, bench.log.rows)
    await due_loop(after).sweep()
    assert after.state("1").balance == 12
    assert not after.tables.aggregates[account_of("1")].kept


async def test_an_early_message_that_still_waits_is_looked_at(bench: Bench) -> None:
    await bench.take(heard("other/1", 1, Credited(amount=7, to=account_of("1"))))
    backup = deepcopy(bench.tables)
    await bench.take(asked(1, {"number": "1", "amount": 5}))
    after = restored(bench, backup)
    await catch_up(after, bench.log.rows)
    bench.clock.advance(timedelta(minutes=20))
    await due_loop(after).sweep()
    assert after.state("1").balance == 12


async def test_answers_to_what_became_no_event_are_remembered(bench: Bench) -> None:
    after = restored(bench, deepcopy(bench.tables))
    record = asked(1, {"number": "1", "amount": 5}, {"verdict": "return", "number": "2"}, {"verdict": "quarantine", "number": "3"})
    await bench.take(record)
    await catch_up(after, bench.log.rows)
    states = {name: receipt.state for name, receipt in bench.tables.receipts.items()}
    assert {name: receipt.state for name, receipt in after.tables.receipts.items()} == states
    assert await after.take(record) == ["duplicate"] * 3


async def test_a_steward_can_end_what_was_quarantined_before(bench: Bench) -> None:
    after = restored(bench, deepcopy(bench.tables))
    await bench.take(asked(1, {"verdict": "quarantine", "number": "3"}))
    await catch_up(after, bench.log.rows)
    (name,) = after.tables.receipts
    assert after.tables.receipts[name].offset == 1
    await Upkeep(after.settler, after.replayer, "staff/7").discard(name, "spam")
    assert after.tables.receipts[name].state == "discarded"


@pytest.mark.parametrize("whole", [True, False])
async def test_what_the_steward_ended_stays_ended(bench: Bench, whole: bool) -> None:
    before = deepcopy(bench.tables)
    await bench.take(asked(1, {"verdict": "quarantine", "number": "3"}))
    held = deepcopy(bench.tables)
    (name,) = bench.tables.receipts
    await Upkeep(bench.settler, bench.replayer, "staff/7").discard(name, "spam")
    after = restored(bench, before if whole else held)
    await catch_up(after, bench.log.rows)
    assert after.tables.receipts[name].state == "discarded"
    assert subject_of(name) in after.tables.aggregates
