"""Business time: the opening hours of a week in one zone, less the holidays observed there.

A local time that comes twice, when clocks go back, means its first occurrence; one that never comes, when they go forward, is read
with the offset before the gap (RFC 5545 §3.3.5). What is returned is in UTC, in which alone instants are compared and added.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from importlib.util import find_spec, module_from_spec
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from infra.problems import Problem

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
DAY = timedelta(days=1)
CLOSED = "closed"
MEMORY_DAYS_MAX = 4_096
YEARS_NAMED = range(2020, 2036)
"""Where holidays are looked for by name."""
COUNTRIES = "holidays.countries"
COUNTRY = re.compile(r"[A-Z]{2}")
if (package := find_spec(COUNTRIES)) and COUNTRIES not in sys.modules:
    # Executed, that package imports 250 countries: five MiB of every process and a third of a second. As it is now, it imports the one
    # that is asked for.
    sys.modules[COUNTRIES] = module_from_spec(package)

Opening = tuple[datetime, datetime]
"""From, and until but not at."""
Span = tuple[int, int]
"""The same as minutes of a local day; 1440 is its end."""


@dataclass(frozen=True)
class Hours:
    """When somebody is open. `week` holds the spans of each day, Monday first; `observes` the ISO 3166 codes whose holidays close it.

    A country's code means its nation-wide holidays, a subdivision's (`US-CO`) those and its own, both on the day itself and on
    the day they are observed. `works_on` names those among them on which it is open all the same: in many states some are kept by
    few. No codes: open on all of them.
    """

    week: tuple[tuple[Span, ...], ...]
    zone: str
    observes: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()
    _known: dict[date, tuple[Opening, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, week: Mapping[str, str], zone: str, observes: Sequence[str] = (), works_on: Sequence[str] = ()) -> Self:
        """From `{"mon-fri": "08:00-12:00, 13:00-17:00", "fri": "08:00-15:00"}`: a day of its own wins over a range with it.

        Raises TL-5811 with every fault.
        """
        spans, faults = _week(week)
        faults += [] if is_zone(zone) else ["zone: no such zone; write one of the IANA list, such as America/New_York"]
        faults += [f"observes: {code} has no known holidays; write an ISO 3166 code, such as US or US-CO" for code in _strange(observes)]
        faults = faults or [f"works_on: {name} is none of these holidays: {known}" for name, known in _odd(observes, works_on)]
        if faults:
            raise Problem("TL-5811", "opening hours are wrong", "\n  ".join(faults), "correct what is pointed at")
        return cls(spans, zone, tuple(observes), tuple(works_on))

    def opens(self, instant: datetime) -> datetime:
        """This instant where it is open then, else the next opening."""
        instant = instant.astimezone(UTC)
        return next(max(opens, instant) for opens, _ in self._from(instant))

    def is_open(self, instant: datetime) -> bool:
        return self.opens(instant) == instant.astimezone(UTC)

    def add_hours(self, instant: datetime, hours: float) -> datetime:
        """So many business hours later. From a closed time they count from the next opening."""
        return self.add(instant, timedelta(hours=hours))

    def add(self, instant: datetime, length: timedelta) -> datetime:
        """So much open time later; a length that ends with a span ends at its close, not at the next opening."""
        if length < timedelta(0):
            raise ValueError("business time is counted forward")
        instant = instant.astimezone(UTC)
        for opens, closes in self._from(instant):
            begins = max(opens, instant)
            if length <= closes - begins:
                return begins + length
            length -= closes - begins
        raise AssertionError("a week always comes")

    def add_days(self, instant: datetime, days: int) -> datetime:
        """So many business days later, at the same local time. From a closed time they count from the next opening."""
        if days < 0:
            raise ValueError("business time is counted forward")
        start = self.opens(instant).astimezone(self.tzinfo)
        day = start.date()
        for _ in range(days):
            day = self.business_day_after(day)
        return self._at(day, start.time().replace(fold=0)) if days else start.astimezone(UTC)

    def same_time(self, instant: datetime, days: int) -> datetime:
        """So many calendar days later, at the same local time, open or not."""
        local = instant.astimezone(self.tzinfo)
        return self._at(local.date() + days * DAY, local.time().replace(fold=0))

    def business_day_after(self, day: date) -> date:
        day += DAY
        while not self.openings(day):
            day += DAY
        return day

    def open_time(self, begin: datetime, end: datetime) -> timedelta:
        """How long it is open between two instants; none where the end is not after the beginning."""
        begin, end, total = begin.astimezone(UTC), end.astimezone(UTC), timedelta(0)
        for opens, closes in self._from(begin):
            if (since := max(opens, begin)) >= end:
                break
            total += min(closes, end) - since
        return total

    def openings(self, day: date) -> tuple[Opening, ...]:
        """When it is open on a local day."""
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= MEMORY_DAYS_MAX:
                self._known.clear()
            known = self._known[day] = tuple(self._openings(day))
        return known

    def _openings(self, day: date) -> Iterator[Opening]:
        if not names_on(day, self.observes) <= set(self.works_on):
            return
        until = datetime.min.replace(tzinfo=UTC)
        for opens, closes in self.week[day.weekday()]:
            begin, end = max(self._minute(day, opens), until), self._minute(day, closes)
            if begin < end:
                yield begin, end
                until = end

    def _from(self, instant: datetime) -> Iterator[Opening]:
        """Openings that are not over at an instant, for ever."""
        day = instant.astimezone(self.tzinfo).date()
        while True:
            for opening in self.openings(day):
                if opening[1] > instant:
                    yield opening
            day += DAY

    @cached_property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def _minute(self, day: date, minute: int) -> datetime:
        return self._at(day + DAY, time(0)) if minute == 1_440 else self._at(day, time(minute // 60, minute % 60))

    def _at(self, day: date, local: time) -> datetime:
        return datetime.combine(day, local, self.tzinfo).astimezone(UTC)


def names_on(day: date, observes: Sequence[str]) -> frozenset[str]:
    """Holidays that any of these places has on this day, or observes on it."""
    return frozenset().union(*(_holidays(code, day.year).get(day, frozenset()) for code in observes))


@lru_cache(maxsize=4_096)
def _holidays(code: str, year: int) -> dict[date, frozenset[str]]:
    """By day. A subdivision's own list leaves out nation-wide ones that it calls otherwise or does not keep."""
    country, _, subdivision = code.partition("-")
    found: dict[date, frozenset[str]] = {}
    for part in {None, subdivision or None}:
        listed = holidays.country_holidays(country, subdiv=part, years=year)
        for day in listed:
            names = (name.removesuffix(" (observed)") for name in listed.get_list(day))
            found[day] = found.get(day, frozenset()).union(names)
    return found


