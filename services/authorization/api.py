"""What people may post, and who may ask it at all. Whether it makes sense is decided with the authorization's state."""

from contracts.kernel import Command
from infra.access import Rule, Scope, rule, theirs
from infra.commands import Entry
from services.authorization import commands as c

AUTHORIZATION = "authorization/{id}"


def _on(command: type[Command], action: str = "authorize") -> Entry:
    """One command on an authorization, at its own name."""
    return Entry(command, f"/v1/authorizations/{{id}}/{command.type}", AUTHORIZATION, action)


ROUTES = (
    Entry(c.ListRequirements, "/v1/requirements", "requirements/network", "list-requirements"),
    Entry(c.RecordCoverage, "/v1/coverages/{id}/record-coverage", "coverage/{id}", "record-coverage"),
    *(_on(command) for command in c.COMMANDS if command not in (c.ListRequirements, c.RecordCoverage, c.NoteVisit, c.UseUnits)),
    _on(c.NoteVisit, "record-visit"),
    _on(c.UseUnits, "record-visit"),
)

DESKS, PROGRAM = ("authorization-desk", "coordinator", "network-lead"), theirs("program-desk")
ACCESS: dict[str, Rule | tuple[Rule, ...]] = {
    "see-measures": rule("network-lead", "team-lead", "data-steward", "program-desk", scope=Scope.ANY),
    "see-network-measures": rule("network-lead", "data-steward", scope=Scope.ANY),
    "authorize": (rule(*DESKS, "data-steward", scope=Scope.ANY), *PROGRAM),
    "record-visit": (rule(*DESKS, scope=Scope.ANY), *PROGRAM),
    "record-coverage": rule(*DESKS, "intake-desk", scope=Scope.ANY),
    "list-requirements": rule("platform", scope=Scope.ANY),
}
"""By role. Programs without a person of their own for this are helped by an authorization desk of the network. A program's desk says
who covers a person on its own authorization (`determine`): a coverage is of a record, which may be another program's as well."""
