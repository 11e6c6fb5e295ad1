"""Which programs are asked first, and which are not asked."""

from typing import Any

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from contracts.assignment import PlacementOffered
from contracts.directory import Criteria, Program
from services.assignment.commands import ListDirectory
from services.assignment.ranking import Need, ranked
from tests.assignment.stories import GROVE, HILLTOP, LAKESIDE, NETWORK, NIGHTHOUSE, RIVERSIDE, THERAPY, names, received, story, triaged

SPANISH, OAK = Criteria(speaks="es"), Criteria(area="oak-county")


def program(name: str, **limits: Any) -> Program:
    fields = {"id": f"program/{name}", "name": name, "desk": f"desk/{name}", "services": (THERAPY,), "places": 5}
    return Program(**(fields | limits))


def order(programs: list[Program], criteria: Criteria) -> list[str]:
    return [one.name for one in ranked(programs, Need(THERAPY, "routine", criteria), "placement/1")]


@pytest.mark.parametrize(
    ("limits", "criteria"),
    [
        ({"age_groups": ("child", "youth")}, Criteria(age_group="adult")),
        ({"levels": ("2.1",)}, Criteria(level="3.7")),
        ({"payers": ("county-works",)}, Criteria(payer="two-rivers-health")),
    ],
)
def test_who_does_not_take_such_people_is_not_asked(limits: dict[str, Any], criteria: Criteria) -> None:
    assert order([program("limited", **limits), program("open")], criteria) == ["open"]
    assert order([program("limited", **limits)], Criteria()) == ["limited"], "what does not matter is no limit"


def test_language_and_area_come_before_places_and_leave_nobody_without_a_program() -> None:
    far, near = program("far", places=50, areas=("elm-county",)), program("near", areas=("oak-county",))
    assert order([far, near], OAK) == ["near", "far"] and order([far], OAK) == ["far"]
    english, spanish = program("english", places=50, languages=("en",)), program("spanish", languages=("en", "es"))
    assert order([english, spanish], SPANISH) == ["spanish", "english"]
    assert order([english, spanish], Criteria(speaks="es-MX")) == ["spanish", "english"]
    assert order([english, spanish], Criteria()) == ["english", "spanish"]


def test_who_can_be_understood_comes_before_who_is_near() -> None:
    understood, near = (
        program("understood", languages=("es",), areas=("elm-county",)),
        program("near", languages=("en",), areas=("oak-county",)),
    )
    assert order([near, understood], Criteria(speaks="es", area="oak-county")) == ["understood", "near"]


CODES = st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(tuple)
PROGRAMS = st.lists(
    st.builds(
        lambda n, levels, payers, languages, areas, places: program(
            str(n), levels=levels, payers=payers, languages=tuple(f"e{one}" for one in languages), areas=areas, places=places
        ),
        st.integers(0, 99), CODES, CODES, CODES, CODES, st.integers(0, 3),
    ),
    unique_by=lambda one: one.id,
)  # fmt: skip
WANTED = st.sampled_from([None, "a", "b", "c"])
SPOKEN = st.sampled_from([None, "ea", "eb", "ec"])
CRITERIA = st.builds(Criteria, level=WANTED, payer=WANTED, speaks=SPOKEN, area=WANTED)


@whatever(PROGRAMS, CRITERIA, st.randoms(use_true_random=False))
def test_wishes_reorder_and_only_limits_exclude(programs: list[Program], criteria: Criteria, dice: Any) -> None:
    limits = criteria.model_copy(update={"speaks": None, "area": None})
    assert sorted(order(programs, criteria)) == sorted(order(programs, limits))
    assert order(dice.sample(programs, len(programs)), criteria) == order(programs, criteria), "the order of the list chooses nobody"


def network(speaks: str) -> ListDirectory:
    """That of the other stories, of which one program alone speaks Spanish."""
    programs = [one.model_copy(update={"languages": ("es" if one.id == speaks else "en",)}) for one in NETWORK.programs]
    return NETWORK.model_copy(update={"programs": tuple(programs)})


def offered(facts: list[Any]) -> list[str]:
    return [offer.program for fact in facts if isinstance(fact, PlacementOffered) for offer in fact.offers]


def test_triage_says_what_a_program_must_fit_and_later_rounds_know_it() -> None:
    given = story(network=network(GROVE))
    given.hears(received())
    asked = given.hears(triaged().model_copy(update={"criteria": SPANISH}))
    assert offered(asked)[0] == GROVE and NIGHTHOUSE not in offered(asked)
    assert given.placement.criteria == SPANISH
    assert given.hears(triaged().model_copy(update={"criteria": SPANISH})) == [], "the same need again asks nobody"
    assert names(given.hears(triaged()))[-1] == "PlacementOffered" and given.placement.criteria == Criteria()
    assert {RIVERSIDE, LAKESIDE, HILLTOP} & set(offered(asked))
