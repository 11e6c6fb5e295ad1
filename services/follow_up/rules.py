"""How long a step may take, and who says so: `rules.yaml`, the regulatory clocks of `contracts`, and what a network lays over them."""

from datetime import datetime
from functools import lru_cache
from typing import Literal

from infra.rules import Clock, book_of

RULES = book_of(__package__, "contracts/clocks.yaml")
PartOfDay = Literal["morning", "afternoon", "evening"]
AFTERNOON, EVENING = 12, 17
CLOCKS_KEPT = 10_000
"""The same step is looked at with every fact of its item."""


@lru_cache(maxsize=CLOCKS_KEPT)
def clock(rule: str, start: datetime, within: datetime | None = None, **about: str) -> Clock:
    """The clock of a rule from the instant that it names: a function of state, so that no edit and no late look moves it."""
    return RULES.clock(rule, start, now=start, hours=None, within=within, **about)


def yes(it_is: bool) -> str:
    """As rules are narrowed by it."""
    return "yes" if it_is else "no"


def part_of_day(at: datetime) -> PartOfDay:
    """By the network's own time: outreach at one time of day only does not count as tried."""
    hour = at.astimezone(RULES.hours.tzinfo).hour
    return "morning" if hour < AFTERNOON else "afternoon" if hour < EVENING else "evening"
