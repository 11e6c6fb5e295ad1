"""Whatever happens, in whatever order and however late: one owner, one clock, no team and no bed for two, nothing closed by time."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.assignment import PlacementAccepted
from contracts.crisis_dispatch import TeamUnanswered
from contracts.crisis_lateness import EpisodeOverdue, EpisodeOverdueRetracted
from contracts.crisis_routing import EpisodeClosed
from contracts.intake import RecordLinked
from contracts.kernel import Change, DeadlinePassed, Message
from contracts.plans import PlanDischarged, PlanHandedOn, PlanMoved, PlanOpened
from services.crisis_routing import commands as asked
from services.crisis_routing import domain
from services.crisis_routing.app import SERVICE
from services.crisis_routing.episode import CRISIS_DESK, TOLD_OTHERWISE, Episode
from services.crisis_routing.steps import allowed
from tests.crisis_routing.stories import (
    ANA,
    BEN,
    CARL,
    DORA,
    ELM,
    EVE,
    FAR,
    FAY,
    GUS,
    HARBOR,
    MERCY,
    NETWORK,
    NOBODY,
    NORTH,
    OAK,
    RIDGE,
    SOUTH,
    VALLEY,
    Story,
    amended,
    contact,
    kinds,
    story,
)  # fmt: skip
from tests.explaining import unexplained

TEAMS, PLACES = st.sampled_from([NORTH, SOUTH, FAR]), st.sampled_from([HARBOR, MERCY, VALLEY, RIDGE])
PEOPLE = st.sampled_from([ANA, BEN, CARL, DORA, EVE, FAY, GUS, NOBODY])
CALLS = st.integers(0, 5)
"""Contacts, of which two are always about the same person."""
DANGERS = st.sampled_from(["imminent", "high", "moderate", "low", None])
LATE = st.sampled_from([timedelta(), timedelta(minutes=3), timedelta(hours=2)])
TIMES = st.sampled_from([timedelta(seconds=20), timedelta(minutes=5), timedelta(minutes=31), timedelta(hours=3), timedelta(days=2)])
FIELD = st.sampled_from(
    ["dispatched", "en-route", "on-scene", "unable-to-locate", "declined", "cancelled", "handed-to-911", "out-of-area", "died", "cleared"]
)
WAYS = st.sampled_from(["community", "crisis-receiving", "crisis-receiving", "inpatient", "law-enforcement"])
PLAIN = st.sampled_from(
    [
        asked.SeekTeam(), asked.SeekBed(), asked.ResolveByContact(), asked.TakeEpisode(), asked.AcceptHandOver(), asked.WithdrawHandOver(),
        asked.DeclineHandOver(reason="other"), asked.AskHandOver(to=CARL), asked.AskHandOver(to=CRISIS_DESK),
        asked.VerifyDeath(verified=True), asked.VerifyDeath(verified=False), asked.CloseEpisode(reason="reached"), asked.LinkOutpatient(),
        asked.TriageEpisode(response="team"),
        asked.TriageEpisode(response="contact", danger="low", area=ELM), asked.AskOutpatient(request="request/1"),
        asked.NameFollowUp(owner=CARL, consent="agreed"), asked.NameFollowUp(owner=CARL, consent="declined"),
        asked.ShareCrisisPlan(to=NORTH, under="emergency"),
    ]
)  # fmt: skip


SMALLER = NETWORK.model_copy(update={"teams": NETWORK.teams[:1], "facilities": NETWORK.facilities[:2]})


class Lives(RuleBasedStateMachine):
    """Several people in crisis at once, one network, everybody acting at random."""

    story: Story

    @initialize(beds=st.integers(0, 2), danger=DANGERS)
    def begin(self, beds: int, danger: Any) -> None:
        self.story = story(beds={HARBOR: beds, MERCY: 1})
        self.story.hears(contact(danger=danger, person="person/p0", record="record/r0"), "contact/c0")

    def _episode(self, at: int) -> str | None:
        known = sorted(kinds(self.story, "episode"))
        return known[at % len(known)] if known else None

    def _ask(self, command: Any, who: str, at: int) -> None:
        if (subject := self._episode(at)) is not None:
            said = self.story.asks(command, who, subject)
            if not said and self.story.refused:
                assert self.story.refused.reasons[0].fix and set(self.story.refused.allowed) <= set(SERVICE.commands)

    @rule(call=CALLS, danger=DANGERS, late=LATE, area=st.sampled_from([OAK, OAK, ELM, None]))
    def a_contact_comes_or_comes_again(self, call: int, danger: Any, late: timedelta, area: str | None) -> None:
        about = {"person": f"person/p{call // 2}", "record": f"record/r{call // 2}", "provisional": call == 5}
        self.story.hears(contact(danger=danger, contacted_at=self.story.now - late, area=area, **about), f"contact/c{call}")

    @rule(call=CALLS, danger=DANGERS, area=st.sampled_from([OAK, ELM, None]))
    def more_is_known_of_a_contact_maybe_before_it_came(self, call: int, danger: Any, area: str | None) -> None:
        about = {"person": f"person/p{call // 2}", "record": f"record/r{call // 2}"}
        self.story.hears(amended(danger=danger, area=area, **about), f"contact/c{call}")

    @rule(record=st.integers(0, 2), person=st.integers(0, 2))
    def a_record_turns_out_to_be_somebody_elses(self, record: int, person: int) -> None:
        if record != person:
            linked = RecordLinked(person=f"person/p{person}", left=f"person/p{record}", by="network-identifier")
            self.story.hears(linked, f"record/r{record}")

    @rule(plan=st.integers(0, 2), person=st.integers(0, 2), what=st.sampled_from(["opened", "moved", "handed-on", "discharged"]))
    def follow_up_says_something_of_a_plan(self, plan: int, person: int, what: str) -> None:
        self.story.passes(timedelta(seconds=1))  # two decisions about one plan are never of one instant
        now, whose = self.story.now, f"person/p{person}"
        said = {
            "opened": PlanOpened(person=whose, owner="role/oak", program="program/oak", opened_at=now, visit_by=now, cadence_days=7),
            "moved": PlanMoved(person=whose),
            "handed-on": PlanHandedOn(owner="role/elm"),
            "discharged": PlanDischarged(reason="completed", at=now, by=ANA),
        }
        self.story.hears(said[what], f"plan/{plan}")

    @rule(at=CALLS, team=TEAMS, who=PEOPLE, yes=st.booleans())
    def a_team_answers(self, at: int, team: str, who: str, yes: bool) -> None:
        self._ask(asked.ConfirmTeam(team=team) if yes else asked.DeclineTeam(team=team, reason="busy"), who, at)

    @rule(at=CALLS)
    def the_team_that_is_held_goes(self, at: int) -> None:
        subject = self._episode(at)
        if subject and (team := self.story.states[subject].team):
            self._ask(asked.ConfirmTeam(team=team), ANA, at)

    @rule(at=CALLS, team=TEAMS)
    def somebody_chooses_a_team(self, at: int, team: str) -> None:
        self._ask(asked.ProposeTeam(team=team), ANA, at)

    @rule(team=TEAMS, on=st.booleans(), who=PEOPLE)
    def a_team_comes_or_goes(self, team: str, on: bool, who: str) -> None:
        self.story.asks(asked.SignOn() if on else asked.SignOff(), who, team)

    @rule(at=CALLS, status=FIELD, late=LATE)
    def the_field_reports_now_or_late(self, at: int, status: Any, late: timedelta) -> None:
        subject = self._episode(at)
        teams = self.story.states[subject].teams if subject else ()
        if teams:
            self._ask(asked.ReportFieldStatus(team=teams[-1], status=status, reported_at=self.story.now - late), ANA, at)

    @rule(at=CALLS, way=WAYS, late=LATE)
    def where_the_person_goes_is_decided_and_maybe_recorded_late(self, at: int, way: Any, late: timedelta) -> None:
        self._ask(asked.RecordDisposition(disposition=way, decided_at=self.story.now - late), ANA, at)

    @rule(place=PLACES, free=st.integers(0, 3), late=LATE)
    def beds_are_counted_now_or_long_ago(self, place: str, free: int, late: timedelta) -> None:
        who = FAY if place == HARBOR else GUS
        self.story.asks(asked.CountBeds(beds="crisis-receiving", free=free, counted_at=self.story.now - late), who, place)

    @rule(at=CALLS, place=PLACES, what=st.sampled_from(["accept", "decline", "hold", "release", "arrive"]))
    def a_facility_answers(self, at: int, place: str, what: str) -> None:
        commands = {
            "accept": asked.AcceptPerson(facility=place),
            "decline": asked.DeclinePerson(facility=place, reason="medical"),
            "hold": asked.HoldBed(facility=place),
            "release": asked.ReleaseBed(facility=place),
            "arrive": asked.ConfirmArrival(facility=place, arrived_at=self.story.now),
        }
        self._ask(commands[what], ANA, at)

    @rule(at=CALLS, command=PLAIN, who=st.sampled_from([ANA, ANA, CARL, NOBODY]))
    def somebody_asks_something(self, at: int, command: Any, who: str) -> None:
        self._ask(command, who, at)

    @rule(at=CALLS, late=LATE)
    def somebody_reports_a_death_maybe_late(self, at: int, late: timedelta) -> None:
        self._ask(asked.ReportDeath(reported_at=self.story.now - late), BEN, at)

    @rule()
    def a_referral_is_accepted(self) -> None:
        self.story.hears(PlacementAccepted(program="program/oak", by=NOBODY, released=()), "placement/1")

    @rule(
        networks=st.sampled_from([NETWORK, NETWORK.model_copy(update={"teams": NETWORK.teams[:1], "facilities": NETWORK.facilities[:2]})])
    )
    def the_network_changes(self, networks: Any) -> None:
        self.story.asks(networks, "staff/platform", "crisis-roster/network")

    @rule(time=TIMES)
    def time_goes_by(self, time: timedelta) -> None:
        self._closes_nothing(time)

    @rule(at=CALLS)
    def the_time_of_a_step_runs_out(self, at: int) -> None:
        subject = self._episode(at)
        if subject and (step := self.story.states[subject].telling) and step.due >= self.story.now:
            self._closes_nothing(step.due - self.story.now + timedelta(seconds=1))

    def _closes_nothing(self, time: timedelta) -> None:
        closed = len(self.story.told(EpisodeClosed))
        owners = {subject: state.owner for subject, state in kinds(self.story, "episode").items()}
        self.story.passes(time)
        assert len(self.story.told(EpisodeClosed)) == closed
        assert owners == {subject: self.story.states[subject].owner for subject in owners}

    @rule(at=st.integers(0, 20))
    def an_old_deadline_comes_again_and_is_nothing(self, at: int) -> None:
        old = self.story.told(TeamUnanswered)
        if old and (said := old[at % len(old)]):
            for subject in kinds(self.story, "episode"):
                passed = DeadlinePassed(name="confirm-team", about=subject, at=said.confirm_before)
                assert self.story.decides(self._message(passed, said.team)) == []

    def _message(self, data: Any, subject: str) -> Any:
        return Message("again", data, subject, at=self.story.now)

    # — what is true at every instant

    def _open(self) -> dict[str, Episode]:
        return {subject: state for subject, state in kinds(self.story, "episode").items() if state.status != "closed"}

    @invariant()
    def no_team_belongs_to_two_and_both_sides_say_the_same(self) -> None:
        if not hasattr(self, "story"):
            return
        holders = {team: state.episode for team, state in kinds(self.story, "team").items() if state.episode}
        assert holders == {state.team: subject for subject, state in self._open().items() if state.team}
        assert len(set(holders.values())) == len(holders)

    @invariant()
    def no_bed_is_held_for_two_and_none_is_stranded(self) -> None:
        if not hasattr(self, "story"):
            return
        for name, facility in kinds(self.story, "facility").items():
            assert len({hold.episode for hold in facility.holds}) == len(facility.holds)
            for hold in facility.holds:
                state = self.story.states[hold.episode]
                open_asked = {one.facility for one in state.waiting_on}
                assert name in open_asked or (state.status == "accepted" and state.facility == name)
                assert hold.until >= self.story.now
        for subject, state in self._open().items():
            for one in state.waiting_on:
                assert self.story.facility(one.facility).hold_of(subject)
            assert len(state.waiting_on) <= 3 and not state.releasing, "what is let go is let go in the same breath"

    @invariant()
    def beds_are_never_promised_beyond_the_count_unless_the_count_fell(self) -> None:
        if not hasattr(self, "story"):
            return
        for name, facility in kinds(self.story, "facility").items():
            said = [fact.data for fact in self.story.facts if fact.subject == name]
            if said and type(said[-1]).__name__ == "BedHeld":
                assert facility.free(said[-1].beds) >= 0

    @invariant()
    def every_open_episode_has_one_owner_a_next_step_and_a_clock(self) -> None:
        if not hasattr(self, "story"):
            return
        for subject, state in self._open().items():
            last = [fact.data for fact in self.story.facts if fact.subject == subject][-1]
            assert isinstance(last, Change) and last.next
            assert last.next.owner and last.next.action != "none" and last.next.due and last.next.rule
            assert last.next.allowed == allowed(state) and state.owner
            if state.died_from:
                standing = [one for of, one in self.story.deadlines() if of == subject and (of, one.id) not in self.story.spent]
                assert {one.name for one in standing if one.about != "verify-death"} <= {"hand-over"}, "a death stops every other clock"

    @invariant()
    def a_step_whose_time_is_over_was_told_and_told_once(self) -> None:
        """Taken back, it may be told again."""
        for subject, state in kinds(self.story, "episode").items() if hasattr(self, "story") else ():
            told: set[tuple[str, datetime]] = set()
            for said in (fact.data for fact in self.story.facts if fact.subject == subject):
                if isinstance(said, EpisodeOverdue):
                    assert (said.action, said.due) not in told and said.action not in TOLD_OTHERWISE, "told twice"
                    told.add((said.action, said.due))
                elif isinstance(said, EpisodeOverdueRetracted):
                    of_it = {one for one in told if one[0] == said.action and one[1] >= said.due}
                    assert of_it, "taken back, and never told"
                    told -= of_it
            if (step := state.telling) and step.due < self.story.now:
                assert step.late and any(action == step.action for action, _ in told), f"{step.action} is late and nobody was told"

    @invariant()
    def every_clock_can_be_told_in_words(self) -> None:
        for subject, state in self._open().items() if hasattr(self, "story") else ():
            # A team that was called keeps the time of the setting that was known then, whatever is known of it since.
            owed = [(state.owed.action, state.owed.due)] if state.owed and state.owed.action != "await-team" else []
            owed += [(f"answer of {one.facility}", one.answer_before) for one in state.waiting_on]
            owed += [(f"answer of {state.hand_over.to}", state.hand_over.accept_before)] if state.hand_over else []
            assert unexplained(subject, state, owed) == []

    @invariant()
    def nothing_closes_without_somebody_who_follows_up_or_a_verified_death(self) -> None:
        if not hasattr(self, "story"):
            return
        for subject, state in kinds(self.story, "episode").items():
            if state.status == "closed":
                verified = any(type(fact.data).__name__ == "DeathVerified" for fact in self.story.facts if fact.subject == subject)
                assert (state.follow_up or verified) and not state.team

    @invariant()
    def every_active_plan_of_somebody_in_crisis_has_had_its_team_told(self) -> None:
        if not hasattr(self, "story"):
            return
        for person, file in kinds(self.story, "person").items():
            if file.episode and self.story.states[file.episode].status != "closed":
                state = self.story.states[file.episode]
                assert state.person == person and {plan.plan for plan in file.plans} <= set(state.plans)

    def teardown(self) -> None:
        """The states are the folds of their facts as they are stored."""
        if not hasattr(self, "story"):
            return
        folded: dict[str, Any] = {}
        for fact in self.story.facts:
            data = type(fact.data).model_validate_json(fact.data.model_dump_json(exclude_none=True))
            assert isinstance(data, Change)
            folded[fact.subject] = domain.evolve(folded.get(fact.subject), data)
        assert folded == {subject: state for subject, state in self.story.states.items() if state is not None}


Lives.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase
