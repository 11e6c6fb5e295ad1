"""Business time worked out in another way: every minute of five years marked open or closed, days counted by numpy.

Nothing here is taken from the code under test or its libraries: holidays and the rules of daylight saving are written out.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

YEARS = range(2025, 2030)
EPOCH = np.datetime64("2025-01-01T00:00")
FEDERAL = """
    2025-01-01 2025-01-20 2025-02-17 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-10-13 2025-11-11 2025-11-27 2025-12-25
    2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-07-04 2026-09-07 2026-10-12 2026-11-11 2026-11-26 2026-12-25
    2027-01-01 2027-01-18 2027-02-15 2027-05-31 2027-06-18 2027-06-19 2027-07-04 2027-07-05 2027-09-06 2027-10-11 2027-11-11 2027-11-25
    2027-12-24 2027-12-25 2027-12-31
    2028-01-01 2028-01-17 2028-02-21 2028-05-29 2028-06-19 2028-07-04 2028-09-04 2028-10-09 2028-11-10 2028-11-11 2028-11-23 2028-12-25
    2029-01-01 2029-01-15 2029-02-19 2029-05-28 2029-06-19 2029-07-04 2029-09-03 2029-10-08 2029-11-11 2029-11-12 2029-11-22 2029-12-25
"""
COLORADO = """
    2025-03-31 2025-10-06 2026-03-31 2026-10-05 2027-03-31 2027-10-04 2028-03-31 2028-10-02 2029-03-31 2029-03-30 2029-10-01
"""
MASSACHUSETTS = "2025-04-21 2026-04-20 2027-04-19 2028-04-17 2029-04-16"
HAWAII = """
    2025-03-26 2025-06-11 2025-08-15 2026-03-26 2026-06-11 2026-08-21 2026-11-03 2027-03-26 2027-06-11 2027-08-20
    2028-03-26 2028-03-27 2028-06-11 2028-06-12 2028-08-18 2028-11-07 2029-03-26 2029-06-11 2029-08-17
"""
DAYLIGHT_SAVING = {
    2025: ("2025-03-09", "2025-11-02"), 2026: ("2026-03-08", "2026-11-01"), 2027: ("2027-03-14", "2027-11-07"),
    2028: ("2028-03-12", "2028-11-05"), 2029: ("2029-03-11", "2029-11-04"),
}  # fmt: skip
"""Clocks go forward at 02:00 and back at 02:00 of these days, where they do."""
NIGHTS = tuple(day for days in DAYLIGHT_SAVING.values() for day in days)


@dataclass
class Oracle:
    """One calendar. `offset` is standard time's, in hours; `week` the open minutes of a day as (from, until), Monday first."""

    offset: int
    week: list[list[tuple[int, int]]]
    holidays: str = ""
    saves_daylight: bool = True
    open: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.days_off = np.array(self.holidays.split(), dtype="datetime64[D]")
        utc = EPOCH + np.arange(366 * 24 * 60 * len(YEARS))
        local = self.local(utc)
        days, minutes = local.astype("datetime64[D]"), (local - local.astype("datetime64[D]")).astype(int)
        weekdays = (days.astype(int) + 3) % 7  # 1 January 1970 was a Thursday
        self.open = np.zeros(len(utc), dtype=bool)
        for weekday, spans in enumerate(self.week):
            for opens, closes in spans:
                self.open |= (weekdays == weekday) & (minutes >= opens) & (minutes < closes)
        self.open &= ~np.isin(days, self.days_off)
        self.open_minutes = np.flatnonzero(self.open)
        self.open_before = np.concatenate(([0], np.cumsum(self.open)))

    def local(self, utc: np.ndarray) -> np.ndarray:
        """Wall time at these instants."""
        standard = utc + np.timedelta64(self.offset, "h")
        return standard + self._saved(utc).astype("timedelta64[h]")

    def _saved(self, utc: np.ndarray) -> np.ndarray:
        saved = np.zeros(np.shape(utc), dtype=int)
        for forward, back in DAYLIGHT_SAVING.values() if self.saves_daylight else ():
            begins = np.datetime64(f"{forward}T02:00") - np.timedelta64(self.offset, "h")
            ends = np.datetime64(f"{back}T02:00") - np.timedelta64(self.offset + 1, "h")
            saved |= (utc >= begins) & (utc < ends)
        return saved

    def _minute(self, instant: datetime) -> tuple[int, timedelta]:
        """Which minute an instant lies in, and how far into it."""
        whole = instant.astimezone(UTC).replace(second=0, microsecond=0)
        return int((np.datetime64(whole.replace(tzinfo=None)) - EPOCH) / np.timedelta64(1, "m")), instant - whole

    def _instant(self, minute: int) -> datetime:
        return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=int(minute))

    def opens(self, instant: datetime) -> datetime:
        minute, _ = self._minute(instant)
        return instant if self.open[minute] else self._instant(self.open_minutes[np.searchsorted(self.open_minutes, minute)])

    def add_minutes(self, instant: datetime, count: int) -> datetime:
        """Minute after open minute, until all are used up."""
        minute, into = self._minute(self.opens(instant))
        first = np.searchsorted(self.open_minutes, minute)
        if into:
            return self._instant(self.open_minutes[first + count]) + into
        return self._instant(self.open_minutes[first + count - 1] + 1)

    def open_time(self, begin: datetime, end: datetime) -> timedelta:
        return max(self._open_until(end) - self._open_until(begin), timedelta(0))

    def _open_until(self, instant: datetime) -> timedelta:
        minute, into = self._minute(instant)
        return timedelta(minutes=int(self.open_before[minute])) + (into if self.open[minute] else timedelta(0))

    def add_days(self, instant: datetime, count: int) -> datetime:
        """By numpy's own business days, at the same wall time."""
        start = self.opens(instant).astimezone(UTC).replace(tzinfo=None)
        wall = self.local(np.datetime64(start, "us"))
        day = wall.astype("datetime64[D]")
        mask = [bool(spans) for spans in self.week]
        later = np.busday_offset(day, count, weekmask=mask, holidays=self.days_off)
        return self._from_wall(later + (wall - day))

    def _from_wall(self, wall: np.datetime64) -> datetime:
        """The first instant with this wall time; where none has, counted with the offset before the gap."""
        standard = wall - np.timedelta64(self.offset, "h")
        saving = standard - np.timedelta64(1, "h")
        found = [utc for utc in (saving, standard) if self.local(utc) == wall]
        return (found or [standard])[0].astype("datetime64[us]").item().replace(tzinfo=UTC)
