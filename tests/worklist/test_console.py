"""The console's pages over a board in memory: who sees what, what is shown, what is sent, and that nothing comes from elsewhere."""

import gzip
import re
from datetime import timedelta

import httpx2
import pytest

from contracts import assignment as placing
from contracts import transitions
from contracts.care_team import CareTeamJoined
from infra.browser import COOKIE
from infra.identity import Principal
from services.worklist import api, views
from services.worklist.issuing import PEOPLE
from services.worklist.lists import _cell
from services.worklist.local import Local
from services.worklist.pages import FOLDER
from services.worklist.relay import Answered, Fault
from tests.worklist.scene import DAY, Scene, owed
from tests.worklist.stories import COORDINATOR, Log, at

PUBLIC = {"/assets/{name}", "/sign-in", "/sign-in/done", "/sign-out"}
ROBIN = next(one.principal for one in PEOPLE if "coordinator" in one.principal.roles)
KIM = Principal("staff/31", frozenset({"program-desk"}))
ELSEWHERE = Principal("staff/32", frozenset({"program-desk"}))
RIVERBEND = Principal("staff/91", frozenset({"partner"}), frozenset({"riverbend"}))
HOSPITAL = Principal("staff/92", frozenset({"partner"}), frozenset({"example-hospital"}))
AUDITOR = Principal("staff/90", frozenset({"auditor"}))
PAGES = [
    "/",
    *(view.path for view in views.VIEWS),
    "/items/referral/8",
    "/items/plan/6",
    "/items/episode/1",
    "/items/authorization/1",
    "/people/record/3",
    "/people/record/4?as_of=2026-03-02T15:00Z",
    "/items/transition/3?as_of=2026-03-02T08:45:00Z",
    "/search",
    "/views",
    "/today",
    "/inbox",
    "/me",
    "/me/set-preferences",
    "/me/set-away",
    "/me/hand-over",
    "/do/log-contact/referral/8",
    "/new",
    "/new-contact",
    "/do/add-lines/authorization/1",
    "/do/record-admission/record/3",
    "/pending/export",
]


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


def browser(scene: Scene, principal: Principal | None = ROBIN, **headers: str) -> httpx2.AsyncClient:
    cookies = {COOKIE: scene.token(principal)} if principal else {}
    sent = {"sec-fetch-site": "same-origin", "accept": "text/html", **headers}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(scene.app), base_url="http://console", cookies=cookies, headers=sent)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_whole_light_and_brings_nothing_from_elsewhere(scene, path):
    async with browser(scene) as robin:
        page = await robin.get(path)
    assert page.status_code == 200, page.text[:300]
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r'(src|href|action)="(https?:)?//', page.text) and not re.search(r"<style|<script>| style=| on[a-z]+=", page.text)
    assert re.search(r"<title>(.)", page.text)[1].isupper()
    ids = re.findall(r' id="([^"]+)"', page.text)
    assert len(ids) == len(set(ids)), [one for one in ids if ids.count(one) > 1]
    assets = (path for path in FOLDER.iterdir() if path.suffix in (".js", ".css", ".woff2"))
    weight = len(gzip.compress(page.content)) + sum(len(gzip.compress(path.read_bytes())) for path in assets)
    assert weight < 150_000


async def test_without_a_session_every_page_leads_to_the_sign_in(scene):
    async with browser(scene, None) as nobody:
        for path in PAGES:
            assert (await nobody.get(path)).headers["location"].startswith("/sign-in"), path


@pytest.mark.parametrize(
    ("principal", "seen"),
    [
        (ROBIN, {"referral/1", "referral/2", "referral/3", "referral/4", "referral/8", "referral/unowned"}),
        (HOSPITAL, {"referral/1", "referral/2", "referral/3", "referral/4", "referral/8", "referral/unowned"}),
        (KIM, {"referral/1"}),
        (RIVERBEND, set()),
        (ELSEWHERE, set()),
    ],
)
async def test_a_list_holds_what_concerns_whoever_looks(scene, principal, seen):
    async with browser(scene, principal) as somebody:
        page = (await somebody.get("/pending")).text
        rows = (await somebody.get("/v1/pending", headers={"accept": "application/json"})).json()["rows"]
    assert set(re.findall(r'href="/items/(referral/[^"?]+)"', page)) == seen == {row["item"] for row in rows}


