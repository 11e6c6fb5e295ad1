"""How rows become batches: where each goes, and batches of bounded size that keep the order of every partition."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from aiokafka.producer.message_accumulator import BatchBuilder

from infra.envelope import headers
from infra.partition import PARTITIONS, partition_of
from infra.store.port import FactRow

Place = tuple[str, int]
"""Topic and partition."""


class Oversize(Exception):
    """These rows (ids) can never be published as they are. Nothing else of the call may be taken for acknowledged either."""

    def __init__(self, rows: Sequence[str]) -> None:
        self.rows = tuple(rows)
        super().__init__(f"{len(rows)} facts are larger than a record may be")


@dataclass(slots=True, eq=False)
class Batch:
    """One closed batch and the ids of its rows."""

    builder: BatchBuilder
    ids: list[str]


def size_of(row: FactRow) -> int:
    """Upper bound of a row's size as a record: checked before it is committed, so that no fact is ever unpublishable."""
    named = sum(len(name) + 8 + 4 * len(value) for name, value in row.attributes.items())
    return 64 + len(row.data) + 4 * len(row.key) + named


def by_place(rows: Iterable[FactRow], partitions: Callable[[str], int]) -> dict[Place, list[FactRow]]:
    """Rows by topic and partition, each in the given order."""
    places: dict[Place, list[FactRow]] = {}
    for row in rows:
        places.setdefault((row.topic, partition_for(row, partitions(row.topic))), []).append(row)
    return places


def partition_for(row: FactRow, count: int) -> int:
    """A row knows its partition among the 24; other topics have one, or go by key."""
    if count == PARTITIONS:
        return row.part
    return 0 if count == 1 else partition_of(row.key, count)


def packed(rows: Sequence[FactRow], create: Callable[[], BatchBuilder], batch_bytes_max: int, record_bytes_max: int) -> list[Batch]:
    """These rows in closed batches, in order; with `batch_bytes_max` 0 each alone. Raises Oversize naming all that are too large."""
    batches: list[Batch] = []
    large: list[str] = []
    builder = None
    for row in rows:
        key, named = row.key.encode(), headers(row.attributes)
        added = None
        if builder is not None and builder.size() < batch_bytes_max:
            added = builder.append(timestamp=None, key=key, value=row.data, headers=named)
        if builder is None or added is None:
            builder = create()
            batches.append(Batch(builder, []))
            added = builder.append(timestamp=None, key=key, value=row.data, headers=named)
        batches[-1].ids.append(row.id)
        if added.size > record_bytes_max:
            large.append(row.id)
    if large:
        raise Oversize(large)
    for batch in batches:
        batch.builder.close()
    return batches


def turns(queues: Mapping[Place, Sequence[Batch]]) -> Iterator[list[tuple[Place, Batch]]]:
    """The first batch of every partition, then the second of those that have one, and so on."""
    for turn in zip_longest(*([(place, batch) for batch in queue] for place, queue in queues.items())):
        yield [item for item in turn if item]
