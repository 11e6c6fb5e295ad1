"""The domain's questions, each answered from one index, a page at a time.

A page ends with a cursor: the sort values of its last row, opaque to callers. What comes after it is found by value, so that rows
that appear or vanish meanwhile neither repeat nor hide another.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from contracts.kernel import LONG_AGO
from infra.problems import Problem
from services.worklist.finding import SHORT, short_mark
from services.worklist.items import NO_OWNER, SEARCHED, Document
from services.worklist.patches import Patch
from services.worklist.store import Board
from services.worklist.telling import NEW

LIMIT, LIMIT_MAX = 50, 200
COUNTED_MAX = 1_000
"""Counts say "1,000 or more" from here on: a count is never a scan."""
TIMELINE_MAX = 2_000
BESIDE_MAX, PERSON_MAX, CLUSTER_MAX, SEARCH_MAX, MESSAGES_MAX = 1_000, 200, 50, 50, 100
RESPONSES_MAX = 2_000
MARKED_MAX, ABOUT_MAX = 2_000, 10_000
"""Of those who share the rarest mark of a search: a first and a family name do not have more among a million."""
FILTERS = ("urgency", "service", "partner", "status", "owner", "program", "stage")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a query on items, and the order of the answer. `newest`: from the other end of it."""

    name: str
    query: Document
    order: tuple[str, ...]
    newest: bool = False

    @property
    def sort(self) -> list[tuple[str, int]]:
        return [(name, -1 if self.newest else 1) for name in self.order]

    def also(self, **more: Any) -> "Question":
        """The same, of those alone that fit this as well. What is left out narrows nothing."""
        return replace(self, query={**self.query, **{name: value for name, value in more.items() if value}})

    def within(self, concerned: Collection[str] | None) -> "Question":
        """Of those alone that concern one of these. None: of the whole network."""
        if concerned is None:
            return self
        return replace(self, query={**self.query, "concerns": {"$in": sorted(concerned)}})


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an answer, and where the next one begins (empty: that was all)."""

    items: list[Document]
    cursor: str = ""


def filtered(filters: Mapping[str, str]) -> dict[str, str]:
    """Those of the parameters of a request that narrow a list."""
    return {name: value for name, value in filters.items() if name in FILTERS and value}


def pending_referrals(filters: Mapping[str, str] | None = None) -> Question:
    """Referrals that are not over, the longest waiting first. The clock is the request's, not our receipt's."""
    wanted = filtered(filters or {})
    return Question("pending", {"open": True, "kind": "referral", **wanted}, ("requested_at", "_id"))


def next_steps() -> Question:
    """The next step of every open item: first those nobody answers for, then those a role has, then those a person has."""
    return Question("next-steps", {"open": True}, ("grip", "due", "_id"))


def my_next_steps(person: str) -> Question:
    return Question("mine", {"open": True, "owner": person}, ("due", "_id"))


def team_next_steps(roles: Collection[str]) -> Question:
    """What the roles answer for, whether or not a person of theirs has it."""
    return Question("team", {"open": True, "role": {"$in": sorted(roles)}}, ("due", "_id"))


def waiting_on(duties: Collection[str]) -> Question:
    """What others answer for and these are waited on for: whoever is waited on is concerned, so one index holds both."""
    whom = {"$in": sorted(duties)}
    return Question("waiting-on-us", {"open": True, "concerns": whom, "waiting_on": whom}, ("due", "_id"))


def unowned() -> Question:
    """Items that nobody answers for, neither a person nor a role. Normally none."""
    return Question("unowned", {"open": True, "grip": NO_OWNER}, ("due", "_id"))


def unclocked() -> Question:
    """Items without a deadline: they are not on time. Normally none."""
    return Question("unclocked", {"open": True, "due": None}, ("_id",))


def overdue(as_of: datetime) -> Question:
    """Items whose deadline had passed at that instant, the latest first in the queue."""
    return Question("overdue", {"open": True, "due": {"$lt": as_of}}, ("due", "_id"))


def of_kind(kind: str, *stages: str) -> Question:
    """Open items of a kind, those of some stages alone if any are named, the next due first."""
    if len(stages) == 1:
        return Question(f"{kind}-{stages[0]}", {"open": True, "kind": kind, "stage": stages[0]}, ("due", "_id"))
    wanted = {"stage": {"$in": list(stages)}} if stages else {}
    return Question("-".join((kind, *stages)), {"open": True, "kind": kind, **wanted}, ("due", "_id"))


def begun(ids: Collection[str], since: datetime) -> Question:
    """Open items that concern one of these and were first heard of since then, the newest first."""
    query = {"open": True, "concerns": {"$in": sorted(ids)}, "began_at": {"$gte": since}}
    return Question("begun", query, ("began_at", "_id"), newest=True)


def become_late(ids: Collection[str], since: datetime, now: datetime) -> Question:
    """Items that concern one of these and whose deadline passed between then and now, the latest to pass first."""
    query = {"open": True, "concerns": {"$in": sorted(ids)}, "due": {"$gte": since, "$lt": now}}
    return Question("become-late", query, ("due", "_id"), newest=True)


def resolved(ids: Collection[str], since: datetime) -> Question:
    """Items that one of these answered for and of which nothing is left to do since then, the newest first."""
    return Question("resolved", {"answered": {"$in": sorted(ids)}, "over_at": {"$gte": since}}, ("over_at", "_id"), newest=True)


def over(kind: str, since: datetime) -> Question:
    """Items of a kind of which nothing is left to do since then, the newest first."""
    return Question(f"over-{kind}", {"kind": kind, "over_at": {"$gte": since}}, ("over_at", "_id"), newest=True)


def mine_since(person: str, since: datetime) -> Question:
    """What somebody answers for whose step began since then: it may be new, another step, or handed to them."""
    return Question("mine-since", {"open": True, "owner": person, "since": {"$gte": since}}, ("due", "_id"))


def told(person: str, stands: str) -> Question:
    """What somebody was told of: `new`, `seen` by them and not done, `done`; what is due next first."""
    return Question(f"inbox-{stands}", {"inbox": f"{stands}/{person}"}, ("due", "_id"))


def unseen() -> Question:
    """What anybody was told of and has not seen: the range of what begins so (`0` is what follows `/`)."""
    return Question("unseen", {"inbox": {"$gte": f"{NEW}/", "$lt": f"{NEW}0"}}, ("inbox",))


def reviewed(as_of: datetime) -> Question:
    """What was opened of people in emergencies and reviewed by that instant, whatever was opened since; the latest review first."""
    return Question("reviewed", {"reviewed_at": {"$gt": LONG_AGO, "$lte": as_of}}, ("reviewed_at", "_id"), newest=True)


def responded(since: datetime) -> Question:
    """Referrals of which something was answered since then, the newest first."""
    return Question("responded", {"responded_at": {"$gte": since}}, ("responded_at", "_id"), newest=True)


async def responses(board: Board, since: datetime) -> list[Document]:
    """What was answered since then and in how long, of the newest so many."""
    asked, generation = responded(since), await board.current()
    return await board.items(generation, asked.query, asked.sort, RESPONSES_MAX, ("responses",))


def gaps(before: datetime) -> Question:
    """Items of which an event is missing, or could not be read, since before that instant. Normally none."""
    return Question("gaps", {"gap_since": {"$gt": LONG_AGO, "$lt": before}}, ("gap_since", "_id"))


def concerns(concerned: Collection[str] | None, ids: Collection[str]) -> bool:
    """Whether something that concerns these is of somebody's scope: of what is at hand the same as `within` asks of the database."""
    return concerned is None or not frozenset(concerned).isdisjoint(ids)


