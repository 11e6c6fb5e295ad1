"""Which resources of a FHIR message are entries, and which only serve one.

Entries are ServiceRequests with the Tasks about them, Tasks about one that did not come, stays, visits, and resources that stand for
themselves but that nobody hears. What serves none of these is told once, together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.intake import fhir_codes, fhir_element, fhir_payer, fhir_visit
from services.intake.fhir_bundle import Package, Resource, find
from services.intake.fhir_element import Body, part, parts
from services.intake.fhir_request import Case


@dataclass(frozen=True, slots=True)
class Sorted:
    """A message sorted: referrals, answers of payers, visits, stays, what stands alone unheard, and what serves none of them."""

    cases: list[Case]
    answers: list[Resource]
    visits: list[Resource]
    stays: list[Resource]
    unheard: list[Resource]
    unserved: list[Resource]


def sort(package: Package) -> Sorted:
    lines = _lines_of_claims(package)
    cases = _cases(package, lines)
    answers = package.of("ClaimResponse")
    heard = [each for case in cases for each in case.both] + answers + _asking(answers, package)
    served = {id(found) for each in heard for found in _targets(each, package)} | {id(each) for each in heard}
    alone = [each for each in package.resources if _stands_alone(each, package, lines) and id(each) not in served]
    visits = [each for each in alone if fhir_visit.is_visit(each)]
    stays = [each for each in alone if each.kind == "Encounter" and not fhir_visit.is_visit(each)]
    settled = {id(each) for each in (*visits, *stays)} | {id(found) for visit in visits for found in _targets(visit, package)}
    unheard = [each for each in alone if id(each) not in settled]
    about = [(each, part(each.body, "subject")) for each in (*(case.lead for case in cases), *stays)]
    about += [(each, part(each.body, "patient")) for each in answers]
    about += [(each, fhir_visit.person_of(each, package)[0]) for each in visits]
    missing = any(_misses_its_person(each, who, package) for each, who in about)
    return Sorted(cases, answers, visits, stays, unheard, [] if missing else _unserved(package, heard + alone))


def _asking(answers: list[Resource], package: Package) -> list[Resource]:
    """Tasks that came with a payer's answer and ask for documents."""
    scopes = {id(each.scope) for each in answers}
    return [task for task in package.of("Task") if id(task.scope) in scopes and fhir_payer.is_asking(task.body)]


def _misses_its_person(each: Resource, who: Body, package: Package) -> bool:
    """A Patient that no entry leads to may be the very one that this one names wrongly: it is looked at with it."""
    said = fhir_element.reference(who)
    return said is not None and find(said, each, package).how != "one"


def _cases(package: Package, lines: set[int]) -> list[Case]:
    requests = {id(each): each for each in package.of("ServiceRequest")}
    about: dict[int, list[Resource]] = {key: [] for key in requests}
    without: list[Resource] = []
    for task in package.of("Task"):
        target = _focus(task, package)
        if target is not None and target.kind == "ServiceRequest":
            requests.setdefault(id(target), target)
            about.setdefault(id(target), []).append(task)
        elif target is None and _is_about_a_request(task):
            without.append(task)
    full = [Case(request, tuple(about[key]), package) for key, request in requests.items() if key not in lines]
    return full + [Case(None, (task,), package) for task in without]


def _focus(task: Resource, package: Package) -> Resource | None:
    """What a Task is about: its focus, else what it is based on, where that leads to one resource."""
    for name in ("focus", "basedOn"):
        for _, about in parts(task.body, name):
            said = fhir_element.reference(about)
            found = find(said, task, package) if said else None
            if found is not None and found.how == "one":
                return found.resource
    return None


def _is_about_a_request(task: Resource) -> bool:
    about = [part(task.body, "focus"), *(each for _, each in parts(task.body, "basedOn"))]
    return any(each.get("type") == "ServiceRequest" or "ServiceRequest/" in (fhir_element.reference(each) or "") for each in about)


def _lines_of_claims(package: Package) -> set[int]:
    """What a Claim refers to. A ServiceRequest among it is a line to authorize, not a referral."""
    return {id(found) for each in package.resources if each.kind in fhir_codes.CLAIMS for found in _targets(each, package)}


def _stands_alone(each: Resource, package: Package, lines: set[int]) -> bool:
    if each.kind == "ServiceRequest":
        return id(each) in lines
    if each.kind == "Task":
        target = _focus(each, package)
        return not _is_about_a_request(each) if target is None else target.kind != "ServiceRequest"
    return each.kind in fhir_codes.UNHEARD or each.kind not in fhir_codes.SERVING


def _unserved(package: Package, entries: list[Resource]) -> list[Resource]:
    """Everything, where no entry stands; else the Patients that no entry leads to, and what is about them alone."""
    if not entries:
        return package.resources
    patients = package.of("Patient")
    if not patients:
        return []
    reached = _reached(package, entries)
    lost = {id(each) for each in patients} - reached
    return [each for each in package.resources if _is_lost(each, package, lost, reached)] if lost else []


def _is_lost(each: Resource, package: Package, lost: set[int], reached: set[int]) -> bool:
    if id(each) in reached or each.kind == "Patient":
        return id(each) in lost
    about = {id(found) for found in _targets(each, package) if found.kind == "Patient"}
    return bool(about) and about <= lost


def _reached(package: Package, entries: list[Resource]) -> set[int]:
    reached: set[int] = set()
    todo = list(entries)
    while todo:
        each = todo.pop()
        if id(each) not in reached:
            reached.add(id(each))
            todo.extend(_targets(each, package))
    return reached


def _targets(each: Resource, package: Package) -> Iterator[Resource]:
    for said in fhir_element.references(each.body):
        if (found := find(said, each, package).resource) is not None:
            yield found
