"""Journeys 9 and 10: an authorization that is about to stop care, and leaving one's desk at the end of a day."""

from datetime import timedelta

import pytest

from tests.journeys.conftest import Sits
from tests.journeys.test_front_door import coordinator_of, triaged
from tests.walks.beginnings import accepted, numbered, seen
from tests.walks.doors import Partner, at, person
from tests.walks.world import World

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]


def test_9_an_authorization_is_about_to_stop_care(here: World, sits: Sits) -> None:
    here.monday(9)
    alexa, kim_ = person(here, "staff/7"), person(here, "staff/31")
    ray = {"family_name": "Madeup", "given_name": "Ray", "birth_date": "1979-08-21", "identifiers": [numbered(here, "urn:lakeside:mrn")]}
    covered = {"payer": "county-works", "member": f"EX-{here.number()}"}
    care = accepted(
        here, Partner(here, "lakeside"), ray, "residential-treatment", "program/harbor-residential", kim_, alexa, **covered
    )  # fmt: skip
    item = care.item.replace("referral/", "authorization/")
    kim_.does(care.plan, "book-visit", starts_at=at(here.at(10, days=4)), kind="service", channel="in-person")
    kim_.does(item, "submit-authorization", channel="portal", diagnosis="F10.20", received_at=at(here.now - timedelta(minutes=2)))
    here.wait(days=1)
    with sits("staff/31") as kim:
        kim.place("/authorizations")
        kim.sees("Decision after the visit")
        kim.opens(item)
        kim.chooses("enter-decision")
        kim.fills(line="1", answer__action="A3", channel="portal")
        kim.sends()
        kim.sees("The payer denied line 1")
        kim.place("/authorizations")
        kim.picture("09-authorization")
        kim.opens(item)
        kim.sees("Secure the care that is at risk", "appeal before")
        kim.chooses("file-appeal")
        kim.fills(line="1")
        kim.sends()
        kim.sees("appealed")


def test_10_leaving_hand_over_close_verified_and_why_was_this_late(here: World, sits: Sits) -> None:
    here.monday(9)
    alexa, kim, lakeside = person(here, "staff/7"), person(here, "staff/31"), Partner(here, "lakeside")
    somebody = {"family_name": "Placeholder", "given_name": "Mira", "birth_date": "1975-05-05"}
    told = {**somebody, "identifiers": [numbered(here, "urn:lakeside:mrn")]}
    item = triaged(here, "psychiatry")
    whose = coordinator_of(here, item)
    other = {"staff/12": "staff/13", "staff/13": "staff/12"}[whose]
    care = accepted(here, lakeside, told, "outpatient-therapy", "program/oak-outpatient", kim, alexa)
    seen(here, care, kim, "evaluation")
    kim.does(care.item, "report-outcome", outcome="in-service")
    asked_at = here.now
    here.wait(days=3)
    with sits(whose) as leaving:
        leaving.goes("n", "/next-steps")
        leaving.opens(item)
        leaving.sees("late by", "rule:", within=".spans:has(.late)")
        leaving.fills(as_of=asked_at + timedelta(days=1))
        with leaving.page.expect_navigation():
            leaving.press("Enter")
        leaving.sees("Known then", "True then", "Wait for the programs that were asked")
        leaving.page.eval_on_selector(".case", "part => part.scrollIntoView()")
        leaving.picture("10-why-late")
        leaving.chooses("ask-hand-off")
        leaving.fills(to=other)
        leaving.sends()
        leaving.sees("The owner asked for it to be taken over")
    with sits(other) as staying:
        staying.place("/inbox")
        staying.opens(item)
        staying.chooses("accept-hand-off")
        staying.sends()
        staying.sees("The new owner took over")
        staying.goes("n", "/next-steps")
        staying.follows('a[href="/next-steps?tab=team"]')
        staying.opens(care.item)
        staying.sees("Review the outcome and close the referral")
        staying.chooses("close-request")
        staying.fills(how="verified", reason="services-obtained")
        staying.sends()
        staying.sees("Closed: services were obtained, with a recorded visit", "Nothing left to do")
