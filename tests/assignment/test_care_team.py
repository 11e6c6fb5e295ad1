"""Who takes part in a person's care: joining, correcting, leaving, across organisations."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.kernel import Actor, Message
from services.assignment import domain
from services.assignment.commands import CorrectCareTeam, JoinCareTeam, LeaveCareTeam
from tests.deciding import Deciding

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEAM = "care-team/1"
SHELTER, SCHOOL = "harbor-shelter", "northgate-schools"
KIM = {"organisation": SHELTER, "member": "staff/77"}


@dataclass
class Team(Deciding):
    """The team of one person."""

    domain = domain
    now: datetime = NOON

    def asks(self, command: Any) -> list[str]:
        self.turns += 1
        self.now += timedelta(minutes=1)
        said = self.decides(Message(f"m-{self.turns}", command, TEAM, "http:assignment", actor=Actor("user", "staff/12")))
        return [one.type for one in said]

    def code(self) -> str:
        return self.refused.reasons[0].code if self.refused else ""

    @property
    def on_it(self) -> dict[Any, Any]:
        state = self.states.get(TEAM)
        return {one.key: (one.role, one.since) for one in state.parts} if state else {}


def test_somebody_joins_is_corrected_and_leaves_and_each_is_a_fact_about_the_record():
    team = Team()
    assert team.asks(JoinCareTeam(**KIM, role="case-manager")) == ["care-team.joined.v1"]
    joined: Any = team.facts[-1].data
    assert (joined.record, joined.by, joined.since) == ("record/1", "staff/12", team.now)
    assert team.asks(CorrectCareTeam(**KIM, since=NOON - timedelta(days=9))) == ["care-team.corrected.v1"]
    assert team.on_it == {(SHELTER, "staff/77"): ("case-manager", NOON - timedelta(days=9))}, "what was not said stands"
    assert team.asks(CorrectCareTeam(**KIM)) == [], "the same again is no fact"
    assert team.asks(LeaveCareTeam(**KIM, reason="care-ended")) == ["care-team.left.v1"] and team.on_it == {}
    assert team.asks(JoinCareTeam(**KIM, role="housing")) == ["care-team.joined.v1"], "and may come back"


def test_one_person_leads_at_a_time_and_an_organisation_never():
    team, lee = Team(), {"organisation": SCHOOL, "member": "staff/78"}
    assert team.asks(JoinCareTeam(organisation=SHELTER, role="lead-coordinator")) == [] and team.code() == "TL-5226"
    team.asks(JoinCareTeam(**KIM, role="lead-coordinator"))
    assert team.asks(JoinCareTeam(**lee, role="lead-coordinator")) == [] and team.code() == "TL-5225"
    assert team.asks(CorrectCareTeam(**KIM, role="lead-coordinator", since=NOON)) == ["care-team.corrected.v1"], (
        "who leads may be corrected"
    )
    team.asks(CorrectCareTeam(**KIM, role="case-manager"))
    assert team.asks(JoinCareTeam(**lee, role="lead-coordinator")) == ["care-team.joined.v1"]


def test_one_of_its_people_and_the_organisation_as_such_are_two():
    team = Team()
    team.asks(JoinCareTeam(organisation=SHELTER, role="housing"))
    team.asks(JoinCareTeam(**KIM, role="case-manager"))
    team.asks(LeaveCareTeam(organisation=SHELTER, reason="other"))
    assert list(team.on_it) == [(SHELTER, "staff/77")]


def test_what_makes_no_sense_is_refused_with_what_to_do():
    team = Team()
    team.asks(LeaveCareTeam(**KIM, reason="other"))
    assert team.code() == "TL-5222"
    team.asks(JoinCareTeam(**KIM, role="nurse", since=NOON + timedelta(days=1)))
    assert team.code() == "TL-5223" and team.on_it == {}, "access never begins ahead"
    team.asks(JoinCareTeam(**KIM, role="nurse"))
    team.asks(JoinCareTeam(**KIM, role="nurse"))
    assert team.code() == "TL-5221"


WHO = st.sampled_from([(SHELTER, None), (SHELTER, "staff/77"), (SCHOOL, None), (SCHOOL, "staff/78")])
ROLE = st.sampled_from(["nurse", "housing", "school"])
STEP = st.one_of(
    st.tuples(st.just("join"), WHO, ROLE), st.tuples(st.just("correct"), WHO, ROLE), st.tuples(st.just("leave"), WHO, st.just("")),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@whatever(st.lists(STEP, max_size=14))
def test_whoever_joined_last_and_did_not_leave_is_on_it_and_it_is_the_fold_of_its_facts(steps):
    team, count = Team(), dict[Any, str]()
    for what, (organisation, member), role in steps:
        who = {"organisation": organisation, "member": member}
        command = {"join": JoinCareTeam, "correct": CorrectCareTeam}.get(what)
        team.asks(command(**who, role=role) if command else LeaveCareTeam(**who, reason="other"))
        if what == "leave":
            count.pop((organisation, member), None)
        elif ((organisation, member) in count) is (what == "correct"):
            count[organisation, member] = role
    assert {key: role for key, (role, _) in team.on_it.items()} == count
    folded: Any = None
    for fact in team.facts:
        folded = domain.evolve(folded, fact.data)  # type: ignore[arg-type]
    assert folded == team.states.get(TEAM)
