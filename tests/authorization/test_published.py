"""Answers that payers and standards bodies published, from the bytes at the front door to the lines of an authorization.

They are read where they lie and never committed; what none of them shows is shown on an example of our own, and says so.
"""

import pytest

from contracts.authorization import ReferralPutAtRisk
from contracts.authorization_lines import LineApproved, LineDenied, LinePended, LineUnanswered
from contracts.payers import PayerAnswer
from services.authorization.commands import SubmitAuthorization
from tests.authorization.stories import NINE, Story, submitted
from tests.intake.fhir_messages import read as read_message
from tests.intake.test_payer import item, response
from tests.intake.test_third_party import bytes_of, needs_files
from tests.intake.test_third_party import read as read_bytes

PRESET = "inferno-pas-test-kit/presets/pas_client_v221_run_against_pas_server__{}_json_response__0.json"
DENIED = "inferno-pas-test-kit/fixtures/valid_pa_response_bundle_denial.json"


def answers(file: str) -> list[PayerAnswer]:
    """What intake tells authorization of a published file."""
    found = read_bytes(bytes_of(file))
    assert all(entry.outcome == "event" for entry in found)
    return [entry.event.answer for entry in found]  # type: ignore[union-attr]


def answered(file: str) -> Story:
    begun = submitted()
    begun.answers(*answers(file))
    return begun


@needs_files
def test_a3_on_line_1_and_a1_on_line_2_of_one_message_under_outcome_complete():
    begun = answered(PRESET.format("denial"))
    assert [line.status for line in begun.authorization.lines] == ["denied", "approved"]
    assert [one.line for one in begun.told(ReferralPutAtRisk)] == [1] and begun.step("secure-care", 0)
    assert begun.authorization.lines[1].granted_at and begun.step("use-authorization", 2)


@needs_files
def test_a_denial_without_a_reason_is_chased_and_its_notice_starts_the_clock_to_appeal():
    for file, number in ((DENIED, "AUTH0001"), (PRESET.format("denial"), None)):
        begun = answered(file)
        (said,) = begun.told(LineDenied)
        assert (said.reasons, said.number) == ((), number) and begun.step("chase-reason")
        assert said.notice_on and said.appeal_before.date().toordinal() - said.notice_on.toordinal() == 60


@needs_files
def test_a4_under_outcome_complete_is_pended_and_the_payers_clock_runs_on():
    begun = submitted()
    before = begun.step("await-decision")
    begun.answers(*answers(PRESET.format("pended")))
    assert begun.told(LinePended) and begun.authorization.lines[0].status == "pended" and begun.step("await-decision") == before
    begun.passes(before.due - NINE)
    assert [one.line for one in begun.told(LineUnanswered)] == [1, 2]


@needs_files
def test_a_modification_to_fewer_days_is_adverse_in_part_and_an_approval_grants_the_units_that_were_asked():
    modified = answered(PRESET.format("modification"))
    assert modified.told(LineApproved)[0].outcome == "modified" and modified.step("decide-on-appeal")
    approved = answered(PRESET.format("approval"))
    said = approved.told(LineApproved)[0]
    assert (said.outcome, said.units, said.number, said.adverse) == ("approved", 14, "AUTH123", False)


@needs_files
def test_the_same_published_answer_again_changes_nothing():
    begun = answered(PRESET.format("denial"))
    assert begun.answers(*answers(PRESET.format("denial"))) == []


def test_the_literal_pendedcode_is_held_at_the_front_door_and_refused_behind_it():
    """An example of our own: the published file with this code is not among those that are here."""
    bad, good = read_message(response(item("PENDEDCODE", 1), item("A1", 2)))
    assert (bad.outcome, good.outcome) == ("quarantine", "event")
    begun = submitted()
    assert begun.answers(PayerAnswer(line=1, action="PENDEDCODE")) == [] and begun.refused
    assert begun.refused.reasons[0].code == "TL-5331"


def test_an_answer_to_another_submission_of_the_same_lines_is_still_about_the_line():
    begun = submitted()
    begun.answers(PayerAnswer(faults=("33",)))
    begun.asks(SubmitAuthorization())
    begun.answers(PayerAnswer(line=1, action="A1"))
    assert begun.authorization.lines[0].status == "approved"


@pytest.mark.parametrize("code", ["A1", "A2", "A3", "A4", "A5", "A6", "C", "CT", "NA"])
def test_every_code_that_the_front_door_lets_through_is_known_behind_it(code):
    (entry,) = read_message(response(item(code)))
    assert entry.outcome == "event"
    begun = submitted()
    assert begun.answers(entry.event.answer)  # type: ignore[union-attr]
