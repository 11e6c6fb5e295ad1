"""One referral from a school and a clinic to care that was obtained: a minor, a guardian who speaks another language, a no and a late
yes, a missed visit, an evaluation by telephone."""

from datetime import datetime, timedelta

from tests.walks.doors import Partner, at, person
from tests.walks.story import Story
from tests.walks.world import World

MOTHER = {"given_name": "Marisol", "family_name": "Testperson", "phone": "555-0142", "language": "es"}
ADA = {"family_name": "Testperson", "given_name": "Ada", "birth_date": "2011-11-04", "language": "en", "guardian": MOTHER}
COORDINATORS = ("Robin", "Jules")
"""Whoever of them has it, by a share that is even."""
MEDICAID = "http://hl7.org/fhir/sid/us-medicaid"


def walk(world: World) -> Story:
    school, clinic = Partner(world, "northgate-schools"), Partner(world, "lakeside")
    alexa, kim, ren = (person(world, f"staff/{number}") for number in (7, 31, 32))
    story = Story(
        world, alexa, "One referral",
        "Ada is fourteen. Her school and her doctor ask for the same thing without knowing of each other; her mother speaks Spanish.",
    )  # fmt: skip

    medicaid, at_school, at_clinic = ({"value": f"EX-{world.number()}"} for _ in range(3))
    ours, theirs = (f"{sender}-{world.number()}" for sender in ("NS", "LK"))

    # two senders, one need
    world.monday(8, 45)
    school.send(
        "referral.requested.v1", reference=ours, requested_at=at(world.at(8, 15)), service="youth-therapy", urgency="routine",
        person={**ADA, "identifiers": [{"system": "urn:northgate:student", **at_school}, {"system": MEDICAID, **medicaid}]},
    )  # fmt: skip
    machine = school.told(ours, "referral.received.v1", outcome="event")
    item = alexa.newest("northgate-schools", "youth-therapy")
    story.step(item, "Routine request for youth therapy came in", owner="Alexa", action="Acknowledge the request", told=[(school, machine)])

    earlier = world.at(9, days=-3)
    clinic.send(
        "referral.requested.v1", reference=theirs, requested_at=at(earlier), service="youth-therapy", urgency="routine",
        person={**ADA, "identifiers": [{"system": "urn:lakeside:mrn", **at_clinic}, {"system": MEDICAID, **medicaid}]},
    )  # fmt: skip
    machine = clinic.told(theirs, "referral.received.v1", outcome="event")
    row = story.step(
        item, "Another sender asked for the same; it is worked as one", owner="Alexa", action="Acknowledge the request", late=True,
        told=[(clinic, machine)],
    )  # fmt: skip
    assert datetime.fromisoformat(row["requested_at"]) == earlier, "the earliest request starts the clock"
    assert not [one for one in alexa.get("/v1/pending?partner=lakeside&service=youth-therapy")["rows"] if one["open"]]

    alexa.does(item, "acknowledge-request")
    both = [(one, one.told(number, "referral.acknowledged.v1")) for one, number in ((school, ours), (clinic, theirs))]
    story.step(item, "A person of the intake desk took it", owner="Alexa", action="Triage the request", told=both)

    world.wait(minutes=15)
    alexa.does(item, "triage-request", urgency="routine", service="youth-therapy")
    row = story.step(
        item, ["Triaged as routine for youth therapy", "Offered to 2 programs"], owner=COORDINATORS,
        action="Wait for the programs that were asked", waiting_on="Young Minds and Elm desk",
    )  # fmt: skip

    # whom one speaks with
    robin = person(world, row["owner_id"])
    world.wait(minutes=40)
    page = robin.page(f"/people/{row['record']}")
    speak = "speak with the guardian: Marisol Testperson, 555-0142, speaks Spanish"
    assert speak in page and "Ada Testperson" in page
    robin.does(
        item,
        "log-contact",
        channel="telephone",
        outcome="reached",
        spoke_with="guardian",
        contacted_at=at(world.now - timedelta(minutes=5)),
    )
    story.note(f"On Ada’s page {robin.name} reads: {page[page.index(speak) :][: len(speak)]}")
    story.step(
        item, "Contact with the guardian: reached", owner=robin.name, action="Wait for the programs that were asked",
        waiting_on="Young Minds and Elm desk",
    )  # fmt: skip

    # a no, a silence, a late yes
    world.wait(hours=2)
    kim.does(item, "decline-offer", program="program/elm-youth", reason="language")
    row = story.step(
        item, "A program declined: language", owner=robin.name, action="Wait for the programs that were asked", waiting_on="Young Minds"
    )
    world.until(datetime.fromisoformat(row["due"]) + timedelta(minutes=1))
    row = story.step(
        item, ["A program did not answer in time; a late yes still counts", "No program is left to ask for youth therapy"],
        owner=robin.name, action="Ask somebody else, or find a way in between",
    )  # fmt: skip
    world.wait(hours=1)
    ren.does(item, "accept-offer", program="program/young-minds")
    both = [
        (one, one.told(number, "referral.status-changed.v1", task_status="accepted")) for one, number in ((school, ours), (clinic, theirs))
    ]
    story.step(item, "A program accepted", owner="Ren", action="Book a first visit", told=both)

    # a visit that is missed
    plan = item.replace("referral/", "plan/")
    first = world.at(15, days=1)
    ren.does(plan, "book-visit", starts_at=at(first), kind="evaluation", channel="in-person")
    story.step(item, "A first visit is booked", owner="Ren", action="Record whether the visit was kept", waiting_on="Client")
    world.until(first + timedelta(minutes=30))
    (visit,) = ren.options(plan, "record-no-show", "visit")
    ren.does(plan, "record-no-show", visit=visit)
    story.step(item, "The client did not come to the first visit", owner="Ren", action="Contact the client")
    world.wait(minutes=30)
    ren.does(plan, "log-contact", at=at(world.now - timedelta(minutes=5)), channel="telephone")

    # an evaluation by telephone, and what it asks for
    second = world.at(10, days=1)
    ren.does(plan, "book-visit", starts_at=at(second), kind="evaluation", channel="telephone")
    story.step(item, "A first visit is booked", owner="Ren", action="Record whether the visit was kept", waiting_on="Client")
    world.until(second + timedelta(minutes=50))
    (visit,) = ren.options(plan, "record-attendance", "visit")
    ren.does(plan, "record-attendance", visit=visit, at=at(second), kind="evaluation", channel="telephone")
    story.step(item, "The first visit took place", owner="Ren", action="Say how care goes")
    third = world.at(16, days=4)
    refused = ren.does(plan, "book-visit", refused=True, starts_at=at(third), kind="service", channel="telephone")
    story.refused(ren, refused, "the evaluation was by telephone: the next visit must be in person")
    ren.does(plan, "book-visit", starts_at=at(third), kind="service", channel="in-person")
    story.known(plan)
    world.until(third + timedelta(hours=1))
    (visit,) = ren.options(plan, "record-attendance", "visit")
    ren.does(plan, "record-attendance", visit=visit, at=at(third), kind="service", channel="in-person")
    story.step(plan, "The person came to a visit", owner="Young Minds", action="Book the next visit")

    # closed, with evidence
    ren.does(item, "report-outcome", outcome="in-service")
    story.step(item, "The program reports the outcome: in service", owner="Coordinator", action="Review the outcome and close the referral")
    world.wait(hours=2)
    robin.does(item, "close-request", how="verified", reason="services-obtained")
    both = [
        (one, one.told(number, "referral.status-changed.v1", task_status="completed", reason="services-obtained"))
        for one, number in ((school, ours), (clinic, theirs))
    ]
    story.step(item, "Closed: services were obtained, with a recorded visit", told=both)
    return story
