"""What holds whatever happens, in whatever order: one owner always, nothing closed by time, the same life whatever the order told."""

import random
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.follow_up import CareEnded, CareOverdue, OutcomeReported
from contracts.intake import RecordLinked
from contracts.kernel import Change
from contracts.plans import FlagCleared, FlagRetracted, PlanDischarged, PlanFlagged, PlanOverdue
from contracts.transitions import TransitionEnded, TransitionOverdue
from services.follow_up import commands, domain
from services.follow_up.care import Care
from services.follow_up.engagement import reading
from services.follow_up.items import Item
from services.follow_up.plan import Plan
from services.follow_up.transition import Transition
from tests.explaining import unexplained
from tests.follow_up.stories import (
    DAY,
    HOUR,
    LAKESIDE,
    NINE,
    WEEK,
    Story,
    accepted,
    admission,
    attempt,
    attended,
    booked,
    contact,
    discharge,
    opened,
)

PLANS = st.sampled_from(["plan/1", "plan/2"])
AGO = st.sampled_from([0, 1, 30, 3 * 24, 20 * 24]).map(lambda hours: hours * HOUR)
AHEAD = st.sampled_from([1, 2, 7, 20]).map(lambda days: days * DAY)
CHANNELS = st.sampled_from(["telephone", "text", "letter"])
KINDS = st.sampled_from(["hospital", "ed", "jail", "detox"])
STAYS = st.sampled_from(["E-1", "E-2"])
SPANS = st.sampled_from([HOUR, DAY, 5 * DAY, 2 * WEEK, 6 * WEEK])
ENDINGS = (PlanDischarged, CareEnded, OutcomeReported, TransitionEnded)


