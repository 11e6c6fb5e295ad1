"""What operators see: every alert has a runbook and a test, and every metric that is asked for is one that a process tells."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy import dashboards
from deploy.local.services import PROCESSES
from infra.telemetry import METRICS, Meters

pytestmark = pytest.mark.timeout(600)  # programs with thousands of files to read, on a machine that may be busy
ROOT = Path(__file__).parents[2]
PLACE = ROOT / "deploy" / "observability"
RULES = PLACE / "rules" / "throughline.yaml"
TESTS = (Path(__file__).parent / "rules_test.yaml", Path(__file__).parent / "silence_test.yaml")
RUNBOOKS = ROOT / "docs" / "runbooks.md"
PROMETHEUS_OWN = {"up"}
TARGETS = {"job", "app", "instance"}
"""What Prometheus itself puts on every sample, by its configuration here."""
WORDS = {
    "abs", "and", "avg", "bool", "by", "count", "deriv", "for", "histogram_quantile", "ignoring", "increase", "label_replace", "le", "max",
    "max_over_time", "min", "offset", "on", "or", "rate", "sum", "time", "unless", "group_left", "group_right", "without",
}  # fmt: skip


def groups() -> list[dict[str, Any]]:
    return list(yaml.safe_load(RULES.read_text("utf-8"))["groups"])


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for group in groups() for rule in group["rules"] if "alert" in rule}


def recorded() -> dict[str, str]:
    return {rule["record"]: rule["expr"] for group in groups() for rule in group["rules"] if "record" in rule}


def expressions() -> list[str]:
    asked = [panel.expression for _, panels in dashboards.DASHBOARDS.values() for panel in panels]
    return [*recorded().values(), *(rule["expr"] for rule in alerts().values()), *asked]


def names(expression: str) -> set[str]:
    """Metrics and records that an expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)", " ", bare)
    return {word for word in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare) if word not in WORDS}


def told() -> set[str]:
    """What a process tells: the table of infra, what its client library adds, and the worklist's own gauges."""
    meters = Meters("any", CollectorRegistry())
    own = {sample for family in meters.registry.collect() for sample in _samples(family)}
    worklist = (ROOT / "services" / "worklist" / "follow.py").read_text("utf-8")
    return own | set(re.findall(r'Gauge\("([a-z_]+)"', worklist)) | PROMETHEUS_OWN | set(recorded())


def _samples(family: Any) -> list[str]:
    """A counter is asked for as `_total`, a histogram as `_bucket`."""
    return {"counter": [f"{family.name}_total"], "histogram": [f"{family.name}_bucket"]}.get(family.type, [family.name])


@pytest.mark.parametrize("name", sorted(alerts()))
def test_every_alert_has_a_runbook_a_severity_and_a_delay(name):
    rule, sections = alerts()[name], re.findall(r"^## (\w+)$", RUNBOOKS.read_text("utf-8"), re.M)
    assert name in sections and rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"
    assert rule["labels"]["severity"] in ("page", "ticket") and rule["for"] and rule["annotations"]["summary"]


def test_every_runbook_has_its_alert_and_says_its_severity():
    sections = re.findall(r"^## (\w+)\n\*(\w+)\*", RUNBOOKS.read_text("utf-8"), re.M)
    assert dict(sections) == {name: rule["labels"]["severity"] for name, rule in alerts().items()}


def test_every_alert_is_seen_firing_and_seen_quiet():
    cases = [case for file in TESTS for test in yaml.safe_load(file.read_text("utf-8"))["tests"] for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(alerts())
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == set(alerts())


def test_every_metric_that_is_asked_for_is_told():
    assert {name for expression in expressions() for name in names(expression)} - told() == set()


def labelled() -> dict[str, set[str]]:
    """Metric or record → its labels: of infra's table, of the worklist's gauges, of what a record sums by."""
    named = {f"throughline_{metric.name}": {"service", *metric.labels} for metric in METRICS}
    named |= {f"{name}_bucket": {*labels, "le"} for name, labels in named.items()}
    worklist = re.findall(
        r'Gauge\("([a-z_]+)", "[^"]*"(?:, \[([^\]]*)\])?', (ROOT / "services" / "worklist" / "follow.py").read_text("utf-8")
    )
    named |= {name: set(re.findall(r'"(\w+)"', labels)) for name, labels in worklist}
    return named | {name: summed_by(expression) - {"le"} for name, expression in recorded().items()}


def summed_by(expression: str) -> set[str]:
    return {label.strip() for group in re.findall(r"\bby\s*\(([^)]*)\)", expression) for label in group.split(",")}


def foreign(expression: str) -> set[str]:
    """Labels that an expression selects, sums or joins by and that none of its metrics has: it would find nothing, for ever."""
    asked = summed_by(expression) | {label for group in re.findall(r"\bon\s*\(([^)]*)\)", expression) for label in group.split(",")}
    known = labelled()
    selected = {
        label
        for name, matchers in re.findall(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}", expression)
        for label in set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) - known.get(name, set())
    }
    return (selected | asked - set().union(*(known.get(name, set()) for name in names(expression)))) - TARGETS


