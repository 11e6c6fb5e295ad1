"""Where the person goes: a disposition, up to three facilities with a bed held in each, arrival."""

from datetime import timedelta

import pytest

from contracts.crisis_beds import (
    BedLost,
    BedsCounted,
    FacilitiesAsked,
    FacilityAccepted,
    FacilityUnanswered,
    NoFacilityAvailable,
    PersonArrived,
)
from services.crisis_routing.commands import (
    AcceptPerson,
    ConfirmArrival,
    CountBeds,
    DeclinePerson,
    HoldBed,
    RecordDisposition,
    ReleaseBed,
    SeekBed,
)  # fmt: skip
from services.crisis_routing.episode import CRISIS_DESK
from tests.crisis_routing.stories import (
    ANA,
    EPISODE,
    FAY,
    HARBOR,
    HOUR,
    MEMBER,
    MERCY,
    MINUTE,
    NOBODY,
    RIDGE,
    TWO_AT_NIGHT,
    VALLEY,
    arrived,
    contact,
    desk,
    names,
    on_scene,
    placing,
    report,
    story,
)  # fmt: skip

ONE_EACH = {HARBOR: 1, MERCY: 1, VALLEY: 1, RIDGE: 1}


def asked(given):
    return [one.facility for one in given.episode.waiting_on]


def test_three_facilities_are_asked_at_once_each_with_a_bed_held_and_the_age_of_its_count():
    given = placing(story(contact(), beds=ONE_EACH))
    assert set(asked(given)) == {HARBOR, MERCY, VALLEY}, "those of the area first"
    assert [given.facility(name).free("crisis-receiving") for name in asked(given)] == [0, 0, 0]
    assert {one.counted_at for one in given.told(FacilitiesAsked)[0].asked} == {TWO_AT_NIGHT}
    assert (given.next.owner, given.next.action) == (CRISIS_DESK, "await-facility")
    assert given.next.due == given.now + 30 * MINUTE and set(given.next.waiting_on.split(",")) == {desk(name) for name in asked(given)}


def test_the_first_yes_wins_and_the_other_beds_are_free_in_the_next_breath():
    given = placing(story(contact(), beds=ONE_EACH))
    first, *others = asked(given)
    facts = given.asks(AcceptPerson(facility=first), MEMBER[first])
    assert names(facts) == ["HoldExtended", "FacilityAccepted", "HoldEnded", "HoldEnded", "FacilitiesReleased"]
    assert all(given.facility(name).free("crisis-receiving") == 1 for name in others)
    assert set(given.told(FacilityAccepted)[0].released) == set(others)
    given.asks(AcceptPerson(facility=others[0]), MEMBER[others[0]])
    assert given.refused and given.episode.facility == first


def test_the_desk_owns_it_until_arrival_is_confirmed():
    given = placing(story(contact(), beds=ONE_EACH))
    first = asked(given)[0]
    given.asks(AcceptPerson(facility=first), MEMBER[first])
    assert (given.next.owner, given.next.action, given.next.waiting_on) == (CRISIS_DESK, "confirm-arrival", desk(first))
    given.passes(HOUR)
    given.asks(ConfirmArrival(facility=first, arrived_at=given.now - 5 * MINUTE), MEMBER[first])
    assert given.told(PersonArrived)[0].arrived_at == given.now - 5 * MINUTE and given.next.action == "name-follow-up"
    assert given.facility(first).holds == () and given.facility(first).free("crisis-receiving") == 0


def test_a_hold_ends_by_itself_and_when_all_were_silent_the_next_are_asked():
    given = placing(story(contact(), beds=ONE_EACH))
    first = asked(given)
    given.passes(30 * MINUTE)
    assert len(given.told(FacilityUnanswered)) == 3 and RIDGE in asked(given)
    assert all(given.facility(name).free("crisis-receiving") == (0 if name in asked(given) else 1) for name in first)


def test_a_late_yes_counts_while_the_facility_has_a_bed_and_nobody_else_accepted():
    given = placing(story(contact(), beds={HARBOR: 1}))
    given.passes(30 * MINUTE)
    given.asks(CountBeds(beds="crisis-receiving", free=0, counted_at=given.now), FAY, HARBOR)
    given.passes(31 * MINUTE)
    assert given.episode.status == "no-facility"
    given.asks(AcceptPerson(facility=HARBOR), FAY)
    assert given.refused.reasons[0].code == "TL-5423"
    given.asks(CountBeds(beds="crisis-receiving", free=1, counted_at=given.now), FAY, HARBOR)
    assert names(given.asks(AcceptPerson(facility=HARBOR), FAY)) == ["BedHeld", "FacilityAccepted"]


def test_a_no_frees_the_bed_and_the_last_no_leads_on():
    given = placing(story(contact(), beds=ONE_EACH))
    for name in asked(given):
        given.asks(DeclinePerson(facility=name, reason="medical"), MEMBER[name])
        assert given.facility(name).holds == () or name in asked(given)
    assert RIDGE in asked(given)
    given.asks(AcceptPerson(facility=HARBOR), NOBODY)
    assert given.refused.reasons[0].code == "TL-5404"


