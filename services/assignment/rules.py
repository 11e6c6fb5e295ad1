"""How long a step may take. Plain hours: business calendars, and shares of what is left of the regulatory clock (law 9), come later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from contracts.partners import Urgency

Step = Literal["offer", "reroute", "schedule"]
PARALLEL_OFFERS_MAX = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """How long, and where that comes from: `def` is a default of ours, a proposal."""

    within: timedelta
    citation: str = "def"


LIMITS: Mapping[tuple[Step, Urgency], Limit] = MappingProxyType(
    {
        ("offer", "emergency"): Limit(timedelta(minutes=30)),
        ("offer", "urgent"): Limit(timedelta(hours=4)),
        ("offer", "routine"): Limit(timedelta(hours=48)),
        ("reroute", "emergency"): Limit(timedelta(minutes=30)),
        ("reroute", "urgent"): Limit(timedelta(hours=1)),
        ("reroute", "routine"): Limit(timedelta(hours=24)),
        ("schedule", "emergency"): Limit(timedelta(hours=4)),
        ("schedule", "urgent"): Limit(timedelta(hours=8)),
        ("schedule", "routine"): Limit(timedelta(hours=72)),
    }
)
"""By step and urgency: offer → an answer, reroute → somebody else is asked, schedule → a first visit is booked."""


def rule_of(step: Step, urgency: Urgency) -> str:
    """The rule's id: `offer-urgent`."""
    return f"{step}-{urgency}"


def due(step: Step, urgency: Urgency, start: datetime) -> datetime:
    """By when, for a step that starts at `start`."""
    return start + LIMITS[step, urgency].within
