"""How fast the network answers, as the network page tells it; and that somebody can report a program's feed."""

import re
from datetime import timedelta

import pytest

from contracts import assignment as placing
from contracts import intake
from infra.identity import Principal
from services.worklist import responding
from services.worklist.items import by_kind, refolded
from services.worklist.relay import Answered
from tests.worklist.scene import Scene
from tests.worklist.stories import COORDINATOR, DESK, Log, at, offered, received, step, whole
from tests.worklist.test_console import ROBIN, browser

LEAD = Principal("staff/50", frozenset({"network-lead"}))
PLATFORM = Principal("staff/95", frozenset({"platform"}))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


def told(log: Log) -> list[list]:
    return responding.responses(by_kind(refolded(change.entry for change in log.changes if change.item == "referral/1")))


def test_who_took_how_long_is_counted_from_what_was_asked_to_the_first_answer():
    log = whole(Log(), 1)
    assert told(log) == [["acknowledge", "partner/example-hospital", 300], ["answer", "program/1", 27 * 60]]


def test_a_place_in_the_waiting_list_is_an_answer_and_the_yes_weeks_later_does_not_lengthen_it():
    log, due = Log(), at(9000)
    log.say("placement/1", offered(1, due), 0)
    listed = step(COORDINATOR, "await-place")
    waits = placing.PlacementWaitlisted(program="program/0", desk="desk/0", by="staff/31", waits_from=at(30), next=listed)
    log.say("placement/1", waits, 30)
    yes = placing.PlacementAccepted(program="program/0", by="staff/31", released=(), next=step(DESK, "schedule"))
    log.say("placement/1", yes, 9000)
    assert told(log) == [["answer", "program/0", 1800]]
    log.say("placement/1", offered(1, due), 9100)  # asked anew: nothing was answered yet
    assert told(log) == []


def test_what_a_sender_was_asked_is_timed_and_what_a_client_was_asked_is_not():
    for of, answers in (("sender", [["information", "partner/example-hospital", 3600]]), ("client", [])):
        log = Log()
        log.say("request/1", received(1), 0)
        asked = intake.RequestInformationAsked(of=of, items=("consent",), by="staff/7", answer_by=at(900), next=step(DESK, "wait"))
        log.say("request/1", asked, 60)
        log.say("request/1", intake.RequestInformationSupplied(by="staff/7", next=step(DESK, "triage-request")), 120)
        assert told(log) == answers


def test_half_and_nine_in_ten_are_of_all_that_answered():
    minutes = (10, 20, 30, 40, 50, 60, 70, 80, 90, 6000)
    items = [{"responses": [["answer", "program/1", one * 60]]} for one in minutes] + [{"responses": [["answer", "program/2", 60]]}, {}]
    found = responding.times(items)
    assert found[("answer", "program/1")] == responding.Took("55 min", "90 min", 10)
    assert found[("answer", "program/2")] == responding.Took("1 min", "1 min", 1)


async def test_the_network_page_says_how_fast_each_answers_and_of_how_many_that_is_said(scene):
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/network")).text
        scene.clock.advance(timedelta(days=91))
        later = (await robin.get("/network")).text
    partner, program = re.search(r"Example Hospital</a>.*?</tr>", page, re.S)[0], re.search(r"Sample Clinic<.*?</tr>", page, re.S)[0]
    assert "half within 5 min" in partner and "nine in ten within 5 min, of 1" in partner
    assert "half within 27 min" in program and "nothing to tell" in re.search(r"Lakeside Example<.*?</tr>", page, re.S)[0]
    assert "half within" not in later


async def test_a_programs_feed_is_reported_by_whoever_watches_over_the_network(scene):
    said = {"silent_since": "2026-03-02T11:00", "key": "k" * 20}
    scene.worklist_owners_answer(Answered(True, "follow-up-events/feed/program-1/1"))
    async with browser(scene, LEAD) as lead, browser(scene, PLATFORM) as platform, browser(scene, ROBIN) as robin:
        page = (await lead.get("/network")).text
        form = (await lead.get("/report-feed/program/1")).text
        sent, other = await lead.post("/report-feed/program/1", data=said), await platform.post("/report-feed/program/1", data={})
        nowhere = await lead.get("/report-feed/program/none")
        refused = await robin.get("/report-feed/program/1")
        assert "/report-feed/" not in (await robin.get("/network")).text
    assert 'href="/report-feed/program/1"' in page and "it speaks again" in form
    there, body = "/v1/feeds/program-1/report-feed", {"silent_since": "2026-03-02T11:00:00+00:00"}
    assert [one[:3] for one in scene.given] == [("follow_up", there, body), ("follow_up", there, {})]
    assert sent.headers["location"] == "/network?after=follow-up-events/feed/program-1/1"
    assert other.headers["location"].startswith("/operations?after=") and (nowhere.status_code, refused.status_code) == (404, 403)
