"""What the databases hold at the end, against what the topics bear. A raw client, and no knowledge of how the rows are made.

Pure counting: as many facts as events and the same ones, none waiting in the outbox; one receipt for every message; every aggregate
where its last event left it.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID, uuid5

from bson import encode
from pymongo import MongoClient

from tests.chaos.history import ASSIGNMENT, IN, INTAKE, OUT, Finding, History, Sent
from tests.chaos.words import MARK, SOURCE

NAMES = UUID("6a5be0f8-0c1b-5d0e-9d6a-1f2f5a3c7e11")
"""Of the ids that are derived from their meaning; every stored receipt depends on it, so it can never change."""
SPEAKS = {"intake": (INTAKE, OUT), "assignment": (ASSIGNMENT,)}
ENDED = {"event": "event", "return": "returned", "quarantine": "quarantined"}


def findings(urls: dict[str, str], history: History, only_told: Collection[str] = ()) -> Iterator[Finding]:
    """`only_told`: kinds of messages that may have no receipt."""
    for service, url in urls.items():
        client: MongoClient[dict[str, Any]] = MongoClient(url)
        database = client[service]
        yield from _facts(database, history.events(SPEAKS[service]), service)
        yield from _sequences(database, history, service)
        yield from _personal(database, service)
        if service == "intake":
            yield from _receipts(database, history.sent.values(), only_told)
        client.close()


def waiting(urls: dict[str, str]) -> dict[str, int]:
    """Markers of facts that are not known to be published, by service; none of a service that has none."""
    found = {}
    for service, url in urls.items():
        with MongoClient[dict[str, Any]](url) as client:
            found[f"markers of {service}"] = client[service]["outbox"].count_documents({})
    return {what: count for what, count in found.items() if count}


def _facts(database: Any, said: set[str], service: str) -> Iterator[Finding]:
    stored = {row["_id"] for row in database["facts"].find({}, {"_id": 1})}
    for name in sorted(stored - said)[:5]:
        yield Finding("lost", f"{service} has the fact {name}, which nobody heard")
    for name in sorted(said - stored)[:5]:
        yield Finding("wrong", f"{service} said {name}, and has no such fact")
    if waiting := database["outbox"].count_documents({}):
        yield Finding("lost", f"{service} has {waiting} markers of facts that are not published")


def _sequences(database: Any, history: History, service: str) -> Iterator[Finding]:
    """Every aggregate counts as far as it spoke."""
    for row in database["aggregates"].find({}, {"about": 1}):
        counted = json.loads(row["about"])["seq"]
        heard = {topic: said.whole for topic in counted if (said := history.said.get((topic, row["_id"])))}
        if counted != heard:
            yield Finding("wrong", f"{service} {row['_id']} counts {counted}, and was heard up to {heard}")


def _receipts(database: Any, sent: Iterable[Sent], only_told: Collection[str]) -> Iterator[Finding]:
    stored = {row["_id"]: row["state"] for row in database["receipts"].find({}, {"state": 1})}
    names = {receipt_of(one): one.intent for one in sent}
    wanted = {name: ENDED[intent.expected] for name, intent in names.items()}
    missing = {name for name in wanted.keys() - stored.keys() if names[name].kind not in only_told}
    other = [name for name in wanted.keys() & stored.keys() if stored[name] != wanted[name]]
    if missing:
        yield Finding("lost", f"{len(missing)} messages have no receipt, such as {names[min(missing)].kind}")
    if other:
        yield Finding("wrong", f"{len(other)} receipts ended otherwise, such as {stored[other[0]]} instead of {wanted[other[0]]}")
    if strange := stored.keys() - wanted.keys():
        yield Finding("wrong", f"{len(strange)} receipts of nothing that was sent, such as {stored[min(strange)]}")


def receipt_of(one: Sent) -> str:
    """By what its sender calls it (source and id), or else by its place; no entry within it."""
    cause = f"{SOURCE}/{one.intent.id}" if one.intent.id else f"0/{one.offset}"
    return str(uuid5(NAMES, f"{IN}{one.partner}/{cause}/"))


def _personal(database: Any, service: str) -> Iterator[Finding]:
    for collection in database.list_collection_names():
        if any(MARK.encode() in encode(row) for row in database[collection].find()):
            yield Finding("leak", f"a personal value in the database of {service}, {collection}")
