"""FHIR R4 at the front door: every entry of a message, each with what becomes of it."""

from collections.abc import Callable
from typing import TypeVar

from contracts.kernel import Reason
from services.intake import codes, fhir_codes, fhir_death, fhir_message, fhir_payer, fhir_referral, fhir_stay, fhir_visit
from services.intake.entry import Entry
from services.intake.fhir_bundle import Package, Resource, unpack
from services.intake.fhir_element import Body
from services.intake.fhir_request import Case, reference

About = TypeVar("About", Case, Resource)


def entries(message: Body, at: str = "") -> tuple[Entry, ...]:
    """The entries of one FHIR message that lies at the pointer `at` of its record; at least one.

    A ServiceRequest with everything about it is one; so is each item of a payer's ClaimResponse, an Appointment, an Encounter, a Task
    without its ServiceRequest, and each resource that stands for itself but that nobody hears. The rest serves these and has no outcome
    of its own, unless it serves nothing.
    """
    package = unpack(message, at)
    if package.crowded:
        return (_returned(at, [codes.reason(codes.TOO_MANY, at)]),)
    found = fhir_message.sort(package)
    heard = _one_number_each([_guarded(fhir_referral.entry, case, case.lead.pointer) for case in found.cases])
    heard += [entry for each in found.answers for entry in _answers(each, package)]
    heard += [_guarded(lambda stay: fhir_stay.entry(stay, package), each, each.pointer) for each in found.stays]
    heard += [_guarded(lambda visit: fhir_visit.entry(visit, package), each, each.pointer) for each in found.visits]
    heard += fhir_death.entries(package, heard)
    unheard = [_guarded(_unheard, each, each.pointer) for each in found.unheard]
    strays = [Entry(each.pointer, codes.outcome_of([each]), None, None, (each,)) for each in package.strays]
    dead = {id(each) for each in fhir_death.patients(package)}
    unserved = [each for each in found.unserved if id(each) not in dead]
    rest = [_together(unserved, at, alone=not (heard or unheard))] if unserved else []
    return (*heard, *unheard, *strays, *rest) or (_returned(at, [codes.reason(codes.NO_RESOURCE, at)]),)


def _guarded(read: Callable[[About], Entry], about: About, pointer: str) -> Entry:
    """A defect of ours in one entry costs none of the others."""
    try:
        return read(about)
    except Exception:  # whatever it was, one of us must look
        return Entry(pointer, "quarantine", None, None, (codes.reason(codes.DEFECT, pointer),))


def _answers(response: Resource, package: Package) -> tuple[Entry, ...]:
    try:
        return fhir_payer.entries(response, package)
    except Exception:  # whatever it was, one of us must look
        return (Entry(response.pointer, "quarantine", None, None, (codes.reason(codes.DEFECT, response.pointer),)),)


def _returned(pointer: str, told: list[Reason], number: str | None = None) -> Entry:
    return Entry(pointer, "return", None, number, codes.told(told))


def _unheard(each: Resource) -> Entry:
    number = reference(Case(each, (), Package()))[0] if each.kind == "ServiceRequest" else None
    return _returned(each.pointer, [_why_unheard(each)], number)


def _why_unheard(each: Resource) -> Reason:
    if each.kind in fhir_codes.STU3_ONLY:
        return codes.reason(codes.STU3, each.pointer)
    if each.kind == "ServiceRequest":
        return codes.reason(codes.PART_OF_CLAIM, each.pointer)
    if each.kind == "Task":
        return codes.reason(codes.FOCUS_UNHEARD, f"{each.pointer}/focus")
    is_known = each.kind in fhir_codes.UNHEARD or each.kind in fhir_codes.SERVING
    return codes.reason(codes.KIND_UNHEARD, each.pointer, kind=each.kind if is_known else "this kind of resource")


def _together(unserved: list[Resource], at: str, *, alone: bool) -> Entry:
    """One entry for what nobody hears by itself, with a reason for each kind, at the first of them."""
    firsts: dict[str, Resource] = {}
    for each in unserved:
        firsts.setdefault(each.kind, each)
    return _returned(at if alone else unserved[0].pointer, [_why_unheard(each) for each in firsts.values()])


def _one_number_each(heard: list[Entry]) -> list[Entry]:
    """Two requests of one message that say different things under one number are both looked at: no order says which stands."""
    said: dict[str | None, list[Entry]] = {}
    for each in heard:
        if each.event is not None:
            said.setdefault(each.reference, []).append(each)
    clashing = {number for number, under in said.items() if any(each.event != under[0].event for each in under)}
    return [_clashing(each) if each.event is not None and each.reference in clashing else each for each in heard]


def _clashing(each: Entry) -> Entry:
    return Entry(
        each.pointer, "quarantine", None, each.reference, codes.told([codes.reason(codes.SAME_NUMBER, each.pointer), *each.reasons])
    )
