"""Time zones by name."""

from functools import cache
from zoneinfo import ZoneInfo


@cache
def is_zone(name: str) -> bool:
    """Whether the IANA list has it."""
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False