class Lives(RuleBasedStateMachine):
    """One person in two programs, who may be two people: visits, contacts, stays, deaths, silence, in any order and told late."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()

    @initialize(same=st.booleans(), books=st.booleans(), cadence=st.sampled_from([7, 14, 90]))
    def begin(self, same: bool, books: bool, cadence: int) -> None:
        given = self.story
        given.hears(opened(), "record/1")
        given.hears(accepted(cadence_days=cadence, books_visits=books))
        given.hears(accepted(LAKESIDE, record="record/2", cadence_days=30, books_visits=not books), "placement/2")
        given.hears(opened("record/2", "person/1" if same else "person/2"), "record/2")
        assert not given.kept

    def asks(self, command: Any, subject: str) -> None:
        """Whatever is asked twice is one, unless something else came between."""
        said = self.story.asks(command, subject)
        again = self.story.asks(command, subject)
        assert not said or self.story.refused or not _same_news(said, again), (command, again)

    @rule(plan=PLANS, ahead=AHEAD, number=st.sampled_from([None, "A-1", "A-2"]))
    def book(self, plan: str, ahead: timedelta, number: str | None) -> None:
        self.asks(booked(self.story.now + ahead, reference=number, reason="other"), plan)

    @rule(plan=PLANS, ago=AGO, known=st.booleans())
    def attend(self, plan: str, ago: timedelta, known: bool) -> None:
        standing = self.story.states[plan].bookings
        at = max(self.story.now - ago, NINE)
        visit = standing[0].visit if known and standing and standing[0].starts_at <= at else None
        self.asks(attended(at, visit=visit), plan)

    @rule(plan=PLANS)
    def miss(self, plan: str) -> None:
        for booking in self.story.states[plan].bookings[:1]:
            self.asks(commands.RecordNoShow(visit=booking.visit), plan)

    @rule(plan=PLANS)
    def cancel(self, plan: str) -> None:
        for booking in self.story.states[plan].bookings[:1]:
            self.asks(commands.CancelVisit(visit=booking.visit, by="client", at=self.story.now), plan)

    @rule(plan=PLANS, ago=AGO)
    def talk(self, plan: str, ago: timedelta) -> None:
        self.asks(contact(max(self.story.now - ago, NINE)), plan)

    @rule(plan=PLANS, ago=AGO, channel=CHANNELS)
    def try_to_reach(self, plan: str, ago: timedelta, channel: str) -> None:
        self.story.asks(attempt(self.story.now - ago, channel), plan)

    @rule(plan=PLANS, ahead=AHEAD, kind=st.sampled_from(["paused", "transferred"]))
    def suppress(self, plan: str, ahead: timedelta, kind: Any) -> None:
        self.asks(commands.SuppressPlan(kind=kind, since=self.story.now, until=self.story.now + ahead), plan)

    @rule(plan=PLANS, command=st.sampled_from([commands.RefuteDeath(), commands.ReviewEngagement(decision="continue-outreach")]))
    def decide(self, plan: str, command: Any) -> None:
        self.story.asks(command, plan, "staff/sam")

    @rule(plan=PLANS)
    @precondition(lambda self: self.story.turns % 5 == 0)
    def die(self, plan: str) -> None:
        self.asks(commands.ReportDeath(at=self.story.now), plan)

    @rule(plan=PLANS)
    @precondition(lambda self: self.story.turns % 7 == 0)
    def leave_program(self, plan: str) -> None:
        self.story.asks(commands.DischargePlan(reason="moved", at=self.story.now), plan)

    @rule(silent=st.booleans())
    def feed(self, silent: bool) -> None:
        self.asks(commands.ReportFeed(silent_since=self.story.now if silent else None), "feed/program-riverside")

    @rule(ago=AGO, kind=KINDS, number=STAYS, record=st.sampled_from(["record/1", "record/2"]), leaves=st.booleans())
    def stay(self, ago: timedelta, kind: str, number: str, record: str, leaves: bool) -> None:
        told: Any = (discharge if leaves else admission)(self.story.now - ago, kind=kind, reference=number, record=record)
        self.asks(told, "transition/new")

    @rule(number=STAYS, command=st.sampled_from([commands.CancelAdmission, commands.CancelDischarge]))
    def take_back(self, number: str, command: Any) -> None:
        self.asks(command(facility="general", reference=number), "transition/new")

    @rule(to=st.sampled_from(["person/1", "person/2", "person/3"]))
    def link(self, to: str) -> None:
        left = self.story.states["client/2"].person
        if to != left:
            self.story.hears(RecordLinked(person=to, left=left, by="urn:network:person"), "record/2")

    @rule(span=SPANS)
    def pass_time(self, span: timedelta) -> None:
        before = {subject for subject, state in self.story.states.items() if getattr(state, "status", "") == "ended"}
        said = self.story.passes(span)
        assert not [one for one in said if isinstance(one, ENDINGS)], "time alone ends nothing"
        assert before == {subject for subject, state in self.story.states.items() if getattr(state, "status", "") == "ended"}

    # — what always holds

    def owned(self) -> list[tuple[str, Item]]:
        return [(subject, state) for subject, state in self.story.states.items() if isinstance(state, Item)]

    @invariant()
    def every_open_item_has_one_owner_and_a_clock_and_what_has_ended_has_none(self) -> None:
        for subject, state in self.owned():
            said = self.story.next(subject)
            assert state.owner.startswith(("desk/", "role/")) and said.owner == state.owner
            if state.status == "ended":  # type: ignore[attr-defined]
                assert said.action == "none"
            else:
                assert said.due and said.rule and said.action != "none" and said.waiting_on != said.owner

    @invariant()
    def what_is_said_is_what_is_so(self) -> None:
        """The last word on each plan is what its signals say now, unless it is suppressed, over, or unknown."""
        for _, state in self.owned():
            if isinstance(state, Plan):
                if state.suppressions or state.status == "ended":
                    assert state.level == "ok" and not state.signals
                elif not state.silent_since:
                    assert state.level == reading(state, self.story.now).level

    @invariant()
    def nobody_dead_is_contacted(self) -> None:
        for _, state in self.owned():
            if state.is_dead and getattr(state, "status", "") != "ended":
                assert [step.action for step in state.owes] == ["verify-death"]

    @invariant()
    def what_is_owed_is_what_is_needed(self) -> None:
        """As the last fact said it, by the rules of then: here they never change."""
        for _, state in self.owned():
            needed = [(need.action, need.due or need.clock.due_at, need.clock.rule) for need in state.needs]
            assert [(step.action, step.due, step.rule) for step in state.owes] == needed

    @invariant()
    def every_clock_can_be_told_in_words(self) -> None:
        for subject, state in self.owned():
            assert unexplained(subject, state, [(step.action, step.due) for step in state.owes]) == []

    @invariant()
    def plans_and_stays_belong_to_one_person_each(self) -> None:
        for subject, state in self.owned():
            if isinstance(state, Plan | Transition) and state.person:
                holders = [id for id, one in self.story.states.items() if id.startswith("person/") and subject in one.involved]
                assert holders == [state.person], (subject, holders)

    @invariant()
    def everything_came_to_rest(self) -> None:
        assert self.story.settles() == []

    def teardown(self) -> None:
        """The states are the folds of their facts as they are stored; and the same facts in any order between aggregates."""
        facts = [(fact.subject, fact.data) for fact in self.story.facts if isinstance(fact.data, Change)]
        by_subject: dict[str, list[Change]] = {}
        for subject, data in facts:
            by_subject.setdefault(subject, []).append(data)
        subjects = list(by_subject)
        random.Random(len(facts)).shuffle(subjects)
        for subject in subjects:
            state: Any = None
            for data in by_subject[subject]:
                state = domain.evolve(state, type(data).model_validate_json(data.model_dump_json(exclude_none=True)))
            assert state == self.story.states[subject]
        _flags_alternate(by_subject.get("plan/1", []))
        _told_once(facts)


def _same_news(said: list[Change], again: list[Change]) -> bool:
    return bool(again) and {one.type for one in said} <= {one.type for one in again}


def _flags_alternate(facts: list[Change]) -> None:
    """A flag is cleared or retracted only where one stands."""
    stands = False
    for fact in facts:
        if isinstance(fact, PlanFlagged):
            stands = True
        elif isinstance(fact, FlagCleared | FlagRetracted):
            assert stands
            stands = False


def _told_once(facts: list[tuple[str, Change]]) -> None:
    """The same step late by the same instant is told again only after it was taken back or done."""
    late = [(subject, fact) for subject, fact in facts if isinstance(fact, CareOverdue | PlanOverdue | TransitionOverdue)]
    for subject, fact in late:
        assert isinstance(fact, CareOverdue | PlanOverdue | TransitionOverdue) and fact.owner and fact.rule and fact.citation
        assert fact.noted_at and fact.noted_at >= fact.due and fact.late_minutes == int((fact.noted_at - fact.due) / timedelta(minutes=1))
        assert subject.partition("/")[0] in fact.type


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def told_in(order: list[tuple[Any, str, datetime | None]]) -> Story:
    """A life whose messages came in this order; time stands still, for only the order differs."""
    given = Story()
    given.now = NINE + 40 * DAY
    for data, subject, at in order:
        given.hears(data, subject, at) if at else given.asks(data, subject)
    return given


def test_the_same_life_told_in_any_order_is_the_same():
    """What happened decides, never when we heard of it."""
    begin = [(opened(), "record/1", NINE), (accepted(cadence_days=7, books_visits=False), "placement/1", NINE)]
    rest: list[tuple[Any, str, datetime | None]] = [
        (attended(NINE + DAY), "plan/1", None),
        (contact(NINE + 5 * DAY), "plan/1", None),
        (attended(NINE + 9 * DAY), "plan/1", None),
        (contact(NINE + 33 * DAY), "plan/1", None),
        (admission(NINE + 12 * DAY), "transition/new", None),
        (discharge(NINE + 20 * DAY), "transition/new", None),
    ]
    seen = set()
    for seed in range(40):
        order = rest[:]
        random.Random(seed).shuffle(order)
        given = told_in([*begin, *order, *random.Random(seed).sample(rest, 3)])
        plan, care, stay = given.plan, given.care, given.stay
        assert isinstance(care, Care)
        seen.add(
            (plan.visits, plan.visited_at, plan.exchanged_at, plan.level, plan.status, care.status, plan.sighted, plan.person,
             stay.status, stay.admitted_at, stay.discharged_at, stay.first_reached_at, stay.seen_at, stay.plan, stay.owner)
        )  # fmt: skip
    assert len(seen) == 1
