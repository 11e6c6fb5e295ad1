"""Start it, look at it, stop it, on this machine."""

import subprocess
import sys
import time
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy import console
from deploy.local import logs as local_logs
from deploy.local import state
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack, supervisor
from infra.problems import Problem

app = typer.Typer()
NOT_RUNNING, NOT_READY, INTERRUPTED = 3, 4, 130
DETACHED_SECONDS_MAX = 3600.0
"""The first start may build a database server."""


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once everything is ready, and leave it running.")] = False,
    engines_only: Annotated[bool, typer.Option("--engines-only", help="Kafka and the database, no services.")] = False,
) -> None:
    """Start Kafka, the database and the services; fetch what is missing first. Doing it twice is doing it once."""
    settings = chosen()
    if supervisor(settings.state):
        console.say("already running")
        _show(state.status(settings.state))
    elif detach:
        _detached(settings, engines_only)
    else:
        _foreground(Stack(settings, console.say, engines_only))


def started(settings: LocalSettings) -> None:
    """Up and ready, or the exit code that says why not."""
    if not supervisor(settings.state):
        try:
            _detached(settings, engines_only=False)
        except typer.Exit as ended:
            if ended.exit_code:
                raise


@app.command()
def down(purge: Annotated[bool, typer.Option("--purge", help="Delete this run's data, logs and passwords too.")] = False) -> None:
    """Stop everything, also what a killed run left behind."""
    settings = chosen()
    stopped = state.stop(settings.state)
    console.say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    if purge:
        state.purge(settings.state)
        console.say(f"deleted {settings.state}")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What runs, where, and whether it is ready. Exit code 0 ready, 3 not running, 4 not ready."""
    found = state.status(chosen().state)
    if as_json:
        print(found.as_json())
    else:
        _show(found)
    raise typer.Exit(0 if found.ready else NOT_READY if found.running else NOT_RUNNING)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A service, or kafka, mongo, supervisor.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines to begin with.")] = 100,
) -> None:
    """What a process wrote."""
    for line in local_logs.read(chosen().state / "logs", service.replace("_", "-"), lines, follow):
        print(line, flush=True)


def chosen() -> LocalSettings:
    """The settings of the local run; TL-2015 when they are wrong."""
    try:
        return LocalSettings()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise Problem(code="TL-2015", what="Settings of the local run are wrong", why=faults, fix="see README.md, Settings") from None


def _foreground(stack: Stack) -> None:
    try:
        stack.serve()
    except KeyboardInterrupt:
        if not stack.was_ready:
            raise typer.Exit(INTERRUPTED) from None


def _detached(settings: LocalSettings, engines_only: bool) -> None:
    """The same command in a session of its own; wait for it to be ready, or to say why not."""
    log = settings.state / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "deploy.cli", "up", *(["--engines-only"] if engines_only else [])]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    with log.open() as said:
        deadline = time.monotonic() + DETACHED_SECONDS_MAX
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            for line in said.read().splitlines():
                console.say(line)
            if ended:
                raise typer.Exit(process.returncode or 0)
            if (found := state.status(settings.state)).phase == "ready":
                raise typer.Exit(0 if found.ready else NOT_READY)
            time.sleep(0.1)


def _show(found: state.Status) -> None:
    console.say(f"{found.phase}{f', pid {found.pid}' if found.pid else ''}, state in {found.state}")
    rows = [(part.name, part.condition, part.port, part.pid, part.memory_mib) for part in found.parts]
    console.table(("process", "condition", "port", "pid", "MiB"), rows)
