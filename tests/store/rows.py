"""Rows to write."""

from datetime import UTC, datetime
from typing import Any

from infra.store import Aggregate, Changes, FactRow, Receipt

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def aggregate(id: str = "item/1", v: int = 1, **fields: Any) -> Aggregate:
    return Aggregate(id, v, **{"state": b'{"n":1}', "key": id, "part": 7, **fields})


def fact(subject: str = "item/1", sequence: int = 1, **fields: Any) -> FactRow:
    given = {"topic": "item-events", "key": subject, "part": 7, "attributes": {"id": "x"}, "data": b"{}", "recorded_at": NOON, **fields}
    return FactRow(f"{subject}/{given['topic']}/{sequence:020}", subject, sequence=sequence, **given)


def receipt(id: str = "r1", state: Any = "event", **fields: Any) -> Receipt:
    return Receipt(id, state, **fields)


def change(id: str = "item/1", v: int = 1, **fields: Any) -> Changes:
    """A new version that says a fact."""
    return Changes([aggregate(id, v, **fields)], [fact(id, v)])
