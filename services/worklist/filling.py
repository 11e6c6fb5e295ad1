"""What a form holds: its fields as a page shows them, what they are chosen from, and the command's body of what was typed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request

from contracts.kernel import kind_of
from services.worklist import about, standing, words
from services.worklist.fields import LISTED, Field, Form
from services.worklist.front_door import ALIKE
from services.worklist.items import Document, by_kind
from services.worklist.local import OFFSET, Local, Unclear
from services.worklist.relay import Answered, Fault
from services.worklist.rows import Listed, Row, record_of

MISSING, UNCLEAR = "missing", "unclear"
CLOCK = "clock"
"""Names the zone that a form was made in: what comes back is read in it, whatever somebody chose meanwhile."""


def body_of(form: Form, stated: FormData | Mapping[str, Any], local: Local) -> tuple[dict[str, Any], list[Fault]]:
    """The command's body as it was typed, by the reader's clock; what had to be there and is not, and what is not clear."""
    body: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in form.fields:
        try:
            value = _value(field, stated, local)
        except Unclear as unclear:
            faults.append(Fault(field.path, UNCLEAR, f"{field.label}: {unclear}"))
            continue
        if value in (None, "", []):
            faults += [missing(field)] if field.required else []
            continue
        inside = body
        *parts, last = field.name.split(".")
        for part in parts:
            inside = _within(inside, part)
        inside[last] = value
    if form.command == "enter-decision" and isinstance(body.get("answer"), dict) and "line" in body:
        body["answer"]["line"] = body.pop("line")
    return body, faults


def _within(body: dict[str, Any], part: str) -> Any:
    """The part of a body; of a list its one entry."""
    name, listed, _ = part.partition(LISTED)
    return body.setdefault(name, [{}])[0] if listed else body.setdefault(name, {})


def _value(field: Field, stated: Any, local: Local) -> Any:
    if field.kind == "flag":
        return bool(stated.get(field.name))
    if field.kind == "choices":
        return [str(one) for one in stated.getlist(field.name)]
    text = str(stated.get(field.name) or "")
    if field.kind == "long":
        return text
    text = text.strip()
    if field.kind == "instant" and text:
        return instant(field, stated, local)
    if field.kind == "codes":
        return text.replace(",", " ").split()
    if (field.kind == "number" or field.of == "lines") and text.isascii() and text.isdecimal():
        return int(text)
    return text


def instant(field: Field, stated: Mapping[str, Any], local: Local) -> str:
    """What was typed, by the reader's clock; what is no time is left as it is, for the owner to say so. Raises Unclear."""
    text = str(stated.get(field.name) or "").strip()
    try:
        return local.instant(text, str(stated.get(field.name + OFFSET) or "")).isoformat()
    except (ValueError, OverflowError):
        return text


def clock_of(stated: Mapping[str, Any], request: Request) -> Local:
    """By whose clock a form is read and shown again: the one that it was made by."""
    return Local.of(str(stated.get(CLOCK) or ""), request.state.local.zone)


def missing(field: Field) -> Fault:
    return Fault(field.path, MISSING, f"{field.label}: say it")


def unsent(faults: Sequence[Fault]) -> Answered:
    title = "Something is missing" if any(one.code == MISSING for one in faults) else "This is not one instant"
    return Answered(False, "", title, "", 422, tuple(faults))


def shown(
    field: Field, found: Document | None, listed: Listed, stated: Mapping[str, Any], answer: Answered | None, local: Local,
    now: datetime | None = None,
) -> Row:  # fmt: skip
    """A field as the page shows it: with what was typed, what can be chosen, and what is wrong with it."""
    if field.now and now and not stated.get("key"):
        stated = {**local.stated(field.name, now.replace(second=0)), **stated}
    typed = stated.getlist(field.name) if isinstance(stated, FormData) and field.kind == "choices" else stated.get(field.name, "")
    faults = [told(fault.fix, fault.code) for fault in answer.faults if fault.field == field.path] if answer else []
    options = [
        (value, LABELS.get(value) or (words.who(value, listed.names) if "/" in value else words.plain(value))) for value in field.choices
    ]
    options += _known(field.of, found, listed, local)
    return {
        "name": field.name,
        "path": field.path,
        "id": f"f-{field.path.replace('.', '-')}",
        "label": field.label,
        "kind": field.kind,
        "more": field.more,
        "options": options,
        "hint": field.hint,
        "required": field.required,
        "value": typed,
        "clock": local.name,
        "twice": local.twice(str(typed)) if field.kind == "instant" else [],
        "offset": stated.get(field.name + OFFSET, ""),
        "fault": "; ".join(faults),
    }


def is_asked(field: Row) -> bool:
    """What nobody lists is not asked: a choice of nothing only makes people wonder."""
    return bool(field["kind"] not in ("known", "choices") or field["options"] or field["required"])


