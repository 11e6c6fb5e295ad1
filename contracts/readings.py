"""Facts about reading: who saw what in the console, took a list away, or was refused. They tell of accounts and of references.

No fact here holds what was shown or typed: pages by their pattern, items and records by their ids, filters by their names alone.
The book of one process is one aggregate, `account/<id>`, with numbers of its own: a page that is torn out leaves a gap.
"""

from typing import ClassVar, Literal

from contracts.kernel import Change, Code

Purpose = Literal["coordination", "treatment", "payment", "operations", "emergency", "audit"]
"""Why somebody looks: 45 CFR 164.506 (treatment, payment, operations), what coordinates them, an emergency, and oversight."""


class _Read(Change):
    """What every fact about reading says. `reader` is the account's id; `page` a route's pattern; `item` what it showed."""

    reader: str
    roles: tuple[str, ...]
    organisations: tuple[str, ...] = ()
    page: str
    item: str | None = None
    purpose: Purpose


class ReadingRecorded(_Read):
    """Somebody was shown a list, a case or a person: `records` are the people whose initials or, if `whole`, names were opened."""

    type: ClassVar = "reading.recorded.v1"
    filters: tuple[Code, ...] = ()
    records: tuple[str, ...] = ()
    whole: bool = False


class ReadingExported(_Read):
    """Somebody took a list away as a file of so many `rows`: what is in it is no longer looked after by the console."""

    type: ClassVar = "reading.exported.v1"
    filters: tuple[Code, ...] = ()
    records: tuple[str, ...] = ()
    rows: int


class ReadingRefused(_Read):
    """Somebody asked to see or do what no rule allows them, and was shown nothing. `item` only where there is such an item."""

    type: ClassVar = "reading.refused.v1"
    action: Code


EVENTS = (ReadingRecorded, ReadingExported, ReadingRefused)
