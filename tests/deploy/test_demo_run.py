"""`throughline demo` as a person runs it, and what it says to try, on real engines with the real services."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from deploy.local import ports
from deploy.local.services import PORTS, PROCESSES
from tests.containers.test_observability import PROMETHEUS_OWN, expressions, names, recorded

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]
PEOPLE = 15
SECONDS_MAX = 180
MISTAKES = {one.__name__ for one in (TypeError, KeyError, AttributeError, ValueError, IndexError, AssertionError, ValidationError)}


class Run:
    """One run of its own: state, ports, and the command."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.http = directory, ports.free_port(PORTS)
        own = {
            "THROUGHLINE_STATE": str(directory / "state"),
            "THROUGHLINE_KAFKA_PORT": str(ports.free_port(2)),
            "THROUGHLINE_MONGO_PORT": str(ports.free_port()),
            "THROUGHLINE_HTTP_PORT": str(self.http),
        }
        self.environment: Mapping[str, str] = {**os.environ, **own}

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        command = [sys.executable, "-m", "deploy.cli", *arguments]
        ended = subprocess.run(command, env=dict(self.environment), capture_output=True, text=True, timeout=SECONDS_MAX)
        assert ended.returncode == expect, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    def get(self, path: str) -> Any:
        token = self("token", "network-lead").strip()
        return httpx2.get(f"http://127.0.0.1:{self.http}{path}", headers={"authorization": f"Bearer {token}"}, timeout=20).json()

    def metrics(self, offset: int) -> str:
        return httpx2.get(f"http://127.0.0.1:{self.http + offset}/metrics", timeout=20).text

    def pid(self, name: str) -> int:
        return next(part["pid"] for part in self.json("status")["parts"] if part["name"] == name)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("demo"))
    try:
        said = run("demo", "--detach", "--people", str(PEOPLE))
        (run.directory / "said").write_text(said)
        yield run
    finally:
        assert "stopped: supervisor" in run("down")


def test_it_says_what_there_is_and_the_board_shows_the_same(demo: Run):
    said = (demo.directory / "said").read_text()
    assert f"http://127.0.0.1:{demo.http}/" in said
    assert "answered: " in said
    counts = demo.get("/v1/counts")["counts"]
    assert 0 < counts["pending"] <= PEOPLE
    assert counts["unowned"] == 0
    rows = demo.get("/v1/pending?limit=200")["rows"]
    assert {"Received", "Acknowledged", "Accepted"} <= {row["status"] for row in rows}
    did = {what: int(count) for count, what in re.findall(r"(\d+) ([a-z ]+)", said.partition("people: ")[2].partition("\n")[0])}
    assert 0 < did["determined"] <= did["accepted"] and did.get("answered by it", 0) <= did.get("put to the payer", 0)


def test_playing_it_again_feeds_nothing_twice(demo: Run):
    before = demo.get("/v1/counts")["counts"]["pending"]
    said = demo("demo", "--detach", "--people", str(PEOPLE))
    assert "nothing is fed twice" in said
    assert demo.get("/v1/counts")["counts"]["pending"] == before


def test_a_feed_that_was_cut_short_is_the_same_once_more(demo: Run):
    before = demo.get("/v1/counts")["counts"]["pending"]
    known = demo.directory / "state" / "demo.json"
    known.write_text(json.dumps({**json.loads(known.read_text()), "ended": {}}))
    assert "published: " in demo("demo", "--detach", "--people", str(PEOPLE))
    assert demo.get("/v1/counts")["counts"]["pending"] == before


def test_an_event_is_answered_also_when_the_front_door_was_killed(demo: Run):
    for fault in (False, True):
        if fault:
            os.kill(demo.pid("intake"), signal.SIGKILL)
        file = demo.directory / f"first-{fault}.json"
        file.write_text(demo("event", "sample"))
        reference = json.loads(file.read_text())["reference"]
        said = demo("event", "send", str(file), "--partner", "riverbend")
        assert "referral.received.v1" in said
        assert reference in said
    assert "0 wrong" in demo("audit", "verify")


