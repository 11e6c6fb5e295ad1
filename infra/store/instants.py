"""Instants as a database keeps them: whole milliseconds."""

from datetime import datetime, timedelta


def not_before(at: datetime) -> datetime:
    """Rounded up, for what must never happen early."""
    beyond = at.microsecond % 1000
    return at + timedelta(microseconds=1000 - beyond) if beyond else at


def not_after(at: datetime) -> datetime:
    """Rounded down, for what already happened."""
    beyond = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - beyond) if beyond else at
