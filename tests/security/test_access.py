"""What no rule allows is denied."""

import pytest

from infra.access import Access, Item, Scope, rule, theirs
from infra.identity import Principal

ANA = Principal("staff/7", frozenset({"coordinator"}), frozenset({"org/north"}))
NORTH, SOUTH = Item(frozenset({"org/north"}), "role/desk"), Item(frozenset({"org/south"}), "staff/7")
TABLE = Access(
    {
        "close": rule("coordinator"),
        "audit": rule("coordinator", "auditor", scope=Scope.ANY),
        "reassign": (rule("supervisor"), rule("coordinator", scope=Scope.OWNER)),
    }
)


def test_an_action_without_a_rule_is_denied_to_everybody() -> None:
    assert not TABLE.may(ANA, "delete", NORTH) and not Access({}).may(ANA, "close", NORTH)


def test_a_role_acts_on_items_of_its_own_organisation_only() -> None:
    assert TABLE.may(ANA, "close", NORTH) and not TABLE.may(ANA, "close", SOUTH)


def test_an_owner_acts_on_what_it_owns_by_name_or_by_role() -> None:
    assert TABLE.may(ANA, "reassign", SOUTH) and not TABLE.may(ANA, "reassign", NORTH)
    assert TABLE.may(ANA, "reassign", Item(owner="role/coordinator"))


def test_any_is_any_item_but_not_any_role() -> None:
    assert TABLE.may(ANA, "audit", SOUTH) and TABLE.may(ANA, "audit", None)
    assert not TABLE.may(Principal("staff/9", frozenset({"reader"})), "audit", SOUTH)


def test_an_item_that_is_not_known_fits_no_scope_but_any() -> None:
    assert not TABLE.may(ANA, "close", None) and not TABLE.may(ANA, "reassign", None) and not TABLE.may(ANA, "close", Item())


def test_nobody_owns_what_has_no_owner() -> None:
    assert not TABLE.may(Principal("", frozenset({"coordinator"})), "reassign", Item())


def test_a_principal_without_roles_may_nothing() -> None:
    assert not any(TABLE.may(Principal("staff/7", organisations=frozenset({"org/north"})), action, SOUTH) for action in TABLE.actions)


def test_a_rule_names_a_role() -> None:
    with pytest.raises(ValueError):
        rule()


def test_the_item_is_looked_up_only_for_whom_a_scoped_rule_alone_lets_through() -> None:
    assert TABLE.needs_item(ANA, "close") and not TABLE.needs_item(ANA, "audit") and not TABLE.needs_item(ANA, "unknown")
    assert not TABLE.needs_item(Principal("staff/9", frozenset({"reader"})), "close")


def test_what_is_theirs_is_of_their_organisation_or_answered_for_by_them() -> None:
    table = Access({"act": theirs("desk")})
    north = Principal("staff/7", frozenset({"desk"}), frozenset({"org/north"}))
    assert table.may(north, "act", NORTH) and table.may(north, "act", SOUTH), "SOUTH is owned by staff/7"
    assert not table.may(Principal("staff/8", frozenset({"desk"}), frozenset({"org/east"})), "act", SOUTH)
    assert not table.may(north, "act", None)
