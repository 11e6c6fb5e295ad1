"""One way in: an OpenID provider, ours or any other; and the ways in that there must not be."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest

from infra import http
from infra.browser import COOKIE
from infra.clock import Clock
from infra.settings import Settings
from infra.telemetry import Meters
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from services.worklist.app import build
from services.worklist.entrance import RENEW, UNTIL
from tests.worklist.books import Book
from tests.worklist.scene import Scene
from tests.worklist.shelf import Shelf

PAGE = {"accept": "text/html"}
KEK = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
ROBIN = "staff/12"


def browser(app, base: str = "http://board.example") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=base, headers=PAGE)


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def begun(client: httpx2.AsyncClient, to: str = "/") -> str:
    """Where the provider is asked, after a page of ours was wanted."""
    sent = await client.get("/sign-in", params={"to": to})
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


async def chosen(client: httpx2.AsyncClient, asked: str, person: str = ROBIN) -> str:
    """The address that the built-in provider leads back to."""
    answer = await client.post("/issuer/authorize", data={**parameters(asked), "person": person})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@pytest.fixture
async def scene(tmp_path: Path) -> Scene:
    return await Scene(tmp_path).play()


async def test_somebody_signs_in_stays_and_leaves(scene):
    async with browser(scene.app) as robin:
        wanted = await robin.get("/pending?urgency=urgent")
        assert wanted.headers["location"] == "/sign-in?to=%2Fpending%3Furgency%3Durgent"
        asked = await begun(robin, "/pending?urgency=urgent")
        assert "Robin, coordinator" in (await robin.get(asked)).text
        entered = await robin.get(await chosen(robin, asked))
        assert entered.status_code == 200 and 'content="0;url=/pending?urgency=urgent"' in entered.text
        cookies = {one.split("=")[0]: one for one in entered.headers.get_list("set-cookie")}
        assert all("HttpOnly" in cookies[name] and "SameSite=strict" in cookies[name] for name in (COOKIE, RENEW))
        assert "Path=/stay" in cookies[RENEW] and not any(name.startswith("throughline-begun") for name in robin.cookies)
        assert (await robin.get("/pending")).status_code == 200
        before, until = robin.cookies[COOKIE], int(robin.cookies[UNTIL])
        await asyncio.sleep(1.1)
        assert (await robin.post("/stay", headers={"sec-fetch-site": "same-origin"})).status_code == 204
        assert robin.cookies[COOKIE] != before and int(robin.cookies[UNTIL]) > until
        left = await robin.post("/sign-out")
        assert "/issuer/end-session?" in left.text and COOKIE not in robin.cookies and RENEW not in robin.cookies
        assert (await robin.get("/pending")).status_code == 303


async def test_every_sign_in_is_a_session_of_its_own_and_every_tab_may_begin_one(scene):
    async with browser(scene.app) as robin:
        first, second = await begun(robin), await begun(robin)
        tokens = []
        for asked in (first, second):
            assert (await robin.get(await chosen(robin, asked))).status_code == 200
            tokens.append(robin.cookies[COOKIE])
        assert tokens[0] != tokens[1]


async def test_what_was_not_begun_in_this_browser_ends_there(scene):
    async with browser(scene.app) as mine, browser(scene.app) as theirs:
        stolen = await chosen(theirs, await begun(theirs))  # a sign-in of somebody else, slipped to me
        state = parameters(await begun(mine))["state"]
        for address in (
            stolen,
            stolen.replace(parameters(stolen)["state"], state[:12] + "x" * 36),
            "/sign-in/done?code=x",
            "/sign-in/done",
        ):
            refused = await mine.get(address)
            assert refused.status_code == 400 and "not begun in this browser" in refused.text and COOKIE not in mine.cookies
        swapped = stolen.replace(parameters(stolen)["state"], state)  # with my state, but begun with another verifier
        assert (await mine.get(swapped)).status_code == 400 and COOKIE not in mine.cookies


async def test_a_code_works_once(scene):
    async with browser(scene.app) as robin:
        address = await chosen(robin, await begun(robin))
        kept = dict(robin.cookies)
        assert (await robin.get(address)).status_code == 200
        assert (await robin.get(address)).status_code == 400
        cookie = "; ".join(f"{name}={value}" for name, value in kept.items())  # even for whoever kept what it began with
        again = await browser(scene.app).get(address, headers={"cookie": cookie})
        assert again.status_code == 400 and "it was used" in again.text and COOKIE not in again.headers.get("set-cookie", "")


async def test_a_code_is_of_no_use_without_what_its_challenge_was_made_of(scene):
    async with browser(scene.app) as robin:
        back = parameters(await chosen(robin, asked := await begun(robin)))
        form = {"grant_type": "authorization_code", "code": back["code"], "client_id": "throughline", "code_verifier": "x" * 48}
        given = await robin.post("/issuer/token", data={**form, "redirect_uri": parameters(asked)["redirect_uri"]})
        assert (given.status_code, given.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example/x", "/\\evil.example", "http://board.example@evil.example/", "javascript:1"]
)
async def test_nobody_is_led_elsewhere_after_signing_in(scene, to):
    async with browser(scene.app) as robin:
        entered = await robin.get(await chosen(robin, await begun(robin, to)))
        assert 'content="0;url=/"' in entered.text and "evil" not in entered.text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://evil.example/sign-in/done"}, {"redirect_uri": "http://board.example/elsewhere"},
        {"redirect_uri": "http://board.example/sign-in/done?x=1"}, {"redirect_uri": "http://board.example@evil.example/sign-in/done"},
        {"client_id": "another"}, {"code_challenge": ""}, {"code_challenge_method": "plain"}, {"response_type": "token"}, {"state": ""},
    ],
)  # fmt: skip
async def test_the_built_in_provider_takes_only_an_honest_sign_in(scene, change):
    async with browser(scene.app) as robin:
        asked = {**parameters(await begun(robin)), **change}
        for answer in (
            await robin.get("/issuer/authorize", params=asked),
            await robin.post("/issuer/authorize", data={**asked, "person": ROBIN}),
        ):
            assert answer.status_code == 400 and "location" not in answer.headers


async def test_a_session_is_renewed_by_nothing_but_what_came_with_it(scene):
    async with browser(scene.app) as robin, browser(scene.app) as sky:
        for client, person in ((robin, ROBIN), (sky, "staff/70")):
            await client.get(await chosen(client, await begun(client), person))
        own = {"sec-fetch-site": "same-origin"}
        session = f"{COOKIE}={robin.cookies[COOKIE]}"
        for renew in ("", "rubbish", robin.cookies[COOKIE], sky.cookies[RENEW]):
            answer = await browser(scene.app).post("/stay", headers={**own, "cookie": f"{session}; {RENEW}={renew}"})
            assert answer.status_code == 400 and COOKIE not in answer.headers.get("set-cookie", ""), renew


# — other providers, each a process of its own


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def console(issuer: str, tmp_path: Path, **more):
    """The console as it is in production but for its name and plain http, over a board in memory."""
    told = {"client_id": "console", "roles_claim": "realm_access.roles", "organisations_claims": "units,programs"}
    told |= {"role_names": "care coordinators=coordinator", "organisation_names": "Oak=program/oak"} | more
    settings = Settings(
        **{"service": "worklist", "development": True, "state_dir": tmp_path, "kafka_tls": False, "issuer": issuer, "vault_kek": KEK,
           "board_url": "http://board.example", **told}
    )  # fmt: skip
    clock = Clock()
    vault = MemoryVault(LocalWrapper.of(KEK, ""), clock)
    return http.application(
        build(settings, Shelf(), vault, clock, Meters(f"w-{uuid4().hex}"), Book(f"b-{uuid4().hex}", clock).settle).routes
    )


@contextmanager
def process(*command: str, port: int) -> Iterator[str]:
    started = subprocess.Popen([sys.executable, "-W", "ignore", "-m", *command], env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"})
    try:
        for _ in range(600):
            try:
                httpx2.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        started.terminate()
        started.wait(10)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    with process("tests.worklist.provider", str(port), port=port) as url:
        yield url


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """oidc-provider-mock: Authlib's server side, opaque access tokens, ID tokens that name no key."""
    port, person = free_port(), json.dumps({"sub": ROBIN, "groups": ["coordinators"], "site": ["Oak"]})
    stranger = json.dumps({"sub": "staff/99", "groups": ["kitchen"]})
    with process("oidc_provider_mock", "--port", str(port), "--user-claims", person, "--user-claims", stranger, port=port) as url:
        yield url


