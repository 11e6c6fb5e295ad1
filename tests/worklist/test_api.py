"""The worklist over HTTP: who may see what, reading one's own write, live changes, and the page."""

import asyncio
import hashlib
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from starlette.requests import Request

from contracts.kernel import Personal
from contracts.partners import PersonDetails
from infra import http
from infra.clock import Clock, ManualClock
from infra.http import Guarded
from infra.identity import Principal
from infra.issuer import LocalIssuer
from infra.sealing import seal
from infra.settings import Settings
from infra.telemetry import Meters
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from services.worklist import live
from services.worklist.app import build
from services.worklist.issuing import Person
from services.worklist.live import Live
from services.worklist.pages import FOLDER
from services.worklist.words import length
from tests.worklist.books import Book
from tests.worklist.conftest import looking_at
from tests.worklist.stories import Log, at, opened, received, record_of, whole

pytestmark = pytest.mark.engines
LEAD = Principal("staff/12", frozenset({"coordinator", "network-lead"}))
AUDITOR, STRANGER = Principal("staff/90", frozenset({"auditor"})), Principal("staff/91", frozenset({"visitor"}))
PROGRAM = Principal("staff/31", frozenset({"program-desk", "example-house"}))


class World:
    """A worklist put together over a real database, and clients of several people."""

    def __init__(self, board, follower, directory: Path) -> None:
        self.board, self.follower, self.clock, self.seen = board, follower, ManualClock(at(300)), list[tuple]()
        settings = Settings(service="worklist", development=True, state_dir=directory, kafka_tls=False)
        wall = Clock()
        self.vault = MemoryVault(LocalWrapper.of("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""), wall)
        self.clock.wall = wall.wall  # type: ignore[method-assign]
        self.issuer = LocalIssuer(directory, settings.audience, wall)
        self.worklist = build(
            settings, board, self.vault, self.clock, Meters(f"w-{uuid4().hex}"), Book(f"b-{uuid4().hex}", self.clock).settle,
            people=[Person(LEAD, "Robin")], seen=lambda *told: self.seen.append(told), demo=True,
        )  # fmt: skip
        self.app = http.application(self.worklist.routes)

    def client(self, principal: Principal | None = LEAD) -> httpx2.AsyncClient:
        headers = {"authorization": f"Bearer {self.issuer.token(principal)}"} if principal else {}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://worklist", headers=headers)

    async def hear(self, log: Log) -> None:
        await self.follower.take([record_of(heard) for heard in log.heard])


@pytest.fixture
async def world(board, follower, tmp_path):
    made = World(board, follower, tmp_path)
    key = (await made.vault.keys(["record/1"], create=True))["record/1"]
    details = seal(PersonDetails(given_name=Personal("Ottilie"), family_name=Personal("Testperson")), "record/1", key)
    log = whole(Log(), 1)
    log.heard[0] = Log().say("record/1", opened("record/1", details))
    log.say("request/2", received(2, minutes=30), 30)
    await made.hear(log)
    return made


async def test_without_a_token_nothing_is_told_and_without_a_role_neither(world):
    for route in world.worklist.routes:
        if isinstance(route, Guarded):
            path = route.path.replace("{id:path}", "referral/1").replace("{command}", "log-contact")
            async with world.client(None) as nobody, world.client(STRANGER) as stranger:
                how = "GET" if "GET" in route.methods else "POST"
                assert (await nobody.request(how, path)).status_code == 401, path
                assert (await stranger.request(how, path)).status_code == 403, path


async def test_a_row_says_whose_step_it_is_and_shows_initials_to_whom_they_may_be_shown(world):
    async with world.client() as lead:
        first = (await lead.get("/v1/pending")).json()["rows"][0]
    assert list(first)[:2] == ["risk", "name"]
    assert (first["name"], first["action"], first["owner"], first["role"]) == ("O. T.", "Schedule first visit", "Staff 31", "Example house")
    assert (first["due_in_words"], first["late"]) == ("in 5 h", False)
    assert [(who.id, occasion, records) for who, occasion, records in world.seen] == [(LEAD.id, "pending", ["record/1"])]


async def test_an_auditor_sees_the_record_by_its_reference_and_no_name_leaves_the_vault(world):
    async with world.client(AUDITOR) as auditor:
        answer = await auditor.get("/v1/pending")
    assert answer.json()["rows"][0]["name"] is None and answer.json()["rows"][0]["reference"] == "Record 1"
    assert not re.search("Ottilie|Testperson|O. T.|sealed:", answer.text) and world.seen == []


async def test_an_erased_record_is_told_as_erased(world):
    await world.vault.erase("record/1")
    async with world.client() as lead:
        assert (await lead.get("/v1/items/referral/1")).json()["name"] == "erased"


async def test_a_program_sees_its_own_items_and_steps_and_nothing_else(world):
    async with world.client(PROGRAM) as program:
        assert [row["item"] for row in (await program.get("/v1/next-steps")).json()["rows"]] == ["referral/1"]
        assert (await program.get("/v1/items/referral/1")).json()["name"] == "O. T."
        assert (await program.get("/v1/items/referral/2")).status_code == 403
        assert (await program.get("/v1/items/referral/none")).status_code == 403
        for path in ("/v1/next-steps?whose=all", "/v1/pending"):
            assert [row["item"] for row in (await program.get(path)).json()["rows"]] == ["referral/1"], path


async def test_a_timeline_opens_every_event_with_its_place_in_the_log(world):
    async with world.client(AUDITOR) as auditor:
        events = (await auditor.get("/v1/items/referral/1/timeline")).json()["events"]
    assert [event["what"] for event in events][:2] == ["Urgent request for outpatient therapy came in from a partner",
                                                       "A person of the intake desk took it"]  # fmt: skip
    assert all(isinstance(event["offset"], int) and event["topic"].endswith("-events") for event in events)


@pytest.mark.parametrize("wrong", ["limit=0", "limit=201", "limit=x", "cursor=zzz", "after=nonsense", "after=a/b/c"])
async def test_what_cannot_be_meant_is_a_problem_and_says_which_parameter(world, wrong):
    async with world.client() as lead:
        answer = await lead.get(f"/v1/pending?{wrong}")
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


async def test_overdue_is_asked_as_of_an_instant_with_its_zone(world):
    async with world.client() as lead:
        late = await lead.get("/v1/overdue", params={"as_of": at(280).isoformat()})
        assert [row["item"] for row in late.json()["rows"]] == ["referral/2"]
        assert (await lead.get("/v1/overdue?as_of=2026-03-02")).status_code == 400


async def test_one_reads_ones_own_write_even_when_it_comes_a_moment_later(world):
    log = Log()
    log.say("request/77", received(77), 40)
    async with world.client() as lead:
        waiting = asyncio.create_task(lead.get("/v1/items/referral/77?after=intake-events/request/77/1"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await world.hear(log)
        assert (await waiting).json()["item"] == "referral/77"


async def test_what_is_not_heard_of_in_time_is_answered_with_when_to_come_again(world, monkeypatch):
    monkeypatch.setattr("services.worklist.api.caught_up.__defaults__", (0.1,))
    async with world.client() as lead:
        answer = await lead.get("/v1/pending?after=intake-events/request/1/9")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2" and answer.json()["code"] == "TL-1602"


async def test_gaps_are_shown_once_they_stay(world):
    log = Log()
    for _ in range(3):
        log.say("request/5", received(5), 0)
    log.heard.pop(1)
    await world.hear(log)
    async with world.client() as lead:
        assert [row["item"] for row in (await lead.get("/v1/gaps")).json()["rows"]] == ["referral/5"]


# — live


async def frames(stream, count: int) -> list[bytes]:
    return [await asyncio.wait_for(anext(stream), 5) for _ in range(count)]


@pytest.fixture
async def looking(world):
    async with looking_at(world.worklist.live) as running:
        yield running


async def test_a_viewer_is_told_what_changed_and_not_what_it_holds(world, looking):
    stream = await looking.stream()
    await frames(stream, 1)
    log = Log()
    log.say("request/8", received(8), 0)
    await world.hear(log)
    found = b"".join(await frames(stream, 2))
    assert b"event: changed" in found and b'"referral/8"' in found and b"outpatient" not in found
    await stream.aclose()


async def test_the_live_stream_of_a_route_is_its_callers_own(world):
    """Another organisation's items are not even named to who reconnects."""
    since = {"last-event-id": str(int((Clock().wall() - timedelta(seconds=60)).timestamp() * 1000))}
    endpoint = next(route.endpoint for route in world.worklist.routes if route.path == "/v1/live")
    told = {}
    for principal in (LEAD, PROGRAM):
        headers = [
            (b"authorization", f"Bearer {world.issuer.token(principal)}".encode()),
            *((k.encode(), v.encode()) for k, v in since.items()),
        ]
        request = Request({"type": "http", "method": "GET", "path": "/v1/live", "headers": headers, "query_string": b"", "state": {}})
        stream = (await endpoint(request)).body_iterator
        (told[principal.id],) = await frames(stream, 1)
        await stream.aclose()
    assert b"referral/1" in told[LEAD.id] and b"referral/2" in told[LEAD.id]
    assert b"referral/1" in told[PROGRAM.id] and b"referral/2" not in told[PROGRAM.id]


async def test_what_another_instance_wrote_reaches_viewers_here_once(world, board):
    here = Live(board, Clock(), heartbeat_s=0.2)
    running = asyncio.create_task(here.run())
    stream = await here.stream()
    await frames(stream, 2)  # the greeting, and what changed just before
    log = Log()
    log.say("request/9", received(9), 0)
    await world.hear(log)
    told = [frame for frame in await frames(stream, 4) if frame != live.HEARTBEAT]
    assert len(told) == 1 and b'"referral/9"' in told[0]
    running.cancel()


async def test_a_viewer_who_reconnects_is_told_what_was_missed_or_to_ask_for_everything(world):
    here = Live(world.board, Clock())
    (greeting,) = await frames(await here.stream(str(int((Clock().wall() - timedelta(seconds=30)).timestamp() * 1000))), 1)
    assert b"event: changed" in greeting and b"referral/1" in greeting
    (greeting,) = await frames(await here.stream("12345"), 1)
    assert b"event: resync" in greeting


async def test_a_viewer_that_does_not_keep_up_is_told_so_and_dropped(board):
    here = Live(board, Clock(), heartbeat_s=0.1)
    stream = await here.stream()
    await frames(stream, 1)
    (viewer,) = here._viewers
    for _ in range(live.QUEUE_MAX + 1):
        viewer.tell(b"event: changed\n\n")
    assert await frames(stream, 1) == [live.RESYNC]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert not here._viewers


# — the page


async def test_a_browser_without_a_session_is_sent_to_sign_in_and_comes_back_with_one(world):
    async with world.client(None) as browser:
        sent = await browser.get("/", headers={"accept": "text/html"})
        assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
        asked = parse_qs(urlsplit((await browser.get("/sign-in")).headers["location"]).query)
        chosen = await browser.post("/issuer/authorize", data={**asked, "person": LEAD.id})
        entered = await browser.get(chosen.headers["location"])
        cookie = entered.headers["set-cookie"]
        assert entered.status_code == 200 and "HttpOnly" in cookie and "SameSite=strict" in cookie
        page = await browser.get("/")
        assert page.status_code == 200 and "Demo data" in page.text and "Sign out" in page.text
        assert (await browser.post("/issuer/authorize", data={**asked, "person": "staff/90"})).status_code == 400


async def test_an_asset_is_served_as_what_it_is_and_nothing_else_is_served(world):
    async with world.client(None) as browser:
        assert (await browser.get("/assets/console.css")).headers["content-type"].startswith("text/css")
        for wrong in ("base.html", "vendor.lock", "..%2fapi.py", "nothing.js"):
            assert (await browser.get(f"/assets/{wrong}")).status_code == 404


def test_vendored_files_are_those_of_the_lock():
    listed = [line.split("  ") for line in (FOLDER / "vendor.lock").read_text().splitlines() if not line.startswith("#")]
    assert {name for _, name in listed} == {
        "htmx.min.js",
        "hx-sse.min.js",
        "htmx.LICENSE",
        "public-sans-5.3.0.woff2",
        "public-sans.LICENSE",
    }
    for digest, name in listed:
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest


def test_lengths_have_one_unit():
    assert [length(timedelta(minutes=m)) for m in (1, 119, 120, 60 * 47, 60 * 48)] == ["1 min", "119 min", "2 h", "47 h", "2 days"]
