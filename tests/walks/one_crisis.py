"""One crisis, from a mother's call at night to care that goes on: triaged and a team held at once, a bed, a follow-up with a name."""

from datetime import timedelta

from tests.walks.beginnings import MEDICAID, accepted, numbered, seen
from tests.walks.doors import Partner, at, person
from tests.walks.story import Story
from tests.walks.world import World


def walk(world: World) -> Story:
    line, lakeside = Partner(world, "crisis-line-county"), Partner(world, "lakeside")
    alexa, kim = person(world, "staff/7"), person(world, "staff/31")
    sky, pat, max_ = person(world, "staff/70"), person(world, "staff/72", "mobile-team"), person(world, "staff/74", "crisis-facility")
    story = Story(
        world, sky, "One crisis",
        "Noah has been in care with Oak Street for a week when his mother calls the county’s crisis line at night.",
    )  # fmt: skip
    world.monday(9)
    medicaid = numbered(world, MEDICAID)
    noah = {"family_name": "Sampleford", "given_name": "Noah", "birth_date": "1999-02-03"}
    known = {**noah, "identifiers": [numbered(world, "urn:lakeside:mrn"), medicaid]}
    care = accepted(world, lakeside, known, "outpatient-therapy", "program/oak-outpatient", kim, alexa)
    seen(world, care, kim, "evaluation")

    world.until(world.at(21, 40, days=7))
    pat.post("crisis_routing", "/v1/teams/oak-day/sign-on", {})
    for place, free in (("harbor-house", 2), ("elm-living-room", 1)):
        counted = {"beds": "crisis-receiving", "free": free, "counted_at": at(world.now - timedelta(minutes=10))}
        max_.post("crisis_routing", f"/v1/facilities/{place}/count-beds", counted)

    reference, called = f"CL-{world.number()}", world.now
    line.send(
        "contact.reported.v1", reference=reference, contacted_at=at(called), source="crisis-line", relation="family",
        person={**noah, "identifiers": [medicaid]}, call_back="555-0155", area="oak-county", danger="high", needs=["youth"],
    )  # fmt: skip
    machine = line.told(reference, "referral.received.v1", outcome="event")
    episode = sky.open_of("episode", called)
    story.step(
        episode, ["A crisis was opened; danger: high", "The system triaged it: a team is needed", "The plan's team was told of the crisis"],
        owner="Crisis desk", action="Confirm the mobile team", waiting_on="Oak Mobile Team", told=[(line, machine)],
    )  # fmt: skip
    alerted = story.moment(episode, "The plan's team was told of the crisis")
    assert alerted - called < timedelta(seconds=60), "the team of an active plan is told within a minute"
    story.note(f"The team of Noah’s plan was told {int((alerted - called).total_seconds())} s after the call")

    # the team goes
    world.wait(minutes=2)
    pat.does(episode, "confirm-team", team="team/oak-day")
    story.step(
        episode, "A mobile team was confirmed", owner="Crisis desk", action="See that the team gets there", waiting_on="Oak Mobile Team"
    )
    for minutes, status in ((4, "dispatched"), (22, "on-scene")):
        world.wait(minutes=minutes)
        pat.does(episode, "report-field-status", team="team/oak-day", status=status, reported_at=at(world.now))
    story.step(
        episode, ["From the field: dispatched", "From the field: on scene"], owner="Crisis desk", action="Decide where the person goes",
        waiting_on="Oak Mobile Team",
    )  # fmt: skip

    # a bed
    world.wait(minutes=35)
    pat.does(episode, "record-disposition", disposition="crisis-receiving")
    story.step(
        episode, "Facilities asked for a bed, one held in each", owner="Crisis desk", action="Get a facility's answer",
        waiting_on="Harbor House and Elm Living Room",
    )  # fmt: skip
    world.wait(minutes=6)
    max_.does(episode, "accept-person", facility="facility/harbor-house")
    story.step(episode, "A facility takes the person", owner="Crisis desk", action="See that the person arrives", waiting_on="Harbor House")
    world.wait(minutes=40)
    max_.does(episode, "confirm-arrival", facility="facility/harbor-house", arrived_at=at(world.now))
    story.step(episode, "The person arrived", owner="Crisis desk", action="Name somebody for the follow-up")

    # somebody answers for what follows
    world.wait(minutes=20)
    sky.does(episode, "name-follow-up", owner="staff/12", consent="agreed")
    story.step(episode, "Somebody answers for the follow-up; the person: agreed", owner="Robin", action="Reach the person after the crisis")
    return story
