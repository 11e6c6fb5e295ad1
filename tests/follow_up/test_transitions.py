"""From a stay back into care: clocks from the discharge, and everything that comes late, twice, or turns out not to be so."""

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.plans import PlanSuppressed, SeenElsewhere, SuppressionEnded
from contracts.transitions import (
    DischargeReached,
    PersonDischarged,
    PersonSeen,
    TransitionEnded,
    TransitionMatched,
    TransitionOpened,
    TransitionOverdue,
    TransitionOverdueRetracted,
)
from services.follow_up.commands import (
    STAYS,
    ArrangeVisit,
    CancelAdmission,
    CancelDischarge,
    EndTransition,
    PlanLeave,
    ReceivePapers,
    RecordId,
    RecordReached,
    RecordTransfer,
    RefuteDeath,
    ReportDeath,
    ReviewRisk,
    TryToReach,
)
from services.follow_up.transition import Transition
from tests.follow_up.stories import (
    DAY,
    HOUR,
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
    contact,
    desk,
    discharge,
    names,
    opened,
)

GENERAL = {"facility": "general", "reference": "E-1"}


def admitted() -> Story:
    """In care at Riverside, and in hospital since now."""
    given = active(cadence_days=7, books_visits=False)
    given.asks(admission(given.now), STAY)
    return given


def left(**told: object) -> Story:
    """Two days in hospital, and discharged now."""
    given = admitted()
    given.passes(2 * DAY)
    given.asks(discharge(given.now, **told), STAY)
    return given


def overdue(given: Story) -> list[str]:
    return [one.action for one in given.told(TransitionOverdue)]


def owed(given: Story) -> set[str]:
    return {step.action for step in given.stay.owes}


def test_from_the_admission_on_the_desk_of_the_persons_plan_owns_the_transition():
    given = admitted()
    assert [one.owner for one in given.told(TransitionOpened)] == ["role/coordinator"]
    assert [(one.owner, one.plan) for one in given.told(TransitionMatched)] == [(desk(RIVERSIDE), "plan/1")]
    assert (given.next(STAY).owner, given.next(STAY).action, given.next(STAY).due) == (desk(RIVERSIDE), "contact-in-stay", NINE + DAY)


def test_somebody_without_a_plan_is_the_coordinators_who_must_find_one():
    given = Story()
    given.hears(opened(), "record/1")
    given.asks(admission(NINE), STAY)
    assert (given.next(STAY).owner, "find-plan" in owed(given)) == ("role/coordinator", True)


def test_a_plan_that_begins_later_is_matched_then():
    given = Story()
    given.hears(opened(), "record/1")
    given.asks(admission(NINE), STAY)
    given.passes(HOUR)
    given.hears(accepted())
    assert given.stay.owner == desk(RIVERSIDE) and "find-plan" not in owed(given)


def test_a_record_nobody_knows_is_refused_with_what_to_do():
    given = Story()
    assert given.asks(admission(NINE), STAY) == [] and given.code == "TL-5503"


def test_an_admission_told_twice_is_one_and_at_another_instant_corrects_it():
    given = admitted()
    assert given.asks(admission(NINE), STAY) == []
    given.passes(DAY)
    assert names(given.asks(admission(NINE - HOUR), STAY))[0] == "AdmissionCorrected"
    assert len(given.told(TransitionOpened)) == 1 and given.stay.admitted_at == NINE - HOUR


def test_in_hospital_nobody_is_flagged_and_silence_counts_anew_from_the_discharge():
    given = admitted()
    assert given.told(PlanSuppressed)[0].kind == "in-hospital"
    given.passes(20 * DAY)
    assert given.flags == []
    given.asks(discharge(given.now), STAY)
    assert given.told(SuppressionEnded)[0].why == "released"
    given.passes(10.5 * DAY)
    assert given.flags[-1] == "watch"


def test_a_visit_to_the_ed_explains_no_silence():
    given = active(cadence_days=7, books_visits=False)
    given.asks(admission(NINE, kind="ed"), STAY)
    given.passes(11 * DAY)
    assert given.flags == ["watch"]


def test_a_stay_that_was_heard_of_only_afterwards_still_explains_the_silence():
    given = active(cadence_days=7, books_visits=False)
    given.passes(12 * DAY)
    assert given.flags == ["watch"]
    given.asks(discharge(NINE + 11 * DAY), STAY)
    assert given.plan.level == "ok" and given.plan.resumed_at == NINE + 11 * DAY


def test_a_discharge_without_an_admission_opens_it_and_the_admission_may_come_after():
    given = active(cadence_days=7, books_visits=False)
    given.passes(2 * DAY)
    given.asks(discharge(given.now), STAY)
    assert (given.stay.status, given.stay.admitted_at) == ("discharged", None)
    given.asks(admission(NINE), STAY)
    assert (given.stay.status, given.stay.admitted_at) == ("discharged", NINE)


def test_a_discharge_before_its_admission_is_refused():
    given = admitted()
    assert given.asks(discharge(NINE - HOUR), STAY) == [] and given.code == "TL-5544"


