"""The checks of what the chart renders and is given; each says what it found. `test_checks.py` plants a mistake for each."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft7Validator

from deploy import chart
from deploy.chart import CHART

KUBERNETES_CHECKED = "1.34"
SCHEMAS = Path(__file__).parent / "schemas"
CUSTOM = {"ScaledObject", "TriggerAuthentication", "KafkaTopic", "KafkaUser"}
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def rendered(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(chart.golden(name).read_text("utf-8")) if one]


def kubernetes_faults(resources: Iterable[dict[str, Any]], version: str = KUBERNETES_CHECKED) -> list[str]:
    """Strictly, from Kubernetes' own schemas, which the validator brings along. Kinds of others are not its business."""
    faults = []
    for one in resources:
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            faults.append(f"{one['kind']}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError:
            assert one["kind"] in CUSTOM, one["kind"]
    return faults


def custom_faults(resources: Iterable[dict[str, Any]]) -> list[str]:
    """Strictly, of KEDA's and Strimzi's kinds alone."""
    return [f"{one['kind']}: {fault.message}" for one in resources if one["kind"] in CUSTOM for fault in _schema(one).iter_errors(one)]


def _schema(resource: dict[str, Any]) -> Draft7Validator:
    group, version = resource["apiVersion"].split("/")
    file = SCHEMAS / f"{resource['kind']}-{group}-{version}.json".lower()
    return Draft7Validator(json.loads(file.read_text("utf-8")) if file.exists() else False)


def values_faults(name: str, given: str = "") -> list[str]:
    """What the chart's schema says of example values over the defaults, with one of them set anew (`a.b=c`, as Helm takes it)."""
    example = yaml.safe_load((CHART / "values" / f"{name}.yaml").read_text("utf-8"))
    values = _over(_over(DEFAULTS, example), _nested(given))
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    return [fault.message for fault in Draft7Validator(schema).iter_errors(values)]


def _nested(given: str) -> dict[str, Any]:
    path, _, said = given.partition("=")
    value: Any = yaml.safe_load(said)
    for key in reversed(path.split(".")) if path else ():
        value = {key: value}
    return value or {}


def _over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {key for key, value in over.items() if isinstance(value, dict) and isinstance(under.get(key), dict)}
    return under | over | {key: _over(under[key], over[key]) for key in both}


def kubeconform_faults(program: Path, file: Path) -> str:
    """The same by another's hand."""
    known = {one["kind"] for one in yaml.safe_load_all(file.read_text("utf-8")) if one}
    skipped = ["-skip", ",".join(sorted(known - CUSTOM))] if known - CUSTOM else []
    location = SCHEMAS / "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"
    done = subprocess.run([program, "-strict", "-schema-location", location, *skipped, file], capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""