def test_a_quarantined_input_is_looked_at_mended_and_gone(demo: Run):
    waiting = demo.json("quarantine", "list")
    (ours,) = [one["input"] for one in waiting if one["topic"] == "partner-in-riverbend"]
    told = demo.json("quarantine", "show", ours)
    assert [issue["code"] for issue in told["issues"]] == ["TL-3107"]
    assert "holds" not in told
    assert "TL-2625" in demo("quarantine", "show", ours, "--reveal", expect=1)
    assert "BAD-3" in demo("quarantine", "show", ours, "--reveal", "--reason", "ticket-812")
    (line,) = (demo.directory / "state" / "logs" / "operators.log").read_text().splitlines()
    assert json.loads(line)["input"] == ours
    assert "event" in demo("quarantine", "repair", ours, str(demo.directory / "state" / "mended.json"))
    assert ours not in {one["input"] for one in demo.json("quarantine", "list")}
    assert "TL-4201" in demo("quarantine", "show", ours, expect=1)
    assert demo.json("parked", "list") == []


def test_a_password_is_shown_once_and_kept_nowhere(demo: Run):
    (told,) = demo.json("partner", "add", "my-clinic")
    (again,) = demo.json("partner", "add", "my-clinic")
    assert (told["new"], again["new"], again["password"]) == (True, False, None)
    files = [path for path in (demo.directory / "state").rglob("*") if path.is_file() and "/kafka/data" not in str(path)]
    kept = b"".join(path.read_bytes() for path in files)
    assert told["password"].encode() not in kept
    assert demo.json("partner", "list")["my-clinic"] == "admitted"
    demo("partner", "revoke", "my-clinic")
    assert "revoked" in demo("partner", "show", "my-clinic")
    assert "TL-2605" in demo("partner", "revoke", "my-clinc", expect=1)


def test_the_network_file_is_made_true_again_and_again(demo: Run):
    from deploy.tokens import EXAMPLE

    first, other = EXAMPLE.read_text("utf-8"), demo.directory / "other.yaml"
    other.write_text(first.replace("places: 40", "places: 41"))
    assert "nothing was changed" in demo("network", "apply", str(other), "--dry-run")
    for file, changed in ((EXAMPLE, "unchanged"), (other, "changed"), (EXAMPLE, "changed"), (EXAMPLE, "unchanged")):
        (programs,) = [line for line in demo("network", "apply", str(file)).splitlines() if "programs: " in line]
        assert programs.rpartition("; ")[2] == changed


def test_a_revoked_partner_does_not_come_back_by_the_file(demo: Run):
    from deploy.tokens import EXAMPLE

    demo("partner", "revoke", "harbor-shelter")
    assert "harbor-shelter: left out, it was revoked" in demo("network", "apply", str(EXAMPLE))
    assert demo.json("partner", "list")["harbor-shelter"] == "revoked"


def test_every_metric_that_operators_ask_for_is_told_by_a_running_process(demo: Run):
    asked = {name for expression in expressions() for name in names(expression)} - PROMETHEUS_OWN - recorded().keys()
    pages = "\n".join(demo.metrics(one.offset) for one in PROCESSES if not one.stand_in)
    told = set(re.findall(r"^# TYPE (\w+) ", pages, re.M))
    assert {name for name in asked if name not in told and name.removesuffix("_bucket") not in told} == set()


def test_nobody_stumbled_over_what_was_said(demo: Run):
    """No process met a mistake of its own while it took what was said, and the board knows of no hole in a history."""
    found = "\n".join(demo("logs", one.process, "--lines", "5000") for one in PROCESSES if not one.stand_in)
    said = [json.loads(line) for line in found.splitlines() if line.startswith("{")]
    assert said and [line for line in said if line.get("error") in MISTAKES or line["event"].startswith("event ")] == []
    assert [line for line in demo.metrics(0).splitlines() if line.startswith("worklist_gaps ")] == ["worklist_gaps 0.0"]