def test_every_label_that_is_asked_for_is_one_of_its_metrics():
    assert [(expression, wrong) for expression in expressions() if (wrong := foreign(expression))] == []


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [('throughline_batches_total{ended="conflict"}', {"ended"}), ("sum by (step, topic) (throughline_parked)", {"step", "topic"}),
     ('throughline:items{lists="unowned"}', {"lists"})],
)  # fmt: skip
def test_a_label_that_no_metric_has_is_found(expression, wrong):
    assert foreign(expression) == wrong


def test_every_outcome_that_is_asked_for_is_one_that_is_told():
    said = {
        word
        for expression in expressions()
        for value in re.findall(r'(?:outcome|list|status)=~?"([^"]*)"', expression)
        for word in value.split("|")
    }
    written = "\n".join(path.read_text("utf-8") for folder in ("infra", "services/worklist") for path in (ROOT / folder).rglob("*.py"))
    assert {word for word in said - {"5xx"} if f'"{word}"' not in written} == set()
    assert 'f"{status // 100}xx"' in written


def test_a_metric_that_nobody_tells_is_found():
    assert names('sum by (service) (rate(throughline_imagined_total{a="b c"}[5m])) > 3') - told() == {"throughline_imagined_total"}


@pytest.mark.parametrize("name", dashboards.DASHBOARDS)
def test_a_dashboard_is_the_tables(name):
    assert (dashboards.FOLDER / f"{name}.json").read_text("utf-8") == dashboards.text(name), "python -m deploy.dashboards"


def test_prometheus_finds_every_process():
    scraped = yaml.safe_load((PLACE / "prometheus.yaml").read_text("utf-8"))["scrape_configs"][0]["dns_sd_configs"][0]["names"]
    assert set(scraped) == {service.process for service in PROCESSES if not service.stand_in}


def test_prometheus_takes_the_rules_and_its_configuration(tool):
    promtool = tool("promtool")
    for arguments in (["rules", RULES], ["config", "--syntax-only", PLACE / "prometheus.yaml"]):
        done = subprocess.run([promtool, "check", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("right", "wrong"), [("rate(", "rat("), ("expr:", "exp:"), ("by (service)", "by service")])
def test_a_mistake_in_a_rule_is_found(right, wrong, tool, tmp_path):
    text = RULES.read_text("utf-8")
    (tmp_path / "planted.yaml").write_text(text.replace(right, wrong, 1))
    assert right in text and subprocess.run([tool("promtool"), "check", "rules", tmp_path / "planted.yaml"], capture_output=True).returncode


@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_should(file, tool):
    done = subprocess.run([tool("promtool"), "test", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_no_longer_fires_is_found(tool, tmp_path):
    (tmp_path / "planted.yaml").write_text(RULES.read_text("utf-8").replace("throughline_parked) > 0", "throughline_parked) > 9"))
    only = {
        "rule_files": ["planted.yaml"],
        "group_eval_order": [group["name"] for group in groups()],
        "evaluation_interval": "10s",
        "tests": [_only("AggregatesParked")],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(only))
    assert subprocess.run([tool("promtool"), "test", "rules", tmp_path / "test.yaml"], capture_output=True).returncode


def _only(alert: str) -> dict[str, Any]:
    case = yaml.safe_load(TESTS[0].read_text("utf-8"))["tests"][0]
    case.pop("promql_expr_test")
    return case | {"alert_rule_test": [one for one in case["alert_rule_test"] if one["alertname"] == alert]}