async def test_an_item_of_another_organisation_is_not_opened_and_a_person_shows_what_is_ones_own(scene):
    async with browser(scene, ELSEWHERE) as other, browser(scene, KIM) as kim:
        for path in ("/items/referral/1", "/items/plan/6", "/people/record/1", "/do/log-contact/referral/8"):
            assert (await other.get(path)).status_code == 403, path
        assert "Ottilie" in (await kim.get("/items/referral/1")).text


async def test_an_auditor_sees_everything_but_who_it_is(scene):
    async with browser(scene, AUDITOR) as auditor:
        pages = [(await auditor.get(path)).text for path in PAGES if not path.startswith(("/do", "/new")) and "export" not in path]
    assert all(not re.search("Ottilie|Testperson|O\\. T\\.|sealed:", page) for page in pages) and scene.seen == []


async def test_lists_show_initials_and_whole_names_only_when_they_are_asked_for_which_is_kept(scene):
    async with browser(scene) as robin:
        assert "Mira" not in (await robin.get("/pending")).text
        assert "Mira Exampleton" in (await robin.get("/pending?names=full")).text
    assert [occasion for _, occasion, _ in scene.seen] == ["pending", "pending, whole names"]


async def test_today_shows_every_count_with_its_zero_and_each_opens_its_list(scene):
    async with browser(scene) as robin:
        page = (await robin.get("/")).text
        tiles = re.findall(r'<a href="([^"]+)"><strong>([^<]+)</strong> <span>([^<]+)</span>', page)
        assert {name: count for _, count, name in tiles} == {
            "in crisis": "1",
            "crises over since last evening": "1",
            "late": "3",
            "due today": "7",
            "in a stay elsewhere": "1",
            "leaving within 3 days": "0",
            "home less than a week": "1",
            "gone quiet": "1",
            "visits about to be blocked": "1",
            "without an owner": "1",
            "without a deadline": "0",
            "feeds silent": "0",
            "inputs to look at": "0",
            "referrals pending": "6",
        }
        for href, count, name in tiles:
            if count != "0" and "?" in href:
                listed = (await robin.get(href.replace("&amp;", "&"))).text
                assert listed.count("data-row") >= 1, name


async def test_one_row_is_one_person_and_what_else_is_open_is_in_it(scene):
    async with browser(scene) as robin:
        page = (await robin.get("/next-steps?tab=all")).text
    assert len(re.findall(r'<tr id="row-(?:referral|transition)-3"', page)) == 1 and "+1 more" in page


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/gone-quiet", "Missed two visits in a row, not in touch for too long"),
        ("/gone-quiet?tab=not-shown", "Not shown, because: in hospital"),
        ("/transitions?tab=home", "to shelter"),
        ("/authorizations", "line 1 denied"),
        ("/crisis", "High danger"),
        ("/crisis", "Harbor House"),
        ("/crisis", "never counted"),
        ("/gone-quiet", "left a message"),
    ],
)
async def test_a_list_says_why_somebody_is_in_it(scene, path, told):
    async with browser(scene) as robin:
        assert told in (await robin.get(path)).text


async def test_a_refresh_is_the_living_part_alone(scene):
    async with browser(scene, **{"hx-request": "true"}) as robin:
        for path in ("/", "/pending", "/items/referral/8", "/people/record/3"):
            part = (await robin.get(path)).text
            assert part.lstrip().startswith('<div id="lists"') and "<html" not in part, path


async def test_a_case_says_who_owned_it_which_clocks_ran_and_where_each_event_lies(scene):
    async with browser(scene) as robin:
        page = (await robin.get("/items/referral/1")).text
    assert "Who owned it" in page and "Clocks" in page and re.search(r"assignment-events – \d+ – \d+", page) and "correlation-1" in page


