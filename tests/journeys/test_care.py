"""Journeys 5 to 8: a first call and a booking past the limit, a crisis overnight, a discharge on a Friday, somebody who has gone quiet."""

from datetime import timedelta
from typing import Any

import pytest

from tests.journeys.conftest import Sits
from tests.journeys.test_front_door import coordinator_of, triaged
from tests.walks.beginnings import MEDICAID, InCare, accepted, numbered, seen
from tests.walks.doors import Partner, at, person
from tests.walks.world import World

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]


def in_care(world: World, **named: str) -> tuple[InCare, dict[str, Any]]:
    """Somebody whom Oak Street has seen once; and how others know them."""
    world.monday(9)
    somebody: dict[str, Any] = {"family_name": "Invented", "given_name": "Lee", "birth_date": "1968-12-01", **named}
    medicaid = numbered(world, MEDICAID)
    told = {**somebody, "identifiers": [numbered(world, "urn:lakeside:mrn"), medicaid]}
    kim, alexa = person(world, "staff/31"), person(world, "staff/7")
    care = accepted(world, Partner(world, "lakeside"), told, "outpatient-therapy", "program/oak-outpatient", kim, alexa)
    seen(world, care, kim, "evaluation")
    return care, {**somebody, "identifiers": [medicaid]}


def test_5_a_first_call_and_a_booking_past_the_limit(here: World, sits: Sits) -> None:
    here.monday(9)
    item = triaged(here, "case-management", "urgent")
    with sits(coordinator_of(here, item)) as coordinator:
        coordinator.goes("n", "/next-steps")
        coordinator.opens(item)
        coordinator.chooses("log-contact")
        coordinator.fills(channel="telephone", outcome="reached", spoke_with="client")
        coordinator.sends()
        coordinator.sees("Contact with the client: reached")
    with sits("staff/32", but="409") as ren:
        ren.opens(item)
        ren.chooses("accept-offer")
        ren.fills(program="program/bridge-case")
        ren.sends()
        ren.sees("Book a first visit")
        ren.chooses("book-visit")
        ren.fills(starts_at=here.at(15, days=14), kind="evaluation", channel="in-person")
        ren.sends(refused=True)
        ren.sees("later than the regulation allows", within=".faults")
        ren.picture("05-past-the-limit")
        ren.fills(reason="no-slot")
        ren.sends()
        ren.sees("A first visit is booked")


def test_6_my_client_was_in_crisis_last_night(here: World, sits: Sits) -> None:
    care, known = in_care(here, given_name="Noah", family_name="Sampleford")
    called = here.until(here.at(23, 40, days=1))
    Partner(here, "crisis-line-county").send(
        "contact.reported.v1", reference=f"CL-{here.number()}", contacted_at=at(here.now), source="crisis-line", relation="family",
        person=known, call_back="555-0155", area="oak-county", danger="high",
    )  # fmt: skip
    person(here, "staff/70").open_of("episode", called)
    here.until(here.at(8, days=1))
    with sits("staff/31") as kim:
        kim.place("/inbox")
        kim.sees("N. S.", "High danger", "nobody has seen it")
        kim.picture("06-crisis-last-night")
        kim.page.goto(f"{kim.base}/items/{care.plan}")
        kim.sees("What is expected of the plan changed", "County Crisis Line")


def test_7_on_friday_afternoon_discharged_to_a_shelter(here: World, sits: Sits) -> None:
    _, known = in_care(here)
    riverbend, kim_, stay = Partner(here, "riverbend"), person(here, "staff/31"), f"RS-{here.number()}"
    here.until(here.at(11, days=1))
    riverbend.send(
        "stay.reported.v1", reference=stay, step="admitted", kind="hospital", at=at(here.now - timedelta(minutes=40)), person=known,
        problem="mental-health",
    )  # fmt: skip
    item = kim_.open_of("transition", here.now - timedelta(hours=1))
    here.until(here.at(16, 40, days=3))
    riverbend.send(
        "stay.reported.v1", reference=stay, step="discharged", kind="hospital", at=at(here.now - timedelta(minutes=5)), to="harbor-shelter"
    )
    with sits("staff/31") as kim:
        kim.place("/transitions")
        kim.follows('a[href="/transitions?tab=home"]')
        kim.sees("to harbor shelter")
        kim.opens(item)
        kim.sees("Reach the person after the discharge")
        kim.chooses("try-to-reach")
        kim.fills(channel="telephone", outcome="no-answer")
        kim.sends()
        kim.sees("Try again to reach the person")
        kim.picture("07-friday-discharge")


def test_8_somebody_has_gone_quiet(here: World, sits: Sits) -> None:
    care, _ = in_care(here, given_name="Sam", family_name="Exampleton")
    kim_ = person(here, "staff/31")
    booked = here.at(10, days=14)
    kim_.does(care.plan, "book-visit", starts_at=at(booked), kind="service", channel="in-person")
    here.until(booked + timedelta(hours=2))
    (visit,) = kim_.options(care.plan, "record-no-show", "visit")
    kim_.does(care.plan, "record-no-show", visit=visit)
    with sits("staff/31") as kim:
        kim.place("/gone-quiet")
        kim.sees("missed a visit")
        kim.picture("08-gone-quiet")
        kim.opens(care.plan)
        kim.chooses("log-attempt")
        kim.fills(channel="text", outcome="no-answer")
        kim.sends()
        kim.sees("Somebody tried to reach the person by text")
        kim.chooses("log-contact")
        kim.fills(channel="telephone")
        kim.sends()
        kim.sees("Somebody was in touch with the person")
