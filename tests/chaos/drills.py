"""Two days of operation nobody likes: the database is restored from a backup, and an old build runs beside a new one."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from contracts.catalogue import PARTNER_OUT
from deploy import access
from tests.chaos.history import Finding
from tests.chaos.stack import Stack
from tests.chaos.trial import audited

NEXT = "tests.chaos.next_version"
MEMBERS = ("intake-1", "intake-2", "assignment-1")
BACKUP_FACTS_MIN = 1_000
PAUSED_S = 40.0
ONLY_TOLD = ("same",)
"""Messages whose only effect is an answer: a restored service cannot know them again, and tells their sender the same once more."""


@dataclass
class Drill:
    """What was measured, and what was wrong."""

    measures: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def restored(directory: Path, rate: float = 60.0) -> Drill:
    """A backup of the front door's database, a thousand facts more, then the backup is all that is left. The board hears all the while."""
    drill = Drill()
    with Stack(directory, rate=rate, members=(*MEMBERS, "worklist-1")) as stack:
        _allow_reading_back(stack)
        time.sleep(8)
        drill.troubles += _rest(stack, "before the backup")
        backup, known = _dump(stack), _said(stack)
        stack.send_again()
        deadline = time.monotonic() + 120
        while _said(stack) < known + BACKUP_FACTS_MIN and time.monotonic() < deadline:
            stack.watch()
            time.sleep(0.5)
        drill.troubles += _rest(stack, "before the restore")
        drill.measures["facts lost with the database"] = _said(stack) - known
        stack.stop("intake-1", "intake-2")
        _load(stack, backup)
        began = time.monotonic()
        stack.start("intake-1")
        stack.start("intake-2")
        stack.await_ready("intake-1", "intake-2")
        drill.measures["ready again after (s)"] = round(time.monotonic() - began, 1)
        drill.measures["facts read back"] = _said(stack) - known
        stack.send_again(amend=_open_referrals(stack))
        time.sleep(8)
        since = time.time()
        drill.measures["an answer takes (s)"] = round(stack.recovered(since), 1)
        drill.troubles += _rest(stack, "after the restore")
        said, unseen = _unseen(stack)
        drill.measures["facts on the board in the end"] = said - len(unseen)
        drill.troubles += [f"not on the board: {one}" for one in unseen[:5]]
        _end(stack, drill)
    return drill


def upgraded(directory: Path, schema: int, rate: float = 60.0) -> Drill:
    """An old build beside a new one that stores one field more: under the same schema number, or under the next."""
    drill = Drill()
    with Stack(directory, rate=rate, members=MEMBERS) as stack:
        new = stack.members["intake-2"]
        stack.stop("intake-2")
        new.module, new.told = NEXT, {"CHAOS_SCHEMA": str(schema)}
        stack.start("intake-2")
        stack.await_ready("intake-2")
        time.sleep(8)
        stack.stop("intake-2")  # what the new build began is now the old build's to go on with
        time.sleep(8)
        if schema > 1:
            drill.troubles += _paused(stack)
            old = stack.members["intake-1"]
            stack.stop("intake-1")
            old.module, old.told = new.module, new.told
            stack.start("intake-1")
        stack.start("intake-2")
        stack.await_ready("intake-1", "intake-2")
        since = time.time()
        drill.measures["an answer takes (s)"] = round(stack.recovered(since), 1)
        drill.troubles += _rest(stack, "after the upgrade")
        drill.measures |= _kept(stack, drill, schema)
        _end(stack, drill, NEXT)
    return drill


def _end(stack: Stack, drill: Drill, module: str = "") -> None:
    drill.findings = [Finding(*one) for one in stack.ask("end", only_told=ONLY_TOLD)["findings"]]
    drill.troubles += [f"audit of intake: {line}" for line in audited(stack, "intake", module)]
    drill.troubles += [f"ended by itself: {name}" for name in stack.deaths]


def _rest(stack: Stack, when: str) -> list[str]:
    owed = stack.rest()
    return [f"owed {when}: {owed}"] if owed else []


