"""The network as it stands: partners and their agreements, programs and how they answer, silent feeds, and the rules in force."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.worklist import agreed, questions, responding, ruled, words
from services.worklist.api import waited
from services.worklist.items import Document, by_kind
from services.worklist.pages import Site, capped
from services.worklist.questions import Question
from services.worklist.rows import Row

LISTED_MAX = 200
TIMED_OVER = timedelta(days=90)
Times = Mapping[tuple[str, str], responding.Took]


class Network:
    """Who belongs to the network, and by which clocks it works."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/network", self.show, "see-network")]

    async def show(self, request: Request) -> Response:
        await waited(self.answers, request)
        listed, now = await self.answers.names.listed(), self.answers.clock.now()
        times = responding.times(await questions.responses(self.answers.board, now - TIMED_OVER))
        partners = await asyncio.gather(*(self._partner(one, now, times) for one in listed.partners[:LISTED_MAX]))
        programs = await asyncio.gather(*(self._program(one, now, times) for one in listed.programs[:LISTED_MAX]))
        silent, _ = await self.answers.page(request.state.principal, questions.of_kind("feed"))
        feeds = [{**row, "more": (), "do": None} for row in silent]
        summary = f"{len(partners)} partners, {len(programs)} programs, {len(feeds)} silent feeds"
        in_force = ruled.rules(request.state.local.day(now))
        may_report = self.site.may(request.state.principal, "report-feed")
        return self.site.render(
            "network.html", request, partners=partners, programs=programs, feeds=feeds, rules=in_force, may_report=may_report,
            summary=summary,
        )  # fmt: skip

    async def _partner(self, item: Document, now: datetime, times: Times) -> Row:
        """Its agreement, what is pending of what it sent, and since when the longest of that has waited."""
        said, sent = by_kind(item["sections"]).get("partner", {}), item["_id"].partition("/")[2]
        pending = questions.pending_referrals({"partner": sent})
        count, first = await asyncio.gather(self._count(pending), questions.first(self.answers.board, pending))
        return {"name": said.get("name", sent), "agreement": agreed.agreement(said, now), "count": count,
                "waits": words.length(now - first["requested_at"]) if first and first.get("requested_at") else "", "id": sent,
                "acknowledged": times.get((responding.ACKNOWLEDGE, item["_id"])),
                "informs": times.get((responding.INFORMATION, item["_id"]))}  # fmt: skip

    async def _program(self, listed: Mapping[str, Any], now: datetime, times: Times) -> Row:
        """What waits for its answer now, and by when the first of it is due: how a program responds is seen before it is late."""
        desk = listed["desk"]
        waiting = Question(f"waiting-{desk}", {"open": True, "concerns": desk, "waiting_on": desk}, ("due", "_id"))
        count, first = await asyncio.gather(self._count(waiting), questions.first(self.answers.board, waiting))
        due = first["due"] if first else None
        return {"name": listed["name"], "services": ", ".join(words.plain(one) for one in listed["services"]), "places": listed["places"],
                "count": count, "due": words.due(due, now) if first else "", "late": bool(due and due < now), "id": listed["id"],
                "answers": times.get((responding.ANSWER, listed["id"]))}  # fmt: skip

    async def _count(self, question: Question) -> str:
        return capped(await questions.count(self.answers.board, question))
