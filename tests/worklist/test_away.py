"""What changed while somebody was away, and the crises of the night."""

import re
from datetime import timedelta

import pytest

from contracts import endings, intake
from services.worklist.items import summary
from services.worklist.visits import AWAY_AFTER, away_since, noted
from services.worklist.visits import TOLD_MOST as MOST
from tests.worklist.scene import Scene, owed
from tests.worklist.stories import COORDINATOR, NOON, Log, at, received, step
from tests.worklist.test_console import HOSPITAL, KIM, ROBIN, browser

EMPTY = {"_id": ROBIN.id, "v": 0, "views": [], "start": None}


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


def told(page: str) -> dict[str, tuple[str, str]]:
    """By what happened: how many, and what is listed."""
    news = page.split('aria-labelledby="news"')[1].split("</section>")[0]
    parts = re.findall(r'<span class="n">([^<]+)</span> ([^<]+)</h3>(.*?)</div>', news, re.S)
    return {name: (count, " ".join(re.findall(r'href="/items/([^"]+)"', rest))) for count, name, rest in parts}


async def test_who_was_never_here_is_told_no_news_and_who_looks_again_at_once_was_not_away(scene):
    async with browser(scene) as robin:
        first = (await robin.get("/")).text
        scene.clock.advance(timedelta(minutes=40))
        second = (await robin.get("/")).text
    assert 'id="news"' not in first and 'id="news"' not in second


async def test_who_comes_back_is_told_what_is_new_late_handed_to_them_and_resolved(scene):
    async with browser(scene) as robin:
        await robin.get("/pending")
        scene.clock.advance(timedelta(hours=15))
        await scene.hear(overnight())
        page = (await robin.get("/")).text
        again = (await robin.get("/")).text
    news = told(page)
    assert "since Mon 2 Mar, 17:00" in page
    assert news["new"] == ("1", "referral/30") and news["handed to you"] == ("1", "referral/31") and news["resolved"][1] == "referral/8"
    assert "referral/8" not in news["became late"][1] and int(news["became late"][0]) >= 1
    assert told(again) == news  # the visit goes on, and so do its news


async def test_a_page_that_refreshes_itself_is_no_visit(scene):
    async with browser(scene) as robin:
        await robin.get("/")
        scene.clock.advance(timedelta(hours=15))
        await robin.get("/", headers={"hx-request": "true"})
        assert scene.board.owned[ROBIN.id]["looked_at"] == at(300)


async def test_nobody_is_told_of_what_is_not_theirs(scene):
    async with browser(scene, KIM) as kim, browser(scene, HOSPITAL) as hospital:
        for one in (kim, hospital):
            await one.get("/")
        scene.clock.advance(timedelta(hours=15))
        await scene.hear(overnight())
        program, sender = told((await kim.get("/")).text), told((await hospital.get("/")).text)
    assert program["new"] == ("0", "") and program["resolved"] == ("0", "")
    assert sender["new"] == ("1", "referral/30")  # what they sent meanwhile; 31 was sent before


def overnight() -> Log:
    """After what the scene said: 30 is new and the team's, 31 was another's and is Robin's, 8 was Robin's and is over."""
    log = Log()
    log.say("request/30", received(30, minutes=310, next=owed(COORDINATOR, "find-place", 2000)), 310)
    log.say("request/31", received(31, minutes=-100, next=owed("staff/13", "find-place", 2000)), -100)
    log.say(
        "request/31",
        intake.RequestTriaged(by="staff/7", urgency="urgent", service="psychiatry", next=owed(ROBIN.id, "find-place", 2000)),
        400,
    )
    for _ in range(3):
        log.say("request/8", endings.RequestClosed(by="staff/7", how="asserted", reason="other", closed_at=at(500)), 500)
    return log


def test_a_visit_begins_when_the_one_before_is_an_hour_old():
    first = noted(EMPTY, NOON)
    assert first["looked_at"] == NOON and away_since(first, NOON) is None
    assert noted(first, NOON + timedelta(minutes=4)) is None
    on = noted(first, NOON + AWAY_AFTER - timedelta(seconds=1))
    assert on["away_since"] is None
    back = noted(on, on["looked_at"] + AWAY_AFTER)
    assert away_since(back, back["looked_at"]) == on["looked_at"]
    assert away_since(back, NOON + 2 * MOST) == NOON + MOST


async def test_a_crisis_of_the_night_that_is_over_is_told_with_how_it_ended(scene):
    async with browser(scene) as robin:
        today, listed = (await robin.get("/")).text, (await robin.get("/crisis?tab=overnight")).text
    for page in (today, listed):
        row = page.split('-episode-2"')[1].split("</tr>")[0]
        assert "Closed" in row and "opened Mon 2 Mar, 01:40" in row and "over 13 h ago" in row and "Nobody" not in row
    scene.clock.advance(timedelta(days=2))
    async with browser(scene) as robin:
        assert "No crisis was closed since." in (await robin.get("/crisis?tab=overnight")).text


async def test_an_item_of_an_earlier_build_is_neither_new_nor_newly_over(scene):
    item = scene.board.stored["referral/8"]
    assert item["began_at"] == at(60.05)
    sections = {topic: {subject: {name: value for name, value in one.items() if name != "began"} for subject, one in said.items()}
                for topic, said in item["sections"].items()}  # fmt: skip
    assert "began_at" not in summary("referral/8", sections)


async def test_what_is_opened_again_is_not_over(scene):
    log = Log()
    for _ in range(2):
        log.say("request/3", intake.RequestWithdrawn(reason="other"), 10)
    await scene.hear(log)
    assert scene.board.stored["referral/3"]["answered"] == ["role/intake-desk"] and scene.board.stored["referral/3"]["over_at"] == at(10.05)
    log.say("request/3", endings.RequestReopened(by="staff/7", reason="asked-again", interval=2, requested_at=at(20), service="psychiatry",
                                                reopened_at=at(20), next=step("staff/7", "triage-request", at(300))), 20)  # fmt: skip
    await scene.hear(log)
    assert "over_at" not in scene.board.stored["referral/3"] and "answered" not in scene.board.stored["referral/3"]
