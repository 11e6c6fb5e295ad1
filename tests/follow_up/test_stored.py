"""What is stored: every fact and every state that ever was can be read, and every command has its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts import follow_up, plans, transitions
from infra import measuring
from services.follow_up import care, domain, plan, transition
from services.follow_up.api import ACCESS, ROUTES
from services.follow_up.app import SERVICE
from services.follow_up.commands import COMMANDS, STAYS
from services.follow_up.plan import Plan
from tests.follow_up.stories import DAY, NINE, STAY, active, admission, booked, discharge

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
EVENTS = (*follow_up.EVENTS, *plans.EVENTS, *transitions.EVENTS)


def saved() -> list[Any]:
    return [(event, path) for event in EVENTS for path in sorted((EXAMPLES / event.type).glob("*.json"))]


@pytest.mark.parametrize(("event", "path"), saved(), ids=lambda value: getattr(value, "stem", getattr(value, "type", "")))
def test_every_fact_ever_saved_can_be_applied_to_every_state_of_its_kind(event, path):
    fact = event.model_validate(json.loads(path.read_text("utf-8"))["data"])
    given = active()
    given.asks(admission(NINE), STAY)
    kind = domain.STATES[event.type.partition(".")[0]]
    for state in (None, *(one for one in given.states.values() if isinstance(one, kind))):
        after = domain.evolve(state, fact)
        assert after is None or list(domain.deadlines(after)) == list(domain.deadlines(type(after).model_validate(after.model_dump())))


def test_fields_that_a_newer_version_stored_are_kept():
    given = active()
    given.asks(booked(NINE + (NINE - NINE.replace(hour=8)) * 48))
    newer = json.loads(given.plan.model_dump_json())
    newer["goals"], newer["bookings"][0]["room"] = ["sleep"], "2b"
    given.states["plan/1"] = Plan.model_validate(newer)
    given.passes(NINE - NINE.replace(day=1))
    stored = json.loads(given.plan.model_dump_json())
    assert stored["goals"] == ["sleep"] and stored["bookings"][0]["room"] == "2b"


def test_what_is_folded_does_not_depend_on_the_rules(monkeypatch):
    """Whoever reads history may have other rules than whoever made it: what was owed is in the facts."""
    given = active(cadence_days=7, books_visits=False)
    given.asks(discharge(given.now - 3 * DAY), STAY)
    given.passes(40 * DAY)
    assert any(step.late for step in given.stay.owes) and any(step.late for step in given.plan.owes)
    for module in (care, plan, transition):
        monkeypatch.setattr(module, "clock", None)
    for subject, state in given.states.items():
        folded: Any = None
        for fact in given.facts:
            folded = domain.evolve(folded, fact.data) if fact.subject == subject else folded
        assert folded == state


def test_every_command_has_a_decision_a_route_and_a_rule():
    assert {entry.command for entry in ROUTES} == set(COMMANDS) == set(SERVICE.commands.values())
    assert {entry.action for entry in ROUTES} | {measuring.ACTION, measuring.OF_ALL} == set(ACCESS)
    decided = {*domain.DECISIONS, *domain.STAYS, *STAYS}
    assert {command.type for command in COMMANDS} - {command.type for command in decided} == {"report-feed"}
