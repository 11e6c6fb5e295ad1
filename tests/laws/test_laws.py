"""No random life of a network breaks a law of care coordination; and whoever breaks one in the code is found.

Law 10 (business time) is held by the oracle of the regulatory clock here and by ten thousand instants a calendar in `tests/rules`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from contracts import clocks
from contracts.alerts import AlertAcknowledged
from contracts.authorization import AuthorizationEnded
from contracts.clocks import Step
from contracts.crisis_routing import EpisodeClosed
from contracts.endings import RequestDeathReported
from contracts.kernel import DeadlinePassed, Next
from services.assignment import commands as placing
from services.assignment import directory, endings, ownership, rules
from services.assignment import domain as assignment
from services.assignment import lateness as placements
from services.assignment.rules import RULES
from services.authorization import domain as authorization
from services.authorization import telling
from services.crisis_routing import commands as crisis
from services.crisis_routing import domain as crisis_routing
from services.crisis_routing import ownership as handing
from services.crisis_routing import steps as crisis_steps
from services.crisis_routing import teams
from services.crisis_routing.rules import RULES as CRISIS_RULES
from services.follow_up import placed
from services.intake import closing, differing, referrals, requests, views
from services.intake import commands as intake
from services.notification import climbing
from services.notification.alerts import alert_id
from tests.laws import network
from tests.laws.machine import PARTNERS, PEOPLE, Life
from tests.laws.people import PROGRAMS

Life.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
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
    asks(life, "intake", "request", intake.CloseRequest(how="verified", reason="services-obtained"), "staff/ana")


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
    asks(life, "intake", "request", intake.CloseRequest(how="asserted", reason="services-obtained"), "staff/ana")
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


def somebody_leaves(life: Life) -> None:
    life.somebody_is_away_or_back("staff/ana", 72, None)
    life.everything_arrives()
    refers(life)


def told_again_and_again(life: Life) -> None:
    waited(life)
    life.everything_arrives()
    life.time_goes_by(6 * DAY, looked=True)


def authorized(life: Life) -> None:
    triaged(life)
    asks(life, "assignment", "placement", placing.AcceptOffer(program=PROGRAMS[0]))
    life.everything_arrives()
    life.time_goes_by(10 * DAY, looked=True)


def in_crisis(life: Life) -> None:
    life.teams_and_beds_are_listed()
    life.somebody_is_in_crisis(0, 0 * HOUR, "high", "oak")
    life.everything_arrives()
    asks(life, "crisis_routing", "episode", crisis.TakeEpisode(), "staff/fay")


def handed_over_in_a_crisis_and_waited(life: Life) -> None:
    in_crisis(life)
    asks(life, "crisis_routing", "episode", crisis.AskHandOver(to="staff/gil"))
    life.time_goes_by(HOUR, looked=True)


def handed_over_in_a_crisis(life: Life) -> None:
    in_crisis(life)
    asks(life, "crisis_routing", "episode", crisis.AskHandOver(to="staff/gil"))
    asks(life, "crisis_routing", "episode", crisis.AcceptHandOver(), "staff/hal")


def talked_to_for_long(life: Life) -> None:
    life.teams_and_beds_are_listed()
    life.somebody_is_in_crisis(0, 0 * HOUR, "low", "oak")
    life.everything_arrives()
    life.time_goes_by(2 * HOUR, looked=True)
    life.whatever_is_over_was_told_late()


def a_team_goes(life: Life) -> None:
    in_crisis(life)
    ((_, episode),) = life.network.states("crisis_routing", "episode")
    asks(life, "crisis_routing", "episode", crisis.ConfirmTeam(team=episode.team))


def died_when_it_was_late(life: Life) -> None:
    waited(life)
    life.everything_arrives()
    died(life)


def said_otherwise(life: Life) -> None:
    """Whoever has it says that it does not, after it said that it does."""
    triaged(life)
    asks(life, "assignment", "placement", placing.AcceptOffer(program=PROGRAMS[0]))
    life.everything_arrives()
    life.a_partner_says_where_it_stands(0, "receiver", ("rejected", "4.0"), 0 * DAY)


def said_otherwise_for_long(life: Life) -> None:
    said_otherwise(life)
    life.time_goes_by(6 * DAY, looked=True)
    life.whatever_differs_for_long_is_listed()


def said_late(life: Life) -> None:
    said_otherwise(life)
    life.a_partner_says_where_it_stands(0, "receiver", ("accepted", "3.0"), 3 * HOUR)


def said_by_the_sender_too(life: Life) -> None:
    said_otherwise(life)
    life.a_partner_says_where_it_stands(0, "sender", ("in-progress", None), 0 * DAY)


def seen_by_nobody(state: Any, message: Any) -> Any:
    standing = state.ladders if state else ()
    return [AlertAcknowledged(alert=one.alert, item=one.item, by="staff/ana", climbs_at=message.at) for one in standing]


def closed_by_time(case: Any, _: Any) -> Any:
    return ((case.subject, EpisodeClosed(reason="reached", by="nobody", person=case.episode.person, closed_at=case.now)),)


class Slow:
    """Rules that count a crisis by working days."""

    @staticmethod
    def clock(name: str, start: datetime, **about: Any) -> Any:
        found = CRISIS_RULES.clock(name, start, **about)
        return replace(found, due_at=found.due_at + DAY)


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
    "whoever is away is given new work": (
        1, directory.Directory, "there", lambda self, who, _: self.staff.get(who, (who,)), somebody_leaves,
    ),
    "a level of a ladder is no alert of its own": (
        6, climbing, "alert_id", lambda item, rule, milestone, _: alert_id(item, rule, milestone, 0), told_again_and_again,
    ),
    "what goes on was seen by somebody": (11, climbing, "acted", seen_by_nobody, told_again_and_again),
    "anybody may accept a crisis": (1, handing, "_is_asked", lambda *_: True, handed_over_in_a_crisis),
    "a crisis without a clock": (5, crisis_steps, "next_of", lambda *_: Step(Next(owner="staff/fay", action="find-team")), in_crisis),
    "nobody is told that a crisis is late": (3, crisis_routing.PASSED, "due", lambda *_: (), talked_to_for_long),
    "a team drives by business time": (10, teams, "RULES", Slow, a_team_goes),
    "time closes a crisis": (2, crisis_routing.PASSED, "hand-over", closed_by_time, handed_over_in_a_crisis_and_waited),
    "an authorization without an owner": (5, telling, "next_of", lambda _: None, authorized),
    "the word that came last stands": (12, views, "_rank", lambda word: len(word.means), said_late),
    "there is one view of a referral": (
        12, views, "_said_by", lambda message, world: (max(world.states, key=lambda one: one.startswith("request/")), "receiver"),
        said_by_the_sender_too,
    ),
    "nobody is told of a disagreement": (12, differing, "_differed", lambda *_: [], said_otherwise_for_long),
    "whatever is closed is verified": (11, closing, "_unless_so", lambda *_: None, closed_unseen),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_law_is_found(life, monkeypatch, name):
    number, module, function, wrong, lived = BROKEN[name]
    (monkeypatch.setitem if isinstance(module, dict) else monkeypatch.setattr)(module, function, wrong)
    with pytest.raises(AssertionError, match=f"law {number}"):
        lived(life)
        life.no_law_is_broken()


@pytest.mark.parametrize(
    "lived",
    {lived for *_, lived in BROKEN.values()} | {died, died_when_it_was_late, died_while_it_was_closed, joined_late_by_who_asked_first},
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


def test_alerts_that_go_on_about_the_dead_are_found(life, monkeypatch):
    for what in ("stopped", "acted"):
        monkeypatch.setattr(climbing, what, lambda *_: [])
    with pytest.raises(AssertionError, match="law 13: somebody is still told"):
        died_when_it_was_late(life)


def test_an_authorization_that_is_late_and_nobody_says_so_is_found(life, monkeypatch):
    monkeypatch.setitem(authorization.DECISIONS, DeadlinePassed, lambda *_: ())
    with pytest.raises(AssertionError, match="law 3: a clock ran out"):
        authorized(life)
        life.whatever_is_over_was_told_late()


def test_an_authorization_that_time_ends_is_found(life, monkeypatch):
    ended = AuthorizationEnded(reason="other", queryable_until=network.MONDAY)
    monkeypatch.setitem(authorization.DECISIONS, DeadlinePassed, lambda *_: (ended,))
    with pytest.raises(AssertionError, match="law 2"):
        authorized(life)


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
