"""The clocks of alerts, made again by the rules as they are now: for whoever asks when somebody else is called."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.rules import Running
from services.notification.alerts import Alerts
from services.notification.rules import ladder

KINDS: tuple[str, ...] = ("alert",)
SEEN = "somebody has seen it, and it waits for them once more"
NOBODY = "nobody was found to tell, and it is looked for somebody again"


def references(subject: str) -> tuple[str, ...]:
    """Nothing else: whatever a ladder needs is in its item's alerts."""
    return ()


def running(state: Alerts, known: Mapping[str, Any]) -> Iterator[Running]:
    """When each ladder that stands is climbed."""
    for one in state.ladders:
        if one.climbs_at:
            clock = ladder(one.severity, one.purpose, one.raised_at)
            ends_by = SEEN if one.status == "acknowledged" else "" if one.told else NOBODY
            yield Running(f"next level after {one.rung} ({one.milestone.partition('/')[0]})", one.climbs_at, clock, ends_by)
