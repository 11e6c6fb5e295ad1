"""Appointments and visits as partners tell of them by the front door: late, twice, called off, of somebody who is nobody's client."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from contracts.appointments import AppointmentMatched, AppointmentMoved, AppointmentTold
from contracts.follow_up import CareMissed, CareScheduled, CareStarted
from contracts.kernel import Deadline
from contracts.plans import (
    FlagCleared,
    PlanFlagged,
    SeenElsewhere,
    VisitAttended,
    VisitBooked,
    VisitCancelled,
    VisitMissed,
    VisitMoved,
    VisitRetracted,
)
from contracts.transitions import PersonSeen
from contracts.visits import VisitReceived
from services.follow_up import commands, measures
from tests.follow_up.stories import (
    DAY,
    HOUR,
    LAKESIDE,
    LINKED,
    NINE,
    RIVERSIDE,
    STAY,
    WEEK,
    Story,
    accepted,
    active,
    admission,
    attended,
    booked,
    discharge,
    enrolled,
    opened,
)

OWN = "riverside-ehr"
SOON = NINE + 2 * DAY


def word(step: str = "booked", starts_at: datetime | None = SOON, **told: Any) -> VisitReceived:
    fields = {"record": "record/1", "person": "person/1", "partner": OWN, "reference": "A-1"}
    return VisitReceived(**(fields | {"step": step, "starts_at": starts_at} | told))


def tell(given: Story, *words: VisitReceived) -> Story:
    """Each under its own number, as the front door keys them."""
    for one in words:
        given.hears(one, f"visit/{one.partner}-{one.reference}")
    return given


def referred() -> Story:
    """Riverside took a referral, and its own system tells of its visits."""
    return enrolled(partner=OWN)


def in_care(**told: Any) -> Story:
    return active(partner=OWN, **({"cadence_days": 7} | told))


def test_a_booking_that_the_programs_own_system_tells_is_the_plans_and_the_referrals():
    given = tell(referred(), word())
    (visit,) = given.told(VisitBooked)
    assert (visit.reference, visit.starts_at) == ("A-1", SOON) and given.care.status == "scheduled"
    assert [one.visit for one in given.told(CareScheduled)] == [visit.visit]


def test_it_is_the_same_appointment_whoever_books_it():
    given = referred()
    given.asks(booked(SOON, reference="A-1"))
    tell(given, word(), word(), word())
    assert len(given.told(VisitBooked)) == 1 and len(given.plan.bookings) == 1


def test_one_that_was_booked_without_a_number_for_the_same_instant_is_the_same_appointment():
    given = referred()
    given.asks(booked(SOON))
    tell(given, word())
    assert len(given.plan.bookings) == 1
    tell(given, word("cancelled", SOON + HOUR, by="client", reference="A-2"))
    assert len(given.plan.bookings) == 1, "another one, an hour later"
    tell(given, word("cancelled", by="client"))
    assert given.plan.bookings == () and len(given.told(VisitCancelled)) == 1


def test_moved_called_off_and_booked_again():
    given = tell(referred(), word(), word(starts_at=SOON + DAY), word("cancelled", by="client", reason="pat"), word())
    assert [one.left_at for one in given.told(VisitMoved)] == [SOON]
    assert [(one.by, one.reason) for one in given.told(VisitCancelled)] == [("client", "pat")]
    assert [one.starts_at for one in given.plan.bookings] == [SOON] and given.told(CareMissed) == []


def test_a_first_visit_past_the_limit_is_taken_and_says_that_nobody_said_why():
    given = referred()
    late = given.plan.visit_by + DAY
    assert [one.reason for one in tell(given, word(starts_at=late)).told(VisitBooked)] == ["not-said"]


def test_whoever_arrives_has_an_appointment_whose_outcome_is_owed_and_whoever_came_is_in_service():
    given = tell(referred(), word("arrived", NINE))
    assert given.told(CareStarted) == [] and given.next("care/1").action == "record-attendance"
    tell(given, word("attended", NINE))
    assert given.care.status == "in-service" and [one.at for one in given.told(VisitAttended)] == [NINE]


def test_a_missed_visit_is_missed_though_nobody_told_of_its_booking():
    given = referred()
    given.passes(3 * DAY)
    tell(given, word("missed"))
    assert [one.at for one in given.told(VisitMissed)] == [SOON] and given.care.status == "missed"


@pytest.mark.parametrize("order", list(permutations(("booked", "booked", "attended", "attended"))))
def test_whatever_the_order_and_however_often_it_is_one_visit(order: tuple[str, ...]):
    given = in_care()
    given.passes(3 * DAY)
    before = given.plan.visits
    tell(given, *(word(step) for step in order))
    assert (given.plan.visits, len(given.plan.bookings)) == (before + 1, 0)


def test_an_encounter_that_names_no_appointment_is_the_one_that_was_booked_about_then():
    given = tell(in_care(), word())
    given.passes(3 * DAY)
    tell(given, word("attended", SOON + HOUR / 2, reference="V-9"), word("attended"))
    assert len(given.told(VisitAttended)) == 3 and given.plan.bookings == (), "two before, and this one once"
    tell(given, word("attended", SOON + 5 * HOUR, reference="V-10"))
    assert len(given.told(VisitAttended)) == 4, "another one, later that day"


def test_a_no_show_that_never_was_and_an_attendance_that_was_not_so_are_taken_back():
    given = tell(in_care(), word())
    given.passes(3 * DAY)
    tell(given, word("missed"))
    assert given.flags[-1] == "watch" and len(given.plan.missed) == 1
    tell(given, word("entered-in-error"))
    assert given.plan.missed == () and [one.code for one in given.plan.signals] == ["no-next-visit"]
    tell(given, word("attended"))
    known = given.plan.visits
    tell(given, word("missed"))
    (back,) = given.told(VisitRetracted)
    assert (back.at, back.exchanged_at) == (SOON, NINE) and (given.plan.visits, given.plan.exchanged_at) == (known - 1, NINE)
    assert [one.visit for one in given.plan.missed] == [back.visit]


def test_a_word_takes_back_nothing_that_was_recorded_here():
    given = tell(in_care(), word())
    given.passes(3 * DAY)
    given.asks(attended(SOON + HOUR, visit=given.plan.bookings[0].visit))
    tell(given, word("attended"), word("missed"), word("entered-in-error"))
    assert given.told(VisitRetracted) == [] and given.plan.missed == ()


def test_a_visit_that_is_taken_back_is_in_no_measure():
    given = referred()
    given.passes(3 * DAY)
    tell(given, word("attended", kind="evaluation"))
    facts: list[Any] = [fact.data for fact in given.facts if fact.subject == "plan/1"]
    assert [one.at for one in measures.attended(facts)] == [SOON]
    tell(given, word("entered-in-error"))
    assert measures.attended([fact.data for fact in given.facts if fact.subject == "plan/1"]) == []


def test_coming_back_ends_outreach_when_the_program_tells_of_it():
    given = in_care(books_visits=False)
    given.passes(3 * WEEK)
    assert given.told(PlanFlagged)
    tell(given, word("attended", given.now))
    assert [one.why for one in given.told(FlagCleared)] == ["returned"]


# — whose visit it is


def test_nobody_else_books_or_settles_a_plans_visits_but_the_person_was_seen():
    given = in_care()
    given.passes(DAY)
    tell(given, word("booked", partner="general"), word("attended", given.now, partner="general", reference="G-1"))
    assert given.told(VisitBooked) == [] and given.told(AppointmentMatched) == [] and given.plan.visits == 2
    assert [one.at for one in given.told(SeenElsewhere)] == [given.now]


def test_a_visit_anywhere_is_one_after_the_stay():
    given = in_care(books_visits=False)
    given.asks(admission(NINE), STAY)
    given.passes(2 * DAY)
    given.asks(discharge(given.now), STAY)
    given.passes(2 * DAY)
    tell(given, word("attended", given.now, partner="general"))
    assert [(one.at, one.within_7) for one in given.told(PersonSeen)] == [(given.now, True)]


def test_a_program_without_a_system_of_its_own_has_its_visits_from_its_people():
    assert tell(enrolled(), word()).told(VisitBooked) == []


def test_of_two_programs_of_one_partner_it_is_the_referrals_or_the_named_ones_or_nobodys():
    def two() -> Story:
        given = referred()
        given.hears(accepted(LAKESIDE, partner=OWN), "placement/2")
        return given

    assert [one.plan for one in tell(two(), word(request="request/2")).told(AppointmentMatched)] == ["plan/2"]
    assert [one.plan for one in tell(two(), word(program=RIVERSIDE)).told(AppointmentMatched)] == ["plan/1"]
    assert tell(two(), word()).told(AppointmentMatched) == []


def test_an_appointment_waits_for_the_plan_that_a_program_opens_later():
    given = Story()
    given.hears(opened(), "record/1")
    tell(given, word())
    assert given.told(AppointmentTold) and given.told(VisitBooked) == []
    given.hears(accepted(partner=OWN))
    assert [one.starts_at for one in given.told(VisitBooked)] == [SOON] and given.states["person/1"].involved.keys() == {"plan/1"}


def test_it_follows_its_record_and_is_seen_elsewhere_no_more_once_it_is_the_plans():
    """The program's own record of the person is found to be theirs later."""
    given = Story()
    given.hears(opened("record/1", "person/2"), "record/1")
    given.hears(accepted(partner=OWN))
    given.hears(opened("record/9", "person/9"), "record/9")
    given.passes(3 * DAY)
    tell(given, word("attended", record="record/9", person="person/9"))
    assert given.plan.visits == 0 and len(given.states["person/9"].sightings) == 1
    given.hears(LINKED.model_copy(update={"left": "person/9"}), "record/9")
    assert [one.person for one in given.told(AppointmentMoved)] == ["person/2"] and given.plan.visits == 1
    assert {one.plan for one in given.states["person/2"].sightings} == {"plan/1"} and given.told(SeenElsewhere) == []


