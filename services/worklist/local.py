"""Time by its reader's clock. Instants are in UTC everywhere else; here alone they are read out, and what was typed becomes one. Pure.

A time that clocks skip is refused. One that comes twice, when they go back, says which it is; whoever types one says so too, by its
offset.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from infra.calendar import is_zone

OFFSET = ":offset"
"""What the name of a field is followed by where its time comes twice: which of the two."""


class Dated(NamedTuple):
    """Words and the instant that they lead up to: `visit` and when."""

    words: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.words} {self.at.isoformat()}"


class Unclear(Exception):
    """What was typed is no one instant. Its text says what to do."""


@dataclass(frozen=True)
class Local:
    """A clock on somebody's wall."""

    zone: str = "UTC"

    @classmethod
    def of(cls, *zones: str | None) -> Self:
        """By the first of these that is a zone."""
        return next((cls(zone) for zone in zones if zone and is_zone(zone)), cls())

    @property
    def name(self) -> str:
        """`New York time`."""
        *where, place = self.zone.split("/")
        return f"{place.replace('_', ' ')} time" if where else place

    # — read out

    def at(self, instant: datetime) -> datetime:
        return instant.astimezone(self._info)

    def day(self, instant: datetime) -> date:
        return self.at(instant).date()

    def clock(self, instant: datetime) -> str:
        """`09:00`; of a time that comes twice, which: `01:30 EST`."""
        local = self.at(instant)
        return f"{local:%H:%M} {local.tzname()}" if len(self._instants(local)) > 1 else f"{local:%H:%M}"

    def stamp(self, instant: datetime) -> str:
        """`10:42:07 EST`: by whose clock everything beside it is told."""
        local = self.at(instant)
        return f"{local:%H:%M:%S} {local.tzname()}"

    def told(self, value: Any) -> str:
        """An instant is `Tue 3 Mar, 09:00`; words that lead up to one are followed by it; what is none is told as it is."""
        match value:
            case Dated(words, at):
                return f"{words} {self.told(at)}"
            case datetime():
                return f"{_day(self.day(value))}, {self.clock(value)}"
        return str(value)

    def midnight(self, day: date) -> datetime:
        """When a day begins."""
        return datetime.combine(day, time(0), self._info).astimezone(UTC)

    # — typed

    def stated(self, name: str, instant: datetime) -> dict[str, str]:
        """An instant as a field of this name holds it."""
        local = self.at(instant)
        shown = {name: local.replace(tzinfo=None).isoformat(timespec="seconds" if local.second else "minutes")}
        return {**shown, name + OFFSET: _offset(local)} if len(self._instants(local)) > 1 else shown

    def instant(self, typed: str, offset: str = "") -> datetime:
        """Raises ValueError for what is no time, Unclear for one that never comes, or comes twice and no offset says which."""
        local = datetime.fromisoformat(typed)
        if local.tzinfo:
            return local.astimezone(UTC)
        found = self._instants(local)
        if not found:
            raise Unclear(f"clocks go forward then, and there is no {local:%H:%M}: give another time")
        if len(found) == 1:
            return found[0].astimezone(UTC)
        for one in found:
            if _offset(one) == offset:
                return one.astimezone(UTC)
        raise Unclear(f"clocks go back then, and {local:%H:%M} comes twice: say which")

    def twice(self, typed: str) -> list[tuple[str, str]]:
        """The offsets of a time that comes twice, each with what it is called."""
        try:
            found = self._instants(datetime.fromisoformat(typed))
        except (ValueError, OverflowError):
            return []
        names = ("the first time", "the second time")
        return [(_offset(one), f"{one.tzname()}, {name}") for one, name in zip(found, names, strict=False)] if len(found) > 1 else []

    def _instants(self, local: datetime) -> list[datetime]:
        """When this clock shows that: never, once, or twice."""
        naive = local.replace(tzinfo=None, fold=0)
        read = (naive.replace(tzinfo=self._info, fold=fold).astimezone(UTC).astimezone(self._info) for fold in (0, 1))
        shown = {one.astimezone(UTC): one for one in read if one.replace(tzinfo=None, fold=0) == naive}
        return [shown[at] for at in sorted(shown)]

    @cached_property
    def _info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def _day(on: date) -> str:
    """`Tue 3 Mar`."""
    return f"{on:%a} {on.day} {on:%b}"


def _offset(local: datetime) -> str:
    return local.replace(microsecond=0).isoformat()[-6:]
