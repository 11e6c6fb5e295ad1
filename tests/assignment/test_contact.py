"""While a place is looked for somebody reaches the person, and it is said when nobody does."""

from datetime import timedelta

import pytest

from contracts.assignment import PlacementOverdue
from services.assignment.commands import AcceptOffer, LogContact
from tests.assignment.stories import BEN, DORA, NINE, RIVERSIDE, WITHDRAWN, Story, amended, received, story, triaged

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def overdue(given: Story) -> list[PlacementOverdue]:
    return [late for late in given.told(PlacementOverdue) if late.action == "contact-client"]


def call(given: Story, outcome: str) -> None:
    given.asks(LogContact(channel="telephone", outcome=outcome, contacted_at=given.now), BEN)


@pytest.mark.parametrize(("urgency", "due"), [("emergency", HOUR / 2), ("urgent", 3 * HOUR), ("routine", DAY)])
def test_nobody_reached_the_person_in_time_and_it_is_said_once_of_whom_it_waited_on(urgency, due):
    given = story(received(), triaged(urgency))
    given.passes(60 * DAY)
    (late,) = overdue(given)
    assert (late.due, late.rule, late.owner, late.waiting_on) == (NINE + due, "contact@1", given.placement.owner, "client")


def test_whoever_was_reached_is_not_late_and_whoever_was_tried_is():
    for outcome, times in (("reached", 0), ("no-answer", 1), ("left-message", 1)):
        given = story(received(), triaged("routine"))
        call(given, outcome)
        given.passes(5 * DAY)
        assert len(overdue(given)) == times


def test_what_is_taken_or_over_needs_no_contact_of_ours():
    taken = story(received(), triaged("routine"))
    taken.asks(AcceptOffer(program=RIVERSIDE), DORA)
    withdrawn = story(received(), triaged("routine"), WITHDRAWN)
    taken.passes(5 * DAY)
    withdrawn.passes(5 * DAY)
    assert overdue(taken) == overdue(withdrawn) == []


def test_another_round_or_need_puts_nothing_off_and_more_urgency_brings_it_nearer():
    given = story(received(), triaged("routine"))
    given.passes(HOUR)
    given.hears(amended(service="methadone"))
    assert given.placement.reach_by == NINE + DAY
    given.hears(amended(urgency="urgent"))
    assert given.placement.reach_by == NINE + timedelta(hours=3, minutes=40)
    given.hears(amended(urgency="routine"))
    assert given.placement.reach_by == NINE + timedelta(hours=3, minutes=40)
