"""Pages on which people act: a command's form, a new referral; what was wrong is said where, and what was taken leads back to its item."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from infra.browser import COOKIE
from infra.http import Answer
from infra.identity import Principal
from services.worklist import forms, questions, reaching
from services.worklist.api import concerned, known
from services.worklist.fields import Form
from services.worklist.filling import body_of, clock_of, is_asked, shown, unsent
from services.worklist.forms_crisis import NEW_CONTACT
from services.worklist.forms_front import NEW_REFERRAL
from services.worklist.items import Document
from services.worklist.matches import KNOWN_BY
from services.worklist.pages import Site
from services.worklist.relay import Answered, Owners, speaker
from services.worklist.rows import Row, record_of
from services.worklist.views import CRISIS

NEW = {"/new": (NEW_REFERRAL, "enter"), "/new-contact": (NEW_CONTACT, "enter-contact")}
"""Pages of what begins something, and who has them."""
REACHES = ("log-contact", "log-attempt")
"""What is given by somebody who is about to reach the person, or just tried."""
LEAVES = ("decline-offer",)
"""What takes an item out of the sight of a desk that was only asked: it goes back to what else waits on it."""


class Acting:
    """Forms of a site, and the owners that their commands go to."""

    def __init__(self, site: Site, owners: Owners) -> None:
        self.site, self.answers, self._owners = site, site.answers, owners

    def routes(self) -> list[BaseRoute]:
        return [
            self.site.guarded("/do/{command}/{id:path}", self.show, "act"),
            self.site.guarded("/do/{command}/{id:path}", self.give, "act", "POST"),
            *(
                route
                for path, (form, action) in NEW.items()
                for route in (
                    self.site.guarded(path, partial(self.show_new, form), action),
                    self.site.guarded(path, partial(self.give_new, form), action, "POST"),
                )
            ),
        ]

    async def show(self, request: Request) -> Response:
        found, row, form = await self.asked(request)
        return await self.page(request, form, found, row, {}, None)

    async def give(self, request: Request) -> Response:
        """Sent on in the person's own name. What the owner refuses comes back with its reasons, and nothing that was typed is lost."""
        found, row, form = await self.asked(request)
        stated = await request.form()
        answer = await self.sent(request, form, form.service or speaker(found["sections"]), subject_of(row), stated)
        if not answer.taken:
            return await self.page(request, form, found, row, stated, answer)
        return RedirectResponse(back_to(stated, row["item"], answer), 303)

    async def show_new(self, form: Form, request: Request) -> Response:
        return await self.page(request, form, None, None, {"reference": f"OWN-{self.answers.clock.now():%y%m%d-%H%M%S}"}, None)

    async def give_new(self, form: Form, request: Request) -> Response:
        """A referral is looked at next; a contact is the crisis desk's, and what it opened is in the list of the crises."""
        stated = await request.form()
        answer = await self.sent(request, form, form.service, "", stated)
        if not answer.taken:
            return await self.page(request, form, None, None, stated, answer)
        if form is NEW_CONTACT:
            return RedirectResponse(CRISIS.path, 303)
        item = f"referral/{answer.fact.split('/')[2]}" if answer.fact.startswith("intake-events/request/") else ""
        return RedirectResponse(f"/items/{item}?after={answer.fact}" if item else "/pending", 303)

    async def sent(self, request: Request, form: Form, service: str, subject: str, stated: FormData) -> Answered:
        """What its owner said of it. A form that lacks something is not sent."""
        body, faults = body_of(form, stated, clock_of(stated, request))
        if faults:
            return unsent(faults)
        kind, _, id = subject.partition("/")
        path = form.path.format(kind=kind, id=id)
        return await self._owners.give(service, path, body, token_of(request), key_of(stated))

    async def asked(self, request: Request) -> tuple[Document, Row, Form]:
        found = await known(self.answers, request)
        (row,) = await self.answers.rows(request.state.principal, [found], "form", whole=True)
        form = forms.form_of(row, request.path_params["command"])
        if form is None:
            raise Answer(
                "TL-5701", "the console has no form for this command here", "the item may have gone on", "open the item again", status=404
            )
        return found, row, form

    async def _referrals(self, found: Document, principal: Principal) -> list[Document]:
        """Open referrals of the person of an item, as far as they concern whoever asks."""
        records = await questions.cluster(self.answers.board, record_of(found)) if record_of(found) else []
        beside = await questions.beside(self.answers.board, records, concerned(principal))
        return [one for theirs in beside.values() for one in theirs if one["kind"] == "referral"]

    async def _reached(self, request: Request, form: Form, found: Document | None) -> list[str]:
        """How this person is reached safely, for whoever may see them and logs that they tried."""
        if found is None or form.command not in REACHES or not (record := record_of(found)):
            return []
        shown = await self.answers.details(request.state.principal, record)
        return [*reaching.rules(shown.known), *filter(None, [reaching.interpreter(shown.known)])] if shown else []

    async def page(
        self,
        request: Request,
        form: Form,
        found: Document | None,
        row: Row | None,
        stated: Mapping[str, Any],
        answer: Answered | None,
        **more: Any,
    ) -> Response:
        """The form as it stands, with what its owner said of it: a fault of the owner's is none of whoever asked."""
        if found and any(field.of == "referrals" for field in form.fields):
            found = {**found, "beside": await self._referrals(found, request.state.principal)}
        listed, now, local = await self.answers.names.listed(), self.answers.clock.now(), clock_of(stated, request)
        fields = [field for one in form.fields if is_asked(field := shown(one, found, listed, stated, answer, local, now))]
        named = {field["path"] for field in fields}
        left = [fault for fault in answer.faults if fault.field not in named] if answer else []
        given = {"form": form, "row": row, "fields": fields, "answer": answer, "left": left, "key": stated.get("key") or str(uuid4())}
        given["zone"], given["reached"] = local.zone, await self._reached(request, form, found)
        command = request.path_params.get("command")  # of its form, or of a step towards it
        given["allowed_now"] = row is None or form.always or command in row["allowed"]
        given["back"] = stated.get("back") or request.query_params.get("back") or _way_back(form, row, request.state.principal)
        given["known_by"] = KNOWN_BY if form is NEW_REFERRAL else ()
        status = (answer.status if answer.status < 500 else 503) if answer else 200
        return self.site.render("form.html", request, status=status, **given, **more)


