"""What waits, looked at beside the work: records not yet settled, facts not yet published, inputs and aggregates that somebody must see.

The work itself is not slowed: a look costs one pass over the records in hand and, in a deciding process, three short queries.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog

from infra.clock import Clock
from infra.lane import Lane
from infra.store import Held
from infra.telemetry import Meters

EVERY_S = 10.0
log = structlog.get_logger(__name__)


class Gauges:
    """One per process. `held` looks into the database, `owed` says how many facts could not be published; a listener has neither."""

    def __init__(
        self, meters: Meters, lanes: Sequence[Lane], clock: Clock,
        held: Callable[[], Awaitable[Held]] | None = None, owed: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        self._meters, self._lanes, self._clock, self._held, self._owed = meters, lanes, clock, held, owed
        self._told: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """For ever. A look that fails is logged: it must never end the process that it looks at."""
        while True:
            try:
                await self.look()
            except Exception as error:
                log.warning("gauges not read", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        now_ms = time.time() * 1000
        self._tell("lag_records", lag_records(self._lanes))
        self._tell("lag_age_seconds", lag_ages(self._lanes, now_ms))
        self._tell("last_record_seconds", {topic: at / 1000 for lane in self._lanes for topic, at in lane.newest_ms.items()})
        self._meters.set("unpublished_facts", self._owed())
        if self._held:
            self._tell_held(await self._held())

    def _tell_held(self, held: Held) -> None:
        since = held.unpublished_since
        self._meters.set("parked", held.parked)
        self._meters.set("quarantined", held.quarantined)
        self._meters.set("outbox_age_seconds", (self._clock.now() - since).total_seconds() / self._clock.rate if since else 0.0)

    def _tell(self, name: str, by_topic: Mapping[str, float]) -> None:
        """A topic that this process no longer reads is told once more, as nothing."""
        for topic in {topic for told, topic in self._told if told == name} - by_topic.keys():
            self._meters.set(name, 0, topic)
        for topic, value in by_topic.items():
            self._meters.set(name, value, topic)
        self._told = {known for known in self._told if known[0] != name} | {(name, topic) for topic in by_topic}


def lag_records(lanes: Iterable[Lane]) -> dict[str, float]:
    """By topic: how many records of the partitions held here are not settled yet, as far as the last fetch showed."""
    found: defaultdict[str, float] = defaultdict(float)
    for lane in lanes:
        for place, behind in _behind(lane.consumer).items():
            found[place.topic] += behind
        for record in lane.hand:
            found[record.topic] += 1
    return dict(found)


def lag_ages(lanes: Iterable[Lane], now_ms: float) -> dict[str, float]:
    """By topic: the age of the oldest record in hand, in seconds. A batch that cannot be settled stays in hand, and grows old."""
    found: defaultdict[str, float] = defaultdict(float)
    for lane in lanes:
        for topic in {place.topic for place in lane.assigned}:
            found[topic] += 0.0
        for record in lane.hand:
            found[record.topic] = max(found[record.topic], (now_ms - record.timestamp) / 1000 if record.timestamp > 0 else 0.0)
    return dict(found)


def _behind(consumer: Any) -> dict[Any, int]:
    """By partition: its end, as last seen, less what was handed over."""
    subscription = consumer._subscription.subscription if consumer else None
    if subscription is None or subscription.assignment is None:
        return {}
    states = {place: subscription.assignment.state_value(place) for place in subscription.assignment.tps}
    known = {place: state for place, state in states.items() if state.has_valid_position and state.highwater is not None}
    return {place: max(0, state.highwater - state.position) for place, state in known.items()}
