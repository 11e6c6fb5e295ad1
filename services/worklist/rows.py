"""Rows as people read them: words, and a person's initials where the reader may see them.

Names lie sealed in the read model. They are opened here, for one answer, for a principal that the table lets see the person, and
whoever was shown is handed to the accounts of reading.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from contracts.kernel import Personal
from contracts.partners import PersonDetails
from infra.access import Access, Item
from infra.clock import Clock
from infra.identity import Principal
from infra.sealing import Erased, Unreadable, unseal
from services.worklist import words
from services.worklist.items import Document, by_kind
from services.worklist.store import Board

log = structlog.get_logger(__name__)
SEE_PERSON = "see-person"
NAMES_KEPT_S = 30.0
Row = dict[str, Any]
Seen = Callable[[Principal, str, Sequence[str]], None]
"""Who was shown which records, on which occasion. Called in the answer's path, so it must only remember; writing is done in batches."""


class Keys(Protocol):
    async def keys(self, records: Collection[str], create: bool = False) -> dict[str, bytes]: ...


def item_of(document: Document) -> Item:
    """What access needs to know of an item."""
    return Item(frozenset(filter(None, (document.get("partner"),))), document.get("owner") or "")


class People:
    """Opens names for one answer."""

    def __init__(self, board: Board, vault: Keys, access: Access, seen: Seen) -> None:
        self._board, self._vault, self._access, self._seen = board, vault, access, seen

    async def initials(self, principal: Principal, items: Sequence[Document], occasion: str) -> dict[str, str]:
        """By record: what may be shown of a name. A record that is not in it is told by its reference."""
        wanted = {self._record(item) for item in items if self._access.may(principal, SEE_PERSON, item_of(item))} - {""}
        if not wanted:
            return {}
        (generation, *_) = await self._board.generations()
        documents, keys = await self._board.documents(generation, wanted), await self._vault.keys(wanted)
        shown = {record: name for record, document in documents.items() if (name := _opened(record, document, keys.get(record)))}
        self._seen(principal, occasion, sorted(shown))
        return shown

    @staticmethod
    def _record(item: Document) -> str:
        return item.get("record") or (item["_id"] if item["_id"].startswith("record/") else "")


def _opened(record: str, document: Document, key: bytes | None) -> str:
    section = by_kind(document["sections"]).get("record", {})
    tokens: dict[str, Any] = {name: Personal(sealed=section[name]) for name in ("given_name", "family_name") if section.get(name)}
    try:
        details = unseal(PersonDetails(**tokens), record, key)
    except Erased:
        return "erased"
    except Unreadable:
        log.error("sealed name not readable")
        return ""
    return " ".join(f"{name.plain.strip()[:1]}." for name in (details.given_name, details.family_name) if name and name.plain)


class Names:
    """What programs, desks and partners are called, as their own facts list them."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board, self._clock, self._names, self._until = board, clock, dict[str, str](), 0.0

    async def known(self) -> Mapping[str, str]:
        if self._clock.monotonic() > self._until:
            (generation, *_) = await self._board.generations()
            listed = await self._board.items(generation, {"listed": True}, [("listed", 1)], 1_000, "listed")
            self._names = dict(pair for item in listed for pair in _pairs(item))
            self._until = self._clock.monotonic() + NAMES_KEPT_S
        return self._names


def _pairs(item: Document) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for section in by_kind(item["sections"]).values():
        found += [(id, name) for id, name in section.get("names", ())]
        found += [(item["_id"], section["name"])] if "name" in section else []
    return found


def row(item: Document, now: datetime, initials: Mapping[str, str], names: Mapping[str, str]) -> Row:
    """Risk · name · next action · due · owner · waiting on · since · last real contact · allowed actions, and what leads there."""
    block, record = item.get("next") or {}, item.get("record") or item["_id"]
    due = item.get("due")
    return {
        "risk": None,
        "name": initials.get(record), "reference": f"{words.kind(record)} {words.short(record)}",
        "action": words.action(block["action"]) if block else "Nothing left to do",
        "due": due, "due_in_words": words.due(due, now) if block else "", "late": bool(due and due < now),
        "owner": words.who(item.get("owner"), names) or None, "owner_id": item.get("owner"),
        "role": words.who(item.get("role"), names) or None,
        "waiting_on": words.who(item.get("waiting_on"), names) or None,
        "since": item.get("since"), "since_in_words": words.since(item.get("since"), now),
        "last_contact": None,
        "allowed": list(block.get("allowed", ())),
        "item": item["_id"], "kind": words.kind(item["_id"]), "status": words.status(item["status"]) if item.get("status") else None,
        "urgency": words.URGENCIES.get(item.get("urgency") or ""), "service": words.plain(item["service"]) if item.get("service") else None,
        "partner": words.who(f"partner/{item['partner']}", names) if item.get("partner") else None,
        "requested_at": item.get("requested_at"), "sensitivity": item.get("sensitivity"),
        "open": item["open"], "gap_since": item.get("gap_since"),
    }  # fmt: skip


def event(entry: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    """One event of a timeline, with its place in the log."""
    shown = ("at", "recorded", "type", "topic", "partition", "offset", "subject", "sequence", "what", "correlation", "cause")
    return {**{name: entry[name] for name in shown}, "actor": words.who(_actor(entry["actor"]), names), "actor_id": entry["actor"]}


def _actor(stated: str) -> str:
    """`user/staff/7` is told as staff; what acts by itself as the system."""
    kind, _, id = stated.partition("/")
    return id if kind == "user" and "/" in id else f"partner/{id}" if kind == "service_account" and id else f"role/{kind}" if kind else ""
