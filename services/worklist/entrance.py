"""How people come in: through an OpenID provider, whichever it is, into a session in a cookie; and how they leave."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from hmac import digest
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infra.browser import COOKIE, Entrance, way_back
from infra.http import Guarded
from infra.identity import Principal
from infra.problems import Problem
from infra.sealing import brought_back, carried
from infra.settings import Settings
from services.worklist.issuing import BACK
from services.worklist.openid import Begun, Entered, Provider, failed

UNTIL = "throughline-until"
"""A cookie that the page itself reads: when the session ends, in seconds since 1970. It proves nothing, and is asked for nothing."""
RENEW, BEGUN, BEGUN_S = "throughline-renew", "throughline-begun", 600
"""What renews a session, sent to `/stay` alone; and what was begun, one cookie for each tab, for so long. Sealed: no browser reads them."""
SIGN_IN, STAY, SIGN_OUT = "/sign-in", "/stay", "/sign-out"
Refused = Callable[[Request, Principal, str, str | None], Awaitable[None]]
Emergency = Callable[[Principal, str], Awaitable[tuple[Principal, datetime] | None]]
SEEING = "see-item"
Render = Callable[..., Response]
Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Inside(Entrance):
    """The console's door. `refused` is told of who is not let through to what: a path that names nothing is not repeated to it."""

    refused: Refused | None = None
    emergency: Emergency | None = None

    async def admit(self, request: Request, action: str) -> Principal:
        try:
            return await Entrance.admit(self, request, action)
        except Problem as error:
            if error.code == "TL-1402" and action == SEEING and (wider := await self._opened(request, action)):
                return wider
            if self.refused and error.code == "TL-1402":
                there = self.item_of is not None and await self.item_of(request) is not None
                item = request.path_params["id"] if there else None
                await self.refused(request, request.state.caller, action, item)
            raise

    async def _opened(self, request: Request, action: str) -> Principal | None:
        """Whoever opened this person in an emergency, which the page then says loudly. It opens seeing, never doing."""
        found = await self.emergency(request.state.caller, request.path_params["id"]) if self.emergency else None
        if found is None or self.item_of is None or not self.access.may(found[0], action, await self.item_of(request)):
            return None
        request.state.caller, request.state.emergency = found
        return found[0]

    async def caller(self, request: Request) -> Principal:
        request.state.caller = await Entrance.caller(self, request)
        return request.state.caller  # type: ignore[no-any-return]


class Sessions:
    """Begins, renews and ends sessions. `secret` seals what a browser keeps for us."""

    def __init__(self, provider: Provider, door: Inside, render: Render, settings: Settings, secret: str) -> None:
        self._provider, self._door, self._render = provider, door, render
        self._key = digest(secret.encode(), b"throughline: what browsers keep of a sign-in", "sha256")
        self._board, self._development = settings.board_url.rstrip("/"), settings.development

    def routes(self) -> list[BaseRoute]:
        return [
            Route(SIGN_IN, self._said(self.begin)),
            Route(BACK, self._said(self.finish)),
            Guarded(STAY, self.stay, action="hold-session", door=self._door, methods=("POST",)),
            Route(SIGN_OUT, self.leave, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        to = way_back(request, request.query_params.get("to", "/"))
        base = self._base(request)
        if not str(request.base_url).startswith(f"{base}/"):  # the provider leads back to the board's own name, and cookies are of a name
            return RedirectResponse(f"{base}{SIGN_IN}?to={quote(to, safe='')}", 303)
        begun = await self._provider.begin(base + BACK)
        answer = RedirectResponse(begun.url, 303)
        kept = carried({**asdict(begun), "url": "", "to": to, "until": self._door.identity.now() + BEGUN_S}, self._key, BEGUN)
        answer.set_cookie(_tab(begun.state), kept, BEGUN_S, path=SIGN_IN, secure=self._secure(request), httponly=True, samesite="lax")
        return answer

    async def finish(self, request: Request) -> Response:
        """Back from the provider. What was begun is forgotten at once, so that it cannot be finished twice."""
        state = request.query_params.get("state", "")
        known = brought_back(request.cookies.get(_tab(state), ""), self._key, BEGUN) or {}
        if not state or known.get("state") != state or known["until"] < self._door.identity.now():
            raise failed("this sign-in was not begun in this browser, or too long ago")
        begun = Begun("", state, known["nonce"], known["verifier"])
        entered = await self._provider.finish(request.query_params, begun, self._base(request) + BACK)
        answer = self._onward(request, known["to"], "You are signed in")
        answer.delete_cookie(_tab(state), path=SIGN_IN, httponly=True, samesite="lax")
        return self._lasting(answer, request, entered)

    async def stay(self, request: Request) -> Response:
        """Somebody who was warned goes on: the same session, from now. What only refreshes itself never comes here."""
        refresh = (brought_back(request.cookies.get(RENEW, ""), self._key, RENEW) or {}).get("refresh", "")
        entered = await self._provider.renew(Entered("", 0, refresh), request.state.caller.id)
        return self._lasting(Response(status_code=204), request, entered)

    async def leave(self, request: Request) -> Response:
        """Ours ends whatever the provider does; then its own, so that the next person at this desk is asked who they are."""
        base = self._base(request)
        answer = self._onward(request, await self._provider.leaving(f"{base}{SIGN_IN}") or SIGN_IN, "You are signed out")
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        answer.delete_cookie(UNTIL, samesite="strict")
        answer.delete_cookie(RENEW, path=STAY, httponly=True, samesite="strict")
        return answer

    def _onward(self, request: Request, to: str, title: str) -> Response:
        """By a page of our own: a strict cookie is not sent where another site's page led, nor may a form lead to another site."""
        return self._render("onward.html", request, to=to, title=title)

    def _lasting(self, answer: Response, request: Request, entered: Entered) -> Response:
        """With a session that begins now and ends with its token."""
        lasts, secure = max(0, entered.until - self._door.identity.now()), self._secure(request)
        answer.set_cookie(COOKIE, entered.token, lasts, httponly=True, samesite="strict", secure=secure)
        answer.set_cookie(UNTIL, str(entered.until), lasts, samesite="strict", secure=secure)
        kept = carried({"refresh": entered.refresh}, self._key, RENEW) if entered.refresh else ""
        answer.set_cookie(RENEW, kept, lasts if kept else 0, path=STAY, httponly=True, samesite="strict", secure=secure)
        return answer

    def _said(self, page: Page) -> Page:
        """What goes wrong is said in words, on a page from which one begins again."""

        async def said(request: Request) -> Response:
            try:
                return await page(request)
            except Problem as problem:
                return self._render("problem.html", request, status=problem.status, problem=problem)

        return said

    def _base(self, request: Request) -> str:
        return str(request.base_url).rstrip("/") if self._development else self._board

    def _secure(self, request: Request) -> bool:
        return self._base(request).startswith("https://")


def _tab(state: str) -> str:
    """The cookie of one sign-in. Only letters and digits of what a browser brings become a name."""
    return f"{BEGUN}-{''.join(one for one in state[:12] if one.isascii() and one.isalnum())}"
