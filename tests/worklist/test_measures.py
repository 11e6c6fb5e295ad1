"""Measures on the console: numbers as their services count them, each opening its cases, and said where they cannot be told now."""

import re

import httpx2
import pytest

from infra.identity import Principal
from services.worklist.measures import HEIGHT, drawn
from services.worklist.relay import Asked, Owners
from tests.worklist.scene import Scene
from tests.worklist.test_console import ELSEWHERE, ROBIN, browser

NOOR = Principal("staff/50", frozenset({"team-lead", "network-lead"}))
FUH = {"name": "FUH-7", "rate": 0.5, "met": ["transition/9"], "missed": ["transition/8"], "open": ["transition/3"]}
MEAN = {"name": "I-SERV service", "mean": 4.25, "unit": "business days", "cases": ["care/1"], "left_out": [], "because": "never served",
        "words": ""}  # fmt: skip


@pytest.fixture
async def scene(tmp_path):
    made = await Scene(tmp_path).play()
    made.owners.asked["follow_up"] = Asked(200, {"measures": [FUH, MEAN]})
    return made


async def test_a_number_has_its_trend_and_opens_its_cases(scene):
    async with browser(scene, NOOR) as noor:
        page = (await noor.get("/measures")).text
        assert "50%" in page and "4.2 business days" in page and "0 never served" in page
        opened = (await noor.get("/measures?of=follow_up%3AFUH-7&cases=open")).text
    assert 'href="/items/transition/3"' in opened and opened.count("<rect") == 7 and 'role="img"' in opened


async def test_what_is_being_counted_says_when_to_ask_again(scene):
    async with browser(scene, NOOR) as noor:
        page = (await noor.get("/measures")).text
    assert page.count("It is being counted; ask again in 15 seconds.") == 2


async def test_a_case_of_another_organisation_is_not_opened_here_either(scene):
    async with browser(scene, ELSEWHERE) as other, browser(scene, ROBIN) as robin:
        opened = (await other.get("/measures?of=follow_up%3AFUH-7&cases=open")).text
        assert (await robin.get("/measures")).status_code == 403
    assert "No case here that you may see" in opened and "transition/3" not in re.sub(r"of=.*?\"", "", opened)


@pytest.mark.parametrize(
    ("status", "headers", "found"), [(503, {"retry-after": "15"}, (503, 15)), (200, {}, (200, 0)), (403, {}, (403, 0))]
)
async def test_a_service_is_asked_in_the_readers_own_name(status, headers, found):
    def answer(request):
        assert request.headers["authorization"] == "Bearer t" and request.method == "GET"
        return httpx2.Response(status, json={"measures": []}, headers=headers)

    owners = Owners({"follow_up": "http://there"}, httpx2.MockTransport(answer))
    asked = await owners.ask("follow_up", "/v1/measures", "t")
    assert (asked.status, asked.retry_after) == found
    assert (await owners.ask("nobody", "/v1/measures", "t")).status == 503


def test_a_share_is_drawn_against_all_and_a_mean_against_the_longest():
    assert [bar.height for bar in drawn([("a", 0.5), ("b", None), ("c", 1.0)], share=True)] == [HEIGHT / 2, HEIGHT]
    assert [bar.height for bar in drawn([("a", 2.0), ("b", 8.0)], share=False)] == [HEIGHT / 4, HEIGHT]
    assert drawn([("a", 0.0)], share=False)[0].height == 0
