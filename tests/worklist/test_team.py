"""The team: per worker what they answer for, what of it is late, where somebody above was called, and how it is handed over."""

import re
from html import unescape

import pytest

from contracts import assignment as placing
from infra.access import Access
from infra.identity import Principal
from services.assignment import api as assignment
from services.worklist.api import ACCESS
from services.worklist.relay import Answered
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at, step
from tests.worklist.test_console import ROBIN, browser

NOOR = Principal("staff/50", frozenset({"team-lead", "network-lead"}))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


def rows(page: str) -> dict[str, list[str]]:
    """By worker: the numbers beside their name."""
    found = re.findall(r'<tr id="worker-([a-z0-9-]+)"(.*?)</tr>', page, re.S)
    return {worker: re.findall(r'<td data-label="[^"]+"><span class="[^"]*">([^<]+)<', body) for worker, body in found}


async def test_each_worker_has_their_load_their_lateness_and_what_was_escalated_and_the_worst_comes_first(scene):
    async with browser(scene, NOOR) as noor:
        page = (await noor.get("/team")).text
    found = rows(page)
    assert found["staff-12"] == ["2", "1", "1", "1"] and found["staff-7"] == ["0", "0", "0", "0"] and found["staff-50"][3] == "1"
    assert next(iter(found)) == "staff-12" and "Coordinator" in page


async def test_whoever_has_a_limit_is_seen_with_it_and_at_it(scene):
    async with browser(scene, NOOR) as noor:
        page = (await noor.get("/team")).text
    worker = dict(re.findall(r'<tr id="worker-([a-z0-9-]+)"(.*?)</tr>', page, re.S))
    assert 'class="under late">Caseload 2 of 2: full<' in worker["staff-12"]
    assert "Caseload 0 of 5<" in worker["staff-13"] and "Caseload" not in worker["staff-7"]


async def test_a_worker_opens_to_their_items_which_can_be_handed_to_another(scene):
    async with browser(scene, NOOR) as noor:
        page = (await noor.get("/team?of=staff/12")).text
        assert 'href="/items/referral/8"' in page and "/do/ask-hand-off/referral/8?back=/team" in page
        assert (await noor.get("/do/ask-hand-off/referral/8")).status_code == 200
        assert 'id="theirs"' not in (await noor.get("/team?of=staff/nobody")).text


async def test_only_who_leads_sees_it(scene):
    async with browser(scene, ROBIN) as robin:
        assert (await robin.get("/team")).status_code == 403 and 'href="/team"' not in (await robin.get("/")).text


TO_JULES = {"of": "staff/12", "to": "staff/13", "reason": "leave", "item": "referral/8", "key": "k" * 20}


async def test_a_lead_hands_much_over_at_once_and_is_told_of_each_what_became_of_it(scene):
    gone = {"code": "TL-1516", "errors": [{"code": "TL-5219", "pointer": "/of", "fix": "look at who does"}]}
    results = [{"subject": "placement/8", "sequence": 9, "version": 9}, {"subject": "placement/99", "problem": gone}]
    scene.worklist_owners_answer(Answered(True, said={"results": results}))
    async with browser(scene, NOOR) as noor:
        asked = (await noor.get("/team/reassign?of=staff/12")).text
        assert 'name="item" value="referral/8"' in asked and "/team/reassign?of=staff/12" in (await noor.get("/team?of=staff/12")).text
        page = (await noor.post("/team/reassign", data=TO_JULES | {"item": ["referral/8", "referral/99"]})).text
    body = {"placements": ["8", "99"], "of": "staff/12", "to": "staff/13", "reason": "leave"}
    assert scene.given == [("assignment", "/v1/reassignments", body, "k" * 20)]
    assert "Asked. It stays where it is until they accept." in page and "Look at who does (TL-5219)" in page
    assert "k" * 20 not in page


@pytest.mark.parametrize("left_out", ["item", "to", "reason"])
async def test_what_is_missing_is_said_before_anything_is_asked(scene, left_out):
    async with browser(scene, NOOR) as noor:
        answer = await noor.post("/team/reassign", data={name: value for name, value in TO_JULES.items() if name != left_out})
    assert answer.status_code == 422 and "Something is missing" in answer.text and scene.given == [] and "k" * 20 in answer.text


async def test_of_a_worker_whom_nobody_lists_there_is_nothing_to_hand_over(scene):
    async with browser(scene, NOOR) as noor:
        assert (await noor.get("/team/reassign?of=staff/nobody")).status_code == 404


def test_whom_the_console_lets_hand_over_much_its_owner_lets_too():
    (entry,) = (one for one in assignment.BULK if one.path == "/v1/reassignments")
    of = [Access({"may": rules}).roles for rules in (assignment.ACCESS[entry.action], ACCESS._table["see-team"])]
    assert of[0] == of[1]


async def test_whoever_leaves_hands_over_their_own_and_says_until_when_they_are_away(scene):
    async with browser(scene, ROBIN) as robin:
        assert 'href="/me/hand-over"' in (await robin.get("/me")).text
        assert 'value="referral/8"' in (await robin.get("/me/hand-over")).text
        said = {**TO_JULES, "of": "staff/50", "until": "2026-03-09T08:00"}
        assert (await robin.post("/me/hand-over", data=said)).status_code == 200
    asked = {"placements": ["8"], "to": "staff/13", "reason": "leave"}
    away = {"until": "2026-03-09T08:00:00+00:00", "backup": "staff/13"}
    assert scene.given == [
        ("assignment", "/v1/hand-offs", asked, "k" * 20), ("notification", "/v1/people/12/away", away, f"{'k' * 20}-away"),
    ]  # fmt: skip


async def test_a_role_takes_over_at_the_end_of_a_shift_and_nobody_is_away_by_it(scene):
    async with browser(scene, ROBIN) as robin:
        await robin.post("/me/hand-over", data={**TO_JULES, "to": "role/coordinator", "reason": "shift-end"})
    assert [path for _, path, *_ in scene.given] == ["/v1/hand-offs"]


def more_of_robins() -> Log:
    """Two more that Robin answers for; to take over the second, somebody was asked already."""
    log = Log()
    for n, asked in ((81, "ask-hand-off"), (82, "accept-hand-off")):
        block = step("staff/12", "contact-client", at(900 + n), None, "log-contact", asked)
        opened = placing.PlacementOpened(request=f"request/{n}", service="psychiatry", urgency="urgent", requested_at=at(60), next=block)
        log.say(f"placement/{n}", opened, 67)
    return log


def marked(page: str) -> dict[str, bool]:
    """By item: whether it is chosen."""
    return {item: bool(sign) for item, sign in re.findall(r'name="item" value="([^"]+)"( checked)?>', page)}


@pytest.mark.parametrize(("principal", "path"), [(NOOR, "/team/reassign?of=staff/12"), (ROBIN, "/me/hand-over")])
async def test_all_that_is_shown_is_chosen_at_once_but_not_what_somebody_was_asked_for_already(scene, principal, path):
    await scene.hear(more_of_robins())
    async with browser(scene, principal) as who:
        first = (await who.get(path)).text
        every, none = (unescape(href) for href in re.findall(r'<a href="([^"]+)">Choose', first))
        assert marked(first) == dict.fromkeys(("referral/8", "referral/81", "referral/82"), False)
        assert marked((await who.get(every)).text) == {"referral/8": True, "referral/81": True, "referral/82": False}
        assert not any(marked((await who.get(none)).text).values()) and scene.given == []