async def test_a_case_is_asked_as_of_an_instant_and_says_what_was_known_and_what_was_true(scene):
    async with browser(scene) as robin:
        page = (await robin.get("/items/transition/3?as_of=2026-03-02T08:45:00Z")).text
    known, true = page.split("Known then")[1].split("True then")
    assert "Speak with the person" in known and "Reach the person" in true


async def test_whoever_is_asked_to_take_over_is_offered_to_accept_until_somebody_has_answered(scene):
    log, sam = Log(), Principal("staff/13", frozenset({"coordinator"}))
    after = owed("staff/12", "contact-client", 330, "log-contact", "accept-hand-off", "decline-hand-off", "withdraw-hand-off")
    for _ in range(2):  # as the scene said them, so that what follows has the next numbers
        log.say("placement/8", placing.OwnerAssigned(owner="staff/12", role=COORDINATOR, next=after), 68)
    log.say("placement/8", placing.HandOffAsked(to="staff/13", by="staff/12", next=after), 90)
    await scene.hear(log)
    async with browser(scene) as robin, browser(scene, sam) as other:
        assert "/do/log-contact/referral/8" in (await robin.get("/pending")).text
        assert "/do/accept-hand-off/referral/8" in (await other.get("/pending")).text
        log.say("placement/8", placing.HandOffDeclined(by="staff/13", reason="no-capacity", next=after), 95)
        await scene.hear(log)
        assert "/do/accept-hand-off/referral/8" not in (await other.get("/pending")).text


# — acting


async def test_a_command_is_sent_to_its_owner_in_ones_own_name_and_leads_back_to_where_one_was(scene):
    said = {
        "channel": "telephone",
        "outcome": "reached",
        "contacted_at": "2026-03-02T16:50",
        "key": "k" * 20,
        "back": "/next-steps?tab=mine",
    }
    scene.worklist_owners_answer(Answered(True, "assignment-events/placement/8/4"))
    async with browser(scene) as robin:
        answer = await robin.post("/do/log-contact/referral/8", data=said)
    body = {"channel": "telephone", "outcome": "reached", "contacted_at": "2026-03-02T16:50:00+00:00"}
    assert scene.given == [("assignment", "/v1/placements/8/log-contact", body, "k" * 20)]
    assert (answer.status_code, answer.headers["location"]) == (303, "/next-steps?tab=mine&after=assignment-events/placement/8/4")


async def test_a_page_of_what_has_only_just_begun_waits_and_looks_again_by_itself(scene, monkeypatch):
    monkeypatch.setattr(api.caught_up, "__defaults__", (0.0,))
    async with browser(scene) as robin:
        answer = await robin.get("/items/referral/77?after=intake-events/request/77/1", headers={"accept": "text/html"})
        never = await robin.get("/items/referral/77", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["refresh"]) == (503, "2") and "TL-1602" in answer.text
    assert never.status_code == 404 and "refresh" not in never.headers


async def test_what_the_owner_refuses_is_said_at_its_field_and_nothing_typed_is_lost(scene):
    fault = Fault("contacted_at", "TL-5207", "it lies in the future")
    scene.worklist_owners_answer(Answered(False, "", "this cannot be done now", "", 409, (fault,)))
    said = {"channel": "video", "outcome": "reached", "contacted_at": "2027-03-02T16:50", "key": "k" * 20}
    async with browser(scene) as robin:
        answer = await robin.post("/do/log-contact/referral/8", data=said)
    assert answer.status_code == 409 and 'id="f-contacted_at-fault">It lies in the future' in answer.text
    assert 'value="2027-03-02T16:50"' in answer.text and 'value="video" checked' in answer.text and "k" * 20 in answer.text