async def ask(board: Board, question: Question, cursor: str = "", limit: int = LIMIT) -> Page:
    """One page of the answer."""
    limit = max(1, min(limit, LIMIT_MAX))
    query = {"$and": [question.query, _after(question, cursor)]} if cursor else question.query
    generation = await board.current()
    found = await board.items(generation, query, question.sort, limit + 1)
    more = len(found) > limit
    return Page(found[:limit], _cursor(question.order, found[limit - 1]) if more else "")


async def first(board: Board, question: Question) -> Document | None:
    """What the answer begins with."""
    return next(iter((await ask(board, question, limit=1)).items), None)


async def counts(board: Board, now: datetime, concerned: Collection[str] | None = None) -> dict[str, int]:
    """How many each list holds, up to COUNTED_MAX."""
    questions = (pending_referrals(), unowned(), unclocked(), overdue(now))
    return {one.name: await count(board, one.within(concerned)) for one in questions}


async def count(board: Board, question: Question) -> int:
    """How many, up to COUNTED_MAX."""
    generation = await board.current()
    return await board.count(generation, question.query, COUNTED_MAX)


LINE = ("record", "kind", "next", "due", "open", "status", "lead")
"""What one line about an item needs."""
VISIBLE = ("partner", "owner", "concerns", "waiting_on", "asked", "sensitivity")
"""What decides who may see it."""


async def beside(board: Board, records: Collection[str], concerned: Collection[str] | None = None) -> dict[str, list[Document]]:
    """By record: its open items that concern one of these (None: all), the next due first, of each as much as a line needs and whoever
    decides who may see it."""
    found: dict[str, list[Document]] = {}
    if records:
        generation = await board.current()
        theirs = {} if concerned is None else {"concerns": {"$in": sorted(concerned)}}
        query = {"record": {"$in": sorted(records)}, "open": True, **theirs}
        for one in await board.items(generation, query, (("due", 1), ("_id", 1)), BESIDE_MAX, (*LINE, *VISIBLE)):
            found.setdefault(one["record"], []).append(one)
    return found


