"""Quarantine and parked on the console: a steward acts from the page, the service that keeps it decides, and faults are said there."""

import re
from html import unescape

import httpx2
import pytest

from contracts import upkeep
from infra import stewarding
from infra.browser import COOKIE
from infra.identity import Principal
from infra.keeping import ALLOWED
from services.crisis_routing.app import SERVICE as CRISIS
from services.intake.app import SERVICE as INTAKE
from services.worklist.forms_kept import FORMS, REVEAL
from services.worklist.relay import Answered, Fault
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, at, step

STEWARD, LEAD = Principal("staff/60", frozenset({"data-steward"})), Principal("staff/50", frozenset({"network-lead"}))
INPUT, PARKED = "input/r-1", "parked/placement/1"
KEY = {"key": "k" * 20, "back": "/held"}


@pytest.fixture
async def scene(tmp_path):
    made, log = await Scene(tmp_path).play(), Log()
    issue = upkeep.Issue(code="TL-2103", pointer="/requested_at", fix="send an instant with a time zone")
    origin = upkeep.Origin(topic="partner-in-riverbend", partition=0, offset=7, entry="")
    owed = step("role/data-steward", "look-at-input", at(300), None, *ALLOWED["look-at-input"])
    log.say(INPUT, upkeep.InputQuarantined(origin=origin, issues=(issue,), next=owed), 90, topic="intake-events")
    held = step("role/data-steward", "release-aggregate", at(300), None, *ALLOWED["release-aggregate"])
    log.say("placement/1", upkeep.AggregateParked(origin=origin, issue=issue, next=held), 90, topic="assignment-events")
    await made.hear(log)
    return made


def browser(scene: Scene, principal: Principal) -> httpx2.AsyncClient:
    sent = {"sec-fetch-site": "same-origin", "accept": "text/html"}
    transport = httpx2.ASGITransport(scene.app)
    return httpx2.AsyncClient(transport=transport, base_url="http://console", cookies={COOKIE: scene.token(principal)}, headers=sent)


@pytest.mark.parametrize(("tab", "first"), [("inputs", f"/do/replay/{INPUT}"), ("parked", f"/do/release/{PARKED}")])
async def test_a_list_offers_its_steward_what_mends_and_never_what_ends(scene, tab, first):
    async with browser(scene, STEWARD) as steward, browser(scene, LEAD) as lead:
        offered = re.findall(r'href="(/do/[^?"]+)', (await steward.get(f"/held?tab={tab}")).text)
        assert offered == [first]
        assert "/do/" not in (await lead.get(f"/held?tab={tab}")).text


async def test_its_own_page_offers_everything_that_may_be_done(scene):
    async with browser(scene, STEWARD) as steward:
        page = (await steward.get(f"/items/{INPUT}")).text
    assert re.findall(r'href="/do/(\w+)/input/r-1', page) == ["replay", "repair", "discard"]


@pytest.mark.parametrize(
    ("item", "command", "said", "service", "path"),
    [
        (INPUT, "replay", {}, "intake", "/v1/inputs/r-1/replay"),
        (INPUT, "discard", {"reason": "test-data"}, "intake", "/v1/inputs/r-1/discard"),
        (PARKED, "release", {}, "assignment", "/v1/parked/placement/1/release"),
    ],
)
async def test_it_goes_to_the_service_that_keeps_it(scene, item, command, said, service, path):
    async with browser(scene, STEWARD) as steward:
        answer = await steward.post(f"/do/{command}/{item}", data={**said, **KEY})
    assert (answer.status_code, answer.headers["location"]) == (303, "/held")
    assert scene.given == [(service, path, said, KEY["key"])]


async def test_a_repair_begins_with_why_it_is_opened_and_ends_under_the_same_identity(scene):
    held = '{"reference": "R-1", "requested_at": "yesterday"}'
    async with browser(scene, STEWARD) as steward:
        first = (await steward.get(f"/do/repair/{INPUT}")).text
        assert "Why you open it" in first and "textarea" not in first and scene.given == []
        assert "This may not be possible now" not in first
        scene.worklist_owners_answer(Answered(True, said={"value": held}))
        opened = (await steward.post(f"/do/repair/{INPUT}", data={"reason": "to-repair", **KEY})).text
        assert held in unescape(opened) and "send an instant with a time zone" in opened
        sent = await steward.post(f"/do/repair/{INPUT}", data={"value": held.replace("yesterday", "2026-03-01T09:30:00Z"), **KEY})
    assert (sent.status_code, sent.headers["location"]) == (303, "/held")
    assert [(service, path) for service, path, *_ in scene.given] == [
        ("intake", "/v1/inputs/r-1/reveal"), ("intake", "/v1/inputs/r-1/repair"),
    ]  # fmt: skip
    assert "2026-03-01T09:30:00Z" in scene.given[1][2]["value"]
    shown = [one for one in scene.book.said if one["page"] == "/do/repair/{id:path}"]
    assert [(one["reader"], one["item"]) for one in shown] == [("staff/60", INPUT)] * len(shown) and len(shown) >= 2


async def test_what_is_opened_is_opened_with_a_reason_and_a_repair_that_fails_keeps_what_was_typed(scene):
    async with browser(scene, STEWARD) as steward:
        assert (await steward.post(f"/do/repair/{INPUT}", data=KEY)).status_code == 422 and scene.given == []
        scene.worklist_owners_answer(Answered(False, "", "what is kept here still cannot be used", "", 409))
        answer = await steward.post(f"/do/repair/{INPUT}", data={"value": "still wrong", **KEY})
    assert answer.status_code == 409 and "still wrong" in answer.text and "still cannot be used" in answer.text


async def test_a_reason_that_was_not_said_is_asked_for_where_it_is_missing(scene):
    async with browser(scene, STEWARD) as steward:
        answer = await steward.post(f"/do/discard/{INPUT}", data=KEY)
    assert answer.status_code == 422 and 'id="f-reason-fault"' in answer.text and scene.given == []


async def test_what_still_cannot_be_used_says_so_on_the_form(scene):
    why = Fault("requested_at", "TL-2103", "send an instant with a time zone")
    scene.worklist_owners_answer(Answered(False, "", "what is kept here still cannot be used", "nothing was lost", 409, (why,)))
    async with browser(scene, STEWARD) as steward:
        answer = await steward.post(f"/do/replay/{INPUT}", data=KEY)
    assert answer.status_code == 409 and 'role="alert"' in answer.text
    assert "What is kept here still cannot be used" in answer.text and "send an instant with a time zone" in answer.text


def test_every_form_is_for_those_whom_a_keeper_lets_and_asks_what_it_takes():
    stewards = {role for service in (INTAKE, CRISIS) for rule in stewarding.access(service).values() for role in rule.roles}
    commands = (stewarding.Replay, stewarding.Reveal, stewarding.Repair, stewarding.Discard, stewarding.Release)
    taken = {command.type: command for command in commands}
    for form in (REVEAL, *(form for forms in FORMS.values() for form in forms)):
        assert set(form.roles) == stewards
        assert {field.name for field in form.fields} == set(taken[form.command].model_fields), form.command
