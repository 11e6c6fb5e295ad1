"""The example network's own rules lie over ours: its state's, its network's and a partner agreement's, the most specific last."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from deploy import agreed, network
from deploy.local.services import NETWORK, laid_over
from infra.ruledirs import VARIABLE
from infra.rulefile import Rule
from infra.rules import Rulebook, book_of

MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
TODAY = date(2026, 3, 2)


@pytest.fixture
def laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed.lay(network.load(NETWORK), tmp_path)
    monkeypatch.setenv(VARIABLE, laid_over(tmp_path))


def found(book: Rulebook, rule: str, **about: str) -> Rule:
    return book.find(rule, TODAY, about)


def test_a_states_rule_is_for_whom_it_names_and_the_others_keep_ours(laid):
    book = book_of("services.follow_up", "contracts/clocks.yaml")
    child, adult = found(book, "plan-review", minor="yes"), found(book, "plan-review", minor="no")
    assert (child.id, child.limit, child.layer) == ("plan-review@2", "60 d", 1)
    assert (adult.id, adult.limit, adult.layer) == ("plan-review@1", "182 d", 0)


def test_a_networks_rule_takes_the_place_of_ours_and_its_clock_says_so(laid):
    book = book_of("services.assignment", "contracts/clocks.yaml")
    clock = book.clock("waitlist-contact", MONDAY, now=MONDAY)
    assert (clock.rule, clock.due_at) == ("waitlist-contact@2", MONDAY + timedelta(days=7) - timedelta(hours=1))  # summer time begins
    assert "example network" in book.source("waitlist-contact@2")[0]


def test_an_agreements_rule_is_for_that_partner_alone(laid):
    book = book_of("services.intake", "contracts/clocks.yaml")
    asked = {"urgency": "routine", "of": "sender"}
    theirs = found(book, "information", partner="northgate-schools", **asked)
    others = found(book, "information", partner="lakeside", **asked)
    assert theirs.limit == "1 bd" and theirs.citation == "agreement with Northgate Schools"
    assert others.limit == "2 bd" and others.layer == 0


def test_what_no_rule_says_stays_as_it_was(laid):
    ours, with_overlays = Rulebook.load("services/assignment/rules.yaml"), book_of("services.assignment")
    changed = {rule.rule for rule in with_overlays.rules if rule.layer}
    assert changed == {"waitlist-contact"} and len(with_overlays.rules) == len(ours.rules) + 1


def test_a_pause_is_refused_for_no_clock_stands_still():
    with pytest.raises(ValueError, match="pauses_while"):
        Rule.model_validate({"rule": "x", "pauses_while": ["the person is away"]})
