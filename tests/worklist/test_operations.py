"""What runs the network, for the platform role: counts by service, silent feeds, what was not heard; and nobody's care."""

import asyncio
import re

import pytest
from starlette.requests import Request

from contracts import feeds, upkeep
from infra.browser import COOKIE
from infra.identity import Principal
from services.worklist.entrance import UNTIL
from services.worklist.operations import SERVICES
from tests.worklist.conftest import looking_at
from tests.worklist.scene import PEOPLE_NAMED, Scene
from tests.worklist.stories import Log, at, received, step
from tests.worklist.test_console import ROBIN
from tests.worklist.test_console import browser as at_console
from tests.worklist.test_live import until
from tests.worklist.test_sign_in import begun, browser, chosen

ULI = Principal("staff/95", frozenset({"platform"}))


@pytest.fixture
async def scene(tmp_path):
    made = await Scene(tmp_path).play()
    await made.hear(kept())
    return made


def kept() -> Log:
    """Two inputs and an aggregate that intake and assignment keep, a message that crisis routing waits for, and a program gone silent."""
    log, why = Log(), upkeep.Issue(code="TL-2103")
    origin = upkeep.Origin(topic="partner-in-riverbend")
    for n, due in ((1, 290), (2, 400)):
        quarantined = upkeep.InputQuarantined(origin=origin, issues=(why,), next=step("role/data-steward", "look-at-input", at(due)))
        log.say(f"input/r-{n}", quarantined, 90, "intake-events")
    held = step("role/data-steward", "release-aggregate", at(420))
    log.say("placement/8", upkeep.AggregateParked(origin=origin, issue=why, next=held), 90, "assignment-events")
    waits = step("role/crisis-desk", "find-missing-cause", at(430))
    log.say("episode/1", upkeep.MessageOverdue(origin=origin, waits_for="person/5", next=waits), 90, "crisis-routing-events")
    silent = feeds.FeedSilent(since=at(-600), next=step("role/network-lead", "ask-feed", at(500)))
    log.say("feed/program-1", silent, 90, "follow-up-events")
    return log


def table(page: str) -> dict[str, list[str]]:
    """By service: the numbers beside its name, and when the first is due."""
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', page.split('id="feeds"')[0])
    return {name: re.findall(r"<span[^>]*>([^<]+)</span>", cells) for name, cells in rows}


async def test_what_is_kept_is_counted_by_the_service_that_keeps_it_and_a_silent_feed_by_its_program(scene):
    async with at_console(scene, ULI) as uli:
        page = (await uli.get("/operations")).text
    counted = table(page)
    assert [name.lower().replace(" ", "_") for name in counted] == list(SERVICES)
    assert counted["Intake"] == ["2", "0", "0", "late by 10 min"]
    assert counted["Assignment"] == ["0", "1", "0", "in 2 h"] and counted["Crisis routing"][:3] == ["0", "0", "1"]
    assert counted["Notification"] == ["0", "0", "0", "—"]
    assert "Sample Clinic" in page.split('id="feeds"')[1] and "15 h ago" in page
    tiles = re.findall(r"<strong>(\d+)</strong> <span>([^<]+)<", page)
    assert [int(count) for count, _ in tiles] == [2, 1, 1, 1, 0]


