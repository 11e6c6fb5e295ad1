"""A person's details as an item holds them: tokens, opened with the key of their record."""

from pydantic import BaseModel

from contracts.kernel import Personal
from contracts.partners import PersonDetails
from infra.sealing import Erased, Unreadable, unseal
from services.worklist import details
from services.worklist.items import Document, by_kind


def named(item: Document) -> bool:
    """Whether it holds a name or a birth date at all."""
    section = by_kind(item["sections"]).get("record", {})
    return any(section.get(name) for name in ("given_name", "family_name", "birth_date"))


def details_of(record: str, item: Document, key: bytes | None) -> PersonDetails:
    """Raises Erased or Unreadable."""
    return unseal(details.known(by_kind(item["sections"]).get("record", {})), record, key)


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
