"""The network page: partners and agreements, how programs answer, silent feeds, and the rules in force with their sources."""

from datetime import UTC, date, datetime

import pytest

from contracts.agreements import AgreementEnded, AgreementExpiring, PartnerRegistered
from services.worklist.agreed import agreement
from services.worklist.projections import PROJECTED
from services.worklist.ruled import RULED, rules
from tests.worklist.scene import Scene
from tests.worklist.test_console import KIM, ROBIN, browser

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def test_partners_have_their_agreement_and_what_waits_and_programs_what_waits_for_them(scene):
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/network")).text
    partners = page.split('id="partners"')[1].split('id="programs"')[0]
    assert "Example Hospital" in partners and "Signed" in partners and "Joint protocol" in partners and "Riverbend Hospital" in partners
    assert "Sample Clinic" in page.split('id="programs"')[1] and "Every feed speaks." in page


async def test_an_agreement_says_until_when_for_what_how_fast_and_with_whom(scene):
    async with browser(scene, ROBIN) as robin:
        page = (await robin.get("/network")).text
        referral = (await robin.get("/items/referral/1")).text
    for told in (
        "ends 31 March 2027",
        "since 1 January 2025; for referrals",
        "they answer what we ask within 1 bd",
        "discharge planning desk",
    ):
        assert told in page
    assert "Signed; ends 31 March 2027; they answer what we ask within 1 bd" in referral


def test_an_agreement_that_ends_soon_says_so_and_one_that_ended_is_over():
    def heard(*facts):
        section = {}
        for fact in facts:
            section |= PROJECTED[type(fact)](fact)
        return agreement({name: value for name, value in section.items() if value is not None}, NOON)

    registered = PartnerRegistered(name="Lakeside", agreement="joint-protocol", effective_on=date(2025, 3, 1), ends_on=date(2026, 3, 31))
    told = {"agreement": "joint-protocol", "ends_on": date(2026, 3, 31), "ends_at": datetime(2026, 4, 1, 4, tzinfo=UTC)}
    soon = heard(registered, AgreementExpiring(**told))
    assert soon["soon"] and soon["ends"] == "ends 31 March 2026, in 29 days"
    over = heard(registered, AgreementExpiring(**told), AgreementEnded(**told))
    assert over["over"] and not over["soon"] and over["ends"] == "ended 31 March 2026"
    renewed = heard(registered, AgreementEnded(**told), registered.model_copy(update={"ends_on": date(2028, 3, 31)}))
    assert not renewed["over"] and renewed["ends"] == "ends 31 March 2028"


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
