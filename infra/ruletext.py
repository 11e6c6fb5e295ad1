"""A clock in words: every step of its arithmetic, so that somebody with a calendar and a pencil comes to the same instant."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

from infra.calendar import DAY, Hours, names_on
from infra.rules import Clock, length

OPENINGS_MAX = 40
"""More spans than these are told by their sum."""


def explained(clock: Clock, zone: tzinfo = UTC, inside: str = "the clock around it") -> list[str]:
    """Sentences, in the order of the arithmetic. `zone` is where whoever reads it lives; business time is told in its calendar's. `inside`
    names what it must stay inside where that is an instant only."""
    return list(_explained(clock, clock.hours.tzinfo if clock.hours else zone, inside))


def instant(at: datetime, zone: tzinfo) -> str:
    """`Fri 6 Mar 2026 16:45 EST`."""
    local = at.astimezone(zone)
    return f"{day(local.date())} {local.year} {local:%H:%M} {local:%Z}"


def day(on: date) -> str:
    return f"{on:%a} {on.day} {on:%b}"


def time(span: timedelta) -> str:
    """`2 h 55 min`."""
    minutes = int(span.total_seconds() // 60)
    parts = [(minutes // 1_440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def open_time(span: timedelta) -> str:
    """Open time is told in hours, however many: a day of it is nobody's day."""
    minutes = int(span.total_seconds() // 60)
    return " ".join(f"{number} {unit}" for number, unit in ((minutes // 60, "h"), (minutes % 60, "min")) if number) or "0 min"


def _explained(clock: Clock, zone: tzinfo, inside: str) -> Iterator[str]:
    rule, limit = clock.said, clock.said.limit
    yield f"{clock.rule}: {limit.in_words} from {rule.starts_at}, until {rule.ends_when}."
    yield f"It started {instant(clock.starts_at, zone)}."
    if clock.counts_from != clock.starts_at:
        yield f"Nobody was open then: counting began {instant(clock.counts_from, zone)}."
    alone = limit.after(clock.starts_at, clock.hours)
    if clock.within is not None and rule.share is not None:
        yield from _budget(clock, clock.within, alone, zone, inside)
    if clock.hours and limit.unit in ("bh", "bd"):
        yield from _counted(clock.hours, clock.counts_from, clock.due_at, by_days=limit.unit == "bd" and clock.due_at == alone)
    yield f"So it is due {instant(clock.due_at, zone)}."
    if clock.warns_at:
        parts = (f"{instant(at, zone)} ({part:.0%})" for at, part in zip(clock.warns_at, rule.warn_at, strict=True))
        yield f"Its owner is warned {' and '.join(parts)}."
    yield f"Source: {rule.citation} ({rule.citation_status}); in force since {rule.effective_from}, version {rule.version}."


def _budget(clock: Clock, within: Clock | datetime, alone: datetime, zone: tzinfo, inside: str) -> Iterator[str]:
    """Law 9, as it was applied."""
    end, name = (within.due_at, within.rule) if isinstance(within, Clock) else (within, inside)
    yield f"By itself it would end {instant(alone, zone)}; it has to stay inside {name}, which ends {instant(end, zone)}."
    if end <= clock.starts_at:
        yield f"That was over already, so it gets {clock.said.floor.in_words}."
        return
    left, told = length(clock.hours, clock.starts_at, end), open_time if clock.hours else time
    share = left * (clock.said.share or 1)
    kind = "open time" if clock.hours else "time"
    yield f"{told(left)} of {kind} were left of that; its share of {clock.said.share:.0%} is {told(share)}."
    if clock.due_at == alone:
        yield "Its own limit is shorter, and stands."
    elif clock.due_at == end:
        yield "No more than that is left, so it ends with it."
    elif share < clock.said.floor.length:
        yield f"That is too short to act in, so it gets {clock.said.floor.in_words}."


def _counted(hours: Hours, begin: datetime, end: datetime, by_days: bool) -> Iterator[str]:
    """Which hours or days were counted, and why others were not."""
    first, last = begin.astimezone(hours.tzinfo).date(), end.astimezone(hours.tzinfo).date()
    days = [first + DAY * at for at in range((last - first).days + 1)]
    if by_days:
        yield f"Business days counted: {', '.join(day(one) for one in days[1:] if hours.openings(one)) or 'none'}."
    elif (spans := list(_spans(hours, days, begin, end))) and len(spans) <= OPENINGS_MAX:
        yield f"Counted: {', '.join(spans)}; together {open_time(hours.open_time(begin, end))}."
    if closed := [f"{day(one)} ({_why(hours, one)})" for one in days if not hours.openings(one)]:
        yield f"Not counted: {', '.join(closed)}."


def _spans(hours: Hours, days: list[date], begin: datetime, end: datetime) -> Iterator[str]:
    for one in days:
        for opens, closes in hours.openings(one):
            since, until = max(opens, begin).astimezone(hours.tzinfo), min(closes, end).astimezone(hours.tzinfo)
            if since < until:
                yield f"{day(one)} {since:%H:%M} to {until:%H:%M} ({open_time(until.astimezone(UTC) - since.astimezone(UTC))})"


def _why(hours: Hours, on: date) -> str:
    names = names_on(on, hours.observes) - set(hours.works_on)
    return ", ".join(sorted(names)) if names and hours.week[on.weekday()] else "closed"
