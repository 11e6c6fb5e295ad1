"""The inbox: what somebody was told, in any order it is heard; to have seen it is not to have done it; nobody reads another's."""

import re
from itertools import permutations

import pytest

from infra.identity import Principal
from services.worklist import telling
from services.worklist.items import by_kind, refolded, summary
from services.worklist.relay import Answered
from tests.worklist.scene import OTHER_TOPICS, Scene, alerts, raised
from tests.worklist.stories import Log, at
from tests.worklist.test_console import AUDITOR, browser

ALEXA = Principal("staff/7", frozenset({"intake-desk"}))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


def in_it(page: str) -> set[str]:
    return set(re.findall(r'class="open" href="/items/([^"?]+)"', page))


async def test_what_i_was_told_lies_under_how_far_it_is_done(scene):
    async with browser(scene) as robin, browser(scene, ALEXA) as alexa:
        assert [in_it((await robin.get(f"/inbox?tab={tab}")).text) for tab in ("new", "seen", "done")] == [
            {"referral/8"}, {"referral/3"}, {"referral/4"},
        ]  # fmt: skip
        assert [in_it((await alexa.get(f"/inbox?tab={tab}")).text) for tab in ("new", "seen", "done")] == [set(), set(), {"referral/4"}]
        page = (await robin.get("/inbox")).text
    assert "Contact the client is late" in page and "nobody has seen it" in page and "M. E." in page


async def test_to_have_seen_it_is_said_to_its_owner_in_ones_own_name(scene):
    scene.worklist_owners_answer(Answered(True, "notification-events/alert/placement/8/2"))
    async with browser(scene) as robin:
        page = (await robin.get("/inbox")).text
        key = re.search(r'name="key" value="([^"]+)"', page)
        answer = await robin.post("/inbox", data={"alert": "placement/8 alert-placement/8", "key": key[1]})
    assert scene.given == [("notification", "/v1/alerts/placement/8/acknowledge", {"alert": "alert-placement/8"}, f"{key[1]}-0")]
    assert answer.status_code == 303 and answer.headers["location"].startswith("/inbox")


async def test_every_call_about_one_thing_is_seen_at_once(scene):
    log = Log()
    for n in range(2):  # its first is known already
        second = raised("placement/8", 80, alert=f"another-{n}", rule="book-visit", milestone="overdue")
        log.say("alert/placement/8", second, 80 + n, OTHER_TOPICS[second.type])
    log.say("alert/placement/8", raised("placement/8", 90, alert="one-more", rule="third"), 90, OTHER_TOPICS[second.type])
    await scene.hear(log)
    async with browser(scene) as robin:
        page = (await robin.get("/inbox")).text
        alerts = re.findall(r'name="alert" value="([^"]+)"', page)
        await robin.post("/inbox", data={"alert": alerts, "key": "k" * 20})
    assert sorted(alerts) == ["placement/8 alert-placement/8", "placement/8 one-more"]
    assert sorted(body["alert"] for _, _, body, _ in scene.given) == ["alert-placement/8", "one-more"]
    assert len({key for *_, key in scene.given}) == 2


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (alerts.AlertAcknowledged(alert="a-1", item="request/1", by="staff/12", climbs_at=at(9)), "seen"),
        (alerts.AlertAcknowledged(alert="a-0", item="request/1", by="staff/12", climbs_at=at(9)), "new"),
        (alerts.AlertActed(alerts=("a-1",), item="request/1", by="request.triaged.v1", actor="staff/7"), "done"),
    ],
)
def test_what_is_said_of_a_call_that_climbed_is_said_of_those_below_it_and_not_the_other_way(said, found):
    log = Log()
    for fact in (raised("request/1", 0, ("staff/12",), alert="a-0"), raised("request/1", 5, ("staff/12",), alert="a-1", level=1), said):
        log.say("alert/request/1", fact, 1, OTHER_TOPICS[fact.type])
    kinds = by_kind(refolded([change.entry for change in log.changes]))
    assert telling.inbox(kinds) == [f"{found}/staff/12"] and telling.escalated(kinds) == (found != "done")
    assert len(telling.told(kinds)) == 2


async def test_a_refusal_is_said_and_what_is_no_alert_is_sent_nowhere(scene):
    scene.worklist_owners_answer(Answered(False, "", "this alert is not yours", "", 409))
    async with browser(scene) as robin:
        answer = await robin.post("/inbox", data={"alert": "placement/8 alert-placement/8", "key": "k" * 20})
        assert answer.status_code == 409 and "This alert is not yours" in answer.text
        wrong = await robin.post("/inbox", data={"alert": "../v1/shifts a", "key": "k" * 20})
    assert wrong.status_code == 400 and len(scene.given) == 1


