"""What holds whatever happens, in whatever order: each open step has one owner and a clock, nothing lapses, twice is once."""

from datetime import timedelta
from typing import Any

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.authorization import (
    AuthorizationChange,
    AuthorizationEnded,
    AuthorizationOpened,
    AuthorizationOverdue,
    AuthorizationOverdueRetracted,
    LineAsked,
    ReferralPutAtRisk,
    RiskCleared,
)
from contracts.authorization_lines import LineUnanswered, UnitsUsed
from contracts.kernel import Change, Command, Personal
from services.authorization import commands as c
from services.authorization import domain
from services.authorization.app import SERVICE
from services.authorization.lines import GRANTED
from services.authorization.steps import about
from tests.authorization.stories import (
    AUTHORIZATION,
    COVERED,
    EMPLOYER,
    ENDED,
    MANAGED,
    NINE,
    TABLES,
    Story,
    accepted,
    answer,
    by_letter,
)
from tests.explaining import unexplained

DAY = timedelta(days=1)
NUMBERS = st.sampled_from([1, 2, 3, 9])
ACTIONS = st.sampled_from(["A1", "A2", "A3", "A4", "A5", "A6", "C", "CT", "NA", "PENDEDCODE"])
AGO = st.integers(min_value=-20, max_value=0).map(lambda days: days * DAY)
DAYS = st.integers(min_value=-5, max_value=40).map(lambda days: NINE.date() + days * DAY)
UNITS = st.sampled_from([None, 0, 3, 14, 30])
REASONS = st.sampled_from([(), ("84",)])


BY_TIME = {
    "AuthorizationWarned", "AuthorizationOverdue", "LineUnanswered", "DecisionInquired", "RenewalDue", "LineExpired", "ReferralPutAtRisk",
    "RiskCleared",
}  # fmt: skip


