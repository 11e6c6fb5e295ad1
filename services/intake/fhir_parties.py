"""Around a referral: whom it is for, who sends it, under which consent and which label."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from contracts.kernel import Reason
from services.intake import codes, fhir_codes, fhir_element, fhir_person
from services.intake.fhir_bundle import Found, Labels, Package, Resource, find
from services.intake.fhir_element import Body, part, parts, text
from services.intake.fhir_person import Details
from services.intake.fhir_request import Case

OPEN_SCOPES = ("searchset", "history")
"""In these, as in a bare resource, a relative reference means the sender's own server; any other Bundle must hold what it names."""
NO_MORE = ("inactive", "entered-in-error", "rejected")
"""Statuses of a Consent that stands no more, or never did."""
MISSING = {"none": codes.DANGLING, "many": codes.AMBIGUOUS, "contradiction": codes.WRONG_ADDRESS}


def subject(case: Case) -> tuple[Details | None, Resource | None, list[Reason]]:
    """Who needs care, the Patient where one came, and what has to be told."""
    return person(case, part(case.lead.body, "subject"), f"{case.lead.pointer}/subject")


def person(case: Case, about: Body, at: str) -> tuple[Details | None, Resource | None, list[Reason]]:
    """The person that a Reference at the pointer `at` names."""
    lead, said = case.lead, fhir_element.reference(about)
    found = find(said, lead, case.package) if said else Found("none")
    if found.how == "one" and found.resource is not None:
        return _from_resource(found.resource, at, case)
    if identifier := part(about, "identifier"):
        return (*_without_resource(fhir_person.by_identifier(identifier, f"{at}/identifier")),)
    if said is None:
        return None, None, [codes.reason(codes.NO_PERSON, at)]
    if found.how == "none" and _is_elsewhere(said, lead):
        return (*_without_resource(fhir_person.by_link(said, at)),) if _may_be_a_patient(said, about) else _nobody(at)
    return None, None, [codes.reason(MISSING[found.how], at)]


def _nobody(at: str) -> tuple[None, None, list[Reason]]:
    return None, None, [codes.reason(codes.NOT_A_PERSON, at)]


def _without_resource(read: tuple[Details, list[Reason]]) -> tuple[Details | None, None, list[Reason]]:
    return read[0] or None, None, read[1]


def _from_resource(patient: Resource, at: str, case: Case) -> tuple[Details | None, Resource | None, list[Reason]]:
    if patient.kind != "Patient":
        return _nobody(at)
    known, told = fhir_person.details(patient)
    others = (find(said, task, case.package).resource for task in case.tasks if (said := fhir_element.reference(part(task.body, "for"))))
    if any(other is not None and other.body != patient.body for other in others):
        told.append(codes.reason(codes.TWO_PEOPLE, at))
    return known, patient, told


def _may_be_a_patient(said: str, about: Body) -> bool:
    return about.get("type") in (None, "Patient") and (said.split("/")[-2:-1] or [""])[0] == "Patient"


def _is_elsewhere(said: str, lead: Resource) -> bool:
    """Whether a reference that the message does not answer points to the sender's own system."""
    if said.startswith(("#", "urn:")):
        return False
    is_address = "://" in said and not fhir_element.is_placeholder(said)
    return is_address or not lead.scope.is_bundle or lead.scope.body.get("type") in OPEN_SCOPES


def sender(case: Case) -> str | None:
    """The organisation that asks, as it names itself; never a person."""
    for asked_by, seen_from in _askers(case):
        if name := _organisation(asked_by, seen_from, case.package):
            return name
    return None


def _askers(case: Case) -> Iterator[tuple[Body, Resource]]:
    yield from ((part(each.body, "requester"), each) for each in case.both)
    for header in case.package.of("MessageHeader"):
        if header.scope is case.lead.scope:
            yield from ((part(header.body, name), header) for name in ("sender", "responsible"))


def _organisation(asked_by: Body, seen_from: Resource, package: Package) -> str | None:
    said = fhir_element.reference(asked_by)
    who = find(said, seen_from, package).resource if said else None
    if who is None:
        is_organisation = "Organization/" in (said or "") or asked_by.get("type") == "Organization"
        return text(asked_by.get("display")) if is_organisation else None
    if who.kind == "Organization":
        return text(who.body.get("name"))
    for role in [who] if who.kind == "PractitionerRole" else package.pointing("PractitionerRole", "practitioner").get(id(who), ()):
        employer = part(role.body, "organization")
        there = find(said, role, package).resource if (said := fhir_element.reference(employer)) else None
        if name := text(there.body.get("name") if there else employer.get("display")):
            return name
    return None


class Agreed(NamedTuple):
    """The consent that covers a referral, when it runs out, one that stands no more, and every Consent that came for it."""

    consent: str | None
    until: datetime | None
    ended: str | None
    came: list[Resource]


