"""`python -m deploy.dashboards`: Grafana's dashboards, one for each audience, from the table below. A test compares the files to it."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "observability" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 12, 8


@dataclass(frozen=True)
class Panel:
    """One question, as a graph, or as the number it is now. `unit` is Grafana's; above `red` it is red."""

    title: str
    expression: str
    legend: str = ""
    unit: str = "short"
    red: float | None = None
    now: bool = False


DASHBOARDS: dict[str, tuple[str, tuple[Panel, ...]]] = {
    "on-call": (
        "On call: does it get on?",
        (
            Panel("Oldest event in hand", "throughline:lag_age_seconds:max", "{{service}} {{topic}}", "s", 60),
            Panel("Crisis: oldest event in hand", 'max(throughline_lag_age_seconds{topic=~"crisis-.*"})', "", "s", 10, now=True),
            Panel("Not yet settled", "sum by (service) (throughline:lag_records:sum)", "{{service}}"),
            Panel("Falls behind by (records a second)", "throughline:lag_records:growth15m", "{{service}}", "short", 1),
            Panel("Time to catch up at this rate", "throughline:drain_seconds", "{{service}}", "s", 300),
            Panel("Oldest fact not published", "max by (service) (throughline_outbox_age_seconds)", "{{service}}", "s", 60),
            Panel("Deadlines: lateness, p99", "throughline:due_late_seconds:p99", "{{service}}", "s", 5),
            Panel("Crisis notices wait, p95", 'max(throughline:errand_wait_seconds:p95{pool="crisis"})', "", "s", 10, now=True),
            Panel("Parked aggregates", "max by (service) (throughline_parked)", "{{service}}", "short", 1, now=True),
            Panel("Instances", 'sum by (app) (up{job="throughline"})', "{{app}}", now=True),
        ),
    ),
    "services": (
        "Services: rate, errors, duration",
        (
            Panel("Messages by how they ended", "throughline:events:rate5m", "{{service}} {{outcome}}", "cps"),
            Panel("Parked, quarantined or failed", "throughline:failed:ratio5m", "{{service}}", "percentunit", 0.01),
            Panel("Settling a batch, p95", "throughline:settle_seconds:p95", "{{service}}", "s", 1),
            Panel("Publishing a batch, p95", "throughline:publish_seconds:p95", "{{service}}", "s", 1),
            Panel("Facts published", "sum by (service) (rate(throughline_facts_published_total[5m]))", "{{service}}", "cps"),
            Panel(
                "Publish failures",
                "sum by (service, reason) (rate(throughline_publish_failures_total[5m]))",
                "{{service}} {{reason}}",
                "cps",
            ),
            Panel(
                "Producers given up",
                "sum by (service, reason) (increase(throughline_producer_restarts_total[1h]))",
                "{{service}} {{reason}}",
            ),
            Panel("Transactions lost to another writer", "throughline:conflicts:ratio5m", "{{service}}", "percentunit", 0.2),
            Panel("Requests", "sum by (service, status) (throughline:http_requests:rate5m)", "{{service}} {{status}}", "reqps"),
            Panel("Answers begin after, p95", "throughline:http_request_seconds:p95", "{{service}} {{route}}", "s", 0.5),
            Panel(
                "Deadlines by outcome",
                "sum by (service, outcome) (rate(throughline_deadlines_total[5m]))",
                "{{service}} {{outcome}}",
                "cps",
            ),
            Panel("Done outside, by how it ended", "throughline:errands:rate5m", "{{service}} {{pool}} {{outcome}}", "cps"),
            Panel("Waits to be done outside, p95", "throughline:errand_wait_seconds:p95", "{{service}} {{pool}}", "s", 10),
            Panel("Memory", "max by (app) (process_resident_memory_bytes)", "{{app}}", "bytes", 384 << 20),
            Panel("Spans dropped", "sum by (service) (increase(throughline_spans_dropped_total[1h]))", "{{service}}"),
        ),
    ),
    "care": (
        "Care operations: is anybody forgotten?",
        (
            Panel("Nobody answers for them", 'throughline:items{list="unowned"}', "", "short", 1, now=True),
            Panel("No deadline", 'throughline:items{list="unclocked"}', "", "short", 1, now=True),
            Panel("An event is missing", "max(worklist_gaps)", "", "short", 1, now=True),
            Panel("Overdue (counted up to 1,000)", 'throughline:items{list="overdue"}', "overdue"),
            Panel("Pending referrals (counted up to 1,000)", 'throughline:items{list="pending"}', "pending"),
            Panel("Crisis: oldest event in hand", 'max(throughline_lag_age_seconds{topic=~"crisis-.*"})', "", "s", 10),
        ),
    ),
    "partners": (
        "Partners: what comes in",
        (
            Panel("Silent for", "throughline:partner_silence_seconds", "{{topic}}", "s", 259_200),
            Panel("Oldest record in hand", 'throughline:lag_age_seconds:max{topic=~"partner-in-.*"}', "{{topic}}", "s", 60),
            Panel("Not yet settled", 'sum by (topic) (throughline_lag_records{topic=~"partner-in-.*"})', "{{topic}}"),
            Panel("At the front door, by how it ended", 'throughline:events:rate5m{service="intake"}', "{{outcome}}", "cps"),
            Panel("Inputs that wait for a steward", "max by (service) (throughline_quarantined)", "{{service}}", "short", 1, now=True),
        ),
    ),
}


def dashboard(name: str) -> dict[str, Any]:
    title, panels = DASHBOARDS[name]
    return {
        "uid": f"throughline-{name}",
        "title": f"Throughline — {title}",
        "tags": ["throughline"],
        "timezone": "browser",
        "schemaVersion": 41,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": "red", "value": panel.red}] if panel.red is not None else []
    return {
        "id": number + 1,
        "type": "stat" if panel.now else "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": WIDTH * (number % 2), "y": HEIGHT * (number // 2), "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.expression, "legendFormat": panel.legend or panel.title}],
    }


def text(name: str) -> str:
    return json.dumps(dashboard(name), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for one in DASHBOARDS:
        (FOLDER / f"{one}.json").write_text(text(one), "utf-8")
        sys.stdout.write(f"wrote {one}.json\n")
