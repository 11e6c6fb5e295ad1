"""Programs are asked, answer or are silent: given facts, when a message, then facts."""

from datetime import timedelta

import pytest

from contracts.assignment import NoProgramAvailable, PlacementCountedEarlier, PlacementOffered
from contracts.kernel import DeadlinePassed, Message
from contracts.needs import RequestJoined
from services.assignment.commands import AcceptOffer, DeclineOffer
from tests.assignment.stories import (
    ANA,
    BEN,
    CARL,
    COORDINATOR,
    DORA,
    EVE,
    GROVE,
    HILLTOP,
    LAKESIDE,
    NETWORK,
    NIGHTHOUSE,
    NINE,
    NOBODY,
    PLACEMENT,
    RIVERSIDE,
    THERAPY,
    WITHDRAWN,
    amended,
    desk,
    names,
    program,
    programs,
    received,
    story,
    triaged,
    unwarned,
)

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("urgency", "within"), [("emergency", HOUR / 2), ("urgent", 3 * HOUR), ("routine", 48 * HOUR)])
def test_a_triaged_request_is_offered_to_the_three_programs_with_the_most_places(urgency, within):
    given = story(received())
    *_, offered = given.hears(triaged(urgency))
    assert programs(offered) == [RIVERSIDE, LAKESIDE, HILLTOP]
    assert {offer.respond_by for offer in offered.offers} == {NINE + within}
    assert (offered.round, offered.service, offered.urgency, offered.released) == (1, THERAPY, urgency, ())


def test_while_programs_are_asked_it_waits_on_their_desks_beside_its_owner():
    given = story(received(), triaged())
    assert given.next.owner == COORDINATOR
    assert given.next.waiting_on == "desk/riverside,desk/lakeside,desk/hilltop"
    assert (given.next.action, given.next.due, given.next.rule) == ("await-answer", NINE + 3 * HOUR, "offer@1")
    assert given.next.allowed == ("accept-offer", "decline-offer", "waitlist", "log-contact", "ask-hand-off")


def test_nobody_with_the_service_and_a_place_is_a_fact_and_falls_to_the_owner():
    given = story(received())
    *_, said = given.hears(triaged(service="methadone"))
    assert isinstance(said, NoProgramAvailable) and said.service == "methadone"
    assert (given.next.action, given.next.due, given.next.waiting_on) == ("reroute", NINE + HOUR, None)
    assert list(given.placement.waiting_on) == []


def test_a_program_without_a_place_is_not_asked():
    full = NETWORK.model_copy(update={"programs": (program(RIVERSIDE, 0), program(LAKESIDE, 1))})
    given = story(received(), triaged(), network=full)
    assert programs(given.told(PlacementOffered)[0]) == [LAKESIDE]


def test_a_network_that_was_never_listed_has_nobody_to_ask():
    assert names(story(received(), network=None).hears(triaged())) == ["OwnerAssigned", "NoProgramAvailable"]


def test_triage_that_comes_before_its_request_waits_for_it():
    given = story(triaged())
    assert (given.facts[1:], len(given.kept)) == ([], 1)
    assert names(given.hears(received())) == ["PlacementOpened", "OwnerAssigned", "OwnerAssigned", "PlacementOffered"]


@pytest.mark.parametrize("message", [amended(urgency="urgent"), WITHDRAWN, triaged()], ids=["amended", "withdrawn", "triaged"])
def test_nothing_is_said_of_a_placement_before_its_request_was_received(message):
    given = story(message)
    assert (given.kept[0].data, given.placement if "placement/1" in given.states else None) == (message, None)


def test_the_first_yes_wins_and_the_others_are_released():
    given = story(received(), triaged())
    accepted, assigned = given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert (accepted.program, accepted.by, accepted.released) == (RIVERSIDE, DORA, (LAKESIDE, HILLTOP))
    assert (accepted.desk, accepted.owner, accepted.urgency, accepted.requested_at) == (desk(RIVERSIDE), desk(RIVERSIDE), "urgent", NINE)
    assert (assigned.owner, assigned.role) == (DORA, desk(RIVERSIDE))
    assert (given.next.action, given.next.owner, given.next.due) == ("schedule", desk(RIVERSIDE), NINE + 4 * HOUR)


def test_a_second_yes_is_refused_with_what_may_be_asked():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert given.asks(AcceptOffer(program=LAKESIDE), EVE) == []
    assert given.refused and given.refused.reasons[0].code == "TL-3421"
    assert given.refused.allowed == ("ask-hand-off",)


def test_a_silent_round_is_passed_over_and_the_coordinator_still_owns_the_placement():
    given = story(received(), triaged())
    owner = given.placement.owner
    said = unwarned(given.passes(3 * HOUR))
    assert names(said) == ["OfferUnanswered"] * 3 + ["PlacementOffered"]
    assert programs(said[-1]) == [GROVE] and said[-1].round == 2
    assert (said[0].owner, said[0].rule, said[0].respond_by, said[0].desk) == (
        owner,
        "offer@1",
        NINE + 3 * HOUR,
        desk(said[0].program),
    )
    assert given.placement.owner == owner