def test_it_waits_until_the_record_it_is_about_is_known():
    given = Story()
    assert given.hears(word(), "visit/1") == [] and [message.data for message in given.kept] == [word()]
    given.hears(opened(), "record/1")
    assert len(given.told(AppointmentTold)) == 1


class Anyhow(Story):
    """What is due at once comes in any order."""

    dice = random.Random(0)

    def chosen(self, due: Sequence[tuple[str, Deadline]]) -> tuple[str, Deadline]:
        return self.dice.choice(due)


def merged(sources: list[list[tuple[Any, str]]], dice: random.Random) -> Iterator[tuple[Any, str]]:
    """Each source in its own order, and its last word again sometimes; between them any order."""
    while left := [source for source in sources if source]:
        source = dice.choice(left)
        said = source[0] if dice.random() < 0.3 else source.pop(0)
        yield said


def test_the_same_words_in_any_order_of_their_topics_end_as_the_same_life():
    """The program's own record of the person is linked, the program's yes is heard, visits are told of: whichever comes first."""
    ends, seen = set(), set()
    for seed in range(60):
        given, dice = Anyhow(NINE + 30 * DAY), random.Random(seed)
        mine: dict[str, Any] = {"record": "record/9", "person": "person/9"}
        linked = LINKED.model_copy(update={"left": "person/9", "person": "person/1"})
        for data, subject in merged(
            [
                [(opened(), "record/1"), (accepted(partner=OWN, cadence_days=7), "placement/1")],
                [(opened("record/9", "person/9"), "record/9"), (linked, "record/9")],
                [(word(step, **mine), "visit/a") for step in ("booked", "arrived", "attended")],
                [(word(step, SOON + WEEK, reference="A-2", **mine), "visit/b") for step in ("booked", "cancelled")],
                [(word(step, SOON + 2 * WEEK, reference="A-3", **mine), "visit/c") for step in ("booked", "missed")],
                [(word("attended", NINE + DAY, partner="general", **mine), "visit/d")],
            ],
            dice,
        ):
            given.hears(data, subject, NINE)
        plan, person = given.plan, given.states["person/1"]
        ends.add((plan.visits, plan.visited_at, plan.bookings, tuple(plan.missed), plan.level, plan.exchanged_at, given.care.status))
        seen.add((plan.seen_elsewhere_at, frozenset(person.involved), person.sightings))
    assert len(ends) == 1 and len(seen) == 1, (ends, seen)
    assert next(iter(seen))[0] == NINE + DAY, "its own visits are not elsewhere"


