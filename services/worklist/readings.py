"""Who read what: the accounts of reading as they lie in the log, found by account, by item and by person, for an auditor.

They are heard from the topic, whichever process or service wrote them, and kept as long as the topic keeps them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from contracts.readings import EVENTS, ReadingExported, ReadingRecorded, ReadingRefused
from infra.records import Received
from services.worklist.follow import Reader
from services.worklist.items import Document
from services.worklist.projections import Heard

log = structlog.get_logger(__name__)
HEARS = {event.type: event for event in EVENTS}
PAGE = 100
WHAT: Mapping[Any, str] = {ReadingRecorded: "shown", ReadingExported: "taken away", ReadingRefused: "refused"}


class Kept(Protocol):
    """Where accounts lie."""

    async def note(self, readings: Sequence[Document]) -> None: ...

    async def readings(self, query: Mapping[str, Any], limit: int) -> list[Document]: ...


class Readings:
    """Follows the topic of accounts; `take` is what its lane calls, and it is durable when that returns."""

    def __init__(self, board: Kept) -> None:
        self._board, self._reader = board, Reader(HEARS)

    async def take(self, records: Sequence[Received]) -> None:
        heard = [self._reader.heard(record) for record in records]
        found = [document(one) for one in heard if one is not None and one.data is not None]
        if len(found) < len(records):
            log.error("accounts not readable", count=len(records) - len(found))
        await self._board.note(found)


def document(heard: Heard) -> Document:
    """As it is stored: the same fact heard twice is one document."""
    said: Any = heard.data
    return {
        "_id": f"{heard.subject}/{heard.sequence:020d}", "at": heard.at, "kept_from": heard.recorded, "what": WHAT[type(said)],
        "reader": said.reader, "roles": list(said.roles), "organisations": list(said.organisations), "page": said.page, "item": said.item,
        "purpose": said.purpose, "filters": list(getattr(said, "filters", ())), "records": list(getattr(said, "records", ())),
        "whole": getattr(said, "whole", False), "rows": getattr(said, "rows", None), "action": getattr(said, "action", None),
    }  # fmt: skip


def asked(stated: Mapping[str, str], before: datetime | None) -> dict[str, Any]:
    """The query of an auditor: by account, by item, by person, before an instant. What is left out narrows nothing."""
    names = {"reader": stated.get("reader"), "item": stated.get("item"), "records": stated.get("record")}
    query: dict[str, Any] = {name: value for name, value in names.items() if value}
    return query | ({"at": {"$lt": before}} if before else {})


def told(reading: Mapping[str, Any]) -> dict[str, Any]:
    """As it is answered."""
    return {name: value for name, value in reading.items() if name not in ("_id", "kept_from") and value not in (None, [])}
