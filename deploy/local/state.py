"""A run seen from outside: what is up, and how to stop it."""

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from deploy.local import ports, processes
from deploy.local.stack import holding, is_ready, supervisor
from infra.problems import Problem

STOP_SECONDS_MAX = 45.0
Condition = Literal["ready", "starting", "stopped", "unreachable"]


@dataclass(frozen=True)
class Part:
    """One process of the run."""

    name: str
    condition: Condition
    pid: int | None = None
    port: int | None = None
    memory_mib: int | None = None


@dataclass(frozen=True)
class Status:
    """`running` is the supervisor; `ready` is every part."""

    state: str
    running: bool
    ready: bool
    phase: str
    pid: int | None
    parts: tuple[Part, ...]

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def status(state: Path) -> Status:
    """What runs in that state directory, asked of the processes themselves."""
    running = supervisor(state)
    known = _known(state) if running else {}
    phase = str(known.get("phase", "starting" if running else "stopped"))
    parts = [_engine(state, name, known.get(f"{name}_port")) for name in ("kafka", "mongo") if not running or known.get(f"{name}_port")]
    parts += [_service(state, name, port) for name, port in known.get("services", {}).items()]
    ready = running is not None and phase == "ready" and all(part.condition == "ready" for part in parts)
    return Status(str(state), running is not None, ready, phase, running.pid if running else None, tuple(parts))


def _known(state: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((state / "stack.json").read_text()))
    except (OSError, ValueError):
        return {}


def _engine(state: Path, name: str, port: int | None) -> Part:
    process = processes.recorded(state / "run" / f"{name}.json")
    if process is None:
        return Part(name, "stopped", port=port)
    answering = port is not None and ports.is_open(port)
    return Part(name, "ready" if answering else "unreachable", process.pid, port, _mebibytes(process))


def _service(state: Path, name: str, port: int) -> Part:
    process = processes.recorded(state / "run" / f"{name}.json")
    if process is None:
        return Part(name, "stopped", port=port)
    return Part(name, "ready" if is_ready(port) else "starting", process.pid, port, _mebibytes(process))


def _mebibytes(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_info().rss >> 20)
    except psutil.Error:
        return None


def stop(state: Path) -> list[str]:
    """Stop the run of that state directory, and whatever a killed one left behind; the names of what was stopped."""
    if not state.exists():
        return []
    stopped = []
    if running := supervisor(state):
        running.terminate()
        try:
            running.wait(STOP_SECONDS_MAX)
        except psutil.TimeoutExpired:
            running.kill()
            running.wait(5)
        stopped.append("supervisor")
    _wait_unheld(state)
    return stopped + processes.reclaim(state / "run")


def _wait_unheld(state: Path) -> None:
    deadline = time.monotonic() + 5
    while True:
        try:
            with holding(state):
                return
        except Problem:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def purge(state: Path) -> None:
    """Delete the data, logs and passwords of a run. Only of a directory that one of ours has made. TL-2014 otherwise."""
    if not state.exists():
        return
    if not (state / "supervisor.lock").exists():
        raise Problem(
            code="TL-2014",
            what="This directory does not look like a state directory of throughline; nothing was deleted",
            where=str(state),
            fix="check THROUGHLINE_STATE, or delete it yourself",
        )
    shutil.rmtree(state)
