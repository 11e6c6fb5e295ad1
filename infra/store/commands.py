"""The write commands of one transaction.

Plain `insert` and `update` commands rather than the client libraries' bulk writes: they are encoded in one go (a third less work
per row), and their replies are ours to check. The server's `bulkWrite` over all collections was slower than one command for each.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from infra.store import documents
from infra.store.documents import Document
from infra.store.port import Aggregate, Changes, Receipt

Row = TypeVar("Row")
Command = tuple[Document, int]
"""What is sent, and how many rows it must write."""

PORTION_BYTES_MAX = 8 * 1024 * 1024
"""Half of what one command may hold: the weights are estimates."""
ROW_BYTES = 1024


def commands(changes: Changes) -> Iterator[Command]:
    """Encoded here, so that what cannot be stored is found before a transaction begins. What others contend for comes first."""
    born = [row for row in changes.aggregates if row.v == 1]
    grown = [row for row in changes.aggregates if row.v != 1]
    new = [row for row in changes.receipts if row.was is None]
    moved = [row for row in changes.receipts if row.was is not None]
    yield from _inserts("claims", list(changes.claims.items()), documents.claim_insert, lambda claim: 0)
    yield from _updates("aggregates", grown, documents.aggregate_update, _aggregate_bytes)
    yield from _inserts("aggregates", born, documents.aggregate_insert, _aggregate_bytes)
    yield from _updates("receipts", moved, documents.receipt_update, _receipt_bytes)
    yield from _inserts("receipts", new, documents.receipt_insert, _receipt_bytes)
    yield from _inserts("facts", changes.facts, documents.fact_insert, lambda fact: len(fact.data))


def opening(markers: Sequence[Document]) -> Iterator[Command]:
    yield from _inserts("outbox", markers, lambda marker: marker, lambda marker: 128 * len(marker["facts"]))


def marking(markers: Sequence[str]) -> Document:
    """Markers that are deleted already make no difference."""
    return {"delete": "outbox", "deletes": [{"q": {"_id": {"$in": markers}}, "limit": 0}]}


def _inserts(collection: str, rows: Sequence[Row], encode: Callable[[Row], Document], weigh: Callable[[Row], int]) -> Iterator[Command]:
    for portion in _portions(rows, weigh):
        yield {"insert": collection, "documents": [*map(encode, portion)], "ordered": False}, len(portion)


def _updates(collection: str, rows: Sequence[Row], encode: Callable[[Row], Document], weigh: Callable[[Row], int]) -> Iterator[Command]:
    for portion in _portions(rows, weigh):
        yield {"update": collection, "updates": [*map(encode, portion)], "ordered": False}, len(portion)


def _portions(rows: Sequence[Row], weigh: Callable[[Row], int]) -> Iterator[Sequence[Row]]:
    start = weight = 0
    for at, row in enumerate(rows):
        weight += weigh(row) + ROW_BYTES
        if weight > PORTION_BYTES_MAX and at > start:
            yield rows[start:at]
            start, weight = at, weigh(row) + ROW_BYTES
    if rows:
        yield rows[start:]


def _aggregate_bytes(row: Aggregate) -> int:
    return len(row.state or b"")


def _receipt_bytes(row: Receipt) -> int:
    return len(row.raw) + len(row.answer)