def test_where_nobody_counted_a_bed_the_need_stands_and_all_are_looked_at_again():
    given = placing(story(contact()))
    assert given.episode.status == "no-facility" and (given.next.owner, given.next.action) == (CRISIS_DESK, "find-bed")
    assert given.told(NoFacilityAvailable)[0].again_at == given.now + 5 * MINUTE
    due = given.next.due
    given.asks(CountBeds(beds="crisis-receiving", free=2, counted_at=given.now), FAY, HARBOR)
    given.passes(5 * MINUTE)
    assert asked(given) == [HARBOR] and given.next.due != due


def test_one_bed_is_held_for_one_episode():
    given = story(contact(), contact(danger="low"), beds={HARBOR: 1})
    given.hears(contact(person="person/p2", record="record/r2"), "contact/c2")
    placing(given)
    other = given.states["episode/c2"]
    given.asks(RecordDisposition(disposition="crisis-receiving"), ANA, "episode/c2")
    if other.status == "proposed":
        given.asks_team = None
    assert given.facility(HARBOR).free("crisis-receiving") == 0
    assert [hold.episode for hold in given.facility(HARBOR).holds] == [EPISODE]


def test_a_person_may_choose_the_facility_and_let_a_bed_go():
    given = placing(story(contact(), beds={RIDGE: 1}))
    assert asked(given) == [RIDGE]
    given.asks(ReleaseBed(facility=RIDGE), ANA)
    assert given.facility(RIDGE).free("crisis-receiving") in (0, 1)
    again = placing(story(contact()))
    again.asks(HoldBed(facility=HARBOR), ANA)
    assert again.refused.reasons[0].code == "TL-5423"
    again.asks(CountBeds(beds="crisis-receiving", free=1, counted_at=again.now), FAY, HARBOR)
    again.asks(HoldBed(facility=HARBOR), ANA)
    assert asked(again) == [HARBOR] and again.told(FacilitiesAsked)[0].by == ANA


def test_a_bed_that_is_lost_on_the_way_is_looked_for_again_and_the_desk_still_owns_it():
    given = placing(story(contact(), beds=ONE_EACH))
    first = asked(given)[0]
    given.asks(AcceptPerson(facility=first), MEMBER[first])
    given.passes(2 * HOUR)
    assert given.told(BedLost)[0].reason == "not-arrived" and given.episode.status == "placing" and given.next.owner == CRISIS_DESK
    assert first not in asked(given)[:1]


def test_arrival_is_a_fact_whoever_had_accepted_and_every_other_bed_is_let_go():
    given = placing(story(contact(), beds=ONE_EACH))
    first, second, third = asked(given)
    given.asks(AcceptPerson(facility=first), MEMBER[first])
    given.asks(ConfirmArrival(facility=second, arrived_at=given.now), MEMBER[second])
    assert given.episode.status == "arrived" and given.episode.facility == second
    assert given.facility(first).holds == given.facility(third).holds == ()


def test_another_way_lets_go_of_what_was_held():
    given = placing(story(contact(), beds=ONE_EACH))
    given.asks(RecordDisposition(disposition="community"), ANA)
    assert given.episode.status == "disposed" and given.next.action == "name-follow-up"
    assert all(not given.facility(name).holds for name in ONE_EACH)


def test_a_count_that_is_older_than_the_one_we_have_says_nothing_new():
    given = story(contact(), beds={HARBOR: 3})
    given.passes(HOUR)
    assert given.asks(CountBeds(beds="crisis-receiving", free=9, counted_at=TWO_AT_NIGHT - HOUR), FAY, HARBOR) == []
    assert given.facility(HARBOR).free("crisis-receiving") == 3
    given.asks(CountBeds(beds="crisis-receiving", free=1, counted_at=given.now + HOUR), FAY, HARBOR)
    assert given.refused.reasons[0].code == "TL-5422"


def test_who_arrived_after_the_count_takes_a_bed_more_and_who_arrived_before_it_is_counted():
    given = arrived(story(contact(), beds={HARBOR: 3}))
    assert given.facility(HARBOR).free("crisis-receiving") == 2
    given.asks(CountBeds(beds="crisis-receiving", free=2, counted_at=given.now), FAY, HARBOR)
    assert given.facility(HARBOR).free("crisis-receiving") == 2


def test_a_count_that_falls_short_of_the_holds_says_so():
    given = placing(story(contact(), beds={HARBOR: 1}))
    given.passes(MINUTE)
    given.asks(CountBeds(beds="crisis-receiving", free=0, counted_at=given.now), FAY, HARBOR)
    assert given.told(BedsCounted)[-1].short == 1


@pytest.mark.parametrize("disposition", ["community", "law-enforcement"])
def test_a_way_without_a_bed_needs_no_search(disposition):
    given = on_scene(story(contact()))
    given.asks(RecordDisposition(disposition=disposition), given.episode.team and MEMBER[given.episode.team])
    assert given.episode.status == "disposed"
    report(given, "cleared")
    assert given.episode.team is None


def test_no_silence_closes_a_search():
    given = placing(story(contact(), beds=ONE_EACH))
    given.passes(timedelta(hours=12))
    assert given.episode.status in ("placing", "no-facility") and given.episode.owner == CRISIS_DESK
    assert all(len(given.facility(name).holds) <= 1 for name in ONE_EACH)


def test_every_facility_may_be_looked_at_again_on_a_persons_word():
    given = placing(story(contact()))
    given.asks(CountBeds(beds="crisis-receiving", free=1, counted_at=given.now), FAY, HARBOR)
    given.asks(SeekBed(), ANA)
    assert asked(given) == [HARBOR]
