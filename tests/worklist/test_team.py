"""The team: per worker what they answer for, what of it is late, where somebody above was called, and how it is handed over."""

import re

import pytest

from infra.identity import Principal
from tests.worklist.scene import Scene
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


async def test_a_worker_opens_to_their_items_which_can_be_handed_to_another(scene):
    async with browser(scene, NOOR) as noor:
        page = (await noor.get("/team?of=staff/12")).text
        assert 'href="/items/referral/8"' in page and "/do/ask-hand-off/referral/8?back=/team" in page
        assert (await noor.get("/do/ask-hand-off/referral/8")).status_code == 200
        assert 'id="theirs"' not in (await noor.get("/team?of=staff/nobody")).text


async def test_only_who_leads_sees_it(scene):
    async with browser(scene, ROBIN) as robin:
        assert (await robin.get("/team")).status_code == 403 and 'href="/team"' not in (await robin.get("/")).text
