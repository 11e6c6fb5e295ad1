"""Numbers with fixed labels, and spans that cost nothing unless their trace is kept."""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from infra import health, http, telemetry
from infra.health import Vitals
from infra.telemetry import METRICS, TRACEPARENT, Meters, Tracing, child, keep_traces, root

SENDER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(autouse=True)
def kept_none() -> Iterator[None]:
    yield
    keep_traces(0)


def test_no_metric_has_a_label_that_could_name_anybody() -> None:
    labels = {label for metric in METRICS for label in metric.labels}
    assert labels <= {"outcome", "step", "reason", "topic", "route", "status", "pool"}
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_metrics_are_told_by_name_and_label() -> None:
    meters = Meters("speaker")
    meters.count("events_total", 3, "event")
    meters.set("parked", 2)
    meters.observe("settle_seconds", 0.02, "load")
    text = meters.text().decode()
    assert 'throughline_events_total{outcome="event",service="speaker"} 3.0' in text
    assert 'throughline_parked{service="speaker"} 2.0' in text
    assert 'throughline_settle_seconds_count{service="speaker",step="load"} 1.0' in text
    with pytest.raises(KeyError):
        meters.count("unheard_of_total")


def test_a_child_stays_in_its_trace_under_a_new_span() -> None:
    one = child(SENDER)
    assert TRACEPARENT.fullmatch(one) and one[:36] == SENDER[:36] and one[-2:] == "01" and one[36:52] != SENDER[36:52]


@pytest.mark.parametrize("broken", ["", "x", SENDER.upper(), SENDER + "-x", "00-" + "0" * 32 + SENDER[35:], "01" + SENDER[2:]])
def test_under_a_broken_parent_a_new_trace_begins(broken: str) -> None:
    assert TRACEPARENT.fullmatch(child(broken)) and child(broken)[3:35] != SENDER[3:35]


def test_the_stated_share_of_traces_is_kept() -> None:
    keep_traces(0.1)
    kept = sum(root().endswith("1") for _ in range(20_000))
    assert 1_700 < kept < 2_300
    keep_traces(1)
    assert root().endswith("01")
    keep_traces(0)
    assert root().endswith("00")


def test_spans_carry_the_ids_that_travel_in_the_events() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(Meters("speaker"), exporter)
    own = child(SENDER)
    with tracing.span("thing.happened.v1", own, parent=SENDER, link=SENDER, topic="a", offset=3):
        pass
    tracing.record("later", own, 10, 20)
    with tracing.span("not kept", own[:-2] + "00"):
        pass
    tracing.stop(5)
    first, later = exporter.get_finished_spans()
    assert f"{first.context.trace_id:032x}" == SENDER[3:35] and f"{first.context.span_id:016x}" == own[36:52]
    assert first.parent and f"{first.parent.span_id:016x}" == SENDER[36:52]
    assert first.links[0].context.span_id == first.parent.span_id and dict(first.attributes or {}) == {"topic": "a", "offset": 3}
    assert (later.start_time, later.end_time) == (10, 20) and first.resource.attributes["service.name"] == "speaker"


def test_an_attribute_that_is_not_listed_is_refused() -> None:
    tracing = Tracing(Meters("speaker"), InMemorySpanExporter())
    with pytest.raises(KeyError):
        tracing.record("x", SENDER, 1, 2, patient="Mallory")
    tracing.stop(1)


class Stuck(SpanExporter):
    """A collector that takes its time."""

    def export(self, spans: object) -> SpanExportResult:
        time.sleep(30)
        return SpanExportResult.FAILURE


def test_a_collector_that_hangs_costs_dropped_spans_and_no_time() -> None:
    meters = Meters("speaker")
    tracing = Tracing(meters, Stuck())
    started = time.monotonic()
    for _ in range(telemetry.SPANS_WAITING_MAX + 100):
        tracing.record("x", SENDER, 1, 2)
    tracing.stop(0.5)
    assert time.monotonic() - started < 2
    assert 'throughline_spans_dropped_total{service="speaker"} 100.0' in meters.text().decode()


def test_an_event_of_a_trace_that_is_not_kept_costs_less_than_two_microseconds() -> None:
    tracing, unsampled = Tracing(Meters("speaker"), InMemorySpanExporter()), SENDER[:-2] + "00"
    assert tracing.keeps(SENDER) and not tracing.keeps(unsampled)
    best = min(_micros(lambda: (child(unsampled), tracing.keeps(unsampled))) for _ in range(5))
    tracing.stop(1)
    assert best < 2 * 3, f"{best:.2f} µs; three times the figure is allowed on a busy machine"


def _micros(call: object, times: int = 5_000) -> float:
    started = time.perf_counter()
    for _ in range(times):
        call()  # type: ignore[operator]
    return (time.perf_counter() - started) / times * 1e6


def test_requests_are_counted_by_the_pattern_of_their_route_and_never_by_their_path() -> None:
    async def found(request: Request) -> Response:
        return Response(status_code=404 if request.path_params["id"] == "zelda" else 200)

    meters = Meters("speaker")
    client = TestClient(http.application([Route("/v1/items/{id}", found), *health.routes(Vitals(), meters)], meters=meters))
    for path in ("/v1/items/7", "/v1/items/zelda", "/elsewhere/zelda", "/metrics"):
        client.get(path)
    text = meters.text().decode()
    counted = {line for line in text.splitlines() if line.startswith("throughline_http_requests_total")}
    assert counted == {
        'throughline_http_requests_total{route="/v1/items/{id}",service="speaker",status="2xx"} 1.0',
        'throughline_http_requests_total{route="/v1/items/{id}",service="speaker",status="4xx"} 1.0',
        'throughline_http_requests_total{route="none",service="speaker",status="4xx"} 1.0',
    }
    assert "zelda" not in text and 'throughline_http_request_seconds_count{route="/v1/items/{id}",service="speaker"} 2.0' in text
