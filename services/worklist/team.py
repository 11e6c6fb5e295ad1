"""Per worker: what they answer for, what of it is late, where somebody above them was already called; and handing it to another."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts.caseloads import caseload_of
from services.worklist import questions, words
from services.worklist.forms import offered
from services.worklist.items import by_kind
from services.worklist.lists import PAGE_ROWS
from services.worklist.pages import Site, capped, query
from services.worklist.rows import Listed, Row
from services.worklist.telling import NEW

HAND_OVER = ("ask-hand-off", "ask-hand-over")
"""What gives an item to somebody else. It stays with its owner until they accept."""
WORKERS_MAX = 200
COLUMNS = (("load", "Answers for"), ("late", "Late"), ("escalated", "Escalated"), ("seen", "Told, not seen"))


class Team:
    """The team of a network, as its directory lists it."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/team", self.show, "see-team")]

    async def show(self, request: Request) -> Response:
        listed, now = await self.answers.names.listed(), self.answers.clock.now()
        workers = by_worker(listed)
        counts = await self._counts(workers, now)
        told = [_told(worker, duties, [found.get(worker, 0) for found in counts], listed) for worker, duties in workers.items()]
        limits = await self._caseloads({who: limit for who, limit in listed.caseloads if who in workers})
        told = [{**one, "caseload": limits.get(one["id"])} for one in told]
        chosen = request.query_params.get("of", "")
        given = await self._theirs(request, chosen) if chosen in workers else {"rows": None, "more": ""}
        late = sum(one["late"] for one in told)
        return self.site.render(
            "team.html", request, workers=sorted(told, key=_worst), columns=COLUMNS, of=chosen if chosen in workers else "",
            chosen=words.who(chosen, listed.names), summary=f"{len(told)} workers, {late} late", **given,
        )  # fmt: skip

    async def _counts(self, workers: Collection[str], now: datetime) -> list[dict[str, int]]:
        """By worker, in the order of COLUMNS. Everybody's at once: a question for each of hundreds takes seconds."""
        tally, theirs = self.answers.board.tally, {"open": True, "owner": {"$in": sorted(workers)}}
        generation = await self.answers.board.current()
        *owned, told = await asyncio.gather(
            *(tally(generation, {**theirs, **narrowed}, "owner") for narrowed in ({}, {"due": {"$lt": now}}, {"escalated": True})),
            tally(generation, questions.unseen().query, "inbox"),
        )
        return [*owned, {worker: told.get(f"{NEW}/{worker}", 0) for worker in workers}]

    async def _caseloads(self, most: Mapping[str, int]) -> dict[str, dict[str, int]]:
        """Of those who have a limit: how much counts towards it, as assignment counts, and the limit."""
        generation = await self.answers.board.current()
        found = await self.answers.board.documents(generation, [caseload_of(who) for who in most])
        sections = {id: by_kind(document["sections"]).get("caseload", {}) for id, document in found.items()}
        return {who: {"count": sections.get(caseload_of(who), {}).get("count") or 0, "limit": limit} for who, limit in most.items()}

    async def _theirs(self, request: Request, worker: str) -> dict[str, Any]:
        """What one worker answers for, the next due first, each with how it is handed over."""
        principal = request.state.principal
        rows, page = await self.answers.page(principal, questions.my_next_steps(worker), request.query_params.get("cursor", ""), PAGE_ROWS)
        people = [{**row, "do": _hand_over(row, principal)} for row in await self.answers.grouped(principal, rows)]
        return {"rows": people, "more": query(request, cursor=page.cursor) if page.cursor else ""}


def by_worker(listed: Listed) -> dict[str, list[str]]:
    """Everybody whom the directory lists, each with their duties."""
    found: dict[str, list[str]] = {}
    for duty, people in listed.staff:
        for person in people:
            if duty not in found.setdefault(person, []):
                found[person].append(duty)
    return dict(list(found.items())[:WORKERS_MAX])


def _hand_over(row: Row, principal: Any) -> Any:
    return next((form for form in offered(row, principal) if form.command in HAND_OVER), None)


def _told(worker: str, duties: Sequence[str], counts: Sequence[int], listed: Listed) -> Row:
    load, late, escalated, unseen = counts
    names = ", ".join(words.who(duty, listed.names) for duty in duties)
    shown = dict(zip((name for name, _ in COLUMNS), map(capped, counts), strict=True))
    return {"id": worker, "name": words.who(worker, listed.names), "duties": names, "load": load, "late": late, "escalated": escalated,
            "unseen": unseen, "shown": shown}  # fmt: skip


def _worst(one: Mapping[str, Any]) -> tuple[int, int, int, str]:
    """Where a supervisor looks first."""
    return (-one["escalated"], -one["late"], -one["load"], one["id"])
