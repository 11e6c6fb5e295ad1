"""What a payer's answer means: line by line, by the review action code, whatever else it says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.authorization import AuthorizationOverdueRetracted
from contracts.authorization_lines import (
    DataIssueFound,
    DecisionExtended,
    LineApproved,
    LineDenied,
    LinePended,
    LineUnanswered,
)
from contracts.payers import PayerAnswer
from services.authorization.commands import (
    CancelLine,
    EndAuthorization,
    EnterExtension,
    FileAppeal,
    SettleDataIssue,
    SubmitAuthorization,
)
from tests.authorization.stories import DESK, NINE, Story, answer, by_letter, names, story, submitted

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def refused(begun: Story) -> str:
    assert begun.refused
    return begun.refused.reasons[0].code


@pytest.mark.parametrize(
    ("action", "event", "status"),
    [
        ("A1", "LineApproved", "approved"), ("A2", "LineApproved", "partial"), ("A6", "LineApproved", "modified"),
        ("A3", "LineDenied", "denied"), ("A5", "LineDenied", "upheld"), ("A4", "LinePended", "pended"),
        ("CT", "PayerContactAsked", "contact-payer"), ("NA", "LineNotRequired", "not-required"), ("C", "LineCancelled", "cancelled"),
    ],
)  # fmt: skip
def test_every_action_code_has_its_one_meaning(action, event, status):
    begun = submitted()
    assert names(begun.answers(answer(action)))[0] == event
    assert begun.authorization.lines[0].status == status and begun.authorization.lines[1].status == "submitted"


@pytest.mark.parametrize("action", ["PENDEDCODE", "A9", "a1", "Certified", None])
def test_an_unknown_code_is_refused_so_that_one_of_us_must_look(action):
    begun = submitted()
    before = begun.authorization
    assert begun.answers(answer(action)) == [] and refused(begun) == "TL-5331" and begun.authorization == before


def test_a_denied_line_puts_the_referral_at_risk_and_the_approved_one_beside_it_may_be_used():
    begun = submitted()
    said = begun.answers(answer("A3", 1), answer("A1", 2))
    assert names(said) == ["LineDenied", "ReferralPutAtRisk", "LineApproved"]
    assert begun.authorization.status == "denied" and begun.step("secure-care", 0).owner == DESK
    assert begun.authorization.lines[1].covers(NINE.date()) and not begun.authorization.lines[0].covers(NINE.date())


def test_a_pended_line_waits_on_and_the_payers_clock_does_not_begin_anew():
    begun = submitted()
    before = begun.step("await-decision")
    begun.now += DAY
    begun.answers(answer("A4", answered_at=begun.now))
    assert begun.told(LinePended) and begun.step("await-decision") == before
    begun.passes(7 * DAY)
    assert begun.told(LineUnanswered)


def test_a_denial_without_a_reason_is_chased_until_somebody_has_it():
    begun = submitted()
    begun.answers(answer("A3"))
    assert (begun.step("chase-reason").owner, begun.step("chase-reason").waiting_on) == (DESK, "payer/example-health")
    assert begun.asks(SettleDataIssue(line=1, issue="denial-without-reason")) == [] and refused(begun) == "TL-5353"
    begun.asks(SettleDataIssue(line=1, issue="denial-without-reason", reasons=("84",)))
    assert begun.step("chase-reason") is None
    begun.answers(answer("A3", 2, reasons=("84",)))
    assert begun.step("chase-reason", 2) is None


def test_a_partial_approval_and_a_reducing_change_are_adverse_in_part_and_start_the_clock_to_appeal():
    for told, adverse in (
        (answer("A2", units=10), True), (answer("A6", units=10), True), (answer("A6", units=14), False), (answer("A6", units=20), False),
        (answer("A6", ends_on=date(2026, 3, 10)), True), (answer("A6", starts_on=date(2026, 3, 4), units=14), True), (answer("A6"), True),
        (answer("A1"), False),
    ):  # fmt: skip
        begun = submitted()
        begun.answers(told)
        said = begun.told(LineApproved)[0]
        assert said.adverse == adverse == (begun.step("decide-on-appeal") is not None), told
        assert (said.appeal_before is not None) == adverse


def test_the_time_to_appeal_counts_from_the_date_on_the_notice_and_not_from_its_arrival():
    begun = submitted()
    begun.now = NINE + 12 * DAY
    begun.asks(by_letter("A3", notice_on=date(2026, 3, 5), received_at=NINE + 11 * DAY))
    said = begun.told(LineDenied)[0]
    assert (said.notice_on, said.received_at, said.channel, said.by) == (date(2026, 3, 5), NINE + 11 * DAY, "letter", "staff/ana")
    assert said.appeal_before == datetime(2026, 5, 4, 23, 59, 59, tzinfo=UTC) == begun.step("decide-on-appeal").due


def test_words_that_disagree_with_the_code_are_a_data_issue_and_the_code_stands():
    begun = submitted()
    begun.answers(answer("A6", units=10, display_differs=True))
    assert begun.authorization.lines[0].status == "modified" and begun.told(DataIssueFound)[0].issue == "code-and-display-disagree"
    assert begun.step("settle-data-issue").owner == "role/data-steward"
    begun.asks(SettleDataIssue(line=1, issue="code-and-display-disagree"))
    assert begun.step("settle-data-issue") is None


def test_the_same_answer_again_by_whatever_way_is_no_other_fact():
    begun = submitted()
    begun.now += DAY
    told = answer("A3", reasons=("84",), notice_on=date(2026, 3, 3), answered_at=NINE + timedelta(hours=3), display_differs=True)
    begun.answers(told)
    assert begun.answers(told) == []
    assert begun.asks(by_letter("A3", reasons=("84",), notice_on=date(2026, 3, 3))) == []


def test_when_an_answer_reached_us_is_not_when_the_payer_gave_it():
    begun = submitted()
    begun.now += 2 * DAY
    begun.answers(answer("A3", 1, answered_at=NINE + HOUR), answer("A1", 2, answered_at=NINE + HOUR))
    for said in (*begun.told(LineDenied), *begun.told(LineApproved)):
        assert (said.received_at, said.happened_at) == (NINE + 2 * DAY, NINE + HOUR)
    assert begun.authorization.lines[0].unreasoned == NINE + 2 * DAY, "a missing reason is chased since we have the refusal"


@pytest.mark.parametrize(("action", "status"), [("A4", "pended"), ("CT", "contact-payer")])
def test_the_same_word_about_a_corrected_submission_is_news_and_about_the_one_before_it_is_not(action, status):
    """The payer found faults, and was put the lines again: what it says of these is said anew, in whatever words."""
    begun = submitted()
    first = begun.reference
    begun.answers(answer(action))
    begun.answers(PayerAnswer(faults=("33",)))
    begun.now += HOUR
    begun.asks(SubmitAuthorization())
    assert begun.authorization.lines[0].status == "submitted" and begun.reference != first
    assert begun.answers(answer(action), reference=first) == [], "a copy of what was said of the one before"
    begun.now += HOUR
    assert names(begun.answers(answer(action))) and begun.authorization.lines[0].status == status
    assert begun.answers(answer(action)) == []


def appealed() -> Story:
    """Line 1 was refused at noon, and two days later somebody appealed."""
    begun = submitted()
    begun.now += DAY
    begun.answers(answer("A3", answered_at=NINE + timedelta(hours=3)))
    begun.now += DAY
    begun.asks(FileAppeal(line=1))
    return begun


@pytest.mark.parametrize("told", [{}, {"reasons": ("84",)}, {"notice_on": date(2026, 3, 3)}])
def test_what_the_payer_said_before_the_appeal_does_not_decide_it_however_often_and_late_it_comes(told):
    begun = appealed()
    waiting, before = begun.step("await-appeal"), len(begun.told(LineDenied))
    assert waiting and waiting.waiting_on == "payer/example-health"
    for _ in range(3):
        begun.now += timedelta(hours=30)
        begun.answers(answer("A3", answered_at=NINE + timedelta(hours=3), **told))
    assert len(begun.told(LineDenied)) == before + bool(told), "a copy is no other fact, more of the same answer is one"
    assert begun.step("await-appeal") == waiting and begun.step("decide-on-appeal") is None
    begun.answers(answer("A2", units=3, answered_at=NINE + DAY))
    assert begun.step("await-appeal") == waiting and begun.authorization.lines[0].status == "partial"


@pytest.mark.parametrize(("told", "after"), [(answer("A5"), "decide-on-appeal"), (answer("A3"), "decide-on-appeal"), (answer("A1"), None)])
def test_what_the_payer_says_after_the_appeal_decides_it(told, after):
    begun = appealed()
    begun.now += DAY
    begun.answers(told.model_copy(update={"answered_at": begun.now}))
    assert begun.step("await-appeal") is None and (begun.step("decide-on-appeal") is not None) == bool(after)


def test_a_grant_from_before_the_appeal_leaves_nothing_to_wait_for():
    begun = appealed()
    begun.answers(answer("A1", answered_at=NINE + timedelta(hours=30)))
    assert begun.step("await-appeal") is None and begun.authorization.lines[0].status == "approved"


def test_an_older_answer_changes_nothing_and_a_person_is_told_so():
    begun = submitted()
    begun.now += 2 * DAY
    begun.answers(answer("A1", answered_at=NINE + DAY))
    assert begun.answers(answer("A4", answered_at=NINE + timedelta(hours=2))) == []
    assert begun.asks(by_letter("A4", answered_at=NINE + timedelta(hours=2))) == [] and refused(begun) == "TL-5333"
    assert begun.authorization.lines[0].status == "approved"


def test_a_decision_made_in_time_that_reached_us_late_takes_the_lateness_back():
    begun = submitted()
    begun.passes(9 * DAY)
    said = begun.asks(by_letter("A1", notice_on=date(2026, 3, 6)))
    assert names(said) == ["LineApproved", "AuthorizationOverdueRetracted", "AuthorizationOverdueRetracted"]
    assert [one.action for one in begun.told(AuthorizationOverdueRetracted)] == ["await-decision", "chase-decision"]
    assert begun.told(AuthorizationOverdueRetracted)[0].due == NINE + 7 * DAY and begun.authorization.lines[0].silent_since is None
    late = submitted()
    late.passes(9 * DAY)
    assert names(late.asks(by_letter("A1", notice_on=date(2026, 3, 10)))) == ["LineApproved"]


def test_an_extension_ends_at_most_fourteen_days_beyond_the_first_time():
    begun = submitted()
    begun.asks(EnterExtension(line=1, until=NINE + 15 * DAY, notice_on=date(2026, 3, 6)))
    assert begun.step("await-decision").due == NINE + 15 * DAY and begun.step("await-decision", 2).due == NINE + 7 * DAY
    assert begun.asks(EnterExtension(line=1, until=NINE + 15 * DAY, notice_on=date(2026, 3, 6))) == []
    said = begun.asks(EnterExtension(line=2, until=NINE + 40 * DAY, notice_on=date(2026, 3, 6)))
    assert names(said) == ["DecisionExtended", "DataIssueFound"]
    assert begun.told(DecisionExtended)[-1].until == NINE + 21 * DAY and begun.step("settle-data-issue", 2)
    assert begun.asks(EnterExtension(line=2, until=NINE + 5 * DAY, notice_on=date(2026, 3, 6))) == [] and refused(begun) == "TL-5335"
    begun.passes(16 * DAY)
    assert {one.line for one in begun.told(LineUnanswered)} == {1}


def test_an_extension_that_was_noticed_in_time_takes_a_lateness_back():
    begun = submitted()
    begun.passes(8 * DAY)
    said = begun.asks(EnterExtension(line=1, until=NINE + 20 * DAY, notice_on=date(2026, 3, 6)))
    assert names(said) == ["DecisionExtended", "AuthorizationOverdueRetracted"] and begun.step("await-decision").due == NINE + 20 * DAY


def test_an_answer_to_what_was_never_asked_is_refused():
    begun = story()
    assert begun.asks(by_letter("A1")) == [] and refused(begun) == "TL-5332"
    assert begun.asks(by_letter("A1", 9)) == [] and refused(begun) == "TL-5304"
    begun = submitted()
    begun.asks(CancelLine(line=1, reason="not-needed"))
    assert begun.answers(answer("C")) == [] and begun.refused is None
    assert begun.asks(EnterExtension(line=1, until=NINE + 9 * DAY, notice_on=date(2026, 3, 6))) == [] and refused(begun) == "TL-5334"
    assert begun.asks(EnterExtension(line=9, until=NINE + 9 * DAY, notice_on=date(2026, 3, 6))) == [] and refused(begun) == "TL-5304"


def test_an_answer_after_the_end_is_still_taken_and_leaves_nothing_to_do():
    begun = submitted()
    begun.asks(EndAuthorization(reason="care-declined"))
    assert names(begun.answers(answer("A3"))) == ["LineDenied"]
    assert (begun.authorization.status, begun.authorization.steps, begun.next.action) == ("ended", (), "none")
