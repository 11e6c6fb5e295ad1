"""How somebody is told: they see what stands and what is held for them, and change it in their own name. Nobody sees another's."""

import re

import pytest

from contracts import recipients
from contracts.kernel import Personal
from contracts.notices import Entry
from services.notification.recipients import Recipient
from services.worklist.own import USUAL
from services.worklist.relay import Answered
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at, record_of
from tests.worklist.test_console import AUDITOR, KIM, browser
from tests.worklist.test_inbox import words_of

ROBINS, TOPIC, KEY = "recipient/staff/12", "notification-events", "k" * 20
NIGHT = {"locale": "es", "zone": "America/New_York", "quiet_from": "21:00", "quiet_until": "07:00", "digest_at": "09:00", "hourly_max": 5}


def held(alert: str, until: float, why: str) -> recipients.RecipientHeld:
    entry = Entry(alert=alert, item="placement/8", rule="r", milestone="warned", severity="routine", purpose="reminder", cause="c",
                  action="contact-client")  # fmt: skip
    return recipients.RecipientHeld(entry=entry, until=at(until), why=why)  # type: ignore[arg-type]


@pytest.fixture
async def scene(tmp_path):
    """Robin chose quiet hours, is away, has two things held, one of which they were told of since; their mail takes nothing."""
    scene, log = await Scene(tmp_path).play(), Log()
    mail = recipients.ContactPoint(channel="email", address=Personal(sealed="sealed:robin"), domain="clinic.example.org")
    for said in (
        recipients.RecipientListed(record=ROBINS, contacts=(mail,), home="America/Chicago"),
        recipients.RecipientPreferred(**NIGHT),
        recipients.RecipientAway(until=at(9_000), backup="staff/7"),
        held("a-1", 400, "quiet"),
        held("a-2", 500, "rate"),
        recipients.RecipientTold(notice="notice/1", told_at=at(60), alerts=("a-1",)),
    ):
        log.say(ROBINS, said, 60, TOPIC)
    await scene.follower.take([record_of(heard) for heard in log.heard])
    scene.more = log
    return scene


async def test_they_see_what_stands_and_what_waits_for_them(scene):
    async with browser(scene) as robin:
        page = words_of((await robin.get("/me")).text)
    assert "Ways E-mail, then this inbox" in page and "Language Spanish" in page and "Clock America/New_York" in page
    assert "Quiet from 21:00 until 07:00" in page and "once a day, at 09:00" in page and "5 messages at most" in page
    assert "Staff 7 is told" in page
    waits = page.partition("Held for you")[2]
    assert waits.count("Contact the client") == 1 and "too many came within an hour" in waits


async def test_a_way_that_takes_nothing_says_so_until_it_is_listed_anew(scene):
    scene.more.say(ROBINS, recipients.RecipientBounced(channel="email", notice="notice/1"), 61, TOPIC)
    await scene.follower.take([record_of(heard) for heard in scene.more.heard])
    async with browser(scene) as robin:
        page = words_of((await robin.get("/me")).text)
    assert "Ways this inbox" in page and re.search(r"Nothing since .{5,20} by e-mail", page)


async def test_a_form_is_filled_with_what_stands_and_is_sent_to_its_owner_about_oneself_alone(scene):
    scene.worklist_owners_answer(Answered(True))
    async with browser(scene) as robin:
        page = (await robin.get("/me/set-preferences")).text
        assert 'name="quiet_from" type="text" value="21:00"' in page and re.search(r'value="es"[^>]* checked', page)
        answer = await robin.post("/me/set-preferences", data={**NIGHT, "hourly_max": "7", "key": KEY})
        away = await robin.post("/me/set-away", data={"until": "2026-03-05T07:00", "backup": "staff/7", "key": KEY})
    assert (answer.status_code, answer.headers["location"], away.status_code) == (303, "/me", 303)
    assert scene.given == [
        ("notification", "/v1/people/12/preferences", {**NIGHT, "hourly_max": 7}, KEY),
        ("notification", "/v1/people/12/away", {"until": "2026-03-05T12:00:00+00:00", "backup": "staff/7"}, KEY),
    ]


async def test_what_its_owner_refuses_comes_back_with_what_was_typed(scene):
    scene.worklist_owners_answer(Answered(False, "", "quiet hours need both ends, or none", "", 422))
    async with browser(scene) as robin:
        answer = await robin.post("/me/set-preferences", data={**NIGHT, "quiet_until": "", "key": KEY})
    assert answer.status_code == 422 and "Quiet hours need both ends" in answer.text and 'value="21:00"' in answer.text


async def test_who_chooses_how_to_be_told_can_look_at_what_they_would_be_told(scene):
    async with browser(scene) as robin:
        assert re.search(r'<a href="(http[^"]+)?/alerts/previews">', (await robin.get("/me")).text)


async def test_nobody_sees_anothers_and_who_is_never_told_has_none(scene):
    async with browser(scene, KIM) as kim, browser(scene, AUDITOR) as auditor:
        page = words_of((await kim.get("/me")).text)
        assert (await auditor.get("/me")).status_code == 403
    assert "Quiet never" in page and "Nothing is held" in page and "America/New_York" not in page


def test_what_is_usual_is_what_notification_does_where_nothing_was_said():
    assert {name: getattr(Recipient(), name) for name in USUAL} == USUAL
