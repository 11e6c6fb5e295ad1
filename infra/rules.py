"""Clocks as data: how long something may take, by a rule that is versioned, dated and cited; never by code.

What rules are about stays with whoever owns them: the attributes of `applies_to` and the words are opaque here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from infra.calendar import Hours
from infra.problems import Problem
from infra.ruledirs import overlays
from infra.rulefile import Rule, layered, read

ORDINARY = Hours.of({"mon-fri": "08:00-17:00"}, "UTC")
"""The network's hours where nobody said any."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Clock:
    """One rule applied: from when, until when, when to warn; `rule` is its `name@version`.

    `counts_from` differs from `starts_at` where business time began later. `within` is the clock this one must stay inside, and
    `running_short` says that no more than a third of that was left when this one was made.
    """

    rule: str
    starts_at: datetime
    counts_from: datetime
    due_at: datetime
    running_short: bool = False
    said: Rule = field(compare=False, repr=False, kw_only=True)
    hours: Hours | None = field(compare=False, repr=False, kw_only=True)
    within: "Clock | datetime | None" = field(default=None, compare=False, repr=False, kw_only=True)

    @cached_property
    def warns_at(self) -> tuple[datetime, ...]:
        """When the rule's fractions of it are used up."""
        return tuple(self._used_up(part) for part in self.said.warn_at)

    @cached_property
    def _open(self) -> timedelta:
        """How much of it is open time."""
        return self.hours.open_time(self.starts_at, self.due_at) if self.hours else timedelta(0)

    def _used_up(self, part: float) -> datetime:
        """The instant at which a part of it is used up; in absolute time where no open time lies between."""
        if self.hours and self._open:
            return self.hours.add(self.starts_at, self._open * part)
        return self.starts_at + (self.due_at - self.starts_at) * part

    def left(self, now: datetime) -> timedelta:
        """What is left of it, in the time it counts in; nothing once it is over."""
        return length(self.hours, now, self.due_at)

    @property
    def short_at(self) -> datetime:
        """From when on only a third of it is left: whoever asks one after another should ask all at once (law 9)."""
        whole = length(self.hours, self.starts_at, self.due_at)
        return later(self.hours, self.starts_at, whole - whole // 3)

    def is_short(self, now: datetime) -> bool:
        """Whether no more than a third of it is left."""
        return self.left(now) <= length(self.hours, self.starts_at, self.due_at) // 3


class Held(Protocol):
    """A step that is owed as it was recorded: what, by when, by which rule (`name@version`), counted from which instant."""

    @property
    def action(self) -> str: ...
    @property
    def due(self) -> datetime: ...
    @property
    def rule(self) -> str: ...
    @property
    def counts_from(self) -> datetime | None: ...


class Running(NamedTuple):
    """A step that is owed by an instant that was recorded, and its clock as the rules make it now.

    In words: `ends_by` who ended it by another instant than the rule does, empty where nobody did; `inside` what it must stay inside,
    where its clock knows only the instant.
    """

    action: str
    due: datetime
    clock: Clock
    ends_by: str = ""
    inside: str = ""

    @property
    def stands(self) -> bool:
        """Whether the arithmetic comes to the instant that was recorded, or somebody's word takes its place."""
        return self.clock.due_at == self.due or bool(self.ends_by)


@dataclass(frozen=True)
class Rulebook:
    """Every rule of one service, ours and those laid over them. `hours` are the network's own."""

    rules: tuple[Rule, ...]
    hours: Hours = ORDINARY

    @classmethod
    def load(cls, path: str | Path, *overlays: str | Path, beside: Sequence[str | Path] = (), hours: Hours = ORDINARY) -> Self:
        """From a file and those `beside` it, and files laid over them: the network's, its state's, an agreement's, each more specific.

        Raises TL-5801 (not readable), TL-5802 (every fault by file, rule and field), TL-5803 (two rules would apply alike).
        """
        own = [read(Path(one)) for one in (path, *beside)]
        return cls(layered([*own, *(read(Path(one), layer) for layer, one in enumerate(overlays, 1))]), hours)

    @cached_property
    def _by_name(self) -> dict[str, tuple[Rule, ...]]:
        """The most specific first."""
        ordered = sorted(self.rules, key=lambda rule: rule.rank, reverse=True)
        return {name: tuple(rule for rule in ordered if rule.rule == name) for name in {rule.rule for rule in ordered}}

    def find(self, name: str, day: date, about: Mapping[str, str | None]) -> Rule:
        """The most specific rule in force on a day. Before its first day a rule stands as first written: no clock is missing.

        Raises TL-5804 where none applies.
        """
        fitting = [rule for rule in self._by_name.get(name, ()) if rule.is_about(about)]
        found = next((rule for rule in fitting if rule.in_force(day)), None) or _first(fitting, day)
        if found is None:
            asked = ", ".join(f"{name}={value}" for name, value in about.items())
            raise Problem("TL-5804", f"no rule {name} applies", f"asked for {asked or 'anything'} on {day}", "add one that does")
        return found

    def source(self, rule: str) -> tuple[str, str]:
        """Citation and its status, of a rule by its `name@version`; of one that was taken out since, that it was."""
        found = self._said(rule)
        return (found.citation, found.citation_status) if found else ("a rule that stands no more", "recalled")

    def ladder(self, rule: str | None) -> tuple[str, ...]:
        """Whom to call, one after another, when what a rule by its `name@version` asks is late; nobody in particular where it says none."""
        found = self._said(rule)
        return found.escalates if found else ()

    def cited(self, rule: str) -> dict[str, Any]:
        """What a lateness fact repeats of its rule, by its `name@version`."""
        citation, status = self.source(rule)
        return {"citation": citation, "citation_status": status, "escalates": self.ladder(rule)}

    def _said(self, rule: str | None) -> Rule | None:
        """The most specific of this name and version."""
        return next((one for one in reversed(self.rules) if one.id == rule), None)

    def clock(
        self,
        name: str,
        starts_at: datetime,
        *,
        now: datetime,
        hours: Hours | None = None,
        within: Clock | datetime | None = None,
        **about: str | None,
    ) -> Clock:
        """The clock of a rule from the instant that it names; `about` narrows by the rules' attributes, None being unknown.

        `hours` are the responsible desk's, where they are known. `within` is the clock, or its end, that must not be passed:
        this one gets its limit or the rule's share of what is left of `within`, whichever is less, and once `within` has passed
        the rule's floor.
        """
        starts_at = starts_at.astimezone(UTC)
        rule = self.find(name, starts_at.astimezone((hours or self.hours).tzinfo).date(), about)
        counted = self.hours_for(rule, hours)
        due = rule.limit.after(starts_at, counted)
        if within is not None and rule.share is not None:
            due = min(due, _inside(rule, starts_at, _end(within), counted))
        return Clock(
            rule.id,
            starts_at=starts_at,
            counts_from=rule.limit.counts_from(starts_at, counted),
            due_at=due,
            running_short=within is not None and _short(within, starts_at, now, counted),
            said=rule,
            hours=counted,
            within=within,
        )

    def again(self, step: Held, *, within: Clock | datetime | None = None, **about: str | None) -> Running:
        """A step that is owed, with its clock made again from the instant that it counts from: the arithmetic of whatever is held.

        Raises TL-5804 where no rule of its name applies any more.
        """
        begun = step.counts_from or step.due
        return Running(step.action, step.due, self.clock(step.rule.partition("@")[0], begun, now=begun, hours=None, within=within, **about))

    def hours_for(self, rule: Rule, hours: Hours | None) -> Hours | None:
        """The calendar a rule counts by: the desk's own, the network's, or none."""
        return {"desk": hours or self.hours, "network": self.hours, "absolute": None}[rule.calendar]


def book_of(package: str, *shared: str) -> Rulebook:
    """The book of a service, for its `rules.py`: `RULES = book_of(__package__, "contracts/clocks.yaml")`.

    It is `rules.yaml` of that package, `shared` files of others (`package/file`), and what the directories of THROUGHLINE_RULES lay
    over them.
    """
    name, laid = package.rpartition(".")[2], overlays()
    beside = [str(files(at.rpartition("/")[0].replace("/", ".")) / at.rpartition("/")[2]) for at in shared]
    return Rulebook.load(str(files(package) / "rules.yaml"), *laid.files(name), beside=beside, hours=laid.hours or ORDINARY)


def length(hours: Hours | None, begin: datetime, end: datetime) -> timedelta:
    """Time between two instants, as it is counted; never below nothing."""
    return hours.open_time(begin, end) if hours else max(end - begin, timedelta(0))


def later(hours: Hours | None, begin: datetime, time: timedelta) -> datetime:
    """So much time after an instant, as it is counted."""
    return hours.add(begin, time) if hours else begin + time


def _first(fitting: list[Rule], day: date) -> Rule | None:
    return min((rule for rule in fitting if rule.effective_from > day), key=lambda rule: rule.effective_from, default=None)


def _end(within: Clock | datetime) -> datetime:
    return within.due_at if isinstance(within, Clock) else within


def _inside(rule: Rule, starts_at: datetime, end: datetime, hours: Hours | None) -> datetime:
    """The latest end inside `end`: the share of what is left in whole minutes, at least the floor; once it is past, the floor."""
    floor = later(hours, starts_at, rule.floor.length)
    if end <= starts_at:
        return floor
    share = length(hours, starts_at, end) * (rule.share or 1)
    return min(max(later(hours, starts_at, share - share % MINUTE), floor), end)


def _short(within: Clock | datetime, starts_at: datetime, now: datetime, hours: Hours | None) -> bool:
    if isinstance(within, Clock):
        return within.is_short(now)
    return length(hours, now, within) <= length(hours, starts_at, within) // 3
