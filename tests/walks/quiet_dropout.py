"""Quiet dropout with two programs: nobody called it off; he just stopped coming to one, and is seen at the other."""

from datetime import timedelta

from tests.walks.beginnings import MEDICAID, accepted, numbered, seen
from tests.walks.doors import Partner, at, person
from tests.walks.story import Story
from tests.walks.world import World


def walk(world: World) -> Story:
    lakeside, riverbend = Partner(world, "lakeside"), Partner(world, "riverbend")
    alexa, kim, ren, noor = (person(world, f"staff/{number}") for number in (7, 31, 32, 50))
    story = Story(
        world, kim, "Quiet dropout with two programs",
        "Sam comes to therapy at Oak Street and to case management at Bridge. Then he stops coming to one of them, and says nothing.",
    )  # fmt: skip
    world.monday(9)
    medicaid = numbered(world, MEDICAID)
    sam = {"family_name": "Exampleton", "given_name": "Sam", "birth_date": "1990-10-10"}
    therapy = accepted(
        world, lakeside, {**sam, "identifiers": [numbered(world, "urn:lakeside:mrn"), medicaid]}, "outpatient-therapy",
        "program/oak-outpatient", kim, alexa,
    )  # fmt: skip
    bridge = accepted(
        world, riverbend, {**sam, "identifiers": [numbered(world, "urn:riverbend:mrn"), medicaid]}, "case-management",
        "program/bridge-case", ren, alexa,
    )  # fmt: skip
    seen(world, therapy, kim, "evaluation")
    seen(world, bridge, ren, "evaluation")
    for comes in (True, False):
        booked = world.at(10, days=14)
        for plan, desk in ((therapy.plan, kim), (bridge.plan, ren)):
            desk.does(plan, "book-visit", starts_at=at(booked), kind="service", channel="in-person")
        world.until(booked + timedelta(minutes=50))
        for plan, desk in ((therapy.plan, kim), (bridge.plan, ren))[0 if comes else 1 :]:
            (visit,) = desk.options(plan, "record-attendance", "visit")
            desk.does(plan, "record-attendance", visit=visit, at=at(booked), kind="service", channel="in-person")
        if comes:
            story.known(therapy.plan)

    # he does not come, and is seen at the other
    world.wait(hours=2)
    (visit,) = kim.options(therapy.plan, "record-no-show", "visit")
    kim.does(therapy.plan, "record-no-show", visit=visit)
    row = story.step(
        therapy.plan, ["The person did not come to a booked visit", "The person was seen in the network"], owner="Oak desk",
        action="Reach out to the client",
    )  # fmt: skip
    assert "seen in the network" in row["about"], "it changes the reason and the order, never the flag"
    story.note(f"{kim.name} reads of him: {story.spoken(', '.join(row['about']))}")

    # three attempts, two ways, two times of day; then a supervisor: time alone closes nothing
    for days, hour, channel in ((0, 14, "telephone"), (1, 9, "text"), (2, 11, "telephone")):
        world.until(world.at(hour, days=days))
        kim.does(therapy.plan, "log-attempt", at=at(world.now - timedelta(minutes=1)), channel=channel, outcome="no-answer")
    story.step(
        therapy.plan, ["Somebody tried to reach the person by text", "Outreach did not reach the person; a supervisor is asked"],
        owner="Oak desk", action="Decide how to go on with somebody out of reach", waiting_on="Clinical supervisor",
    )  # fmt: skip
    world.wait(hours=3)
    noor.does(therapy.plan, "review-engagement", decision="continue-outreach")
    story.step(
        therapy.plan, "A supervisor decided: continue outreach", owner="Oak desk", action="Reach out to the client", late=True
    )  # fmt: skip

    # he answers, and comes back
    world.until(world.at(10, days=1))
    kim.does(therapy.plan, "log-contact", at=at(world.now - timedelta(minutes=2)), channel="telephone")
    booked = world.at(10, days=6)
    kim.does(therapy.plan, "book-visit", starts_at=at(booked), kind="service", channel="in-person")
    world.until(booked + timedelta(minutes=50))
    (visit,) = kim.options(therapy.plan, "record-attendance", "visit")
    kim.does(therapy.plan, "record-attendance", visit=visit, at=at(booked), kind="service", channel="in-person")
    story.step(
        therapy.plan, ["Somebody was in touch with the person", "The person came to a visit"], owner="Oak desk",
        action="Book the next visit",
    )  # fmt: skip
    return story
