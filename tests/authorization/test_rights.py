"""Documents a payer asks for, appeals, and care that is kept running meanwhile."""

from datetime import date, timedelta

from contracts.authorization import AuthorizationOverdue, AuthorizationOverdueRetracted, LineAsked
from contracts.authorization_lines import AppealFiled, AppealWaived, ContinuationAsked, InformationAsked, LineDenied
from services.authorization.commands import (
    AddLines,
    AskContinuation,
    ConfirmInformation,
    EnterInformationRequest,
    FileAppeal,
    SendInformation,
    SettleDataIssue,
    SubmitAuthorization,
    WaiveAppeal,
)
from tests.authorization.stories import DESK, NINE, Story, answer, by_letter, names, submitted

DAY = timedelta(days=1)


def refused(begun: Story) -> str:
    assert begun.refused
    return begun.refused.reasons[0].code


def test_documents_asked_with_a_pended_line_are_ours_to_send_by_the_payers_day_while_its_clock_runs():
    begun = submitted()
    due = begun.step("await-decision").due
    begun.answers(answer("A4", asks=("18776-5",), asked_by=NINE + 3 * DAY))
    assert (begun.step("send-information").owner, begun.step("send-information").due) == (DESK, NINE + 3 * DAY)
    assert begun.step("await-decision").due == due and begun.next.action == "send-information"
    begun.now += DAY
    begun.asks(SendInformation(line=1, channel="portal"))
    assert begun.step("send-information") is None and begun.asks(SendInformation(line=1, channel="portal")) == []
    assert names(begun.asks(ConfirmInformation(line=1))) == ["InformationAnswered"]
    assert begun.asks(ConfirmInformation(line=1)) == [] and refused(begun) == "TL-5341"


def test_without_a_day_of_the_payers_documents_have_a_clock_of_ours_and_the_same_request_twice_is_one():
    begun = submitted()
    begun.asks(EnterInformationRequest(line=1, asks=("18776-5",)))
    assert begun.step("send-information").rule == "send-information@1"
    assert begun.asks(EnterInformationRequest(line=1, asks=("18776-5",))) == []
    begun.asks(EnterInformationRequest(line=1, asks=("18776-5", "28570-0")))
    assert len(begun.told(InformationAsked)) == 2
    begun.answers(answer("A1"))
    assert begun.asks(EnterInformationRequest(line=1, asks=("x",))) == [] and refused(begun) == "TL-5334"
    assert begun.asks(EnterInformationRequest(line=9, asks=("x",))) == [] and refused(begun) == "TL-5304"


def test_documents_that_were_sent_in_time_and_told_late_take_the_lateness_back():
    begun = submitted()
    begun.answers(answer("A4", asks=("18776-5",), asked_by=NINE + DAY))
    begun.passes(2 * DAY)
    assert [one.action for one in begun.told(AuthorizationOverdue)] == ["send-information"]
    begun.asks(SendInformation(line=1, channel="fax", at=NINE + timedelta(hours=5)))
    assert [one.action for one in begun.told(AuthorizationOverdueRetracted)] == ["send-information"]


def test_a_refused_line_is_appealed_or_let_be_and_an_appeal_is_waited_for():
    begun = submitted()
    begun.answers(answer("A3", 1, reasons=("84",)), answer("A3", 2, reasons=("84",)))
    begun.asks(WaiveAppeal(line=2, reason="other-service"))
    assert begun.step("decide-on-appeal", 2) is None
    begun.asks(FileAppeal(line=1))
    assert begun.told(AppealFiled)[0].in_time and begun.step("decide-on-appeal") is None
    assert (begun.step("await-appeal").waiting_on, begun.step("await-appeal").due) == ("payer/example-health", NINE + 30 * DAY)
    assert begun.asks(FileAppeal(line=1)) == [] and refused(begun) == "TL-5351"
    begun.now += 5 * DAY
    begun.answers(answer("A1", 1))
    assert begun.step("await-appeal") is None and begun.authorization.lines[0].status == "approved"


