"""What real partner files do (domain.md §5), on those very files. 4, 5, 8 and 10 have examples of our own in test_payer.py and
test_fhir_status.py, as no file here shows them; what authorization makes of 1 to 5 is in tests/authorization/test_published.py.

Where a file is mended or spoilt to show the rule beside the fault, the test says so.
"""

from typing import Any

import orjson

from contracts.partners import AuthorizationAnswered, ReferralRequested, VisitReported
from services.intake import codes
from services.intake.entry import Entry
from tests.intake.desk import Desk
from tests.intake.fhir_messages import PATIENT, Json, causes, told
from tests.intake.fhir_messages import read as read_message
from tests.intake.test_third_party import bytes_of, needs_files, read

pytestmark = needs_files
BARS, PAS, BSER = "nhs-bars/examples{}", "inferno-pas-test-kit/fixtures/{}.json", "bser/bundle-bser-referral-message-bundle-{}.json"
BOOKED_TWICE = (BARS.format("1.1.0__appointment__GET-success.json"), BARS.format("__appointment__GET-success.json"))
BOOKED = BARS.format("__appointment__POST-success.json")
"""Two bookings, in two versions of one file, and one of them by itself."""
REFERRAL = BARS.format("__service_request__GET-success.json")
PEOPLE = ("urn:uuid:788660eb-d2c9-4773-abd4-318484673fb2", "urn:uuid:9589fb37-87a2-48d8-968f-b371429208a8")
"""Whom these name."""


def of(file: str) -> Any:
    return orjson.loads(bytes_of(file))


def entries(file: str) -> tuple[Entry, ...]:
    return read(bytes_of(file))


def mended(document: Json) -> Json:
    """With the person that the file names and does not hold, put in by us: made up."""
    entry = document["entry"] if document["resourceType"] == "Bundle" else [{"resource": document}]
    named = [name for name in PEOPLE if name.encode() in orjson.dumps(document)]
    return {"resourceType": "Bundle", "type": "collection", "entry": [*entry, *({"fullUrl": name, "resource": PATIENT} for name in named)]}


def test_5_1_and_5_2_a_decision_is_read_item_by_item_whatever_the_outcome_says():
    pended = entries("inferno-pas-test-kit/presets/pas_client_v221_run_against_pas_server__pended_json_response__0.json")
    mixed = entries("inferno-pas-test-kit/presets/pas_client_v221_run_against_pas_server__denial_json_response__0.json")
    events = [one.event for one in (*pended, *mixed)]
    assert all(isinstance(one, AuthorizationAnswered) for one in events)
    assert [(one.answer.line, one.answer.action) for one in events] == [(1, "A4"), (1, "A3"), (2, "A1")]  # type: ignore[union-attr]


def test_5_3_a_denial_without_a_reason_is_taken_without_one():
    (entry,) = entries(PAS.format("valid_pa_response_bundle_denial"))
    assert isinstance(entry.event, AuthorizationAnswered)
    assert (entry.event.answer.action, entry.event.answer.reasons) == ("A3", ())


def test_5_6_a_resource_that_is_named_and_missing_is_an_item_to_repair():
    for file, pointer in (
        (PAS.format("missing_referenced_resource_response_bundle"), "/entry/0/resource/patient"), (REFERRAL, "/entry/0/subject"),
        (BSER.format("eve-everywoman"), "/entry/1/resource/subject"), (BOOKED, "/participant/0/actor"),
        (BARS.format("__process_message__POST-success.json"), "/entry/1/resource/participant/0/actor"),
    ):  # fmt: skip
        (entry,) = entries(file)
        assert entry.outcome == "quarantine" and (codes.DANGLING, pointer) in told(entry), file


def test_5_6_a_wrong_full_url_is_an_item_to_repair():
    """The published file's own addresses agree with what is said of them; with another one of the Patient, put in by us, they do not."""
    file = PAS.format("response_bundle_patient_wrong_fullurl")
    assert {entry.outcome for entry in entries(file)} == {"event"}
    spoilt = of(file)
    (patient,) = (each for each in spoilt["entry"] if each["resource"]["resourceType"] == "Patient")
    patient["fullUrl"] = "https://prior-auth.davinci.hl7.org/fhir/Patient/SomebodyElse"
    (entry,) = read_message(spoilt)
    assert entry.outcome == "quarantine" and (codes.WRONG_ADDRESS, "/entry/0/resource/patient") in told(entry)


def test_5_7_an_instant_that_is_none_costs_its_entry_and_no_other():
    broken, sound = entries(BOOKED_TWICE[0])
    assert (codes.BROKEN_INSTANT, "/entry/0/resource/meta/lastUpdated") in told(broken)
    assert codes.BROKEN_INSTANT not in causes(sound)
    broken, sound = read_message(mended(of(BOOKED_TWICE[0])))
    assert (broken.outcome, sound.outcome) == ("quarantine", "event")


async def test_5_9_the_same_booking_many_times_is_one_appointment():
    """The person who is missing in these files was put in by us."""
    desk = Desk()
    await desk.vault.open(create=True)
    for file in (*BOOKED_TWICE, BOOKED, *BOOKED_TWICE):
        await desk.publish(orjson.dumps(mended(of(file))), "general")
    told_of = [orjson.loads(row.data)["reference"] for row in desk.log.rows if row.attributes["type"] == "visit.received.v1"]
    assert sorted(told_of) == ["91607239-b002-470a-8709-6b25bd50fdd1", "c3f6145e-1a26-4345-b3f2-dccbcba62049"]
    assert sum(one.get("outcome") == "duplicate" for one in desk.answers("general")) == 5


def test_5_11_an_object_where_a_list_belongs_is_read_and_told_and_the_entry_can_be_repaired():
    (entry,) = entries(REFERRAL)
    assert entry.outcome == "quarantine" and (codes.INVALID_PART, "/entry/0/basedOn") in told(entry)
    assert {codes.DANGLING, codes.MISPLACED} <= causes(entry)
    repaired = read_message(mended(of(REFERRAL)))[0]
    assert isinstance(repaired.event, ReferralRequested) and (codes.INVALID_PART, "/entry/0/basedOn") in told(repaired)


def test_5_11_an_appointments_referral_is_found_in_a_list_and_in_an_object():
    document = mended(of(BOOKED))
    (listed,) = read_message(document)
    document["entry"][0]["resource"]["basedOn"] = document["entry"][0]["resource"]["basedOn"][0]
    (single,) = read_message(document)
    assert isinstance(listed.event, VisitReported) and isinstance(single.event, VisitReported)
    assert listed.event.referral == single.event.referral == "236bb75d-90ef-461f-b71e-fde7f899802c"


def test_5_12_a_business_status_that_says_done_of_a_task_that_is_asked_for_is_looked_at():
    (entry,) = entries(BSER.format("eve-everywoman"))
    assert entry.reference == "88888888" and (codes.DISAGREE, "/entry/2/resource/businessStatus") in told(entry)
