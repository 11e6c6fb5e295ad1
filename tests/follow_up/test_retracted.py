"""An attendance that was recorded and was none: everything that began or ended with it is as if it had not been told."""

from typing import Any

from contracts.follow_up import CareScheduled, CareStarted, CareStartRetracted
from contracts.plans import VisitAttended, VisitRetracted
from contracts.transitions import PersonSeen, SightingRetracted
from services.follow_up import measures
from services.follow_up.commands import RetractAttendance
from tests.follow_up.stories import DAY, HOUR, NINE, STAY, Story, active, attended, booked, discharge, enrolled

CAME = NINE + 2 * HOUR


def first_visit(**told: Any) -> Story:
    """Care began with one visit, and a second one is booked for next week."""
    given = enrolled()
    given.now = CAME + HOUR
    given.asks(attended(CAME, kind="evaluation", **told))
    given.asks(booked(NINE + 7 * DAY))
    return given


def test_care_that_began_with_it_waits_for_its_first_visit_again_on_what_is_booked():
    given = first_visit()
    assert given.care.status == "in-service"
    given.asks(RetractAttendance(at=CAME))
    assert (given.care.status, given.care.started_at) == ("scheduled", None)
    assert [one.visit for one in given.care.bookings] == [one.visit for one in given.plan.bookings]
    assert (given.plan.status, given.plan.visits, given.plan.exchanged_at) == ("enrolled", 0, None)
    assert given.next("care/1").action == "record-attendance"
    assert given.asks(RetractAttendance(at=CAME)) == [], "taken back once"


def test_a_no_show_recorded_as_a_visit_becomes_one():
    given = first_visit()
    given.asks(RetractAttendance(at=CAME, missed=True))
    assert [one.at for one in given.plan.missed] == [CAME] and given.flags[-1] == "watch"
    assert given.next("care/1").action == "contact-client" or given.care.status in ("missed", "scheduled")


def test_where_another_visit_is_known_care_began_with_that_one():
    given = first_visit()
    given.passes(2 * DAY)
    given.asks(attended(given.now))
    given.asks(RetractAttendance(at=CAME))
    (back,) = given.told(CareStartRetracted)
    assert back.started_at == given.care.started_at == given.now and given.care.status == "in-service"
    assert len(given.told(CareStarted)) == 1 and len(given.told(CareScheduled)) == 0


def test_the_right_visit_after_a_wrong_one_starts_care_anew():
    given = first_visit()
    given.asks(RetractAttendance(at=CAME))
    given.asks(attended(CAME + HOUR / 2, kind="evaluation"))
    assert given.care.started_at == CAME + HOUR / 2 and len(given.told(CareStarted)) == 2
    again = first_visit()
    again.asks(RetractAttendance(at=CAME))
    again.asks(attended(CAME))
    assert again.plan.unseen == () and again.care.started_at == CAME, "told again after all"


def test_a_stay_is_not_followed_up_by_it():
    given = active()
    given.asks(discharge(given.now - 3 * DAY), STAY)
    came = given.now - HOUR
    given.asks(attended(came))
    assert (given.stay.status, given.stay.seen_at) == ("seen", came) and len(given.told(PersonSeen)) == 2, "an earlier one corrects"
    given.asks(RetractAttendance(at=came))
    assert given.stay.seen_at == NINE, "the next visit that is known"
    given.asks(RetractAttendance(at=NINE))
    assert (given.stay.status, given.stay.seen_at, given.stay.first_reached_at) == ("discharged", None, None)
    assert [one.at for one in given.told(SightingRetracted)] == [came, NINE]
    known = measures.known_at([(fact.subject, fact.data) for fact in given.facts], given.now)
    assert measures.follow_up("FUH", 7, known, given.now).met == ()


def test_only_what_was_recorded_can_be_taken_back():
    given = first_visit()
    assert given.asks(RetractAttendance(at=CAME - DAY)) == [] and given.code == "TL-5528"
    assert given.asks(RetractAttendance(at=CAME, visit=given.plan.bookings[0].visit)) == [] and given.code == "TL-5528"
    assert given.told(VisitRetracted) == []


def test_it_is_in_no_measure():
    given = first_visit()
    given.asks(RetractAttendance(at=CAME))
    facts: list[Any] = [fact.data for fact in given.facts if fact.subject == "plan/1"]
    assert any(isinstance(fact, VisitAttended) for fact in facts) and measures.attended(facts) == []
