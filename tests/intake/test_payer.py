"""A payer's ClaimResponse at the front door: item by item, by the review action code; and only the payer that was asked may answer."""

import csv
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from contracts.answers import AuthorizationRequested
from contracts.authorization import AuthorizationSubmitted, DecisionInquired, LineAsked
from contracts.intake import PayerResponseReceived
from contracts.kernel import Personal
from contracts.partners import AuthorizationAnswered
from contracts.payers import PayerAnswer
from infra.outward import closed
from infra.sealing import seal_here
from infra.store import FactRow
from services.authorization import pas
from services.authorization.authorization import Authorization
from services.intake import codes
from services.intake.app import SERVICE
from tests.intake.desk import Desk, request
from tests.intake.fhir_messages import PATIENT, Json, bundle, but, causes, one, read
from tests.intake.test_third_party import MANIFEST, bytes_of, needs_files
from tests.intake.test_third_party import read as read_bytes

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
AT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def item(code: str | None, line: int = 1, display: str | None = None, reason: str | None = None, **told: str) -> Json:
    """One item of ours, as Da Vinci PAS 2.0 has it."""
    coding = {"system": "https://codesystem.x12.org/005010/306", "code": code, **({"display": display} if display else {})}
    action: list[Json] = [{"url": f"{PAS}reviewActionCode", "valueCodeableConcept": {"coding": [coding] if code else []}}]
    action += [{"url": "reasonCode", "valueCodeableConcept": {"coding": [{"code": reason}]}}] if reason else []
    more = [{"url": PAS + name, ("valueDate" if name.endswith("Date") else "valueString"): value} for name, value in told.items()]
    adjudication = {"category": {"coding": [{"code": "submitted"}]}, "extension": [{"url": f"{PAS}reviewAction", "extension": action}]}
    return {"itemSequence": line, "extension": more, "adjudication": [adjudication]}


RESPONSE: Json = {
    "resourceType": "ClaimResponse", "id": "c1", "status": "active", "use": "preauthorization", "created": "2026-03-04T10:00:00-05:00",
    "identifier": [{"system": "urn:example:PATIENT_EVENT_TRACE_NUMBER", "value": "OURS-1"}], "patient": {"reference": "Patient/p1"},
    "outcome": "complete", "item": [item("A1", display="Certified in total")],
}  # fmt: skip


def response(*items: Json, **changes: Any) -> Json:
    return bundle(but(RESPONSE, **{**({"item": list(items)} if items else {}), **changes}), PATIENT, kind="collection")


def answers(message: Json) -> list[PayerAnswer]:
    found = [entry.event for entry in read(message)]
    assert all(isinstance(event, AuthorizationAnswered) for event in found)
    return [event.answer for event in found]  # type: ignore[union-attr]


def test_every_item_is_an_entry_of_its_own_with_our_number():
    found = read(response(item("A3", 1, "Not Certified", "84"), item("A1", 2)))
    assert [(entry.pointer, entry.outcome, entry.reference) for entry in found] == [
        ("/entry/0/resource/item/0", "event", "OURS-1"), ("/entry/0/resource/item/1", "event", "OURS-1"),
    ]  # fmt: skip
    first, second = answers(response(item("A3", 1, "Not Certified", "84"), item("A1", 2)))
    assert (first.line, first.action, first.reasons, first.answered_at) == (1, "A3", ("84",), AT)
    assert (second.line, second.action, second.reasons) == (2, "A1", ())


def test_the_outcome_and_the_disposition_decide_nothing_and_a_note_goes_with_it_as_a_personal_value():
    (said,) = read(response(item("A4"), outcome="complete", disposition="approved"))
    assert isinstance(said.event, AuthorizationAnswered) and said.event.answer.action == "A4"
    assert said.event.note is not None and said.event.note.plain == "approved"


@pytest.mark.parametrize("code", ["PENDEDCODE", "A9", "a1"])
def test_an_unknown_code_is_quarantined_and_costs_the_other_items_nothing(code):
    bad, good = read(response(item(code, 1), item("A1", 2)))
    assert (bad.outcome, causes(bad), good.outcome) == ("quarantine", {codes.UNKNOWN_CODE}, "event")


def test_words_that_say_something_else_than_the_code_are_told_and_the_code_stands():
    entry = one(response(item("A6", display="Not Certified")))
    assert causes(entry) == {codes.DISPLAY_DIFFERS} and entry.event is not None
    assert entry.event.answer.action == "A6" and entry.event.answer.display_differs  # type: ignore[attr-defined]
    for fine in ("CERTIFIED IN TOTAL", None):
        assert not answers(response(item("A1", display=fine)))[0].display_differs