async def test_a_silent_partner_is_listed_by_its_name_wherever_feeds_are_until_it_tells_again(scene):
    log, leads = Log(), "role/network-lead"
    log.say("feed/partner-lakeside", feeds.FeedHeard(partner="lakeside", until=at(-60)), 10, "intake-events")
    log.say("feed/partner-riverbend", feeds.FeedHeard(partner="riverbend", until=at(-900)), 11, "intake-events")
    asked = step(leads, "ask-feed", at(500), waiting_on="partner/riverbend")
    log.say("feed/partner-riverbend", feeds.FeedSilent(partner="riverbend", since=at(-900), next=asked), 90, "intake-events")
    await scene.hear(log)
    async with at_console(scene, ULI) as uli, at_console(scene, ROBIN) as robin:
        listed = (await uli.get("/operations")).text.split('id="feeds"')[1]
        assert listed.index("Riverbend Hospital") < listed.index("Sample Clinic"), "silent for longer"
        assert "Lakeside" not in listed, "one that speaks is no news"
        tab, network = (await robin.get("/held?tab=feeds")).text, (await robin.get("/network")).text.split('id="partners"')[0]
        assert all("Ask why the feed is silent" in page and "Riverbend Hospital" in page for page in (tab, network))
        assert await silent_today(robin) == 2
        later = Log()
        later.heard = [log.say("feed/partner-riverbend", feeds.FeedResumed(next=step(leads, "none", None)), 95, "intake-events")]
        await scene.hear(later)
        assert await silent_today(robin) == 1 and "Riverbend" not in (await uli.get("/operations")).text.split('id="feeds"')[1]


async def silent_today(reader) -> int:
    page = (await reader.get("/today")).text
    return int(re.search(r"<strong>(\d+)</strong>\s*<span>feeds silent", page)[1])


async def test_an_item_that_misses_an_event_is_counted(scene):
    log = Log()
    for minutes in range(3):
        log.say("request/70", received(70), minutes)
    del log.heard[1]
    await scene.hear(log)
    async with at_console(scene, ULI) as uli:
        assert re.search(r"<strong>1</strong> <span>Items that miss an event", (await uli.get("/operations")).text)


async def test_no_person_and_no_item_is_on_it_and_nothing_else_is_theirs(scene):
    async with at_console(scene, ULI) as uli:
        page = (await uli.get("/operations")).text
        refused = await uli.get("/today")
    assert not any(family in page for _, family in PEOPLE_NAMED.values()) and scene.seen == []
    led = {href for href in re.findall(r'(?:href|action)="(/[a-z][^"]*)"', page) if not href.startswith("/assets/")}
    assert led == {"/operations", "/sign-out", "/report-feed/program/1"} and not re.search(
        r"(referral|placement|input|record)/|[^-]feed/", page
    )
    assert refused.status_code == 403 and '<a class="button" href="/operations">Operations</a>' in refused.text
    async with at_console(scene, ROBIN) as robin:
        assert (await robin.get("/operations")).status_code == 403


async def test_whoever_keeps_the_machinery_running_lands_there_and_stays_signed_in(scene):
    async with browser(scene.app) as uli:
        entered = await uli.get(await chosen(uli, await begun(uli), ULI.id))
        assert 'content="0;url=/"' in entered.text
        assert (await uli.get("/")).headers["location"] == "/operations"
        assert (await uli.get("/operations")).status_code == 200
        before, lasts = uli.cookies[COOKIE], int(uli.cookies[UNTIL])
        await asyncio.sleep(1.1)
        assert (await uli.post("/stay", headers={"sec-fetch-site": "same-origin"})).status_code == 204
        assert uli.cookies[COOKIE] != before and int(uli.cookies[UNTIL]) > lasts


async def test_they_hear_live_of_what_is_kept_and_of_nobodys_care(scene):
    async with looking_at(scene.worklist.live):
        route = next(route for route in scene.worklist.routes if route.path == "/v1/live")
        headers = [(b"authorization", f"Bearer {scene.token(ULI)}".encode())]
        asked = {"type": "http", "method": "GET", "path": "/v1/live", "headers": headers, "query_string": b"", "state": {}}
        frames = (await route.endpoint(Request(asked))).body_iterator
        assert b"input/r-1" in await until(frames, b"feed/program-1")  # what changed before they watched
        log = Log()
        log.say("request/71", received(71), 0)
        await scene.hear(log)
        more = upkeep.InputQuarantined(
            origin=upkeep.Origin(topic="partner-in-riverbend"), issues=(), next=step("role/data-steward", "look-at-input", at(400))
        )
        log.heard = [log.say("input/r-3", more, 91, "intake-events")]
        await scene.hear(log)
        assert b"referral" not in await until(frames, b"input/r-3")
        await frames.aclose()