def misbehave(provider: str, **odd) -> None:
    httpx2.post(f"{provider}/next", json=odd)


async def back_from(provider: str, asked: str) -> str:
    assert asked.startswith(f"{provider}/authorize?") and parameters(asked)["code_challenge_method"] == "S256"
    async with httpx2.AsyncClient() as world:
        return (await world.get(asked)).headers["location"]


async def test_another_provider_s_roles_and_units_are_called_what_we_call_them(provider, tmp_path):
    misbehave(provider)
    async with browser(console(provider, tmp_path)) as robin:
        entered = await robin.get(await back_from(provider, await begun(robin)))
        assert entered.status_code == 200, entered.text
        assert (await robin.get("/pending")).status_code == 200
        assert (await robin.post("/stay", headers={"sec-fetch-site": "same-origin"})).status_code == 204
        assert f"{provider}/logout?client_id=console" in (await robin.post("/sign-out")).text


@pytest.mark.parametrize(
    "odd",
    [
        {"claims": {"nonce": "another"}}, {"claims": {"nonce": None}}, {"claims": {"aud": "another"}}, {"claims": {"aud": "throughline"}},
        {"claims": {"aud": ["console", "another"]}}, {"claims": {"aud": ["console", "another"], "azp": "another"}},
        {"claims": {"iss": "http://elsewhere"}}, {"claims": {"exp": 1_700_000_000}}, {"claims": {"exp": None}}, {"claims": {"iat": None}},
        {"claims": {"iat": 4_000_000_000}}, {"claims": {"at_hash": "another"}}, {"claims": {"sub": "staff/13"}}, {"alg": "none"},
        {"alg": "HS256"}, {"forged": True}, {"access": {"aud": "another"}}, {"access": {"sub": "staff/13"}},
        {"access": {"exp": 1_700_000_000}}, {"access": {"sub": "robin@example.org"}, "claims": {"sub": "robin@example.org"}},
    ],
    ids=str,
)  # fmt: skip
async def test_what_a_provider_must_not_say_signs_nobody_in(provider, tmp_path, odd):
    misbehave(provider, **odd)
    async with browser(console(provider, tmp_path)) as robin:
        refused = await robin.get(await back_from(provider, await begun(robin)))
        assert refused.status_code == 400 and "You are not signed in" in refused.text and COOKIE not in robin.cookies
        assert not re.search("staff/1|robin@", refused.text)