async def test_the_item_tells_who_was_told_when_by_which_way_and_what_they_did(scene):
    async with browser(scene) as robin:
        page = words_of((await robin.get("/items/referral/8")).text)
        seen = words_of((await robin.get("/items/referral/3")).text)
        acted = words_of((await robin.get("/items/referral/4")).text)
        story = words_of((await robin.get("/items/referral/8?show=notifications")).text)
    told = page.partition("Who was told")[2].partition("Clocks")[0]
    assert (
        "Staff 50 Contact the client is late" in told and "urgent, level 2 failed by e-mail," in told and "delivered in the inbox," in told
    )
    assert "Staff 12 Contact the client is late" in told and "urgent, level 1 handed over by e-mail," in told
    assert told.count("Nobody has seen it") == 2
    assert "Acknowledge the request is late" in seen and re.search(r"level 1 Seen, \w+ \d+ \w+, \d\d:\d\d", seen)
    assert re.search(r"Staff 7 \S.*?level 1 Staff 7 acted, \w+ \d+ \w+, \d\d:\d\d", acted)
    assert "A message failed by e-mail; the next way is tried" in story and "A message was delivered in the inbox" in story


def words_of(page: str) -> str:
    """What somebody reads on it."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


async def test_who_is_never_told_has_no_inbox(scene):
    async with browser(scene, AUDITOR) as auditor:
        assert (await auditor.get("/inbox")).status_code == 403 and "/inbox" not in (await auditor.get("/")).text


def test_an_alert_heard_in_any_order_lies_in_the_same_inboxes():
    log = Log()
    said = [
        raised("request/1", 0, ("staff/12", "staff/13")),
        alerts.AlertPassedOn(alert="alert-request/1", item="request/1", left="staff/13", to="staff/14"),
        alerts.AlertAcknowledged(alert="alert-request/1", item="request/1", by="staff/12", climbs_at=at(9)),
        raised("request/1", 5, ("staff/12",), alert="alert-2", level=1),
    ]
    for fact in said:
        log.say("alert/request/1", fact, 1, OTHER_TOPICS[fact.type])
    found = [summary("referral/1", refolded([change.entry for change in order]))["inbox"] for order in permutations(log.changes)]
    assert found == [["new/staff/12", "seen/staff/13", "seen/staff/14"]] * len(found)


def test_two_who_are_away_each_have_somebody_in_their_place():
    log = Log()
    log.say("alert/request/1", raised("request/1", 0, ("staff/12", "staff/13")), 1, "notification-events")
    for left, to in (("staff/12", "staff/21"), ("staff/13", "staff/22")):
        passed = alerts.AlertPassedOn(alert="alert-request/1", item="request/1", left=left, to=to)
        log.say("alert/request/1", passed, 1, "notification-events")
    told = telling.of_item(by_kind(refolded([change.entry for change in log.changes])), ())
    assert [(one["who"], one["ways"]) for one in told] == [
        ("staff/12", [("away, somebody else is told", None)]), ("staff/13", [("away, somebody else is told", None)]),
        ("staff/21", []), ("staff/22", []),
    ]  # fmt: skip


def test_of_several_alerts_the_one_that_is_least_done_counts():
    first, second = {"told_a": {"told": ["staff/1"]}, "over_a": {"by": "staff/2"}}, {"told_b": {"told": ["staff/1"]}}
    done = {**first, **second, "seen_b": {"by": "staff/1"}}
    assert telling.inbox({"alert": done}) == ["seen/staff/1"]


def test_what_an_earlier_build_kept_says_by_whom_and_not_when():
    kept = {"at": at(0), "told": ["staff/1"], "purpose": "call", "severity": "urgent", "level": 0, "alert": "a", "subject": "request/1"}
    kinds = {"alert": {"told_a": kept, "seen_a": "staff/1", "over_a": "staff/2", "told_b": kept, "over_b": "stopped"}}
    found = telling.of_item(kinds, ())
    assert [(one["seen"], one["over"], one["over_at"]) for one in found] == [
        ({"by": "staff/1", "at": None}, "Staff 2 acted", None), (None, "stopped", None),
    ]  # fmt: skip
    assert [(one["seen"], one["over"]) for one in telling.of_person(kinds, "staff/1", at(5))] == [
        ("Staff 1", "Staff 2 acted"), ("", "stopped"),
    ]  # fmt: skip
