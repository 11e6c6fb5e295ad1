"""What a ServiceRequest and its Tasks ask for: the sender's number, when, what, how urgently and why.

Every reader returns what it found and what has to be told about it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.kernel import LONG_AGO, Reason
from services.intake import codes, fhir_codes, fhir_element
from services.intake.fhir_bundle import Package, Resource, Scope, find
from services.intake.fhir_element import Body, part, parts, text

NOTE_MAX = 20_000
NOT_ASSEMBLED_NOW = ("searchset", "history")
"""Bundles whose timestamp says when somebody looked, not when anybody asked."""


@dataclass(frozen=True, slots=True)
class Case:
    """One referral of a message: its ServiceRequest, where there is one, and the Tasks about it."""

    request: Resource | None
    tasks: tuple[Resource, ...]
    package: Package

    @property
    def lead(self) -> Resource:
        """The resource that stands for the entry."""
        return self.request or self.tasks[0]

    @property
    def both(self) -> tuple[Resource, ...]:
        return (self.request, *self.tasks) if self.request else self.tasks

    @property
    def is_patch(self) -> bool:
        """Only what changes was sent: nothing that is absent is blanked."""
        request = self.request
        return request is not None and (request.method == "PATCH" or not ({"subject", "status"} & request.body.keys()))


def reference(case: Case) -> tuple[str | None, list[Reason]]:
    """The sender's own number of the referral, the most lasting one that is there."""
    request = case.request
    own = _identifier(request.body) if request else None
    if own is not None:
        return _fitting(own, f"{case.lead.pointer}/identifier")
    weak = next(_weaker_references(case), None)
    if weak is None:
        return None, [codes.reason(codes.NO_REFERENCE, case.lead.pointer)]
    return weak, [codes.reason(codes.WEAK_REFERENCE, case.lead.pointer)] if request else []


def _fitting(value: str, pointer: str) -> tuple[str | None, list[Reason]]:
    return (value, []) if text(value) else (None, [codes.reason(codes.LONG_REFERENCE, pointer)])


def own_number(body: Body) -> str | None:
    """The sender's own number of a resource, where one fits."""
    return text(_identifier(body))


def _identifier(body: Body) -> str | None:
    """The placer's identifier, else the first that has a value."""
    valued = [each for _, each in parts(body, "identifier") if text(each.get("value"), 100_000) and each.get("use") != "old"]
    placer = [each for each in valued if "PLAC" in fhir_element.codes(each.get("type"))]
    return next((text(each["value"], 100_000) for each in (*placer, *valued)), None)


def _weaker_references(case: Case) -> Iterator[str]:
    request = case.request
    if request is None:
        yield from (found for task in case.tasks for found in _focus_references(task))
    elif (requisition := text(part(request.body, "requisition").get("value"))) and case.package.requisitions[requisition] == 1:
        yield requisition  # it groups requests: shared by two of them it is the number of neither
    yield from (found for task in case.tasks if (found := text(_identifier(task.body))))
    if request is not None:
        yield from _message_references(request)


def _focus_references(task: Resource) -> Iterator[str]:
    """What a Task without its ServiceRequest calls it."""
    for about in (part(task.body, "focus"), part(task.body, "basedOn")):
        if value := text(part(about, "identifier").get("value")):
            yield value
        if "ServiceRequest" in (said := fhir_element.reference(about) or "") and (own_id := text(said.rpartition("/")[2])):
            yield own_id


def _message_references(request: Resource) -> Iterator[str]:
    for scope in request.scope.outwards():
        if scope.is_bundle and (value := text(part(scope.body, "identifier").get("value"))):
            yield from filter(text, (f"{value}#{request.pointer.removeprefix(scope.pointer)}",))
    if request.id:
        yield request.id
    if request.url.startswith("urn:uuid:"):
        yield from filter(text, (request.url.removeprefix("urn:uuid:"),))


def requested_at(case: Case) -> tuple[datetime | None, list[Reason]]:
    """When care was asked for, by the sender's word only: nothing that we or a server did later starts a clock."""
    coarse: list[Reason] = []
    for pointer, value in _instants(case):
        found = fhir_element.moment(value)
        if found.precision == "broken":
            return None, [codes.reason(codes.BROKEN_INSTANT, pointer)]
        if found.at is not None:
            return found.at, _about_instant(pointer, found.precision == "day", case)
        coarse.append(codes.reason(codes.COARSE_INSTANT, pointer))
    return None, coarse or [codes.reason(codes.NO_INSTANT, case.lead.pointer)]


def _about_instant(pointer: str, is_day: bool, case: Case) -> list[Reason]:
    told = [] if pointer == f"{case.lead.pointer}/authoredOn" else [codes.reason(codes.OTHER_INSTANT, pointer)]
    return told + ([codes.reason(codes.DAY_ONLY, pointer)] if is_day else [])


