"""Whom a FHIR referral is for, who sends it, under which consent and label."""

from datetime import date
from typing import Any

import pytest

from contracts.kernel import Personal
from contracts.partners import DeathTold
from services.intake import codes, fhir_codes
from tests.intake.fhir_messages import ORGANISATION, PATIENT, REQUEST, ROLE, TASK, Json, asked, bundle, but, causes, one, read, told


def test_the_person_is_read_as_it_stands_now():
    details = asked(bundle(REQUEST, PATIENT)).person
    plain = {name: value.plain for name in type(details).model_fields if isinstance(value := getattr(details, name), Personal)}
    assert plain == {
        "family_name": "Sample", "given_name": "Pat", "birth_date": date(1990, 1, 2), "phone": "555-0102", "postal_code": "00501",
        "language": "es",
    }  # fmt: skip
    assert [(each.system, each.value.plain) for each in details.identifiers] == [("urn:example:mrn", "MRN-1")]


def test_the_parent_or_guardian_is_who_one_speaks_with():
    mother = {"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"use": "official", "family": "Sample", "given": ["Mari"]}}
    friend = {"relationship": [{"coding": [{"code": "FRND"}]}], "name": {"use": "official", "given": ["Sam"]}}
    contact = [friend, {**mother, "telecom": [{"system": "phone", "value": "555-0103"}]}]
    guardian = asked(bundle(REQUEST, but(PATIENT, contact=contact))).person.guardian
    assert guardian and (guardian.given_name.plain, guardian.phone.plain, guardian.language) == ("Mari", "555-0103", None)
    assert asked(bundle(REQUEST, but(PATIENT, contact=[friend]))).person.guardian is None


@pytest.mark.parametrize("said, read_as", [(True, True), (False, False), ("true", None), (None, None)])
def test_whether_an_interpreter_is_needed_is_read_and_never_guessed(said: Any, read_as: bool | None):
    extension = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": said}]
    found = asked(bundle(REQUEST, but(PATIENT, extension=extension))).person.interpreter
    assert (found and found.plain) == read_as or (found is None and read_as is None)


@pytest.mark.parametrize("born, cause", [("1974", codes.PARTIAL_BIRTH_DATE), ("1974-12", codes.PARTIAL_BIRTH_DATE),
                                         ("1974-02-30", codes.BROKEN_BIRTH_DATE), (1974, codes.BROKEN_BIRTH_DATE)])  # fmt: skip
def test_a_partial_birth_date_is_left_out_and_told_never_guessed(born: Any, cause: str):
    entry = one(bundle(REQUEST, but(PATIENT, birthDate=born)))
    assert entry.event.person.birth_date is None  # type: ignore[union-attr]
    assert (cause, "/entry/1/resource/birthDate") in told(entry)


@pytest.mark.parametrize("identifier", [{"value": "1"}, {"system": "urn:x"}, {"system": "_baseUrl_/mrn", "value": "1"},
                                        {"system": "urn:x", "value": "1", "use": "old"},
                                        {"system": "urn:x", "value": "1" * 201}])  # fmt: skip
def test_an_identifier_that_names_nobody_is_left_out_and_told(identifier: Json):
    entry = one(bundle(REQUEST, but(PATIENT, identifier=[identifier])))
    assert entry.event.person.identifiers == ()  # type: ignore[union-attr]
    assert (codes.UNUSABLE_IDENTIFIER, "/entry/1/resource/identifier/0") in told(entry)


def test_a_person_named_only_by_an_identifier_is_enough():
    person = asked(but(REQUEST, subject={"identifier": {"system": "urn:example:mrn", "value": "MRN-1"}})).person
    assert [each.value.plain for each in person.identifiers] == ["MRN-1"]


@pytest.mark.parametrize("said, system", [("Patient/77", "urn:throughline:sender:Patient"),
                                          ("https://ehr.example.org/fhir/Patient/77", "https://ehr.example.org/fhir/Patient")])  # fmt: skip
def test_a_bare_request_may_name_a_record_of_the_senders_own_system(said: str, system: str):
    entry = one(but(REQUEST, subject={"reference": said}))
    assert causes(entry) == {codes.PERSON_BY_LINK}
    assert [(each.system, each.value.plain) for each in entry.event.person.identifiers] == [(system, "77")]  # type: ignore[union-attr]


@pytest.mark.parametrize("subject, cause", [
    (None, codes.NO_PERSON), ({"display": "Pat Sample"}, codes.NO_PERSON), ({"reference": "Group/g"}, codes.NOT_A_PERSON),
    ("x", codes.NO_PERSON), ({"identifier": {"value": "1"}}, codes.NO_PERSON),
])  # fmt: skip
def test_a_request_for_nobody_or_for_many_is_returned(subject: Any, cause: str):
    entry = one(but(REQUEST, subject=subject))
    assert entry.outcome == "return" and cause in causes(entry)


def test_a_patient_who_could_not_be_found_is_returned():
    assert causes(one(bundle(REQUEST, {"resourceType": "Patient", "id": "p1", "gender": "other"}))) == {codes.BLANK_PERSON}


@pytest.mark.parametrize("death", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-02"}])
def test_a_reported_death_goes_with_the_person_whatever_else_is_said(death: Json):
    entry = one(bundle(REQUEST, but(PATIENT, **death)))
    assert entry.outcome == "event" and codes.DEATH_NOTED in causes(entry)
    assert entry.event and entry.event.person.deceased is True
    alive = one(bundle(REQUEST, but(PATIENT, deceasedBoolean=False)))
    assert alive.event and alive.event.person.deceased is None


def test_what_may_be_a_death_is_looked_at_before_anybody_makes_contact():
    entry = one(bundle(REQUEST, but(PATIENT, deceasedBoolean="yes")))
    assert entry.outcome == "quarantine" and codes.DECEASED in causes(entry)


def test_a_death_is_heard_in_any_message_once():
    dead = but(PATIENT, deceasedBoolean=True)
    alone = one(dead)
    assert isinstance(alone.event, DeathTold) and alone.event.person.identifiers and alone.reference is None
    beside = read(bundle({"resourceType": "Appointment", "id": "a", "participant": [{"actor": {"reference": "Patient/p1"}}]}, dead))
    assert {entry.outcome for entry in beside} == {"event", "return"}
    assert [type(entry.event) for entry in beside if entry.event] == [DeathTold]
    draft = read(bundle(but(REQUEST, status="draft"), dead))
    assert {entry.outcome: type(entry.event) for entry in draft} == {"return": type(None), "event": DeathTold}
    assert not any(isinstance(entry.event, DeathTold) for entry in read(bundle(REQUEST, PATIENT)))


def test_a_patient_that_was_replaced_is_looked_at():
    links = [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]
    assert codes.REPLACED in causes(one(bundle(REQUEST, but(PATIENT, link=links))))
    assert one(bundle(REQUEST, but(PATIENT, link=[{**links[0], "type": "seealso"}]))).outcome == "event"


def test_request_and_task_for_different_people_are_looked_at():
    other = but(PATIENT, id="p2", name=[{"family": "Other"}])
    entry = one(bundle(REQUEST, but(TASK, for_={"reference": "Patient/p2"}), PATIENT, other))
    assert entry.outcome == "quarantine" and codes.TWO_PEOPLE in causes(entry)


def test_a_person_is_never_the_sender():
    doctor = {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Doctor"}]}
    message = bundle(but(REQUEST, requester={"reference": "Practitioner/d1", "display": "Dr Doctor"}), PATIENT, doctor)
    assert asked(message).sender is None
    assert asked(bundle(but(REQUEST, requester={"reference": "Practitioner/elsewhere", "display": "Dr Doctor"}), PATIENT)).sender is None
    assert (
        asked(bundle(but(REQUEST, requester={"reference": "Organization/elsewhere", "display": "A Clinic"}), PATIENT)).sender == "A Clinic"
    )
    role = but(ROLE, practitioner={"reference": "Practitioner/d1"})
    assert (
        asked(bundle(but(REQUEST, requester={"reference": "Practitioner/d1"}), PATIENT, doctor, role, ORGANISATION)).sender
        == "Example Clinic"
    )


@pytest.mark.parametrize("where", ["request", "task", "patient", "bundle", "reason"])
@pytest.mark.parametrize("label", ["42CFRPart2", "ETH"])
def test_a_label_anywhere_in_the_referral_labels_it(where: str, label: str):
    meta = {"security": [{"system": fhir_codes.ACT, "code": label}]}
    condition = {"resourceType": "Condition", "id": "c1", "code": {"text": "x"}, "subject": {"reference": "Patient/p1"}}
    resources = {
        "request": but(REQUEST, reasonReference=[{"reference": "Condition/c1"}]),
        "task": TASK,
        "patient": PATIENT,
        "reason": condition,
    }
    message = bundle(*(but(each, meta=meta) if name == where else each for name, each in resources.items()))
    assert asked({**message, "meta": meta} if where == "bundle" else message).sensitivity == "part2"
    assert asked(bundle(*resources.values())).sensitivity == ""


def test_a_restricted_record_is_kept_like_part_2_and_told():
    entry = one(bundle(but(REQUEST, meta={"security": [{"code": "R"}]}), PATIENT))
    assert entry.event.sensitivity == "part2" and codes.STRICTEST_LABEL in causes(entry)  # type: ignore[union-attr]


@pytest.mark.parametrize("meta", ["x", {"security": "R"}, {"security": [{"display": "restricted"}]}, {"security": [7]}])
def test_a_label_that_cannot_be_read_is_looked_at(meta: Any):
    assert codes.LABEL_UNREADABLE in causes(one(bundle(but(REQUEST, meta=meta), PATIENT)))


CONSENT: Json = {"resourceType": "Consent", "id": "c1", "status": "active", "patient": {"reference": "Patient/p1"},
                 "identifier": [{"value": "CONSENT-1"}], "policyRule": {"coding": [{"code": "42CFRPart2"}]}}  # fmt: skip


def test_the_persons_active_consent_travels_along():
    event = asked(bundle(REQUEST, PATIENT, CONSENT))
    assert (event.consent, event.sensitivity) == ("CONSENT-1", "part2")


def test_a_consent_that_does_not_stand_is_not_taken_and_two_need_a_name():
    entry = one(bundle(REQUEST, PATIENT, but(CONSENT, status="inactive")))
    assert entry.event.consent is None and codes.CONSENT_INACTIVE in causes(entry)  # type: ignore[union-attr]
    two = [CONSENT, but(CONSENT, id="c2", identifier=[{"value": "CONSENT-2"}])]
    assert codes.CONSENT_UNCLEAR in causes(one(bundle(REQUEST, PATIENT, *two)))
    assert asked(bundle(but(REQUEST, supportingInfo=[{"reference": "Consent/c2"}]), PATIENT, *two)).consent == "CONSENT-2"
