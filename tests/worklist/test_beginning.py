"""What is said of no item that is known yet: a crisis contact, who stands by for crises, what is about a person themselves."""

import re

import httpx2
import pytest

from infra.identity import Principal
from services.worklist.relay import Answered
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, received
from tests.worklist.test_console import browser

KEY = "k" * 20
DESK = Principal("staff/70", frozenset({"crisis-desk"}))
TEAM = Principal("staff/71", frozenset({"mobile-team"}))
BEDS = Principal("staff/72", frozenset({"crisis-facility"}))
ROBIN = Principal("staff/12", frozenset({"coordinator"}))


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


def path_of(answer: httpx2.Response) -> str:
    return str(answer.headers["location"])


async def test_a_call_to_the_crisis_desk_is_entered_and_leads_to_the_crises(scene):
    scene.worklist_owners_answer(Answered(True, "intake-events/contact/9/1"))
    said = {
        "contacted_at": "2026-03-02T16:50", "source": "person", "danger": "high", "area": "oak-county", "needs": "youth",
        "person.family_name": "Sampleford", "partner": "riverbend", "reference": "OWN-1", "key": KEY,
    }  # fmt: skip
    async with browser(scene, TEAM) as team:
        assert "/new-contact" in (await team.get("/crisis")).text
        page = (await team.get("/new-contact")).text
        answer = await team.post("/new-contact", data=said)
    assert 'value="OWN-' in page and ">42 CFR Part 2</option>" in page
    body = {
        "contacted_at": "2026-03-02T16:50:00+00:00", "source": "person", "danger": "high", "area": "oak-county", "needs": ["youth"],
        "person": {"family_name": "Sampleford"}, "partner": "riverbend", "reference": "OWN-1",
    }  # fmt: skip
    assert scene.given == [("intake", "/v1/crisis-contacts", body, KEY)]
    assert (answer.status_code, path_of(answer)) == (303, "/crisis")


async def test_a_team_that_was_never_heard_of_signs_on(scene):
    scene.worklist_owners_answer(Answered(True, "crisis-routing-events/team/oak/1"))
    async with browser(scene, TEAM) as team, browser(scene, ROBIN) as robin:
        offered = (await team.get("/crisis")).text
        answer = await team.post("/standing-by/sign-on/team/oak", data={"key": KEY})
        nowhere = await team.get("/standing-by/sign-on/team/never-listed")
        unoffered = (await robin.get("/crisis")).text
        refused = await robin.get("/standing-by/sign-on/team/oak")
    assert "/standing-by/sign-on/team/oak" in offered and "/standing-by/count-beds" not in offered
    assert [(service, path) for service, path, *_ in scene.given] == [("crisis_routing", "/v1/teams/oak/sign-on")]
    assert path_of(answer) == "/crisis?after=crisis-routing-events/team/oak/1"
    assert (nowhere.status_code, refused.status_code) == (404, 403) and "/standing-by/" not in unoffered


async def test_a_facility_counts_its_beds(scene):
    scene.worklist_owners_answer(Answered(True, ""))
    async with browser(scene, BEDS) as beds:
        assert "/standing-by/count-beds/facility/harbor" in (await beds.get("/crisis")).text
        said = {"beds": "detox", "free": "0", "counted_at": "2026-03-02T16:50", "key": KEY}
        assert path_of(await beds.post("/standing-by/count-beds/facility/harbor", data=said)) == "/crisis"
    body = {"beds": "detox", "free": 0, "counted_at": "2026-03-02T16:50:00+00:00"}
    assert scene.given == [("crisis_routing", "/v1/facilities/harbor/count-beds", body, KEY)]


async def test_what_is_about_a_person_is_offered_on_their_page_to_whom_it_is_given(scene):
    scene.worklist_owners_answer(Answered(True, "authorization-events/coverage/3/1"))
    async with browser(scene, ROBIN) as robin, browser(scene, DESK) as desk:
        offered, unoffered = (await robin.get("/people/record/3")).text, (await desk.get("/people/record/3")).text
        back = {"back": "/people/record/3", "key": KEY}
        answer = await robin.post("/do/record-coverage/record/3", data={"payer": "medicaid", "member": "M-1", **back})
    assert "/do/record-coverage/record/3" in offered and "/do/record-coverage" not in unoffered
    assert scene.given == [("authorization", "/v1/coverages/3/record-coverage", {"payer": "medicaid", "member": "M-1"}, KEY)]
    assert path_of(answer) == "/people/record/3?after=authorization-events/coverage/3/1"


async def test_the_referral_made_for_a_crisis_is_chosen_among_those_of_its_person(scene):
    log = Log()
    log.say("request/55", received(5))
    log.say("request/56", received(6))
    await scene.hear(log)
    async with browser(scene, DESK) as desk:
        page = (await desk.get("/do/ask-outpatient/episode/1")).text
    assert re.findall(r'<option value="(request/[^"]+)"', page) == ["request/55"]


async def test_a_stay_at_a_facility_without_software_is_told_on_the_persons_page(scene):
    scene.worklist_owners_answer(Answered(True, ""))
    said = {"facility": "general-hospital", "reference": "G-7", "record": "record/3", "kind": "ed", "at": "2026-03-02T09:00", "key": KEY}
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/do/record-admission/record/3")).text
        await robin.post("/do/record-admission/record/3", data=said)
    body = {**said, "at": "2026-03-02T09:00:00+00:00", "at_risk": False}
    del body["key"]
    assert '<option value="record/3"' in page and '<option value="">' not in page.partition('id="f-record"')[2].partition("</select>")[0]
    assert scene.given == [("follow_up", "/v1/stays/record-admission", body, KEY)]


async def test_a_stay_that_is_known_goes_on_by_the_facilitys_own_number(scene):
    scene.worklist_owners_answer(Answered(True, ""))
    said = {"facility": "example-hospital", "reference": "S-2", "record": "record/4", "kind": "detox", "at": "2026-03-02T09:00", "key": KEY}
    async with browser(scene, ROBIN) as robin:
        assert "/do/record-discharge/transition/4" in (await robin.get("/items/transition/4")).text
        page = (await robin.get("/do/record-discharge/transition/4")).text
        await robin.post("/do/record-discharge/transition/4", data=said)
    assert all(f'<option value="{said[one]}"' in page for one in ("facility", "reference", "record", "kind"))
    ((_, path, body, _),) = scene.given
    assert path == "/v1/stays/record-discharge" and (body["reference"], body["kind"]) == ("S-2", "detox")


async def test_a_death_is_reported_and_refuted_of_a_person_without_any_referral(scene):
    async with browser(scene, ROBIN) as robin, browser(scene, DESK) as desk:
        hers, theirs = (await robin.get("/people/record/3")).text, (await desk.get("/people/record/3")).text
    assert "/do/report-death/record/3" in hers and "/do/refute-death/record/3" in hers
    assert "/do/report-death/record/3" in theirs and "/do/refute-death/record/3" not in theirs


async def test_messages_about_a_person_go_out_again_once_the_death_was_not_so(scene):
    scene.worklist_owners_answer(Answered(True, ""))
    async with browser(scene, ROBIN) as robin:
        await robin.post("/do/end-silence/record/3", data={"key": KEY})
    assert scene.given == [("notification", "/v1/silences/record/3/end", {}, KEY)]
