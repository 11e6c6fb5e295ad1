"""While a place is looked for somebody reaches the person, and it is said when nobody does."""

from datetime import timedelta

import pytest

from contracts.assignment import PlacementOverdue, PlacementOverdueRetracted
from services.assignment.commands import AcceptOffer, LogContact
from services.assignment.directory import DIRECTORY
from tests.assignment.endings import DEAD
from tests.assignment.stories import BEN, DORA, NINE, PLACEMENT, RIVERSIDE, WITHDRAWN, Story, amended, received, story, triaged
from tests.explaining import unexplained

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


def again(given: Story) -> list[PlacementOverdue]:
    return [late for late in given.told(PlacementOverdue) if late.action == "contact-again"]


@pytest.mark.parametrize(("urgency", "time"), [("emergency", HOUR / 4), ("urgent", 2 * HOUR), ("routine", DAY)])
def test_whoever_was_tried_in_vain_is_tried_again_by_a_clock_of_its_own(urgency, time):
    given = story(received(), triaged(urgency))
    call(given, "no-answer")
    assert (given.placement.again_by, given.placement.again_rule) == (NINE + time, "contact-again@1")
    given.passes(60 * DAY)
    (late,) = again(given)
    assert (late.due, late.owner, late.waiting_on, late.late_minutes) == (NINE + time, given.placement.owner, "client", 0)


def test_another_attempt_sets_it_anew_and_whoever_was_reached_or_wants_none_is_not_tried_again():
    given = story(received(), triaged("routine"))
    call(given, "no-answer")
    given.passes(HOUR)
    given.asks(LogContact(channel="text", outcome="left-message", contacted_at=given.now, next_attempt_at=NINE + 3 * HOUR), BEN)
    assert given.placement.again_by == NINE + 3 * HOUR, "as whoever tried said"
    given.passes(3 * HOUR)
    assert [late.due for late in again(given)] == [NINE + 3 * HOUR]
    call(given, "reached")
    assert given.placement.again_by is None
    for outcome in ("not-wanted", "unsafe-to-contact"):
        other = story(received(), triaged("routine"))
        call(other, outcome)
        other.passes(9 * DAY)
        assert again(other) == []


def test_an_attempt_that_is_entered_late_takes_back_what_it_shows_to_have_been_in_time():
    given = story(received(), triaged("urgent"))
    call(given, "no-answer")
    given.passes(4 * HOUR)
    assert len(again(given)) == len(overdue(given)) == 1
    given.asks(LogContact(channel="telephone", outcome="reached", contacted_at=NINE + HOUR), BEN)
    taken_back = given.told(PlacementOverdueRetracted)
    assert {(late.action, late.due) for late in taken_back} == {(late.action, late.due) for late in (*again(given), *overdue(given))}


def test_a_death_stops_every_attempt():
    given = story(received(), triaged("urgent"))
    call(given, "no-answer")
    given.hears(DEAD)
    given.passes(DAY)
    assert again(given) == []


def test_the_next_attempt_is_explained_whoever_said_when_it_is():
    given = story(received(), triaged("urgent"))
    call(given, "no-answer")
    assert unexplained(PLACEMENT, given.placement, [("contact-again", NINE + 2 * HOUR)], {DIRECTORY: given.states[DIRECTORY]}) == []
    at = NINE + 3 * HOUR
    given.asks(LogContact(channel="text", outcome="no-answer", contacted_at=NINE + HOUR / 2, next_attempt_at=at), BEN)
    given.passes(HOUR)
    given.asks(LogContact(channel="text", outcome="no-answer", contacted_at=NINE + HOUR / 2, next_attempt_at=at), BEN)
    assert unexplained(PLACEMENT, given.placement, [("contact-again", at)], {DIRECTORY: given.states[DIRECTORY]}) == []