def test_number_date_and_units_are_read_and_a_code_with_blanks_is_not_taken():
    said = answers(response(item("A1", itemPreAuthIssueDate="2026-03-03", authorizationNumber="AUTH1")))[0]
    assert (said.notice_on, said.number) == (date(2026, 3, 3), "AUTH1")
    assert answers(response(item("A1", authorizationNumber="AUTH 1")))[0].number is None


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({"use": "claim"}, "return", codes.BILL), ({"status": "cancelled"}, "quarantine", codes.NOT_ACTIVE),
        ({"created": "2026-03-04T12:011:30+00:00"}, "quarantine", codes.BROKEN_INSTANT), ({"identifier": None}, "return", codes.NO_TRACE),
        ({"patient": {"reference": "Patient/other"}}, "quarantine", codes.DANGLING), ({"item": None}, "quarantine", codes.NO_ITEM),
        ({"item": [item(None)]}, "quarantine", codes.NO_ACTION), ({"modifierExtension": [{"url": "x"}]}, "quarantine", codes.MODIFIED),
        ({"item": [but(item("A1"), itemSequence="1")]}, "quarantine", codes.NO_LINE),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_returned_or_looked_at(changes, outcome, code):
    entry = one(response(**changes))
    assert entry.outcome == outcome and code in causes(entry)


def test_a_response_without_items_confirms_the_receipt_or_tells_faults():
    assert answers(response(item=None, outcome="queued")) == [PayerAnswer(answered_at=AT)]
    faulty = response(item=None, outcome="error", error=[{"code": {"coding": [{"code": "33"}]}}])
    assert answers(faulty) == [PayerAnswer(answered_at=AT, faults=("33",))]


def test_documents_asked_for_in_a_task_go_to_their_line_with_their_day():
    wanted = {
        "extension": [{"url": f"{PAS}serviceLineNumber", "valuePositiveInt": 1}], "type": {"coding": [{"code": "attachments-needed"}]},
        "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "28570-0"}]},
    }  # fmt: skip
    task = {"resourceType": "Task", "id": "t9", "status": "requested", "intent": "order",
            "code": {"coding": [{"code": "attachment-request-code"}]}, "restriction": {"period": {"end": "2026-03-09"}},
            "input": [wanted]}  # fmt: skip
    first, second = answers(bundle(but(RESPONSE, item=[item("A4", 1), item("A4", 2)]), PATIENT, task, kind="collection"))
    assert (first.asks, second.asks) == (("28570-0",), ()) and first.asked_by is not None and first.asked_by.day == 9


def test_a_misshapen_response_never_raises():
    for broken in ({"item": [1, {}]}, {"item": {"adjudication": "x"}}, {"error": "x", "item": None}, {"identifier": "x"}, {"created": 5}):
        assert all(entry.outcome != "event" or entry.event for entry in read(response(**deepcopy(broken))))
        assert not any(codes.DEFECT in causes(entry) for entry in read(response(**broken)))


@needs_files
def test_every_published_answer_of_a_payer_is_taken_or_looked_at():
    files = [row["file"] for row in csv.DictReader(MANIFEST.open()) if "ClaimResponse" in row["resource_types"].split()]
    outcomes = {file.rpartition("/")[2]: {entry.outcome for entry in read_bytes(bytes_of(file))} for file in files}
    looked_at = {file for file, found in outcomes.items() if found == {"quarantine"}}
    assert len(files) == 11 and looked_at == {"missing_referenced_resource_response_bundle.json"}
    assert all(found == {"event"} for file, found in outcomes.items() if file not in looked_at)


AUTHORIZATION = Authorization(
    request="request/1", placement="placement/1", program="program/harbor", owner="desk/harbor", service="residential-treatment",
    opened_at=AT, payer="example-health",
)  # fmt: skip
LINES = (LineAsked(line=1, service="H0018", units=14, unit="day"),)


async def opened(partner: str | None = "riverbend", label: str = "", consent: str = "") -> Desk:
    """Of a person that the front door knows, lines were put to a payer."""
    desk = Desk()
    await desk.vault.open(create=True)
    protected = {"sensitivity": label, "consent": consent} if label else {}
    await desk.send("requested", request(**{name: value for name, value in protected.items() if value}), "lakeside")
    record, _ = desk.one("record")
    said = AuthorizationSubmitted(
        record=record, reference="OURS-1", payer="example-health", partner=partner, channel="fhir" if partner else "portal",
        lines=LINES, submitted_at=AT, received_at=AT, bundle=pas.bundle(AUTHORIZATION, "OURS-1", LINES, False, AT),
        member=Personal("EX-MEMBER-1"), diagnosis=Personal("F33.1"),
    )  # fmt: skip
    seal_here(said, record, (await desk.vault.keys([record]))[record])
    subject = desk.one("request")[0].replace("request/", "authorization/") if label else "authorization/1"
    await desk.hear(subject, 1, said, sensitivity=label, consentid=consent)
    return desk


