"""Child processes that are recorded on disk, so that whoever comes after a killed run can tell them from strangers."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
START_SKEW_SECONDS = 1.0
LOG_BYTES_MAX = 20 << 20
LINE_CHARACTERS_MAX = 400
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    """A process of ours. It leads its own process group, so that a terminal's Ctrl-C reaches only the supervisor."""

    name: str
    process: subprocess.Popen[bytes]
    record: Path
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None


def spawn(name: str, command: Sequence[str | Path], *, run: Path, logs: Path, cwd: Path, env: Mapping[str, str] | None = None) -> Child:
    """Start it with its output in `logs`, and record it in `run`.

    On Linux the kernel sends it SIGTERM when the *thread* that called this ends: call it from the main thread.
    """
    for directory in (run, logs, cwd):
        directory.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    shorten(log)
    with log.open("ab") as output:  # appending, so that `shorten` can cut the file under a running process
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_follow(os.getpid()),
        )
    child = Child(name, process, run / f"{name}.json", log)
    with contextlib.suppress(psutil.Error):
        seen = psutil.Process(process.pid)
        child.record.write_text(json.dumps({"pid": seen.pid, "started": seen.create_time(), "command": seen.cmdline()}))
    return child


def _follow(parent: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None

    def ask_the_kernel() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return ask_the_kernel


def recorded(record: Path) -> psutil.Process | None:
    """The process of a record, if it still runs and is that very process: same id, start time and command."""
    try:
        known = json.loads(record.read_text())
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["started"]) < START_SKEW_SECONDS and process.cmdline() == known["command"]
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None


def reclaim(run: Path, grace_seconds: float = 5.0) -> list[str]:
    """Stop what a killed run left behind, and only that; the names of what had still been running."""
    found = {record: recorded(record) for record in sorted(run.glob("*.json"))}
    running = {record.stem: process for record, process in found.items() if process}
    _end(running.values(), grace_seconds)
    for record in found:
        record.unlink(missing_ok=True)
    return sorted(running)


def stop(children: Iterable[Child], grace_seconds: float = 10.0) -> None:
    """Ask all at once, wait together, then end what did not go."""
    children = list(children)
    processes = []
    for child in children:
        with contextlib.suppress(psutil.Error):
            if child.alive():
                processes.append(psutil.Process(child.pid))
    _end(processes, grace_seconds)
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=5)
        child.record.unlink(missing_ok=True)


def kill(child: Child) -> None:
    """SIGKILL, as a crash would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.process.wait()
    child.record.unlink(missing_ok=True)


def _end(processes: Iterable[psutil.Process], grace_seconds: float) -> None:
    processes = list(processes)
    for process in processes:
        _signal_group(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    _, left = psutil.wait_procs(processes, timeout=max(0.0, deadline - time.monotonic()))
    for process in left:
        _signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)


def _signal_group(pid: int, number: signal.Signals) -> None:
    """The whole group when it leads one, else (a record of something started by hand) the process alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def shorten(log: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Keep the last part of an over-long log as `<name>.log.1` and start afresh, under the running process."""
    if log.exists() and log.stat().st_size > bytes_max:
        with log.open("rb") as file:
            file.seek(-bytes_max, os.SEEK_END)
            log.with_suffix(".log.1").write_bytes(file.read())
        os.truncate(log, 0)


def tail(log: Path, lines: int = 15) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 64_000))
        return "\n".join(line[:LINE_CHARACTERS_MAX] for line in file.read().decode(errors="replace").splitlines()[-lines:])