def _instants(case: Case) -> Iterator[tuple[str, Any]]:
    """Where the instant stands, best first. `occurrence` is last: it is when care is wanted, not when it was asked for."""
    places: list[tuple[str, Any]] = [(f"{each.pointer}/authoredOn", each.body.get("authoredOn")) for each in case.both]
    places += [(f"{scope.pointer}/timestamp", scope.body.get("timestamp")) for scope in _assembled(case.lead)]
    at, body = case.lead.pointer, case.lead.body
    places.append((f"{at}/occurrenceDateTime", body.get("occurrenceDateTime")))
    places.append((f"{at}/occurrencePeriod/start", part(body, "occurrencePeriod").get("start")))
    yield from ((pointer, value) for pointer, value in places if value is not None)


def changed_at(case: Case) -> datetime | None:
    """When it was amended or taken back, where that is said; else it is simply not known."""
    said = [task.body.get("lastModified") for task in case.tasks]
    return next((found.at for value in said if (found := fhir_element.moment(value)).precision == "instant"), None)


def modified_at(task: Resource) -> datetime:
    """For which of several Tasks was changed last."""
    return fhir_element.moment(task.body.get("lastModified")).at or LONG_AGO


def said_at(each: Resource) -> tuple[datetime | None, list[Reason]]:
    """When it was so, to the instant: as it was last changed, else as it or its message was last written."""
    for pointer, value in _written(each):
        found = fhir_element.moment(value)
        if found.precision == "broken":
            return None, [codes.reason(codes.BROKEN_INSTANT, pointer)]
        if found.precision == "instant":
            return found.at, []
    return None, [codes.reason(codes.NO_REPORT_INSTANT, each.pointer)]


def _written(each: Resource) -> Iterator[tuple[str, Any]]:
    places = [(f"{each.pointer}/lastModified", each.body.get("lastModified"))]
    places.append((f"{each.pointer}/meta/lastUpdated", part(each.body, "meta").get("lastUpdated")))
    places += [(f"{scope.pointer}/timestamp", scope.body.get("timestamp")) for scope in _assembled(each)]
    yield from ((pointer, value) for pointer, value in places if value is not None)


def _assembled(each: Resource) -> list[Scope]:
    """The Bundles that it came in, but for those that somebody only looked up."""
    bundles = [scope for scope in each.scope.outwards() if scope.body.get("resourceType") == "Bundle"]
    return [scope for scope in bundles if scope.body.get("type") not in NOT_ASSEMBLED_NOW]


def answering(case: Case) -> Resource | None:
    """The header of a message that answers another: it says what became of a referral, and asks for none."""
    headers = (each for each in case.package.of("MessageHeader") if each.scope is case.lead.scope)
    return next((each for each in headers if each.body.get("response") or _event(each).endswith("-response")), None)


def _event(header: Resource) -> str:
    return text(part(header.body, "eventCoding").get("code")) or ""


def service(request: Resource) -> tuple[str | None, list[Reason]]:
    """What is asked for, as one token; None where it has no code that could be one."""
    concepts = [concept for name in ("code", "category") for _, concept in parts(request.body, name)]
    codings = [coding for concept in concepts for coding in fhir_element.codings(concept)]
    ours_first = sorted(codings, key=lambda coding: coding.get("system") != fhir_codes.OURS)
    found = next((word for coding in ours_first if (word := fhir_element.token(coding))), None)
    return found, [] if found else [codes.reason(codes.UNCODED_SERVICE, f"{request.pointer}/code")]


def urgency(case: Case) -> tuple[str | None, list[Reason]]:
    """The most urgent of the priorities given. None where none is: that is for triage to say."""
    given = [(f"{each.pointer}/priority", each.body["priority"]) for each in case.both if each.body.get("priority") is not None]
    read = [(pointer, fhir_codes.URGENCIES.get(value.lower()) if isinstance(value, str) else None) for pointer, value in given]
    if unknown := [codes.reason(codes.UNKNOWN_CODE, pointer) for pointer, level in read if level is None]:
        return None, unknown
    levels = {level for _, level in read}
    most = next((level for level in fhir_codes.RANK if level in levels), None)
    return most, [codes.reason(codes.PRIORITIES_DIFFER, read[0][0])] if len(levels) > 1 else []


def why(case: Case) -> tuple[str | None, list[Reason]]:
    """The reasons and notes of a request in words: what a person at the desk reads first."""
    if case.request is None:
        return None, []
    whole = "\n".join(dict.fromkeys(_words(case.request, case.package)))
    return whole[:NOTE_MAX] or None, [codes.reason(codes.CUT, case.lead.pointer)] if len(whole) > NOTE_MAX else []


def _words(request: Resource, package: Package) -> Iterator[str]:
    for _, concept in parts(request.body, "reasonCode"):
        yield from filter(None, (fhir_element.words(concept),))
    for _, about in parts(request.body, "reasonReference"):
        said = fhir_element.reference(about)
        target = find(said, request, package).resource if said else None
        yield from filter(None, (fhir_element.words(part(target.body, "code")) if target else None, text(about.get("display"), NOTE_MAX)))
    if not fhir_element.codings(request.body.get("code")):
        yield from filter(None, (text(part(request.body, "code").get("text"), NOTE_MAX),))
    for _, note in parts(request.body, "note"):
        yield from filter(None, (text(note.get("text"), 100_000),))
