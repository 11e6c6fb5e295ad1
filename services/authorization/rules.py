"""The clocks of authorization: `rules.yaml`, the shared ones, and what a network lays over them.

A right that lasts until a day lasts to its last moment in the network's zone.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from infra.rules import Clock, book_of

RULES = book_of(__package__, "contracts/clocks.yaml")
NOTHING: Mapping[str, str] = {}
INQUIRIES = "decide"
"""The rule at whose warnings the payer is asked where its decision is."""
RENEWAL_SHARE = RULES.find("use", date.max, {}).share or 1.0
"""The part of units or days after which the next authorization is asked for."""


def clock(rule: str, starts_at: datetime, now: datetime, within: datetime | None = None, about: Mapping[str, str] = NOTHING) -> Clock:
    """`about` narrows by what the rules apply to: `expedited` (yes, no) and the kind of `payer`."""
    return RULES.clock(rule, starts_at, now=now, within=within, hours=None, **about)


def seen_by(requested_at: datetime | None, urgency: str | None, now: datetime) -> datetime | None:
    """By when the person must be seen: every step of ours before that has to stay inside it (law 9)."""
    return RULES.clock("services", requested_at, now=now, urgency=urgency).due_at if requested_at and urgency else None


def first_moment(day: date) -> datetime:
    return datetime.combine(day, time(0), RULES.hours.tzinfo)


def last_moment(day: date) -> datetime:
    return first_moment(day + timedelta(days=1)) - timedelta(seconds=1)


def day_of(instant: datetime) -> date:
    """The network's own day."""
    return instant.astimezone(RULES.hours.tzinfo).date()
