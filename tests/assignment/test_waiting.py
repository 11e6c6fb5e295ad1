"""A program's list: the person waits there, others are still asked, somebody stays in touch, and a yes counts whenever it comes."""

from datetime import date, timedelta

from contracts.assignment import PlacementAccepted, PlacementContactLogged, PlacementOffered, PlacementOverdue, PlacementWaitlisted
from services.assignment.commands import AcceptOffer, DeclineOffer, LogContact, OfferAgain, Waitlist
from tests.assignment.stories import (
    BEN,
    COORDINATOR,
    DORA,
    EVE,
    LAKESIDE,
    NETWORK,
    NIGHTHOUSE,
    NINE,
    RIVERSIDE,
    THERAPY,
    Story,
    amended,
    desk,
    names,
    program,
    programs,
    received,
    story,
    triaged,
    unwarned,
)  # fmt: skip

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE = NETWORK.model_copy(update={"programs": (program(RIVERSIDE, 1),)})
LISTED = Waitlist(program=RIVERSIDE, position=3, expected_on=date(2026, 4, 1), interim="group-therapy")


def waits() -> Story:
    """The only program keeps the person in its list."""
    given = story(received(), triaged("routine"), network=ONE)
    given.asks(LISTED, DORA)
    return given


def reached(given: Story, outcome: str = "reached") -> LogContact:
    return LogContact(channel="telephone", outcome=outcome, contacted_at=given.now)


def test_a_program_that_has_no_place_yet_keeps_the_person_and_the_others_are_still_asked():
    given = story(received(), triaged("routine"))
    (listed,) = given.asks(LISTED, DORA)
    assert isinstance(listed, PlacementWaitlisted)
    assert (listed.program, listed.desk, listed.by, listed.position, listed.expected_on) == (
        RIVERSIDE,
        desk(RIVERSIDE),
        DORA,
        3,
        date(2026, 4, 1),
    )
    assert given.placement.status == "offering" and desk(RIVERSIDE) not in (given.next.waiting_on or "")


def test_when_nobody_else_is_left_it_waits_on_the_list_and_its_owner_owes_the_person_a_contact():
    given = waits()
    assert names([fact.data for fact in given.facts[-2:]]) == ["PlacementWaitlisted", "NoProgramAvailable"]
    assert given.placement.status == "waitlisted"
    assert (given.next.owner, given.next.action, given.next.waiting_on) == (COORDINATOR, "contact-waiting", desk(RIVERSIDE))
    assert (given.next.due, given.next.rule) == (NINE + 14 * DAY, "waitlist-contact@1")


def test_a_silent_round_beside_a_list_ends_in_the_list_and_not_in_nothing():
    given = story(received(), triaged("routine"), network=NETWORK.model_copy(update={"programs": NETWORK.programs[:2]}))
    given.asks(LISTED, DORA)
    given.passes(3 * DAY)
    assert given.placement.status == "waitlisted" and given.next.waiting_on == desk(RIVERSIDE)


def test_its_yes_counts_whenever_it_comes():
    given = waits()
    given.passes(40 * DAY)
    accepted, *_ = given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert isinstance(accepted, PlacementAccepted) and given.placement.program == RIVERSIDE


def test_a_program_that_was_never_asked_may_keep_the_person_too():
    given = story(received(), triaged("routine"), network=NETWORK.model_copy(update={"programs": (program(RIVERSIDE, 0),)}))
    assert given.placement.status == "unplaced"
    given.asks(LISTED, BEN)
    assert given.placement.status == "waitlisted" and "accept-offer" in given.next.allowed


def test_nobody_in_touch_for_two_weeks_is_late_and_reaching_the_person_begins_the_time_anew():
    given = waits()
    given.passes(10 * DAY)
    given.asks(reached(given), BEN)
    assert given.next.due == NINE + 24 * DAY
    late = [fact for fact in unwarned(given.passes(15 * DAY)) if fact.action == "contact-waiting"]
    assert [(one.due, one.rule) for one in late] == [(NINE + 24 * DAY, "waitlist-contact@1")]
    given.asks(reached(given), BEN)
    assert given.placement.owed and not given.placement.owed.late
    assert "contact-waiting" in [fact.action for fact in unwarned(given.passes(15 * DAY))]


def test_attempted_is_not_reached_and_what_is_entered_late_takes_no_time_back():
    given = waits()
    given.passes(5 * DAY)
    given.asks(reached(given), BEN)
    given.passes(DAY)
    given.asks(reached(given, "no-answer"), BEN)
    earlier = LogContact(channel="telephone", outcome="reached", contacted_at=NINE + 2 * DAY)
    given.asks(earlier, BEN)
    assert given.next.due == NINE + 19 * DAY and len(given.told(PlacementContactLogged)) == 3


def test_the_regulatory_time_runs_on_in_the_list():
    given = waits()
    given.passes(20 * DAY)
    assert "find-place" in [late.action for late in given.told(PlacementOverdue)]
    assert given.placement.status == "waitlisted", "time closes nothing"


def test_a_list_that_lets_the_person_go_leaves_the_step_with_the_owner():
    given = waits()
    given.asks(DeclineOffer(program=RIVERSIDE, reason="no-capacity"), DORA)
    assert given.placement.status == "unplaced" and given.next.action == "reroute"


def test_others_may_be_asked_again_and_the_list_is_not_asked_what_it_said_already():
    given = story(received(), triaged("routine"), network=NETWORK.model_copy(update={"programs": NETWORK.programs[:2]}))
    given.asks(LISTED, DORA)
    given.asks(DeclineOffer(program=LAKESIDE, reason="no-capacity"), EVE)
    (again,) = given.asks(OfferAgain(), BEN)
    assert isinstance(again, PlacementOffered) and programs(again) == [LAKESIDE]
    assert [asked.program for asked in given.placement.in_lists] == [RIVERSIDE]


def test_another_need_releases_the_list():
    given = waits()
    (said,) = given.hears(amended(service="methadone"))
    assert said.released == (RIVERSIDE,) and given.placement.status == "unplaced" and given.placement.in_lists == ()


def test_what_makes_no_sense_is_refused():
    given = waits()
    assert given.asks(Waitlist(program=NIGHTHOUSE), BEN) == [] and given.refused and given.refused.reasons[0].code == "TL-5205"
    assert given.asks(LISTED, EVE) == [] and given.refused and given.refused.reasons[0].code == "TL-3423"
    early = LogContact(channel="telephone", outcome="reached", contacted_at=given.now + HOUR)
    assert given.asks(early, BEN) == [] and given.refused and given.refused.reasons[0].code == "TL-5206"
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert given.asks(LISTED, DORA) == [] and given.refused and given.refused.reasons[0].code == "TL-3421"
    assert given.placement.service == THERAPY
