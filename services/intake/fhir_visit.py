"""A visit of FHIR: an Appointment, or an Encounter whose class is one. Its status says what became of it, its start when.

An Encounter that names its Appointment is that appointment, under its number.
"""

from collections.abc import Iterator
from typing import Any

from contracts.kernel import Reason
from contracts.partners import Channel, VisitKind, VisitReported, VisitStep
from services.intake import codes, fhir_codes, fhir_conformance, fhir_element, fhir_parties, fhir_request
from services.intake.entry import Entry, read_as
from services.intake.fhir_bundle import Package, Resource, find
from services.intake.fhir_element import Body, part, parts, text
from services.intake.fhir_request import Case

STU3 = "/STU3/"
SPOKEN = frozenset(("185317003", "386472008"))
"""SNOMED CT: a telephone encounter, a telephone consultation."""
TYPES = ("type", "serviceType", "appointmentType")


def is_visit(each: Resource) -> bool:
    return each.kind == "Appointment" or (each.kind == "Encounter" and _class(each) in fhir_codes.VISITS)


def entry(visit: Resource, package: Package) -> Entry:
    """What becomes of one of them. Whatever its outcome, every problem found is told at once."""
    case, at = Case(visit, (), package), visit.pointer
    if _is_stu3(visit):
        return read_as(VisitReported, {}, at, [codes.reason(codes.STU3, at)])
    number, told = _number(visit, package)
    step, about_step = _step(visit)
    starts_at, about_start = _starts_at(visit, step)
    person, patient, about_person = _person(case)
    agreed, about_consent = fhir_parties.consents(case, patient)
    label, about_label = fhir_parties.sensitivity(case, patient, agreed.came)
    told += [*about_step, *about_start, *about_person, *about_consent, *about_label]
    told += [*_broken(visit), *fhir_conformance.modified(visit)]
    told += fhir_conformance.issues(patient) if patient else []
    said = {
        "reference": number, "step": step, "starts_at": starts_at, "person": person, "referral": _referral(visit, package),
        "kind": _kind(visit), "channel": _channel(visit), **_called_off(visit, step), "sensitivity": label, "consent": agreed.consent,
    }  # fmt: skip
    return read_as(VisitReported, said, at, told)


def person_of(visit: Resource, package: Package) -> tuple[Body, str]:
    """The Reference to whose visit it is, with its pointer; an empty one where nobody is named, or several people are."""
    named = _people(visit, package)
    return named[0] if len(named) == 1 else ({}, visit.pointer)


def _people(visit: Resource, package: Package) -> list[tuple[Body, str]]:
    """Among an Appointment's participants the Patients; else the only one of which nothing says that it is something else."""
    if visit.kind == "Encounter":
        return [(part(visit.body, "subject"), f"{visit.pointer}/subject")]
    actors = [(part(each, "actor"), f"{visit.pointer}{at}/actor") for at, each in parts(visit.body, "participant")]
    kinds = [_kind_of(actor, visit, package) for actor, _ in actors]
    found = {fhir_element.reference(who) or at: (who, at) for (who, at), kind in zip(actors, kinds, strict=True) if kind == "Patient"}
    return [*found.values()] or [actor for actor, kind in zip(actors, kinds, strict=True) if kind is None][:1]


def _kind_of(actor: Body, seen_from: Resource, package: Package) -> str | None:
    """What sort of participant a Reference means, where it or the message says so."""
    said = fhir_element.reference(actor)
    if said and (target := find(said, seen_from, package).resource):
        return target.kind
    if kind := text(actor.get("type")):
        return kind
    if said is None:
        return "nobody"
    return None if said.startswith("urn:") or "/" not in said else said.split("/")[-2]


def _person(case: Case) -> tuple[Any, Resource | None, list[Reason]]:
    if len(_people(case.lead, case.package)) > 1:
        return None, None, [codes.reason(codes.SEVERAL_PEOPLE, f"{case.lead.pointer}/participant")]
    return fhir_parties.person(case, *person_of(case.lead, case.package))


def _is_stu3(visit: Resource) -> bool:
    profiles = fhir_element.listed(part(visit.body, "meta").get("profile"))
    return "incomingReferral" in visit.body or any(isinstance(each, str) and STU3 in each for each in profiles)


def _number(visit: Resource, package: Package) -> tuple[str | None, list[Reason]]:
    """The number of the appointment that an Encounter was, else its own; the least lasting is the resource's id."""
    booked = _appointment(visit, package)
    own = booked or fhir_request.own_number(visit.body)
    if own:
        return own, []
    if visit.id and text(visit.id):
        return text(visit.id), [codes.reason(codes.WEAK_NUMBER, visit.pointer)]
    return None, [codes.reason(codes.NO_VISIT_NUMBER, f"{visit.pointer}/identifier")]


def _appointment(encounter: Resource, package: Package) -> str | None:
    about = part(encounter.body, "appointment")
    said = fhir_element.reference(about)
    target = find(said, encounter, package).resource if said else None
    if target is not None and target.kind == "Appointment":
        return fhir_request.own_number(target.body) or text(target.id)
    return text(part(about, "identifier").get("value"))


def _referral(visit: Resource, package: Package) -> str | None:
    """The sender's number of the referral that it is for: as the request says it, else as it is named."""
    for _, about in parts(visit.body, "basedOn"):
        said = fhir_element.reference(about) or ""
        target = find(said, visit, package).resource if said else None
        if target is not None and target.kind == "ServiceRequest":
            return fhir_request.own_number(target.body) or text(target.id)
        if "ServiceRequest/" in said:
            return text(said.rpartition("/")[2])
        if value := text(part(about, "identifier").get("value")):
            return value
    return None


def _step(visit: Resource) -> tuple[VisitStep | None, list[Reason]]:
    status, at = visit.body.get("status"), f"{visit.pointer}/status"
    if status is None:
        return None, [codes.reason(codes.NO_STATUS, visit.pointer)]
    says = fhir_codes.APPOINTMENT_SAYS if visit.kind == "Appointment" else fhir_codes.VISIT_SAYS
    if not isinstance(status, str) or status not in says:
        return None, [codes.reason(codes.UNKNOWN_CODE, at)]
    return says[status], [] if says[status] else [codes.reason(codes.NOT_BOOKED, at)]


def _starts_at(visit: Resource, step: VisitStep | None) -> tuple[Any, list[Reason]]:
    """When it begins or began; a day alone is taken as its noon. What was called off needs none."""
    body, at = (visit.body, visit.pointer) if visit.kind == "Appointment" else (part(visit.body, "period"), f"{visit.pointer}/period")
    if body.get("start") is None:
        is_needed = step not in (None, "cancelled", "entered-in-error")
        return None, [codes.reason(codes.NO_VISIT_INSTANT, at)] if is_needed else []
    read = fhir_element.moment(body["start"])
    cause = {"broken": codes.BROKEN_INSTANT, "coarse": codes.NO_VISIT_INSTANT, "day": codes.DAY_ONLY}.get(read.precision)
    return read.at, [codes.reason(cause, f"{at}/start")] if cause else []


def _broken(visit: Resource) -> Iterator[Reason]:
    """An instant that is none makes the whole of what stands beside it doubtful, though nothing here is read from it."""
    places = (("/meta/lastUpdated", part(visit.body, "meta").get("lastUpdated")), ("/created", visit.body.get("created")),
              ("/end", visit.body.get("end")), ("/period/end", part(visit.body, "period").get("end")))  # fmt: skip
    for at, value in places:
        if value is not None and fhir_element.moment(value).precision == "broken":
            yield codes.reason(codes.BROKEN_INSTANT, visit.pointer + at)


def _class(encounter: Resource) -> str:
    return text(part(encounter.body, "class").get("code")) or ""


def _codings(visit: Resource) -> Iterator[Body]:
    yield from (coding for name in TYPES for _, concept in parts(visit.body, name) for coding in fhir_element.codings(concept))


def _kind(visit: Resource) -> VisitKind | None:
    return "evaluation" if any((each.get("system"), each["code"]) in fhir_codes.EVALUATIONS for each in _codings(visit)) else None


def _channel(visit: Resource) -> Channel | None:
    if any(each["code"] in SPOKEN for each in _codings(visit)):
        return "telephone"
    return fhir_codes.VISITS[_class(visit)] if visit.kind == "Encounter" else None


def _called_off(visit: Resource, step: VisitStep | None) -> dict[str, Any]:
    """Why, and by whom, as far as a code says it."""
    if step != "cancelled":
        return {}
    codings = fhir_element.codings(part(visit.body, "cancelationReason"))
    by = (who for each in codings for begins, who in fhir_codes.CANCELLED_BY.items() if str(each["code"]).startswith(begins))
    return {"reason": next(filter(None, map(fhir_element.token, codings)), None), "by": next(by, None)}
