"""Journeys 1 to 4: the morning, a call, a consent that is missing, a program that says no or nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from tests.journeys.conftest import Sits
from tests.walks.beginnings import numbered
from tests.walks.doors import Partner, at, eventually, person
from tests.walks.world import World
from tests.worklist.browsing import arrived

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]
COORDINATORS = ("staff/12", "staff/13")
KEYS_MAX = 40


ADA = {"family_name": "Testperson", "given_name": "Ada", "birth_date": "1988-04-09"}


def asked(
    world: World, service: str, urgency: str = "routine", minutes: int = 20, somebody: Mapping[str, str] = ADA, **more: object
) -> str:
    """A referral of a clinic, so many minutes ago; its item."""
    lakeside, alexa = Partner(world, "lakeside"), person(world, "staff/7")
    lakeside.send(
        "referral.requested.v1", reference=f"LK-{world.number()}", requested_at=at(world.now - timedelta(minutes=minutes)), service=service,
        urgency=urgency, person={**somebody, "identifiers": [numbered(world, "urn:lakeside:mrn")]}, **more,
    )  # fmt: skip
    return alexa.newest("lakeside", service)


def triaged(world: World, service: str, urgency: str = "routine") -> str:
    item, alexa = asked(world, service, urgency), person(world, "staff/7")
    alexa.does(item, "acknowledge-request")
    alexa.does(item, "triage-request", urgency=urgency, service=service)
    return item


def coordinator_of(world: World, item: str) -> str:
    """Whoever of the coordinators has it."""
    noor = person(world, "staff/50")
    row = eventually(lambda: noor.item(item), lambda row: row["owner_id"] in COORDINATORS, "a coordinator has it")
    return str(row["owner_id"])


def test_1_at_eight_in_the_morning_what_comes_first(here: World, sits: Sits) -> None:
    mine = [triaged(here, service) for service in ("outpatient-therapy", "case-management", "psychiatry", "youth-therapy")]
    asked(here, "outpatient-therapy", "urgent")
    here.until(here.at(2, 10, days=1))
    called = here.now
    Partner(here, "crisis-line-county").send(
        "contact.reported.v1", reference=f"CL-{here.number()}", contacted_at=at(here.now), source="crisis-line", relation="self",
        person={"family_name": "Sampleford", "given_name": "Noah"}, call_back="555-0155", area="oak-county", danger="high",
    )  # fmt: skip
    person(here, "staff/70").open_of("episode", called)
    here.until(here.at(8))
    owners = {item: coordinator_of(here, item) for item in mine}
    who = owners[mine[0]]
    theirs = [item for item, owner in owners.items() if owner == who]
    with sits(who) as robin:
        robin.sees("in crisis", "without an owner", "Crisis", "Next steps: mine", "Overdue: my team’s")
        robin.picture("01-morning")
        robin.goes("n", "/next-steps")
        robin.opens(min(theirs, key=lambda item: person(here, "staff/50").item(item)["due"]))
        robin.sees("Wait for the programs that were asked", "Waiting on", "What happened")


def test_2_the_telephone_rings_and_a_referral_begins(here: World, sits: Sits) -> None:
    with sits("staff/7") as alexa:
        alexa.goes("r", "/new")
        alexa.keys = 1
        alexa.fills(
            person__family_name="Exampleton", person__given_name="Bo", person__birth_date="03141991", person__phone="555-0111",
            service="outpatient-therapy", urgency="routine", channel="phone", partner="harbor-shelter", reason="cannot sleep",
        )  # fmt: skip
        alexa.picture("02-call")
        alexa.sends()
        assert alexa.keys <= KEYS_MAX, f"{alexa.keys} keystrokes beside the text"
        alexa.sees("Bo Exampleton", "Acknowledge the request", "Harbor Shelter")


def test_3_consent_is_missing_and_the_clients_clock_runs_on(here: World, sits: Sits) -> None:
    here.monday(9)
    item = asked(here, "substance-use-treatment", "routine", sensitivity="part2")
    with sits("staff/7") as alexa:
        alexa.goes("n", "/next-steps")
        alexa.follows('a[href="/next-steps?tab=team"]')
        alexa.opens(item)
        alexa.chooses("acknowledge-request")
        alexa.sends()
        alexa.sees("Triage the request")
        alexa.chooses("triage-request")
        alexa.fills(urgency="routine", service="substance-use-treatment")
        alexa.sends()
        alexa.sees("Get the consent without which no program may be asked", "42 CFR Part 2", "Ask the person for consent")
        limit = person(here, "staff/50").item(item)["due"]
        alexa.picture("03-consent")
    here.wait(hours=3)
    assert person(here, "staff/50").item(item)["due"] == limit, "the client's clock runs on"
    with sits("staff/7") as alexa:
        alexa.goes("n", "/next-steps")
        alexa.follows('a[href="/next-steps?tab=team"]')
        alexa.opens(item.replace("referral/", "consent/"))
        alexa.chooses("record-consent")
        alexa.fills(consent=f"C-{here.number()}", recipients=["program", "sender"])
        alexa.sends()
        alexa.sees("The person consents that programs, whoever referred may be told", "Nothing left to do")
        alexa.page.goto(f"{alexa.base}/items/{item}")
        alexa.sees("Wait for the programs that were asked")
        alexa.picture("03-consent-recorded")


def test_4_a_program_says_no_and_the_other_says_nothing(here: World, sits: Sits) -> None:
    here.monday(9)
    item = triaged(here, "youth-therapy")
    whose = coordinator_of(here, item)
    with sits("staff/31") as kim:
        kim.sees("Next steps: waits on us")
        kim.opens(item)
        kim.chooses("decline-offer")
        kim.fills(program="program/elm-youth", reason="language")
        kim.sends()
        arrived(kim.page, "/next-steps")
    here.until(datetime.fromisoformat(person(here, whose).item(item)["due"]) + timedelta(minutes=1))
    with sits(whose) as coordinator:
        coordinator.goes("n", "/next-steps")
        coordinator.opens(item)
        coordinator.sees("Ask somebody else", "A program did not answer in time; a late yes still counts")
        coordinator.picture("04-no-or-nothing")
    with sits("staff/32") as ren:
        ren.page.goto(f"{ren.base}/items/{item}")
        ren.chooses("accept-offer")
        ren.fills(program="program/young-minds")
        ren.sends()
        ren.sees("A program accepted", "Book a first visit")
