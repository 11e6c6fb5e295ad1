"""The network's list, and what is read from it."""

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from contracts.directory import Desk
from contracts.kernel import DeadlinePassed, Message, World
from services.assignment import domain
from services.assignment.commands import DeclineOffer
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.ranking import Need, ranked
from services.assignment.rules import clock, services
from tests.assignment.stories import NETWORK, NINE, PLACEMENT, RIVERSIDE, THERAPY, desk, names, program, received, story, triaged

PEOPLE = st.lists(st.integers(0, 99).map(lambda n: f"staff/{n}"), min_size=1, max_size=20, unique=True)


def test_a_list_takes_the_place_of_the_one_before_it_and_a_repeated_one_is_no_fact():
    given = story()
    assert given.asks(NETWORK, "staff/platform") == []
    smaller = NETWORK.model_copy(update={"programs": NETWORK.programs[:1]})
    assert names(given.asks(smaller, "staff/platform")) == ["DirectoryListed"]
    assert given.states[DIRECTORY].programs == NETWORK.programs[:1]


def test_a_program_named_twice_is_refused():
    given = story(network=None)
    given.asks(NETWORK.model_copy(update={"programs": NETWORK.programs[:1] * 2}), "staff/platform")
    assert given.refused and given.refused.reasons[0].code == "TL-5201"


@whatever(PEOPLE, st.integers(0, 500))
def test_who_goes_off_duty_moves_only_what_was_theirs(people, item):
    before = Directory(staff={"role/x": tuple(people)})
    owner = before.ranked("role/x", f"placement/{item}", NINE)[0]
    for leaver in people:
        after = Directory(staff={"role/x": tuple(p for p in people if p != leaver)})
        assert leaver == owner or after.ranked("role/x", f"placement/{item}", NINE)[0] == owner


@whatever(PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_a_list_chooses_nobody(people, dice):
    shuffled = dice.sample(people, len(people))
    found = {Directory(staff={"role/x": tuple(order)}).ranked("role/x", "placement/1", NINE)[0] for order in (people, shuffled)}
    assert len(found) == 1


def test_work_is_spread_over_those_on_duty():
    directory = Directory(staff={"role/x": ("staff/1", "staff/2", "staff/3")})
    chosen = [directory.ranked("role/x", f"placement/{n}", NINE)[0] for n in range(300)]
    assert all(60 <= chosen.count(person) <= 140 for person in directory.on_duty("role/x"))


def test_equal_programs_share_the_placements():
    equal, need = [program(f"program/{n}", 5) for n in range(6)], Need(THERAPY, "routine")
    first = {ranked(equal, need, f"placement/{n}")[0].id for n in range(100)}
    assert len(first) == 6
    assert ranked(equal, need, "placement/1") == ranked(equal[::-1], need, "placement/1")


def test_a_deadline_that_is_decided_without_its_directory_fails_loudly():
    given = story(received(), triaged())
    (deadline, *_) = domain.deadlines(given.placement)
    passed = DeadlinePassed(name=deadline.name, about=deadline.about, at=deadline.at)
    with pytest.raises(LookupError):
        domain.decide(Message("1", passed, PLACEMENT), World({PLACEMENT: given.placement}), NINE)


def test_unknown_reasons_to_decline_are_not_commands():
    with pytest.raises(ValueError, match="literal_error"):
        DeclineOffer.model_validate({"program": RIVERSIDE, "reason": "because"})


@pytest.mark.parametrize("urgencies", [("emergency", "urgent"), ("urgent", "routine")])
@pytest.mark.parametrize("step", ["offer", "reroute", "schedule"])
def test_what_is_more_urgent_is_never_slower(step, urgencies):
    first, second = (clock(step, urgency, NINE, services(NINE, urgency, NINE)).due_at for urgency in urgencies)
    assert NINE < first <= second


def test_a_desk_whose_hours_make_no_sense_is_refused_and_nothing_is_listed():
    given = story()
    for wrong in ({"hours": {"someday": "08:00-17:00"}, "zone": "UTC"}, {"hours": {"mon": "08:00-17:00"}}):
        listing = NETWORK.model_copy(update={"desks": (Desk(id=desk(RIVERSIDE), **wrong),)})
        assert given.asks(listing, "staff/platform") == [] and given.refused and given.refused.reasons[0].code == "TL-5204"
    twice = NETWORK.model_copy(update={"desks": (Desk(id=desk(RIVERSIDE)),) * 2})
    assert given.asks(twice, "staff/platform") == [] and given.refused and given.refused.reasons[0].code == "TL-5201"
