"""What a lane does with offsets, positions and fences, seen through a consumer that only writes down what it is asked."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from infra.lane import Lane
from infra.records import Received, Record

HERE, THERE = TopicPartition("in-acme", 0), TopicPartition("in-zeta", 0)


class Consumer:
    """Remembers."""

    def __init__(self) -> None:
        self.committed: list[Mapping[TopicPartition, int]] = []
        self.sought: list[tuple[TopicPartition, int]] = []
        self.fails = False

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.fails:
            raise CommitFailedError
        self.committed.append(dict(offsets))

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought.append((place, offset))


class Work:
    """What the lane is for: it may fail, or last until it is told to end."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.fenced: list[str] = []
        self.failing = False
        self.open = asyncio.Event()
        self.open.set()

    async def take(self, records: Sequence[Received]) -> None:
        await self.open.wait()
        if self.failing:
            raise ConnectionError
        self.taken += [record.offset for record in records]

    async def fence(self, resources: Sequence[str]) -> None:
        assert not self.taken
        self.fenced += resources


def record(place: TopicPartition, offset: int) -> Record:
    return Record(place.topic, place.partition, offset, (), b"")


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def lane(work: Work) -> Lane:
    made = Lane("toy/0", "toy", work.take, work.fence, hold_s=0.0, drain_s=5.0)
    made.consumer = Consumer()  # type: ignore[assignment]
    await made.on_partitions_assigned({HERE, THERE})
    return made


async def test_offsets_are_explicit_and_behind_what_was_settled(lane: Lane, work: Work) -> None:
    await lane.handle([record(HERE, 3), record(HERE, 4), record(THERE, 9)])
    assert (work.taken, lane.consumer.committed) == ([3, 4, 9], [{HERE: 5, THERE: 10}])


async def test_whoever_held_a_partition_before_is_fenced_off_before_the_first_record(lane: Lane, work: Work) -> None:
    await lane.handle([record(HERE, 3)])
    assert work.fenced == ["toy/in-acme/0", "toy/in-zeta/0"]


async def test_nothing_is_owned_before_it_is_fenced(lane: Lane) -> None:
    assert lane.owned == frozenset()
    await lane.take_over()
    assert lane.owned == {HERE, THERE}


async def test_no_offset_is_committed_for_a_partition_of_another(lane: Lane) -> None:
    await lane.on_partitions_assigned({HERE})
    await lane.handle([record(HERE, 3), record(THERE, 9)])
    assert lane.consumer.committed == [{HERE: 4}]


async def test_a_batch_from_before_a_rebalance_commits_nothing(lane: Lane, work: Work) -> None:
    work.open.clear()
    handling = asyncio.create_task(lane.handle([record(HERE, 3)]))
    await asyncio.sleep(0)
    lane.drain_s = 0.0
    await lane.on_partitions_revoked({HERE, THERE})
    await lane.on_partitions_assigned({HERE})
    work.open.set()
    await handling
    assert (work.taken, lane.consumer.committed) == ([3], [])


async def test_a_rebalance_waits_for_the_batch_in_hand(lane: Lane, work: Work) -> None:
    work.open.clear()
    handling = asyncio.create_task(lane.handle([record(HERE, 3)]))
    await asyncio.sleep(0)
    revoking = asyncio.create_task(lane.on_partitions_revoked({HERE, THERE}))
    await asyncio.sleep(0.02)
    assert not revoking.done()
    work.open.set()
    await asyncio.gather(handling, revoking)
    assert lane.consumer.committed == [{HERE: 4}]


async def test_what_could_not_be_settled_is_read_again_from_its_first_record(lane: Lane, work: Work) -> None:
    work.failing = True
    await lane.handle([record(HERE, 3), record(HERE, 4), record(THERE, 9)])
    assert (lane.consumer.committed, sorted(lane.consumer.sought)) == ([], [(HERE, 3), (THERE, 9)])


async def test_a_lost_commit_is_no_error_and_nothing_ever_leaves_the_lane(lane: Lane, work: Work) -> None:
    lane.consumer.fails = True
    await lane.handle([record(HERE, 3)])
    assert (work.taken, lane.consumer.sought) == ([3], [])
