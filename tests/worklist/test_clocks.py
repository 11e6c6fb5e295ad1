"""Pages by their reader's clock: what they show, what they take, what leaves as a file; programs are answered in UTC."""

import csv
import re

import pytest

from contracts import recipients
from infra.identity import Principal
from services.worklist.local import Local
from services.worklist.own import USUAL
from services.worklist.relay import Answered
from services.worklist.views import STEPS, Reader
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at, record_of
from tests.worklist.test_console import KIM, ROBIN, browser
from tests.worklist.test_inbox import words_of

KEY, PATH = "k" * 20, "/do/log-contact/referral/8"
SAID = {"channel": "telephone", "outcome": "reached", "key": KEY}


@pytest.fixture
async def scene(tmp_path):
    """A network in Chicago; Robin's clock is in New York. It is 17:00 in UTC of 2 March."""
    scene, log = await Scene(tmp_path, zone="America/Chicago").play(), Log()
    log.say(f"recipient/{ROBIN.id}", recipients.RecipientPreferred(**USUAL, zone="America/New_York"), 0, "notification-events")
    await scene.follower.take([record_of(heard) for heard in log.heard])
    return scene


async def test_everybody_reads_by_their_own_clock_and_who_chose_none_by_the_networks(scene):
    async with browser(scene) as robin, browser(scene, KIM) as kim:
        mine, theirs = (await robin.get("/next-steps?tab=mine")).text, (await kim.get("/next-steps")).text
    assert 'data-as-of="12:00:00 EST"' in mine and "Times are New York time." in mine
    assert re.search(r'datetime="2026-03-02T17:30:00\+00:00">Mon 2 Mar, 12:30<', mine)
    assert 'data-as-of="11:00:00 CST"' in theirs and "Times are Chicago time." in theirs


async def test_a_case_is_told_by_the_readers_day_and_clock(scene):
    async with browser(scene) as robin:
        page = (await robin.get("/items/transition/3")).text
        program = (await robin.get("/v1/items/transition/4", headers={"accept": "application/json"})).json()
    assert "Monday 2 March" in page and '<time datetime="2026-03-02T08:40:00+00:00">03:40</time>' in page
    assert program["about"] == ["Detox", "since 2026-02-28T12:00:00+00:00", "no visit booked"]


async def test_what_is_typed_is_read_by_the_clock_that_the_form_was_made_by(scene):
    scene.worklist_owners_answer(Answered(True))
    async with browser(scene) as robin:
        form = (await robin.get(PATH)).text
        await robin.post(PATH, data={**SAID, "contacted_at": "2026-03-02T11:50"})
        await robin.post(PATH, data={**SAID, "contacted_at": "2026-03-02T11:50", "clock": "America/Denver"})
    assert 'value="2026-03-02T12:00"' in form and "New York time" in form and 'name="clock" value="America/New_York"' in form
    assert [body["contacted_at"] for _, _, body, _ in scene.given] == ["2026-03-02T16:50:00+00:00", "2026-03-02T18:50:00+00:00"]


async def test_a_time_that_never_comes_or_comes_twice_is_asked_about_before_anything_is_sent(scene):
    scene.worklist_owners_answer(Answered(True))
    async with browser(scene) as robin:
        never = await robin.post(PATH, data={**SAID, "contacted_at": "2026-03-08T02:30"})
        twice = await robin.post(PATH, data={**SAID, "contacted_at": "2025-11-02T01:30"})
        assert scene.given == []
        await robin.post(PATH, data={**SAID, "contacted_at": "2025-11-02T01:30", "contacted_at:offset": "-05:00"})
    assert never.status_code == 422 and "there is no 02:30" in never.text and 'value="2026-03-08T02:30"' in never.text
    assert twice.status_code == 422 and "comes twice: say which" in twice.text and "EST, the second time" in twice.text
    assert "EST, the second time" not in never.text
    assert scene.given[0][2]["contacted_at"] == "2025-11-02T06:30:00+00:00"


async def test_a_case_is_asked_about_by_the_readers_clock_and_the_address_names_it(scene):
    async with browser(scene) as robin:
        page = (await robin.get("/items/transition/3?as_of=2026-03-02T03:45&clock=America/New_York")).text
        same = (await robin.get("/items/transition/3?as_of=2026-03-02T08:45:00Z")).text
        odd = (await robin.get("/items/transition/3?as_of=2026-03-08T02:30")).text
    known, true = page.split("Known then")[1].split("True then")
    assert "Speak with the person" in known and "Reach the person" in true and 'value="2026-03-02T03:45"' in page
    assert 'value="2026-03-02T03:45"' in same and "Known then" in same
    assert "there is no 02:30" in words_of(odd) and "Known then" not in odd


async def test_a_file_has_instants_of_the_readers_with_their_offsets(scene):
    async with browser(scene) as robin:
        answer = await robin.post("/next-steps/export?tab=mine")
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert "2026-03-02T12:30:00-05:00" in {row["due"] for row in rows}
    assert "next-steps-20260302-1200.csv" in answer.headers["content-disposition"]


@pytest.mark.parametrize(("zone", "until"), [("UTC", at(12 * 60)), ("America/New_York", at(17 * 60)), ("Asia/Tokyo", at(3 * 60))])
def test_due_today_is_until_the_readers_midnight(zone, until):
    reader = Reader(Principal("staff/1"), frozenset(), None, at(0), Local(zone))
    assert STEPS.tab("due-today").ask(reader).query["due"] == {"$gte": at(0), "$lt": until}
