"""What happens with what was granted: visits, units, spans, renewals, the end; and a referral at risk."""

from datetime import UTC, date, datetime, timedelta

from contracts.authorization import LineAsked, ReferralPutAtRisk, RiskCleared
from contracts.authorization_lines import LineExpired, RenewalDue, UnitsReturned, UnitsUsed
from contracts.plans import VisitAttended, VisitBooked, VisitCancelled, VisitMissed, VisitMoved, VisitRetracted
from services.authorization.commands import AddLines, NoteVisit, SubmitAuthorization, UseUnits
from tests.authorization.stories import DESK, NINE, Story, answer, names, story, submitted

DAY = timedelta(days=1)


def approved(**told: object) -> Story:
    """Fourteen days and twenty visits, both from the second of March."""
    begun = submitted()
    begun.answers(answer("A1", 1, **told), answer("A1", 2))
    return begun


def next_line(begun: Story) -> None:
    begun.asks(AddLines(lines=(LineAsked(line=3, service="H0018", units=14, unit="day", renews=1, starts_on=date(2026, 3, 16)),)))
    begun.asks(SubmitAuthorization())


def test_what_is_granted_is_used_until_four_fifths_of_its_days_are_over():
    begun = approved()
    assert (begun.authorization.status, begun.next.action, begun.next.owner) == ("approved", "use-authorization", DESK)
    begun.passes(12 * DAY)
    due = begun.told(RenewalDue)
    assert [(one.line, one.because) for one in due] == [(1, "span")]
    assert datetime(2026, 3, 13, 4, 0, tzinfo=UTC) < due[0].happened_at < datetime(2026, 3, 13, 5, 0, tzinfo=UTC)
    assert begun.step("renew").owner == DESK and begun.step("renew").due <= datetime(2026, 3, 15, 23, 59, 59, tzinfo=UTC)


def test_the_payers_own_review_day_comes_first():
    begun = approved(next_review_on=date(2026, 3, 9))
    begun.passes(5 * DAY)
    assert [(one.line, one.because) for one in begun.told(RenewalDue)] == [(1, "review")]


def test_units_run_out_first_and_the_next_is_asked_for_once():
    begun = approved()
    for visit in range(20):
        begun.now += timedelta(hours=1)
        begun.asks(UseUnits(visit=f"visit/{visit}", at=begun.now))
    first, second = begun.authorization.lines
    assert (first.used, second.used) == (14, 6)
    assert [(one.line, one.because) for one in begun.told(RenewalDue)] == [(1, "units")]
    assert [(one.risk, one.line) for one in begun.told(ReferralPutAtRisk)] == [("units-used-up", 1)]


def test_the_same_visit_is_counted_once_and_one_on_an_uncovered_day_is_refused():
    begun = approved()
    begun.asks(UseUnits(visit="visit/1", at=NINE))
    assert begun.asks(UseUnits(visit="visit/1", at=NINE)) == [] and len(begun.told(UnitsUsed)) == 1
    assert begun.asks(UseUnits(visit="visit/2", at=NINE - DAY)) == [] and begun.refused and begun.refused.reasons[0].code == "TL-5361"


def test_the_last_covered_day_ends_the_line_and_not_the_need():
    begun = approved()
    begun.passes(15 * DAY)
    assert [one.line for one in begun.told(LineExpired)] == [1]
    assert begun.told(LineExpired)[0].queryable_until >= datetime(2026, 9, 15, tzinfo=UTC)
    assert begun.authorization.lines[0].status == "expired" and begun.step("renew-or-end").owner == DESK
    begun.passes(30 * DAY)
    assert begun.step("renew-or-end").late


def test_a_renewal_carries_the_care_on_and_the_line_before_it_stands_in_nobodys_way():
    begun = approved()
    begun.passes(12 * DAY)
    next_line(begun)
    assert begun.step("renew") is None and begun.step("await-decision", 3)
    begun.answers(answer("A1", 3, ends_on=date(2026, 3, 30)))
    begun.passes(4 * DAY)
    assert begun.authorization.lines[0].status == "expired" and begun.authorization.status == "approved"
    assert begun.step("renew-or-end") is None


def test_a_visit_within_what_is_granted_is_sound_and_one_outside_puts_the_referral_at_risk():
    begun = approved()
    assert names(begun.asks(NoteVisit(visit="visit/1", at=NINE + 10 * DAY))) == ["VisitNoted"]
    assert begun.asks(NoteVisit(visit="visit/1", at=NINE + 10 * DAY)) == []
    assert names(begun.asks(NoteVisit(visit="visit/1", at=NINE + 80 * DAY))) == ["VisitNoted", "ReferralPutAtRisk"]
    said = begun.told(ReferralPutAtRisk)[0]
    assert (said.risk, said.visit, said.program, said.steps[0].action) == (
        "outside-window",
        "visit/1",
        "program/harbor",
        "secure-care",
    )
    assert names(begun.asks(NoteVisit(visit="visit/1"))) == ["VisitNoted", "RiskCleared"]
    assert begun.step("secure-care", 0) is None


