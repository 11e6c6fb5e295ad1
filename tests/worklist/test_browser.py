"""The console in a real browser, over a board in memory: no violation of WCAG 2.2 AA, by keyboard alone, nothing from elsewhere."""

import asyncio
import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="SKIPPED: the console was not looked at in a browser, because playwright is not installed")

from services.worklist.entrance import UNTIL
from services.worklist.readings import Readings
from services.worklist.relay import Asked
from tests.worklist.browsing import CHROMIUM, arrived, chromium, focused, served, signed_in, violations
from tests.worklist.scene import Scene
from tests.worklist.stories import Log
from tests.worklist.test_console import PAGES
from tests.worklist.test_measures import FUH, MEAN
from tests.worklist.test_opening import opened, reviewed
from tests.worklist.test_operations import kept
from tests.worklist.test_team import more_of_robins

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="SKIPPED: the console was not looked at in a browser, because there is no Chromium here"),
    pytest.mark.timeout(300),
]
ROBIN, CHANGED = "staff/12", "document.dispatchEvent(new CustomEvent('changed', {detail: {data: '{\"items\": [], \"more\": true}'}}))"
LEADS = (
    "/network", "/measures?of=follow_up%3AFUH-7&cases=open", "/measures", "/team", "/team?of=staff/12",
    "/team/reassign?of=staff/12&choose=all", "/emergencies", "/emergencies?tab=reviewed", "/items/access/6",
)  # fmt: skip
EVERY = bool(os.environ.get("EVERY_PAGE"))
"""`make journeys` looks at every page in both; a landing run at each in one of them."""
VENDORED = Path(__file__).parent / "vendor"


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    async def played():
        made = await Scene(tmp_path_factory.mktemp("console")).play()
        await made.hear(kept())
        await made.hear(more_of_robins())
        log = Log()
        for record in ("record/6", "record/7"):
            await opened(made, log=log, record=record, minutes=200)
        await reviewed(made, log, 250, "not-justified", "record/7")
        await opened(made, log=log, record="record/4", minutes=290)
        return made

    return asyncio.run(played())


def shot(page, name):
    """A picture to look at, where somebody asked for some."""
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=Path(shots) / f"{name}.png")


