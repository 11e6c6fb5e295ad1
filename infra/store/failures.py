"""What an error of the database means to the runtime: conflict, rejection, or nobody there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from bson.errors import BSONError
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError

from infra.store.port import Conflict, Rejected, Unavailable

DUPLICATE_KEY, WRITE_CONFLICT = 11000, 112
LOST = frozenset({
    DUPLICATE_KEY, WRITE_CONFLICT, 24, 225, 246, 251, 11601,
})  # fmt: skip
"""Besides the first two: lock timeout, transaction too old, snapshot gone, no such transaction, interrupted (by a fence)."""
UNENCODABLE = (BSONError, DocumentTooLarge, orjson.JSONEncodeError, UnicodeError, OverflowError)
UNSTORABLE = frozenset({2, 9, 14, 52, 57, 121, 310, 10334, 17280})
"""Malformed values or names, failed validation, too large for a transaction, a document or an index."""


@contextmanager
def answering() -> Iterator[None]:
    """Around a read: whatever goes wrong, the database did not answer."""
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(type(error).__name__) from error


@contextmanager
def before_commit() -> Iterator[None]:
    """Around the writes of a transaction: nothing of them stands yet."""
    try:
        yield
    except UNENCODABLE as error:
        raise Rejected(type(error).__name__) from error
    except OperationFailure as error:
        lost = error.has_error_label("TransientTransactionError")
        raise (Conflict(f"code {error.code}") if lost else meaning(error.code)) from error
    except PyMongoError as error:  # a lost connection is labelled transient too: it is never a conflict
        raise Unavailable(type(error).__name__) from error


def expect(reply: Mapping[str, Any], rows: int) -> None:
    """Every row was written. A version that did not match is no error to the database: only the count tells."""
    for error in reply.get("writeErrors", ()):
        raise meaning(error.get("code"))
    if reply["n"] != rows:
        raise Conflict(f"{reply['n']} of {rows} rows")


def meaning(code: int | None) -> Exception:
    """By the server's code. What is not known is not blamed on a message."""
    kind = Conflict if code in LOST else Rejected if code in UNSTORABLE else Unavailable
    return kind(f"code {code}")
