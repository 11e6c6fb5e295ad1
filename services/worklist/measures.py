"""Measures, each with the cases behind it: asked of the services that count them, in the reader's own name. Nothing is counted here.

A service counts one at a time, beside what it decides, and says when to ask again: so does the page. What was known at an instant that
has passed does not change, so a trend is asked for once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.worklist import questions, words
from services.worklist.acting import token_of
from services.worklist.pages import Site
from services.worklist.projections import item_of
from services.worklist.relay import Asked, Owners
from services.worklist.rows import Row

COUNTING = (("follow_up", "After discharge, into care"), ("authorization", "Payers"), ("crisis_routing", "Crisis"))
PARTS = ("met", "missed", "open", "cases", "left_out")
WEEKS, CASES_MAX, KEPT_MAX = 6, 100, 2_000
WIDTH, HEIGHT, FOOT = 48, 96, 16
"""Of one bar of a trend with its gap, of the highest one, and of the line under it, in the drawing's own units."""


class Measures:
    """The measures of a network; whose cases are in them, its services say."""

    def __init__(self, site: Site, owners: Owners) -> None:
        self.site, self.answers, self._owners = site, site.answers, owners
        self._then: dict[tuple[str, str, datetime], Sequence[Row]] = {}

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/measures", self.show, "see-measures")]

    async def show(self, request: Request) -> Response:
        asked = await asyncio.gather(*(self._owners.ask(service, "/v1/measures", token_of(request)) for service, _ in COUNTING))
        groups = [_group(service, name, found) for (service, name), found in zip(COUNTING, asked, strict=True)]
        of, part = request.query_params.get("of", ""), request.query_params.get("cases", "")
        chosen = next((one for group in groups for one in group["measures"] if one["id"] == of), None)
        bars = await self._trend(request, chosen) if chosen else []
        rows = await self._cases(request, chosen, part) if chosen and part in PARTS else None
        count = sum(len(group["measures"]) for group in groups)
        return self.site.render(
            "measures.html", request, groups=groups, chosen=chosen, bars=bars, rows=rows, part=words.plain(part), most=CASES_MAX,
            drawing=(len(bars) * WIDTH, HEIGHT + 2 * FOOT), summary=f"{count} measures",
        )  # fmt: skip

    async def _trend(self, request: Request, chosen: Row) -> list[Row]:
        """What it was at the end of each of the last weeks, as known then, and what it is. A week that cannot be told now is left out."""
        local = request.state.local
        today = local.day(self.answers.clock.now())
        found = [(f"{day:%d %b}", await self._value_at(request, chosen, local.midnight(day))) for day in _weeks(today)]
        return drawn([*((when, value) for when, value in found if value is not None), ("now", chosen["number"])], chosen["share"])

    async def _value_at(self, request: Request, chosen: Row, at: datetime) -> float | None:
        service, key = chosen["service"], (request.state.principal.id, chosen["service"], at)
        if key not in self._then:
            asked = await self._owners.ask(service, f"/v1/measures?as_of={quote(at.isoformat())}", token_of(request))
            if asked.status != 200:
                return None
            if len(self._then) >= KEPT_MAX:
                self._then.clear()
            self._then[key] = _group(service, "", asked)["measures"]
        return next((one["number"] for one in self._then[key] if one["id"] == chosen["id"]), None)

    async def _cases(self, request: Request, chosen: Row, part: str) -> list[Row]:
        """The people behind a number, those whom the reader may see; what is open can still be saved and comes first due."""
        reader = await self.answers.reader(request.state.principal)
        ids = list(dict.fromkeys(item_of(subject) for subject in chosen["parts"].get(part, ())))[:CASES_MAX]
        generation = await self.answers.board.current()
        known = await self.answers.board.documents(generation, ids)
        theirs = [known[id] for id in ids if id in known and questions.concerns(reader.concerned, known[id].get("concerns", ()))]
        return [{**row, "more": (), "do": None} for row in await self.answers.rows(reader.principal, theirs, "measure")]


def _weeks(today: date) -> list[date]:
    """The last Mondays, the oldest first."""
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]


def _group(service: str, name: str, asked: Asked) -> Row:
    """One service's measures, or why there are none now."""
    told = [measure(service, one) for one in asked.body.get("measures", ())] if asked.status == 200 else []
    later = f"It is being counted; ask again in {asked.retry_after} seconds." if asked.retry_after else "It cannot be asked now."
    why = "" if asked.status == 200 else "Your roles do not see these." if asked.status == 403 else later
    return {"service": service, "name": name, "measures": told, "why": why}


def measure(service: str, told: Mapping[str, Any]) -> Row:
    """A number, what it is of, and the parts that open to cases."""
    share = "rate" in told
    number = told["rate"] if share else told["mean"]
    value = "none yet" if number is None else f"{number:.0%}" if share else f"{number:.1f} {told['unit']}"
    parts = {name: told[name] for name in PARTS if name in told}
    labels = {"left_out": told.get("because", "left out"), "cases": "counted"}
    opens = [{"key": name, "name": labels.get(name, name), "count": len(ids)} for name, ids in parts.items()]
    return {"id": f"{service}:{told['name']}", "name": _named(told["name"]), "service": service, "share": share, "number": number,
            "value": value, "parts": parts, "opens": opens}  # fmt: skip


def _named(name: str) -> str:
    """`FUH-7` and `I-SERV service` are names of their own; `returned-within-15-days` is words."""
    return name if name != name.lower() else words.plain(name)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a trend, in the drawing's units."""

    when: str
    value: str
    x: int
    y: float
    height: float


def drawn(values: Sequence[tuple[str, float | None]], share: bool) -> list[Any]:
    """Bars of a trend, the oldest first: a share against all, a mean against the longest of them."""
    known = [(when, value) for when, value in values if value is not None]
    most = 1.0 if share else max((value for _, value in known), default=0.0) or 1.0
    found = []
    for place, (when, value) in enumerate(known):
        height = round(value / most * HEIGHT, 1)
        found.append(Bar(when, f"{value:.0%}" if share else f"{value:.1f}", place * WIDTH, round(FOOT + HEIGHT - height, 1), height))
    return found
