"""Stays as facilities tell of them by the front door: late, twice, in any order, about somebody nobody knew."""

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from contracts.stays import StayReceived
from contracts.transitions import AdmissionCorrected, PersonDischarged, TransitionMatched, TransitionOpened, TransitionOverdue
from tests.follow_up.stories import DAY, HOUR, NINE, RIVERSIDE, Story, active, admission, desk, opened

LEFT = NINE + 2 * DAY


def word(step: str = "admitted", at: datetime | None = NINE, **told: Any) -> StayReceived:
    fields = {"record": "record/1", "person": "person/1", "partner": "general", "facility": "general", "reference": "E-1"}
    return StayReceived(**(fields | {"kind": "hospital", "step": step, "at": at} | told))


def left(**told: Any) -> StayReceived:
    return word("discharged", LEFT, **({"admitted_at": NINE, "to": "home"} | told))


def told(*words: StayReceived) -> Story:
    """Somebody in care at Riverside; three days later these words came, one after the other."""
    given = active(cadence_days=7, books_visits=False)
    given.passes(3 * DAY)
    for one in words:
        given.hears(one, "stay/1")
    return given


def test_an_admission_and_a_discharge_that_a_hospital_tells_open_the_transition_and_its_clocks_count_from_the_discharge():
    given = told(word(), left())
    assert [one.owner for one in given.told(TransitionMatched)] == [desk(RIVERSIDE)]
    assert (given.stay.admitted_at, given.stay.discharged_at, given.stay.to) == (NINE, LEFT, "home")
    given.passes(HOUR)
    assert "attempt-contact" in [one.action for one in given.told(TransitionOverdue)], "told a day late, it is late on arrival"


def test_a_discharge_alone_tells_both_ends():
    given = told(left())
    assert (given.stay.admitted_at, given.stay.discharged_at) == (NINE, LEFT) and len(given.told(TransitionOpened)) == 1


def test_what_a_person_entered_by_hand_is_the_same_stay():
    given = active(cadence_days=7, books_visits=False)
    given.asks(admission(NINE), "transition/any")
    given.passes(3 * DAY)
    given.hears(left(), "stay/1")
    assert len(given.told(TransitionOpened)) == 1 and given.stay.discharged_at == LEFT


@pytest.mark.parametrize("order", list(permutations((word(), left(), word(), left()))))
def test_whatever_the_order_and_however_often_it_ends_as_one_discharged_stay(order):
    given = told(*order)
    assert len(given.told(TransitionOpened)) == 1 and len(given.told(PersonDischarged)) == 1
    assert (given.stay.admitted_at, given.stay.discharged_at, given.stay.status) == (NINE, LEFT, "discharged")


def test_an_ed_visit_that_becomes_a_stay_is_one_transition_and_never_an_ed_visit_again():
    given = told(word(kind="ed"), left(), word(kind="ed"))
    assert given.stay.kind == "hospital" and [one.kind for one in given.told(AdmissionCorrected)] == ["hospital"]


def test_an_admission_that_never_was_ends_it_and_a_discharge_that_was_none_leaves_the_person_there():
    assert told(word(), word("admission-cancelled", None)).stay.ended_how == "cancelled"
    assert told(word("admission-cancelled", None)).told(TransitionOpened) == []
    given = told(word(), left(), word("discharge-cancelled", None))
    assert (given.stay.status, given.stay.discharged_at) == ("admitted", None)


def test_a_discharge_before_its_admission_is_refused_for_a_person_to_look_at():
    given = told(word())
    assert given.hears(word("discharged", NINE - HOUR), "stay/1") == [] and given.code == "TL-5544"


def test_it_waits_until_the_record_it_is_about_is_known():
    given = Story()
    assert given.hears(word(), "stay/1") == [] and [message.data for message in given.kept] == [word()]
    given.hears(opened(), "record/1")
    assert len(given.told(TransitionOpened)) == 1


def test_a_stay_that_was_called_off_and_is_told_after_all_begins_anew():
    given = told(word(), word("admission-cancelled", None))
    assert given.hears(word("admission-cancelled", None), "stay/1") == [], "called off once"
    given.hears(word(), "stay/1")
    assert (given.stay.status, given.stay.ended_how, given.stay.plan) == ("admitted", None, "plan/1")
    assert given.next(next(id for id, state in given.states.items() if state is given.stay)).owner == desk(RIVERSIDE)
    assert [one.kind for one in given.plan.suppressions] == ["in-hospital"]


def test_a_discharge_that_was_none_and_is_told_again_stands_again():
    given = told(word(), left(), word("discharge-cancelled", None), left())
    assert (given.stay.status, given.stay.discharged_at) == ("discharged", LEFT) and len(given.told(PersonDischarged)) == 2
