"""The network page: partners and agreements, how programs answer, silent feeds, and the rules in force with their sources."""

from datetime import date

import pytest

from services.worklist.network import RULED, rules
from tests.worklist.scene import Scene
from tests.worklist.test_console import KIM, ROBIN, browser


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def test_partners_have_their_agreement_and_what_waits_and_programs_what_waits_for_them(scene):
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/network")).text
    partners = page.split('id="partners"')[1].split('id="programs"')[0]
    assert "Example Hospital" in partners and "Signed" in partners and "Joint protocol" in partners and "Riverbend Hospital" in partners
    assert "Sample Clinic" in page.split('id="programs"')[1] and "Every feed speaks." in page


async def test_the_rules_in_force_say_where_they_are_written(scene):
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/network")).text
    assert "CCBHC 2023 2.b.1, as 24 Miss. Code R. 2-54.7 has it" in page and "our default" in page


async def test_who_sees_a_part_of_the_network_does_not_see_all_of_it(scene):
    async with browser(scene, KIM) as kim:
        assert (await kim.get("/network")).status_code == 403


def test_every_service_has_rules_and_no_rule_is_told_twice():
    told = rules(date(2026, 3, 2))
    assert len(told) == len(RULED) and all(group["rules"] for group in told)
    every = [(group["service"], one["id"], one["about"]) for group in told for one in group["rules"]]
    assert len(every) == len(set(every)) > 30
    assert all(one["citation"] and one["status"] for group in told for one in group["rules"])
    assert rules(date(1990, 1, 1))[0]["rules"] == []
