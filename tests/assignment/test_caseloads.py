"""How much somebody answers for at most: one more is refused, or finds another; what is left makes room in the next breath."""

from datetime import timedelta

import pytest

from contracts.assignment import OwnerSought
from contracts.caseloads import CaseloadTaken, caseload_of
from services.assignment.caseloads import Caseload
from services.assignment.commands import AcceptHandOff, AcceptOffer, AskHandOff, TakePlacement
from tests.assignment.stories import (
    ANA,
    BEN,
    CARL,
    COORDINATOR,
    DORA,
    INTAKE,
    LAKESIDE,
    NETWORK,
    PLACEMENT,
    RIVERSIDE,
    WITHDRAWN,
    Story,
    acknowledged,
    names,
    received,
    story,
    triaged,
)

NOW = timedelta()


def limited(**most: int):
    """The network with these limits: `limited(ben=1)`."""
    known = {"ana": ANA, "ben": BEN, "carl": CARL, "dora": DORA, "riverside": RIVERSIDE}
    return NETWORK.model_copy(update={"caseloads": {known[name]: many for name, many in most.items()}})


def having(begun: Story, **has: int) -> Story:
    """So many others count towards these caseloads already."""
    known = {"ana": ANA, "ben": BEN, "carl": CARL, "dora": DORA, "riverside": RIVERSIDE}
    for name, many in has.items():
        begun.states[caseload_of(known[name])] = Caseload(items=tuple(f"placement/other-{n}" for n in range(many)))
    return begun


def load(begun: Story, who: str) -> tuple[str, ...]:
    found = begun.states.get(caseload_of(who))
    return found.items if found else ()


def coordinated(begun: Story) -> Story:
    begun.hears(received(), triaged())
    begun.passes(NOW)
    return begun


def test_whoever_has_room_answers_for_it_and_it_counts_towards_their_caseload():
    given = coordinated(story(network=limited(ben=1, carl=1)))
    owner = given.placement.owner
    assert owner in (BEN, CARL) and load(given, owner) == (PLACEMENT,) and given.placement.counted == (owner,)
    assert given.placement.sought is None and given.passes(timedelta(minutes=1)) == []


@pytest.mark.parametrize(("full", "other"), [("ben", CARL), ("carl", BEN)])
def test_beyond_the_limit_it_finds_another_who_is_on_duty(full, other):
    given = coordinated(having(story(network=limited(ben=2, carl=2)), **{full: 2}))
    assert given.placement.owner == other and load(given, other) == (PLACEMENT,)


def test_where_nobody_has_room_it_stays_where_it_is_and_they_are_looked_at_again():
    given = coordinated(having(story(network=limited(ben=1, carl=1)), ben=1, carl=1))
    assert given.placement.owner == ANA and given.told(OwnerSought)[-1].full
    given.states[caseload_of(CARL)] = Caseload()
    given.passes(timedelta(minutes=14))
    assert given.placement.owner == ANA
    given.passes(timedelta(minutes=1))
    assert given.placement.owner == CARL and load(given, CARL) == (PLACEMENT,)


def test_somebody_who_comes_on_duty_meanwhile_is_looked_at_too():
    given = coordinated(having(story(network=limited(ben=1, carl=1)), ben=1, carl=1))
    given.asks(limited(ben=1, carl=1).model_copy(update={"staff": {COORDINATOR: (BEN, CARL, DORA)}}), "staff/platform")
    given.passes(timedelta(minutes=15))
    assert given.placement.owner == DORA and load(given, DORA) == ()


def test_nobody_with_a_full_caseload_is_asked_takes_or_accepts():
    given = having(story(received(), network=limited(ana=1).model_copy(update={"staff": {INTAKE: (ANA,)}})), ana=1)
    given.passes(NOW)
    assert given.placement.owner == INTAKE and given.asks(TakePlacement(), ANA) == []
    assert given.refused and given.refused.reasons[0].code == "TL-5220"

    given = coordinated(having(story(network=limited(ben=1, carl=1)), ben=1))
    assert given.asks(AskHandOff(to=BEN), CARL) == [] and given.refused.reasons[0].code == "TL-5220"
    assert names(given.asks(AskHandOff(to=COORDINATOR), CARL)) == ["HandOffAsked"]
    assert given.asks(AcceptHandOff(), BEN) == [] and given.refused.reasons[0].code == "TL-5220"
    assert given.placement.owner == CARL


def test_what_is_handed_on_counts_towards_the_other_at_once_and_leaves_the_first_in_the_next_breath():
    given = coordinated(having(story(network=limited(ben=1, carl=1)), ben=1))
    given.states[caseload_of(BEN)] = Caseload()
    given.asks(AskHandOff(to=BEN), CARL)
    given.asks(AcceptHandOff(), BEN)
    assert (load(given, BEN), load(given, CARL)) == ((PLACEMENT,), (PLACEMENT,))
    given.passes(NOW)
    assert (load(given, BEN), load(given, CARL), given.placement.counted) == ((PLACEMENT,), (), (BEN,))
    given.asks(AskHandOff(to=CARL), BEN)
    given.asks(AcceptHandOff(), CARL)
    given.passes(NOW)
    assert (load(given, BEN), load(given, CARL)) == ((), (PLACEMENT,))


def test_a_program_that_is_full_takes_nobody_and_whoever_it_has_makes_room_when_it_ends():
    given = coordinated(having(story(network=limited(riverside=1, dora=1)), riverside=1))
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == [] and given.refused.reasons[0].code == "TL-5224"
    given.states[caseload_of(RIVERSIDE)] = Caseload()
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    given.passes(NOW)
    assert given.placement.counted == (RIVERSIDE, DORA) or given.placement.counted == (DORA, RIVERSIDE)
    given.hears(WITHDRAWN)
    given.passes(NOW)
    assert (load(given, RIVERSIDE), load(given, DORA), given.placement.counted) == ((), (), ())


def test_the_yes_of_somebody_who_is_full_counts_and_stays_with_the_desk():
    given = coordinated(having(story(network=limited(dora=1)), dora=1))
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    given.passes(NOW)
    assert (given.placement.program, given.placement.owner) == (RIVERSIDE, "desk/riverside")


def test_what_a_person_took_at_the_front_door_counts_beyond_the_limit():
    given = having(story(received(), network=limited(dora=1)), dora=1)
    given.hears(acknowledged(DORA))
    given.passes(NOW)
    assert given.placement.owner == DORA and load(given, DORA)[-1] == PLACEMENT and len(load(given, DORA)) == 2


def test_a_limit_that_is_listed_later_counts_what_they_have_with_its_next_fact():
    given = story(received(), triaged())
    owner = given.placement.owner
    given.asks(NETWORK.model_copy(update={"caseloads": {owner: 5}}), "staff/platform")
    given.asks(AcceptOffer(program=LAKESIDE), "staff/nobody")
    assert load(given, owner) == ()
    given.asks(AskHandOff(to=ANA), owner)
    given.passes(NOW)
    assert load(given, owner) == (PLACEMENT,)


def test_without_limits_nothing_is_counted():
    given = story(received(), triaged())
    assert given.told(OwnerSought) == [] and given.told(CaseloadTaken) == [] and set(given.states) == {"directory/network", PLACEMENT}
