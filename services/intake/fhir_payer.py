"""A payer's ClaimResponse to a prior authorization: every item is an entry of its own, because a payer decides line by line.

The review action code (X12 306) alone says what was decided; `outcome`, `disposition` and displays never do. An item that cannot be
read costs none of the others.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import ValidationError

from contracts.kernel import OUTSIDE, Reason
from contracts.partners import AuthorizationAnswered
from services.intake import codes, fhir_codes, fhir_element
from services.intake.entry import Entry
from services.intake.fhir_bundle import Package, Resource, find
from services.intake.fhir_element import Body, part, parts, text

NOTE_MAX = 20_000
TRACE = "PATIENT_EVENT_TRACE_NUMBER"
NAMED = ("patient", "insurer", "requestor")
HOW = {"none": codes.DANGLING, "many": codes.AMBIGUOUS, "contradiction": codes.WRONG_ADDRESS}
_CODE = re.compile(r"\S{1,100}")


def entries(response: Resource, package: Package) -> tuple[Entry, ...]:
    """One entry for each item; for a response without items, one for the whole submission."""
    number, told = _reference(response), [*_of_the_whole(response, package)]
    if number is None:
        told.append(codes.reason(codes.NO_TRACE, response.pointer))
    items = [*parts(response.body, "item")]
    if items:
        return tuple(_entry(response, number, [*told, *about], said) for said, about in _items(response, package, items))
    said, about = _without_items(response)
    return (_entry(response, number, [*told, *about], said),)


def is_asking(task: Body) -> bool:
    """Whether a Task only asks for documents: it belongs to the answer that it came with."""
    return any(code.startswith("attachment-request") for code in fhir_element.codes(task.get("code")))


def _entry(response: Resource, number: str | None, told: list[Reason], said: dict[str, Any]) -> Entry:
    at = said.pop("at", response.pointer)
    reasons = codes.told(told)
    outcome = codes.outcome_of(reasons)
    if outcome != "event":
        return Entry(at, outcome, None, number, reasons)
    answer = {"answered_at": fhir_element.moment(response.body.get("created")).at, **said}
    whole = {"reference": number, "response": _code(response.id), "answer": answer, "note": _note(response)}
    try:
        return Entry(at, "event", AuthorizationAnswered.model_validate(whole, context=OUTSIDE), number, reasons)
    except ValidationError:
        return Entry(at, "quarantine", None, number, codes.told([*reasons, codes.reason(codes.UNFIT, at)]))


def _of_the_whole(response: Resource, package: Package) -> Iterator[Reason]:
    body, at = response.body, response.pointer
    if body.get("use") not in (None, "preauthorization"):
        yield codes.reason(codes.BILL, f"{at}/use")
    if body.get("status") not in (None, "active"):
        yield codes.reason(codes.NOT_ACTIVE, f"{at}/status")
    if "created" in body and fhir_element.moment(body["created"]).precision in ("broken", "coarse"):
        yield codes.reason(codes.BROKEN_INSTANT, f"{at}/created")
    if body.get("modifierExtension") or body.get("implicitRules"):
        yield codes.reason(codes.MODIFIED, at)
    if body.get("addItem"):
        yield codes.reason(codes.ADDED_ITEMS, f"{at}/addItem")
    for name in NAMED:
        said = fhir_element.reference(part(body, name))
        if said and response.scope.is_bundle and (how := find(said, response, package).how) != "one":
            yield codes.reason(HOW[how], f"{at}/{name}")


def _reference(response: Resource) -> str | None:
    """Our number for the submission: of the Claim as the response names it, else the trace number that it repeats."""
    own = text(part(part(response.body, "request"), "identifier").get("value"))
    repeated = [(str(each.get("system")), text(each.get("value"))) for _, each in parts(response.body, "identifier")]
    traced = [value for system, value in repeated if system.endswith(TRACE)]
    return next(filter(None, (own, *traced, *(value for _, value in repeated))), None)


def _without_items(response: Resource) -> tuple[dict[str, Any], list[Reason]]:
    """It found faults, or it has it and will decide; anything else says nothing that could be acted on."""
    faults = [code for _, error in parts(response.body, "error") for code in fhir_element.codes(error.get("code"))]
    outcome = response.body.get("outcome")
    if outcome == "error" or faults:
        return {"faults": tuple(filter(None, map(_code, faults)))[:20] or ("unspecified",)}, []
    return {}, [] if outcome == "queued" else [codes.reason(codes.NO_ITEM, response.pointer)]


def _items(response: Resource, package: Package, items: list[tuple[str, Body]]) -> Iterator[tuple[dict[str, Any], list[Reason]]]:
    asked = [*_asked(response, package)]
    for suffix, item in items:
        at, line = response.pointer + suffix, item.get("itemSequence")
        said, told = _decision(item, at)
        if not isinstance(line, int) or isinstance(line, bool):
            told.append(codes.reason(codes.NO_LINE, f"{at}/itemSequence"))
        asks = [(code, by) for of, code, by in asked if of in (None, line)]
        by = min((each for _, each in asks if each), default=None)
        yield {**said, "at": at, "line": line, "asks": tuple(dict.fromkeys(code for code, _ in asks))[:50], "asked_by": by}, told


def _decision(item: Body, at: str) -> tuple[dict[str, Any], list[Reason]]:
    """What one item says: the code, and within which units and days."""
    action = next((each for _, adjudication in parts(item, "adjudication") for each in _extensions(adjudication, "reviewAction")), {})
    coding = next((each for value in _values(action, "reviewActionCode") for each in fhir_element.codings(value)), {})
    code = text(coding.get("code"))
    differs = bool(code and _differs(code, coding.get("display")))
    cause = codes.NO_ACTION if code is None else codes.UNKNOWN_CODE if code not in fhir_codes.REVIEW_ACTIONS else codes.DISPLAY_DIFFERS
    told = [codes.reason(cause, f"{at}/adjudication")] if cause != codes.DISPLAY_DIFFERS or differs else []
    return {"action": code, "display_differs": differs, **_numbered(item, action), **_within(item)}, told


def _numbered(item: Body, action: Body) -> dict[str, Any]:
    """The payer's number for it, and its reasons."""
    numbers = (*_values(action, "number"), *_values(item, "authorizationNumber"))
    concepts = (*_values(action, "reasonCode"), *_values(action, "reviewActionReason"))
    reasons = (code for concept in concepts for each in fhir_element.codes(concept) if (code := _code(each)))
    return {"number": next(filter(None, map(_code, numbers)), None), "reasons": tuple(reasons)[:20]}


