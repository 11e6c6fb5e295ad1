"""What somebody was told: of which item, when, whether they have seen it, whether anybody acted. Seen is not done."""

import re
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from infra.http import Answer
from services.worklist import questions, telling
from services.worklist.acting import key_of, token_of
from services.worklist.forms import first
from services.worklist.items import Document, by_kind
from services.worklist.lists import PAGE_ROWS
from services.worklist.pages import Site, capped, query
from services.worklist.relay import Answered, Owners
from services.worklist.rows import Row

TABS = (
    (telling.NEW, "Not seen yet", "You were told. The ladder climbs until somebody has seen it."),
    (telling.READ, "Seen, not done", "You said that you have seen it; it is still to be done."),
    (telling.DONE, "Acted on", "Whatever these called for was done, by whoever did it."),
)
ALERTS_MAX = 20
ABOUT = re.compile(r"[a-z][a-z-]*/[A-Za-z0-9._:-]{1,100}")


class Inbox:
    """The inbox of whoever looks; nobody else's can be asked for."""

    def __init__(self, site: Site, owners: Owners) -> None:
        self.site, self.answers, self._owners = site, site.answers, owners

    def routes(self) -> list[BaseRoute]:
        return [self.site.guarded("/inbox", self.show, "see-inbox"), self.site.guarded("/inbox", self.seen, "see-inbox", "POST")]

    async def show(self, request: Request) -> Response:
        return await self._page(request, None)

    async def seen(self, request: Request) -> Response:
        """ "I have seen it", sent on to its owner in the person's own name, for every call of the row. The ladders wait once more."""
        stated = await request.form()
        alerts = [str(one).rpartition(" ") for one in stated.getlist("alert")]
        if (
            not alerts
            or len(alerts) > ALERTS_MAX
            or not all(ABOUT.fullmatch(about) and 0 < len(alert) <= 100 for about, _, alert in alerts)
        ):
            raise Answer("TL-1604", "a parameter of the request is not valid", "no such alert", "open the inbox again", "alert", 400)
        facts = list[str]()
        for n, (about, _, alert) in enumerate(alerts):
            path, key = f"/v1/alerts/{about}/acknowledge", f"{key_of(stated)}-{n}"
            answer = await self._owners.give("notification", path, {"alert": alert}, token_of(request), key)
            if not answer.taken:
                return await self._page(request, answer)
            facts += [answer.fact] if answer.fact else []
        return RedirectResponse(f"/inbox?after={facts[-1]}" if facts else "/inbox", 303)

    async def _page(self, request: Request, answer: Answered | None) -> Response:
        person = request.state.principal
        chosen = next((one for one in TABS if one[0] == request.query_params.get("tab")), TABS[0])
        asked = questions.told(person.id, chosen[0])
        page = await questions.ask(self.answers.board, asked, request.query_params.get("cursor", ""), PAGE_ROWS)
        rows = await self.answers.rows(person, page.items, asked.name)
        people = [self._told(row, item, request) for row, item in zip(rows, page.items, strict=True)]
        tabs = [await self._tab(person.id, one, one is chosen) for one in TABS]
        status = 200 if answer is None else answer.status if answer.status < 500 else 503
        return self.site.render(
            "inbox.html", request, status=status, rows=people, tabs=tabs, hint=chosen[2], title=chosen[1], answer=answer, key=str(uuid4()),
            more=query(request, cursor=page.cursor) if page.cursor else "", summary=f"{len(people)} messages: {chosen[1].lower()}",
        )  # fmt: skip

    def _told(self, row: Row, item: Document, request: Request) -> Row:
        said = telling.of_person(by_kind(item["sections"]), request.state.principal.id, self.answers.clock.now(), self.answers.names.latest)
        return {**row, "told": said, "do": first(row, request.state.principal)}

    async def _tab(self, person: str, tab: tuple[str, str, str], chosen: bool) -> Row:
        count = await questions.count(self.answers.board, questions.told(person, tab[0]))
        return {
            "name": tab[1],
            "href": f"/inbox?tab={tab[0]}",
            "chosen": chosen,
            "count": capped(count),
            "alarm": tab[0] == telling.NEW and count > 0,
        }
