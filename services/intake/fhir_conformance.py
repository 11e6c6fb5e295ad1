"""What FHIR R4 itself says of one resource: each invalid part, by pointer, and never what stood there.

Each resource is judged alone, so a bad neighbour costs nothing. The models are heavy and loaded one by one, when first needed.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from contracts.kernel import Reason
from services.intake import codes
from services.intake.fhir_bundle import Resource

JUDGED = frozenset(("ServiceRequest", "Task", "Patient"))
"""The kinds that a referral is read from."""
ISSUES_MAX = 20
_NAME = re.compile(r"[A-Za-z]\w{0,63}", re.ASCII)


@cache
def _model(kind: str) -> Any:
    return getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)


def warm() -> None:
    """Load every model now, so that the first message does not wait for it."""
    for kind in sorted(JUDGED):
        _model(kind)


def modified(resource: Resource) -> Iterator[Reason]:
    """FHIR forbids acting on a resource with a modifier that one does not know."""
    for name in ("modifierExtension", "implicitRules"):
        if resource.body.get(name):
            yield codes.reason(codes.MODIFIED, f"{resource.pointer}/{name}")


def issues(resource: Resource) -> list[Reason]:
    """The invalid parts of a resource that the referral was read without."""
    if resource.kind not in JUDGED:
        return []
    body = {name: value for name, value in resource.body.items() if not (resource.misplaced and name in ("search", "fullUrl", "request"))}
    try:
        _model(resource.kind).model_validate(body)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False, include_input=False)
        pointers = dict.fromkeys(resource.pointer + _pointer(each["type"], each["loc"]) for each in found)
        return [codes.reason(codes.INVALID_PART, pointer) for pointer in [*pointers][:ISSUES_MAX]]
    except Exception:  # the validators of some elements raise what they like
        return [codes.reason(codes.INVALID_PART, resource.pointer)]
    return []


def _pointer(kind: str, where: tuple[int | str, ...]) -> str:
    """Where it is; the name of a field that FHIR does not know is the sender's own word and is left out."""
    known = where[:-1] if kind == "extra_forbidden" else where
    return "".join(f"/{each}" for each in known if isinstance(each, int) or _NAME.fullmatch(each))
