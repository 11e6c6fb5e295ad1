"""The supervisor behind `throughline up`: engines, then services, watched until asked to stop, and nothing left behind."""

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

import psutil

from deploy.local import ports, processes
from deploy.local.cache import Say
from deploy.local.engines import Engines
from deploy.local.services import PROCESSES, Service, environment
from deploy.local.settings import LocalSettings
from infra.problems import Problem

__all__ = ["Engines", "Stack", "holding", "supervisor"]

WATCH_SECONDS = 0.5
TIDY_SECONDS = 30.0
READY_SECONDS_MAX = 60.0
BACK_OFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
SERVICE_GRACE_SECONDS = 15.0
"""Longer than a service gives itself (`THROUGHLINE_STOP_SECONDS`, 10)."""
STEADY_SECONDS = 60.0
"""A process that ran this long has earned a fresh start of its back-off."""
Phase = Literal["starting", "ready", "stopping"]


def supervisor(state: Path) -> psutil.Process | None:
    """The supervisor of that state directory, if one runs."""
    return processes.recorded(state / "supervisor.json")


@contextlib.contextmanager
def holding(state: Path) -> Iterator[None]:
    """Be the only supervisor of a state directory; TL-2008 when there is one. The system frees it however the holder ends."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "supervisor.lock").open("a") as lock:
        if not _locked(lock):
            raise Problem(
                code="TL-2008",
                what="Another throughline is running or stopping here",
                where=str(state),
                why=f"pid {running.pid}" if (running := supervisor(state)) else "its process is not known yet",
                fix="throughline status; throughline down; or THROUGHLINE_STATE=<directory> (and other ports) for a second one",
            )
        me = psutil.Process()
        (state / "supervisor.json").write_text(json.dumps({"pid": me.pid, "started": me.create_time(), "command": me.cmdline()}))
        try:
            yield
        finally:
            (state / "supervisor.json").unlink(missing_ok=True)


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass
class Fall:
    """A process that ended unasked: how often in a row, and when it is started again."""

    times: int
    again_at: float


@dataclass
class Stack:
    """Engines and services of one state directory, as children of this process."""

    settings: LocalSettings
    say: Say
    engines_only: bool = False
    was_ready: bool = False
    services: dict[str, processes.Child] = field(default_factory=dict)
    _falls: dict[str, Fall] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engines = Engines(self.settings, self.say)
        self._table = {} if self.engines_only else {service.process: service for service in PROCESSES if service.exists()}

    def serve(self) -> None:
        """Start everything, then watch until SIGINT, SIGTERM or SIGHUP; all children are stopped whatever happens."""
        with holding(self.settings.state), _interruptible():
            try:
                self._start()
                self._watch()
            finally:
                _deaf()  # a second Ctrl-C must not leave half of them running; the wait below is bounded
                self._stop()

    def _start(self) -> None:
        self._note("starting")
        for name in processes.reclaim(self.engines.run):
            self.say(f"{name}: was left behind by a run that was killed; stopped it")
        self._require_ports()
        self.engines.start()
        for service in self._table.values():
            self._spawn(service)
        late = self._await_services()
        self._note("ready")
        self.was_ready = True
        self.say(f"{f'up, but not ready: {late}' if late else 'ready'}; stop with Ctrl-C or: throughline down")

    def _require_ports(self) -> None:
        for service in self._table.values():
            ports.require_free(self._port(service), service.process, "THROUGHLINE_HTTP_PORT")

    def _port(self, service: Service) -> int:
        return self.settings.http_port + service.offset

    def _spawn(self, service: Service) -> None:
        self.services[service.process] = processes.spawn(
            service.process,
            [sys.executable, "-m", service.module],
            run=self.engines.run,
            logs=self.engines.logs,
            cwd=Path.cwd(),
            env=environment(service, self.engines),
        )

    def _await_services(self) -> str:
        """Who is not ready in time. It is not required: a service that cannot start yet is started again like one that crashed."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        waiting = dict(self._table)
        while waiting and time.monotonic() < deadline:
            for name in [name for name, service in waiting.items() if is_ready(self._port(service))]:
                self.say(f"{name}: http://{ports.LOOPBACK}:{self._port(waiting.pop(name))} ready")
            self._raise_fallen()
            time.sleep(WATCH_SECONDS / 2)
        return ", ".join(waiting)

    def _watch(self) -> None:
        tidied = time.monotonic()
        while True:
            time.sleep(WATCH_SECONDS)
            self._raise_fallen()
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidied = time.monotonic()
                for log in self.engines.logs.glob("*.log"):
                    processes.shorten(log)

    def _raise_fallen(self) -> None:
        """Start again what ended by itself, each with its own growing delay."""
        now = time.monotonic()
        for name, child in (self.engines.children | self.services).items():
            if child.alive():
                self._started.setdefault(name, now)
            elif name not in self._falls or self._falls[name].again_at == 0:
                self._fell(name, child, now)
            elif now >= self._falls[name].again_at:
                self._restart(name)

    def _fell(self, name: str, child: processes.Child, now: float) -> None:
        steady = now - self._started.pop(name, now) > STEADY_SECONDS
        times = 0 if steady or name not in self._falls else self._falls[name].times
        delay = BACK_OFF_SECONDS[min(times, len(BACK_OFF_SECONDS) - 1)]
        self._falls[name] = Fall(times + 1, now + delay)
        self.say(f"{name}: ended with code {child.process.returncode}; starting it again in {delay:.0f} s; see: throughline logs {name}")

    def _restart(self, name: str) -> None:
        self._falls[name].again_at = 0
        try:
            if name in self._table:
                self._spawn(self._table[name])
            else:
                self.engines.revive(name)
            self.say(f"{name}: started again")
        except Problem as problem:
            self.say(f"{name}: {problem}")

    def _stop(self) -> None:
        self._note("stopping")
        self.say("stopping")
        processes.stop(self.services.values(), SERVICE_GRACE_SECONDS)
        self.engines.stop()
        (self.settings.state / "stack.json").unlink(missing_ok=True)

    def _note(self, phase: Phase) -> None:
        """What `throughline status` and `down`, run elsewhere, need to know of this run."""
        known = {
            "phase": phase,
            "pid": os.getpid(),
            "kafka_port": self.settings.kafka_port,
            "mongo_port": None if self.settings.mongo_url else self.settings.mongo_port,
            "services": {name: self._port(service) for name, service in self._table.items()},
        }
        (self.settings.state / "stack.json").write_text(json.dumps(known))


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{ports.LOOPBACK}:{port}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP stop the stack the way Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _deaf() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
