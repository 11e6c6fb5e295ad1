"""The payers and their tables: who must be asked before which service. Authorizations only read it, and say on which version."""

from collections import Counter
from datetime import date

from contracts.kernel import Change, Decision, Fact, Reason, Refused, State
from contracts.payers import Payer, Requirement, RequirementsListed
from services.authorization.commands import ListRequirements

REQUIREMENTS = "requirements/network"
TWICE = Reason("TL-5301", "/requirements", "name each payer once, and each row of a table once with each version and first day")
NO_PAYER = Reason("TL-5302", "/requirements", "list the payer of every row")
NO_LINES = Reason("TL-5303", "/requirements", "a row that needs an authorization names its lines; one that needs nothing names none")


class Requirements(State):
    """What the last list said."""

    payers: tuple[Payer, ...] = ()
    rows: tuple[Requirement, ...] = ()

    def payer(self, name: str | None) -> Payer | None:
        return next((payer for payer in self.payers if payer.id == name), None)

    def row(self, payer: str | None, plan: str | None, service: str, day: date) -> Requirement | None:
        """The row in force on a day: of the plan itself, else of every plan; of two, the newer."""
        fitting = [row for row in self.rows if (row.payer, row.service) == (payer, service) and row.plan in (plan, None)]
        standing = [row for row in fitting if row.effective_from <= day <= (row.effective_until or date.max)]
        return max(standing, key=lambda row: (row.plan is not None, row.effective_from, row.version), default=None)


def listed(before: Requirements | None, command: ListRequirements) -> Decision:
    """The list takes the place of the one before it. One that changes nothing is no fact."""
    if reason := _fault(command):
        return Refused((reason,))
    if before and (before.payers, before.rows) == (command.payers, command.requirements):
        return ()
    return [Fact(REQUIREMENTS, RequirementsListed(payers=command.payers, requirements=command.requirements))]


def _fault(command: ListRequirements) -> Reason | None:
    payers = Counter(payer.id for payer in command.payers)
    versions = Counter(row.id for row in command.requirements)
    days = Counter((row.payer, row.plan, row.service, row.effective_from) for row in command.requirements)
    if max([*payers.values(), *versions.values(), *days.values()], default=1) > 1:
        return TWICE
    if not {row.payer for row in command.requirements} <= payers.keys():
        return NO_PAYER
    return NO_LINES if any(bool(row.lines) != (row.needed == "authorization") for row in command.requirements) else None


def evolve(state: Requirements | None, fact: Change) -> Requirements | None:
    """What the tables become."""
    if not isinstance(fact, RequirementsListed):
        return state
    return (state or Requirements()).model_copy(update={"payers": fact.payers, "rows": fact.requirements})
