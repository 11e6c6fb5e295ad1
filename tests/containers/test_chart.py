"""The chart: what it renders is what is saved, every resource is what its API takes, and each check notices a planted mistake."""

import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import catalogue
from deploy import chart, strimzi
from deploy.chart import CHART, VALUES
from deploy.local.services import SERVICES
from infra.problems import Problem

pytestmark = pytest.mark.timeout(600)  # programs with thousands of files to read, on a machine that may be busy
KUBERNETES_CHECKED = ("1.34",)
SCHEMAS = Path(__file__).parent / "schemas" / "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"
ZONE_AND_HOST = {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
CUSTOM = {"ScaledObject", "TriggerAuthentication", "KafkaTopic", "KafkaUser"}
OURS = [service for service in SERVICES if not service.stand_in]
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def rendered(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(chart.golden(name).read_text("utf-8")) if one]


def of_kind(kind: str) -> Iterator[dict[str, Any]]:
    for name in VALUES:
        yield from (one for one in rendered(name) if one["kind"] == kind)


def pods() -> Iterator[dict[str, Any]]:
    for kind in ("Deployment", "Job"):
        yield from (one["spec"]["template"]["spec"] for one in of_kind(kind))


def kubernetes_faults(program: Path, file: Path, version: str) -> list[str]:
    """Strictly, from schemas that come with the tool. Kinds of others are not its business."""
    done = subprocess.run([program, "-k", version, "--strict", "--no-warn", file], capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith("ERROR")] or (["exit code"] if done.returncode else [])


def custom_faults(program: Path, file: Path) -> str:
    """Strictly, of KEDA's and Strimzi's kinds alone."""
    known = {one["kind"] for one in yaml.safe_load_all(file.read_text("utf-8")) if one}
    skipped = ["-skip", ",".join(sorted(known - CUSTOM))] if known - CUSTOM else []
    done = subprocess.run([program, "-strict", "-schema-location", SCHEMAS, *skipped, file], capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


# — the renders


@pytest.mark.parametrize("name", VALUES)
def test_a_render_is_the_saved_one(name, tool):
    assert chart.render(name, helm=tool("helm")) == chart.golden(name).read_text("utf-8"), "python -m deploy.chart"


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_to_say(name, tool):
    chart.run(
        ["lint", "--strict", str(CHART), "--kube-version", chart.KUBERNETES, "-f", str(CHART / "values" / f"{name}.yaml")], tool("helm")
    )


@pytest.mark.parametrize("version", KUBERNETES_CHECKED)
@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_takes_every_resource_strictly(name, version, tool):
    assert kubernetes_faults(tool("kubernetes-validate"), chart.golden(name), version) == []


@pytest.mark.parametrize("name", VALUES)
def test_keda_and_strimzi_take_theirs(name, tool):
    assert custom_faults(tool("kubeconform"), chart.golden(name)) == ""


# — each check notices


def planted(directory: Path, name: str, right: str, wrong: str) -> Path:
    """The first resource that says `right`, saying `wrong`."""
    found = next(one for one in chart.golden(name).read_text("utf-8").split("---\n") if right in one)
    file = directory / "planted.yaml"
    file.write_text(found.replace(right, wrong, 1))
    return file


@pytest.mark.parametrize(
    "given",
    ["image.tag=latest", "services.crisis_routing.replicas.min=1", "services.intake.replicas.min=0", "services.intake.replicas.max=9",
     "services.intake.replicas.max=1", "kafka.bootstrap=nowhere", "identity.jwks=http://login.example.org/keys", "setings.LANES=3",
     "settings.KAFKA_TLS=false", "services.intake.settings.DEVELOPMENT=true", "lanes=25", "strimzi.enabled=true"],
)  # fmt: skip
def test_wrong_values_are_refused(given, tool):
    with pytest.raises(Problem, match="TL-2018"):
        chart.render("small", "--set", given, helm=tool("helm"))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("readOnlyRootFilesystem:", "readOnlyRootFileSystem:"), ("containerPort: 8080", 'containerPort: "8080"'),
     ("maxUnavailable: 1\n", "maxUnavailible: 1\n"), ("policyTypes:", "policyType:")],
)  # fmt: skip
def test_a_misspelt_field_is_found(right, wrong, tool, tmp_path):
    assert kubernetes_faults(tool("kubernetes-validate"), planted(tmp_path, "small", right, wrong), "1.34")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("minReplicaCount:", "minReplicas:"), ("operations:", "operation:"), ("kafka.strimzi.io/v1\n", "kafka.strimzi.io/v1beta2\n"),
     ("patternType: literal", "patternType: exact"), ("scaleTargetRef:", "scaleTarget:")],
)  # fmt: skip
def test_a_mistake_in_a_custom_resource_is_found(right, wrong, tool, tmp_path):
    assert custom_faults(tool("kubeconform"), planted(tmp_path, "production", right, wrong))


