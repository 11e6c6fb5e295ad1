"""What is kept of a person beside an item, as it came: tokens, a field each, so that a part told later takes nothing else away. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.kernel import Personal
from contracts.partners import Guardian, PersonDetails
from contracts.people import Preferences, SafeContact

DETAILS = ("given_name", "family_name", "birth_date", "phone", "language", "interpreter", "may_consent")
GUARDIAN = ("given_name", "family_name", "phone", "language")
PARTS: Mapping[str, tuple[type[Guardian | SafeContact | Preferences], tuple[str, ...]]] = {
    "guardian": (Guardian, GUARDIAN),
    "safe_contact": (SafeContact, ("number", "may_answer", "message", "hours")),
    "preferences": (Preferences, ("place", "times", "telehealth", "avoid")),
}
"""Parts of the details, each with what is kept of it: `guardian_phone` is the phone of the guardian."""


def kept(details: PersonDetails, cleared: Iterable[str] = ()) -> dict[str, Any]:
    """The fields that this sets; `None` takes one away. Nothing is opened here."""
    gone = {name: None for field in cleared for name in (field, *(f"{field}_{one}" for one in PARTS.get(field, (None, ()))[1]))}
    return gone | dict(_tokens("", details, DETAILS)) | dict(_of_parts(details))


def _of_parts(details: PersonDetails) -> Iterator[tuple[str, Any]]:
    for part, (_, names) in PARTS.items():
        if (of := getattr(details, part)) is not None:
            yield from _tokens(f"{part}_", of, names)


def _tokens(prefix: str, of: Any, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        if (value := getattr(of, name, None)) is not None:
            yield prefix + name, value.sealed if isinstance(value, Personal) else list(value)


def known(section: Mapping[str, Any]) -> PersonDetails:
    """The details again, sealed as they are kept."""
    parts = {part: kind(**told) for part, (kind, names) in PARTS.items() if (told := _stored(_flat(section, part), names))}
    return PersonDetails(**_stored(section, DETAILS), **parts)


def _flat(section: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """A board of an earlier build keeps a guardian whole, until it is made anew."""
    whole = section.get(part)
    mine = {name.removeprefix(f"{part}_"): value for name, value in section.items() if name.startswith(f"{part}_")}
    return {**(whole if isinstance(whole, Mapping) else {}), **mine}


def _stored(section: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    found = {name: value for name in names if (value := section.get(name))}
    return {name: Personal(sealed=value) if isinstance(value, str) else tuple(value) for name, value in found.items()}