def consents(case: Case, patient: Resource | None) -> tuple[Agreed, list[Reason]]:
    """What the person agreed to, and what has to be told. One that is not active, or has run out, stands no more."""
    named, links = _named_consents(case)
    about = named or case.package.pointing("Consent", "patient").get(id(patient), [])
    active = [each for each in about if each.body.get("status") == "active"]
    told = [codes.reason(codes.CONSENT_INACTIVE, f"{each.pointer}/status") for each in about if each.body.get("status") != "active"]
    ended = next((_identifier(each) for each in about if each.body.get("status") in NO_MORE), None)
    if len(active) == 1:
        return Agreed(_identifier(active[0]), _until(active[0]), ended, about), told
    if len(active) > 1:
        told.append(codes.reason(codes.CONSENT_UNCLEAR, case.lead.pointer))
    return Agreed(links[0] if links and not about else None, None, ended, about), told


def _until(consent: Resource) -> datetime | None:
    """When it runs out. An end that is too coarse or broken is not later than the day on which it was read could be: it opens nothing."""
    end = part(part(consent.body, "provision"), "period").get("end")
    if end is None:
        return None
    return fhir_element.moment(end).at or datetime(1970, 1, 1, tzinfo=UTC)


def _named_consents(case: Case) -> tuple[list[Resource], list[str]]:
    """Consents that the request names: those that came, and the ids of those that did not."""
    came: list[Resource] = []
    links: list[str] = []
    for _, about in parts(case.lead.body, "supportingInfo"):
        said = fhir_element.reference(about) or ""
        target = find(said, case.lead, case.package).resource if said else None
        if target is not None and target.kind == "Consent":
            came.append(target)
        elif target is None and "Consent/" in said and (own_id := text(said.rpartition("/")[2])):
            links.append(own_id)
    return came, links


def _identifier(consent: Resource) -> str | None:
    values = (text(each.get("value")) for _, each in parts(consent.body, "identifier"))
    return next(filter(None, values), None) or text(consent.id)


def sensitivity(case: Case, patient: Resource | None, agreed: list[Resource]) -> tuple[str, list[Reason]]:
    """The strictest label of anything that the referral is made of; a label that cannot be read must be looked at."""
    read = [_read_labels(body, pointer, case.package) for pointer, body in _labelled(case, patient, agreed)]
    found = {label for labels, _ in read for label in labels}
    told = [reason for _, reasons in read for reason in reasons]
    if found == {"restricted"}:
        told.append(codes.reason(codes.STRICTEST_LABEL, case.lead.pointer))
    return ("part2" if found else ""), told


def _labelled(case: Case, patient: Resource | None, agreed: list[Resource]) -> Iterator[tuple[str, Body]]:
    made_of = [*case.both, *([patient] if patient else []), *agreed]
    yield from ((each.pointer, each.body) for each in made_of)
    yield from ((scope.pointer, scope.body) for scope in case.lead.scope.outwards())
    for name in ("reasonReference", "supportingInfo", "insurance", "basedOn"):
        for _, about in parts(case.lead.body, name):
            said = fhir_element.reference(about)
            if said and (target := find(said, case.lead, case.package).resource):
                yield target.pointer, target.body


def _read_labels(body: Body, at: str, package: Package) -> Labels:
    """Read once a message: what many referrals share would be read for each."""
    if id(body) not in package.labels:
        told: list[Reason] = []
        package.labels[id(body)] = (tuple(_labels(body, at, told)), tuple(told))
    return package.labels[id(body)]


def _labels(body: Body, at: str, told: list[Reason]) -> Iterator[str]:
    meta = body.get("meta")
    given: Any = meta.get("security") if isinstance(meta, dict) else meta
    for coding in fhir_element.listed(given):
        code = text(coding.get("code")) if isinstance(coding, dict) else None
        if code is None:
            told.append(codes.reason(codes.LABEL_UNREADABLE, f"{at}/meta"))
        else:
            yield from _meaning(code, coding.get("system"))
    if body.get("resourceType") == "Consent":
        yield from _consented_labels(body)


def _consented_labels(consent: Body) -> Iterator[str]:
    """A consent to disclose Part 2 records says that these are such records."""
    concepts = [each for name in ("category", "policyRule") for _, each in parts(consent, name)]
    wrapped = {"coding": [each for _, each in parts(part(consent, "provision"), "securityLabel")]}
    for coding in (coding for concept in (*concepts, wrapped) for coding in fhir_element.codings(concept)):
        yield from (label for label in _meaning(str(coding["code"]), coding.get("system")) if label == "part2")


def _meaning(code: str, system: Any) -> Iterator[str]:
    if code.upper() in fhir_codes.PART2:
        yield "part2"
    elif code.upper() in fhir_codes.RESTRICTED and system in (None, fhir_codes.CONFIDENTIALITY):
        yield "restricted"
