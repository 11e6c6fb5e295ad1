"""What the runtime tells of itself while it settles: numbers, log lines, spans. Never what a message contained."""

import time
from collections.abc import Sequence

import structlog

from infra.deciding import Failure, summary
from infra.service import Item, Outcome
from infra.telemetry import Meters, Tracing, child

log = structlog.get_logger(__name__)


class Watching:
    """One per process."""

    def __init__(self, meters: Meters, tracing: Tracing) -> None:
        self._meters, self._tracing = meters, tracing

    def settled(self, items: Sequence[Item], outcomes: Sequence[Outcome], facts: int, started_ns: int) -> None:
        """A batch is durable and published. Each event whose trace is kept becomes a span over the batch it was part of."""
        ended_ns = time.time_ns()
        self._meters.count("batches_total", 1, "settled")
        self._meters.observe("settle_seconds", (ended_ns - started_ns) / 1e9, "batch")
        for kind, count in summary(outcomes).items():
            self._meters.count("events_total", count, kind)
        for item, outcome in zip(items, outcomes, strict=True):
            parent = item.message.traceparent
            if self._tracing.keeps(parent):
                about: dict[str, str | int] = {"topic": item.origin.topic, "offset": item.origin.offset, "outcome": outcome.kind}
                self._tracing.record("settle", child(parent), started_ns, ended_ns, parent, "", **about)

    def fired(self, outcomes: Sequence[Outcome], late_s: Sequence[float]) -> None:
        """Deadlines were settled, each so much later than it could have been."""
        for kind, count in summary(outcomes).items():
            self._meters.count("deadlines_total", count, kind)
        for seconds in late_s:
            self._meters.observe("due_late_seconds", seconds)

    def failed(self, failure: Failure) -> None:
        """A decision raised: where it came from and where in the code, so that somebody can mend it and release what is parked."""
        origin = failure.item.origin
        log.error(
            "decision failed", code="TL-4001", error=failure.error, where=failure.frames,
            topic=origin.topic, partition=origin.partition, offset=origin.offset,
        )  # fmt: skip

    def retried(self, why: str) -> None:
        self._meters.count("batches_total", 1, why)

    def oversize(self, facts: int) -> None:
        log.error("facts do not fit their topic", code="TL-4005", count=facts)
