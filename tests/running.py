"""Services as processes on engines that run: the one way for a test to start them, to wait for them, to kill and to stop them."""

import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import ports, processes
from deploy.local.engines import Engines
from deploy.local.services import PROCESSES, SERVICES, Service, environment
from deploy.local.stack import is_ready

ROOT = Path(__file__).parents[1]
READY_WITHIN_S = 90.0


class Services:
    """`with Services(engines, lanes="1") as services: services.start("intake", "follow_up")`; all are stopped at the end of the block.

    `told` are settings of every process. They end with the thread that started them.
    """

    def __init__(self, engines: Engines, **told: str) -> None:
        self.engines, self._told = engines, told
        self.children: dict[str, processes.Child] = {}
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, *names: str) -> None:
        """These, each on the port that it has in a local run, all at once; ready when this returns."""
        self._start(known(name) for name in names)

    def start_all(self) -> None:
        """Every process of a local run."""
        self._start(PROCESSES)

    def _start(self, wanted: Iterable[Service]) -> None:
        for service in wanted:
            self._spawn(service, service.process, self.engines.settings.http_port + service.offset, {})
        self.await_ready()

    def spawn(self, service: str, port: int | None = None, instance: str = "", **told: str) -> int:
        """One process, not waited for: another `instance` of a service, on a free port unless it is given one; its port."""
        port = port or ports.free_port()
        self._spawn(known(service), instance or service, port, told)
        return port

    def _spawn(self, service: Service, name: str, port: int, told: Mapping[str, str]) -> None:
        given = {f"THROUGHLINE_{key.upper()}": value for key, value in {**self._told, **told}.items()}
        env: Mapping[str, str] = environment(service, self.engines, {**os.environ, **given})
        env = env if service.stand_in else {**env, "THROUGHLINE_HTTP_PORT": str(port)}
        run = [sys.executable, "-m", service.module]
        self.children[name] = processes.spawn(name, run, run=self.engines.run, logs=self.engines.logs, cwd=ROOT, env=env)
        self.ports[name] = port

    def await_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """TimeoutError, with the end of all logs, for the first that died or is not ready in time."""
        until = time.monotonic() + within_s
        for name, child in self.children.items():
            while not is_ready(self.ports[name]):
                if not child.alive() or time.monotonic() > until:
                    raise TimeoutError(f"{name} is not ready:\n{self.told()}")
                time.sleep(0.1)

    def told(self) -> str:
        """The end of everybody's log, for whoever reads why something did not come."""
        return "\n".join(f"{name}:\n{processes.tail(child.log)}" for name, child in self.children.items())

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would."""
        processes.kill(self.children.pop(name))

    def stop(self) -> None:
        processes.stop(self.children.values())
        self.children.clear()


def known(name: str) -> Service:
    return next(one for one in SERVICES if one.name == name)
