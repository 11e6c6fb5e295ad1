"""The page on which a steward repairs an input: opened with a reason, mended, and decided under its own identity by whoever keeps it."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from services.worklist.acting import Acting, back_to, subject_of
from services.worklist.forms_kept import FORMS, REVEAL
from services.worklist.items import Document, by_kind
from services.worklist.relay import speaker
from services.worklist.rows import Row

REPAIR = next(form for form in FORMS["input"] if form.command == "repair")


class Repairing:
    """Two steps of one address: without a value it asks why, and opens; with one it sends it on."""

    def __init__(self, acting: Acting) -> None:
        self._acting, self._site = acting, acting.site

    def routes(self) -> list[BaseRoute]:
        path = "/do/repair/{id:path}"
        return [self._site.guarded(path, self.ask, "act"), self._site.guarded(path, self.give, "act", "POST")]

    async def ask(self, request: Request) -> Response:
        found, row = await self._kept(request)
        return await self._acting.page(request, REVEAL, found, row, {}, None)

    async def give(self, request: Request) -> Response:
        found, row = await self._kept(request)
        stated = await request.form()
        form = REPAIR if "value" in stated else REVEAL
        answer = await self._acting.sent(request, form, speaker(found["sections"]), subject_of(row), stated)
        if form is REVEAL and answer.taken:
            opened = {"value": answer.said["value"], "back": stated.get("back", "")}
            return await self._acting.page(request, REPAIR, found, row, opened, None, known_faults=_faults(found))
        if answer.taken:
            return RedirectResponse(back_to(stated, row["item"], answer), 303)
        return await self._acting.page(request, form, found, row, stated, answer, known_faults=_faults(found))

    async def _kept(self, request: Request) -> tuple[Document, Row]:
        request.path_params["command"] = REPAIR.command
        found, row, _ = await self._acting.asked(request)
        return found, row


def _faults(found: Document) -> list[Mapping[str, Any]]:
    """What was wrong with it when it came: where, and what to do."""
    return list(by_kind(found["sections"]).get("input", {}).get("issues", ()))