def test_a_visit_before_the_decision_can_come_is_at_risk_until_it_comes():
    begun = submitted()
    begun.asks(NoteVisit(visit="visit/1", at=NINE + 2 * DAY))
    assert begun.told(ReferralPutAtRisk)[0].risk == "decision-after-visit"
    begun.answers(answer("A1", 1))
    assert [one.risk for one in begun.told(RiskCleared)] == ["decision-after-visit"]
    later = submitted()
    later.asks(NoteVisit(visit="visit/1", at=NINE + 9 * DAY))
    assert later.told(ReferralPutAtRisk) == []
    later.answers(answer("A3", 1), answer("A3", 2))
    assert ("denied", "visit/1") in [(one.risk, one.visit) for one in later.told(ReferralPutAtRisk)]


def test_a_visit_of_care_that_needs_no_word_of_the_payer_is_sound():
    begun = story(service="outpatient-therapy")
    assert names(begun.asks(NoteVisit(visit="visit/1", at=NINE + DAY))) == ["VisitNoted"]


def test_the_step_to_secure_care_is_done_before_the_visit():
    begun = submitted()
    begun.asks(NoteVisit(visit="visit/1", at=NINE + timedelta(hours=3)))
    assert begun.step("secure-care", 0).due <= NINE + timedelta(hours=3)


def booked(at: datetime, visit: str = "visit/1") -> VisitBooked:
    return VisitBooked(visit=visit, starts_at=at, settle_by=at + DAY, kind="service", channel="in-person")


def attended(at: datetime, visit: str | None = "visit/1") -> VisitAttended:
    return VisitAttended(visit=visit, at=at, kind="service", channel="in-person")


def test_visits_are_heard_from_follow_up_booked_moved_kept_and_called_off():
    begun = approved()
    assert names(begun.follows(booked(NINE + 80 * DAY))) == ["VisitNoted", "ReferralPutAtRisk"]
    moved = VisitMoved(visit="visit/1", starts_at=NINE + DAY, settle_by=NINE + 2 * DAY, left_at=NINE)
    assert names(begun.follows(moved)) == ["VisitNoted", "RiskCleared"]
    begun.now += DAY
    assert names(begun.follows(attended(begun.now))) == ["UnitsUsed", "VisitNoted"] and begun.follows(attended(begun.now)) == []
    assert begun.authorization.visits == {} and begun.authorization.lines[0].used == 1
    begun.follows(booked(NINE + 2 * DAY, "visit/2"))
    assert names(begun.follows(VisitMissed(visit="visit/2", at=NINE + 2 * DAY))) == ["VisitNoted"]
    assert begun.follows(VisitCancelled(visit="visit/2", by="client", at=NINE)) == []


def test_a_visit_that_took_place_where_nothing_covers_it_puts_the_referral_at_risk():
    begun = approved()
    begun.now = NINE + 70 * DAY
    assert names(begun.follows(attended(begun.now, None))) == ["VisitNoted", "ReferralPutAtRisk"]


def test_where_no_authorization_is_needed_visits_that_took_place_are_not_kept():
    begun = story(service="outpatient-therapy")
    begun.follows(booked(NINE + DAY))
    begun.follows(attended(NINE + DAY))
    assert begun.authorization.visits == {} and begun.follows(attended(NINE + 2 * DAY, None)) == []


def retracted(visit: str, at: datetime = NINE) -> VisitRetracted:
    return VisitRetracted(visit=visit, at=at)


def test_a_visit_that_was_taken_back_used_no_units_and_the_next_need_not_be_asked_for_because_of_it():
    begun = approved()
    for visit in range(12):
        begun.now += timedelta(hours=1)
        begun.asks(UseUnits(visit=f"visit/{visit}", at=begun.now))
    assert [one.because for one in begun.told(RenewalDue)] == ["units"] and begun.step("renew")
    begun.follows(retracted("visit/3"))
    (back,) = begun.told(UnitsReturned)
    assert (back.used, back.renewal_off, begun.authorization.lines[0].used) == (11, True, 11)
    assert begun.step("renew") is None and begun.step("use-authorization")
    assert begun.follows(retracted("visit/3")) == [], "once"
    begun.follows(attended(NINE + DAY, "visit/99"))
    assert len(begun.told(RenewalDue)) == 2, "asked for again once so much is used again"


def test_a_renewal_that_its_days_ask_for_stands_whatever_is_taken_back():
    begun = approved()
    begun.asks(UseUnits(visit="visit/1", at=NINE))
    begun.passes(12 * DAY)
    begun.follows(retracted("visit/1"))
    assert not begun.told(UnitsReturned)[0].renewal_off and begun.step("renew")


def test_a_visit_that_nothing_covered_and_that_was_none_puts_nothing_at_risk():
    begun = approved()
    begun.follows(attended(NINE - DAY))
    assert begun.authorization.took_place
    begun.follows(retracted(begun.authorization.took_place[0], NINE - DAY))
    assert begun.authorization.visits == {} and begun.told(RiskCleared)
