"""What is stored: every fact and every state that ever was can be read, and every command has its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.authorization_lines import LinePended
from infra import measuring
from services.authorization import domain
from services.authorization.api import ACCESS, ROUTES
from services.authorization.app import SAYS, SERVICE
from services.authorization.authorization import Authorization
from services.authorization.commands import COMMANDS
from services.authorization.coverage import Coverage
from services.authorization.requirements import Requirements
from tests.authorization.stories import AUTHORIZATION, answer, story, submitted

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
KINDS = {"requirements": Requirements, "coverage": Coverage}


def saved() -> list[Any]:
    return [(event, path) for event in SAYS for path in sorted((EXAMPLES / event.type).glob("*.json"))]


@pytest.mark.parametrize(("event", "path"), saved(), ids=lambda value: getattr(value, "stem", getattr(value, "type", "")))
def test_every_fact_ever_saved_can_be_applied_to_every_state(event, path):
    fact = event.model_validate(json.loads(path.read_text("utf-8"))["data"])
    begun = story()
    own = KINDS.get(event.type.partition(".")[0], Authorization)
    states = {type(state): state for state in (*begun.states.values(), submitted().authorization)}
    for state in (None, states[own]):
        after = domain.evolve(state, fact)
        assert after is None or list(domain.deadlines(after)) == list(
            domain.deadlines(type(after).model_validate_json(after.model_dump_json()))
        )


def test_fields_that_a_newer_version_stored_are_kept():
    given = submitted()
    newer = json.loads(given.authorization.model_dump_json(exclude_none=True))
    newer["peer_reviewer"], newer["lines"][0]["modifier"] = "x", "HQ"
    given.states[AUTHORIZATION] = Authorization.model_validate(newer)
    given.answers(answer("A4"))
    stored = json.loads(given.authorization.model_dump_json(exclude_none=True))
    assert stored["peer_reviewer"] == "x" and stored["lines"][0]["modifier"] == "HQ" and given.told(LinePended)


def test_every_command_has_a_route_an_action_and_a_decision():
    assert [entry.command for entry in ROUTES if entry.command not in COMMANDS] == []
    assert {entry.command for entry in ROUTES} == set(COMMANDS) and len({entry.path for entry in ROUTES}) == len(ROUTES)
    assert {entry.action for entry in ROUTES} | {measuring.ACTION, measuring.OF_ALL} == ACCESS.keys()
    assert set(SERVICE.commands) == {command.type for command in COMMANDS}


def test_every_fact_that_is_said_carries_its_steps_as_the_state_has_them():
    begun = submitted()
    begun.answers(answer("A3"))
    said = begun.facts[-1].data
    assert said.steps == begun.authorization.steps and said.status == begun.authorization.status  # type: ignore[attr-defined]