def _way_back(form: Form, row: Row | None, principal: Principal) -> str:
    leaves = form.command in LEAVES and concerned(principal) is not None
    return "/next-steps?tab=waiting" if leaves else f"/items/{row['item']}" if row else "/pending"


def subject_of(row: Row) -> str:
    """The aggregate that a command is about: of a referral, the one that leads."""
    return f"{row['lead'] or kind_of(row['item'])}/{row['item'].partition('/')[2]}"


def token_of(request: Request) -> str:
    return request.cookies.get(COOKIE) or request.headers.get("authorization", "").partition(" ")[2]


def key_of(stated: Mapping[str, Any]) -> str:
    """Made with the page, so that a second click, or another try, is the same command."""
    key = str(stated.get("key") or "")
    return key if 16 <= len(key) <= 128 and key.isascii() and key.isprintable() and " " not in key else str(uuid4())


def back_to(stated: Mapping[str, Any], item: str, answer: Answered) -> str:
    """To where the person came from, and only to a page of ours; with the fact that must be seen there."""
    back = str(stated.get("back") or "")
    safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else f"/items/{item}"
    path, _, question = safe.partition("?")
    kept = "&".join(part for part in question.split("&") if part and not part.startswith("after="))
    return f"{path}?{kept}{'&' if kept else ''}after={answer.fact}" if answer.fact else safe
