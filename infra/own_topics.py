"""What this service said, read back from its topics: without a group, several partitions at a time, from wherever is asked."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from infra.envelope import attributes_of
from infra.inbound import instant
from infra.problems import Problem
from infra.store import FactRow, Unavailable

SILENCE_S = 15.0
FETCH_BYTES_MAX = 256 << 10
"""From each partition at a time: mostly a few records are looked at."""
Places = Mapping[TopicPartition, int]
"""Partitions, each with an offset."""


class OwnTopics:
    """`async with` it. Raises Unavailable where the broker does not answer, and TL-2055 where reading is not allowed."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._connection = connection

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            **self._connection, enable_auto_commit=False, auto_offset_reset="earliest", max_partition_fetch_bytes=FETCH_BYTES_MAX
        )
        await self._asked(self._consumer.start())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._consumer.stop()

    async def named(self, prefix: str) -> list[str]:
        return sorted(name for name in await self._asked(self._consumer.topics()) if name.startswith(prefix))

    async def ends(self, topics: Collection[str]) -> dict[TopicPartition, tuple[int, int]]:
        """Where each partition that holds anything begins and ends. A topic whose partitions are not known is no empty one."""
        places = [place for topic in topics for place in await self._partitions(topic)]
        if not places:
            return {}
        self._consumer.assign(places)
        starts, ends = await self._asked(self._consumer.beginning_offsets(places)), await self._asked(self._consumer.end_offsets(places))
        return {place: (starts[place], ends[place]) for place in places if ends[place] > starts[place]}

    async def _partitions(self, topic: str) -> list[TopicPartition]:
        """The client knows the partitions of what it was asked about, and of nothing else."""
        first = TopicPartition(topic, 0)
        self._consumer.assign([first])
        await self._asked(self._consumer.end_offsets([first]))
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            raise Unavailable(f"the partitions of {topic} are not known")
        return [TopicPartition(topic, number) for number in sorted(numbers)]

    async def window(self, starts: Places, ends: Places, count: int) -> dict[TopicPartition, list[FactRow]]:
        """So many records of each partition from there on; fewer where it ends before."""
        found: dict[TopicPartition, list[FactRow]] = {place: [] for place in starts}
        async for place, rows in self.rows(starts, {place: min(ends[place], start + count) for place, start in starts.items()}):
            found[place] += rows
        return found

    async def rows(self, starts: Places, ends: Places) -> AsyncIterator[tuple[TopicPartition, list[FactRow]]]:
        """Everything between, in the order of each partition."""
        wanted = {place: start for place, start in starts.items() if start < ends[place]}
        if wanted:
            self._consumer.assign(list(wanted))
        for place, start in wanted.items():
            self._consumer.seek(place, start)
        while wanted:
            found = await self._asked(self._consumer.getmany(*wanted, timeout_ms=int(SILENCE_S * 1000)))
            if not found:
                raise Unavailable("the broker sends nothing")
            for place, records in found.items():
                yield place, [fact_row(record) for record in records if record.offset < ends[place]]
                if await self._consumer.position(place) >= ends[place]:
                    del wanted[place]
                    self._consumer.pause(place)

    async def _asked(self, question: Any) -> Any:
        try:
            return await asyncio.wait_for(question, 2 * SILENCE_S)
        except TopicAuthorizationFailedError as error:
            raise Problem("TL-2055", "this service may not read back what it said", fix="let it READ the topics it writes") from error
        except (KafkaError, TimeoutError) as error:
            raise Unavailable(type(error).__name__) from error


def fact_row(record: Any) -> FactRow:
    """A published record as the row it was published from."""
    said = attributes_of(record.headers)
    subject, sequence = said["subject"], said["sequence"]
    recorded: datetime = instant(said.get("recordedtime") or said["time"])
    key = record.key.decode() if record.key else ""
    name = f"{subject}/{record.topic}/{sequence}"
    return FactRow(name, subject, record.topic, int(sequence), key, record.partition, said, record.value or b"", recorded)