def test_what_a_plan_knows_of_after_it_ended_is_only_that_somebody_came():
    given = tell(in_care(), word())
    given.asks(commands.DischargePlan(reason="moved", at=given.now))
    given.passes(3 * DAY)
    tell(given, word(starts_at=SOON + WEEK))
    assert given.plan.bookings == ()
    tell(given, word("attended", SOON))
    assert given.plan.visits == 3


def test_the_person_keeps_no_more_than_the_last_appointments_that_are_of_no_plan():
    given = Story()
    given.hears(opened(), "record/1")
    tell(given, *(word(starts_at=NINE + n * DAY, reference=f"A-{n}") for n in range(30)))
    assert sorted(given.states["person/1"].involved) == sorted(f"appointment/{OWN}-A-{n}" for n in range(10, 30))


def test_what_is_said_because_of_a_labelled_visit_is_labelled():
    given = referred()
    given.decides(given_message(given, word(sensitivity="part2", consent="consent/7")))
    given.settles()
    about = [fact for fact in given.facts if isinstance(fact.data, AppointmentTold | AppointmentMatched | VisitBooked | CareScheduled)]
    assert len(about) == 4 and {(fact.sensitivity, fact.consent) for fact in about} == {("part2", "consent/7")}


def given_message(given: Story, data: VisitReceived) -> Any:
    from contracts.kernel import Message

    return Message("message-x", data, "visit/1", at=given.now, sensitivity="part2", consent="consent/7")
