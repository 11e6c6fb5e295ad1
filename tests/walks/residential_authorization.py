"""A residential authorization by portal: asked, documents wanted, granted for half the time, carried on, denied, appealed, won."""

from datetime import datetime, timedelta

from tests.walks.beginnings import accepted, numbered
from tests.walks.doors import Partner, at, person
from tests.walks.story import Story
from tests.walks.world import World


def walk(world: World) -> Story:
    lakeside = Partner(world, "lakeside")
    alexa, kim = person(world, "staff/7"), person(world, "staff/31")
    story = Story(
        world, kim, "Residential authorization by portal",
        "Ray needs residential treatment. His employer’s plan decides in a portal, line by line, and tells nobody: Kim reads it there.",
    )  # fmt: skip
    world.monday(9)
    ray = {"family_name": "Madeup", "given_name": "Ray", "birth_date": "1979-08-21", "identifiers": [numbered(world, "urn:lakeside:mrn")]}
    covered = {"payer": "county-works", "member": f"EX-{world.number()}"}
    care = accepted(world, lakeside, ray, "residential-treatment", "program/harbor-residential", kim, alexa, **covered)
    item = care.item.replace("referral/", "authorization/")
    story.step(item, "The payer must be asked for one line", owner="Harbor desk", action="Put it to the payer")

    world.wait(hours=3)
    kim.does(item, "submit-authorization", channel="portal", diagnosis="F10.20", received_at=at(world.now - timedelta(minutes=2)))
    story.step(
        item,
        "The payer was asked for one line, by portal",
        owner="Harbor desk",
        action="Wait for the payer's decision",
        waiting_on="County works",
    )

    world.wait(days=1)
    kim.does(item, "enter-information-request", line=1, asks=["level-of-care-assessment"], due=at(world.at(17, days=3)))
    story.step(item, "The payer wants documents for line 1", owner="Harbor desk", action="Send the payer what it asked for")
    kim.does(item, "send-information", line=1, channel="portal")
    story.step(item, "The documents for line 1 were sent by portal", owner="Harbor desk", action="Wait for the payer's decision",
               waiting_on="County works")  # fmt: skip

    world.wait(days=2)
    today = world.local(world.now).date()
    half = {
        "line": 1, "action": "A6", "units": 14, "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=13)).isoformat(),
        "notice_on": today.isoformat(), "number": "CW-7", "reasons": ["0W"],
    }  # fmt: skip
    kim.does(item, "enter-decision", answer=half, channel="portal", received_at=at(world.now))
    row = story.step(
        item, "The payer approved with changes line 1: 14 × day", owner="Harbor desk", action="Give the care that is authorized"
    )

    world.until(datetime.fromisoformat(row["due"]) + timedelta(minutes=1))
    story.step(item, "The next authorization of line 1 must be asked for now", owner="Harbor desk", action="Ask for the next authorization")
    return story
