"""The network's machinery: what is held back where, which feeds are silent, what was not heard. Nobody's care.

It says how much, never what or about whom, to whoever keeps it running. What each service measures of itself is on the dashboards; this is
what the read model knows.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts import catalogue
from contracts.feeds import feed_of
from services.worklist import questions, words
from services.worklist.items import by_kind
from services.worklist.pages import OPERATIONS, Site, capped
from services.worklist.questions import LIMIT_MAX, Question
from services.worklist.rows import Row

SERVICES = tuple(dict.fromkeys(topic.owner for topic in catalogue.TOPICS if topic.owner in catalogue.SERVICES))
KEPT: Mapping[str, Callable[[str], Question]] = {
    "Quarantined": lambda service: questions.of_kind("input", service),
    "Held back": lambda service: questions.of_kind("parked", service).also(status="parked"),
    "Waits for a cause": lambda service: questions.of_kind("parked", service).also(status="message-overdue"),
}
"""What a service keeps for somebody to look at."""
SILENT = questions.of_kind("feed")


class Operations:
    """One page of counts."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded(OPERATIONS, self.show, "see-operations")]

    async def show(self, request: Request) -> Response:
        now, board = self.answers.clock.now(), self.answers.board
        services = await asyncio.gather(*(self._service(service, now) for service in SERVICES))
        silent, missing = await self._counts([SILENT, self.answers.gaps()])
        feeds, rebuilding = await self._feeds(now), len(await board.generations()) > 1
        tiles = [_tile(name, sum(one["counts"][name] for one in services)) for name in KEPT]
        tiles += [_tile("Silent feeds", silent), _tile("Items that miss an event", missing)]
        summary = ", ".join(f"{tile['count']} {tile['name'].lower()}" for tile in tiles)
        return self.site.render(
            "operations.html", request, tiles=tiles, columns=tuple(KEPT), services=services, feeds=feeds, rebuilding=rebuilding,
            summary=summary,
        )  # fmt: skip

    async def _service(self, service: str, now: datetime) -> Row:
        """What one service keeps, and by when somebody must have looked at the first of it."""
        asked = [ask(service) for ask in KEPT.values()]
        counts = await self._counts(asked)
        due = await self._due([one for one, count in zip(asked, counts, strict=True) if count])
        return {"name": words.plain(service), "counts": dict(zip(KEPT, counts, strict=True)),
                "due": words.due(due, now) if due else "", "late": bool(due and due < now)}  # fmt: skip

    async def _counts(self, asked: Sequence[Question]) -> list[int]:
        return await asyncio.gather(*(questions.count(self.answers.board, one) for one in asked))

    async def _due(self, asked: Sequence[Question]) -> datetime | None:
        found = await asyncio.gather(*(questions.first(self.answers.board, one) for one in asked))
        return min((one["due"] for one in found if one and one["due"]), default=None)

    async def _feeds(self, now: datetime) -> list[Row]:
        """Partners and programs of which nothing is heard: the network's own names, the longest silent first."""
        listed = await self.answers.names.listed()
        named, programs = (
            {feed_of(id): name for id, name in listed.names.items()},
            {feed_of(one["id"]): one["id"] for one in listed.programs},
        )
        silent = (await questions.ask(self.answers.board, SILENT, limit=LIMIT_MAX)).items
        since = {one["_id"]: by_kind(one["sections"]).get("feed", {}).get("silent_since") for one in silent}
        told = [{"name": named.get(id, words.plain(id.partition("/")[2])), "since": at, "ago": words.since(at, now),
                 "program": programs.get(id, "")}
                for id, at in since.items()]  # fmt: skip
        return sorted(told, key=lambda one: (one["since"] is None, one["since"]))


def _tile(name: str, count: int) -> Row:
    return {"name": name, "count": capped(count), "alarm": count > 0}
