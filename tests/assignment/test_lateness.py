"""A step that is late is said to be: whose it was, whom it waited on, by whose rule; and taken back where it never was so."""

from datetime import timedelta

from contracts.assignment import PlacementOverdue, PlacementOverdueRetracted, PlacementWarned
from services.assignment.commands import AcceptOffer, DeclineOffer, OfferAgain
from tests.assignment.stories import (
    BEN,
    COORDINATOR,
    DORA,
    NETWORK,
    NINE,
    RIVERSIDE,
    WITHDRAWN,
    Story,
    amended,
    desk,
    names,
    program,
    received,
    story,
    triaged,
    unwarned,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE = NETWORK.model_copy(update={"programs": (program(RIVERSIDE, 1),)})


def overdue(given: Story) -> list[tuple[str, str]]:
    """Beside whether the client was reached, which has a test of its own."""
    return [(late.action, late.rule) for late in unwarned(given.told(PlacementOverdue))]


def test_a_desk_that_is_asked_is_reminded_twice_before_its_time_is_over():
    given = story(received(), triaged(), network=ONE)
    warned = given.passes(2 * HOUR + timedelta(minutes=50))
    assert names(warned) == ["PlacementWarned"] * 2
    assert [(one.action, one.waiting_on, one.due, one.rule) for one in given.told(PlacementWarned)] == [
        ("await-answer", desk(RIVERSIDE), NINE + 3 * HOUR, "offer@1")
    ] * 2
    assert given.next.waiting_on == desk(RIVERSIDE) and given.next.due == NINE + 3 * HOUR


def test_a_need_that_nobody_reroutes_in_time_is_late_once():
    given = story(received(), triaged(service="methadone"))
    given.passes(3 * HOUR)
    (late,) = unwarned(given.told(PlacementOverdue))
    assert (late.action, late.rule, late.due, late.late_minutes) == ("reroute", "reroute@1", NINE + HOUR, 0)
    assert (late.owner, late.waiting_on, late.citation, late.citation_status) == (given.placement.owner, None, "our default", "default")
    assert (given.next.owner, given.next.action, given.next.due) == (COORDINATOR, "reroute", NINE + HOUR)


def test_the_regulatory_day_without_a_place_is_late_whatever_else_goes_on():
    given = story(received(), triaged(), network=ONE)
    given.passes(25 * HOUR)
    assert overdue(given) == [("reroute", "reroute@1"), ("find-place", "services@1")]
    late = given.told(PlacementOverdue)[-1]
    assert (late.due, late.citation_status) == (NINE + DAY, "read") and "2.b.1" in late.citation
    assert given.passes(30 * DAY) == []


def test_a_request_that_comes_too_late_says_so_at_once_and_by_how_much():
    given = story(network=ONE)
    given.hears(received(requested_at=NINE - 4 * DAY), triaged())  # asked on a Thursday: due on the Friday before
    given.passes(timedelta(0))
    assert overdue(given) == [("find-place", "services@1")]
    assert given.told(PlacementOverdue)[0].late_minutes == 3 * 24 * 60


def test_what_is_taken_or_withdrawn_is_never_late():
    taken = story(received(), triaged(), network=ONE)
    taken.asks(AcceptOffer(program=RIVERSIDE), DORA)
    withdrawn = story(received(), triaged(), WITHDRAWN, network=ONE)
    assert taken.passes(30 * DAY) == withdrawn.passes(30 * DAY) == []


def test_a_need_that_turns_out_less_urgent_takes_its_lateness_back_and_is_late_again_in_its_own_time():
    given = story(received(), triaged(), network=ONE)
    given.passes(25 * HOUR)
    assert names(given.hears(amended(urgency="routine"))) == ["NoProgramAvailable", "PlacementOverdueRetracted"]
    assert [(back.action, back.due) for back in given.told(PlacementOverdueRetracted)] == [("find-place", NINE + DAY)]
    given.passes(14 * DAY)
    assert overdue(given)[-1] == ("find-place", "services@1") and given.told(PlacementOverdue)[-1].due == NINE + 14 * DAY


def test_one_that_turns_out_more_urgent_is_not_told_late_a_second_time():
    given = story(received(), triaged("routine"), network=ONE)
    given.passes(15 * DAY)
    given.hears(amended(urgency="urgent"))
    given.passes(DAY)
    assert overdue(given).count(("find-place", "services@1")) == 1 and given.told(PlacementOverdueRetracted) == []


def test_a_step_that_is_begun_again_has_a_time_of_its_own():
    given = story(received(), triaged(), network=ONE)
    given.asks(DeclineOffer(program=RIVERSIDE, reason="other"), DORA)
    given.passes(2 * HOUR)
    assert overdue(given) == [("reroute", "reroute@1")]
    given.asks(OfferAgain(), BEN)
    given.asks(DeclineOffer(program=RIVERSIDE, reason="other"), DORA)
    assert given.placement.owed and not given.placement.owed.late
    given.passes(2 * HOUR)
    assert overdue(given) == [("reroute", "reroute@1")] * 2
