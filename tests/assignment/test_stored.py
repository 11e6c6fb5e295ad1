"""What is stored: every fact and every state that ever was can be read, and every command has its place."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.assignment import (
    EVENTS,
)
from contracts.recipients import RecipientAway
from contracts.rosters import RosterShifted
from services.assignment import domain
from services.assignment.api import ACCESS, BULK, ROUTES
from services.assignment.app import SERVICE
from services.assignment.caseloads import Caseload
from services.assignment.commands import (
    ABOUT_TEAMS,
    COMMANDS,
    AcceptOffer,
    DeclineOffer,
)
from services.assignment.directory import Directory
from services.assignment.placement import Placement
from tests.assignment.stories import (
    DORA,
    NETWORK,
    PLACEMENT,
    RIVERSIDE,
    received,
    story,
    triaged,
)

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"


def saved() -> list[Any]:
    return [(event, path) for event in EVENTS for path in sorted((EXAMPLES / event.type).glob("*.json"))]


@pytest.mark.parametrize(("event", "path"), saved(), ids=lambda value: getattr(value, "stem", getattr(value, "type", "")))
def test_every_fact_ever_saved_can_be_applied_to_every_state(event, path):
    fact = event.model_validate(json.loads(path.read_text("utf-8"))["data"])
    offered, accepted = story(received(), triaged()), story(received(), triaged())
    accepted.asks(AcceptOffer(program=RIVERSIDE), DORA)
    for state in (None, story(received()).placement, offered.placement, accepted.placement, Directory(), Caseload()):
        if state is None or type(state) is domain.STATES[event.type.partition(".")[0]]:
            after = domain.evolve(state, fact)
            assert after is None or list(domain.deadlines(after)) == list(domain.deadlines(type(after).model_validate(after.model_dump())))


def test_fields_that_a_newer_version_stored_are_kept():
    given = story(received(), triaged())
    newer = json.loads(given.placement.model_dump_json())
    newer["waitlisted"], newer["asked"][0]["distance_km"] = True, 4
    given.states[PLACEMENT] = Placement.model_validate(newer)
    given.asks(DeclineOffer(program=RIVERSIDE, reason="area"), DORA)
    given.passes(timedelta(hours=4))
    stored = json.loads(given.placement.model_dump_json())
    assert stored["waitlisted"] is True and stored["asked"][0]["distance_km"] == 4


def test_every_command_has_a_decision_a_route_and_a_rule():
    assert {entry.command for entry in (*ROUTES, *BULK)} == set(COMMANDS) == set(SERVICE.commands.values())
    assert {entry.action for entry in (*ROUTES, *BULK)} == set(ACCESS)
    assert {*COMMANDS, *domain.HEARS} - {type(NETWORK), type(received()), RecipientAway, RosterShifted, *ABOUT_TEAMS} <= set(
        domain.DECISIONS
    )
