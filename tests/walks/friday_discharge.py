"""Friday discharge to a shelter: owned from admission, a visit booked before the leave, reached over the weekend, seen on Monday."""

from datetime import timedelta

from tests.walks.beginnings import MEDICAID, accepted, numbered, seen
from tests.walks.doors import Partner, at, person
from tests.walks.story import Story
from tests.walks.world import World


def walk(world: World) -> Story:
    riverbend, lakeside = Partner(world, "riverbend"), Partner(world, "lakeside")
    alexa, kim = person(world, "staff/7"), person(world, "staff/31")
    story = Story(
        world, kim, "Friday discharge to a shelter",
        "Lee is in care with Oak Street when the hospital admits him, and is sent to the shelter on a Friday afternoon.",
    )  # fmt: skip
    world.monday(9)
    medicaid = numbered(world, MEDICAID)
    lee = {"family_name": "Invented", "given_name": "Lee", "birth_date": "1968-12-01"}
    there = {**lee, "identifiers": [numbered(world, "urn:riverbend:mrn"), medicaid]}
    care = accepted(
        world, lakeside, {**lee, "identifiers": [numbered(world, "urn:lakeside:mrn"), medicaid]}, "outpatient-therapy",
        "program/oak-outpatient", kim, alexa,
    )  # fmt: skip
    seen(world, care, kim, "evaluation")

    # admitted on Tuesday: owned from here
    world.until(world.at(11, 5, days=1))
    stay, began = f"RS-{world.number()}", world.now
    riverbend.send(
        "stay.reported.v1", reference=stay, step="admitted", kind="hospital", at=at(began - timedelta(minutes=40)), person=there,
        problem="mental-health",
    )  # fmt: skip
    machine = riverbend.told(stay, "referral.received.v1", outcome="event")
    item = kim.open_of("transition", began - timedelta(hours=1))
    story.step(
        item, ["The person is known to be in care elsewhere: hospital", "The person's program answers for the transition"],
        owner="Oak desk", action="Speak with the person before they leave", told=[(riverbend, machine)],
    )  # fmt: skip
    world.wait(days=1)
    kim.does(item, "record-reached", at=at(world.now - timedelta(minutes=10)), channel="telephone")
    story.step(
        item,
        "Somebody spoke with the person during the stay",
        owner="Oak desk",
        action="Ask how the stay goes",
        waiting_on="Facility riverbend",
    )

    # planned before the leave
    friday = world.at(16, days=2)
    kim.does(item, "plan-leave", expected_at=at(friday))
    story.step(item, "When the person is expected to leave is known", owner="Oak desk", action="Book a visit before the person leaves")
    monday = world.at(10, days=5)
    kim.does(item, "arrange-visit", starts_at=at(monday))
    kim.does(care.plan, "book-visit", starts_at=at(monday), kind="service", channel="in-person")
    story.step(item, "A visit after the stay is booked", owner="Oak desk", action="Ask how the stay goes", waiting_on="Facility riverbend")

    # he leaves on Friday, late
    world.until(friday + timedelta(minutes=70))
    riverbend.send(
        "stay.reported.v1", reference=stay, step="discharged", kind="hospital", at=at(world.now - timedelta(minutes=5)), to="harbor-shelter"
    )
    row = story.step(item, "The person left", owner="Oak desk", action="Reach the person after the discharge")
    assert any("to harbor shelter" in part for part in row["about"])
    story.note(f"{kim.name} reads of him: {story.spoken(', '.join(row['about']))}")

    world.until(world.at(11, days=1))
    kim.does(item, "try-to-reach", at=at(world.now - timedelta(minutes=5)), channel="telephone", outcome="no-answer")
    story.step(item, "Somebody tried to reach the person after the stay", owner="Oak desk", action="Try again to reach the person")
    world.until(world.at(9, days=1))
    kim.does(item, "record-reached", at=at(world.now - timedelta(minutes=30)), channel="in-person")
    story.step(
        item,
        "The person was reached after the stay",
        owner="Oak desk",
        action="Get the list of what was prescribed",
        waiting_on="Facility riverbend",
    )

    # Monday
    world.until(monday + timedelta(minutes=55))
    (visit,) = kim.options(care.plan, "record-attendance", "visit")
    kim.does(care.plan, "record-attendance", visit=visit, at=at(monday), kind="service", channel="in-person")
    story.step(
        item,
        "The person had a visit after the stay",
        owner="Oak desk",
        action="Get the list of what was prescribed",
        waiting_on="Facility riverbend",
    )
    for kind in ("prescriptions", "records"):
        kim.does(item, "receive-papers", kind=kind, at=at(world.now - timedelta(minutes=2)))
    story.step(
        item, ["The prescriptions of the stay came", "The records of the stay came"], owner="Oak desk",
        action="Say that the person is linked to care",
    )  # fmt: skip
    kim.does(item, "end-transition", how="linked", at=at(world.now))
    story.step(item, "The transition ended: linked")
    return story