async def test_a_clock_that_is_a_little_off_keeps_nobody_out(provider, tmp_path):
    now = int(time.time())
    for odd, status in (({"iat": now + 20}, 200), ({"exp": now - 20}, 200), ({"iat": now + 90}, 400), ({"exp": now - 90}, 400)):
        misbehave(provider, claims=odd)
        async with browser(console(provider, tmp_path)) as robin:
            assert (await robin.get(await back_from(provider, await begun(robin)))).status_code == status, odd


async def test_a_provider_that_changes_its_key_meanwhile_keeps_nobody_out(provider, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.identity.ASK_AGAIN_S", 0.0)
    misbehave(provider)
    async with browser(console(provider, tmp_path)) as robin:
        for _ in range(2):
            assert (await robin.get(await back_from(provider, await begun(robin)))).status_code == 200
            misbehave(provider, rotate=True)


async def test_an_answer_of_another_provider_or_a_refusal_signs_nobody_in(provider, tmp_path):
    misbehave(provider)
    async with browser(console(provider, tmp_path)) as robin:
        back = await back_from(provider, await begun(robin))
        assert (await robin.get(f"{back}&iss=http://elsewhere")).status_code == 400
        state = parameters(await begun(robin))["state"]
        refused = await robin.get(f"/sign-in/done?state={state}&error=access_denied&error_description=Ottilie")
        assert refused.status_code == 400 and "Ottilie" not in refused.text and COOKIE not in robin.cookies


async def test_a_document_of_another_issuer_is_not_followed(provider, tmp_path):
    misbehave(provider, issuer="http://elsewhere")
    async with browser(console(provider, tmp_path)) as robin:
        refused = await robin.get("/sign-in")
    misbehave(provider)
    assert refused.status_code == 503 and "cannot be asked now" in refused.text


async def test_who_comes_by_another_name_of_the_board_begins_at_its_own(tmp_path):
    app = console("https://login.example.org", tmp_path, development=False, kafka_tls=True, board_url="https://board.example")
    async with browser(app, "https://alias.example") as robin:
        sent = await robin.get("/sign-in", params={"to": "/pending"})
        assert (sent.status_code, sent.headers["location"]) == (303, "https://board.example/sign-in?to=%2Fpending")


async def signed_in_at(mock: str, client: httpx2.AsyncClient, person: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as world:
        answer = await world.post(await begun(client), data={"sub": person})
    return await client.get(answer.headers["location"])


async def test_a_provider_of_somebody_else_s_making_signs_people_in_by_its_id_token(mock, tmp_path):
    issuer = httpx2.get(f"{mock}/.well-known/openid-configuration").json()["issuer"]
    told = {
        "client_secret": "s",
        "audience": "console",
        "roles_claim": "groups",
        "role_names": "coordinators=coordinator",
        "organisations_claims": "site",
    }
    app = console(issuer, tmp_path, **told)
    async with browser(app) as robin, browser(app) as stranger:
        assert (await signed_in_at(mock, robin, ROBIN)).status_code == 200
        assert (await robin.get("/pending")).status_code == 200
        assert (await signed_in_at(mock, stranger, "staff/99")).status_code == 200
        assert (await stranger.get("/pending")).status_code == 403  # whom no name of ours was given to
