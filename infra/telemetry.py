"""What a process tells of its work: numbers for Prometheus, and spans that follow an event from service to service.

No label and no span attribute ever holds a value about a person: labels are names that this code or the catalogue fixed, and
attributes come from a list. Whether a trace is kept is decided once, where it begins, by its id; so an event of a trace that is
not kept costs a comparison and a new span id, and no span object.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from random import getrandbits
from typing import TYPE_CHECKING, Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

if TYPE_CHECKING:  # the SDK costs memory that a process without a collector need not have
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


@dataclass(frozen=True)
class Metric:
    """One metric: `throughline_` is put before its name, and `service` before its labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric("events_total", "counter", "Messages taken in, by how they ended", ("outcome",)),
    Metric("batches_total", "counter", "Batches settled, by how they ended", ("outcome",)),
    Metric("settle_seconds", "histogram", "Time of one step of settling one batch", ("step",)),
    Metric("facts_published_total", "counter", "Facts acknowledged by the broker"),
    Metric("publish_seconds", "histogram", "Time to have the facts of one batch acknowledged"),
    Metric("publish_failures_total", "counter", "Publish calls that were not acknowledged whole", ("reason",)),
    Metric("producer_restarts_total", "counter", "Producers given up and replaced", ("reason",)),
    Metric("unpublished_facts", "gauge", "Facts recorded and not yet acknowledged by the broker"),
    Metric("outbox_age_seconds", "gauge", "Age of the oldest fact of the service that is not yet acknowledged by the broker"),
    Metric("lag_records", "gauge", "Records of the partitions held by this process that are not yet settled", ("topic",)),
    Metric("lag_age_seconds", "gauge", "Age of the oldest record that is being settled", ("topic",)),
    Metric("last_record_seconds", "gauge", "When the newest settled record was stamped, in seconds since 1970", ("topic",)),
    Metric("parked", "gauge", "Aggregates held by a message that failed"),
    Metric("quarantined", "gauge", "Inputs that somebody must look at"),
    Metric("due_late_seconds", "histogram", "How much later than it could have a deadline fired"),
    Metric("deadlines_total", "counter", "Deadlines fired, by what came of them", ("outcome",)),
    Metric("errands_total", "counter", "Things done outside, or given up by an error of ours", ("pool", "outcome")),
    Metric("errand_wait_seconds", "histogram", "From when something may be done outside to its beginning", ("pool",)),
    Metric("http_requests_total", "counter", "Requests answered, by route and status class", ("route", "status")),
    Metric("http_request_seconds", "histogram", "Time until a request's answer began", ("route",)),
    Metric("spans_dropped_total", "counter", "Trace spans dropped because the exporter fell behind"),
)


