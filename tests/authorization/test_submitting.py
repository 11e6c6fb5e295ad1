"""Putting lines to the payer, since when it has them, and asking where its decision is."""

from datetime import timedelta
from importlib import import_module

from contracts.authorization import (
    AuthorizationOverdue,
    AuthorizationOverdueRetracted,
    AuthorizationSubmitted,
    DecisionInquired,
    LineAsked,
    ReceiptConfirmed,
)
from contracts.authorization_lines import LineUnanswered
from contracts.kernel import Personal
from services.authorization.commands import AddLines, ConfirmReceipt, Determine, InquireDecision, SubmitAuthorization
from tests.authorization.stories import DESK, EMPLOYER, MANAGED, NINE, answer, names, story, submitted

DAY = timedelta(days=1)


def test_what_is_put_to_the_payer_bears_all_that_the_front_door_sends_and_its_personal_values_stay_sealed():
    said = submitted().told(AuthorizationSubmitted)[0]
    assert (said.partner, said.channel, said.receipt, said.record) == (MANAGED, "fhir", "assumed", "record/1")
    assert [(line.line, line.service, line.units, line.unit) for line in said.lines] == [(1, "H0018", 14, "day"), (2, "H0015", 20, "visit")]
    told = said.model_dump_json()
    assert "F33.1" not in told and "EX-MEMBER-1" not in told and '"member":"sealed:' in told and '"diagnosis":"sealed:' in told


def test_the_payer_has_seven_days_or_seventy_two_hours_and_each_line_waits_for_it():
    for urgency, within in (("routine", 7 * DAY), ("urgent", timedelta(hours=72))):
        begun = submitted(urgency=urgency)
        for line in (1, 2):
            step = begun.step("await-decision", line)
            assert (step.due, step.waiting_on, step.owner) == (NINE + within, f"payer/{MANAGED}", DESK)
            assert step.citation.startswith("CMS-0057-F") and step.citation_status == "read"
        assert begun.told(AuthorizationSubmitted)[0].expedited == (urgency == "urgent")


def test_an_employer_plan_has_fifteen_days():
    begun = story(covered=None)
    begun.asks(Determine(payer=EMPLOYER))
    begun.asks(SubmitAuthorization(channel="portal", received_at=NINE))
    assert begun.step("await-decision").due == NINE + 15 * DAY
    assert begun.told(AuthorizationSubmitted)[0].receipt == "confirmed" and begun.told(AuthorizationSubmitted)[0].partner is None


def test_the_payer_is_asked_once_at_half_and_once_at_nine_tenths_of_its_time():
    begun = submitted()
    warns_at = begun.step("await-decision").warns_at
    begun.passes(7 * DAY - timedelta(minutes=1))
    asked = begun.told(DecisionInquired)
    assert [one.lines for one in asked] == [(1, 2), (1, 2)] and {one.partner for one in asked} == {MANAGED}
    assert tuple(one.happened_at for one in asked) == warns_at and NINE < warns_at[0] < warns_at[1] < NINE + 7 * DAY


def test_a_payer_that_decided_is_not_asked_any_more():
    begun = submitted()
    begun.answers(answer("A1", 1), answer("A3", 2, reasons=("X1",)))
    begun.passes(7 * DAY)
    assert begun.told(DecisionInquired) == [] and begun.told(LineUnanswered) == []


def test_a_person_asks_sooner_and_is_told_when_there_is_nothing_to_ask():
    begun = submitted()
    assert names(begun.asks(InquireDecision(reference=begun.reference))) == ["DecisionInquired"]
    begun.answers(answer("A1", 1), answer("A1", 2))
    assert begun.asks(InquireDecision(reference=begun.reference)) == []
    assert begun.asks(InquireDecision(reference="nobody's")) == [] and begun.refused and begun.refused.reasons[0].code == "TL-5324"


def test_silence_is_told_as_what_the_table_says_and_never_as_a_decision():
    begun = submitted()
    said = begun.passes(7 * DAY)
    assert names(said)[2:] == ["AuthorizationOverdue", "LineUnanswered", "AuthorizationOverdue", "LineUnanswered"]
    late, silent = begun.told(AuthorizationOverdue)[0], begun.told(LineUnanswered)[0]
    assert (late.owner, late.waiting_on, late.late_minutes, late.rule) == (DESK, f"payer/{MANAGED}", 0, "decide@1")
    assert "438.210" in late.citation and late.citation_status == "read"
    assert (silent.silence_means, silent.silent_since) == ("denial", NINE + 7 * DAY)
    assert silent.appeal_before == NINE + 67 * DAY == begun.step("decide-on-appeal").due
    assert begun.authorization.status == "submitted" and begun.step("chase-decision").owner == DESK
    assert begun.step("await-decision") is None


def test_where_silence_means_nothing_it_opens_no_appeal():
    begun = story(covered=None)
    begun.asks(Determine(payer=EMPLOYER))
    begun.asks(SubmitAuthorization(channel="fax"))
    begun.passes(15 * DAY)
    assert begun.told(LineUnanswered)[0].appeal_before is None and begun.step("decide-on-appeal") is None
    assert begun.step("chase-decision")


