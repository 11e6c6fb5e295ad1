"""Steps of a crisis that nothing else tells of: whoever owes one is warned, and called once it is late; what was in time is taken back."""

from datetime import timedelta

import pytest

from contracts.crisis_dispatch import SceneOverdue
from contracts.crisis_lateness import EpisodeOverdue, EpisodeOverdueRetracted, EpisodeWarned
from services.crisis_routing.commands import (
    CloseEpisode,
    ConfirmTeam,
    LinkOutpatient,
    NameFollowUp,
    RecordDisposition,
    ReportDeath,
    ResolveByContact,
    TakeEpisode,
    VerifyDeath,
)  # fmt: skip
from services.crisis_routing.episode import CRISIS_DESK
from tests.crisis_routing.stories import (
    ANA,
    CARL,
    HARBOR,
    HOUR,
    MINUTE,
    TWO_AT_NIGHT,
    Story,
    arrived,
    contact,
    followed_up,
    names,
    on_scene,
    placing,
    proposed,
    report,
    story,
)  # fmt: skip

BED = {HARBOR: 1}
LADDER = ("owner", "backup", "team-lead", "network-lead")


def talking() -> Story:
    return story(contact(danger="low"))


def with_the_person() -> Story:
    return on_scene(story(contact(), beds=BED))


def nobody_there() -> Story:
    given = with_the_person()
    report(given, "unable-to-locate")
    return given


def settled() -> Story:
    return arrived(story(contact(), beds=BED))


def named() -> Story:
    return followed_up(story(contact(), beds=BED))


def linked() -> Story:
    given = named()
    given.asks(LinkOutpatient(), CARL)
    return given


def dead() -> Story:
    given = talking()
    given.asks(ReportDeath(reported_at=given.now), ANA)
    return given


STEPS = {
    "resolve-or-send-team": (talking, "resolve-by-contact@1"),
    "record-disposition": (with_the_person, "decide-disposition@1"),
    "decide-next-step": (nobody_there, "decide-next-step@1"),
    "name-follow-up": (settled, "name-follow-up@1"),
    "reach-after-crisis": (named, "reach-after-crisis@1"),
    "close-episode": (linked, "close-episode@1"),
    "verify-death": (dead, "verify-death@1"),
}


@pytest.mark.parametrize("action", STEPS)
def test_a_step_that_nobody_did_in_time_calls_whom_its_rule_names_once(action):
    begin, rule = STEPS[action]
    given = begin()
    owed = given.next
    assert owed.action == action
    given.passes(owed.due - given.now - timedelta(seconds=1))
    assert given.told(EpisodeOverdue) == []
    given.passes(timedelta(seconds=1))
    (late,) = given.told(EpisodeOverdue)
    assert (late.action, late.rule, late.due, late.owner, late.waiting_on) == (action, rule, owed.due, owed.owner, owed.waiting_on)
    assert (late.escalates, late.citation_status, late.late_minutes) == (LADDER, "default", 0) and late.citation
    assert given.next == owed, "nothing moves by it"
    given.passes(30 * 24 * HOUR)
    assert given.told(EpisodeOverdue) == [late]


def test_its_owner_is_warned_when_part_of_the_time_is_used_up():
    given = talking()
    given.passes(59 * MINUTE)
    assert [(one.action, one.owner, one.due) for one in given.told(EpisodeWarned)] == [
        ("resolve-or-send-team", CRISIS_DESK, TWO_AT_NIGHT + HOUR)
    ] * 2
    assert given.told(EpisodeOverdue) == []


def test_whoever_owns_it_by_then_is_called_and_whom_it_waited_on_is_said():
    given = with_the_person()
    desk = given.episode.team_desk
    given.asks(TakeEpisode(), ANA)
    given.passes(90 * MINUTE)
    assert [(one.owner, one.waiting_on) for one in given.told(EpisodeOverdue)] == [(ANA, desk)]


def test_a_contact_that_comes_late_is_late_on_arrival():
    given = talking()
    given.hears(contact(danger="low", person="person/p2", record="record/r2", contacted_at=TWO_AT_NIGHT - 2 * HOUR), "contact/c2")
    (late,) = given.told(EpisodeOverdue)
    assert late.late_minutes == 60 and given.told(EpisodeWarned) == []


@pytest.mark.parametrize(("after", "taken_back"), [(80 * MINUTE, True), (100 * MINUTE, False)])
def test_a_disposition_that_is_recorded_late_was_late_only_when_it_was_decided_late(after, taken_back):
    given = with_the_person()
    there = given.now
    given.passes(2 * HOUR)
    (late,) = given.told(EpisodeOverdue)
    said = given.asks(RecordDisposition(disposition="community", decided_at=there + after), ANA)
    assert names(said)[: 1 + taken_back] == [*["EpisodeOverdueRetracted"] * taken_back, "DispositionRecorded"]
    assert [(one.action, one.due) for one in given.told(EpisodeOverdueRetracted)] == [(late.action, late.due)] * taken_back
    assert given.next.due == there + after + HOUR, "what follows counts from the decision, not from when we heard of it"


def test_what_was_taken_back_for_a_death_that_was_none_is_late_again():
    given = talking()
    given.passes(2 * HOUR)
    given.asks(ReportDeath(reported_at=TWO_AT_NIGHT + 30 * MINUTE), ANA)
    assert len(given.told(EpisodeOverdueRetracted)) == 1
    assert [one.action for one in given.told(EpisodeOverdue)] == ["resolve-or-send-team", "verify-death"], "it was reported long ago"
    given.asks(VerifyDeath(verified=False), ANA)
    assert [one.action for one in given.told(EpisodeOverdue)][2:] == ["resolve-or-send-team"]


def test_a_step_that_was_told_late_before_a_death_that_was_none_is_not_told_again():
    given = talking()
    given.passes(2 * HOUR)
    given.asks(ReportDeath(reported_at=given.now), ANA)
    given.asks(VerifyDeath(verified=False), ANA)
    given.passes(24 * HOUR)
    assert [one.action for one in given.told(EpisodeOverdue)] == ["resolve-or-send-team"]


def test_nothing_is_told_of_the_dead_or_of_what_is_closed():
    given = dead()
    given.asks(VerifyDeath(verified=True), ANA)
    assert given.passes(30 * 24 * HOUR) == []
    given = named()
    given.asks(CloseEpisode(reason="reached"), CARL)
    assert given.passes(30 * 24 * HOUR) == []


def test_a_step_that_was_done_is_not_late_and_the_next_has_its_own_time():
    given = talking()
    given.passes(30 * MINUTE)
    given.asks(ResolveByContact(), ANA)
    given.passes(59 * MINUTE)
    assert given.told(EpisodeOverdue) == []
    given.asks(NameFollowUp(owner=CARL, consent="declined"), ANA)
    assert (given.next.action, given.told(EpisodeOverdue)) == ("close-episode", [])


def test_lateness_that_has_a_fact_of_its_own_is_told_by_that_alone():
    given = placing(story(contact()))
    given.passes(24 * HOUR)
    assert given.told(EpisodeOverdue) == [] == given.told(EpisodeWarned), "no bed is free: that is told, again and again"
    given = story(contact())
    given.asks(ConfirmTeam(team=proposed(given)), ANA)
    given.passes(5 * HOUR)
    assert len(given.told(SceneOverdue)) == 1 and given.told(EpisodeOverdue) == []
