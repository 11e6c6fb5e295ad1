"""In an emergency: somebody outside a person's care says why, and sees them for a while. And what was opened so, for whoever reviews it."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from infra.http import Answer
from services.worklist import history, questions, words
from services.worklist.acting import Acting
from services.worklist.api import caught_up
from services.worklist.forms_front import OPEN_ACCESS
from services.worklist.front_door import OPENINGS
from services.worklist.lists import PAGE_ROWS
from services.worklist.pages import capped, query
from services.worklist.rows import Row, record_of

TO_REVIEW, REVIEWED = "to-review", "reviewed"


class Opening:
    """The way in, and the list of those who took it."""

    def __init__(self, acting: Acting) -> None:
        self._acting, self._site, self.answers = acting, acting.site, acting.answers

    def routes(self) -> list[BaseRoute]:
        return [
            self._site.guarded("/emergency/{id:path}", self.ask, "open-in-emergency"),
            self._site.guarded("/emergency/{id:path}", self.open, "open-in-emergency", "POST"),
            self._site.guarded("/emergencies", self.listed, "see-emergencies"),
        ]

    async def ask(self, request: Request) -> Response:
        """Asked whether or not there is such an item: that is told to nobody who has not said why they must know."""
        back = {"back": f"/items/{request.path_params['id']}"}
        return await self._acting.page(request, OPEN_ACCESS, None, None, back, None)

    async def open(self, request: Request) -> Response:
        """Open when the board has heard of it, so that the next page is shown."""
        id, stated = request.path_params["id"], await request.form()
        found = await questions.item(self.answers.board, id)
        if found is None or not (record := record_of(found)):
            raise Answer("TL-5720", "there is nobody here whom this could open", "the item is about nobody we know", "", status=404)
        answer = await self._acting.sent(request, OPEN_ACCESS, OPEN_ACCESS.service, record, stated)
        if not answer.taken:
            return await self._acting.page(request, OPEN_ACCESS, None, None, stated, answer)
        if answer.fact:
            await caught_up(self.answers.board, answer.fact)
        return RedirectResponse(f"/{'people' if id.startswith('record/') else 'items'}/{id}", 303)

    async def listed(self, request: Request) -> Response:
        """What waits to be reviewed, the next due first; what was reviewed, the last first."""
        tabs, asked = await self._tabs(request.query_params.get("tab")), request.query_params
        (chosen,) = (one for one in tabs if one["chosen"])
        rows, page = await self.answers.page(request.state.principal, chosen["question"], asked.get("cursor", ""), PAGE_ROWS)
        people = [{**row, "more": [], "do": None} for row in rows]
        if chosen["key"] == REVIEWED:
            people = [{**row, "review": await self._review(row["item"])} for row in people]
        return self._site.render(
            "emergencies.html", request, rows=people, tabs=tabs, tab=chosen, more=query(request, cursor=page.cursor) if page.cursor else "",
            first=query(request, cursor=None) if asked.get("cursor") else "", summary=f"{len(people)} shown: {chosen['name'].lower()}",
        )  # fmt: skip

    async def _tabs(self, wanted: str | None) -> list[Row]:
        waits, done = questions.of_kind(OPENINGS), questions.reviewed(self.answers.clock.now())
        counts = [await questions.count(self.answers.board, one) for one in (waits, done)]
        return [
            {"key": TO_REVIEW, "name": "To review", "question": waits, "chosen": wanted != REVIEWED, "count": capped(counts[0]),
             "href": "/emergencies", "alarm": counts[0] > 0, "empty": "Nothing waits to be reviewed."},
            {"key": REVIEWED, "name": "Reviewed", "question": done, "chosen": wanted == REVIEWED, "count": capped(counts[1]),
             "href": f"/emergencies?tab={REVIEWED}", "alarm": False, "empty": "Nothing was reviewed yet."},
        ]  # fmt: skip

    async def _review(self, item: str) -> Row:
        """The last review of what was opened of a person; those before stand on its own page."""
        names, told = await self.answers.names.known(), history.reviews(await questions.timeline(self.answers.board, item))
        last = told[-1]
        opened = [{**one, "who": words.who(one["by"], names)} for one in last.opened]
        return {"who": words.who(last.by, names), "at": last.at, "finding": last.finding, "opened": opened}
