"""Rules as they are written, and everything that is wrong with them: told at start, by file, rule and field.

A file is a YAML list. One that is laid over another adds versions, or takes the place of rules by their name: whatever applies of
the more specific file wins over whatever applies of the others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, LiteralString, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError, core_schema

from infra.calendar import Hours
from infra.problems import Problem

UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "bh": timedelta(hours=1), "d": timedelta(days=1), "bd": timedelta(days=1)}
WORDS = {"min": "minute", "h": "hour", "d": "day", "bh": "business hour", "bd": "business day"}
LIMIT = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) (min|h|d|bh|bd)")
BUSINESS = ("bh", "bd")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,60}$")]
Word = Annotated[str, Field(min_length=1, max_length=300)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


def _ratio(written: object) -> object:
    """`1/3` as well as 0.33."""
    over, _, under = str(written).partition("/")
    return int(over) / int(under) if over.isdecimal() and under.isdecimal() and int(under) else written


class Limit(str):
    """How long: `30 min`, `48 h`, `7 d`, `4 bh` (business hours), `10 bd` (business days)."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parsed)

    @classmethod
    def parsed(cls, written: object) -> Self:
        if not (match := LIMIT.fullmatch(str(written))):
            raise PydanticCustomError("limit", "not a length; write a number and min, h, d, bh or bd, such as 4 bh")
        if match[2] in ("d", "bd") and "." in match[1]:
            raise PydanticCustomError("limit", "days are whole; write hours instead")
        return cls(written)

    @property
    def number(self) -> float:
        return float(self.partition(" ")[0])

    @property
    def unit(self) -> str:
        return self.partition(" ")[2]

    @property
    def length(self) -> timedelta:
        """As open time for business hours, else as it is."""
        return UNITS[self.unit] * self.number

    @property
    def in_words(self) -> str:
        """`4 business hours`."""
        return f"{self.number:g} {WORDS[self.unit]}{'' if self.number == 1 else 's'}"

    def counts_from(self, start: datetime, hours: Hours | None) -> datetime:
        """Where counting begins: business time waits for the next opening."""
        return hours.opens(start) if hours and self.unit in BUSINESS else start

    def after(self, start: datetime, hours: Hours | None) -> datetime:
        """The end of it. Hours are absolute; a calendar's days end at the same local time."""
        match self.unit, hours:
            case "bd", Hours():
                return hours.add_days(start, int(self.number))
            case "bh", Hours():
                return hours.add_hours(start, self.number)
            case "d", Hours():
                return hours.same_time(start, int(self.number))
        return start + self.length


