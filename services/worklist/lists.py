"""Pages that are lists: *Today*, every view of `views.py`, and a list as a file."""

import asyncio
import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from services.worklist import questions, saved, views, visits, words
from services.worklist.away import news as away_news
from services.worklist.forms import first
from services.worklist.local import Local
from services.worklist.pages import OPERATIONS, TODAY, Site, capped, query
from services.worklist.questions import Question
from services.worklist.rows import Row
from services.worklist.standing_by import may_say
from services.worklist.views import Reader, Tab, View

PAGE_ROWS, TODAY_ROWS, EXPORTED_MAX = 50, 8, 2_000
COLUMNS = (
    "risk",
    "name",
    "reference",
    "kind",
    "action",
    "due",
    "owner",
    "waiting_on",
    "since",
    "last_contact",
    "status",
    "service",
    "partner",
)


class Lists:
    """The lists of a site."""

    def __init__(self, site: Site) -> None:
        self.site, self.answers = site, site.answers

    def routes(self) -> list[BaseRoute]:
        held = {views.HELD.path: "see-held"}
        found: list[BaseRoute] = [
            self.site.guarded("/", self.start, "hold-session"),
            self.site.guarded(TODAY, self.today, "see-lists"),
        ]
        for view in views.VIEWS:
            found.append(self.site.guarded(view.path, self._view(view), held.get(view.path, "see-lists")))
            found.append(self.site.guarded(f"{view.path}/export", self._export(view), "export-list", "GET", "POST"))
        return found

    async def start(self, request: Request) -> Response:
        """What somebody starts with: *Today*, or a list that they keep; *Operations* for who has none."""
        if not self.site.may(request.state.principal, "see-lists"):
            return RedirectResponse(OPERATIONS, 303)
        chosen = saved.start_of(request.state.own) if "hx-request" not in request.headers else ""
        return RedirectResponse(chosen, 303) if chosen else await self.today(request)

    async def today(self, request: Request) -> Response:
        """Every count with its zero, and what is first in each of the three lists that a morning begins with."""
        reader = await self.answers.reader(request.state.principal, request.state.local)
        counts = await asyncio.gather(*(self._count(reader, one.ask(reader)) for one in views.TODAY))
        tiles = [
            {"name": one.name, "href": one.href, "count": capped(count), "alarm": one.alarm and count > 0, "zero": count == 0}
            for one, count in zip(views.TODAY, counts, strict=True)
        ]
        third = (views.OVERDUE, "team") if reader.concerned is None else (views.STEPS, "waiting")
        morning = [(views.CRISIS, "all"), (views.CRISIS, "overnight"), (views.STEPS, "mine"), third]
        lists = [await self._top(request, reader, view, view.tab(key)) for view, key in morning]
        lists = [one for one in lists if one["rows"] or one["key"] != "overnight"]
        away = visits.away_since(request.state.own, reader.now) if "hx-request" not in request.headers else None
        news = await away_news(self.answers, reader, away) if away else []
        return self.site.render("today.html", request, tiles=tiles, lists=lists, away=away, news=news, summary=_told(tiles))

    def _view(self, view: View) -> Any:
        async def shown(request: Request) -> Response:
            reader, tab = await self.answers.reader(request.state.principal, request.state.local), view.tab(request.query_params.get("tab"))
            tabs = await self._tabs(request, reader, view, tab)
            narrowed = tab.ask(reader).also(**views.chosen(view, request.query_params))
            whole = request.query_params.get("names") == "full"
            rows, page = await self.answers.page(reader.principal, narrowed, request.query_params.get("cursor", ""), PAGE_ROWS, whole)
            people = await self._people(reader, rows)
            given: Row = {
                "view": view,
                "tab": tab,
                "tabs": tabs,
                "rows": people,
                "filters": self._filters(request, view, rows),
                "whole": whole,
            }
            given |= {"more": query(request, cursor=page.cursor) if page.cursor else "", "shown": view.shown, "extra": {}}
            given |= {"first": query(request, cursor=None) if request.query_params.get("cursor") else ""}
            given |= {"names_href": query(request, names=None if whole else "full", cursor=None)}
            given |= {"export": query(request, cursor=None).replace(view.path, f"{view.path}/export", 1)}
            given |= {"keeps": query(request, names=None, cursor=None, after=None), "name_max": saved.NAME_MAX}
            given["may_export"] = self.site.may(reader.principal, "export-list")
            if view is views.CRISIS:
                given["extra"] = {**await self.answers.resources(), "may": may_say(reader.principal)}
                given["extra"]["may_enter"] = self.site.may(reader.principal, "enter-contact")
            return self.site.render("view.html", request, summary=f"{len(people)} people shown in {view.name}", **given)

        return shown

    async def _top(self, request: Request, reader: Reader, view: View, tab: Tab) -> Row:
        rows, page = await self.answers.page(reader.principal, tab.ask(reader), "", TODAY_ROWS)
        people = await self._people(reader, rows)
        return {
            "key": tab.key,
            "name": view.name if tab is view.tabs[0] and view is not views.STEPS else f"{view.name}: {tab.name.lower()}",
            "rows": people,
            "href": f"{view.path}?tab={tab.key}",
            "more": bool(page.cursor),
            "empty": tab.empty or view.empty,
            "shown": view.shown,
        }

    async def _people(self, reader: Reader, rows: Sequence[Row]) -> list[Row]:
        """One row a person, each with the first thing that this reader may do."""
        people = await self.answers.grouped(reader.principal, rows)
        return [{**row, "do": first(row, reader.principal)} for row in people]

    async def _tabs(self, request: Request, reader: Reader, view: View, chosen: Tab) -> list[Row]:
        counts = await asyncio.gather(*(self._count(reader, tab.ask(reader)) for tab in view.tabs))
        return [
            {
                "name": tab.name,
                "href": f"{view.path}?tab={tab.key}",
                "chosen": tab is chosen,
                "count": capped(count),
                "alarm": tab.alarm and count > 0,
            }
            for tab, count in zip(view.tabs, counts, strict=True)
        ]

    async def _count(self, reader: Reader, question: Question) -> int:
        return await questions.count(self.answers.board, question.within(reader.concerned))

    def _filters(self, request: Request, view: View, rows: Sequence[Row]) -> list[Row]:
        """What a list can be narrowed by: what stands in this page of it, and what is chosen."""
        found = []
        for name in view.filters:
            chosen = request.query_params.get(name, "")
            values = sorted({row["codes"][name] for row in rows if row["codes"].get(name)} | ({chosen} if chosen else set()))
            options = [
                {"value": value, "name": words.who(value) if "/" in value else words.plain(value), "chosen": value == chosen}
                for value in values
            ]
            found.append({"name": name, "label": words.plain(name), "options": options, "chosen": chosen})
        return found

    def _export(self, view: View) -> Any:
        async def exported(request: Request) -> Response:
            """Asks first: what leaves the console is no longer looked after by it. Then the list as it is."""
            reader, tab = await self.answers.reader(request.state.principal, request.state.local), view.tab(request.query_params.get("tab"))
            back = query(request).replace(f"{view.path}/export", view.path, 1)
            if request.method == "GET":
                return self.site.render("export.html", request, view=view, tab=tab, back=back, most=EXPORTED_MAX)
            question = tab.ask(reader).also(**views.chosen(view, request.query_params))
            rows = await self._every(reader, question)
            request.state.exported = len(rows)
            headers = {"content-disposition": f'attachment; filename="{view.path[1:]}-{reader.local.at(reader.now):%Y%m%d-%H%M}.csv"'}
            return Response(as_csv(rows, reader.local), media_type="text/csv; charset=utf-8", headers=headers)

        return exported

    async def _every(self, reader: Reader, question: Question) -> list[Row]:
        rows: list[Row] = []
        cursor = ""
        while len(rows) < EXPORTED_MAX:
            page = await questions.ask(self.answers.board, question.within(reader.concerned), cursor, questions.LIMIT_MAX)
            rows += await self.answers.rows(reader.principal, page.items, f"export of {question.name}")
            if not (cursor := page.cursor):
                break
        return rows


def as_csv(rows: Iterable[Row], local: Local) -> str:
    """With a heading; instants by the reader's clock, with its offset. A cell that a spreadsheet would take for a formula is made text."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row.get(name), local) for name in COLUMNS] for row in rows)
    return out.getvalue()


def _cell(value: Any, local: Local) -> str:
    instant = local.at(value).isoformat() if isinstance(value, datetime) else ""
    text = instant or ("; ".join(value) if isinstance(value, list) else str(value or ""))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _told(tiles: Sequence[Row]) -> str:
    """For who listens to the page: what is wrong, or that nothing is."""
    wrong = [f"{tile['count']} {tile['name']}" for tile in tiles if tile["alarm"]]
    return ", ".join(wrong) or "Nothing is late, unowned or in crisis"