def _within(item: Body) -> dict[str, Any]:
    """Units and days, and the date on the notice."""
    periods = [each for each in _values(item, "itemPreAuthPeriod") if isinstance(each, dict)]
    details = [each for detail in _extensions(item, "itemAuthorizedDetail") for each in _values(detail, "quantity")]
    units = details[0].get("value") if details and isinstance(details[0], dict) else None
    return {
        "units": units if isinstance(units, int | float) and not isinstance(units, bool) else None,
        "notice_on": next(filter(None, map(_day, _values(item, "itemPreAuthIssueDate"))), None),
        "starts_on": _day(periods[0].get("start")) if periods else None,
        "ends_on": _day(periods[0].get("end")) if periods else None,
    }


def _differs(code: str, display: Any) -> bool:
    """Whether the words beside a code are not those of the code."""
    if not isinstance(display, str) or not display.strip():
        return False
    return " ".join(re.findall(r"[a-z]+", display.lower())) not in fhir_codes.REVIEW_ACTIONS.get(code, ())


def _asked(response: Resource, package: Package) -> Iterator[tuple[int | None, str, Any]]:
    """Documents the payer wants, each with the line it is for (None: all) and its day: by CommunicationRequest, or by Task."""
    for _, named in parts(response.body, "communicationRequest"):
        said = fhir_element.reference(named)
        target = find(said, response, package).resource if said else None
        if target is not None:
            line = next(iter(_values(target.body, "serviceLineNumber")), None)
            wanted = (_code(text(each.get("contentString"))) for _, each in parts(target.body, "payload"))
            yield from ((line, code, None) for code in wanted if code)
    for task in package.of("Task"):
        if task.scope is response.scope and is_asking(task.body):
            by = fhir_element.moment(part(part(task.body, "restriction"), "period").get("end")).at
            for _, needed in parts(task.body, "input"):
                line = next(iter(_values(needed, "serviceLineNumber")), None)
                yield from ((line, code, by) for each in fhir_element.codes(needed.get("valueCodeableConcept")) if (code := _code(each)))


def _extensions(body: Any, name: str) -> Iterator[Body]:
    """Extensions of that name; Da Vinci's own have a URL that ends with it, their parts the bare name."""
    return (each for _, each in parts(body, "extension") if str(each.get("url")).rpartition("/")[2] in (name, f"extension-{name}"))


def _values(body: Any, name: str) -> Iterator[Any]:
    """What extensions of that name hold."""
    return (value for each in _extensions(body, name) for key, value in each.items() if key.startswith("value"))


def _note(response: Resource) -> str | None:
    words = (text(each.get("text"), 100_000) for _, each in parts(response.body, "processNote"))
    return "\n".join(filter(None, (text(response.body.get("disposition"), 100_000), *words)))[:NOTE_MAX] or None


def _code(value: Any) -> str | None:
    """A code without blanks; a number with blanks in it is told by its note alone."""
    said = text(value) if isinstance(value, str) else None
    return said if said and _CODE.fullmatch(said) else None


def _day(value: Any) -> date | None:
    at = fhir_element.moment(value).at
    return at.date() if at else None
