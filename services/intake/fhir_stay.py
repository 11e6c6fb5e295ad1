"""An Encounter that is a stay: somebody was admitted, left, or never came. Da Vinci's alerts (ADT) are such Encounters in a message.

Its status and class say what it is, its period when; the event of the message's header never does.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from contracts.kernel import Reason
from contracts.partners import Problem, StayKind, StayReported, StayStep
from services.intake import codes, fhir_codes, fhir_conformance, fhir_element, fhir_parties, fhir_request
from services.intake.entry import Entry, read_as
from services.intake.fhir_bundle import Package, Resource, find
from services.intake.fhir_element import Body, part, parts, text
from services.intake.fhir_request import Case

STEPS: dict[str, StayStep] = {
    "arrived": "admitted", "triaged": "admitted", "in-progress": "admitted", "onleave": "admitted", "finished": "discharged",
    "cancelled": "admission-cancelled", "entered-in-error": "admission-cancelled",
}  # fmt: skip
AGAINST_ADVICE = frozenset(("aadvice", "7", "07"))
DIED = frozenset(("exp", "20", "40", "41", "42"))
"""Dispositions of HL7's list and of UB-04 (patient discharge status)."""
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"


def entry(encounter: Resource, package: Package) -> Entry:
    """What becomes of one Encounter. Whatever its outcome, every problem found is told at once."""
    case, at = Case(encounter, (), package), encounter.pointer
    number = fhir_request.own_number(encounter.body)
    step, told = _step(encounter)
    kind, about_kind = _kind(encounter)
    if any(each.code == codes.NO_STAY for each in about_kind):
        return Entry(at, "return", None, number, codes.told(about_kind))
    person, patient, about_person = fhir_parties.subject(case)
    if person and DIED & set(_disposition(encounter.body)):
        person, about_person = {**person, "deceased": True}, [*about_person, codes.reason(codes.DEATH_NOTED, f"{at}/hospitalization")]
    agreed, about_consent = fhir_parties.consents(case, patient)
    label, about_label = fhir_parties.sensitivity(case, patient, agreed.came)
    instants, about_instants = _instants(encounter, step)
    told += [*about_kind, *about_person, *about_consent, *about_label, *about_instants, *_elsewise(encounter, number)]
    told += [issue for each in (encounter, patient) if each for issue in fhir_conformance.issues(each)]
    said = {
        "reference": number, "step": step, "kind": kind, "person": person, **instants, **_left(encounter.body),
        "problem": _problem(encounter, package), "sensitivity": label, "consent": agreed.consent,
        "said_at": fhir_element.moment(part(encounter.body, "meta").get("lastUpdated")).at,
    }  # fmt: skip
    return read_as(StayReported, said, at, told)


def _step(encounter: Resource) -> tuple[StayStep | None, list[Reason]]:
    status, at = encounter.body.get("status"), f"{encounter.pointer}/status"
    if status == "planned":
        return None, [codes.reason(codes.NOT_YET, at)]
    if status is None:
        return None, [codes.reason(codes.NO_STATUS, encounter.pointer)]
    step = STEPS.get(status) if isinstance(status, str) else None
    return step, [] if step else [codes.reason(codes.UNKNOWN_CODE, at)]


def _kind(encounter: Resource) -> tuple[StayKind | None, list[Reason]]:
    code, at = text(part(encounter.body, "class").get("code")) or "", f"{encounter.pointer}/class"
    if code in fhir_codes.STAYS:
        return fhir_codes.STAYS[code], []
    return None, [codes.reason(codes.NO_STAY if code in fhir_codes.NEITHER else codes.UNKNOWN_CODE, at)]


def _instants(encounter: Resource, step: StayStep | None) -> tuple[dict[str, datetime | None], list[Reason]]:
    """When it began, and (of a stay that is over) when it ended; a day alone is taken as its noon."""
    period, at = part(encounter.body, "period"), f"{encounter.pointer}/period"
    wanted = {"admitted_at": "start"} if step == "admitted" else {"admitted_at": "start", "at": "end"} if step == "discharged" else {}
    read = {name: fhir_element.moment(period[place]) for name, place in wanted.items() if period.get(place) is not None}
    told = [codes.reason(codes.BROKEN_INSTANT, f"{at}/{wanted[name]}") for name, one in read.items() if one.precision == "broken"]
    told += [codes.reason(codes.DAY_ONLY, f"{at}/{wanted[name]}") for name, one in read.items() if one.precision == "day"]
    found = {name: one.at for name, one in read.items()}
    happened = found.get("admitted_at") if step == "admitted" else found.get("at")
    if wanted and happened is None and not any(each.code == codes.BROKEN_INSTANT for each in told):
        told.append(codes.reason(codes.NO_STAY_INSTANT, at))
    return {**found, "at": happened}, told


def _elsewise(encounter: Resource, number: str | None) -> Iterator[Reason]:
    """What else stands in the way: no lasting number, a modifier."""
    yield from fhir_conformance.modified(encounter)
    if number is None:
        yield codes.reason(codes.NO_STAY_NUMBER, f"{encounter.pointer}/identifier")


def _disposition(body: Body) -> list[str]:
    return fhir_element.codes(part(part(body, "hospitalization"), "dischargeDisposition"))


def _left(body: Body) -> dict[str, Any]:
    """Where to, as its first code says, and whether against advice."""
    codings = fhir_element.codings(part(part(body, "hospitalization"), "dischargeDisposition"))
    to = next(filter(None, map(fhir_element.token, codings)), None)
    return {"to": to, "against_advice": bool(AGAINST_ADVICE & set(_disposition(body)))}


def _problem(encounter: Resource, package: Package) -> Problem:
    """What for, by the first diagnosis or reason whose ICD-10-CM code says one of mind or substance."""
    concepts = [each for _, each in parts(encounter.body, "reasonCode")]
    named = (*parts(encounter.body, "diagnosis"), *((at, {"condition": each}) for at, each in parts(encounter.body, "reasonReference")))
    for _, each in named:
        said = fhir_element.reference(part(each, "condition"))
        if said and (target := find(said, encounter, package).resource):
            concepts.append(part(target.body, "code"))
    given = (coding for concept in concepts for coding in fhir_element.codings(concept) if coding.get("system") == ICD_10_CM)
    return next(filter(None, (_of_icd(str(coding["code"]).strip().upper()) for coding in given)), "other")


def _of_icd(code: str) -> Problem | None:
    if code.startswith("F1"):
        return "substance-use"
    return "mental-health" if code.startswith(("F", "R45.85", "T14.91")) else None
