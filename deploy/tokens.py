"""A token of the local issuer, for trying the HTTP interfaces on a developer's machine."""

from pathlib import Path
from typing import Annotated

import typer

from deploy import network as networks
from deploy.network import Network
from deploy.running import running
from infra.access import Access
from infra.identity import Principal
from infra.problems import Problem
from services.assignment.api import ACCESS as ASSIGNMENT
from services.crisis_routing.api import ACCESS as CRISIS
from services.follow_up.api import ACCESS as FOLLOW_UP
from services.intake.api import ACCESS as INTAKE

app = typer.Typer()
EXAMPLE = Path(__file__).parent / "networks" / "example.yaml"
READERS = ("auditor", "network-lead", "data-steward", "platform")
"""Roles that give no command of their own to intake, assignment or follow_up."""


@app.command()
def token(
    who: Annotated[str, typer.Argument(help="Somebody of the network file (staff/7), or a role (coordinator).")],
    roles: Annotated[list[str] | None, typer.Argument(help="Other roles than the network file has.")] = None,
    file: Annotated[Path, typer.Option("--network", help="The network file that says who is who.")] = EXAMPLE,
    minutes: Annotated[float, typer.Option("--minutes")] = 480,
) -> None:
    """A token of the local issuer, for trying the HTTP interfaces.

    As in `throughline token staff/7`, `throughline token coordinator`, `throughline token staff/99 intake-desk`.
    """
    print(running().token(principal(who, roles or (), networks.load(file)), minutes))


def principal(who: str, roles: tuple[str, ...] | list[str], network: Network) -> Principal:
    """The first on duty behind a role is taken for it, because commands ask who is on duty. TL-2624 for nobody we know."""
    if roles:
        return Principal(who, frozenset(roles))
    staff = {person.id: person for person in network.staff}
    behind = [person for person in network.staff if who in person.roles or who in person.on_duty]
    if found := staff.get(who) or next(iter(behind), None):
        return Principal(found.id, found.roles)
    if who in known_roles():
        return Principal(f"local/{who}", frozenset({who}))
    fix = f"one of {', '.join([*staff, *sorted(known_roles())])}; or name roles after it"
    raise Problem("TL-2624", "nobody here is called that, and no role", "", fix, who)


def known_roles() -> frozenset[str]:
    """Every role that a rule of ours names."""
    return frozenset(READERS).union(*(Access(table).roles for table in (INTAKE, ASSIGNMENT, CRISIS, FOLLOW_UP)))