def test_the_visit_after_the_stay_is_arranged_before_it_ends():
    given = admitted()
    given.asks(PlanLeave(expected_at=NINE + 3 * DAY), STAY)
    assert given.stay.status == "leave-planned" and "book-before-leave" in owed(given)
    given.passes(3 * DAY)
    assert "book-before-leave" in overdue(given)
    arranged = admitted()
    arranged.asks(PlanLeave(expected_at=NINE + 3 * DAY), STAY)
    arranged.asks(ArrangeVisit(starts_at=NINE + 5 * DAY), STAY)
    arranged.passes(3 * DAY)
    assert "book-before-leave" not in overdue(arranged)


def test_an_attempt_is_owed_within_a_day_of_the_discharge_and_is_not_reaching():
    given = left()
    assert (given.next(STAY).action, given.next(STAY).due) == ("attempt-contact", given.now + DAY)
    given.asks(TryToReach(at=given.now, channel="telephone", outcome="no-answer"), STAY)
    assert given.stay.status == "attempted" and "attempt-again" in owed(given) and given.told(DischargeReached) == []
    given.asks(RecordReached(at=given.now, channel="telephone"), STAY)
    assert given.stay.status == "reached" and not {"attempt-contact", "attempt-again"} & owed(given)


def test_a_discharge_told_late_is_late_on_arrival_and_says_how_late():
    given = admitted()
    given.passes(5 * DAY)
    given.asks(discharge(NINE + 2 * DAY), STAY)
    (late,) = [one for one in given.told(TransitionOverdue) if one.action == "attempt-contact"]
    assert (late.due, late.late_minutes, late.owner) == (NINE + 3 * DAY, 2 * 24 * 60, desk(RIVERSIDE))
    assert (late.rule, late.citation_status) == ("reach-after-discharge@1", "recalled") and "CCBHC 3.c" in late.citation


def test_an_attempt_told_late_takes_the_lateness_back():
    given = left()
    begun = given.now
    given.passes(2 * DAY)
    assert "attempt-contact" in overdue(given)
    given.asks(TryToReach(at=begun + HOUR, channel="telephone", outcome="no-answer"), STAY)
    assert [one.action for one in given.told(TransitionOverdueRetracted)] == ["attempt-contact"]


def test_an_attempt_made_late_takes_nothing_back():
    given = left()
    given.passes(2 * DAY)
    given.asks(TryToReach(at=given.now, channel="telephone", outcome="no-answer"), STAY)
    assert given.told(TransitionOverdueRetracted) == []


@pytest.mark.parametrize(("kind", "after", "within_7"), [("hospital", 1, True), ("hospital", 9, False), ("detox", 3, True)])
def test_a_visit_anywhere_in_the_network_is_seen_after_the_stay(kind, after, within_7):
    given = active(cadence_days=7, books_visits=False)
    given.asks(admission(NINE, kind=kind), STAY)
    given.passes(DAY)
    given.asks(discharge(given.now, kind=kind), STAY)
    given.passes(after * DAY)
    given.asks(attended(given.now))
    (seen,) = given.told(PersonSeen)
    assert (seen.at, seen.plan, seen.within_7, seen.within_30) == (NINE + DAY + after * DAY, "plan/1", within_7, True)
    assert given.stay.status == "seen" and "link-to-care" in owed(given)


@pytest.mark.parametrize(("kind", "counts"), [("hospital", False), ("ed", True)])
def test_the_day_of_discharge_counts_after_the_ed_and_not_after_a_hospital(kind, counts):
    given = active(cadence_days=7, books_visits=False)
    given.asks(discharge(NINE, kind=kind), STAY)
    given.passes(3 * HOUR)
    given.asks(attended(given.now))
    assert bool(given.told(PersonSeen)) is counts
    assert given.told(DischargeReached)[-1].at <= NINE + 3 * HOUR


def test_a_telephone_call_after_the_stay_reaches_and_is_no_visit():
    given = left()
    given.passes(HOUR)
    given.asks(contact(given.now))
    assert given.told(DischargeReached) and given.told(PersonSeen) == []


def test_an_earlier_visit_told_later_corrects_when_the_person_was_seen():
    given = left()
    given.passes(10 * DAY)
    given.asks(attended(NINE + 11 * DAY))
    assert overdue(given).count("see-within-7") == 1
    given.asks(attended(NINE + 4 * DAY))
    assert [one.within_7 for one in given.told(PersonSeen)] == [False, True]


def test_seen_in_time_and_told_late_takes_the_lateness_back():
    given = left()
    given.passes(10 * DAY)
    assert "see-within-7" in overdue(given)
    given.asks(attended(NINE + 4 * DAY))
    assert "see-within-7" in [one.action for one in given.told(TransitionOverdueRetracted)]


def test_both_measures_are_told_late_by_themselves():
    given = left()
    given.passes(40 * DAY)
    assert {"see-within-7", "see-within-30", "attempt-contact", "receive-records", "receive-prescriptions"} <= set(overdue(given))
    assert len(overdue(given)) == len(set(overdue(given)))


