"""No random life of a network breaks a law of care coordination; and whoever breaks one in the code is found.

Law 10 (business time) is held by the oracle of the regulatory clock here and by ten thousand instants a calendar in `tests/rules`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from contracts import clocks
from contracts.clocks import Step
from contracts.endings import RequestDeathReported
from contracts.kernel import DeadlinePassed, Next
from services.assignment import commands as placing
from services.assignment import domain as assignment
from services.assignment import endings, ownership, rules
from services.assignment import lateness as placements
from services.assignment.rules import RULES
from services.follow_up import placed
from services.intake import closing, referrals, requests
from services.intake import commands as intake
from tests.laws import network
from tests.laws.machine import PARTNERS, PEOPLE, Life
from tests.laws.people import PROGRAMS

Life.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
"""A life that breaks a law is shown as it was found: to make it shorter takes minutes, and hardly helps."""
test_no_life_breaks_a_law = pytest.mark.timeout(300)(Life.TestCase)

URGENT: dict[str, Any] = {"reference": "R-0", "service": "therapy", "urgency": "urgent"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def life() -> Iterator[Life]:
    begun = Life()
    begun.the_network_is_listed()
    yield begun
    begun.loop.close()


def refers(life: Life, late: timedelta = 0 * DAY) -> None:
    life.a_partner_refers(PARTNERS[0], PEOPLE[0], False, late, URGENT)
    life.everything_arrives()


def triaged(life: Life, late: timedelta = 0 * DAY) -> None:
    refers(life, late)
    life.people_do_what_is_next([0, 0])
    life.everything_arrives()


def asks(life: Life, service: str, kind: str, command: Any, who: str = "") -> None:
    subject, state = next(iter(life.network.states(service, kind)))
    life.runs(life.network.asks(service, command, subject, who or getattr(state, "owner", "staff/ana")))


def handed_to_somebody_else(life: Life) -> None:
    triaged(life)
    asks(life, "assignment", "placement", placing.AskHandOff(to="staff/eve"))
    asks(life, "assignment", "placement", placing.AcceptHandOff(), "staff/gil")


def waited(life: Life) -> None:
    triaged(life)
    life.time_goes_by(40 * DAY, looked=True)


def amended(life: Life) -> None:
    refers(life)
    life.time_goes_by(HOUR, looked=True)
    life.a_partner_amends(PARTNERS[0], "R-0", "urgent")


def closed_unseen(life: Life) -> None:
    refers(life)
    asks(life, "intake", "request", intake.CloseRequest(how="verified", reason="reviewed"), "staff/ana")


def died(life: Life) -> None:
    triaged(life)
    asks(life, "intake", "request", intake.ReportDeath(), "staff/ana")
    life.everything_arrives()


def seen_in_time_and_told_weeks_later(life: Life) -> None:
    """What outreach was late for is taken back, and owed again by the same instant."""
    life.a_referral_is_on_its_way(PARTNERS[0], URGENT, [20, 78, 16, 2, 24, 76, 65])
    life.time_goes_by(DAY, looked=False)
    life.people_do_what_is_next([74, 78, 3, 84, 42, 25])
    life.time_goes_by(40 * DAY, looked=True)
    life.people_do_what_is_next([78, 34, 5])


def died_while_it_was_closed(life: Life) -> None:
    refers(life)
    asks(life, "intake", "request", intake.CloseRequest(how="asserted", reason="reviewed"), "staff/ana")
    asks(life, "intake", "record", intake.ReportDeath(), "staff/ana")
    asks(life, "intake", "request", intake.ReopenRequest(reason="asked-again"), "staff/ben")
    life.everything_arrives()


def joined_late_by_who_asked_first(life: Life) -> None:
    """Two senders, one need: the second one's word comes when a program has the person, and is older."""
    life.a_partner_refers(PARTNERS[0], PEOPLE[0], True, 0 * DAY, URGENT)
    life.people_do_what_is_next([0, 0, 1])
    life.everything_arrives()
    life.a_partner_refers(PARTNERS[1], PEOPLE[0], True, 2 * DAY, URGENT)
    life.everything_arrives()


