"""A random life of a network, one rule at a time, and the laws that hold after each."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from contracts.catalogue import PARTNER_OUT
from contracts.directory import Program
from contracts.kernel import Command, Personal
from contracts.partners import (
    DeathTold,
    Identifier,
    PersonDetails,
    ReferralAmended,
    ReferralRequested,
    ReferralStatusReported,
    ReferralWithdrawn,
)
from services.assignment import commands as placing
from services.assignment.directory import DIRECTORY
from services.intake import commands as intake
from services.intake.records import DEAD
from services.intake.views import Word
from services.notification.alerts import alerts_on
from services.notification.sources import DEATH, family
from tests.laws.around import Around
from tests.laws.network import Network
from tests.laws.people import ANYBODY, ANYTHING, CRISIS_DUTY, DUTY, STEPS
from tests.laws.watch import Watch, seen_by

PARTNERS, PEOPLE, SERVICES = ("oakfield", "pinewood", "elmhurst"), ("m-1", "m-2"), ("therapy", "case-management")
REFERENCES = tuple(f"R-{number}" for number in range(3))
URGENCIES = ("emergency", "urgent", "routine")
LATE = [timedelta(), timedelta(), timedelta(hours=3), timedelta(days=4)]
TIMES = [timedelta(minutes=7), timedelta(hours=4), timedelta(days=1), timedelta(days=6), timedelta(days=40)]
NEEDS = st.fixed_dictionaries({
    "reference": st.sampled_from(REFERENCES), "service": st.sampled_from(SERVICES), "urgency": st.sampled_from((*URGENCIES, None)),
})  # fmt: skip
NONSENSE = (b"{", b"[]", b'{"reference": "R-9"}', b'{"reference": "R-9", "requested_at": "12:011:30", "person": {}, "service": "therapy"}')
RARELY = st.sampled_from(("withdrawn", "died", *NONSENSE))
WORDS = (
    ("accepted", "3.0"),
    ("in-progress", None),
    ("in-progress", "5.1.4"),
    ("completed", "7.0"),
    ("rejected", "4.0"),
    ("cancelled", None),
)
HAS_THEM = "riverside"
"""The partner whose programs these are: it has what they accept."""
PROGRAMS = tuple(
    Program(id=f"program/{name}", name=name, desk=f"desk/{name}", services=SERVICES[: 1 + n % 2], places=9 - n, partner=HAS_THEM)
    for n, name in enumerate(("riverside", "lakeside", "hilltop", "grove"))
)


GRACE_AT_MOST = timedelta(days=4)
"""A business day, over a weekend."""


def taken_back(state: Any) -> Word | None:
    """What a sender has said by taking its referral back."""
    return Word(task_status="cancelled", means=("over",), at=state.moved_at) if state.status == "withdrawn" else None


def details(partner: str, person: str, linked: bool) -> PersonDetails:
    own = Identifier(system="urn:ehr", value=Personal(f"{partner}-{person}"))
    network = Identifier(system="urn:network:person", value=Personal(person))
    return PersonDetails(identifiers=(own, network) if linked else (own,), family_name=Personal("Example"))


class Life(Around):
    """Three partners, two people, four programs, a handful of staff; what each of them may do or tell at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.watch = Watch(DUTY | CRISIS_DUTY)
        self.network = Network(self.watch.hears)

    def runs(self, work: Any) -> Any:
        return self.loop.run(work)

    @initialize()
    def the_network_is_listed(self) -> None:
        listed = placing.ListDirectory(programs=PROGRAMS, staff=DUTY)
        self.runs(self.network.asks("assignment", listed, DIRECTORY, "staff/platform"))

    @initialize(partner=st.sampled_from(PARTNERS), need=NEEDS, choices=st.lists(st.integers(0, 99), max_size=7))
    def a_referral_is_on_its_way(self, partner: str, need: dict[str, Any], choices: list[int]) -> None:
        self.a_partner_refers(partner, PEOPLE[0], True, LATE[0], need)
        self.people_do_what_is_next([0, *choices])

    # — what partners say

    @rule(partner=st.sampled_from(PARTNERS), person=st.sampled_from(PEOPLE), linked=st.booleans(), late=st.sampled_from(LATE), need=NEEDS)
    def a_partner_refers(self, partner: str, person: str, linked: bool, late: timedelta, need: dict[str, Any]) -> None:
        event = ReferralRequested(requested_at=self.network.now - late, person=details(partner, person, linked), **need)
        self.runs(self.network.sends(partner, event))

    @rule(partner=st.sampled_from(PARTNERS), reference=st.sampled_from(REFERENCES), urgency=st.sampled_from(URGENCIES))
    def a_partner_amends(self, partner: str, reference: str, urgency: Any) -> None:
        before = dict(self.network.states("intake", "request"))
        self.runs(self.network.sends(partner, ReferralAmended(reference=reference, urgency=urgency)))
        for subject, after in self.network.states("intake", "request"):
            was = before[subject]
            assert after.requested_at <= was.requested_at, "law 4: an edit reset how long it waits"
            same = was.owed and after.owed and was.owed.action == after.owed.action
            assert not same or after.owed.due <= was.owed.due or after.urgency != was.urgency, "law 4: an edit gave a step more time"
            assert all(getattr(after, name) for name in ("service", "reason", "record") if getattr(was, name)), "law 7: a field went blank"

    @rule(partner=st.sampled_from(PARTNERS), reference=st.sampled_from(REFERENCES), person=st.sampled_from(PEOPLE), what=RARELY)
    def a_partner_says_something_else(self, partner: str, reference: str, person: str, what: str | bytes) -> None:
        died = DeathTold(reference=f"D-{person}", person=details(partner, person, linked=False))
        said = {"withdrawn": ReferralWithdrawn(reference=reference, reason="not-needed"), "died": died}
        self.runs(self.network.sends(partner, what if isinstance(what, bytes) else said[what]))

    @precondition(lambda self: any(True for _ in self.network.states("intake", "request")))
    @rule(
        which=st.integers(0, 99),
        by=st.sampled_from(("sender", "receiver", "stranger")),
        word=st.sampled_from(WORDS),
        late=st.sampled_from(LATE),
    )
    def a_partner_says_where_it_stands(self, which: int, by: str, word: tuple[Any, Any], late: timedelta) -> None:
        requests = list(self.network.states("intake", "request"))
        subject, state = requests[which % len(requests)]
        before = self._views(subject)
        partner = {"sender": state.partner, "receiver": HAS_THEM}.get(by, "somebody")
        at = self.network.now - late
        said = ReferralStatusReported(
            reference=state.reference if by == "sender" else subject, task_status=word[0], business_status=word[1], at=at
        )
        self.runs(self.network.sends(partner, said))
        after = self._views(subject)
        assert dict(self.network.states("intake", "request"))[subject] == state, "law 12: a partner's word changed the referral"
        for side in ("sender", "receiver"):
            was, now = getattr(before, side, None), getattr(after, side, None)
            assert side == by or was == now or now == taken_back(state), "law 12: one side's word took the place of another's"
            assert was is None or (now and now.at >= was.at), "law 12: an older word took the place of a newer one"

    def _views(self, request: str) -> Any:
        return dict(self.network.states("intake", "view")).get(request.replace("request/", "view/"))

    @precondition(lambda self: any(self.network.sent.values()))
    @rule(which=st.integers(0, 99))
    def a_record_comes_again(self, which: int) -> None:
        sent, told = [record for records in self.network.sent.values() for record in records], self.watch.told
        self.runs(self.network.repeats(sent[which % len(sent)]))
        assert self.watch.told == told, "law 6: the same record said something new"

    # — what people do

    @rule(which=st.integers(0, 99), who=st.sampled_from(ANYBODY), data=st.data())
    def somebody_does_anything(self, which: int, who: str, data: st.DataObject) -> None:
        service, kind = data.draw(st.sampled_from(sorted(ANYTHING)))
        items = list(self.network.states(service, kind))
        if items:
            subject, state = items[which % len(items)]
            self.runs(self.network.asks(service, data.draw(ANYTHING[service, kind])(state, self.network.now), subject, who))

    @rule(choices=st.lists(st.integers(0, 99), min_size=1, max_size=6))
    def people_do_what_is_next(self, choices: list[int]) -> None:
        """Words arrive, and somebody does the next step of one referral after the other."""
        for choice in choices:
            self.runs(self.network.all_arrives())
            owed = list(self._next_steps(choice))
            for service, subject, who, command in owed[choice % len(owed) :][:1] if owed else ():
                self.runs(self.network.asks(service, command, subject, who))

    def _next_steps(self, choice: int) -> Iterator[tuple[str, str, str, Command]]:
        for (service, kind), made in STEPS.items():
            for subject, state in self.network.states(service, kind):
                if (command := made(state, self.network.now, choice)) is not None:
                    owner = getattr(state, "owner", "staff/ana")
                    yield service, subject, next(iter((DUTY | CRISIS_DUTY).get(owner, (owner,)))), command

    @precondition(lambda self: any(True for _ in self.network.states("intake", "record")))
    @rule(which=st.integers(0, 99))
    def a_record_is_unlinked(self, which: int) -> None:
        records = [subject for subject, _ in self.network.states("intake", "record")]
        self.runs(self.network.asks("intake", intake.UnlinkRecord(), records[which % len(records)], "staff/steward"))

    # — what reaches whom

    @precondition(lambda self: self.network.outstanding())
    @rule(which=st.integers(0, 999))
    def a_word_arrives(self, which: int) -> None:
        waiting = self.network.outstanding()
        self.runs(self.network.delivers(waiting[which % len(waiting)]))

    @precondition(lambda self: self.network.heard)
    @rule(which=st.integers(0, 999), place=st.integers(0, 99))
    def an_old_word_arrives_again(self, which: int, place: int) -> None:
        heard, told = list(self.network.heard), self.watch.told
        self.runs(self.network.delivers_again(heard[which % len(heard)], place))
        assert self.watch.told == told, "law 6: what was heard before said something new"

    @rule()
    def everything_arrives(self) -> None:
        self.runs(self.network.all_arrives())
        for _, record in self.network.states("intake", "record"):
            self._rests_in_peace(record)
        for subject, care in self.network.states("follow_up", "care"):
            self._is_seen_in_time(subject, care)

    def _is_seen_in_time(self, subject: str, care: Any) -> None:
        """Whoever joined late had asked first: the first visit is due by that, in every service."""
        placement = self.network.houses["assignment"].state(subject.replace("care/", "placement/"))
        due = seen_by(placement.requested_at, care.urgency)
        same = due and care.status != "ended" and care.interval == placement.interval
        assert not same or care.visit_by == due, "law 3: the first visit is due by another request than the earliest"

    def _rests_in_peace(self, record: Any) -> None:
        """Nobody is asked anything of somebody who is said to have died, but whether that is so."""
        requests, placements = (dict(self.network.states(*one)) for one in (("intake", "request"), ("assignment", "placement")))
        plans = dict(self.network.states("follow_up", "plan"))
        for subject in record.requests if record.death in DEAD else ():
            request, rest = requests[subject], subject.partition("/")[2]
            if request.is_open:
                assert request.owed.action == "verify-death", "law 13: something else is asked of the dead"
                placement, plan = placements.get(f"placement/{rest}"), plans.get(f"plan/{rest}")
                assert placement is None or not placement.is_looked_for, "law 13: programs are still asked"
                assert plan is None or plan.status == "ended" or plan.is_dead, "law 13: reminders still go out"
                for one in family(subject):
                    alerts = self.network.houses["notification"].state(alerts_on(one))
                    standing = alerts.ladders if alerts else ()
                    assert all(ladder.kind == DEATH.milestone for ladder in standing), "law 13: somebody is still told of something else"

    # — time

    @rule(time=st.sampled_from(TIMES), looked=st.booleans())
    def time_goes_by(self, time: timedelta, looked: bool) -> None:
        """Looked at as it goes; or nobody looked, and all of it is found at once."""
        before, closed = self.watch.open, self._closed()
        self.runs(self.network.passes(time) if looked else self.network.jumps(time))
        assert before <= self.watch.open and closed == self._closed(), "law 2: time alone closed something"

    def _closed(self) -> set[str]:
        kinds = (
            ("intake", "request"), ("assignment", "placement"), ("follow_up", "care"), ("follow_up", "plan"),
            ("authorization", "authorization"), ("crisis_routing", "episode"),
        )  # fmt: skip
        return {
            subject for kind in kinds for subject, state in self.network.states(*kind) if state.status in ("closed", "withdrawn", "ended")
        }

    # — what holds at every instant

    @invariant()
    def no_law_is_broken(self) -> None:
        assert not self.watch.faults, self.watch.faults[:3]

    @invariant()
    def every_entry_is_answered(self) -> None:
        for topic, records in self.network.sent.items():
            answers = [row for row in self.network.published.values() if row.topic == topic.replace("partner-in-", PARTNER_OUT)]
            assert len(answers) >= len(records), "law 7: an entry was dropped in silence"

    @invariant()
    def whatever_is_over_was_told_late(self) -> None:
        for subject, step in self._owed():
            told = self.watch.is_told_late(subject, step.action, step.due)
            assert step.due > self.network.now or step.late, "law 3: a clock ran out and nobody said so"
            assert step.late or not told, "law 3: a flag that late data took away stands"

    def _owed(self) -> Any:
        for service, kind in (("intake", "request"), ("intake", "consent"), ("intake", "view"), ("assignment", "placement")):
            for subject, state in self.network.states(service, kind):
                if state.owed and not (kind == "placement" and (state.waiting_on or not state.is_looked_for)):
                    yield subject, state.owed
        for subject, state in self.network.states("crisis_routing", "episode"):
            yield from ((subject, step) for step in (state.telling,) if step)
        for kind in ("care", "plan"):
            yield from ((subject, step) for subject, state in self.network.states("follow_up", kind) for step in state.owes)
        for subject, state in self.network.states("authorization", "authorization"):
            yield from ((subject, step) for step in state.steps)

    @invariant()
    def whatever_differs_for_long_is_listed(self) -> None:
        for _, views in self.network.states("intake", "view"):
            longest = min((since for _, since in views.apart), default=self.network.now)
            assert views.differed or views.settled or self.network.now - longest < GRACE_AT_MOST, (
                "law 12: a disagreement that nobody is told of"
            )
            assert bool(views.owed) == views.differed <= bool(views.apart), "law 12: a disagreement without an owner, or an owner of none"

    @invariant()
    def nothing_failed(self) -> None:
        for house in self.network.houses.values():
            assert [f"{failure.error}: {failure.frames}" for failure in house.seen.failures] == []

    def teardown(self) -> None:
        try:
            self.runs(self.network.all_arrives())
            self.no_law_is_broken()
            found = self.runs(self.network.audited())
            assert not found, f"a state is not the fold of its facts: {found[:3]}"
            kept = [row.id for house in self.network.houses.values() for row in house.tables.aggregates.values() if row.kept]
            assert kept == [], "something waits for a cause that came"
        finally:
            self.loop.close()
