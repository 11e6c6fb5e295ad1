"""A browser's session: its cookie reads, changes something only from our own pages, and leads nobody elsewhere."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from infra.access import Access, Scope, rule
from infra.browser import COOKIE, Entrance, way_back
from infra.http import Guarded, application
from infra.identity import Identity
from infra.issuer import LocalIssuer
from tests.security.conftest import ANA

TABLE = Access({"look": rule("coordinator", scope=Scope.ANY)})
PAGE = {"accept": "text/html"}


@pytest.fixture
def browser(identity: Identity, issuer: LocalIssuer) -> Callable[..., httpx2.AsyncClient]:
    """One of ours: `browser(sign_in=…, signed_in=…)`."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.principal.id)

    def make(sign_in: str = "/sign-in", signed_in: bool = True) -> httpx2.AsyncClient:
        door = Entrance(identity, TABLE, sign_in=sign_in)
        routes = [Guarded("/thing/{id}", page, action="look", door=door, methods=("GET", "POST"))]
        cookies = {COOKIE: issuer.token(ANA)} if signed_in else {}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(application(routes)), base_url="http://board.example", cookies=cookies)

    return make


async def test_a_session_reads(browser: Any) -> None:
    assert (await browser().get("/thing/1")).text == "staff/7"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 401),
        ({"sec-fetch-site": "cross-site"}, 401),
        ({"sec-fetch-site": "same-site"}, 401),
        ({"sec-fetch-site": "none"}, 401),
        ({"sec-fetch-site": "cross-site", "origin": "http://board.example"}, 401),
        ({"origin": "http://evil.example"}, 401),
        ({"origin": "null"}, 401),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://board.example"}, 200),
    ],
)
async def test_it_changes_something_only_where_a_page_of_this_origin_asks(browser: Any, said: dict[str, str], status: int) -> None:
    assert (await browser().post("/thing/1", headers=said)).status_code == status


async def test_who_has_no_session_is_sent_to_sign_in_with_where_they_wanted_to_go(browser: Any) -> None:
    here = await browser(signed_in=False).get("/thing/1?a=b", headers=PAGE)
    assert (here.status_code, here.headers["location"]) == (303, "/sign-in?to=%2Fthing%2F1%3Fa%3Db")
    there = await browser("http://other.example/sign-in", signed_in=False).get("/thing/1", headers=PAGE)
    assert there.headers["location"] == "http://other.example/sign-in?to=http%3A%2F%2Fboard.example%2Fthing%2F1"
    assert (await browser(signed_in=False).get("/thing/1")).status_code == 401


@pytest.mark.parametrize("stated", ["/thing/1?a=b", "http://board.example:8086/thing/1", "https://board.example/thing"])
def test_after_signing_in_one_goes_back(stated: str) -> None:
    assert way_back(asking(), stated) == stated


@pytest.mark.parametrize(
    "stated",
    [
        "", "thing", "//evil.example/x", "/\\evil.example", "http://evil.example/x", "http://board.example@evil.example/", "javascript:x",
        "http://x@board.example/", "/a\r\nset-cookie: x", "http:/board.example", "\\\\evil.example",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(stated: str) -> None:
    assert way_back(asking(), stated) == "/"


def asking() -> Request:
    scope = {"type": "http", "method": "GET", "scheme": "http", "server": ("board.example", 80), "path": "/sign-in", "query_string": b""}
    return Request({**scope, "headers": [(b"host", b"board.example")]})
