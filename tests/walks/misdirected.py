"""A referral that was meant for somebody else: taken, looked at, sent on to who confirms that they have it, and its sender told."""

from tests.walks.doors import Partner, at, person
from tests.walks.story import Story
from tests.walks.world import World


def walk(world: World) -> Story:
    reference = f"RB-{world.number()}"
    riverbend, alexa = Partner(world, "riverbend"), person(world, "staff/7")
    story = Story(
        world, alexa, "A misdirected referral",
        "Riverbend Hospital sends us somebody who was meant for Mill Street Clinic. Nothing is dropped: a person takes it, finds who it was"
        " for, and it ends here only when they have it.",
    )  # fmt: skip
    bo = {
        "family_name": "Exampleton",
        "given_name": "Bo",
        "birth_date": "1984-05-06",
        "identifiers": [{"system": "urn:riverbend:mrn", "value": f"EX-{world.number()}"}],
    }
    world.monday(8, 30)
    riverbend.send(
        "referral.requested.v1", reference=reference, requested_at=at(world.at(8, 10)), service="psychiatry", urgency="routine", person=bo
    )
    machine = riverbend.told(reference, "referral.received.v1", outcome="event")
    item = alexa.newest("riverbend", "psychiatry")
    story.step(
        item, "Routine request for psychiatry came in from a partner", owner="Alexa", action="Acknowledge the request",
        told=[(riverbend, machine)],
    )  # fmt: skip

    alexa.does(item, "acknowledge-request")
    taken = riverbend.told(reference, "referral.acknowledged.v1")
    story.step(item, "A person of the intake desk took it", owner="Alexa", action="Triage the request", told=[(riverbend, taken)])

    world.wait(minutes=20)
    refused = alexa.does(item, "close-request", refused=True, how="redirected", reason="sent-to-the-wrong-place")
    story.refused(alexa, refused, "name the organisation that confirmed that it has the referral now")
    story.step(item, owner="Alexa", action="Triage the request")

    world.wait(minutes=25)
    alexa.does(item, "close-request", how="redirected", reason="sent-to-the-wrong-place", to="mill-street-clinic")
    gone = riverbend.told(reference, "referral.status-changed.v1", task_status="cancelled", to="mill-street-clinic")
    story.step(item, "Closed: another organisation has it now", told=[(riverbend, gone)])

    world.wait(days=1)
    riverbend.send("referral.amended.v1", reference=reference, urgency="urgent")
    back = riverbend.told(reference, "referral.returned.v1")
    assert back.data["issues"][0]["fix"].startswith("the referral was closed; ask the network to reopen it")
    story.step(item, told=[(riverbend, back)])
    assert "Closed redirected" in alexa.page(f"/items/{item}")
    return story
