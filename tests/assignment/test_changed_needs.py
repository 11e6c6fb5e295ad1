"""The need changes, is asked for again, or is withdrawn."""

from datetime import timedelta

import pytest

from contracts.assignment import PlacementOffered
from contracts.directory import Criteria
from contracts.intake import ProgramsAvoided, RequestAmended
from services.assignment.commands import AcceptOffer, OfferAgain
from tests.assignment.stories import (
    CRISIS,
    DORA,
    GROVE,
    HILLTOP,
    LAKESIDE,
    NIGHTHOUSE,
    NINE,
    RIVERSIDE,
    THERAPY,
    WITHDRAWN,
    amended,
    programs,
    received,
    story,
    triaged,
)

HOUR = timedelta(hours=1)


def test_another_service_releases_who_was_asked_and_asks_others():
    given = story(received(), triaged())
    (offered,) = given.hears(amended(service=CRISIS))
    assert (programs(offered), offered.released, offered.round) == ([NIGHTHOUSE], (RIVERSIDE, LAKESIDE, HILLTOP), 2)
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == [] and given.refused


def test_more_urgency_brings_the_end_of_open_offers_nearer():
    given = story(received(), triaged("routine"))
    given.passes(HOUR)
    (offered,) = given.hears(amended(urgency="urgent"))
    assert programs(offered) == [RIVERSIDE, LAKESIDE, HILLTOP] and offered.released == ()
    assert given.next.due == NINE + timedelta(hours=3, minutes=40)


def test_an_edit_never_gives_an_open_offer_more_time():
    given = story(received(), triaged("urgent"))
    given.passes(2 * HOUR)
    given.hears(amended(urgency="routine"), amended(urgency="urgent"))
    assert given.next.due == NINE + 3 * HOUR


@pytest.mark.parametrize("edit", [{}, {"urgency": "urgent"}, {"service": THERAPY}], ids=["reason only", "urgency", "service"])
def test_an_edit_that_changes_nothing_asks_nobody(edit):
    assert story(received(), triaged()).hears(amended(**edit)) == []


def test_an_edit_before_triage_or_after_acceptance_asks_nobody():
    given = story(received())
    assert given.hears(amended(service=CRISIS)) == []
    given.hears(triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert given.hears(amended(service=CRISIS), triaged("routine")) == []


def test_when_nobody_was_left_everybody_may_be_asked_again():
    given = story(received(), triaged())
    given.passes(24 * HOUR)
    (offered,) = given.asks(OfferAgain(), given.placement.owner)
    assert programs(offered) == [RIVERSIDE, LAKESIDE, HILLTOP, GROVE] and offered.round == 3
    assert given.asks(OfferAgain(), given.placement.owner) == [] and given.refused


def test_asking_again_where_nobody_fits_is_refused():
    given = story(received(), triaged(service="methadone"))
    assert given.asks(OfferAgain(), given.placement.owner) == []
    assert given.refused and given.refused.reasons[0].code == "TL-3425"


def test_a_withdrawn_request_ends_it_and_releases_who_was_asked():
    given = story(received(), triaged())
    (ended,) = given.hears(WITHDRAWN)
    assert (ended.reason, ended.released, ended.program, ended.next) == ("withdrawn", (RIVERSIDE, LAKESIDE, HILLTOP), None, None)
    assert (list(given.placement.waiting_on), given.passes(99 * HOUR), given.hears(triaged(), WITHDRAWN)) == ([], [], [])
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == []
    assert given.refused and given.refused.allowed == ()


def test_a_withdrawn_request_is_taken_back_from_the_program_that_had_it():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    (ended,) = given.hears(WITHDRAWN)
    assert (ended.program, ended.released) == (RIVERSIDE, ())


def test_the_label_of_a_protected_record_is_on_every_fact_whatever_caused_it():
    given = story(received(sensitivity="part2", consent="consent/1"), triaged())
    given.passes(9 * HOUR)
    assert {fact.sensitivity for fact in given.facts[1:]} == {"part2"}
    assert given.facts[1].data.consent == "consent/1"


def test_a_label_put_on_later_is_on_every_fact_from_then_on():
    given = story(received(), triaged())
    given.hears(RequestAmended(record="record/1", sensitivity="part2", consent="consent/1"))
    assert [fact.sensitivity for fact in given.facts if fact.data.type == "placement.labelled.v1"] == ["part2"]
    given.passes(9 * HOUR)
    assert given.facts[-1].sensitivity == "part2"
    assert given.hears(RequestAmended(record="record/1", sensitivity="part2")) == []


def test_a_program_that_the_person_avoids_is_never_asked():
    given = story(received(), triaged().model_copy(update={"criteria": Criteria(avoid=(RIVERSIDE,))}))
    assert RIVERSIDE not in programs(given.told(PlacementOffered)[0])


def test_one_that_is_asked_and_avoided_is_released_and_another_is_asked():
    given = story(received(), triaged())
    assert RIVERSIDE in [asked.program for asked in given.placement.waiting_on]
    (offered,) = given.hears(ProgramsAvoided(avoid=(RIVERSIDE,), noted_at=NINE))
    assert offered.released == (RIVERSIDE,) and RIVERSIDE not in programs(offered)
    assert given.placement.asked_of(RIVERSIDE) is None and given.placement.asked_of(LAKESIDE)
    assert given.hears(ProgramsAvoided(avoid=(RIVERSIDE,), noted_at=NINE)) == []
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == []


def test_whoever_has_them_keeps_them_whatever_they_avoid_afterwards():
    given = story(received(), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert given.hears(ProgramsAvoided(avoid=(RIVERSIDE,), noted_at=NINE)) == []
    assert given.placement.program == RIVERSIDE
