"""How people come in: a session in a cookie, and on a developer's machine a page to choose whom to be."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infra.browser import COOKIE, Entrance, way_back
from infra.http import Answer, Guarded
from infra.identity import Principal
from infra.issuer import LocalIssuer
from infra.problems import Problem

SESSION_MINUTES = 60
UNTIL = "throughline-until"
"""A cookie that the page itself reads: when the session ends, in seconds since 1970. It proves nothing, and is asked for nothing."""


@dataclass(frozen=True)
class Person:
    """Somebody whom a developer may be."""

    principal: Principal
    name: str


PEOPLE = (
    Person(Principal("staff/12", frozenset({"coordinator"})), "Robin, coordinator"),
    Person(Principal("staff/13", frozenset({"coordinator"})), "Jules, coordinator"),
    Person(Principal("staff/7", frozenset({"intake-desk"})), "Alexa, intake desk"),
    Person(Principal("staff/20", frozenset({"triage-clinician"})), "Lin, triage clinician"),
    Person(Principal("staff/31", frozenset({"program-desk"})), "Kim, program desks"),
    Person(Principal("staff/32", frozenset({"program-desk"})), "Ren, program desks"),
    Person(Principal("staff/81", frozenset({"authorization-desk"})), "Tom, authorization desk"),
    Person(Principal("staff/70", frozenset({"crisis-desk"})), "Sky, crisis desk"),
    Person(Principal("staff/72", frozenset({"program-desk", "mobile-team"})), "Pat, Oak mobile team"),
    Person(Principal("staff/74", frozenset({"program-desk", "crisis-facility"})), "Max, facilities"),
    Person(Principal("staff/21", frozenset({"supervisor"})), "Ana, intake supervisor"),
    Person(Principal("staff/80", frozenset({"clinical-supervisor"})), "Ines, clinical supervisor"),
    Person(Principal("staff/50", frozenset({"team-lead", "network-lead"})), "Noor, network lead"),
    Person(Principal("staff/60", frozenset({"data-steward"})), "Ellis, data steward"),
    Person(Principal("staff/91", frozenset({"partner"}), frozenset({"riverbend"})), "Riverbend Hospital (sees its own referrals)"),
    Person(Principal("staff/90", frozenset({"auditor"})), "Sam, auditor (sees no names)"),
)
"""Invented people, one for each role that looks at the board; in development alone."""
Refused = Callable[[Request, Principal, str, str | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Inside(Entrance):
    """The console's door. `refused` is told of who is not let through to what: a path that names nothing is not repeated to it."""

    refused: Refused | None = None

    async def admit(self, request: Request, action: str) -> Principal:
        try:
            return await Entrance.admit(self, request, action)
        except Problem as error:
            if self.refused and error.code == "TL-1402":
                there = self.item_of is not None and await self.item_of(request) is not None
                item = request.path_params["id"] if there else None
                await self.refused(request, request.state.caller, action, item)
            raise

    async def caller(self, request: Request) -> Principal:
        request.state.caller = await Entrance.caller(self, request)
        return request.state.caller  # type: ignore[no-any-return]


Render = Callable[..., Response]


def sign_in(render: Render, issuer: LocalIssuer, people: Sequence[Person], door: Inside) -> list[BaseRoute]:
    """For a developer's machine alone: choose whom to be. The cookie ends with its token; only a person's word makes it last longer."""
    by_id = {person.principal.id: person for person in people}

    def lasting(answer: Response, request: Request, principal: Principal) -> Response:
        """With a session that begins now."""
        ends, secure = SESSION_MINUTES * 60, request.url.scheme == "https"
        token = issuer.token(principal, SESSION_MINUTES)
        answer.set_cookie(COOKIE, token, max_age=ends, httponly=True, samesite="strict", secure=secure)
        answer.set_cookie(UNTIL, str(int(issuer.now().timestamp()) + ends), max_age=ends, samesite="strict", secure=secure)
        return answer

    async def choose(request: Request) -> Response:
        return render("sign_in.html", request, people=people, to=way_back(request, request.query_params.get("to", "/")))

    async def enter(request: Request) -> Response:
        form = await request.form()
        person = by_id.get(str(form.get("person", "")))
        if person is None:
            raise Answer("TL-1401", "nobody of that name can be chosen", status=400)
        return lasting(RedirectResponse(way_back(request, str(form.get("to", "/"))), 303), request, person.principal)

    async def stay(request: Request) -> Response:
        """Somebody who was warned goes on: the same session, from now. What only refreshes itself never comes here."""
        return lasting(Response(status_code=204), request, request.state.caller)

    return [
        Route("/sign-in", choose),
        Route("/sign-in", enter, methods=["POST"]),
        Guarded("/stay", stay, action="follow-changes", door=door, methods=("POST",)),
        Route("/sign-out", sign_out, methods=["POST"]),
    ]


async def sign_out(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    answer.delete_cookie(UNTIL, samesite="strict")
    return answer
