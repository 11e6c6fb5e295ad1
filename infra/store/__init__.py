"""The store as a port: what the runtime asks of a database, and what a database may answer.

One contract suite (`tests/store`) holds the in-memory twin, motor and PyMongo's `AsyncMongoClient` to the same behaviour.
"""

from infra.store.port import (
    Aggregate,
    Changes,
    Conflict,
    FactRow,
    Held,
    Receipt,
    ReceiptState,
    Rejected,
    Store,
    Unavailable,
    Unknown,
)

__all__ = ["Aggregate", "Changes", "Conflict", "FactRow", "Held", "Receipt", "ReceiptState", "Rejected", "Store", "Unavailable", "Unknown"]
