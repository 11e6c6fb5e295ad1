"""The system under test: real engines, two processes each of the front door and of the service behind it, and who watches over them.

Everything is driven from the main thread (child processes end with the thread that started them); the proxies and what else needs
an event loop run beside it.
"""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local import ports, processes
from deploy.local.engines import Engines
from deploy.local.services import SERVICES, environment
from tests.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = ("intake-1", "intake-2", "assignment-1", "assignment-2")
"""Processes by service and number."""
PARTNERS = ("north", "south", "east", "west")
LEAVER = "leaver"
"""A partner whose credential is taken away in the end."""
FRESH_S = 1.0
"""What is sent in this time after a fault must be answered, all of it."""
QUICK_S = 1.5
"""With `FRESH_S` in it, and how often is asked."""
START_S, REST_S, ANSWER_S = 60.0, 90.0, 120.0


class Impossible(Exception):
    """This machine does not allow the fault."""


class Beside:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any], timeout_s: float | None = 30.0) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@dataclass
class Member:
    """One process of a service. `told` are further variables of its environment; `module` what is run."""

    name: str
    service: str
    port: int
    module: str
    told: dict[str, str] = field(default_factory=dict)
    child: processes.Child | None = None

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.alive()

    def health(self, what: str = "live") -> int:
        """The status of `/health/…`; 0 when nobody answers in time."""
        try:
            with urllib.request.urlopen(f"http://{ports.LOOPBACK}:{self.port}/health/{what}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def _member(name: str) -> Member:
    service = name.rpartition("-")[0]
    return Member(name, service, 0, f"services.{service}.app")


class Stack:
    """`with Stack(directory) as stack:` — everything runs and the load has begun; at the end everything of ours is stopped."""

    def __init__(
        self, directory: Path, rate: float = 50.0, rubbish: float = 0.03, seed: int = 1, members: Sequence[str] = MEMBERS,
        disk_mib: int = 0,
    ) -> None:  # fmt: skip
        self.directory, self.rate, self.rubbish, self.seed, self._disk_mib = directory, rate, rubbish, seed, disk_mib
        self.members = {name: _member(name) for name in members}
        self.deaths: list[str] = []
        """Processes that ended without being told to, and were started again."""
        self._run = 0
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            self._mount(ends)
            self.engines = ends.enter_context(Engines.isolated(self.directory / "engines", reauth_ms=4_000))
            self.engines.add_partners(*PARTNERS, LEAVER)
            self.beside = Beside()
            ends.callback(self.beside.stop)
            self.proxy = self.beside.run(Proxy(ports.LOOPBACK, self.engines.mongo.port).__aenter__())
            ends.callback(lambda: self.beside.run(self.proxy.__aexit__()))
            ends.callback(lambda: processes.stop([member.child for member in self.members.values() if member.child]))
            for member in self.members.values():
                self.start(member.name)
            self.await_ready(*self.members)
            self.load, self.ledger = self._spawn_load(), self._spawn_ledger()
            ends.callback(self._end_load)
            ends.callback(lambda: _end(self.ledger))
            self._ends = ends.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ends.close()

    def _mount(self, ends: ExitStack) -> None:
        """A disk of its own for the engines, which can be filled; where that is not allowed, the fault is left out."""
        disk = self.directory / "engines"
        disk.mkdir(parents=True, exist_ok=True)
        options = ["-t", "tmpfs", "-o", f"size={self._disk_mib}m", "chaos", str(disk)]
        if self._disk_mib and subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0:
            ends.callback(lambda: subprocess.run(["umount", "--lazy", str(disk)], check=False))
        else:
            self._disk_mib = 0

    def fill_disk(self) -> Path:
        """Not a byte is left; delete the file that is returned. Raises Impossible where the engines have no disk of their own."""
        if not self._disk_mib:
            raise Impossible("no disk of its own: needs root and tmpfs")
        filler = self.directory / "engines" / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(256))
        return filler

    # — processes

    def start(self, name: str, **told: str) -> None:
        """Start it (again); `told` are further settings, such as failpoints, for this start only."""
        member = self.members[name]
        (service,) = [one for one in SERVICES if one.name == member.service]
        member.port = ports.free_port()
        env = {**environment(service, self.engines), "THROUGHLINE_HTTP_PORT": str(member.port), "THROUGHLINE_LOG_LEVEL": "INFO"}
        if name == "intake-1":
            env |= {"THROUGHLINE_MONGO_URL": self._by_proxy(member.service), "THROUGHLINE_VAULT_URL": self._by_proxy(member.service)}
        env |= member.told | {f"THROUGHLINE_{key}": value for key, value in told.items()}
        member.child = processes.spawn(
            name, [sys.executable, "-m", member.module], run=self.engines.run, logs=self.engines.logs, cwd=ROOT, env=env
        )

    def _by_proxy(self, service: str) -> str:
        return self.engines.mongo_url(service).replace(f":{self.engines.mongo.port}/", f":{self.proxy.port}/")

    def await_ready(self, *names: str) -> None:
        deadline = time.monotonic() + START_S
        for name in names:
            while self.members[name].health("ready") != 200:
                self.watch()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} is not ready:\n{self.tail(name)}")
                time.sleep(0.1)

    def stop(self, *names: str) -> None:
        """Tell them to end, and wait."""
        processes.stop([child for name in names if (child := self.members[name].child)], grace_seconds=15)
        for name in names:
            self.members[name].child = None

    def send(self, name: str, number: signal.Signals) -> None:
        child = self.members[name].child
        assert child
        os.kill(child.pid, number)

    def kill(self, name: str) -> float:
        """SIGKILL; when. Whoever watches starts it again."""
        child = self.members[name].child
        assert child
        os.kill(child.pid, signal.SIGKILL)
        child.process.wait()
        return time.time()

    def watch(self) -> None:
        """What a supervisor does: start again what has ended."""
        for member in self.members.values():
            if member.child is not None and not member.child.alive():
                self.deaths.append(f"{member.name} ({member.child.process.returncode})")
                self.start(member.name)

    def log(self, name: str) -> str:
        """All that a process wrote of itself."""
        return (self.engines.logs / f"{name}.log").read_text(errors="replace")

    def tail(self, name: str) -> str:
        child = self.members[name].child
        return processes.tail(child.log) if child else ""

    # — load and ledger

    def _spawn_load(self, amend: dict[str, list[str]] | None = None) -> subprocess.Popen[str]:
        self._run += 1
        partners = {name: self.engines.credentials(f"partner-{name}") for name in (*PARTNERS, LEAVER)}
        about = {"bootstrap": self.engines.kafka_bootstrap, "partners": partners}
        write(self.directory / "load.json", {**about, "seed": f"{self.seed}/{self._run}", "run": f"run{self._run}", "amend": amend or {}})
        self.pace(self.rate)
        load = _python("tests.chaos.load", self.directory)
        assert load.stdout
        load.stdout.readline()
        return load

    def _spawn_ledger(self) -> subprocess.Popen[str]:
        services = sorted({member.service for member in self.members.values()} - {"worklist"})  # it keeps no facts of its own
        about = {
            "bootstrap": self.engines.kafka_bootstrap,
            "admin": self.engines.credentials("admin"),
            "partners": (*PARTNERS, LEAVER),
            "databases": {service: self.engines.mongo_url(service) for service in services},
            "logs": str(self.engines.logs),
        }
        write(self.directory / "ledger.json", about)
        return _python("tests.chaos.ledger", self.directory)

    def pace(self, rate: float, rubbish: float | None = None) -> None:
        """Records a second from now on."""
        self.rate = rate
        draft = self.directory / "pace.draft"
        write(draft, {"rate": rate, "rubbish": self.rubbish if rubbish is None else rubbish})
        draft.replace(self.directory / "pace.json")

    def pace_up(self, wanted: float) -> None:
        """As fast as is wanted, or as this machine answers within the second: on a busy one a fault would be measured with a backlog."""
        while self.rate < wanted and max(self.recovered(time.time()) for _ in range(2)) < QUICK_S:
            self.pace(min(wanted, 2 * self.rate))
        if self.recovered(time.time()) > 2 * QUICK_S:
            self.pace(self.rate / 2)
            time.sleep(3)

    def _end_load(self) -> None:
        if self.load.poll() is None:
            self.load.send_signal(signal.SIGTERM)
            try:
                self.load.wait(30)
            except subprocess.TimeoutExpired:
                self.load.kill()
        _end(self.load)

    def rest(self, limit_s: float = REST_S) -> dict[str, int]:
        """Stop sending, and wait until everything that was sent has had its effect, and no fact waits for a mark that it is published;
        what is still owed when the time is up."""
        self._end_load()
        deadline = time.monotonic() + limit_s
        while (owed := self.ask("owed")) and time.monotonic() < deadline:
            self.watch()
            time.sleep(1.0)
        return dict(owed)

    def send_again(self, amend: dict[str, list[str]] | None = None) -> None:
        """A new load after a rest; these referrals of former loads, by partner, are amended once."""
        self.load = self._spawn_load(amend)

    def ask(self, what: str, **more: Any) -> Any:
        """A question to the ledger."""
        assert self.ledger.stdin and self.ledger.stdout
        self.ledger.stdin.write(json.dumps({"ask": what, **more}) + "\n")
        self.ledger.stdin.flush()
        ready, _, _ = select.select([self.ledger.stdout], [], [], ANSWER_S)
        line = self.ledger.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError(f"the ledger does not answer: {processes.tail(self.directory / 'ledger.err')}")
        return json.loads(line)

    def recovered(self, since: float, limit_s: float = 60.0) -> float:
        """Seconds from then until everything that was sent right afterwards was answered and placed; infinite when it was not in time."""
        time.sleep(max(0.0, since + FRESH_S + 0.1 - time.time()))
        while time.time() < since + limit_s:
            self.watch()
            seen = self.ask("recovered", since=since, within=FRESH_S)
            if None not in seen.values():
                return max(seen.values())
            time.sleep(0.1)
        return float("inf")


def write(file: Path, about: dict[str, Any]) -> None:
    """Passwords are in it."""
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as opened:
        json.dump(about, opened)


def _python(module: str, directory: Path) -> subprocess.Popen[str]:
    """What it complains of goes into a file: a pipe that nobody empties stops whoever writes to it."""
    with (directory / f"{module.rpartition('.')[2]}.err").open("a") as complaints:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(directory)], cwd=ROOT, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
        )  # fmt: skip


def _end(child: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        if child.poll() is None:
            child.terminate()
            child.wait(10)
    for stream in (child.stdin, child.stdout):
        if stream:
            with suppress(OSError):
                stream.close()