def run_apart(coroutine):
    """In a thread of its own: playwright keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.fixture(scope="module")
def base(scene):
    with served(scene.app) as address:
        yield address


@pytest.fixture(scope="module")
def browser(base):  # after the scene: playwright keeps a loop running in this thread
    with chromium() as found:
        yield found


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320), *([("light", 320), ("dark", 1440)] if EVERY else ())])
def test_no_page_violates_wcag_or_is_wider_than_its_screen(browser, base, scheme, width):
    with signed_in(browser, base, ROBIN, scheme, width, bypass_csp=True) as page:
        found = {}
        for path in PAGES if EVERY else PAGES[scheme == "dark" :: 2]:
            page.goto(base + path)
            wide = page.evaluate("document.documentElement.scrollWidth") - width
            found[path] = violations(page) + ([f"{wide} px too wide"] if wide > 0 else [])
        assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_what_only_a_lead_sees_violates_nothing_either(browser, base, scene, scheme, width):
    scene.owners.asked["follow_up"] = Asked(200, {"measures": [FUH, MEAN]})
    with signed_in(browser, base, "staff/50", scheme, width, bypass_csp=True) as page:
        for path in LEADS:
            page.goto(base + path)
            shot(page, f"lead-{LEADS.index(path)}-{scheme}")
            assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_what_only_an_auditor_sees_violates_nothing_either(browser, base, scene, scheme, width):
    run_apart(Readings(scene.board).take(scene.book.records))
    with signed_in(browser, base, "staff/90", scheme, width, bypass_csp=True) as page:
        page.goto(base + "/readings")
        assert page.locator("table.people tbody tr").count() > 3
        assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_what_only_the_platform_sees_violates_nothing_and_leads_nowhere_else(browser, base, scheme, width):
    with signed_in(browser, base, "staff/95", scheme, width, lands="/operations", bypass_csp=True) as page:
        page.wait_for_selector("[data-state=live]")
        assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"operations-{scheme}")
        for key in ("/", "t", "n", "j", "r"):
            page.keyboard.press(key)
        page.keyboard.press("?")
        page.wait_for_selector("#keys[open]")
        assert page.url == f"{base}/operations" and "Next steps" not in page.inner_text("#keys")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_what_somebody_sees_in_an_emergency_violates_nothing_either(browser, base, scheme, width):
    with signed_in(browser, base, "staff/72", scheme, width, but="403", bypass_csp=True) as page:
        for n, path in enumerate(("/items/referral/2", "/emergency/referral/2", "/items/referral/4")):
            page.goto(base + path)
            shot(page, f"emergency-{n}-{scheme}")
            assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert "Opened in an emergency, until" in page.inner_text(".warn")


def test_the_morning_begins_by_keyboard_alone(browser, base, scene):
    """08:00, what first? Today, my next steps, the first of them, what may be done: without a mouse."""
    with signed_in(browser, base, ROBIN) as page:
        page.wait_for_selector("h1:has-text('Today')")
        page.keyboard.press("n")
        arrived(page, "/next-steps")
        page.keyboard.press("j")
        focused(page, 'element.textContent === "A. P."')
        page.keyboard.press("j")
        page.keyboard.press("a")
        page.wait_for_selector("h1:has-text('Log contact')")
        page.focus("input[name=channel]")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.focus("form.form button[type=submit]")
        page.keyboard.press("Enter")
        arrived(page, "/next-steps")
    service, path, body, _ = scene.given[-1]
    assert (service, path, body["channel"]) == ("assignment", "/v1/placements/8/log-contact", "telephone")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_a_person_is_found_by_keyboard_alone_and_no_name_stands_in_an_address(browser, base, scheme, width):
    with signed_in(browser, base, ROBIN, scheme, width, bypass_csp=True) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.keyboard.press("/")
        focused(page, 'element.id === "q"')
        page.keyboard.type("samplef el")
        page.keyboard.press("Enter")
        arrived(page, "/search")
        assert "1 found" in page.inner_text("#lists") and page.inner_text("a.open") == "Élodie Sampleford"
        assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"search-{scheme}")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        arrived(page, "/people/record/3")
        page.go_back()
        arrived(page, "/search")
        assert page.inner_text("a.open") == "Élodie Sampleford"
    assert not [url for url in asked if "samplef" in url.casefold()]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_a_list_is_kept_under_a_name_and_becomes_the_start_page_by_keyboard_alone(browser, base, scheme, width):
    with signed_in(browser, base, "staff/13", scheme, width, bypass_csp=True) as page:
        page.goto(f"{base}/pending?tab=placing")
        page.focus("#keep summary")
        page.keyboard.press("Enter")
        page.focus("#keep-name")
        page.keyboard.type(f"To place, {scheme}")
        assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"keep-{scheme}")
        page.keyboard.press("Enter")
        page.wait_for_selector(".places .kept a", state="attached")
        page.goto(f"{base}/views")
        assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"views-{scheme}")
        page.focus("button[value=start] >> nth=-1")
        page.keyboard.press("Enter")
        page.wait_for_selector("button[value=today]")
        page.goto(base)
        arrived(page, "/pending")
        page.keyboard.press("t")
        arrived(page, "/today")
        page.goto(f"{base}/views")
        page.click("button[value=today]")
        page.wait_for_selector("button[value=today]", state="detached")


def test_what_is_wrong_is_said_where_and_the_focus_can_go_there(browser, base):
    with signed_in(browser, base, ROBIN, but="422") as page:  # which is how a browser notes the answer to a form that is not whole
        page.goto(f"{base}/do/log-contact/referral/8")
        page.click("form.form button[type=submit]")
        page.click(".faults a >> nth=0")
        focused(page, 'element.name === "channel"')


def test_who_has_no_more_to_say_of_a_new_referral_passes_by_the_rest_with_one_key(browser, base):
    with signed_in(browser, base, ROBIN) as page:
        page.goto(f"{base}/new")
        page.focus("[name=reference]")
        page.keyboard.press("Tab")
        focused(page, 'element.tagName === "SUMMARY"')
        page.keyboard.press("Tab")
        focused(page, 'element.matches("form.form button[type=submit]")')


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_who_may_be_known_is_told_while_a_new_referral_is_typed_and_no_field_moves(browser, base, scheme, width):
    with signed_in(browser, base, ROBIN, scheme, width, bypass_csp=True) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{base}/new")
        page.wait_for_selector(".matches[data-htmx-powered]", state="attached")
        focused(page, 'element.name === "person.family_name"')
        page.keyboard.type("Sampleford")
        page.keyboard.press("Tab")
        at = page.locator("[name=service]").bounding_box()
        page.keyboard.type("Elo")
        page.wait_for_selector(".matches a:has-text('Élodie Sampleford')")
        focused(page, 'element.name === "person.given_name"')
        assert page.locator("[name=service]").bounding_box() == at
        shot(page, f"matches-{scheme}")
        assert violations(page) == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        page.keyboard.type("xyz")
        page.wait_for_selector(".matches a", state="detached")
    assert len([url for url in asked if url.endswith("/new/matches")]) <= 4 and not [url for url in asked if "ampleford" in url]


@pytest.mark.parametrize("late", ["htmx.js", "console.js"])
def test_live_updates_begin_whichever_script_comes_late(browser, base, late):
    with signed_in(browser, base, ROBIN) as page:
        page.route(f"**/{late}*", lambda route: (page.wait_for_timeout(500), route.continue_()))
        page.goto(f"{base}/pending")
        page.wait_for_selector("[data-state=live]", timeout=20_000)


def test_rows_never_move_under_focus_or_pointer_and_a_pause_holds_everything(browser, base):
    with signed_in(browser, base, ROBIN) as page:
        page.goto(f"{base}/pending")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/pending" in request.url else None)
        page.keyboard.press("j")
        page.evaluate(CHANGED)
        assert page.is_visible("#apply") and asked == []
        with page.expect_response("**/pending"):
            page.click("#apply")
        page.mouse.move(5, 5)
        page.click("#pause")
        page.wait_for_selector("#state[data-state=paused]")
        page.evaluate(CHANGED)
        assert page.is_visible("#apply") and "paused" in page.inner_text("#state-words")
        page.hover("tr[data-row] >> nth=0")
        page.click("#pause")


def test_a_session_ends_with_a_warning_and_a_persons_word_makes_it_last(browser, base):
    with signed_in(browser, base, ROBIN, bypass_csp=True) as page:
        page.context.add_cookies([{"name": UNTIL, "value": str(int(time.time()) + 118), "url": base}])
        page.wait_for_selector("#ending[open]")
        assert "2 min" in page.inner_text("#ending-when") and violations(page) == []
        page.keyboard.press("Enter")
        page.wait_for_selector("#ending:not([open])", state="attached")
        (until,) = (int(one["value"]) for one in page.context.cookies() if one["name"] == UNTIL)
        assert until > time.time() + 59 * 60


def test_at_the_end_of_a_session_nothing_is_left_to_be_read(browser, base):
    with signed_in(browser, base, ROBIN) as page:
        page.goto(f"{base}/pending")
        page.context.add_cookies([{"name": UNTIL, "value": str(int(time.time()) - 1), "url": base}])
        arrived(page, "/issuer/authorize")
        page.click(f'button[value="{ROBIN}"]')
        arrived(page, "/pending")


PAPER = {"width": 1000, "height": 770}
"""A sheet of letter, on its side, between its margins."""


def test_a_list_prints_as_a_table_without_what_is_only_for_the_screen_and_says_whose_it_is(browser, base):
    with signed_in(browser, base, ROBIN) as page:
        page.set_viewport_size(PAPER)
        page.goto(f"{base}/pending")
        assert not page.is_visible(".printed")
        page.emulate_media(media="print")
        assert not any(page.is_visible(one) for one in ("nav.places", ".top", ".keep", ".filters", "footer")) and page.is_visible(
            "table.people"
        )
        assert "printed by Staff 12" in page.inner_text(".printed") and page.locator("thead th:visible").count() == 7
        assert page.evaluate("getComputedStyle(document.querySelector('.people td')).display") == "table-cell"
        assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
        assert page.pdf().startswith(b"%PDF")
        shot(page, "print")


@pytest.mark.parametrize(("width", "least"), [(1440, 16), (1920, 16), (3840, 28)])
def test_a_wall_screen_is_read_from_afar(browser, base, width, least):
    with signed_in(browser, base, ROBIN, "dark", width) as page:
        page.goto(f"{base}/crisis")
        size = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        assert size >= least and page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_is_the_one_of_the_lock():
    listed = [line.split("  ") for line in (VENDORED / "vendor.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() == digest for digest, name in listed) and len(listed) == 2