def test_when_the_last_silent_desk_is_passed_over_the_step_is_the_owners_again():
    given = story(received(), triaged())
    said = given.passes(5 * HOUR)
    assert names(said[-2:]) == ["OfferUnanswered", "NoProgramAvailable"]
    assert (given.next.action, given.next.due, given.next.rule) == ("reroute", NINE + 6 * HOUR, "reroute@1")


def test_a_late_yes_counts_while_nobody_holds_it():
    given = story(received(), triaged())
    given.passes(24 * HOUR)
    accepted, _ = given.asks(AcceptOffer(program=LAKESIDE), EVE)
    assert (accepted.program, accepted.released) == (LAKESIDE, (RIVERSIDE, HILLTOP, GROVE))


def test_a_late_yes_comes_too_late_when_another_program_holds_it():
    given = story(received(), triaged())
    given.passes(5 * HOUR)
    given.asks(AcceptOffer(program=GROVE), BEN if given.placement.owner == BEN else CARL)
    assert given.asks(AcceptOffer(program=LAKESIDE), EVE) == [] and given.refused


def test_a_round_goes_on_until_all_of_it_have_said_no():
    given = story(received(), triaged())
    owner = given.placement.owner
    assert names(given.asks(DeclineOffer(program=RIVERSIDE, reason="no-capacity"), DORA)) == ["PlacementDeclined"]
    assert names(given.asks(DeclineOffer(program=LAKESIDE, reason="age"), EVE)) == ["PlacementDeclined"]
    assert names(given.asks(DeclineOffer(program=HILLTOP, reason="payer"), owner)) == ["PlacementDeclined", "PlacementOffered"]


def test_no_is_an_answer_and_cannot_become_a_yes():
    given = story(received(), triaged())
    given.asks(DeclineOffer(program=RIVERSIDE, reason="no-capacity"), DORA)
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == []
    assert given.refused and given.refused.reasons[0].code == "TL-3422"


def test_a_late_no_is_told_and_asks_nobody_anew():
    given = story(received(), triaged())
    given.passes(24 * HOUR)
    assert names(given.asks(DeclineOffer(program=RIVERSIDE, reason="other"), DORA)) == ["PlacementDeclined"]
    assert given.next.due == NINE + 6 * HOUR


@pytest.mark.parametrize(
    "passed",
    [
        DeadlinePassed(name="offer-response", about=RIVERSIDE, at=NINE + HOUR),
        DeadlinePassed(name="offer-response", about=NIGHTHOUSE, at=NINE + 4 * HOUR),
        DeadlinePassed(name="another", about=RIVERSIDE, at=NINE + 4 * HOUR),
    ],
    ids=["another instant", "not asked", "another clock"],
)
def test_a_deadline_that_does_not_stand_says_nothing(passed):
    given = story(received(), triaged())
    assert given.decides(Message("late", passed, PLACEMENT)) == []


def test_a_deadline_of_a_desk_that_has_answered_says_nothing():
    given = story(received(), triaged())
    given.asks(DeclineOffer(program=RIVERSIDE, reason="other"), DORA)
    passed = DeadlinePassed(name="offer-response", about=RIVERSIDE, at=NINE + 4 * HOUR)
    assert given.decides(Message("late", passed, PLACEMENT)) == []


@pytest.mark.parametrize("who", [EVE, NOBODY, ANA, ""])
def test_only_the_desk_that_was_asked_or_the_owners_side_answers(who):
    given = story(received(), triaged())
    assert given.asks(AcceptOffer(program=RIVERSIDE), who) == []
    assert given.refused and given.refused.reasons[0].code == "TL-3423"


def test_a_partners_own_system_answers_for_its_program():
    theirs = program(RIVERSIDE, 9).model_copy(update={"partner": "riverside-health"})
    given = story(received(), triaged(), network=NETWORK.model_copy(update={"programs": (theirs,)}))
    assert names(given.asks(AcceptOffer(program=RIVERSIDE), "riverside-health")) == ["PlacementAccepted", "OwnerAssigned"]
    assert given.placement.owner == DORA


def test_when_nobody_is_on_duty_at_the_desk_the_desk_itself_owns_it():
    given = story(received(), triaged())
    assert names(given.asks(AcceptOffer(program=HILLTOP), given.placement.owner)) == ["PlacementAccepted"]
    assert given.placement.owner == desk(HILLTOP) == given.next.owner


def test_another_sender_had_asked_earlier_so_whoever_is_asked_has_no_longer_for_it():
    given = story(received(), triaged("routine"))
    before = given.placement
    earlier = before.requested_at - timedelta(days=5)
    counted, offered = given.hears(RequestJoined(request="request/2", requested_at=earlier))
    assert isinstance(counted, PlacementCountedEarlier) and given.placement.requested_at == earlier
    assert given.placement.services_by < before.services_by and programs(offered) == programs(given.told(PlacementOffered)[0])
    assert max(one.respond_by for one in given.placement.asked) <= max(one.respond_by for one in before.asked)
    assert given.hears(RequestJoined(request="request/3", requested_at=NINE)) == [], "a later one changes nothing"
