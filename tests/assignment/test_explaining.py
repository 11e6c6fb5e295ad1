"""Why a step is due when it is: its clock made again from what is stored comes to the instant that was recorded."""

from datetime import timedelta

import pytest

from contracts.directory import Desk
from services.assignment.commands import AcceptOffer, DeclineOffer, Waitlist
from services.assignment.directory import DIRECTORY
from services.assignment.explain import running
from tests.assignment.stories import (
    DORA,
    EVE,
    LAKESIDE,
    NETWORK,
    NINE,
    PLACEMENT,
    RIVERSIDE,
    WITHDRAWN,
    Story,
    amended,
    desk,
    received,
    story,
    triaged,
)  # fmt: skip

HOURS = NETWORK.model_copy(update={"desks": (Desk(id=desk(RIVERSIDE), hours={"mon-sun": "15:00-21:00"}, zone="America/New_York"),)})
NO = DeclineOffer(program=RIVERSIDE, reason="other")


def made(given: Story) -> list[tuple[str, bool]]:
    """What runs, and whether it comes to the same instant."""
    found = running(given.states[PLACEMENT], {DIRECTORY: given.states.get(DIRECTORY)})
    return [(one.action, one.clock.due_at == one.due) for one in found]


@pytest.mark.parametrize("urgency", ["emergency", "urgent", "routine"])
def test_every_clock_of_an_offer_is_made_again_whatever_the_desks_hours(urgency):
    given = story(network=HOURS)
    given.now = NINE + timedelta(days=4, hours=11, minutes=7)
    given.hears(received(), triaged(urgency))
    desks = [f"answer of {asked.desk}" for asked in given.placement.waiting_on]
    assert len(desks) >= 3 and made(given) == [*((name, True) for name in desks), ("find-place", True), ("contact-client", True)]
    given.asks(NO, DORA)
    assert [same for _, same in made(given)] == [True] * (len(desks) + 1)


def test_the_owners_own_step_is_made_again_while_time_goes_by():
    given = story(received(), triaged(service="methadone"))
    for _ in range(5):
        given.passes(timedelta(hours=1))
        assert made(given) == [("reroute", True), ("find-place", True), ("contact-client", True)]


def test_what_was_set_by_another_need_is_not_passed_off_as_todays_arithmetic():
    given = story(received(), triaged("urgent"))
    given.hears(amended(urgency="routine"))
    assert made(given)[0] == (f"answer of {desk(RIVERSIDE)}", False)


def test_a_contact_with_somebody_in_a_list_is_made_again():
    given = story(received(), triaged("routine"), network=NETWORK.model_copy(update={"programs": NETWORK.programs[:1]}))
    given.asks(Waitlist(program=RIVERSIDE), DORA)
    given.passes(timedelta(days=8))
    assert made(given) == [("contact-waiting", True), ("find-place", True), ("contact-client", True)]


def test_a_booking_that_is_owed_is_made_again_and_what_has_ended_has_no_clock():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=LAKESIDE), EVE)
    assert made(given)[0] == ("schedule", True)
    assert made(story(received(), triaged(), WITHDRAWN)) == made(story(received())) == []