def told(fix: str, code: str) -> str:
    return fix[:1].upper() + fix[1:] if fix else words.plain(code)


LABELS = {
    "en": "English",
    "es": "Spanish",
    "email": "E-mail",
    "ed": "Emergency department",
    "part2": "42 CFR Part 2",
    "http://hl7.org/fhir/sid/us-ssn": "Social Security number",
    "http://hl7.org/fhir/sid/us-medicaid": "Medicaid number",
    "http://hl7.org/fhir/sid/us-mbi": "Medicare number",
    "urn:network:person": "Number of this network",
    "e-mail": "E-mail",
    "handed-to-911": "Handed to 911",
    "A1": "A1 approved",
    "A2": "A2 approved in part",
    "A3": "A3 denied",
    "A4": "A4 not decided yet",
    "A5": "A5 denied again",
    "A6": "A6 approved with changes",
    "CT": "CT payer wants a call",
    "NA": "NA needs none",
    "C": "C cancelled",
}


def _known(of: str, found: Document | None, listed: Listed, local: Local) -> list[tuple[str, str]]:
    """What the item or the network names: programs that were asked, booked visits, lines, people on duty."""
    kinds = by_kind(found["sections"]) if found else {}
    sections = list(kinds.values())
    match of:
        case "asked":
            asked = standing.asked(kinds) or [one["id"] for one in listed.programs]
            return [(id, words.who(id, listed.names)) for id in asked]
        case "programs":
            return [(one["id"], one["name"]) for one in listed.programs]
        case "teams":
            chosen = [section["team"] for section in sections if section.get("team")]
            return [(id, words.who(id, listed.names)) for id in dict.fromkeys([*chosen, *(one["id"] for one in listed.teams)])]
        case "responders":
            return [(one["id"], one["name"]) for one in (*listed.teams, *listed.facilities)]
        case "response-areas" | "skills":
            every = sorted({one for team in listed.teams for one in team.get("areas" if of == "response-areas" else of, ())})
            return [(one, words.plain(one)) for one in every]
        case "record":
            return [(record, f"{words.kind(record)} {words.short(record)}")] if found and (record := record_of(found)) else []
        case "alike":
            asked = [value for name, value in kinds.get("record", {}).items() if name.startswith(ALIKE)]
            return [(record, f"{words.kind(record)} {words.short(record)}") for record in sorted(asked)]
        case "stay-facility" | "stay-reference" | "stay-kind":
            value = kinds.get("transition", {}).get({"stay-kind": "stay"}.get(of, of.removeprefix("stay-")))
            return [(value, about.STAYS.get(value, value))] if value else []
        case "referrals":
            return [(one["_id"].replace("referral/", "request/"), _referral(one)) for one in found.get("beside", ())] if found else []
        case "facilities":
            return [(one["id"], one["name"]) for one in listed.facilities]
        case "visits":
            booked = [
                value for section in sections for name, value in section.items() if name.startswith("visit_") and isinstance(value, dict)
            ]
            return [(one["id"], local.told(one["at"])) for one in sorted(booked, key=lambda one: one["at"])]
        case "lines":
            return [
                (str(one["line"]), f"{one['line']}: {words.plain(one.get('service') or '')}, {one['stands']}")
                for one in about.lines(kinds.get("authorization", {}))
            ]
        case "people":
            return _people(listed)
        case "colleagues":
            return [(id, name) for id, name in _people(listed) if kind_of(id) == "staff"]
        case "services" | "levels" | "payers" | "languages" | "areas":
            offered = sorted({one for program in listed.programs for one in program.get(of, ())})
            return [(one, words.plain(one)) for one in offered]
        case "organisations":
            partners = [(one["_id"].partition("/")[2], words.who(one["_id"], listed.names)) for one in listed.partners]
            return [*partners, *((one["id"], one["name"]) for one in listed.programs)]
        case "partners":
            return [(one["_id"].partition("/")[2], words.who(one["_id"], listed.names)) for one in listed.partners]
    return []


def _referral(item: Document) -> str:
    return f"{words.short(item['_id'])}: {words.action((item.get('next') or {}).get('action', 'none'))}"


def _people(listed: Listed) -> list[tuple[str, str]]:
    """Everybody on duty, each with what for; and the roles themselves: whoever is on duty then."""
    duties: dict[str, list[str]] = {}
    for duty, people in listed.staff:
        for person in people:
            duties.setdefault(person, []).append(words.who(duty, listed.names))
    roles = [(duty, f"{words.who(duty, listed.names)}, whoever is on duty") for duty, _ in listed.staff]
    return [*((id, f"{words.who(id, listed.names)}, {', '.join(of)}") for id, of in sorted(duties.items())), *roles]