async def fhir(desk: Desk, message: Json, partner: str = "riverbend") -> list[str]:
    return await desk.publish(orjson.dumps(message), partner)


async def test_an_answer_finds_the_authorization_it_is_about_and_its_words_stay_sealed():
    desk = await opened()
    record, _ = desk.one("record")
    assert await fhir(desk, response(item("A3"), disposition="the member is Pat Sample")) == ["event"]
    (said,) = [row for row in desk.log.rows if row.attributes["type"] == PayerResponseReceived.type]
    told = orjson.loads(said.data)
    assert (told["authorization"], told["record"], told["answer"]["action"]) == ("authorization/1", record, "A3")
    assert datetime.fromisoformat(told["received_at"]) == desk.clock.now() != datetime.fromisoformat(said.attributes["time"])
    assert b"Sample" not in said.data and told["note"].startswith("sealed:")
    assert desk.answers()[-1]["outcome"] == "event"


async def test_only_the_payer_that_was_asked_may_answer_and_an_unknown_number_is_returned():
    desk = await opened()
    assert await fhir(desk, response(item("A1")), "lakeside") == ["refused"]
    assert await fhir(desk, response(item("A1"), identifier=[{"value": "NOT-OURS"}])) == ["refused"]
    assert desk.said("payer-response") == []
    assert {issue["code"] for answer in (desk.answers("lakeside")[-1], desk.answers()[-1]) for issue in answer["issues"]} == {"TL-5111"}


async def test_a_submission_that_went_by_hand_is_answered_by_nobody_on_a_topic():
    desk = await opened(partner=None)
    assert desk.answers("riverbend") == []
    assert await fhir(desk, response(item("A1"))) == ["refused"]


async def test_the_payer_reads_a_whole_pas_bundle_on_its_own_topic_and_nothing_of_it_is_stored_open():
    desk = await opened()
    (told,) = desk.answers()
    by_kind = {entry["resource"]["resourceType"]: entry["resource"] for entry in told["bundle"]["entry"]}
    claim, patient = by_kind["Claim"], by_kind["Patient"]
    assert patient["name"] == [{"family": "Testperson", "given": ["Ada"]}] and patient["birthDate"] == "1990-01-31"
    assert [one["value"] for one in patient["identifier"]] == ["EX-MEMBER-1"], "no number of the partner's"
    assert by_kind["Coverage"]["subscriberId"] == "EX-MEMBER-1"
    assert claim["identifier"][0]["value"] == told["reference"] == "OURS-1"
    assert claim["diagnosis"][0]["diagnosisCodeableConcept"]["coding"][0]["code"] == "F33.1"
    stored = b"".join(row.data for row in desk.tables.facts.values())
    assert not [word for word in (b"Testperson", b"EX-MEMBER-1", b"F33.1", b"1990-01-31") if word in stored]
    (sent,) = [row for row in desk.log.rows if row.topic == "partner-out-riverbend"]
    assert sent.key == "OURS-1" and {"authid", "correlationid", "causesubject"}.isdisjoint(sent.attributes)


async def test_what_part_2_protects_goes_to_a_payer_with_its_notice_and_never_without_consent():
    desk = await opened(label="part2", consent="consent/7")
    assert desk.answers()[-1]["notice"].startswith("42 CFR part 2 prohibits")
    assert next(row for row in desk.log.rows if row.topic == "partner-out-riverbend").attributes["consentid"] == "consent/7"
    without = await opened(label="part2")
    assert without.answers() == [] and without.said("exchange") == []
    assert "aggregate.parked.v1" in without.said() or "input.quarantined.v1" in without.said(), "somebody has to look"


async def test_a_record_that_was_erased_is_sent_to_nobody():
    desk = await opened()
    desk.log.rows.clear()
    record, _ = desk.one("record")
    await desk.vault.erase(record)
    left = list(desk.tables.facts.values())
    assert await desk.settler.deliver(left) == ()
    assert len(desk.log.rows) == len(left) - 1 and desk.answers() == []


async def test_the_payer_is_asked_where_its_decision_is():
    desk = await opened()
    await desk.hear("authorization/1", 2, DecisionInquired(reference="OURS-1", partner="riverbend", lines=(1,), due=AT))
    assert (desk.answers()[-1]["reference"], desk.answers()[-1]["lines"]) == ("OURS-1", [1])


def test_what_is_read_back_from_a_payers_topic_is_kept_closed():
    row = FactRow("x", "exchange/1", "partner-out-riverbend", 1, "OURS-1", 0, {"type": AuthorizationRequested.type}, b"{open}", AT)
    assert closed(SERVICE.outward, row).data == b"{}"
    assert closed(SERVICE.outward, replace(row, attributes={"type": "referral.received.v1"})).data == b"{open}"