def test_papers_are_tracked_each_by_itself():
    given = left()
    given.asks(ReceivePapers(kind="records", at=given.now), STAY)
    assert given.asks(ReceivePapers(kind="records", at=given.now), STAY) == []
    given.passes(5 * DAY)
    assert "receive-records" not in overdue(given) and "receive-prescriptions" in overdue(given)


def test_at_risk_of_suicide_they_are_spoken_with_weekly_for_thirty_days():
    given = admitted()
    given.asks(ReviewRisk(at_risk=True, at=given.now), STAY)
    given.passes(2 * DAY)
    given.asks(discharge(given.now), STAY)
    begun = given.now
    for week in range(1, 4):
        given.passes(WEEK - HOUR)
        given.asks(RecordReached(at=given.now, channel="telephone"), STAY)
        assert "contact-weekly" in owed(given), week
    given.passes(WEEK)
    assert "contact-weekly" in overdue(given)
    given.asks(RecordReached(at=given.now, channel="telephone"), STAY)
    assert given.now > begun + 27 * DAY and "contact-weekly" not in owed(given)


def test_a_cancelled_admission_is_taken_back_wholly():
    given = admitted()
    given.passes(2 * DAY)
    assert "contact-in-stay" in overdue(given)
    given.asks(CancelAdmission(**GENERAL), STAY)
    assert (given.stay.ended_how, given.stay.owes) == ("cancelled", ())
    assert not given.plan.suppressions and given.plan.resumed_at is None


def test_a_cancelled_discharge_goes_back_to_the_stay():
    given = left()
    given.passes(2 * DAY)
    assert "attempt-contact" in overdue(given)
    given.asks(CancelDischarge(**GENERAL), STAY)
    assert given.stay.status == "admitted" and "attempt-contact" not in owed(given)
    assert given.plan.suppressions[0].kind == "in-hospital"


def test_a_corrected_discharge_counts_anew_from_the_right_day():
    given = left()
    given.passes(DAY)
    given.asks(discharge(given.now), STAY)
    assert len(given.told(PersonDischarged)) == 2 and given.stay.discharged_at == given.now
    assert given.next(STAY).due == given.now + DAY


def test_transferred_elsewhere_the_stay_is_over_and_the_other_goes_on():
    given = admitted()
    given.asks(RecordTransfer(**GENERAL, at=given.now, to="state-hospital"), STAY)
    given.asks(admission(given.now, facility="state-hospital", reference="S-1"), "transition/x")
    assert [one.how for one in given.told(TransitionEnded)] == ["transferred"] and given.plan.suppressions


def test_readmitted_only_the_last_discharge_counts():
    given = left()
    given.passes(5 * DAY)
    given.asks(admission(given.now, reference="E-2"), "transition/x")
    assert [(one.how, one.at) for one in given.told(TransitionEnded, STAY)] == [("readmitted", given.now)]


def test_what_ends_is_ended_by_a_person():
    given = left()
    assert given.asks(EndTransition(how="linked", at=given.now), STAY) and given.told(TransitionEnded)[0].by == "staff/dora"
    assert admitted().asks(EndTransition(how="linked", at=NINE), STAY) == []
    for_ever = left()
    for_ever.passes(400 * DAY)
    assert for_ever.stay.status != "ended"


def test_a_reported_death_silences_the_transition_until_a_person_verified_it():
    given = left()
    given.asks(ReportDeath(at=given.now))
    assert owed(given) == {"verify-death"}
    given.passes(HOUR)
    given.asks(RefuteDeath())
    assert "attempt-contact" in owed(given)


def test_visits_booked_in_one_program_are_no_news_elsewhere():
    given = admitted()
    before = len(given.facts)
    given.asks(booked(NINE + 9 * DAY))
    assert len(given.facts) - before == 1 and given.told(SeenElsewhere) == []


def test_a_record_may_be_named_by_any_key_the_front_door_makes():
    """Both signs of the URL-safe alphabet occur in them."""
    for suffix in ("A_b-c9", "_", "-"):
        assert TypeAdapter(RecordId).validate_python(f"record/{suffix}")
    with pytest.raises(ValidationError):
        TypeAdapter(RecordId).validate_python("record/a person")


def test_of_a_stay_that_may_be_told_which_is_so_now():
    """While it lasts they leave, are moved, or were never admitted; once they left, that is corrected or taken back; then it is over."""
    stays = {command.type for command in STAYS}
    stay = Transition(record="record/1", kind="hospital", facility="general", reference="S-1", owner="role/coordinator", opened_at=NINE)
    after = stay.model_copy(update={"discharged_at": NINE})
    assert stays & set(stay.allowed) == {"record-discharge", "record-transfer", "cancel-admission"}
    assert stays & set(after.allowed) == {"record-discharge", "cancel-discharge"}
    assert not stay.model_copy(update={"status": "ended"}).allowed
    assert not stays & set(after.model_copy(update={"dead_since": NINE}).allowed)
