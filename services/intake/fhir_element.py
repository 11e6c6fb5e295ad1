"""Reading FHIR's elements out of JSON that may be anything: a missing, misshapen or oversized value is None, never an error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from services.intake import fhir_codes

Body = dict[str, Any]
TEXT_MAX = 200
CODE_MAX = 100
PLACEHOLDERS = ("_baseurl_", "{{", "${")
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Outside of these no instant is meant, and some cannot even be turned into UTC."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COARSE = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?", re.ASCII)


def text(value: Any, most: int = TEXT_MAX) -> str | None:
    """The words of a string, or None where there are none or too many."""
    if not isinstance(value, str):
        return None
    words = value.strip()
    return words if 0 < len(words) <= most else None


def parts(body: Any, name: str) -> Iterator[tuple[str, Body]]:
    """The objects under a name, each with its pointer. An object where a list belongs is a list of one."""
    value = body.get(name) if isinstance(body, dict) else None
    if isinstance(value, dict):
        yield f"/{name}", value
    elif isinstance(value, list):
        yield from ((f"/{name}/{place}", each) for place, each in enumerate(value) if isinstance(each, dict))


def listed(value: Any) -> list[Any]:
    """A value where a list belongs is a list of one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def part(body: Any, name: str) -> Body:
    """The first object under a name, or an empty one."""
    return next((each for _, each in parts(body, name)), {})


def codings(concept: Any) -> list[Body]:
    """The codings of a concept that have a code; the one its user chose comes first."""
    found = [each for _, each in parts(concept, "coding") if text(each.get("code"))]
    return sorted(found, key=lambda coding: coding.get("userSelected") is not True)


def codes(concept: Any) -> list[str]:
    return [str(coding["code"]).strip() for coding in codings(concept)]


def is_placeholder(value: str) -> bool:
    """A template that its sender forgot to fill: `_baseUrl_`."""
    lower = value.lower()
    return any(mark in lower for mark in PLACEHOLDERS)


def token(coding: Body) -> str | None:
    """One stable word for a coding: our own codes bare, others as `system|code`. None where it would not fit."""
    code = "%20".join(str(coding["code"]).split())
    system = coding.get("system", fhir_codes.OURS)
    if system == fhir_codes.OURS or not isinstance(system, str):
        return code if system == fhir_codes.OURS and len(code) <= CODE_MAX else None
    name = fhir_codes.SYSTEMS.get(system, "".join(system.split()))
    tail = name.rstrip("/").rpartition("/")[2]
    whole = f"{name}|{code}" if not is_placeholder(name) else f"{tail}|{code}"
    return next((word for word in (whole, f"{tail}|{code}") if len(word) <= CODE_MAX), None)


def words(concept: Any) -> str | None:
    """How a concept reads: its text, else a display, else a code."""
    said = (text(concept.get("text"), 20_000), *(text(each.get("display"), 20_000) for each in codings(concept)))
    return next((each for each in said if each), None) or next(map(token, codings(concept)), None)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was: `at` is None where the text is too coarse or broken."""

    precision: Literal["instant", "day", "coarse", "broken"]
    at: datetime | None = None


def moment(value: Any) -> Moment:
    """A FHIR date or dateTime as an instant.

    A day is taken as noon UTC: that is the same day in every zone of the United States, and no later than its desks open,
    so day rules count from the right day and no clock starts late by more than the night.
    """
    said = value.strip() if isinstance(value, str) else ""
    if _COARSE.fullmatch(said):
        return Moment("coarse")
    is_day = _DAY.fullmatch(said) is not None
    if not is_day and not _INSTANT.fullmatch(said):
        return Moment("broken")
    try:
        at = datetime.fromisoformat(f"{said}T12:00:00+00:00" if is_day else said)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return Moment("broken")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        return Moment("broken")
    return Moment("day" if is_day else "instant", at)


def reference(element: Any) -> str | None:
    """The literal reference of a Reference, without a version."""
    said = text(element.get("reference"), 2_000) if isinstance(element, dict) else None
    return said.partition("/_history/")[0] if said else None


def references(body: Any) -> Iterator[str]:
    """Every literal reference anywhere in a resource."""
    todo = [body]
    while todo:
        here = todo.pop()
        if isinstance(here, dict):
            if (said := reference(here)) is not None:
                yield said
            todo.extend(here.values())
        elif isinstance(here, list):
            todo.extend(here)
