"""A container engine of this run's own: started from the programs on this machine, and nothing of it left behind."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import tools

START_S, STOP_S = 30.0, 30.0
OWN_NETWORKS_ONLY = ("--bridge=none", "--iptables=false", "--ip-forward=false")
"""No bridge but the compose file's own, no rule and no setting of this machine changed: nothing to put back afterwards."""


class NoEngine(Exception):
    """None can be started here; says why."""


@dataclass(frozen=True)
class Engine:
    """A running engine and the two programs that speak to it."""

    socket: Path
    docker: Path
    compose: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_BUILDKIT": "0",
            "COMPOSE_DOCKER_CLI_BUILD": "0",
            "BUILDKIT_PROGRESS": "plain",
        }

    def run(self, *arguments: str | Path, seconds: float = 300, stdin: Path | None = None, check: bool = True) -> str:
        """`docker …`; what it said on both outputs. Raises with that when it fails."""
        return self._run([self.docker, *arguments], seconds, stdin, check)

    def up(self, *arguments: str | Path, seconds: float = 300, check: bool = True) -> str:
        """`docker compose …`."""
        return self._run([self.compose, *arguments], seconds, None, check)

    def _run(self, command: list[str | Path], seconds: float, stdin: Path | None, check: bool) -> str:
        with open(stdin or os.devnull, "rb") as fed:
            done = subprocess.run(
                command, env=self.environment, stdin=fed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds
            )
        said = done.stdout.decode(errors="replace")
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command[1:5]))} …: exit code {done.returncode}\n{said[-4000:]}")
        return said


def programs() -> tuple[Path, Path, Path]:
    """dockerd, its client and compose; NoEngine without one of them, or without the right to start it."""
    if os.geteuid():
        raise NoEngine("only root can start a container engine")
    daemon, client = (
        shutil.which("dockerd"),
        next((path for path in ("/usr/bin/docker", shutil.which("docker") or "") if Path(path).is_file()), None),
    )
    compose = tools.find("docker-compose")
    missing = [name for name, found in (("dockerd", daemon), ("docker", client), ("docker-compose (make tools)", compose)) if not found]
    if missing:
        raise NoEngine(f"not on this machine: {', '.join(missing)}")
    return Path(str(daemon)), Path(str(client)), Path(str(compose))


@contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    """Running for the block, with all its data below that directory; beside another engine, whose network it leaves alone."""
    daemon, client, compose = programs()
    directory.mkdir(parents=True, exist_ok=True)
    running = Engine(directory / "docker.sock", client, compose)
    data = ["--data-root", directory / "data", "--exec-root", directory / "exec", "-p", directory / "pid"]
    with (directory / "dockerd.log").open("ab") as log:
        command = [daemon, *data, "-H", f"unix://{running.socket}", *OWN_NETWORKS_ONLY]
        child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(running, child, directory)
        yield running
    finally:
        child.terminate()
        child.wait(STOP_S)
        _unmount(directory)


def _await(running: Engine, child: "subprocess.Popen[bytes]", directory: Path) -> None:
    until = time.monotonic() + START_S
    while "Server Version" not in running.run("info", check=False, seconds=10):
        if child.poll() is not None or time.monotonic() > until:
            tail = (directory / "dockerd.log").read_text(errors="replace")[-600:]
            raise NoEngine(f"dockerd does not start here: {tail}")
        time.sleep(0.2)


def _unmount(directory: Path) -> None:
    """What the engine leaves mounted."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if line.split()[1].startswith(str(directory))]
    for place in sorted(mounted, reverse=True):
        subprocess.run(["umount", place], capture_output=True)
