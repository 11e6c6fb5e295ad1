"""What ends a search, halts it, opens it again: the word of the front door, never time."""

from datetime import timedelta

from contracts.assignment import OwnerAssigned, PlacementEnded, PlacementHalted, PlacementOffered, PlacementReopened, PlacementResumed
from contracts.endings import RequestDeathRetracted
from services.assignment.commands import AcceptOffer, AskHandOff, LogContact, OfferAgain
from tests.assignment.endings import DEAD, closed, lives, reopened
from tests.assignment.stories import (
    ANA,
    BEN,
    CARL,
    CRISIS,
    DORA,
    LAKESIDE,
    NINE,
    PLACEMENT,
    REQUEST,
    RIVERSIDE,
    THERAPY,
    Story,
    names,
    programs,
    received,
    story,
    triaged,
)


def test_nobody_is_asked_called_or_reminded_for_somebody_who_is_said_to_have_died():
    given = story(received(), triaged())
    asked = programs(given.told(PlacementOffered)[-1])
    (halted,) = given.hears(DEAD)
    assert isinstance(halted, PlacementHalted) and list(halted.released) == asked
    assert (given.next.action, given.next.allowed) == ("none", ("ask-hand-off",))
    assert given.passes(timedelta(days=365)) == []
    for command in (AcceptOffer(program=RIVERSIDE), OfferAgain(), LogContact(channel="telephone", outcome="reached", contacted_at=NINE)):
        assert given.asks(command, BEN) == [] and given.refused and given.refused.reasons[0].code == "TL-5207"
    assert given.hears(DEAD) == []


def test_it_still_has_its_owner_who_may_hand_it_off():
    given = story(received(), triaged(), DEAD)
    owner = given.placement.owner
    assert names(given.asks(AskHandOff(to=CARL if owner != CARL else BEN), owner)) == ["HandOffAsked"]


def test_whoever_lives_is_looked_for_again_and_the_regulatory_time_was_not_put_off():
    given = story(received(), triaged())
    before = given.placement.services_by
    given.hears(DEAD)
    given.passes(timedelta(hours=2))
    said = given.hears(lives())
    assert names(said) == ["PlacementResumed", "PlacementOffered"]
    assert programs(said[1]) and given.placement.services_by == before
    assert given.next.action == "await-answer"
    assert given.hears(lives()) == []


def test_what_was_needed_otherwise_meanwhile_is_looked_for():
    given = story(received(), triaged(), DEAD)
    given.hears(lives(CRISIS))
    assert (given.placement.service, given.told(PlacementOffered)[-1].service) == (CRISIS, CRISIS)


def test_before_triage_nothing_is_looked_for_afterwards_either():
    given = story(received(), DEAD)
    assert names(given.hears(RequestDeathRetracted(record="record/1", noted_at=NINE, by=ANA, service=THERAPY))) == ["PlacementResumed"]
    assert given.placement.status == "opened" and names(given.hears(triaged()))[-1] == "PlacementOffered"


def test_triage_of_somebody_who_is_said_to_have_died_asks_nobody():
    given = story(received(), DEAD)
    assert given.hears(triaged()) == [] and given.placement.waiting_on == ()


def test_a_program_that_has_the_person_keeps_the_place_while_it_is_not_known():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    given.hears(DEAD)
    assert (given.placement.status, given.placement.program) == ("accepted", RIVERSIDE)
    assert names(given.hears(lives())) == ["PlacementResumed"]


def test_a_closed_request_releases_whoever_was_asked_and_a_program_only_where_nothing_was_obtained():
    for how, ends in (("unmet", True), ("died", True), ("verified", False), ("asserted", False)):
        given = story(received(), triaged())
        given.asks(AcceptOffer(program=RIVERSIDE), DORA)
        assert [fact.reason for fact in given.hears(closed(how)) if isinstance(fact, PlacementEnded)] == [how] * ends
    given = story(received(), triaged())
    (ended,) = given.hears(closed("asserted"))  # nobody has them
    assert isinstance(ended, PlacementEnded) and set(ended.released) >= {RIVERSIDE, LAKESIDE}


def test_opened_again_it_is_a_search_of_its_own_with_clocks_of_its_own_and_an_owner_from_the_first_fact_on():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    given.hears(closed("unmet"))
    given.passes(timedelta(days=30))
    said = given.hears(reopened(hours=30 * 24))
    assert [type(fact) for fact in said] == [PlacementReopened, OwnerAssigned]
    assert (given.placement.owner, given.placement.status, given.placement.program, given.placement.interval) == (ANA, "opened", None, 2)
    assert (given.told(PlacementReopened)[0].next.action, given.placement.services_by) == ("none", None) and not given.placement.contacted
    given.hears(triaged())
    assert given.placement.services_by > given.now and RIVERSIDE in programs(given.told(PlacementOffered)[-1])
    assert given.hears(reopened()) == []


def test_a_program_that_still_had_it_is_named_as_left():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    given.hears(closed("verified"))
    said = given.hears(reopened())
    assert said[0].left == RIVERSIDE  # type: ignore[attr-defined]


def test_the_yes_says_which_opening_it_is_of():
    given = story(received(), triaged(), closed("unmet"), reopened(), triaged())
    (said, *_) = given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert said.interval == 2  # type: ignore[attr-defined]


def test_words_about_a_placement_that_was_never_opened_wait_for_it():
    given = Story()
    given.hears(DEAD)
    assert [message.subject for message in given.kept] == [REQUEST] and PLACEMENT not in given.states
    given.hears(received())
    assert given.placement.halted


def test_resuming_is_not_said_of_what_was_not_halted():
    given = story(received(), triaged())
    assert given.hears(lives()) == [] and not given.told(PlacementResumed)
