"""What holds for referrals at the front door whatever happens, in whatever order: an owner and a clock at every instant while they are
open, nothing closed by time, nothing asked of anybody after a reported death, every lateness told once."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.assignment import PlacementEnded
from contracts.endings import RequestClosed, RequestReopened
from contracts.follow_up import CareStarted, OutcomeReported
from contracts.intake import RequestOverdue, RequestOverdueRetracted, RequestTriaged, RequestWarned, RequestWithdrawn
from contracts.kernel import Change, Event
from contracts.partners import ReferralAmended, ReferralWithdrawn
from contracts.plans import PlanDeathReported, SuppressionEnded
from services.intake import commands, domain
from services.intake.app import SERVICE
from services.intake.deaths import TELL
from tests.intake.lives import NINE, REFERENCES, Life, requested, subject

WHO = st.sampled_from(["staff/ana", "staff/ben"])
REFERENCE = st.sampled_from(REFERENCES)
URGENCY = st.sampled_from(["emergency", "urgent", "routine", None])
SENT = st.one_of(
    st.builds(requested, REFERENCE, URGENCY),
    st.builds(lambda r, u: ReferralAmended(reference=r, urgency=u), REFERENCE, URGENCY),
    st.builds(lambda r: ReferralWithdrawn(reference=r, reason="not-needed"), REFERENCE),
)
HEARD = st.sampled_from([
    ("care", CareStarted(started_at=NINE, kind="service", channel="in-person", in_time=True)),
    ("care", OutcomeReported(outcome="completed", verified=False, by="staff/dora")),
    ("placement", PlacementEnded(reason="discharged", released=())),
    ("plan", PlanDeathReported(at=NINE, by="staff/dora")),
    ("plan", SuppressionEnded(kind="died", why="refuted", at=NINE)),
])  # fmt: skip
ASKED = st.one_of(
    st.sampled_from([
        commands.AcknowledgeRequest(), commands.AskInformation(items=("consent",)), commands.GoOnWithout(reason="not-needed"),
        commands.SupplyInformation(items=("consent",)), commands.ReopenRequest(reason="asked-again"), commands.ReportDeath(),
        commands.RefuteDeath(), commands.WithdrawRequest(reason="not-needed"),
    ]),
    st.builds(
        lambda how: commands.CloseRequest(how=how, reason="services-obtained", to="elsewhere"),
        st.sampled_from(["verified", "asserted", "unmet", "redirected", "died"]),
    ),
    st.builds(lambda u: commands.TriageRequest(urgency=u, service="outpatient-therapy"), st.sampled_from(["urgent", "routine"])),
)  # fmt: skip
TIME = st.sampled_from([timedelta(minutes=10), timedelta(hours=4), timedelta(days=4)])
STEP = st.one_of(SENT, st.tuples(REFERENCE, HEARD), st.tuples(REFERENCE, ASKED, WHO), TIME)
LIFE = st.lists(STEP, max_size=25).map(lambda rest: [requested("EX-1"), *rest])
PLACED = st.lists(STEP, max_size=20).map(
    lambda rest: [
        requested("EX-1"), requested("EX-2"), ("EX-1", commands.AcknowledgeRequest(), "staff/ana"),
        ("EX-1", commands.TriageRequest(urgency="urgent", service="outpatient-therapy"), "staff/ana"), *rest,
    ]
)  # fmt: skip


def live(life: Life, step: Any) -> list[Change]:
    match step:
        case timedelta():
            return life.passes(step)
        case Event():
            return life.sends(step)
        case (reference, (kind, event)):
            return life.hears(reference, kind, event)
        case (reference, command, who):
            return life.asks(reference, command, who)
    raise AssertionError(step)


def lived(steps: Any) -> Life:
    life = Life()
    for step in steps:
        live(life, step)
    return life


@settings(max_examples=80, deadline=None)
@whatever(LIFE | PLACED)
def test_every_open_request_has_an_owner_a_step_and_a_clock_after_every_fact(steps):
    life = lived(steps)
    for reference in REFERENCES:
        block = None
        for fact in life.told(reference):
            block = fact.next or block
            assert block and block.owner and block.owner != block.waiting_on
            over = isinstance(fact, RequestClosed | RequestWithdrawn)
            assert (block.action == "none") == over
            assert over or (block.due and block.rule and block.allowed)


@settings(max_examples=80, deadline=None)
@whatever(LIFE | PLACED)
def test_time_alone_closes_nothing_and_gives_it_to_nobody(steps):
    life = lived(steps)
    life.passes(timedelta(0))  # whoever was to be told of a death has been
    before = {reference: life.request(reference) for reference in REFERENCES}
    said = life.passes(timedelta(days=365))
    assert {type(fact) for fact in said} <= {RequestWarned, RequestOverdue}
    for reference, was in before.items():
        now = life.request(reference)
        assert (was and was.status) == (now and now.status)
        assert not (was and was.owed and now) or (now.owed and now.owed.owner == was.owed.owner)


@settings(max_examples=80, deadline=None)
@whatever(LIFE | PLACED)
def test_an_illegal_move_is_refused_and_exactly_what_is_allowed_is_named(steps):
    life = Life()
    for step in steps:
        before = life.request(step[0]) if isinstance(step, tuple) else None
        said = live(life, step)
        if isinstance(step, tuple) and len(step) == 3 and before:
            assert bool(said) == (life.refused is None)
            assert said or (life.refused and life.refused.reasons[0].fix and life.refused.allowed == before.allowed)
            assert not said or step[1].type in before.allowed
            assert set(before.allowed) <= set(SERVICE.commands)


@settings(max_examples=80, deadline=None)
@whatever(LIFE | PLACED)
def test_all_that_is_late_is_told_once_and_nothing_before_its_time(steps):
    life = lived([*steps, timedelta(days=40)])
    for reference in REFERENCES:
        late, back = Counter[Any](), Counter[Any]()
        for at, fact in enumerate(facts := life.told(reference)):
            opening = sum(isinstance(one, RequestReopened) for one in facts[:at])
            late.update([(fact.action, fact.due, opening)] if isinstance(fact, RequestOverdue) else ())
            back.update([(fact.action, fact.due, opening)] if isinstance(fact, RequestOverdueRetracted) else ())
            assert not isinstance(fact, RequestOverdue) or (fact.citation and fact.owner and fact.late_minutes >= 0)
        request = life.request(reference)
        assert request is None or request.owed is None or request.owed.late == (request.owed.due <= life.now)
        assert all(back[which] <= count for which, count in late.items())


@settings(max_examples=80, deadline=None)
@whatever(LIFE | PLACED)
def test_of_somebody_who_is_said_to_have_died_nothing_is_asked_but_whether_that_is_so(steps):
    life = lived(steps)
    life.passes(timedelta(0))
    record = next((state for name, state in life.states.items() if name.startswith("record/")), None)
    for request in filter(None, map(life.request, REFERENCES)):
        if request.is_open and request.dead_since:
            assert request.owed and (request.owed.action, request.owed.waiting_on) == ("verify-death", None)
            assert request.allowed == ("refute-death", "close-request")
        if record and record.death in ("noted", "verified") and request.is_open:
            assert request.dead_since, "one request of the record was not told"
        assert not (record and record.death == "verified" and request.is_open and not request.dead_since)


@settings(max_examples=60, deadline=None)
@whatever(LIFE | PLACED)
def test_what_is_heard_twice_in_a_row_is_heard_once_but_for_the_receipt(steps):
    life = Life()
    for step in steps:
        live(life, step)
        if isinstance(step, tuple) and len(step) == 2:
            before = len([fact for fact in life.facts if not fact.topic])
            live(life, step)
            assert len([fact for fact in life.facts if not fact.topic]) == before


@settings(max_examples=60, deadline=None)
@whatever(LIFE | PLACED)
def test_the_state_is_the_fold_of_its_facts(steps):
    life = lived(steps)
    for reference in REFERENCES:
        state: Any = None
        for fact in life.told(reference):
            state = domain.evolve(state, fact)
        assert state == life.request(reference)


def test_an_edit_never_gives_a_step_more_time():
    life = lived([requested("EX-1", "routine")])
    before = life.request("EX-1")
    life.passes(timedelta(hours=1))
    life.sends(ReferralAmended(reference="EX-1", urgency="urgent"))
    after = life.request("EX-1")
    assert before and after and before.owed and after.owed and after.owed.due <= before.owed.due
    assert subject("EX-1") in life.states and TELL not in {one.name for one in domain.deadlines(after)}
    assert not any(isinstance(fact, RequestTriaged) for fact in life.told("EX-1"))
