"""In an emergency: somebody outside a person's care says why, and sees them for a while. And what was opened so, for whoever reviews it."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from infra.http import Answer
from services.worklist import questions
from services.worklist.acting import Acting
from services.worklist.api import caught_up
from services.worklist.forms_front import OPEN_ACCESS
from services.worklist.projections import OPENINGS
from services.worklist.rows import record_of


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
        """What waits to be reviewed, the next due first."""
        rows, page = await self.answers.page(request.state.principal, questions.of_kind(OPENINGS), request.query_params.get("cursor", ""))
        rows = [{**row, "more": [], "do": None} for row in rows]
        return self._site.render("emergencies.html", request, rows=rows, cursor=page.cursor, summary=f"{len(rows)} to review")
