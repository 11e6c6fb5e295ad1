"""bhsim's enrolments and visits as what several partners would tell, in plain rows that services and oracle are both given.

bhsim says when a visit was to be, what came of it, and when that was documented (up to three days later). What it does not say is laid
down here: when a visit was booked, called off or moved, how often a program expects its people, and how long a prescription lasts.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

Row = dict[str, str]
DAY = timedelta(days=1)
PROGRAMS = {
    "MH-OP": (14, True), "MH-CS": (30, False), "MH-CR": (7, False), "SA-OP": (14, True), "SA-IOP": (7, True), "SA-RC": (30, False),
    "IDD-CS": (30, True), "IDD-CC": (90, False),
}  # fmt: skip
"""Days from one contact to the next, and whether the program books."""
MEDICATION, COVERS = "Medication Management", 28 * DAY
"""In a program for substance use such a visit prescribes for so long."""
TABLES = ("programs", "individual_programs", "visits", "visit_types")
TOLD_AFTER = timedelta(hours=6)
"""How long after its hour a visit that was missed is said to have been."""


class Entry(NamedTuple):
    """One thing that a partner tells of an enrolment. `at` is when it happened, `told_at` when it is told; `until` is the instant of a
    booked visit, or the end of a prescription."""

    told_at: datetime
    partner: str
    person: str
    enrolment: str
    what: str
    at: datetime
    visit: str | None = None
    until: datetime | None = None
    cadence_days: int | None = None
    books: bool | None = None


class Told(NamedTuple):
    """Of one enrolment: whose it is, and how to say something of it."""

    partner: str
    person: str
    enrolment: str

    def entry(self, told_at: datetime, what: str, at: datetime, **more: object) -> Entry:
        return Entry(told_at, *self, what, at, **more)  # type: ignore[arg-type]


def entries(programs: Sequence[Row], enrolments: Sequence[Row], visits: Sequence[Row], kinds: Sequence[Row]) -> list[Entry]:
    """Everything, in the order in which it is told."""
    by_id, kind_of = {row["program_id"]: row for row in programs}, {row["visit_type_id"]: row["description"] for row in kinds}
    spans = _by(enrolments, "individual_id", "program_id")
    found = [entry for row in enrolments for entry in _enrolled(row, by_id[row["program_id"]])]
    moved_to = {row["rescheduled_to_visit_id"] for row in visits}
    known = {row["visit_id"]: row for row in visits}
    for row in (row for row in visits if row["visit_id"] not in moved_to):
        day, program = row["scheduled_start"][:10], by_id[row["program_id"]]
        span = max((one for one in spans[row["individual_id"], row["program_id"]] if one["start_date"] <= day), key=_begin)
        found += _visit(_of(span, program), row, known, kind_of, program, _begin(span))
    return sorted(_sound(found), key=lambda one: (one.told_at, one.what != "enrolled"))


def _by(rows: Sequence[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _begin(row: Row) -> datetime:
    return _instant(f"{row['start_date']}T08:00")


def _of(row: Row, program: Row) -> Told:
    return Told(f"example-{program['program_group'].lower()}", row["individual_id"], row["enrollment_id"])


def _enrolled(row: Row, program: Row) -> Iterator[Entry]:
    mine, (cadence, books) = _of(row, program), PROGRAMS[program["program_code"]]
    yield mine.entry(_begin(row), "enrolled", _begin(row), cadence_days=cadence, books=books)
    if row["end_date"]:
        ended = _instant(f"{row['end_date']}T17:00")
        yield mine.entry(ended, "discharged", ended)


def _visit(
    mine: Told, row: Row, known: dict[str, Row], kind_of: dict[str, str], program: Row, begin: datetime
) -> Iterator[Entry]:  # fmt: skip
    """Booked three weeks to three days before, moved the day before, and what came of it."""
    visit, starts_at = row["visit_id"], _instant(row["scheduled_start"])
    booked_at = max(begin, starts_at - (3 + int(visit) % 19) * DAY)
    yield mine.entry(booked_at, "booked", booked_at, visit=visit, until=starts_at)
    while next_row := known.get(row["rescheduled_to_visit_id"]):
        row, moved_at, starts_at = next_row, max(booked_at, starts_at - DAY), _instant(next_row["scheduled_start"])
        yield mine.entry(moved_at, "moved", moved_at, visit=visit, until=starts_at)
    match row["visit_status"]:
        case "COMPLETED":
            at, documented_at = _instant(row["actual_start"]), _instant(row["documented_at"])
            yield mine.entry(documented_at, "attended", at, visit=visit)
            if program["program_group"] == "SA" and kind_of[row["visit_type_id"]] == MEDICATION:
                yield mine.entry(documented_at, "prescribed", at, until=at + COVERS)
        case "NO_SHOW":
            yield mine.entry(starts_at + TOLD_AFTER, "missed", starts_at, visit=visit)
        case "CANCELED":
            called_off_at = max(booked_at, starts_at - DAY)
            yield mine.entry(called_off_at, "cancelled", called_off_at, visit=visit)


def _sound(found: list[Entry]) -> Iterator[Entry]:
    """Nothing is told of an enrolment that has ended: its program has closed the file."""
    ends = {one.enrolment: one.told_at for one in found if one.what == "discharged"}
    return (one for one in found if one.what == "discharged" or one.enrolment not in ends or one.told_at < ends[one.enrolment])