# — what it says


def test_the_map_has_every_service_and_no_other():
    assert set(DEFAULTS["services"]) == set(catalogue.SERVICES) == {service.name for service in OURS}


@pytest.mark.parametrize("service", [service for service in OURS if service.exists()], ids=lambda service: service.name)
def test_a_service_is_scaled_by_every_group_it_reads_in(service):
    app = import_module(service.module)
    outside, streams = getattr(getattr(app, "SERVICE", None), "outside", ""), getattr(getattr(app, "APP", None), "streams", {})
    wanted = [service.name, *(f"{service.name}.{stream}" for stream in ([*streams, "partners"] if outside else streams))]
    assert DEFAULTS["services"][service.name]["groups"] == wanted


def test_nobody_is_scaled_to_zero_or_beyond_the_partitions():
    objects = list(of_kind("ScaledObject"))
    assert len(objects) == len(OURS)
    assert all(one["spec"]["minReplicaCount"] >= 1 for one in objects)
    assert all(one["spec"]["maxReplicaCount"] * DEFAULTS["lanes"] <= catalogue.PARTITIONS for one in objects)
    crisis = next(one for one in objects if one["metadata"]["name"].endswith("crisis-routing"))
    assert crisis["spec"]["minReplicaCount"] >= 2


def test_alive_is_not_ready():
    containers = [pod["containers"][0] for pod in pods() if "livenessProbe" in pod["containers"][0]]
    assert len(containers) == len(OURS) * len(VALUES)
    for one in containers:
        assert (one["livenessProbe"]["httpGet"]["path"], one["readinessProbe"]["httpGet"]["path"]) == ("/health/live", "/health/ready")


def test_every_pod_gives_up_what_it_does_not_need():
    for pod in pods():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert {"requests", "limits"} <= container["resources"].keys()


def test_a_service_has_time_to_stop():
    for pod in pods():
        told = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
        if seconds := told.get("THROUGHLINE_STOP_SECONDS"):
            assert int(seconds) + pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] < pod["terminationGracePeriodSeconds"]


def test_no_secret_stands_in_an_environment():
    told = {entry["name"] for pod in pods() for entry in pod["containers"][0]["env"]}
    assert not {name for name in told if name.endswith(("PASSWORD", "KEK", "MONGO_URL", "VAULT_URL"))}


@pytest.mark.parametrize("name", VALUES)
def test_every_pod_is_behind_a_policy_of_its_own(name):
    policies = [one["spec"]["podSelector"]["matchLabels"] for one in rendered(name) if one["kind"] == "NetworkPolicy"]
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in rendered(name) if one["kind"] in ("Deployment", "Job")]
    assert all(any(policy.items() <= one.items() for policy in policies) for one in labels)
    assert all(one["spec"]["policyTypes"] == ["Ingress", "Egress"] for one in rendered(name) if one["kind"] == "NetworkPolicy")


@pytest.mark.parametrize("name", VALUES)
def test_every_deployment_has_a_budget_and_is_spread(name):
    made = rendered(name)
    budgets = {one["metadata"]["name"] for one in made if one["kind"] == "PodDisruptionBudget"}
    deployments = [one for one in made if one["kind"] == "Deployment"]
    spread = [one["spec"]["template"]["spec"]["topologySpreadConstraints"] for one in deployments]
    assert {one["metadata"]["name"] for one in deployments} == budgets
    assert all({one["topologyKey"] for one in constraints} == ZONE_AND_HOST for constraints in spread)


# — the catalogue in Strimzi's words


def test_strimzis_resources_are_the_catalogues():
    assert strimzi.FILE.read_text("utf-8") == strimzi.HEAD + strimzi.text(strimzi.everything()), "python -m deploy.strimzi"


def test_a_partners_resources_are_taken_and_name_nobody_else(tool, tmp_path):
    text = strimzi.text(strimzi.partner("riverbend")).replace(strimzi.CLUSTER, "prairie")
    (tmp_path / "partner.yaml").write_text(text)
    assert custom_faults(tool("kubeconform"), tmp_path / "partner.yaml") == ""
    user = next(one for one in yaml.safe_load_all(text) if one["kind"] == "KafkaUser")
    assert {acl["resource"]["name"] for acl in user["spec"]["authorization"]["acls"]} == {
        "partner-in-riverbend", "partner-out-riverbend", "partner-riverbend.",
    }  # fmt: skip
