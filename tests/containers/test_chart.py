"""The chart: what it renders is what is saved, and what that says. Whether its APIs take it: test_checks.py."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import yaml

from contracts import catalogue
from deploy import chart, strimzi
from deploy.chart import CHART, VALUES
from deploy.local.services import PROCESSES
from infra.problems import Problem
from services.notification import pages
from services.notification.composing import page_of
from tests.containers.checks import DEFAULTS, custom_faults, rendered

pytestmark = pytest.mark.timeout(600)  # programs with thousands of files to read, on a machine that may be busy
ZONE_AND_HOST = {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
OURS = [service for service in PROCESSES if not service.stand_in]


def of_kind(kind: str) -> Iterator[dict[str, Any]]:
    for name in VALUES:
        yield from (one for one in rendered(name) if one["kind"] == kind)


def pods() -> Iterator[dict[str, Any]]:
    for kind in ("Deployment", "Job"):
        yield from (one["spec"]["template"]["spec"] for one in of_kind(kind))


# — the renders


@pytest.mark.parametrize("name", VALUES)
def test_a_render_is_the_saved_one(name, tool):
    assert chart.render(name, helm=tool("helm")) == chart.golden(name).read_text("utf-8"), "python -m deploy.chart"


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_to_say(name, tool):
    chart.run(
        ["lint", "--strict", str(CHART), "--kube-version", chart.KUBERNETES, "-f", str(CHART / "values" / f"{name}.yaml")], tool("helm")
    )


# — what it says


def test_the_map_has_every_process_of_every_service_and_no_other():
    of = {name.replace("_", "-"): (its.get("of", name), its.get("reads", "everything")) for name, its in DEFAULTS["services"].items()}
    assert of == {service.process: (service.name, service.reads) for service in OURS}
    assert {service for service, _ in of.values()} == set(catalogue.SERVICES)


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.process)
def test_a_process_is_scaled_by_every_group_it_reads_in(service):
    app = import_module(service.module)
    known, streams = getattr(app, "SERVICE", None), getattr(getattr(app, "APP", None), "streams", {})
    apart = [*streams, *getattr(known, "apart", ())]
    rest = ["", *(["partners"] if getattr(known, "outside", "") else [])]
    wanted = {"everything": [*rest, *apart], "apart": apart, "rest": rest}[service.reads]
    assert DEFAULTS["services"][service.process.replace("-", "_")]["groups"] == [f"{service.name}.{one}".rstrip(".") for one in wanted]


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
def test_the_console_reaches_every_service_that_takes_commands_and_no_policy_stands_between(name):
    made = {(one["kind"], one["metadata"]["name"]): one for one in rendered(name)}
    (container,) = made["Deployment", "throughline-worklist"]["spec"]["template"]["spec"]["containers"]
    (told,) = [entry["value"] for entry in container["env"] if entry["name"] == "THROUGHLINE_SERVICE_URLS"]
    urls = dict(one.split("=", 1) for one in told.split(","))
    assert urls.keys() == set(catalogue.SERVICES) - {"worklist"}
    going = made["NetworkPolicy", "throughline-worklist"]["spec"]["egress"]
    for url in urls.values():
        host = url.removeprefix("http://")
        assert made["Service", host]["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
        selected = {"podSelector": {"matchLabels": made["Service", host]["spec"]["selector"]}}
        assert any(selected in rule.get("to", ()) and {"port": 8080, "protocol": "TCP"} in rule["ports"] for rule in going)
        coming = [peer for rule in made["NetworkPolicy", host]["spec"]["ingress"] for peer in rule["from"]]
        assert {"podSelector": made["NetworkPolicy", "throughline-worklist"]["spec"]["podSelector"]} in coming


def test_a_link_in_a_message_leads_through_the_ingress_to_its_page_and_everything_else_to_the_console():
    made = {(one["kind"], one["metadata"]["name"]): one for one in rendered("production")}
    spec = made["Ingress", "throughline"]["spec"]
    (host,) = [one["host"] for one in spec["rules"]]
    assert [one["hosts"] for one in spec["tls"]] == [[host]] and spec["tls"][0]["secretName"]
    leads = {path["path"]: path["backend"]["service"] for path in spec["rules"][0]["http"]["paths"]}
    assert leads.keys() == {"/", "/alerts"} and all(
        path.startswith("/alerts/") for path in (pages.ALERT, pages.PREVIEWS, page_of("item/1", "1"))
    )
    for path, service in (("/alerts", "notification"), ("/", "worklist")):
        name = f"throughline-{service}"
        assert leads[path] == {"name": name, "port": {"name": "http"}}
        assert leads[path]["port"]["name"] in [port["name"] for port in made["Service", name]["spec"]["ports"]]
        coming = [peer for rule in made["NetworkPolicy", name]["spec"]["ingress"] for peer in rule["from"]]
        assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}} in coming
    told = [entry for one in of_kind("Deployment") for entry in one["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert {entry["value"] for entry in told if entry["name"] == "THROUGHLINE_BOARD_URL"} == {f"https://{host}"}


def test_there_is_no_ingress_unless_it_is_asked_for_and_none_through_which_nothing_passes(tool):
    assert not [one for one in rendered("small") if one["kind"] == "Ingress"]
    asked = ("--set", "ingress.enabled=true", "--set", "ingress.host=board.example.org")
    assert "kind: Ingress" in chart.render("small", *asked, helm=tool("helm"))
    with pytest.raises(Problem, match=r"policies\.callers is empty"):
        chart.render("small", *asked, "--set-json", "policies.callers=[]", helm=tool("helm"))


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


def test_a_partners_resources_are_taken_and_name_nobody_else():
    made = list(yaml.safe_load_all(strimzi.text(strimzi.partner("riverbend")).replace(strimzi.CLUSTER, "prairie")))
    assert custom_faults(made) == []
    user = next(one for one in made if one["kind"] == "KafkaUser")
    assert {acl["resource"]["name"] for acl in user["spec"]["authorization"]["acls"]} == {
        "partner-in-riverbend", "partner-out-riverbend", "partner-riverbend.",
    }  # fmt: skip
