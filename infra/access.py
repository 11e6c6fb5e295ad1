"""Who may do what: one function over a table that the service states. What the table does not allow is denied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.identity import Principal


class Scope(StrEnum):
    """Whose items a rule is about."""

    ANY = "any"
    ORGANISATION = "organisation"
    """Items that concern one of the principal's own organisations."""
    MEMBER = "member"
    """Items whose members the principal, or an organisation of theirs, is among."""
    OWNER = "owner"
    """Items whose accountable owner is the principal, or a role the principal holds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """These roles may, on items of this scope."""

    roles: frozenset[str]
    scope: Scope = Scope.ORGANISATION


@dataclass(frozen=True, slots=True)
class Item:
    """What access needs to know of an item: the organisations it concerns, its accountable owner (`role/…` or a principal's id), and who
    beside them may look at it: principals, or organisations."""

    organisations: frozenset[str] = frozenset()
    owner: str = ""
    members: frozenset[str] = frozenset()


def rule(*roles: str, scope: Scope = Scope.ORGANISATION) -> Rule:
    """`rule("care-coordinator", scope=Scope.OWNER)`."""
    if not roles:
        raise ValueError("a rule names at least one role")
    return Rule(frozenset(roles), scope)


def theirs(*roles: str) -> tuple[Rule, Rule]:
    """These roles may on what concerns an organisation of theirs, or what they answer for."""
    return rule(*roles), rule(*roles, scope=Scope.OWNER)


class Access:
    """The table of one service: action → rules, of which one must fit."""

    def __init__(self, table: Mapping[str, Rule | Iterable[Rule]]) -> None:
        self._table = {action: (rules,) if isinstance(rules, Rule) else tuple(rules) for action, rules in table.items()}

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(self._table)

    @property
    def roles(self) -> frozenset[str]:
        """Every role that a rule of it names."""
        return frozenset(role for rules in self._table.values() for rule in rules for role in rule.roles)

    def may(self, principal: Principal, action: str, item: Item | None = None) -> bool:
        """Whether some rule lets this principal do this. An item that is not known fits no scope but `any`."""
        return any(rule.roles & principal.roles and _within(principal, rule.scope, item) for rule in self._table.get(action, ()))

    def needs_item(self, principal: Principal, action: str) -> bool:
        """Whether the item must be looked up to answer: it matters to no others than whom a scoped rule alone lets through."""
        mine = [rule.scope for rule in self._table.get(action, ()) if rule.roles & principal.roles]
        return bool(mine) and Scope.ANY not in mine


def _within(principal: Principal, scope: Scope, item: Item | None) -> bool:
    if scope is Scope.ANY:
        return True
    if item is None:
        return False
    if scope is Scope.MEMBER:
        return bool(item.members & {principal.id, *principal.organisations})
    if scope is Scope.ORGANISATION:
        return bool(item.organisations & principal.organisations)
    return bool(item.owner) and (item.owner == principal.id or item.owner in {f"role/{role}" for role in principal.roles})