def _week(written: Mapping[str, str]) -> tuple[tuple[tuple[Span, ...], ...], list[str]]:
    faults: list[str] = []
    week: list[tuple[Span, ...]] = [()] * 7
    for days, spans in sorted(written.items(), key=lambda item: "-" not in item[0]):
        named = _days(days)
        if not named:
            faults.append(f"{days}: not a day; write mon … sun, or a range such as mon-fri")
        read = () if spans == CLOSED else _spans(spans)
        if read is None:
            faults.append(f"{days}: not opening hours; write 08:00-17:00, several after commas and in order, or closed")
        for day in named:
            week[day] = read or ()
    if not faults and not any(week):
        faults.append("hours: never open; write when it is, such as mon-fri: 08:00-17:00")
    return tuple(week), faults


def _days(written: str) -> range:
    first, _, last = written.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        return range(0)
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


def _spans(written: str) -> tuple[Span, ...] | None:
    """Spans in order that do not overlap, or nothing."""
    found: list[Span] = []
    for part in written.split(","):
        if not (match := SPAN.fullmatch(part.strip())):
            return None
        hour, minute, until_hour, until_minute = match.groups()
        opens, closes = int(hour) * 60 + int(minute), int(until_hour) * 60 + int(until_minute) if until_hour else 1_440
        if closes <= opens or (found and opens < found[-1][1]):
            return None
        found.append((opens, closes))
    return tuple(found)


def is_zone(zone: str) -> bool:
    """Whether the IANA list has it."""
    try:
        return bool(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _odd(observes: Sequence[str], works_on: Sequence[str]) -> list[tuple[str, str]]:
    """Names of none of these holidays, each with all that are."""
    if not works_on:
        return []
    known = sorted({name for code in observes for year in YEARS_NAMED for names in _holidays(code, year).values() for name in names})
    return [(name, ", ".join(known)) for name in works_on if name not in known]


def _strange(codes: Sequence[str]) -> list[str]:
    return [code for code in codes if not _is_known(*code.split("-", 1))]


def _is_known(country: str, subdivision: str | None = None) -> bool:
    try:
        return bool(COUNTRY.fullmatch(country)) and subdivision != "" and holidays.country_holidays(country, subdiv=subdivision) is not None
    except NotImplementedError:
        return False
