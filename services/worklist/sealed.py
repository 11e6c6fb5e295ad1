"""A person's details as an item holds them: tokens, opened with the key of their record."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from contracts.kernel import Personal
from contracts.partners import Guardian, PersonDetails
from infra.sealing import Erased, Unreadable, unseal
from services.worklist.items import Document, by_kind
from services.worklist.projections import DETAILS


def named(item: Document) -> bool:
    """Whether it holds a name or a birth date at all."""
    section = by_kind(item["sections"]).get("record", {})
    return any(section.get(name) for name in ("given_name", "family_name", "birth_date"))


def details_of(record: str, item: Document, key: bytes | None) -> PersonDetails:
    """Raises Erased or Unreadable."""
    section = by_kind(item["sections"]).get("record", {})
    guardian = Guardian(**_tokens(section["guardian"])) if section.get("guardian") else None
    return unseal(PersonDetails(**_tokens(section), guardian=guardian), record, key)


def _tokens(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Personal(sealed=section[name]) for name in DETAILS if section.get(name)}


class Written(BaseModel):
    """A personal text under the name that it was sealed by."""

    words: Personal[str]


def written(record: str, token: str, key: bytes | None) -> str:
    try:
        return str(unseal(Written(words=Personal(sealed=token)), record, key).words.plain or "")
    except Erased:
        return "erased"
    except Unreadable:
        return "not readable"
