"""A process stops exactly where a test says, and never in production."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from infra import failpoints
from infra.failpoints import Action, Injected, hit, parse
from infra.problems import Problem


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm({})


def test_points_are_read_from_one_line() -> None:
    assert parse("before_commit:kill9@3, after_publish:sleep:0.5,after_mark:raise") == {
        "before_commit": Action("kill9", at=3),
        "after_publish": Action("sleep", 0.5),
        "after_mark": Action("raise"),
    }


@pytest.mark.parametrize("text", ["nowhere:kill9", "after_load:explode", "after_load", "after_load:sleep:x", "after_load:raise@x"])
def test_what_is_no_point_or_action_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        parse(text)
    assert refused.value.code == "TL-2053"


def test_a_production_process_refuses_to_be_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "after_load:raise")
    with pytest.raises(Problem) as refused:
        failpoints.arm_from_environment(development=False)
    assert refused.value.code == "TL-2054"
    failpoints.arm_from_environment(development=True)
    assert failpoints._armed


async def test_a_point_acts_on_its_passage_and_counts_all() -> None:
    failpoints.arm(parse("after_load:raise@2"))
    await hit("after_load")
    await hit("after_mark")
    with pytest.raises(Injected):
        await hit("after_load")
    await hit("after_load")
    assert failpoints.hits == {"after_load": 3, "after_mark": 1}


async def test_nothing_happens_and_nothing_is_counted_unarmed() -> None:
    failpoints.arm({})
    for name in failpoints.NAMES:
        await hit(name)
    assert not failpoints.hits


SCRIPT = """
import asyncio
from infra import failpoints
async def main():
    failpoints.arm_from_environment(development=True)
    for n in range(3):
        print(n, flush=True)
        await failpoints.hit("in_transaction")
asyncio.run(main())
"""


def run(action: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, failpoints.VARIABLE: f"in_transaction:{action}"}
    return subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True)


def test_kill9_ends_the_process_at_once() -> None:
    process = run("kill9@2")
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, said.split()) == (-signal.SIGKILL, ["0", "1"])


def test_stop_freezes_the_process_until_it_is_continued() -> None:
    process = run("stop@1")
    assert process.stdout and process.stdout.readline() == "0\n"
    deadline = time.monotonic() + 10
    while f"State:\tT" not in open(f"/proc/{process.pid}/status").read():  # noqa: SIM115, F541
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=20)[0].split() == ["1", "2"] and process.returncode == 0
