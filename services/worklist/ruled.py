"""The rules in force, as data: every service's own files, with what the network lays over them. Nothing of another service runs here."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from infra.rulefile import Rule
from infra.rules import book_of
from services.worklist import words
from services.worklist.rows import Row

RULED = ("intake", "assignment", "authorization", "crisis_routing", "follow_up", "notification")
SHARED_RULES = "contracts/clocks.yaml"
STATUSES = {"read": "read", "second-hand": "second-hand", "recalled": "recalled, to be checked", "default": "our default"}


@cache
def _written() -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """A rule of a shared file is told once."""
    shared = {rule.source for rule in book_of("services.intake", SHARED_RULES).rules if rule.source.endswith(SHARED_RULES)}
    found, told = [], set[tuple[str, str]]()
    for service in RULED:
        mine = [rule for rule in book_of(f"services.{service}", SHARED_RULES).rules if (rule.source, repr(rule)) not in told]
        told |= {(rule.source, repr(rule)) for rule in mine if rule.source in shared}
        found.append((service, tuple(mine)))
    return tuple(found)


def rules(day: date) -> Sequence[Row]:
    """The rules in force on a day, by service: what starts and ends each, how long it is, and where that is written."""
    return [
        {"service": words.plain(service), "rules": [_rule(rule) for rule in each if rule.in_force(day)]} for service, each in _written()
    ]  # fmt: skip


@cache
def of(id: str) -> Row | None:
    """The rule of a clock by its `name@version`: its name, and what all its variants agree on of limit, citation and status.

    None: no file has it.
    """
    variants = [rule for _, each in _written() for rule in each if rule.id == id]
    if not variants:
        return None
    return {
        "name": words.plain(variants[0].rule),
        "limit": _one({rule.limit.in_words for rule in variants}),
        "citation": _one({rule.citation for rule in variants}),
        "status": _one({STATUSES[rule.citation_status] for rule in variants}),
    }


def _one(values: set[str]) -> str:
    """What they agree on; nothing where they differ, since which of them was applied is not told here."""
    return next(iter(values)) if len(values) == 1 else ""


def _rule(rule: Rule) -> Row:
    about = "; ".join(f"{words.plain(name).lower()}: {', '.join(values)}" for name, values in rule.applies_to.items())
    return {"id": rule.id, "name": words.plain(rule.rule), "version": rule.version, "about": about, "starts": rule.starts_at,
            "ends": rule.ends_when, "limit": str(rule.limit), "citation": rule.citation, "status": STATUSES[rule.citation_status],
            "proven": rule.citation_status == "read", "laid": rule.layer > 0}  # fmt: skip
