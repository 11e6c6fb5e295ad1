"""The page on which somebody names, deletes and starts with the lists they keep; and where a list is kept."""

from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from infra.http import Answer
from infra.store import Conflict
from services.worklist import saved, words
from services.worklist.pages import Site
from services.worklist.rows import Row

TRIES = 5


class Keeping:
    """Whoever looks sees and changes their own, and nobody else's can be asked for."""

    def __init__(self, site: Site) -> None:
        self._site, self._board = site, site.answers.board

    def routes(self) -> list[BaseRoute]:
        return [
            self._site.guarded("/views", self.show, "see-lists"),
            self._site.guarded("/views", self.keep, "see-lists", "POST"),
            self._site.guarded("/views/{view}", self.change, "see-lists", "POST"),
        ]

    async def show(self, request: Request) -> Response:
        keeps = await self._board.own(request.state.principal.id)
        rows = [{**one, "what": _what(one["href"]), "start": one["id"] == keeps["start"]} for one in keeps["views"]]
        return self._site.render("views.html", request, rows=rows, most=saved.NAME_MAX, summary=f"{len(rows)} views")

    async def keep(self, request: Request) -> Response:
        """Leads back to the list, which is among one's own from now on."""
        stated = await request.form()
        href = saved.address(str(stated.get("href", "")))
        await self._changed(request, saved.kept(uuid4().hex, str(stated.get("name", "")), href))
        return RedirectResponse(href, 303)

    async def change(self, request: Request) -> Response:
        stated, id = await request.form(), request.path_params["view"]
        match stated.get("do"):
            case "rename":
                change = saved.renamed(id, str(stated.get("name", "")))
            case "delete":
                change = saved.dropped(id)
            case "start":
                change = saved.started(id)
            case "today":
                change = saved.started("")
            case _:
                why = "do is rename, delete, start or today"
                raise Answer("TL-1604", "a parameter of the request is not valid", why, "open your views again", "do", 400)
        await self._changed(request, change)
        return RedirectResponse("/views", 303)

    async def _changed(self, request: Request, change: saved.Change) -> None:
        """As it stands now, whatever another tab has done to it meanwhile."""
        for turn in range(TRIES):
            old = await self._board.own(request.state.principal.id)
            try:
                return await self._board.keep_own({**change(old), "v": old["v"] + 1})
            except Conflict:
                if turn == TRIES - 1:
                    raise


def _what(href: str) -> Row:
    """A kept list in words: which it is, under which tab, narrowed to what."""
    view = saved.view_of(href)
    if view is None:
        return {"list": href, "cuts": []}
    stated = dict(parse_qsl(href.partition("?")[2]))
    cuts = [words.who(value) if "/" in value else words.plain(value) for name, value in stated.items() if name != "tab"]
    tab = view.tab(stated.get("tab"))
    return {"list": view.name if len(view.tabs) == 1 else f"{view.name}: {tab.name.lower()}", "cuts": cuts}
