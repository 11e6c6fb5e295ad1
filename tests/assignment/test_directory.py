"""The network's list, and what is read from it."""

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from contracts.kernel import DeadlinePassed, Message, World
from services.assignment import domain
from services.assignment.commands import DeclineOffer
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.ranking import ranked
from services.assignment.rules import LIMITS
from tests.assignment.stories import NETWORK, NINE, PLACEMENT, RIVERSIDE, THERAPY, names, program, received, story, triaged

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
    owner = before.person_for("role/x", f"placement/{item}")
    for leaver in people:
        after = Directory(staff={"role/x": tuple(p for p in people if p != leaver)})
        assert leaver == owner or after.person_for("role/x", f"placement/{item}") == owner


@whatever(PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_a_list_chooses_nobody(people, dice):
    shuffled = dice.sample(people, len(people))
    found = {Directory(staff={"role/x": tuple(order)}).person_for("role/x", "placement/1") for order in (people, shuffled)}
    assert len(found) == 1


def test_work_is_spread_over_those_on_duty():
    directory = Directory(staff={"role/x": ("staff/1", "staff/2", "staff/3")})
    chosen = [directory.person_for("role/x", f"placement/{n}") for n in range(300)]
    assert all(60 <= chosen.count(person) <= 140 for person in directory.on_duty("role/x"))


def test_equal_programs_share_the_placements():
    equal = [program(f"program/{n}", 5) for n in range(6)]
    first = {ranked(equal, THERAPY, f"placement/{n}")[0].id for n in range(100)}
    assert len(first) == 6
    assert ranked(equal, THERAPY, "placement/1") == ranked(equal[::-1], THERAPY, "placement/1")


def test_a_deadline_that_is_decided_without_its_directory_fails_loudly():
    given = story(received(), triaged())
    (deadline, *_) = domain.deadlines(given.placement)
    passed = DeadlinePassed(name=deadline.name, about=deadline.about, at=deadline.at)
    with pytest.raises(LookupError):
        domain.decide(Message("1", passed, PLACEMENT), World({PLACEMENT: given.placement}), NINE)


def test_unknown_reasons_to_decline_are_not_commands():
    with pytest.raises(ValueError, match="literal_error"):
        DeclineOffer.model_validate({"program": RIVERSIDE, "reason": "because"})


def test_every_limit_says_where_it_comes_from_and_more_urgent_is_never_slower():
    assert all(limit.citation for limit in LIMITS.values())
    for step in ("offer", "reroute", "schedule"):
        emergency, urgent, routine = (LIMITS[step, urgency].within for urgency in ("emergency", "urgent", "routine"))
        assert emergency <= urgent <= routine
