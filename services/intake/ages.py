"""How old somebody was, in the few words that measures ask for; the birth date itself goes no further."""

from datetime import datetime

from contracts.partners import AgeBand, AgeGroup, PersonDetails

GROUPS: tuple[tuple[int, AgeGroup], ...] = ((6, "under-6"), (13, "6-12"), (18, "13-17"))
BANDS: tuple[tuple[int, AgeBand], ...] = ((12, "under-12"), (18, "12-17"))


def years(person: PersonDetails | None, at: datetime) -> int | None:
    """Whole years on that day; None where no birth date was told."""
    born = person.birth_date.plain if person and person.birth_date else None
    if born is None:
        return None
    day = at.date()
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def group(person: PersonDetails | None, at: datetime) -> AgeGroup | None:
    """As the measures after a stay group people."""
    known = years(person, at)
    return None if known is None else next((group for limit, group in GROUPS if known < limit), "adult")


def band(person: PersonDetails | None, at: datetime) -> AgeBand | None:
    """As the measures of time to services do."""
    known = years(person, at)
    return None if known is None else next((band for limit, band in BANDS if known < limit), "18-and-over")
