"""`throughline rules`: every clock with its source, and the arithmetic of one in words."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from deploy import clocks
from deploy.cli import app
from infra.problems import Problem
from infra.rules import Running
from services.intake.rules import RULES

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
run = CliRunner()


def test_every_rule_of_every_service_is_listed_with_its_source():
    told = json.loads(run.invoke(app, ["rules", "list", "--json"]).stdout)
    assert {"intake", "assignment"} <= {rule["service"] for rule in told}
    assert all(rule["citation"] and rule["citation_status"] in ("read", "second-hand", "recalled", "default") for rule in told)
    assert "acknowledge@1" in run.invoke(app, ["rules", "list", "intake"]).stdout


def test_a_service_without_rules_is_refused_with_those_that_have_some():
    with pytest.raises(Problem, match=r"TL-5808(.|\n)*intake"):
        list(clocks.books("worklist"))


def test_a_referral_is_its_request_and_its_placement_and_the_rest_is_refused():
    assert clocks.subjects("referral/1") == ["request/1", "placement/1", "care/1"]
    assert clocks.subjects("placement/1") == ["placement/1"]
    for item in ("team/1", "referral/", "nothing"):
        with pytest.raises(Problem, match="TL-5809"):
            clocks.subjects(item)


def test_a_clock_is_told_with_its_arithmetic_and_one_that_was_recorded_otherwise_says_so():
    clock = RULES.clock("acknowledge", MONDAY, now=MONDAY, urgency="routine")
    same, other = (clocks.told("request/1", iter([Running("acknowledge-request", due, clock)])) for due in (clock.due_at, MONDAY))
    assert same[1] == "request/1, acknowledge-request: due Mon 2 Mar 2026 13:00 UTC"
    assert "  So it is due Mon 2 Mar 2026 13:00 UTC." in same and "what was recorded stands" not in " ".join(same)
    assert other[1].endswith("09:00 UTC") and "what was recorded stands" in other[-1]
    assert clock.due_at - MONDAY == timedelta(hours=4)


def test_every_service_explains_the_clocks_of_what_it_owns():
    told = {kind: name for kind, (name, _) in clocks.explainers().items()}
    assert set(told.values()) == {name for name, _ in clocks.books(None)}
    assert told["authorization"] == "authorization" and told["episode"] == "crisis_routing" and told["transition"] == "follow_up"


def test_an_end_that_somebody_else_named_is_told_beside_the_rule():
    clock = RULES.clock("acknowledge", MONDAY, now=MONDAY, urgency="routine")
    told = clocks.told("authorization/1", iter([Running("send-information/1", MONDAY, clock, "the payer named the day")]))
    assert told[-1] == "  But the payer named the day, so it is due Mon 2 Mar 2026 09:00 UTC."