async def test_what_is_missing_is_said_before_anything_is_sent(scene):
    async with browser(scene) as robin:
        answer = await robin.post("/do/log-contact/referral/8", data={"key": "k" * 20})
    assert answer.status_code == 422 and "How: say it" in answer.text and scene.given == []


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_nobody_is_led_away(scene, elsewhere):
    said = {"channel": "video", "outcome": "reached", "contacted_at": "2026-03-02T16:50", "back": elsewhere}
    async with browser(scene) as robin:
        answer = await robin.post("/do/log-contact/referral/8", data=said)
    assert answer.headers["location"].startswith("/items/referral/8")


@pytest.mark.parametrize("path", ["/do/log-contact/referral/8", "/new", "/pending/export"])
async def test_another_site_cannot_act_with_somebodys_session(scene, path):
    async with browser(scene, **{"sec-fetch-site": "cross-site"}) as robin:
        assert (await robin.post(path, data={"key": "k" * 20})).status_code in (303, 401) and scene.given == []


async def test_an_export_warns_first_and_is_kept(scene):
    async with browser(scene) as robin:
        assert "about people in care" in (await robin.get("/pending/export")).text and scene.seen == []
        file = await robin.post("/pending/export?tab=all")
    assert file.headers["content-disposition"].startswith("attachment") and len(file.text.splitlines()) == 7
    assert [occasion for _, occasion, _ in scene.seen] == ["export of pending"]


def test_a_cell_that_a_spreadsheet_would_calculate_is_text():
    assert [_cell(value, Local()) for value in ("=1+1", "-2", "@x", "plain", None, ["a", "b"])] == [
        "'=1+1",
        "'-2",
        "'@x",
        "plain",
        "",
        "a; b",
    ]


async def test_deadlines_pass_without_an_event(scene):
    scene.clock.advance(timedelta(days=2))
    async with browser(scene) as robin:
        assert "late by" in (await robin.get("/next-steps?tab=mine")).text


async def test_the_person_page_names_the_care_team_and_offers_to_change_it_to_whom_it_is_given(scene):
    log = Log()
    about = {"record": "record/6", "by": "staff/12", "since": scene.clock.now()}
    log.say("care-team/6", CareTeamJoined(**about, organisation="riverbend", member="staff/77", role="case-manager"))
    await scene.hear(log)
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/people/record/6")).text
        asked = (await robin.get("/do/join-care-team/record/6")).text
    team = page.split('id="team"')[1].split("</section>")[0]
    assert "Riverbend Hospital" in team and "Case manager, since" in team and "/do/leave-care-team/record/6" in team
    assert "Add to the care team" in asked and "Riverbend Hospital" in asked


async def test_whoever_is_in_a_stay_is_admitted_or_leaves_soon_and_nobody_is_neither(scene):
    """Somebody who leaves in five days is in a stay still, on Today as well; one who leaves tomorrow is told as such alone."""
    log = Log()
    for n, days in ((51, 1), (52, 5)):
        opened = transitions.TransitionOpened(
            record=f"record/{n}", kind="hospital", facility="example-hospital", reference=f"S-{n}", owner=COORDINATOR,
            admitted_at=at(-DAY), next=owed(COORDINATOR, "contact-in-stay", 600),
        )  # fmt: skip
        planned = transitions.LeavePlanned(
            expected_at=scene.clock.now() + timedelta(days=days), next=owed(COORDINATOR, "book-before-leave", 600)
        )
        log.say(f"transition/{n}", opened, -DAY, "follow-up-events")
        log.say(f"transition/{n}", planned, -60, "follow-up-events")
    await scene.hear(log)
    async with browser(scene) as robin:
        admitted, leaving = [
            set(re.findall(r"/items/(transition/\d+)", (await robin.get(f"/transitions?tab={tab}")).text))
            for tab in ("admitted", "leaving")
        ]
        today = (await robin.get("/")).text
    assert (admitted, leaving) == ({"transition/4", "transition/52"}, {"transition/51"})
    assert "<strong>2</strong> <span>in a stay elsewhere" in today and "<strong>1</strong> <span>leaving within 3 days" in today
