"""What else is open for the person of an item: lines that whoever looks may open, and of the others not even that they are there."""

import re
from dataclasses import replace

import pytest

from contracts.consents import ConsentRecorded, Permit
from infra.identity import Principal
from tests.security.test_rights import on_the_team
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, received
from tests.worklist.test_console import AUDITOR, KIM, ROBIN, browser

MEMBER = Principal("staff/77", frozenset({"partner"}), frozenset({"harbor-shelter"}))
PROTECTED, OF_THE_TEAM = "referral/9", "referral/10"


@pytest.fixture
async def scene(tmp_path):
    """The person of referral/1, whom Sample Clinic has, is sent for substance use to somebody else; and so is that of plan/6."""
    scene, log = await Scene(tmp_path).play(), Log()
    for n, record in ((9, "record/1"), (10, "record/6")):
        asked = received(n, "routine", 130, record=record, partner="riverbend", service="substance-use-treatment", sensitivity="part2")
        log.say(f"request/{n}", asked, 130)
        log.heard[-1] = replace(log.heard[-1], sensitivity="part2")
    await scene.hear(log)
    return scene


async def lines(scene: Scene, principal: Principal, item: str) -> set[str]:
    async with browser(scene, principal) as somebody:
        page = (await somebody.get(f"/items/{item}")).text
    beside = page.partition('<h2 id="beside">')[2].partition("</section>")[0]
    return set(re.findall(r'href="/items/([^"]+)"', beside))


async def test_the_desk_that_has_somebody_sees_of_what_else_is_open_what_is_its_own(scene):
    assert await lines(scene, KIM, "referral/1") == {"authorization/1"}
    for principal in (ROBIN, AUDITOR):
        assert await lines(scene, principal, "referral/1") == {"authorization/1", PROTECTED}


async def test_a_row_of_a_list_opens_to_nothing_else_of_the_person_than_what_concerns_whoever_looks(scene):
    async with browser(scene, KIM) as kim, browser(scene) as robin:
        assert f"/items/{PROTECTED}" in (await robin.get("/authorizations")).text
        page = (await kim.get("/authorizations")).text
    assert "/items/referral/1" in page and PROTECTED not in page


async def test_the_care_team_sees_beside_an_item_what_consent_opens_to_programs_and_no_more(scene):
    log = await on_the_team(scene, "plan/6")
    assert await lines(scene, MEMBER, "plan/6") == set()
    given = Permit(version=1, consent="C-9", recipients=("program",))
    log.say("consent/10", ConsentRecorded(request="request/10", record="record/6", permit=given, by="staff/7"))
    await scene.hear(Log(heard=log.heard[-1:]))
    assert await lines(scene, MEMBER, "plan/6") == {OF_THE_TEAM}