def told(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


ANSWERS = told(
    action=ACTIONS, line=NUMBERS, units=UNITS, reasons=REASONS, notice_on=st.none() | DAYS, ends_on=st.none() | DAYS,
    next_review_on=st.none() | DAYS, asks=st.sampled_from([(), ("18776-5",)]), display_differs=st.booleans(), ago=AGO,
)  # fmt: skip
VISITS = st.sampled_from(["visit/1", "visit/2", "visit/3"])
RENEWAL = c.AddLines(lines=(LineAsked(line=3, service="H0018", units=14, unit="day", renews=1),))
HUMAN = st.one_of(
    st.builds(c.Determine, needed=st.sampled_from([None, "nothing"]), payer=st.sampled_from([None, MANAGED, EMPLOYER])),
    st.just(RENEWAL),
    st.builds(c.SubmitAuthorization, lines=st.sampled_from([(), (1,), (2,)]), channel=st.sampled_from([None, "portal", "fax"])),
    st.builds(c.EnterInformationRequest, line=NUMBERS, asks=st.just(("28570-0",))),
    st.builds(c.SendInformation, line=NUMBERS, channel=st.just("fax")),
    st.builds(c.ConfirmInformation, line=NUMBERS),
    st.builds(c.FileAppeal, line=NUMBERS, expedited=st.booleans()),
    st.builds(c.WaiveAppeal, line=NUMBERS, reason=st.just("accepted")),
    st.builds(c.AskContinuation, line=NUMBERS),
    st.builds(c.CancelLine, line=NUMBERS, reason=st.just("not-needed")),
    st.builds(c.SettleDataIssue, line=NUMBERS, issue=st.just("denial-without-reason"), reasons=REASONS),
    st.builds(c.EnterExtension, line=NUMBERS, until=st.just(NINE + 12 * DAY), notice_on=DAYS),
    st.builds(c.NoteVisit, visit=VISITS, at=st.none() | DAYS.map(lambda day: NINE + (day - NINE.date()))),
    st.builds(c.UseUnits, visit=VISITS, at=DAYS.map(lambda day: NINE + (day - NINE.date()))),
)
TIMES = st.sampled_from([timedelta(hours=5), 3 * DAY, 30 * DAY])
STEPS = st.one_of(
    HUMAN, TIMES, ANSWERS.map(lambda a: ("payer", a)), ANSWERS.map(lambda a: ("letter", a)), AGO.map(lambda ago: ("receipt", ago)),
    st.sampled_from([accepted(), TABLES, COVERED]),
)  # fmt: skip
RARE = st.sampled_from([ENDED, c.EndAuthorization(reason="care-completed")])
ORDINARY = [TABLES, COVERED, accepted(), c.SubmitAuthorization(diagnosis=Personal("F33.1"))]
LIVES = st.one_of(
    st.lists(STEPS | RARE, max_size=20), st.lists(STEPS, max_size=25).map(lambda rest: [*ORDINARY, *rest]), st.lists(STEPS, max_size=12)
)


def play(life: Story, step: Any) -> list[Change]:
    if isinstance(step, timedelta):
        return life.passes(step)
    if isinstance(step, Command):
        return life.asks(step)
    if not isinstance(step, tuple):
        return life.hears(step)
    kind, rest = step
    if AUTHORIZATION not in life.states or not life.authorization.submissions:
        return []
    if kind == "receipt":
        return life.asks(c.ConfirmReceipt(reference=life.reference, received_at=life.now + rest))
    fields = {name: value for name, value in rest.items() if name not in ("action", "line", "ago")}
    at = life.now + rest["ago"]
    if kind == "payer":
        return life.answers(answer(rest["action"], rest["line"], answered_at=at, **fields))
    return life.asks(by_letter(rest["action"], rest["line"], answered_at=at, **fields))


def lived(steps: list[Any]) -> Story:
    life = Story()
    for step in steps:
        play(life, step)
    return life


def facts(life: Story) -> list[AuthorizationChange]:
    return [fact.data for fact in life.facts if isinstance(fact.data, AuthorizationChange)]


@settings(max_examples=80, deadline=None)
@whatever(LIVES)
def test_every_open_step_has_one_owner_a_clock_and_a_cited_rule_and_the_next_is_the_most_pressing(steps):
    for fact in facts(lived(steps)):
        keys = [(step.action, step.line) for step in fact.steps]
        assert len(set(keys)) == len(keys)
        assert all(step.owner and step.due and step.rule and step.citation for step in fact.steps)
        assert fact.next and fact.next.owner and fact.request == "request/1"
        if fact.steps:
            first = min(fact.steps, key=lambda step: step.due)
            assert (fact.next.due, fact.next.rule) == (first.due, first.rule) and fact.next.waiting_on != fact.next.owner


@settings(max_examples=80, deadline=None)
@whatever(LIVES)
def test_every_clock_can_be_told_in_words(steps):
    life = lived(steps)
    if AUTHORIZATION in life.states:
        state = life.authorization
        owed = [(about(step) if step.line else step.action, step.due) for step in state.steps]
        assert unexplained(AUTHORIZATION, state, owed) == []


@settings(max_examples=80, deadline=None)
@whatever(LIVES)
def test_every_line_that_is_not_over_has_a_step(steps):
    life = lived(steps)
    if AUTHORIZATION not in life.states or life.authorization.ended:
        return
    state = life.authorization
    with_steps = {step.line for step in state.steps}
    for line in state.lines:
        open_still = line.is_waiting or line.status == "assembling" or (line.status in (*GRANTED, "expired") and not state.is_renewed(line))
        assert line.line in with_steps or not open_still, (line.status, state.steps)
        if line.is_refused and not state.is_carried_on(line):
            assert any(step.action == "secure-care" for step in state.steps)
    assert state.needed is not None or any(step.action == "determine" for step in state.steps)


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_time_alone_closes_nothing_decides_nothing_and_gives_it_to_nobody(steps):
    life = lived(steps)
    if AUTHORIZATION not in life.states:
        return
    before = life.authorization
    said = life.passes(timedelta(days=400))
    after = life.authorization
    assert {type(fact).__name__ for fact in said} <= BY_TIME
    assert (after.owner, after.ended, after.needed) == (before.owner, before.ended, before.needed)
    for was, now in zip(before.lines, after.lines, strict=True):
        assert now.status == was.status or (was.is_granted and now.status == "expired")
    if not before.ended:
        assert {(s.action, s.line) for s in before.steps if s.action in ("determine", "submit", "decide-on-appeal", "chase-reason")} <= {
            (s.action, s.line) for s in after.steps
        }
    assert life.passes(timedelta(days=400)) == []


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_the_state_is_the_fold_of_its_facts_as_they_are_stored(steps):
    life = lived(steps)
    states: dict[str, Any] = {}
    for fact in life.facts:
        stored = type(fact.data).model_validate_json(fact.data.model_dump_json(exclude_none=True))
        states[fact.subject] = domain.evolve(states.get(fact.subject), stored)  # type: ignore[arg-type]
    plain = {name: state.model_dump_json(exclude_none=True) for name, state in states.items()}
    assert plain == {name: state.model_dump_json(exclude_none=True) for name, state in life.states.items()}


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_what_is_said_twice_in_a_row_is_said_once(steps):
    """Beside what somebody does twice on purpose: putting lines again, and answers that come at another instant."""
    life = Story()
    for step in steps:
        play(life, step)
        if isinstance(step, timedelta | c.AddLines | c.RecordCoverage) or step is ENDED:
            continue
        again = [fact for fact in play(life, step) if not isinstance(fact, AuthorizationOverdue | LineUnanswered)]
        assert again == [], (step, again)


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_a_lateness_is_told_once_and_taken_back_only_if_it_was_told(steps):
    standing: set[tuple[str, int, Any]] = set()
    for fact in facts(lived(steps)):
        if isinstance(fact, AuthorizationOverdue):
            key = (fact.action, fact.line, fact.due)
            assert key not in standing and fact.rule and fact.citation and fact.owner and fact.late_minutes >= 0
            standing.add(key)
        if isinstance(fact, AuthorizationOverdueRetracted):
            standing.remove((fact.action, fact.line, fact.due))


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_risks_are_said_once_and_cleared_only_when_they_stood(steps):
    standing: set[tuple[str, int, str | None]] = set()
    life = lived(steps)
    for fact in facts(life):
        if isinstance(fact, ReferralPutAtRisk):
            assert (fact.risk, fact.line, fact.visit) not in standing
            standing.add((fact.risk, fact.line, fact.visit))
        if isinstance(fact, RiskCleared):
            standing.remove((fact.risk, fact.line, fact.visit))
    if AUTHORIZATION in life.states:
        assert len(standing) == len(life.authorization.risks)


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_units_are_counted_once_a_visit(steps):
    life = lived(steps)
    visits = [fact.visit for fact in facts(life) if isinstance(fact, UnitsUsed)]
    assert len(set(visits)) == len(visits)
    if AUTHORIZATION in life.states:
        assert sum(line.used for line in life.authorization.lines) == len(visits)


@settings(max_examples=60, deadline=None)
@whatever(LIVES)
def test_an_illegal_move_is_refused_and_what_is_allowed_is_named(steps):
    life = Story()
    for step in steps:
        play(life, step)
        if life.refused:
            assert life.refused.reasons[0].code.startswith("TL-53") and life.refused.reasons[0].fix
            assert set(life.refused.allowed) <= set(SERVICE.commands)


@settings(max_examples=40, deadline=None)
@whatever(st.lists(STEPS, max_size=15))
def test_it_is_opened_once_and_after_its_end_nothing_is_owed(steps):
    life = lived([*ORDINARY, *steps, ENDED, *steps])
    said = facts(life)
    assert sum(isinstance(fact, AuthorizationOpened) for fact in said) == 1
    ends = [place for place, fact in enumerate(said) if isinstance(fact, AuthorizationEnded)]
    assert len(ends) == 1 and all(fact.steps == () for fact in said[ends[0] :])
