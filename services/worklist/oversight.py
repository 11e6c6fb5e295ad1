"""What an auditor asks: who was shown what, who took a list away, who was refused. The asking is itself accounted for."""

from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.worklist import readings
from services.worklist.api import instant_of
from services.worklist.items import Document
from services.worklist.pages import Site, query

SHOWN = ("reader", "item", "record")


class Oversight:
    """The accounts of reading, as a page and as JSON."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        return [
            self.site.guarded("/readings", self.page, "see-readings"),
            self.site.guarded("/v1/readings", self.answer, "see-readings"),
        ]

    async def answer(self, request: Request) -> Response:
        """`?reader=&item=&record=&before=`: the newest first, a page at a time. `before` is the instant that the last page ended with."""
        found, before = await self._found(request)
        body = {"as_of": self.answers.clock.now(), "readings": [readings.told(one) for one in found], "before": before}
        return Response(orjson.dumps(body), media_type="application/json")

    async def page(self, request: Request) -> Response:
        found, before = await self._found(request)
        stated = {name: request.query_params.get(name, "")[:200] for name in SHOWN}
        more = query(request, before=before.isoformat()) if before else ""
        first = query(request, before=None) if request.query_params.get("before") else ""
        summary = f"{len(found)} readings shown"
        return self.site.render("readings.html", request, rows=found, stated=stated, more=more, first=first, summary=summary)

    async def _found(self, request: Request) -> tuple[list[Document], datetime | None]:
        asked = readings.asked(request.query_params, instant_of(request, "before"))
        found = await self.answers.board.readings(asked, readings.PAGE + 1)
        more = len(found) > readings.PAGE
        return found[: readings.PAGE], found[readings.PAGE - 1]["at"] if more else None
