"""Every resource is what its API takes, every value what the chart takes, and each check notices a planted mistake."""

import pytest
import yaml

from deploy import chart
from deploy.chart import VALUES
from infra.problems import Problem
from tests.containers.checks import custom_faults, kubeconform_faults, kubernetes_faults, rendered, values_faults

pytestmark = pytest.mark.timeout(600)  # programs with thousands of files to read, on a machine that may be busy


@pytest.mark.parametrize("name", VALUES)
def test_the_schema_takes_the_example_values(name):
    assert values_faults(name) == []


@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_takes_every_resource_strictly(name):
    assert kubernetes_faults(rendered(name)) == []


@pytest.mark.parametrize("name", VALUES)
def test_keda_and_strimzi_take_theirs(name):
    assert custom_faults(rendered(name)) == []


@pytest.mark.parametrize("name", VALUES)
def test_kubeconform_takes_them_too(name, tool):
    assert kubeconform_faults(tool("kubeconform"), chart.golden(name)) == ""


# — each check notices


def planted(name: str, right: str, wrong: str) -> str:
    """The first resource that says `right`, saying `wrong`."""
    found = next(one for one in chart.golden(name).read_text("utf-8").split("---\n") if right in one)
    return found.replace(right, wrong, 1)


WRONG_VALUES = pytest.mark.parametrize(
    "given",
    ["image.tag=latest", "services.crisis_routing.replicas.min=1", "services.intake.replicas.min=0", "services.intake.replicas.max=9",
     "services.intake.replicas.max=1", "kafka.bootstrap=nowhere", "identity.jwks=http://login.example.org/keys", "setings.LANES=3",
     "settings.KAFKA_TLS=false", "services.intake.settings.DEVELOPMENT=true", "lanes=25", "strimzi.enabled=true",
     "ingress.enabled=true", "ingress.host=https://board.example.org"],
)  # fmt: skip
NOT_A_SCHEMAS_BUSINESS = ("services.intake.replicas.max=9", "services.intake.replicas.max=1")
"""Sums and comparisons of two values: the templates refuse them."""


@WRONG_VALUES
def test_wrong_values_are_found_by_the_schema(given):
    assert bool(values_faults("small", given)) is (given not in NOT_A_SCHEMAS_BUSINESS)


@WRONG_VALUES
def test_helm_refuses_wrong_values(given, tool):
    with pytest.raises(Problem, match="TL-2018"):
        chart.render("small", "--set", given, helm=tool("helm"))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("readOnlyRootFilesystem:", "readOnlyRootFileSystem:"), ("containerPort: 8080", 'containerPort: "8080"'),
     ("maxUnavailable: 1\n", "maxUnavailible: 1\n"), ("policyTypes:", "policyType:")],
)  # fmt: skip
def test_a_misspelt_field_is_found(right, wrong):
    assert kubernetes_faults([yaml.safe_load(planted("small", right, wrong))])


MISTAKES = pytest.mark.parametrize(
    ("right", "wrong"),
    [("minReplicaCount:", "minReplicas:"), ("operations:", "operation:"), ("kafka.strimzi.io/v1\n", "kafka.strimzi.io/v1beta2\n"),
     ("patternType: literal", "patternType: exact"), ("scaleTargetRef:", "scaleTarget:")],
)  # fmt: skip


@MISTAKES
def test_a_mistake_in_a_custom_resource_is_found(right, wrong):
    assert custom_faults([yaml.safe_load(planted("production", right, wrong))])


@MISTAKES
def test_kubeconform_finds_it_too(right, wrong, tool, tmp_path):
    (tmp_path / "planted.yaml").write_text(planted("production", right, wrong))
    assert kubeconform_faults(tool("kubeconform"), tmp_path / "planted.yaml")