NOBODY = Step(Next(owner="staff/ana", action="triage-request"))
BROKEN: dict[str, tuple[int, Any, str, Any, Callable[[Life], None]]] = {
    "anybody may accept a hand-off": (1, ownership, "_is_asked", lambda *_: True, handed_to_somebody_else),
    "an edit starts the clock anew": (
        4, referrals, "_still", lambda state, _, now: requests.to_acknowledge(state.urgency, now, now, state.partner)._asdict(), amended,
    ),
    "the clock starts when we hear of it": (
        3, rules, "services", lambda _, urgency, now: RULES.clock("services", now, now=now, urgency=urgency),
        lambda life: triaged(life, DAY),
    ),
    "a step without a clock": (5, requests, "to_triage", lambda *_: NOBODY, triaged),
    "lateness that was told is forgotten": (6, clocks, "lateness_told", lambda *_: (), seen_in_time_and_told_weeks_later),
    "lateness without its source": (
        8, placements, "_cited", lambda *_: {"citation": "", "citation_status": "read", "late_minutes": 0}, waited,
    ),
    "a desk may take as long as it likes": (
        9, rules, "clock",
        lambda step, urgency, start, within, desk=None: RULES.clock(step, start, now=start, urgency=urgency),
        lambda life: triaged(life, 2.9 * DAY),
    ),
    "whatever is closed is verified": (11, closing, "_unless_so", lambda *_: None, closed_unseen),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_law_is_found(life, monkeypatch, name):
    number, module, function, wrong, lived = BROKEN[name]
    monkeypatch.setattr(module, function, wrong)
    with pytest.raises(AssertionError, match=f"law {number}"):
        lived(life)
        life.no_law_is_broken()


@pytest.mark.parametrize(
    "lived",
    {lived for *_, lived in BROKEN.values()} | {died, died_while_it_was_closed, joined_late_by_who_asked_first},
    ids=lambda lived: lived.__name__,
)
def test_the_same_lives_break_nothing_as_it_is(life, lived):
    lived(life)
    life.no_law_is_broken()
    life.whatever_is_over_was_told_late()


def test_what_was_late_before_anybody_warned_is_the_fold_of_its_facts(life):
    """Nobody looked for a day: the warnings that were to come are over with the step."""
    triaged(life)
    for program in PROGRAMS:
        asks(life, "assignment", "placement", placing.DeclineOffer(program=program, reason="no-capacity"))
    life.time_goes_by(DAY, looked=False)
    assert life.runs(life.network.audited()) == []


def test_a_search_that_time_ends_is_found(life, monkeypatch):
    monkeypatch.setitem(assignment.DECISIONS, DeadlinePassed, lambda case, _: endings._ended(case, "expired"))
    with pytest.raises(AssertionError, match="law 2"):
        waited(life)


def test_a_death_that_stops_nothing_is_found(life, monkeypatch):
    monkeypatch.setitem(assignment.DECISIONS, RequestDeathReported, lambda *_: ())
    with pytest.raises(AssertionError, match="law 13"):
        died(life)


def test_a_first_visit_that_stays_where_it_was_is_found(life, monkeypatch):
    monkeypatch.setattr(placed, "counted_earlier", lambda *_: [])
    with pytest.raises(AssertionError, match="law 3"):
        joined_late_by_who_asked_first(life)


def test_an_entry_that_nobody_answers_is_found(monkeypatch):
    monkeypatch.setattr(network, "SERVICES", (replace(network.INTAKE, answer=lambda *_: ()), *network.SERVICES[1:]))
    silent = Life()
    silent.a_partner_says_something_else(PARTNERS[0], "R-0", PEOPLE[0], b"{")
    with pytest.raises(AssertionError, match="law 7"):
        silent.every_entry_is_answered()
    silent.loop.close()