async def messages(board: Board, id: str) -> list[Document]:
    """What people were sent about an item."""
    generation = await board.current()
    return await board.items(generation, {"tells": id}, (("_id", 1),), MESSAGES_MAX)


async def cluster(board: Board, record: str) -> list[str]:
    """The records that belong to the same person as this one: they are linked, never merged."""
    generation = await board.current()
    known = (await board.documents(generation, [record])).get(record, {})
    if not (group := known.get("group")):
        return [record]
    linked = await board.items(generation, {"group": group}, (("_id", 1),), CLUSTER_MAX, ("_id",))
    return sorted({record, *(one["_id"] for one in linked)})


async def of_person(board: Board, records: Collection[str]) -> list[Document]:
    """Everything that is or was about a person, what is open first."""
    generation = await board.current()
    found = await board.items(generation, {"record": {"$in": sorted(records)}}, (("record", 1), ("due", 1), ("_id", 1)), PERSON_MAX)
    return sorted(found, key=lambda one: (not one["open"], one["due"] is None, one["due"] or LONG_AGO, one["_id"]))


async def numbered(board: Board, text: str) -> list[Document]:
    """Items of which this is the id, the end of the address or of the number we call it by, or the beginning of the sender's number."""
    generation = await board.current()
    known = await board.documents(generation, [text, *(f"{kind}/{text}" for kind in SEARCHED)])
    found = await board.items(generation, {"marks": short_mark(text)}, (("_id", 1),), SEARCH_MAX) if len(text) == SHORT else []
    for start in dict.fromkeys((text, text.upper())):
        begins = {"reference": {"$gte": start, "$lt": start + "\uffff"}}
        found += await board.items(generation, begins, (("reference", 1),), SEARCH_MAX)
    return list((known | {one["_id"]: one for one in found}).values())


async def marked(board: Board, marks: Sequence[str]) -> tuple[list[Document], bool]:
    """Records that have all of these marks, and whether there may be more: those of the first are looked at, never more than so many."""
    if not marks:
        return [], False
    generation = await board.current()
    found = await board.items(generation, {"marks": marks[0]}, (("_id", 1),), MARKED_MAX + 1, (*VISIBLE, "marks", "group"))
    return [one for one in found[:MARKED_MAX] if set(marks) <= set(one["marks"])], len(found) > MARKED_MAX


async def about_records(board: Board, records: Collection[str]) -> dict[str, list[Document]]:
    """By record: all that is or was about these, as much as a line needs and whoever decides who may see it."""
    found: dict[str, list[Document]] = {}
    if records:
        generation = await board.current()
        query, fields = {"record": {"$in": sorted(records)}}, (*LINE, *VISIBLE)
        for one in await board.items(generation, query, (("record", 1), ("due", 1), ("_id", 1)), ABOUT_MAX, fields):
            found.setdefault(one["record"], []).append(one)
    return found


async def item(board: Board, id: str) -> Document | None:
    generation = await board.current()
    return (await board.documents(generation, [id])).get(id)


async def timeline(board: Board, id: str) -> list[Patch]:
    """Everything that happened to an item, as it was recorded. An item of a person's care has dozens of entries."""
    generation = await board.current()
    found = await board.entries(generation, id, TIMELINE_MAX)
    return sorted(found, key=lambda entry: (entry["recorded"], entry["topic"], entry["subject"], entry["sequence"]))


def _cursor(order: tuple[str, ...], last: Document) -> str:
    return urlsafe_b64encode(orjson.dumps([last.get(name) for name in order])).decode().rstrip("=")


def _after(question: Question, cursor: str) -> Document:
    """What sorts after these values: nothing is before a missing value, and everything is after it."""
    order, beyond = question.order, "$lt" if question.newest else "$gt"
    values = dict(zip(order, _values(order, cursor), strict=True))
    branches = []
    for at, name in enumerate(order):
        same = {earlier: values[earlier] for earlier in order[:at]}
        branches.append({**same, name: {beyond: values[name]} if values[name] is not None else {"$ne": None}})
    return {"$or": branches}


def _values(order: tuple[str, ...], cursor: str) -> list[Any]:
    try:
        stated = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [_value(name, value) for name, value in zip(order, stated, strict=True)]
    except (ValueError, TypeError):
        raise Problem("TL-1603", "this cursor is not one of ours", fix="begin again without one", where="cursor", status=400) from None
    return values


def _value(name: str, value: Any) -> Any:
    if name == "grip":
        return int(value)
    if name == "_id":
        return str(value)
    return None if value is None else datetime.fromisoformat(value)
