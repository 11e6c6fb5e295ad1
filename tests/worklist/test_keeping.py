"""Lists that somebody keeps: under a name, in their navigation, one of them to start with; of nobody else, and past every rebuild."""

import re

import pytest

from infra.store import Conflict
from services.worklist import saved
from tests.worklist.scene import Scene
from tests.worklist.test_console import KIM, ROBIN, browser

URGENT = "/pending?tab=placing&urgency=urgent"


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def keeps(scene, name="Urgent, no place", href=f"{URGENT}&names=full&cursor=WzFd&after=a/b/1", principal=ROBIN):
    async with browser(scene, principal) as somebody:
        return await somebody.post("/views", data={"name": name, "href": href})


def places(page: str) -> dict[str, str]:
    """The navigation by name."""
    listed = page.partition('<nav class="places"')[2].partition("</nav>")[0].replace("&amp;", "&")
    return {name: href for href, name in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', listed)}


async def test_a_list_is_kept_with_what_cuts_it_alone_and_stands_in_the_navigation_of_whoever_kept_it(scene):
    answer = await keeps(scene)
    assert (answer.status_code, answer.headers["location"]) == (303, URGENT)
    async with browser(scene) as robin, browser(scene, KIM) as kim:
        page = (await robin.get(URGENT)).text
        assert places(page)["Urgent, no place"] == URGENT and f'value="{URGENT.replace("&", "&amp;")}"' in page
        assert 'aria-current="page">Urgent, no place' in page and "Pending: looking for a place" in (await robin.get("/views")).text
        assert "Urgent, no place" not in places((await kim.get("/pending")).text) and "no place" not in (await kim.get("/views")).text


async def test_a_kept_list_is_renamed_and_deleted_and_never_by_somebody_else(scene):
    await keeps(scene)
    id = scene.board.owned[ROBIN.id]["views"][0]["id"]
    async with browser(scene) as robin, browser(scene, KIM) as kim:
        for do in ("rename", "delete", "start"):
            await kim.post(f"/views/{id}", data={"do": do, "name": "Mine"})
        assert "Urgent, no place" in places((await robin.get("/views")).text)
        await robin.post(f"/views/{id}", data={"do": "rename", "name": "  To place  now "})
        assert places((await robin.get("/views")).text)["To place now"] == URGENT
        await robin.post(f"/views/{id}", data={"do": "delete"})
        assert "To place now" not in (await robin.get("/views")).text


async def test_one_of_them_is_what_somebody_starts_with_and_today_is_where_it_was(scene):
    await keeps(scene)
    id = scene.board.owned[ROBIN.id]["views"][0]["id"]
    async with browser(scene) as robin:
        assert "<h1>Today</h1>" in (await robin.get("/")).text
        await robin.post(f"/views/{id}", data={"do": "start"})
        assert (await robin.get("/")).headers["location"] == URGENT
        assert "<h1>Today</h1>" in (await robin.get(places((await robin.get("/views")).text)["Today"])).text
        await robin.post(f"/views/{id}", data={"do": "today"})
        assert "<h1>Today</h1>" in (await robin.get("/")).text
        await robin.post(f"/views/{id}", data={"do": "start"})
        await robin.post(f"/views/{id}", data={"do": "delete"})
        assert "<h1>Today</h1>" in (await robin.get("/")).text


async def test_the_same_name_is_the_same_view(scene):
    await keeps(scene)
    await keeps(scene, "URGENT, no place", "/crisis")
    assert [(one["name"], one["href"]) for one in scene.board.owned[ROBIN.id]["views"]] == [("URGENT, no place", "/crisis")]


@pytest.mark.parametrize(
    ("name", "href"),
    [("", URGENT), ("n" * 61, URGENT), ("x", "https://evil.example/pending"), ("x", "//evil.example/pending"), ("x", "/items/referral/1"),
     ("x", "")],
)  # fmt: skip
async def test_what_cannot_be_kept_is_said_and_nothing_is_kept(scene, name, href):
    answer = await keeps(scene, name, href)
    assert answer.status_code == 400 and "TL-1604" in answer.text and scene.board.owned == {}


async def test_more_than_can_be_seen_are_not_kept(scene):
    for n in range(saved.VIEWS_MAX):
        await keeps(scene, f"View {n}")
    assert (await keeps(scene, "One more")).status_code == 400 and (await keeps(scene, "view 3", "/crisis")).status_code == 303


async def test_what_another_tab_keeps_meanwhile_is_not_lost(scene, monkeypatch):
    real = scene.board.keep_own

    async def beaten(document):
        monkeypatch.setattr(scene.board, "keep_own", real)
        await keeps(scene, "The other tab’s", "/crisis")
        raise Conflict

    monkeypatch.setattr(scene.board, "keep_own", beaten)
    await keeps(scene)
    assert [one["name"] for one in scene.board.owned[ROBIN.id]["views"]] == ["The other tab’s", "Urgent, no place"]


@pytest.mark.engines
async def test_what_is_kept_is_kept_once_and_past_a_rebuild(board):
    document = {**await board.own("staff/12"), "v": 1}
    await board.keep_own(document)
    for stale in (document, {**document, "v": 3}):
        with pytest.raises(Conflict):
            await board.keep_own(stale)
    await board.keep_own(saved.kept("1", "Urgent", URGENT)({**document, "v": 2}))
    await board.drop_all_but({7})
    assert [one["href"] for one in (await board.own("staff/12"))["views"]] == [URGENT] and (await board.own("staff/13"))["v"] == 0