def _allow_reading_back(stack: Stack) -> None:
    """A restored front door reads back what it told partners."""
    user = access.service_principal("intake")
    access.grant(stack.engines.admin(), access._may(user, access.TOPIC, PARTNER_OUT, access.PREFIXED, access.READ))


@contextmanager
def _database(stack: Stack, service: str = "intake") -> Iterator[Any]:
    client: MongoClient[dict[str, Any]] = MongoClient(stack.engines.mongo_url(service))
    yield client[service]
    client.close()


def _said(stack: Stack) -> int:
    with _database(stack) as database:
        return int(database["facts"].count_documents({}))


def _unseen(stack: Stack) -> tuple[int, list[str]]:
    """How many facts the front door has said to other services, and those of them that the board has no entry for."""
    with _database(stack) as database:
        said = {row["_id"] for row in database["facts"].find({"_id": {"$regex": "-events/"}}, {"_id": 1})}
    seen: set[str] = set()
    with _database(stack, "worklist") as board:
        for name in board.list_collection_names(filter={"name": {"$regex": "^entries_"}}):
            rows = board[name].find({}, {"subject": 1, "topic": 1, "sequence": 1})
            seen |= {f"{row['subject']}/{row['topic']}/{row['sequence']:020d}" for row in rows}
    return len(said), sorted(said - seen)


def _dump(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    with _database(stack) as database:
        return {name: list(database[name].find()) for name in database.list_collection_names()}


def _load(stack: Stack, backup: dict[str, list[dict[str, Any]]]) -> None:
    with _database(stack) as database:
        for name in database.list_collection_names():
            database[name].drop()
        for name, rows in backup.items():
            for start in range(0, len(rows), 1_000):
                database[name].insert_many(rows[start : start + 1_000])


def _open_referrals(stack: Stack) -> dict[str, list[str]]:
    """References of each partner that were not withdrawn: from before the backup and after it."""
    rows = [json.loads(line) for line in (stack.directory / "acked.jsonl").read_text().splitlines()]
    over = {(row["partner"], row["reference"]) for row in rows if row["kind"] == "withdraw"}
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == "request" and (row["partner"], row["reference"]) not in over:
            found.setdefault(row["partner"], []).append(row["reference"])
    return {partner: [*references[:40], *references[-40:]] for partner, references in found.items()}


def _paused(stack: Stack) -> list[str]:
    """The old build says that it waits, goes on saying so, and writes nothing over what it does not know."""
    before = _newer(stack)
    deadline = time.monotonic() + PAUSED_S
    while "TooNew" not in stack.log("intake-1") and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(3)
    written = [name for name, version in _newer(stack).items() if before.get(name, version) != version]
    silent = [] if "TooNew" in stack.log("intake-1") else ["the old build does not say that it waits"]
    return silent + [f"the old build wrote over {name}" for name in written]


def _newer(stack: Stack) -> dict[str, int]:
    """Aggregates of the next schema, with their versions."""
    with _database(stack) as database:
        rows = database["aggregates"].find({}, {"v": 1, "about": 1})
        return {row["_id"]: row["v"] for row in rows if json.loads(row["about"])["sv"] > 1}


def _kept(stack: Stack, drill: Drill, schema: int) -> dict[str, Any]:
    """Every request that was screened still knows it, however often older builds wrote since."""
    with _database(stack) as database:
        types = {row["_id"]: json.loads(row["attributes"])["type"] for row in database["facts"].find({}, {"attributes": 1})}
        said = {name.split("/intake-events/")[0] for name, kind in types.items() if kind == "request.screened.v1"}
        rows = {row["_id"]: row for row in database["aggregates"].find({"_id": {"$in": list(said)}})}
    erased = [name for name, row in rows.items() if not json.loads(row["state"]).get("screening")]
    drill.troubles += [f"the new field of {name} was erased" for name in erased[:5]]
    more = sum(json.loads(row["about"])["seq"]["intake-events"] > 2 for row in rows.values())
    if not more:
        drill.troubles.append("nothing that the new build began was gone on with: the drill shows nothing")
    return {"requests with the new field": len(rows), "of them gone on with": more}
