"""What an item was at any instant, from its entries: who owned it when, which clocks ran, what was known, what was true. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from services.worklist.front_door import OPENED
from services.worklist.items import Document, Sections, document, folded, refolded, section_of
from services.worklist.patches import Patch

Entries = Sequence[Patch]
Fold = Callable[[str, Entries, datetime], Document | None]
"""What an item was at an instant; None: there was none."""


class Moment(NamedTuple):
    """What an item was from then on, and the entry that made it so."""

    at: datetime
    state: Document
    entry: Patch


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody owned it from then until then (None: still). `who` is None where nobody did."""

    who: str | None
    role: str | None
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """A step with its clock: owed from then until then (None: still). Late: it went on past its due instant."""

    action: str
    owner: str | None
    waiting_on: str | None
    rule: str | None
    due: datetime | None
    since: datetime
    until: datetime | None = None

    def late(self, now: datetime) -> bool:
        return self.due is not None and (self.until or now) > self.due


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Somebody reviewed what was opened in an emergency: all of it since the review before."""

    by: str
    finding: str
    at: datetime
    opened: tuple[Patch, ...]


def moments(item: str, entries: Entries) -> list[Moment]:
    """The item after each entry, in the order in which they were recorded. One that came late changes what followed, not what was."""
    sections: Sections = {}
    found = []
    for entry in sorted(entries, key=_recorded):
        if entry["sequence"] > section_of(sections, entry["topic"], entry["subject"]).get("sequence", 0):
            sections = folded(sections, entry)
            found.append(Moment(entry["recorded"], document(item, sections, 0), entry))
    return found


def owners(moments: Iterable[Moment]) -> list[Held]:
    """Everybody who answered for it, one interval after another."""
    found: list[Held] = []
    for at, state, _ in moments:
        who = state["owner"] if state["open"] else None
        last = found[-1] if found and found[-1].until is None else None
        if last and (last.who, last.role) == (who, state["role"]) and state["open"]:
            continue
        if last:
            found[-1] = replace(last, until=at)
        if state["open"]:
            found.append(Held(who, state["role"], at))
    return found


def clocks(moments: Iterable[Moment]) -> list[Ran]:
    """Every step that was owed, with its clock. The same step with another deadline is the same clock, as it stands last."""
    found: list[Ran] = []
    for at, state, _ in moments:
        block = state.get("next") or {}
        last = found[-1] if found and found[-1].until is None else None
        if last and block and last.action == block["action"] and last.owner == state["owner"]:
            found[-1] = replace(last, due=block["due"], waiting_on=block["waiting_on"], rule=block["rule"])
            continue
        if last:
            found[-1] = replace(last, until=at)
        if block:
            found.append(Ran(block["action"], state["owner"], block["waiting_on"], block["rule"], block["due"], at))
    return found


def reason(moments: Iterable[Moment]) -> Patch | None:
    """The entry that made the step what it is: since then the same one owes the same, and waits on the same. None: nothing is owed."""
    found, before = None, None
    for _, state, entry in moments:
        block = state.get("next")
        step = block and (block["action"], block["waiting_on"], state["owner"])
        found, before = (found if step == before else entry), step
    return found if before else None


def reviews(entries: Entries) -> list[Reviewed]:
    """Every review of emergency access, with what it was about."""
    found, opened = list[Reviewed](), list[Patch]()
    for entry in sorted(entries, key=_recorded):
        told = entry["patch"]
        opened += [value for name, value in told.items() if name.startswith(OPENED)]
        if "finding" in told:
            found.append(Reviewed(told["reviewer"], told["finding"], told["reviewed_at"], tuple(opened)))
            opened = []
    return found


def known_then(item: str, entries: Entries, at: datetime) -> Document | None:
    """As it was known at that instant: of what had been recorded by then."""
    return _folded(item, (entry for entry in entries if entry["recorded"] <= at))


def true_then(item: str, entries: Entries, at: datetime) -> Document | None:
    """As it was at that instant, by all that is known now: of what had happened by then, however late we heard of it."""
    return _folded(item, (entry for entry in entries if entry["at"] <= at))


def _folded(item: str, entries: Iterable[Patch]) -> Document | None:
    chosen = list(entries)
    return document(item, refolded(chosen), 0) if chosen else None


def _recorded(entry: Patch) -> Any:
    return entry["recorded"], entry["topic"], entry["subject"], entry["sequence"]
