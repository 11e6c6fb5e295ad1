"""What somebody sees of a person by being on their care team, from whatever organisation.

As far as consent allows: what 42 CFR Part 2 protects only while a consent, or a recorded emergency, opens it to programs. They see;
what is done stays with whom it concerns.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.care_team import LEAD
from contracts.consents import Permit
from contracts.kernel import kind_of
from services.worklist import questions, words
from services.worklist.care_teams import PART
from services.worklist.items import Document, by_kind
from services.worklist.rows import record_of
from services.worklist.store import Board

TEAM, CONSENT = "care-team", "consent"


def parts(teams: Sequence[Document]) -> Iterator[Mapping[str, Any]]:
    for team in teams:
        for name, part in by_kind(team["sections"]).get(TEAM, {}).items():
            if name.startswith(PART):
                yield part


async def of(board: Board, record: str) -> list[Document]:
    """The team of a person, by any of their linked records."""
    return await beside(board, await questions.cluster(board, record), TEAM)


async def members(board: Board, items: Sequence[Document], now: datetime) -> dict[str, frozenset[str]]:
    """By item: who sees it by being on the person's team: people, and organisations that take part as such."""
    records = {item["_id"]: record_of(item) for item in items if kind_of(item["_id"]) != TEAM}
    teams = {record: _on(await of(board, record)) for record in set(records.values()) if record}
    concerned = [item for item in items if teams.get(records.get(item["_id"], ""))]
    return {item["_id"]: teams[records[item["_id"]]] for item in concerned if await _opens(board, item, now)}


def _on(teams: Sequence[Document]) -> frozenset[str]:
    return frozenset(part["member"] or part["organisation"] for part in parts(teams))


async def _opens(board: Board, item: Document, now: datetime) -> bool:
    """Whether consent lets a program see it. A record is as open as the most open of its referrals: it says who somebody is."""
    if not item.get("sensitivity"):
        return True
    about = [item]
    if kind_of(item["_id"]) == "record":
        about = [one for one in await questions.of_person(board, [item["_id"]]) if one["kind"] == "referral"]
        if any(not one.get("sensitivity") for one in about):
            return True
    consents = await beside(board, [one["_id"] for one in about], CONSENT)
    permits = [by_kind(one["sections"]).get(CONSENT, {}).get("permit") for one in consents]
    return any(Permit(**permit).opens("program", now) for permit in permits if permit)


async def beside(board: Board, ids: Sequence[str], kind: str) -> list[Document]:
    """Items of a kind that go by the same numbers as these."""
    generation = await board.current()
    return list((await board.documents(generation, [f"{kind}/{id.partition('/')[2]}" for id in ids])).values())


def shown(teams: Sequence[Document], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lead coordinator, then whoever takes part longest."""
    return [
        {"who": words.who(one["member"], names) if one.get("member") else "", "from": organisation(one["organisation"], names),
         "role": words.plain(one["role"]), "since": one["since"]}
        for one in sorted(parts(teams), key=lambda one: (one["role"] != LEAD, one["since"]))
    ]  # fmt: skip


def organisation(id: str, names: Mapping[str, str]) -> str:
    """A program by its id, a partner by its name as tokens have it."""
    return words.who(id if "/" in id else f"partner/{id}", names)
