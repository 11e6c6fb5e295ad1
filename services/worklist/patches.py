"""What a fact says, as it is kept: values as the database gives them back, and whose something is. Pure."""

from datetime import UTC, datetime
from typing import Any

from contracts.kernel import Event, kind_of

Patch = dict[str, Any]


def stored(at: datetime) -> datetime:
    """An instant as the database gives it back: UTC, whole milliseconds."""
    at = at if at.tzinfo is UTC else at.astimezone(UTC)
    return at.replace(microsecond=beyond) if (beyond := at.microsecond // 1000 * 1000) != at.microsecond else at


def kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: kept(inner) for name, inner in value.items()}
    return stored(value) if isinstance(value, datetime) else value


def known(event: Event, *names: str) -> Patch:
    """These fields, where the event has them; a personal value as its sealed token."""
    values = ((name, getattr(event, name)) for name in names)
    return {name: stored(value) if isinstance(value, datetime) else value for name, value in values if value is not None}


def owns(owner: str | None, role: str | None = None) -> Patch:
    """Who answers for the placement, and under which role. A role that owns is its own."""
    if owner is None:
        return {}
    role = role or (owner if not is_person(owner) else None)
    return {"owner": owner, **({"role": role} if role else {})}


def is_person(owner: str) -> bool:
    return kind_of(owner) not in ("role", "desk")