class Rule(BaseModel):
    """One clock. `layer` is 0 in a service's own file and grows with every file laid over it; `source` is the file.

    A rule counts by the responsible desk's calendar, the network's, or absolute time. `share` is law 9's: at most this part of what is
    left of the clock around it, but not under `floor`, counted as the rule counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rule: Name
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_until: date | None = None
    """Its last day."""
    applies_to: dict[Name, tuple[str, ...]] = {}
    starts_at: Word
    ends_when: Word
    limit: Limit
    calendar: Literal["desk", "network", "absolute"]
    warn_at: tuple[Fraction, ...] = ()
    escalates: tuple[Word, ...] = ()
    share: Annotated[float, BeforeValidator(_ratio), Field(gt=0, le=1)] | None = None
    floor: Limit = Limit("15 min")
    citation: Word
    citation_status: Literal["read", "second-hand", "recalled", "default"]
    layer: Annotated[int, Field(exclude=True)] = 0
    source: Annotated[str, Field(exclude=True)] = ""

    @field_validator("applies_to")
    @classmethod
    def _narrows(cls, applies_to: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if empty := [name for name, values in applies_to.items() if not values]:
            raise PydanticCustomError("applies_to", f"no values for {empty[0]}; list those it applies to, or remove the line")
        return applies_to

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if faults := [told for wrong, told in _together(self) if wrong]:
            raise PydanticCustomError("rule", faults[0])
        return self

    @property
    def id(self) -> str:
        return f"{self.rule}@{self.version}"

    @property
    def rank(self) -> tuple[int, int, date, int]:
        """What makes one rule win over another: its file, how much it narrows, then how new it is."""
        return self.layer, len(self.applies_to), self.effective_from, self.version

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)

    def is_about(self, about: Mapping[str, str | None]) -> bool:
        return all(about.get(name) in values for name, values in self.applies_to.items())


def _together(rule: Rule) -> Iterable[tuple[bool, LiteralString]]:
    """What no single field can say of itself."""
    business, calendar, until = rule.limit.unit in BUSINESS, rule.calendar, rule.effective_until
    yield rule.limit.number == 0, "limit: nothing; write how long"
    yield business and calendar == "absolute", "calendar: business time needs desk or network; or write the limit in h or d"
    yield (
        rule.limit.unit in ("min", "h") and calendar != "absolute",
        "calendar: hours and minutes are absolute; or write the limit in bh",
    )
    yield rule.floor.unit not in ("min", "h"), "floor: absolute; write it in min or h"
    yield list(rule.warn_at) != sorted(set(rule.warn_at)), "warn_at: each once, in ascending order"
    yield until is not None and until < rule.effective_from, "effective_until: before effective_from; correct one of them"


def read(path: Path, layer: int = 0) -> list[Rule]:
    """The rules of one file. Raises TL-5801, or TL-5802 with every fault."""
    try:
        written = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise Problem("TL-5801", "a file of rules cannot be read", "it is not YAML", "correct it there", where) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("TL-5801", "a file of rules cannot be read", type(error).__name__, "name a file of YAML", str(path)) from None
    if not isinstance(written, list):
        raise Problem("TL-5801", "a file of rules cannot be read", "it is not a list", "write a list of rules", str(path))
    rules, faults = [], []
    for at, entry in enumerate(written):
        try:
            rules.append(Rule.model_validate({**entry, "layer": layer, "source": str(path)} if isinstance(entry, dict) else entry))
        except ValidationError as error:
            faults += [f"{_named(at, entry)}, {_told(fault)}" for fault in error.errors(include_url=False, include_input=False)]
    if faults:
        raise Problem("TL-5802", "rules are wrong", "\n  ".join(faults), "correct what is pointed at", str(path))
    return rules


def _named(at: int, entry: object) -> str:
    name = entry.get("rule") if isinstance(entry, dict) else None
    return f"entry {at + 1}{f' ({name})' if isinstance(name, str) else ''}"


def _told(fault: Mapping[str, Any]) -> str:
    """The field, and what to do."""
    place = "/".join(str(part) for part in fault["loc"])
    message = {
        "extra_forbidden": "nobody knows this field; remove it, or correct its name",
        "missing": "missing; write it",
    }.get(fault["type"], fault["msg"])
    return f"{place}: {message}" if place else message


def layered(files: Iterable[Sequence[Rule]]) -> tuple[Rule, ...]:
    """All rules together. Raises TL-5803 where two would apply alike, which is for a person to decide, and TL-5802 where two of one
    name and version call different people."""
    rules = tuple(rule for file in files for rule in file)
    if faults := [f"{one.source}: {fault}" for one, other in combinations(rules, 2) for fault in _clash(one, other)]:
        raise Problem("TL-5803", "two rules would apply alike", "\n  ".join(faults), "narrow one of each pair")
    if faults := [f"{one.source}: {fault}" for one, other in combinations(rules, 2) for fault in _two_ladders(one, other)]:
        raise Problem("TL-5802", "rules are wrong", "\n  ".join(faults), "give one of each pair a version of its own")
    return rules


def _two_ladders(one: Rule, other: Rule) -> Iterator[str]:
    """Whoever calls people finds the ladder by the rule's name and version, which is what lateness says of it."""
    if (one.id, one.layer) == (other.id, other.layer) and one.escalates != other.escalates:
        yield f"{one.id}, escalates: {', '.join(one.escalates) or 'nobody'} here, {', '.join(other.escalates) or 'nobody'} there"


def _clash(one: Rule, other: Rule) -> Iterator[str]:
    if (one.rule, one.layer, len(one.applies_to)) != (other.rule, other.layer, len(other.applies_to)):
        return
    if not _meet(one, other):
        return
    if one.applies_to == other.applies_to:
        if one.version == other.version or one.effective_from == other.effective_from:
            yield f"{one.id}, effective_from: twice from {other.effective_from} on; give the newer one a higher version and a later day"
        elif (one.version < other.version) != (one.effective_from < other.effective_from):
            yield f"{one.id}, version: versions and days must grow together; correct {one.version} or {other.version}"
    elif _overlap(one, other):
        fields = ", ".join(sorted(set(one.applies_to) | set(other.applies_to)))
        yield f"{one.id}, applies_to: applies beside {other.id} where both fit ({fields}); name in one of them what the other names"


def _meet(one: Rule, other: Rule) -> bool:
    """Whether something could be about both."""
    shared = set(one.applies_to) & set(other.applies_to)
    return all(set(one.applies_to[name]) & set(other.applies_to[name]) for name in shared)


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether a day has both in force."""
    first, second = sorted((one, other), key=lambda rule: rule.effective_from)
    return first.effective_until is None or second.effective_from <= first.effective_until
