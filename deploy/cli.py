"""The command `throughline`: a table of contents. Each command says what it did; an error says what to do next.

A command's module is imported when that command is asked for, and none for `--help`: what a service needs takes seconds to import.

Exit codes: 0 done; 1 refused or failed, with a TL code on standard error; 2 wrong usage; 3 nothing runs here (`status`);
4 it runs, but not all of it is ready (`status`, `up --detach`); 130 interrupted while starting.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from deploy import console
from infra.problems import Problem

COMMANDS = {
    "up": ("deploy.local.commands:app", "Start Kafka, the database and the services; fetch what is missing first."),
    "demo": ("deploy.demo.command:app", "Start everything, feed it an invented network, and print where to look."),
    "down": ("deploy.local.commands:app", "Stop everything, also what a killed run left behind."),
    "status": ("deploy.local.commands:app", "What runs, where, and whether it is ready."),
    "logs": ("deploy.local.commands:app", "What a process wrote."),
    "token": ("deploy.tokens:app", "A token of the local issuer, for trying the HTTP interfaces."),
    "partner": ("deploy.operations:app", "Organisations that publish to us."),
    "network": ("deploy.commands:networks", "The network file."),
    "rules": ("deploy.clocks:app", "Clocks as data: what may take how long, by whose word."),
    "event": ("deploy.validate:app", "Messages, before they are sent."),
    "quarantine": ("deploy.commands:quarantine", "Inputs that one of us must look at."),
    "parked": ("deploy.commands:parked", "Aggregates held by a message that failed."),
    "audit": ("deploy.operations:audit", "History against state."),
}
"""By name: where its Typer application lies, of which it is the command of that name or else the whole; what it does, in one line."""


class Contents(TyperGroup):
    """Knows every command by its line, and imports the one that is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name and command else command, rest


def loaded(name: str) -> Any:
    """The command itself."""
    (module, _, attribute), line = COMMANDS[name][0].partition(":"), COMMANDS[name][1]
    whole = typer.main.get_group(getattr(import_module(module), attribute))
    whole.help = line
    return whole.commands.get(name, whole)


app = typer.Typer(
    cls=Contents,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Care coordination on this machine: start it, look at it, stop it.",
)


@app.callback()
def _everything() -> None:
    """Makes it a group: its commands are Contents'."""


def main() -> None:
    try:
        app()
    except Problem as problem:
        console.problem(problem)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
