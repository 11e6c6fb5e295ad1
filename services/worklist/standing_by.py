"""Whoever stands by for a crisis, by the roster: a team that signs on and off, a facility that counts its beds."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from infra.http import Answer
from infra.identity import Principal
from services.worklist.acting import Acting
from services.worklist.fields import Form
from services.worklist.forms_crisis import STANDING_BY
from services.worklist.rows import Row
from services.worklist.views import CRISIS


class StandingBy:
    """A page for each thing that they say. Nothing need ever have been heard of them: the roster lists them."""

    def __init__(self, acting: Acting) -> None:
        self._acting, self._site = acting, acting.site

    def routes(self) -> list[BaseRoute]:
        path = "/standing-by/{command}/{id:path}"
        return [self._site.guarded(path, self.ask, "stand-by"), self._site.guarded(path, self.give, "stand-by", "POST")]

    async def ask(self, request: Request) -> Response:
        form, listed = await self._asked(request)
        return await self._acting.page(request, form, None, None, _begun(listed), None)

    async def give(self, request: Request) -> Response:
        form, listed = await self._asked(request)
        stated = await request.form()
        answer = await self._acting.sent(request, form, form.service, listed["id"], stated)
        if not answer.taken:
            return await self._acting.page(request, form, None, None, stated, answer)
        return RedirectResponse(f"{CRISIS.path}?after={answer.fact}" if answer.fact else CRISIS.path, 303)

    async def _asked(self, request: Request) -> tuple[Form, Row]:
        id, roster = request.path_params["id"], await self._site.answers.names.listed()
        form = next((one for one in STANDING_BY.get(kind_of(id), ()) if one.command == request.path_params["command"]), None)
        listed = next((one for one in (*roster.teams, *roster.facilities) if one["id"] == id), None)
        if form is None or listed is None:
            raise Answer("TL-1501", "there is no such page", "the roster does not list it", "open the crises again", status=404)
        return form, listed


def _begun(listed: Mapping[str, Any]) -> dict[str, str]:
    """A facility that has beds of one kind counts those."""
    beds = listed.get("beds", ())
    return {"back": CRISIS.path, **({"beds": beds[0]} if len(beds) == 1 else {})}


def may_say(principal: Principal) -> dict[str, tuple[Form, ...]]:
    """By kind: what somebody may say of those who stand by."""
    return {kind: tuple(form for form in forms if principal.roles & set(form.roles)) for kind, forms in STANDING_BY.items()}
