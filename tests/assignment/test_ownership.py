"""Who answers for a placement, and how that moves: yours until somebody takes it."""

from datetime import timedelta

import pytest

from contracts.assignment import HandOffUnanswered
from services.assignment.commands import (
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    DeclineHandOff,
    ReassignPlacement,
    TakePlacement,
    WithdrawHandOff,
)
from tests.assignment.stories import (
    ANA,
    BEN,
    CARL,
    COORDINATOR,
    DORA,
    EVE,
    HILLTOP,
    INTAKE,
    LAKESIDE,
    NETWORK,
    NINE,
    NOBODY,
    RIVERSIDE,
    WITHDRAWN,
    acknowledged,
    desk,
    names,
    received,
    story,
    triaged,
)

NO_STAFF = NETWORK.model_copy(update={"staff": {}})


def coordinated():
    """Offered, and who owns it, and the other coordinator."""
    given = story(received(), triaged())
    owner = given.placement.owner
    assert owner in (BEN, CARL)
    return given, owner, BEN if owner == CARL else CARL


def test_a_received_request_is_owned_by_the_role_it_names_and_the_person_on_duty_there():
    opened, assigned = story().hears(received())
    assert (opened.owner, opened.next, opened.request) == (INTAKE, None, "request/1")
    assert (assigned.owner, assigned.role) == (ANA, INTAKE)


def test_where_nobody_is_on_duty_the_role_stays_the_owner():
    given = story(network=NO_STAFF)
    assert names(given.hears(received())) == ["PlacementOpened"]
    assert given.placement.owner == INTAKE


def test_a_request_that_names_nobody_is_the_front_desks():
    given = story(received(next=None), network=NO_STAFF)
    assert given.placement.owner == INTAKE


def test_hearing_the_same_request_again_changes_nothing():
    assert story(received()).hears(received()) == []


def test_who_acknowledges_it_owns_it():
    given = story(received())
    (assigned,) = given.hears(acknowledged(NOBODY))
    assert (assigned.owner, assigned.role) == (NOBODY, INTAKE)
    assert given.hears(acknowledged(NOBODY)) == []


def test_an_acknowledgement_heard_after_triage_moves_nothing():
    assert story(received(), triaged()).hears(acknowledged(NOBODY)) == []


def test_triage_hands_it_to_the_role_it_names_where_somebody_is_on_duty():
    assert story(received(), triaged()).placement.owner in (BEN, CARL)


def test_a_person_keeps_it_while_nobody_of_the_other_role_is_there_to_take_it():
    given = story(received(), triaged(owner="role/night-shift"))
    assert (given.placement.owner, given.next.owner) == (ANA, INTAKE)


def test_a_role_without_people_gives_way_to_the_role_that_triage_names():
    given = story(received(), triaged(), network=NO_STAFF)
    assert (given.placement.owner, given.next.owner) == (COORDINATOR, COORDINATOR)


def test_asked_to_be_handed_off_it_stays_with_its_owner():
    given, owner, other = coordinated()
    (asked,) = given.asks(AskHandOff(to=other), owner)
    assert (asked.to, asked.by, asked.owner, asked.role) == (other, owner, owner, COORDINATOR)
    assert given.placement.owner == owner
    assert given.next.allowed[-3:] == ("accept-hand-off", "decline-hand-off", "withdraw-hand-off")
    assert given.passes(timedelta(hours=1)) == [] and given.placement.owner == owner


def test_asked_in_vain_it_is_its_owners_who_is_told_once_and_a_late_yes_counts():
    given, owner, other = coordinated()
    (asked,) = given.asks(AskHandOff(to=other), owner)
    assert (asked.respond_by, asked.rule) == (NINE + timedelta(hours=2), "hand-off@1")
    silent = [fact for fact in given.passes(timedelta(days=9)) if isinstance(fact, HandOffUnanswered)]
    assert [(one.to, one.owner, one.respond_by) for one in silent] == [(other, owner, asked.respond_by)]
    assert given.placement.owner == owner
    (handed,) = given.asks(AcceptHandOff(), other)
    assert handed.owner == other


def test_it_moves_when_the_one_who_was_asked_accepts():
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    (handed,) = given.asks(AcceptHandOff(), other)
    assert (handed.owner, handed.left, handed.role) == (other, owner, COORDINATOR)
    assert given.asks(AcceptHandOff(), other) == [] and given.refused


@pytest.mark.parametrize("command", [AcceptHandOff(), DeclineHandOff(reason="not-ours")], ids=["accept", "decline"])
def test_nobody_answers_a_hand_off_but_who_was_asked(command):
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    for who in (owner, ANA, ""):
        assert given.asks(command, who) == []
        assert given.refused and given.refused.reasons[0].code == "TL-5214"


def test_declined_nothing_moved_and_it_may_be_asked_again():
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    (declined,) = given.asks(DeclineHandOff(reason="no-capacity"), other)
    assert (declined.by, declined.reason, declined.to, given.placement.owner) == (other, "no-capacity", other, owner)
    assert names(given.asks(AskHandOff(to=ANA), owner)) == ["HandOffAsked"]


def test_asked_twice_is_refused_with_what_may_be_asked():
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    assert given.asks(AskHandOff(to=ANA), owner) == []
    assert given.refused and given.refused.reasons[0].code == "TL-5211"
    assert set(given.refused.allowed) >= {"accept-hand-off", "decline-hand-off", "withdraw-hand-off"}
    assert "ask-hand-off" not in given.refused.allowed


def test_withdrawn_it_is_not_asked_any_more():
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    assert given.asks(WithdrawHandOff(), EVE) == [] and given.refused
    assert names(given.asks(WithdrawHandOff(), owner)) == ["HandOffWithdrawn"]
    assert given.asks(AcceptHandOff(), other) == [] and given.refused


