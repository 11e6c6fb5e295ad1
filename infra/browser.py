"""A door for browsers: the session's token in a cookie. Who has none is sent to sign in, and comes back to where they wanted to go.

A browser sends a cookie with every request, whichever page made it. So it counts for a change only where the browser itself says that
a page of this origin asks (Fetch Metadata; the Origin header where a browser has none).
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.requests import Request

from infra.http import Answer, Door
from infra.identity import Principal, Unauthenticated

COOKIE = "throughline-session"
READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Entrance(Door):
    """A door for browsers as well. `sign_in` is the page where a session begins."""

    sign_in: str = "/sign-in"

    async def admit(self, request: Request, action: str) -> Principal:
        try:
            return await Door.admit(self, _with_bearer(request), action)
        except Unauthenticated as error:
            if request.headers.get("hx-request"):
                raise Answer(error.code, error.what, error.why, error.fix, status=401, headers={"hx-redirect": self.sign_in}) from None
            if "text/html" in request.headers.get("accept", ""):
                headers = {"location": self.sign_in + _back(request, self.sign_in)}
                raise Answer(error.code, error.what, error.why, error.fix, status=303, headers=headers) from None
            raise


def _back(request: Request, sign_in: str) -> str:
    """Where to go after signing in, as a query; nothing where that is the first page anyway."""
    if request.method not in READING or (request.url.path == "/" and not request.url.query):
        return ""
    elsewhere = bool(urlsplit(sign_in).netloc)
    here = str(request.url) if elsewhere else request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"?to={quote(here, safe='')}"


def way_back(request: Request, stated: str) -> str:
    """Where somebody who has signed in goes: where they came from, if that is on this host; else the first page. Never elsewhere."""
    to = urlsplit(stated)
    ours = to.scheme in ("http", "https") and to.hostname == request.url.hostname and to.username is None
    inside = not to.scheme and not to.netloc and stated.startswith("/") and not stated.startswith(("//", "/\\"))
    return stated if (ours or inside) and stated.isprintable() and "\\" not in stated else "/"


def _with_bearer(request: Request) -> Request:
    """The request as if the cookie's token had come in the header, where the cookie counts."""
    token = request.cookies.get(COOKIE)
    if not token or "authorization" in request.headers or not (request.method in READING or _is_own(request)):
        return request
    return Request(
        {**request.scope, "headers": [*request.scope["headers"], (b"authorization", f"Bearer {token}".encode("latin-1", "replace"))]},
        request.receive,
    )


def _is_own(request: Request) -> bool:
    """Whether the browser says that a page of this very origin asks."""
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    return bool(host := request.headers.get("host")) and urlsplit(request.headers.get("origin", "")).netloc == host
