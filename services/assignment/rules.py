"""How long a step may take: `rules.yaml`, the regulatory clocks of `contracts`, and what a network lays over them."""

from datetime import datetime
from functools import lru_cache
from typing import Literal

from contracts.directory import Desk
from contracts.partners import Urgency
from infra.calendar import Hours
from infra.problems import Problem
from infra.rules import Clock, book_of

Step = Literal["offer", "reroute", "schedule"]
PARALLEL_OFFERS_MAX, HURRIED_OFFERS_MAX = 3, 10
"""Programs asked at once; and when the regulatory time runs short, so that nobody waits in line (law 9)."""
RULES = book_of(__package__, "contracts/clocks.yaml")


def services(requested_at: datetime, urgency: Urgency, now: datetime) -> Clock:
    """By when the person must be seen; every step of ours has to stay inside it."""
    return RULES.clock("services", requested_at, now=now, urgency=urgency)


def clock(step: Step, urgency: Urgency, start: datetime, within: Clock, desk: Desk | None = None) -> Clock:
    """The clock of a step that starts at `start`, inside the regulatory one, by the hours of the desk that it is up to."""
    return RULES.clock(step, start, now=start, hours=hours_of(desk), within=within, urgency=urgency)


def contact(urgency: Urgency, start: datetime, within: Clock) -> Clock:
    """By when somebody has reached the person, by the network's hours: no desk has taken them yet."""
    return RULES.clock("contact", start, now=start, within=within, urgency=urgency)


def contact_again(urgency: Urgency, tried_at: datetime) -> Clock:
    """By when the person is tried again, after an attempt that did not reach them, unless whoever tried says when."""
    return RULES.clock("contact-again", tried_at, now=tried_at, urgency=urgency)


def waiting(since: datetime) -> Clock:
    """By when somebody is in touch with whoever waits in a list; not inside the regulatory time, which is over by then."""
    return RULES.clock("waitlist-contact", since, now=since)


def hand_off(urgency: Urgency | None, asked_at: datetime) -> Clock:
    """By when whoever was asked to take it over answers; until then, and afterwards, it is its owner's."""
    return RULES.clock("hand-off", asked_at, now=asked_at, urgency=urgency)


def hours_of(desk: Desk | None) -> Hours | None:
    """When a desk is open, where it said so; raises TL-5811 where what it said makes no sense."""
    return _hours(tuple(desk.hours.items()), desk.zone, desk.observes, desk.works_on) if desk and desk.hours and desk.zone else None


def makes_sense(desk: Desk) -> bool:
    """Whether its opening hours can be counted by; none are fine too."""
    try:
        return hours_of(desk) is not None or not desk.hours
    except Problem:
        return False


@lru_cache(maxsize=4_096)
def _hours(week: tuple[tuple[str, str], ...], zone: str, observes: tuple[str, ...], works_on: tuple[str, ...]) -> Hours:
    return Hours.of(dict(week), zone, observes, works_on)