@pytest.mark.parametrize(("to", "code"), [("staff/unknown", "TL-5215"), ("role/unknown", "TL-5215")])
def test_nobody_unknown_can_be_asked(to, code):
    given, owner, _ = coordinated()
    assert given.asks(AskHandOff(to=to), owner) == []
    assert given.refused and given.refused.reasons[0].code == code


def test_its_owner_cannot_be_asked():
    given, owner, _ = coordinated()
    assert given.asks(AskHandOff(to=owner), owner) == [] and given.refused


def test_a_stranger_cannot_ask():
    given, _, other = coordinated()
    assert given.asks(AskHandOff(to=other), DORA) == []
    assert given.refused and given.refused.reasons[0].code == "TL-5213"


def test_an_owner_who_left_still_owns_it_until_a_colleague_has_it_handed_on():
    given, owner, other = coordinated()
    given.asks(NETWORK.model_copy(update={"staff": {COORDINATOR: (other,)}}), "staff/platform")
    assert given.placement.owner == owner
    (asked,) = given.asks(AskHandOff(to=other), other)
    assert (asked.by, asked.owner) == (other, owner)
    (handed,) = given.asks(AcceptHandOff(), other)
    assert (handed.owner, handed.left) == (other, owner)


def test_a_role_may_be_asked_and_whoever_is_on_duty_there_accepts():
    given, owner, _ = coordinated()
    given.asks(AskHandOff(to=INTAKE), owner)
    (handed,) = given.asks(AcceptHandOff(), ANA)
    assert (handed.owner, handed.role, given.next.owner) == (ANA, INTAKE, INTAKE)


def test_a_hand_off_lapses_when_a_program_takes_it():
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert given.asks(AcceptHandOff(), other) == [] and given.refused
    assert given.placement.owner == DORA


@pytest.mark.parametrize("program", [RIVERSIDE, HILLTOP], ids=["somebody there", "nobody there"])
def test_a_hand_off_lapses_whoever_is_on_duty_at_the_program(program):
    given, owner, other = coordinated()
    given.asks(AskHandOff(to=other), owner)
    given.asks(AcceptOffer(program=program), owner)
    assert given.placement.hand_off is None and "ask-hand-off" in given.next.allowed


def test_a_hand_off_lapses_when_triage_moves_it():
    given = story(received())
    given.asks(AskHandOff(to=EVE), ANA)
    given.hears(triaged())
    assert given.asks(AcceptHandOff(), EVE) == [] and given.refused


def test_the_program_hands_it_off_too():
    given, _, _ = coordinated()
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    due = given.next.due
    given.asks(AskHandOff(to=EVE), DORA)
    given.asks(AcceptHandOff(), EVE)
    assert (given.placement.owner, given.next.owner) == (EVE, desk(LAKESIDE))
    assert (given.next.action, given.next.due) == ("schedule", due)


def test_whoever_is_on_duty_takes_what_only_a_role_owns():
    given = story(received(), triaged(), network=NO_STAFF)
    given.asks(NETWORK, "staff/platform")
    assert given.asks(TakePlacement(), ANA) == [] and given.refused
    assert names(given.asks(TakePlacement(), BEN)) == ["OwnerAssigned"]
    assert given.asks(TakePlacement(), CARL) == []
    assert given.refused and given.refused.reasons[0].code == "TL-5217"


def test_nothing_moves_after_the_end():
    given, owner, other = coordinated()
    given.hears(WITHDRAWN)
    assert given.asks(AskHandOff(to=other), owner) == []
    assert given.refused and given.refused.reasons[0].code == "TL-5203"


def test_an_unknown_placement_is_refused():
    given = story()
    assert given.asks(TakePlacement(), BEN) == []
    assert given.refused and given.refused.reasons[0].code == "TL-5202"


def reassigned(of: str, to: str) -> ReassignPlacement:
    return ReassignPlacement(of=of, to=to, reason="leave")


def test_a_lead_asks_in_the_place_of_its_owner_and_nothing_moves_until_the_other_accepts():
    given, owner, other = coordinated()
    (asked,) = given.asks(reassigned(owner, other), EVE)
    assert (asked.by, asked.owner, asked.to, asked.reason) == (EVE, owner, other, "leave")
    assert given.placement.owner == owner and given.asks(AcceptHandOff(), EVE) == []
    (handed,) = given.asks(AcceptHandOff(), other)
    assert (handed.owner, handed.left) == (other, owner)


def test_what_somebody_does_not_answer_for_is_not_moved_from_them():
    given, owner, other = coordinated()
    assert given.asks(reassigned(other, ANA), EVE) == [] and given.refused.reasons[0].code == "TL-5219"
    assert given.placement.owner == owner and given.placement.hand_off is None


def test_moved_to_the_same_again_it_is_asked_already_and_to_another_it_is_refused():
    given, owner, other = coordinated()
    given.asks(reassigned(owner, other), EVE)
    assert given.asks(reassigned(owner, other), EVE) == [] and given.refused is None
    assert given.asks(reassigned(owner, ANA), EVE) == [] and given.refused.reasons[0].code == "TL-5211"


def test_what_nobody_answered_in_time_gives_way_to_the_next_who_is_asked():
    given, owner, other = coordinated()
    given.asks(reassigned(owner, other), EVE)
    given.passes(timedelta(hours=3))
    assert names(given.asks(reassigned(owner, ANA), EVE)) == ["HandOffWithdrawn", "HandOffAsked"]
    assert given.asks(reassigned(owner, "staff/unknown"), EVE) == [] and given.placement.hand_off.to == ANA
    assert given.asks(AcceptHandOff(), other) == [] and given.placement.owner == owner
