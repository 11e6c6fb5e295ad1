"""The command, run as a person runs it: twice, on a taken port, after a kill, and until Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from deploy.local import ports
from deploy.local.services import PORTS

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]
Environment = Mapping[str, str]
SECONDS_MAX = 120


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    own = {
        "THROUGHLINE_STATE": str(tmp_path / "state"),
        "THROUGHLINE_KAFKA_PORT": str(ports.free_port(2)),
        "THROUGHLINE_MONGO_PORT": str(ports.free_port()),
        "THROUGHLINE_HTTP_PORT": str(ports.free_port(PORTS)),
    }
    chosen = {**os.environ, **own}
    yield chosen
    run(chosen, "down")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deploy.cli", *arguments]


def run(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=dict(environment), capture_output=True, text=True, timeout=SECONDS_MAX)


def up(environment: Environment) -> subprocess.CompletedProcess[str]:
    return run(environment, "up", "--detach", "--engines-only")


def parts(environment: Environment) -> dict[str, int]:
    return {part["name"]: part["pid"] for part in json.loads(run(environment, "status", "--json").stdout)["parts"]}


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def gone(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(is_running, pids))


def test_up_twice_is_up_once_and_down_leaves_nothing(environment: Environment) -> None:
    first = up(environment)
    assert first.returncode == 0, first.stderr
    before = parts(environment)
    second = up(environment)
    assert (second.returncode, second.stdout.splitlines()[0]) == (0, "already running")
    assert parts(environment) == before
    assert run(environment, "status").returncode == 0
    assert run(environment, "down").stdout == "stopped: supervisor\n"
    assert gone(list(before.values()), 0)
    assert run(environment, "status").returncode == 3
    assert run(environment, "down").stdout == "nothing was running\n"


def test_data_and_passwords_stay_until_they_are_purged(environment: Environment) -> None:
    state = Path(environment["THROUGHLINE_STATE"])
    up(environment)
    run(environment, "down")
    secrets = (state / "secrets.json").read_text()
    assert "topics: 8, of which 0 new" in up(environment).stdout
    assert (state / "secrets.json").read_text() == secrets
    assert run(environment, "down", "--purge").returncode == 0
    assert not state.exists()


@pytest.mark.parametrize("setting", ["THROUGHLINE_KAFKA_PORT", "THROUGHLINE_MONGO_PORT"])
def test_a_taken_port_is_refused_naming_its_holder_and_nothing_is_left_running(environment: Environment, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment[setting])))
        taken.listen()
        refused = up(environment)
    assert refused.returncode == 1
    said = refused.stdout + refused.stderr
    assert "TL-2001" in said
    assert f"pid {os.getpid()}: " in said
    assert f"{setting}=<port>" in said
    assert not list((Path(environment["THROUGHLINE_STATE"]) / "run").glob("*.json"))


@pytest.mark.parametrize("orphaned", [True, False], ids=["engines killed too late", "engines follow by themselves"])
def test_what_a_killed_run_left_is_cleaned_up(environment: Environment, orphaned: bool) -> None:
    up(environment)
    supervisor = json.loads(run(environment, "status", "--json").stdout)["pid"]
    engines = list(parts(environment).values())
    if orphaned:
        for pid in engines:  # stopped processes do not follow the kernel's wish that they end with their parent
            os.kill(pid, signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    if not orphaned:
        assert gone(engines, 20)
    again = up(environment)
    assert again.returncode == 0, again.stdout
    if orphaned:
        assert "kafka: was left behind by a run that was killed" in again.stdout
    assert gone(engines, 0)
    assert run(environment, "status").returncode == 0


def test_a_stranger_that_got_the_process_id_of_ours_is_left_alone(environment: Environment) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        record = Path(environment["THROUGHLINE_STATE"]) / "run" / "kafka.json"
        record.parent.mkdir(parents=True)
        known = {"pid": stranger.pid, "started": psutil.Process(stranger.pid).create_time(), "command": ["java", "@broker.args"]}
        record.write_text(json.dumps(known))
        run(environment, "down")
        assert stranger.poll() is None
        assert not record.exists()
        stranger.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_stops_every_child(environment: Environment, number: signal.Signals) -> None:
    with subprocess.Popen(command("up", "--engines-only"), env=dict(environment), stdout=subprocess.PIPE, text=True) as foreground:
        assert foreground.stdout
        assert any(line.startswith("ready") for line in foreground.stdout)
        engines = list(parts(environment).values())
        foreground.send_signal(number)
        assert foreground.wait(30) == 0
    assert len(engines) == 2
    assert gone(engines, 0)


def test_ctrl_c_while_starting_stops_every_child(environment: Environment) -> None:
    with subprocess.Popen(command("up", "--engines-only"), env=dict(environment), stdout=subprocess.DEVNULL) as foreground:
        records = Path(environment["THROUGHLINE_STATE"]) / "run"
        while not list(records.glob("*.json")):
            time.sleep(0.02)
        engines = [json.loads(record.read_text())["pid"] for record in records.glob("*.json")]
        foreground.send_signal(signal.SIGINT)
        assert foreground.wait(30) == 130
    assert gone(engines, 0)


def test_an_engine_that_crashes_is_started_again(environment: Environment) -> None:
    up(environment)
    before = parts(environment)["mongo"]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while run(environment, "status").returncode != 0 or parts(environment)["mongo"] == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_logs_are_shown_and_an_unknown_name_says_which_are_known(environment: Environment) -> None:
    up(environment)
    assert "Kafka Server started" in run(environment, "logs", "kafka").stdout
    unknown = run(environment, "logs", "payroll")
    assert unknown.returncode == 1
    assert "TL-2016" in unknown.stderr
    assert "known are: kafka, mongo, supervisor" in unknown.stderr


def test_no_password_is_in_a_command_line_or_a_log_or_readable_by_others(environment: Environment) -> None:
    state = Path(environment["THROUGHLINE_STATE"])
    up(environment)
    passwords = json.loads((state / "secrets.json").read_text()).values()
    lines = [" ".join(psutil.Process(pid).cmdline()) for pid in parts(environment).values()]
    lines += [log.read_text() for log in (state / "logs").glob("*.log")]
    assert not [password for password in passwords if any(password in line for line in lines)]
    files = [path for path in state.rglob("*") if path.is_file() and "data" not in path.parts]
    holding = [path for path in files if any(password in path.read_text("latin-1") for password in passwords)]
    assert {path.name for path in holding} >= {"secrets.json", "server.properties"}
    assert not [path for path in holding if path.stat().st_mode & 0o077]


def test_plain_lines_where_there_is_no_terminal(environment: Environment) -> None:
    assert "\x1b" not in run(environment, "status").stdout
    assert "\x1b" not in run({**environment, "FORCE_COLOR": "1", "NO_COLOR": "1"}, "status").stdout