class Meters:
    """The metrics of one service, by their names in the table; a name that is not in it is a KeyError."""

    def __init__(self, service: str, registry: CollectorRegistry | None = None) -> None:
        self.service, self.registry = service, registry or CollectorRegistry()
        self._metrics = {metric.name: self._declare(metric) for metric in METRICS}
        ProcessCollector(registry=self.registry)
        self._children: dict[tuple[str, ...], Counter | Gauge | Histogram] = {}

    def count(self, name: str, by: float = 1, *labels: str) -> None:
        """Add to a counter. Labels in the order of the table."""
        self._child(name, labels).inc(by)  # type: ignore[union-attr]

    def set(self, name: str, value: float, *labels: str) -> None:
        self._child(name, labels).set(value)  # type: ignore[union-attr]

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        self._child(name, labels).observe(seconds)  # type: ignore[union-attr]

    def text(self) -> bytes:
        """What Prometheus scrapes."""
        return generate_latest(self.registry)

    def _declare(self, metric: Metric) -> Counter | Gauge | Histogram:
        name, labels = f"throughline_{metric.name}", ("service", *metric.labels)
        if metric.kind == "histogram":
            return Histogram(name, metric.help, labels, registry=self.registry, buckets=SECONDS)
        kind = Counter if metric.kind == "counter" else Gauge
        return kind(name, metric.help, labels, registry=self.registry)

    def _child(self, name: str, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        key = (name, *labels)
        if key not in self._children:
            self._children[key] = self._metrics[name].labels(self.service, *labels)
        return self._children[key]


TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
SPAN_ATTRIBUTES = frozenset({"topic", "partition", "offset", "type", "outcome", "step", "route", "status"})
SPANS_WAITING_MAX = 4096
_RANDOM_BITS = 56
"""W3C promises that many random bits at the end of a trace id."""

_NOTHING: AbstractContextManager[None] = nullcontext()
_kept_below = 0


def keep_traces(ratio: float) -> None:
    """The share of traces that begin in this process and are kept; none until this is called."""
    global _kept_below
    _kept_below = int(ratio * (1 << _RANDOM_BITS))


def root() -> str:
    """The `traceparent` of a new trace. An outside sender's own is only linked to: it could mark all its traces as kept."""
    trace = getrandbits(128) or 1
    kept = (trace & ((1 << _RANDOM_BITS) - 1)) < _kept_below
    return f"00-{trace:032x}-{getrandbits(64) or 1:016x}-{'01' if kept else '00'}"


def child(traceparent: str) -> str:
    """A new span under this one, kept if it is; a new trace if this is none."""
    if not TRACEPARENT.fullmatch(traceparent):
        return root()
    return f"{traceparent[:36]}{getrandbits(64) or 1:016x}{traceparent[52:]}"


def kept_trace(traceparent: str) -> str:
    """The id of a trace that can be looked at; empty for one that was not kept."""
    return traceparent[3:35] if TRACEPARENT.fullmatch(traceparent) and int(traceparent[53:], 16) & 1 else ""


class Tracing:
    """Records spans whose ids travel in the events themselves. Without an exporter it records nothing.

    Spans wait in a bounded queue for a thread that exports them; when it falls behind they are dropped and counted.
    """

    def __init__(self, meters: Meters, exporter: "SpanExporter | None" = None) -> None:
        self._meters, self._recorded, self._counted = meters, 0, exporter and _counted(exporter)
        if self._counted is not None:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace.export import BatchSpanProcessor

            self._resource = Resource({"service.name": meters.service})
            self._processor = BatchSpanProcessor(self._counted, SPANS_WAITING_MAX, 1000, 512)

    def keeps(self, traceparent: str) -> bool:
        """Is anything recorded for this trace?"""
        return self._counted is not None and traceparent[-1:] in "13579bdf" and traceparent != ""

    def span(self, name: str, own: str, parent: str = "", link: str = "", **attributes: str | int) -> AbstractContextManager[None]:
        """Time a block as the span `own`; nothing at all when its trace is not kept."""
        return self._timed(name, own, parent, link, attributes) if self.keeps(own) else _NOTHING

    def record(self, name: str, own: str, start_ns: int, end_ns: int, parent: str = "", link: str = "", **attributes: str | int) -> None:
        """A span that has already passed, between two `time.time_ns()`: how a batch tells of each of its events afterwards."""
        if not self.keeps(own):
            return
        if self._recorded - self._counted.exported >= SPANS_WAITING_MAX:  # type: ignore[union-attr]
            self._meters.count("spans_dropped_total")
            return
        self._recorded += 1
        self._processor.on_end(self._made(name, own, start_ns, end_ns, parent, link, attributes))

    def stop(self, timeout_s: float) -> None:
        """Export what waits, for at most that long."""
        if self._counted is not None:
            ending = threading.Thread(target=self._processor.shutdown, daemon=True)
            ending.start()
            ending.join(timeout_s)

    @contextmanager
    def _timed(self, name: str, own: str, parent: str, link: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        start = time.time_ns()
        try:
            yield
        finally:
            self.record(name, own, start, time.time_ns(), parent, link, **attributes)

    def _made(
        self, name: str, own: str, start_ns: int, end_ns: int, parent: str, link: str, attributes: Mapping[str, str | int]
    ) -> "ReadableSpan":
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import Link

        if strange := attributes.keys() - SPAN_ATTRIBUTES:
            raise KeyError(f"not span attributes: {', '.join(sorted(strange))}")
        return ReadableSpan(
            name=name,
            context=_context(own),
            parent=_context(parent),
            resource=self._resource,
            attributes=attributes,
            links=[Link(context)] if (context := _context(link)) else (),
            start_time=start_ns,
            end_time=end_ns,
        )


def otlp(endpoint: str) -> "SpanExporter | None":
    """The exporter of an OTLP/HTTP collector (its base address or its traces path), or None without one."""
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint if endpoint.rstrip("/").endswith("/v1/traces") else f"{endpoint.rstrip('/')}/v1/traces", timeout=5)


def _context(traceparent: str) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    if not TRACEPARENT.fullmatch(traceparent):
        return None
    return SpanContext(
        int(traceparent[3:35], 16), int(traceparent[36:52], 16), is_remote=True, trace_flags=TraceFlags(int(traceparent[53:], 16))
    )


def _counted(exporter: "SpanExporter") -> Any:
    """The same exporter, that knows how many spans it was given."""
    given = exporter.export

    def export(spans: "Sequence[ReadableSpan]") -> Any:
        try:
            return given(spans)
        finally:
            exporter.exported += len(spans)  # type: ignore[attr-defined]

    exporter.exported, exporter.export = 0, export  # type: ignore[attr-defined, method-assign]
    return exporter