def test_a_later_receipt_moves_the_payers_clock_and_takes_the_lateness_back():
    begun = submitted()
    begun.passes(7 * DAY)
    said = begun.asks(ConfirmReceipt(reference=begun.reference, received_at=NINE + 2 * DAY))
    assert names(said) == ["ReceiptConfirmed", "AuthorizationOverdueRetracted", "AuthorizationOverdueRetracted"]
    assert {(one.action, one.due) for one in begun.told(AuthorizationOverdueRetracted)} == {("await-decision", NINE + 7 * DAY)}
    assert begun.step("await-decision").due == NINE + 9 * DAY and not begun.step("await-decision").late
    assert begun.step("chase-decision") is None and begun.step("decide-on-appeal") is None
    assert begun.asks(ConfirmReceipt(reference=begun.reference, received_at=NINE + 2 * DAY)) == []
    assert names(begun.passes(2 * DAY))[-4:] == ["AuthorizationOverdue", "LineUnanswered", "AuthorizationOverdue", "LineUnanswered"]


def test_a_payer_that_says_it_has_it_confirms_the_receipt_and_one_that_cannot_use_it_gives_it_back():
    begun = submitted()
    begun.now += DAY
    begun.answers(answer(None, None, answered_at=NINE + timedelta(hours=1)))
    assert begun.told(ReceiptConfirmed)[0].received_at == NINE + timedelta(hours=1)
    assert names(begun.answers(answer(None, None, faults=("33",)))) == ["SubmissionRejected"]
    assert begun.next.action == "correct-submission" and begun.authorization.status == "assembling"
    first = begun.reference
    begun.asks(SubmitAuthorization())
    assert begun.reference != first and begun.step("await-decision").starts_at == begun.now


def test_what_cannot_be_put_is_refused():
    begun = story()
    for command, code in (
        (SubmitAuthorization(lines=(9,)), "TL-5304"),
        (SubmitAuthorization(at=NINE + DAY), "TL-5325"),
        (ConfirmReceipt(reference="nobody's", received_at=NINE), "TL-5324"),
    ):
        assert begun.asks(command) == [] and begun.refused and begun.refused.reasons[0].code == code
    begun.asks(SubmitAuthorization(lines=(1,)))
    assert begun.asks(SubmitAuthorization(lines=(1,))) == [] and begun.refused and begun.refused.reasons[0].code == "TL-5321"
    assert begun.asks(ConfirmReceipt(reference=begun.reference, received_at=NINE + DAY)) == []
    unknown = story(record=None)
    unknown.asks(Determine(payer=MANAGED))
    assert unknown.asks(SubmitAuthorization()) == [] and unknown.refused and unknown.refused.reasons[0].code == "TL-5322"
    by_hand = story(covered=None)
    by_hand.asks(Determine(payer=EMPLOYER, member=Personal("EX-3")))
    assert by_hand.asks(SubmitAuthorization(channel="fhir")) == [] and by_hand.refused and by_hand.refused.reasons[0].code == "TL-5323"


def test_the_bundle_is_valid_fhir_in_the_shape_of_pas_and_says_nothing_about_the_person():
    begun = submitted(urgency="urgent")
    said = begun.told(AuthorizationSubmitted)[0]
    kinds = [entry["resource"]["resourceType"] for entry in said.bundle["entry"]]
    assert kinds == ["Claim", "Organization", "Organization", "Coverage", "Patient"] and said.bundle["type"] == "collection"
    for entry in said.bundle["entry"]:
        kind = entry["resource"]["resourceType"]
        getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind).model_validate(entry["resource"])
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"
    claim, patient = said.bundle["entry"][0]["resource"], said.bundle["entry"][-1]["resource"]
    assert patient.keys() == {"resourceType", "meta", "id"}
    assert claim["identifier"][0]["value"] == said.reference and claim["priority"]["coding"][0]["code"] == "stat"
    assert [(item["sequence"], item["quantity"]["value"]) for item in claim["item"]] == [(1, 14), (2, 20)]
    known = {entry["fullUrl"] for entry in said.bundle["entry"]}
    assert {claim["patient"]["reference"], claim["insurer"]["reference"], claim["insurance"][0]["coverage"]["reference"]} <= known


def test_a_renewal_says_that_it_is_one():
    begun = submitted()
    begun.answers(answer("A1", 1), answer("NA", 2))
    begun.asks(AddLines(lines=(LineAsked(line=3, service="H0018", units=14, unit="day", renews=1),)))
    begun.asks(SubmitAuthorization())
    (item,) = begun.told(AuthorizationSubmitted)[-1].bundle["entry"][0]["resource"]["item"]
    certified = [
        each["valueCodeableConcept"]["coding"][0]["code"] for each in item["extension"] if each["url"].endswith("certificationType")
    ]
    assert (item["sequence"], certified) == (3, ["R"])
