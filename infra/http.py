"""What every HTTP answer keeps to: a known caller, a rule for every route, bounded bodies, and errors as RFC 9457 problems.

Nothing here serves documentation or lets anybody try a call: an open publish endpoint is how such pages begin.
"""

import logging
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import orjson
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.kernel import Reason
from infra import health
from infra.access import Access, Item
from infra.identity import Identity, Principal, Unauthenticated
from infra.problems import Problem
from infra.store.port import Unavailable
from infra.telemetry import Meters

RETRY_AFTER_S = 5
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Set where an answer did not set its own (a console needs another content policy)."""
CODES = {404: "TL-1501", 405: "TL-1502", 413: "TL-1503", 415: "TL-1504"}
log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]
ItemOf = Callable[[Request], Awaitable[Item | None]]
Belonging = Callable[[Principal], Awaitable[frozenset[str]]]


@dataclass
class Answer(Problem):
    """A problem as it is answered, with what lies wrong where (never a value) and what could be asked instead."""

    errors: tuple[Reason, ...] = ()
    allowed: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def busy(what: str, why: str = "") -> Answer:
    """Not now. Nothing of the request was lost or is the caller's fault."""
    fix = f"repeat it after {RETRY_AFTER_S} seconds, with the same Idempotency-Key"
    return Answer("TL-1505", what, why, fix, status=503, headers={"retry-after": str(RETRY_AFTER_S)})


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: verifies the caller and asks the service's table. `item_of` finds what a scoped rule is about, `belonging` the
    organisations of a caller beside those that their token names."""

    identity: Identity
    access: Access
    item_of: ItemOf | None = None
    belonging: Belonging | None = None

    async def admit(self, request: Request, action: str) -> Principal:
        """The caller, if it may do this here; TL-1401 or TL-1402 otherwise. Whether the item exists is not told to who may not see it."""
        principal = await self.caller(request)
        item = await self.item_of(request) if self.item_of and self.access.needs_item(principal, action) else None
        if not self.access.may(principal, action, item):
            why = "none of your roles allows this on this item"
            raise Problem("TL-1402", "you may not do this", why, "ask the item's owner, or a role that may", action, 403)
        return principal

    async def caller(self, request: Request) -> Principal:
        """Who asks, by the token they bring."""
        principal = await self.identity.verify(_bearer(request.headers))
        if self.belonging is None:
            return principal
        return replace(principal, organisations=principal.organisations | await self.belonging(principal))


class Guarded(Route):
    """A route that nobody reaches without a rule: the endpoint finds the caller in `request.state.principal`."""

    def __init__(self, path: str, endpoint: Endpoint, *, action: str, door: Door, methods: Iterable[str] = ("GET",)) -> None:
        if action not in door.access.actions:
            raise Problem("TL-1403", "a route has no authorization rule", f"action {action}", "add it to the service's access table", path)
        self.action = action

        async def admitted(request: Request) -> Response:
            request.state.principal = await door.admit(request, action)
            return await endpoint(request)

        super().__init__(path, admitted, methods=list(methods), name=action)


def application(routes: Iterable[BaseRoute], body_bytes_max: int = 262_144, meters: Meters | None = None) -> Starlette:
    """An ASGI application of these routes in which every answer, wrong ones included, keeps to this module's rules, and is counted."""
    app = Starlette(
        routes=list(routes),
        middleware=[Middleware(Frame, body_bytes_max=body_bytes_max, meters=meters)],
        exception_handlers={HTTPException: _http_error, Problem: _problem, Unavailable: _unavailable},
    )
    app.router.redirect_slashes = False
    return app


class Frame:
    """Around every request: an id, security headers, a bound on the body, and an answer where something raised.

    An exception that nobody expected is logged by its type and place alone: its text may show a value.
    """

    def __init__(self, app: ASGIApp, body_bytes_max: int, meters: Meters | None = None) -> None:
        self._app, self._max, self._meters = app, body_bytes_max, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = scope.setdefault("state", {})["request"] = _request_id(Headers(scope=scope))
        started, began = False, time.monotonic()

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._count(scope, message["status"], time.monotonic() - began)
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive, self._max), sending)
        except Exception as error:
            log.error("request %s failed: %s", request, place(error))
            if not started:
                whole = Problem("TL-1500", "this request could not be answered", fix="report the request id")
                await render(whole, request)(scope, receive, sending)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        """By the route's pattern, never the path: a path holds ids. The platform's own looks are not counted."""
        route = getattr(scope.get("route"), "path", "none")
        if self._meters and route not in health.PATHS:
            self._meters.count("http_requests_total", 1, route, f"{status // 100}xx")
            self._meters.observe("http_request_seconds", seconds, route)


def place(error: BaseException) -> str:
    """The type of an exception and where it was raised; never its text."""
    frames = traceback.extract_tb(error.__traceback__)
    last = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + last


def render(problem: Problem, request: str) -> Response:
    """`application/problem+json`."""
    headers = {"www-authenticate": 'Bearer error="invalid_token"'} if problem.status == 401 else {}
    headers |= getattr(problem, "headers", {})
    return Response(orjson.dumps(said(problem, request)), problem.status, headers, "application/problem+json")


def said(problem: Problem, request: str) -> dict[str, Any]:
    """A problem by the members of RFC 9457 and ours. Of our own faults (5xx) the caller learns the code, not the cause."""
    ours = problem.status >= 500 and not isinstance(problem, Answer)
    body = {
        "type": f"urn:throughline:problem:{problem.code}",
        "title": problem.what,
        "status": problem.status,
        "detail": "" if ours else problem.why,
        "code": problem.code,
        "fix": "report the request id" if ours else problem.fix,
        "request": request,
        "errors": [{"code": one.code, "pointer": one.pointer, "fix": one.fix} for one in getattr(problem, "errors", ())],
        "allowed": list(getattr(problem, "allowed", ())),
    }
    return {name: value for name, value in body.items() if value not in ("", [])}


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status >= 500:
        log.error("request %s failed: %s", request.state.request, error.code)
    return render(error, request.state.request)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("request %s waits: %s", request.state.request, place(error))
    return render(busy("the service cannot reach its database"), request.state.request)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = CODES.get(status, "TL-1506")
    return render(Answer(code, status.phrase.lower(), status=status, headers=error.headers or {}), request.state.request)


def _request_id(headers: Headers) -> str:
    """The caller's, if it is a UUID and so cannot carry anything else; our own otherwise."""
    try:
        return str(UUID(headers.get("x-request-id", "")))
    except ValueError:
        return str(uuid4())


def _bearer(headers: Headers) -> str:
    stated = headers.getlist("authorization")
    match = re.fullmatch(r"(?i:bearer) ([A-Za-z0-9._~+/-]+=*)", stated[0]) if len(stated) == 1 else None
    if match is None:
        raise Unauthenticated("there is not exactly one bearer token")
    return match[1]


def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """Refuse a body by what it says of its length, or as soon as it is longer."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            raise HTTPException(413 if length.isdecimal() else 400)
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413)
        return message

    return bounded