def test_a_decision_not_to_appeal_has_an_instant_of_its_own_and_one_made_in_time_was_not_late():
    begun = submitted()
    begun.answers(answer("A3", 1, reasons=("84",)))
    due = begun.step("decide-on-appeal").due
    begun.passes(due - begun.now + DAY)
    assert [one.action for one in begun.told(AuthorizationOverdue)].count("decide-on-appeal") == 1
    begun.asks(WaiveAppeal(line=1, reason="accepted", at=due - DAY))
    (said,) = begun.told(AppealWaived)
    assert said.waived_at == said.happened_at == due - DAY
    assert "decide-on-appeal" in [one.action for one in begun.told(AuthorizationOverdueRetracted)]
    late = submitted()
    late.answers(answer("A3", 1, reasons=("84",)))
    late.asks(WaiveAppeal(line=1, reason="accepted", at=late.now + DAY))
    assert late.told(AppealWaived)[0].waived_at == late.now, "nobody decides in the future"


def test_an_expedited_appeal_has_seventy_two_hours_and_upheld_can_be_appealed_again():
    begun = submitted()
    begun.answers(answer("A3", 1, reasons=("84",)))
    begun.asks(FileAppeal(line=1, expedited=True))
    assert begun.step("await-appeal").due == NINE + timedelta(hours=72)
    begun.now += DAY
    begun.answers(answer("A5", 1, reasons=("84",), answered_at=begun.now))
    assert begun.told(LineDenied)[-1].upheld and begun.step("decide-on-appeal") and begun.authorization.status == "upheld"


def test_nothing_lapses_when_the_time_to_appeal_is_over_and_a_late_appeal_is_entered_as_late():
    begun = submitted()
    begun.answers(answer("A3", 1, reasons=("84",)))
    begun.passes(70 * DAY)
    assert begun.step("decide-on-appeal").late and begun.authorization.lines[0].status == "denied"
    begun.asks(FileAppeal(line=1))
    assert not begun.told(AppealFiled)[0].in_time


def renewed() -> Story:
    """Line 1 was approved until the 15th, and its renewal, line 3, is with the payer."""
    begun = submitted()
    begun.answers(answer("A1", 1), answer("NA", 2))
    begun.now = NINE + 9 * DAY
    begun.asks(AddLines(lines=(LineAsked(line=3, service="H0018", units=14, unit="day", renews=1, starts_on=date(2026, 3, 16)),)))
    begun.asks(SubmitAuthorization())
    return begun


def test_running_care_is_kept_by_ten_days_after_the_notice_or_the_day_it_is_cut_if_that_is_later():
    begun = renewed()
    begun.asks(by_letter("A3", 3, notice_on=date(2026, 3, 10), reasons=("84",)))
    ten_days = begun.told(LineDenied)[0].continue_before
    assert ten_days and ten_days.date() == date(2026, 3, 20) and begun.step("ask-continuation", 3).due == ten_days
    begun = renewed()
    begun.asks(by_letter("A3", 3, notice_on=date(2026, 3, 3), reasons=("84",)))
    cut = begun.told(LineDenied)[0].continue_before
    assert cut and cut.date() == date(2026, 3, 15)


def test_asking_to_keep_care_running_is_entered_once_and_says_whether_it_was_in_time():
    begun = renewed()
    begun.asks(by_letter("A3", 3, notice_on=date(2026, 3, 10), reasons=("84",)))
    begun.asks(AskContinuation(line=3))
    assert begun.told(ContinuationAsked)[0].in_time and begun.step("ask-continuation", 3) is None
    assert begun.asks(AskContinuation(line=3)) == [] and refused(begun) == "TL-5352"
    late = renewed()
    late.asks(by_letter("A3", 3, notice_on=date(2026, 3, 10), reasons=("84",)))
    late.passes(20 * DAY)
    late.asks(AskContinuation(line=3))
    assert not late.told(ContinuationAsked)[0].in_time


def test_new_care_that_was_refused_has_nothing_to_keep_running():
    begun = submitted()
    begun.answers(answer("A3", 1, reasons=("84",)))
    assert begun.told(LineDenied)[0].continue_before is None and begun.step("ask-continuation") is None
    assert begun.asks(AskContinuation(line=1)) == [] and refused(begun) == "TL-5352"
    nobody = (FileAppeal(line=9), WaiveAppeal(line=9, reason="other"), AskContinuation(line=9), SettleDataIssue(line=9, issue="x"))
    for command in (*nobody, SendInformation(line=9, channel="fax")):
        assert begun.asks(command) == [] and refused(begun) == "TL-5304"
