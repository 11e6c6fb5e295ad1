"""Beside the ten: finding a person, keeping a list, handing much over at once, and opening somebody in an emergency."""

import pytest

from tests.journeys.conftest import Sits
from tests.journeys.test_front_door import asked, coordinator_of, triaged
from tests.walks.world import World
from tests.worklist.browsing import arrived, focused

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]


def test_11_a_person_is_found_and_no_name_stands_in_an_address(here: World, sits: Sits) -> None:
    asked(here, "case-management", somebody={"family_name": "O’Findable-Núñez", "given_name": "Ivy", "birth_date": "1991-02-03"})
    with sits("staff/20") as lin:
        lin.press("/")
        focused(lin.page, 'element.id === "q"')
        lin.page.keyboard.type("nunez ivy")
        lin.press("Enter")
        arrived(lin.page, "/search")
        lin.awaits('a.open[href^="/people/record/"]')
        lin.sees("1 found", "Ivy O’Findable-Núñez", "Acknowledge the request")
        lin.picture("11-search")
        lin.press("j")
        with lin.page.expect_navigation():
            lin.press("Enter")
        lin.sees("Ivy O’Findable-Núñez", "born 1991-02-03", "What happened")
        assert not [path for path in lin.visited if "ivy" in path.lower() or "nunez" in path.lower()]


def test_12_a_list_is_kept_and_begins_the_day(here: World, sits: Sits) -> None:
    with sits("staff/20") as lin:
        lin.place("/pending")
        lin.follows('a[href="/pending?tab=front-door"]')
        lin.reach("#keep summary")
        lin.press("Enter")
        lin.reach("#keep-name")
        lin.page.keyboard.type("At the door")
        with lin.page.expect_navigation():
            lin.press("Enter")
        lin.sees("At the door", within="nav.places")
        lin.place("/views")
        lin.picture("12-kept")
        lin.follows("button[value=start]")
        lin.page.goto(lin.base)
        arrived(lin.page, "/pending")
        lin.sees("At the front door")
        lin.place("/views")
        lin.follows("button[value=today]")


def test_13_much_is_handed_over_at_once(here: World, sits: Sits) -> None:
    here.monday(9)
    items = [triaged(here, service) for service in ("outpatient-therapy", "psychiatry", "case-management")]
    owners = {item: coordinator_of(here, item) for item in items}
    whose = owners[items[0]]
    theirs = [item for item, owner in owners.items() if owner == whose]
    other = {"staff/12": "staff/13", "staff/13": "staff/12"}[whose]
    with sits(whose) as leaving:
        leaving.place("/me")
        leaving.follows('a[href="/me/hand-over"]')
        leaving.follows('a[href*="choose=all"]')
        assert all(leaving.page.is_checked(f'input[value="{item}"]') for item in theirs)
        leaving.fills(to=other, reason="workload")
        leaving.picture("13-hand-over")
        leaving.follows(".form button[type=submit]")
        assert leaving.reads().count("Asked. It stays where it is until they accept.") >= len(theirs)
    with sits(other) as staying:
        staying.place("/inbox")
        staying.opens(theirs[0])
        staying.chooses("accept-hand-off")
        staying.sends()
        staying.sees("The new owner took over")
    with sits(whose) as left:
        left.page.goto(f"{left.base}/items/{theirs[0]}")
        left.sees("The new owner took over", "Who owned it")


def test_14_somebody_outside_the_care_opens_a_person_in_an_emergency_and_answers_for_it(here: World, sits: Sits) -> None:
    item, why = asked(here, "case-management", "urgent"), "stands on the bridge and speaks with nobody"
    with sits("staff/72", but="403") as pat:
        pat.page.goto(f"{pat.base}/items/{item}")
        pat.sees("You may not do this")
        pat.follows('a[href^="/emergency/"]')
        pat.fills(ground="danger-to-life", words=why)
        pat.sends()
        pat.sees("Ada Testperson", "Acknowledge the request")
        pat.sees("Opened in an emergency, until", within=".warn")
        assert "/do/" not in pat.page.content() and why not in pat.reads()
        pat.picture("14-emergency")
        with sits("staff/21") as ana:
            ana.place("/emergencies")
            ana.follows('a.open[href^="/items/access/"]')
            ana.sees(why, "Danger to life", "Pat")
            ana.chooses("review-access")
            ana.fills(finding="justified")
            ana.sends()
            ana.place("/emergencies")
            ana.follows('a[href="/emergencies?tab=reviewed"]')
            ana.sees("Justified", "Pat", "Ana")
            ana.picture("14-reviewed")
        here.wait(hours=1, minutes=1)
        pat.page.reload()
        pat.sees("You may not do this")
