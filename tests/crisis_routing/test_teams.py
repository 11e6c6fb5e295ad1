"""Sending a team: held by the system, confirmed by a person, heard of from the field."""

from datetime import timedelta

import pytest

from contracts.crisis_dispatch import FieldStatusReported, MobileTeam, NoTeamAvailable, SceneOverdue, TeamProposed
from contracts.crisis_routing import EpisodeTriaged
from services.crisis_routing.commands import (
    ConfirmTeam,
    DeclineTeam,
    ProposeTeam,
    ReportFieldStatus,
    ResolveByContact,
    SeekTeam,
    SignOff,
    SignOn,
    TriageEpisode,
)  # fmt: skip
from services.crisis_routing.episode import CRISIS_DESK
from tests.crisis_routing.stories import (
    ANA,
    CONTACT,
    DORA,
    ELM,
    EPISODE,
    EVE,
    FAR,
    HOUR,
    MEMBER,
    MINUTE,
    NETWORK,
    NOBODY,
    NORTH,
    OAK,
    SOUTH,
    TWO_AT_NIGHT,
    contact,
    desk,
    names,
    on_scene,
    proposed,
    report,
    story,
)  # fmt: skip


def other(team: str) -> str:
    return SOUTH if team == NORTH else NORTH


def test_a_contact_is_triaged_at_once_and_a_team_is_held_for_it_in_the_same_breath():
    given = story()
    facts = given.hears(contact())
    assert names(facts) == ["ContactNoted", "EpisodeOpened", "EpisodeTriaged", "TeamSought", "TeamHeld", "TeamProposed"]
    assert given.now == TWO_AT_NIGHT and given.team(proposed(given)).episode == EPISODE
    assert (given.next.owner, given.next.action, given.next.waiting_on) == (CRISIS_DESK, "confirm-team", desk(proposed(given)))
    assert given.next.due == TWO_AT_NIGHT + 5 * MINUTE and given.next.rule == "confirm-team@1"


def test_low_danger_is_talked_to_first_and_danger_that_nobody_judged_is_not_low():
    given = story(contact(danger="low"))
    assert given.episode.status == "contact" and given.next.action == "resolve-or-send-team"
    assert story(contact(danger=None)).episode.status == "proposed"


def test_what_talking_settled_still_owes_a_follow_up():
    given = story(contact(danger="low"))
    given.asks(ResolveByContact(), ANA)
    assert given.episode.status == "resolved" and given.next.action == "name-follow-up"


def test_a_person_may_judge_otherwise_than_the_system():
    given = story(contact(danger="low"))
    assert names(given.asks(TriageEpisode(response="team", danger="high"), ANA)) == [
        "EpisodeTriaged", "TeamSought", "TeamHeld", "TeamProposed",
    ]  # fmt: skip
    assert given.told(EpisodeTriaged)[-1].by == ANA and given.episode.danger == "high"


def test_the_team_that_can_do_what_is_needed_comes_first_and_none_goes_outside_its_area():
    for number in range(8):
        given = story()
        given.hears(contact(needs=("youth",)), f"contact/{number}")
        assert given.told(TeamProposed)[0].team == NORTH
    given = story(contact(area=ELM))
    assert proposed(given) == FAR


def test_without_an_area_every_team_may_be_asked():
    given = story(contact(area=None))
    assert set(given.episode.candidates) == {NORTH, SOUTH, FAR}


def test_whoever_is_free_is_found_however_many_are_out():
    crowd = tuple(MobileTeam(id=f"team/{n}", name=f"Team {n}", desk=desk(NORTH), areas=(OAK,)) for n in range(40))
    given = story(network=NETWORK.model_copy(update={"teams": crowd}))
    for number in range(40):
        given.hears(contact(person=f"person/{number}"), f"contact/{number}")
    assert {fact.team for fact in given.told(TeamProposed)} == {team.id for team in crowd}
    assert not given.told(NoTeamAvailable)


def test_a_team_confirms_for_itself_or_the_desk_enters_what_it_said_and_nobody_else():
    given = story(contact())
    team = proposed(given)
    assert given.asks(ConfirmTeam(team=team), NOBODY) == [] and given.refused.reasons[0].code == "TL-5404"
    assert names(given.asks(ConfirmTeam(team=team), MEMBER[team])) == ["TeamCommitted", "TeamConfirmed"]
    again = story(contact())
    assert names(again.asks(ConfirmTeam(team=proposed(again)), ANA)) == ["TeamCommitted", "TeamConfirmed"]


@pytest.mark.parametrize(("area", "minutes"), [(OAK, 60), (ELM, 120)])
def test_the_clock_to_the_scene_starts_with_the_referral_and_the_area_says_how_long_it_is(area, minutes):
    given = story(contact(area=area))
    given.passes(3 * MINUTE)
    given.asks(ConfirmTeam(team=proposed(given)), ANA)
    assert given.next.action == "await-team" and given.next.due == TWO_AT_NIGHT + (3 + minutes) * MINUTE


def test_silence_frees_the_team_and_the_next_is_tried():
    given = story(contact())
    first = proposed(given)
    assert names(given.passes(5 * MINUTE)) == ["TeamFreed", "TeamUnanswered", "TeamSought", "TeamHeld", "TeamProposed"]
    assert proposed(given) == other(first) and given.team(first).free


def test_a_no_leads_to_the_next_team_at_once_and_a_silent_one_is_asked_again_last():
    given = story(contact())
    first = proposed(given)
    given.asks(DeclineTeam(team=first, reason="vehicle"), MEMBER[first])
    assert proposed(given) == other(first)
    given.passes(5 * MINUTE)
    assert proposed(given) == first


def test_a_late_yes_counts_while_the_team_is_free_and_no_other_is_held():
    given = story(contact())
    first, second = proposed(given), other(proposed(given))
    given.asks(SignOff(), MEMBER[second], second)
    given.asks(SignOff(), MEMBER[first], first)
    assert given.refused.reasons[0].code == "TL-5416"
    given.asks(DeclineTeam(team=first, reason="busy"), ANA)
    given.asks(SignOff(), MEMBER[first], first)
    given.passes(2 * MINUTE)
    assert given.episode.status in ("seeking", "no-team", "proposed")
    given.asks(SignOn(), MEMBER[first], first)
    if given.episode.status == "no-team":
        given.asks(ConfirmTeam(team=first), MEMBER[first])
    assert given.team(first).episode == EPISODE


def test_when_no_team_is_free_the_need_stands_and_all_are_looked_at_again():
    given = story(contact())
    first = proposed(given)
    given.hears(contact(person="person/p2", record="record/r2"), "contact/c2")
    given.hears(contact(person="person/p3", record="record/r3"), "contact/c3")
    third = given.states["episode/c3"]
    assert third.status == "no-team" and third.owner == CRISIS_DESK and third.owed.due == TWO_AT_NIGHT + 5 * MINUTE
    given.asks(DeclineTeam(team=first, reason="skill"), ANA)
    given.asks(TriageEpisode(response="contact"), ANA)
    given.passes(2 * MINUTE)
    taken = {given.team(name).episode for name in (NORTH, SOUTH)}
    assert len(taken) == 2 and None not in taken
    assert given.told(NoTeamAvailable)[0].again_at == TWO_AT_NIGHT + 2 * MINUTE


def test_a_team_that_the_roster_names_later_is_found():
    given = story(network=NETWORK.model_copy(update={"teams": ()}))
    given.hears(contact())
    assert given.episode.status == "no-team" and given.episode.candidates == ()
    given.asks(NETWORK, "staff/platform", "crisis-roster/network")
    given.passes(2 * MINUTE)
    assert given.episode.status == "proposed"


def test_a_person_may_choose_the_team_but_not_one_that_belongs_to_another_episode():
    given = story(contact(danger="low"))
    given.hears(contact(person="person/p2", record="record/r2"), "contact/c2")
    busy = given.states["episode/c2"].team
    given.asks(ProposeTeam(team=busy), ANA)
    assert given.refused.reasons[0].code == "TL-5412" and given.team(busy).episode == "episode/c2"
    given.asks(ProposeTeam(team=other(busy)), ANA)
    assert proposed(given) == other(busy) and given.told(TeamProposed)[-1].by == ANA


def test_stages_from_the_field_move_forward_only_and_late_ones_are_noted_with_their_own_instant():
    given = story(contact())
    team = proposed(given)
    given.asks(ConfirmTeam(team=team), ANA)
    given.passes(30 * MINUTE)
    report(given, "on-scene", TWO_AT_NIGHT + 25 * MINUTE)
    report(given, "dispatched", TWO_AT_NIGHT + 4 * MINUTE)
    assert given.episode.status == "on-scene" and given.episode.dispatched_at == TWO_AT_NIGHT + 4 * MINUTE
    assert given.told(FieldStatusReported)[0].in_time is True


def test_a_team_that_is_not_there_in_time_is_told_once_and_still_expected():
    given = story(contact())
    given.asks(ConfirmTeam(team=proposed(given)), ANA)
    assert names(given.passes(5 * HOUR)) == ["SceneOverdue"]
    late = given.told(SceneOverdue)[0]
    assert late.on_scene_before == TWO_AT_NIGHT + HOUR and late.owner == CRISIS_DESK and given.episode.status == "referred"
    report(given, "on-scene", TWO_AT_NIGHT + 50 * MINUTE)
    assert given.told(FieldStatusReported)[-1].in_time is True


@pytest.mark.parametrize("ended", ["unable-to-locate", "declined", "cancelled", "handed-to-911"])
def test_however_a_visit_ends_the_team_is_free_and_the_desk_decides_what_follows(ended):
    given = on_scene(story(contact()))
    team = proposed(given)
    report(given, ended)
    assert given.team(team).free and given.episode.status == ended
    assert (given.next.owner, given.next.action) == (CRISIS_DESK, "decide-next-step")


def test_outside_its_area_another_team_is_sought():
    given = story(contact())
    first = proposed(given)
    given.asks(ConfirmTeam(team=first), ANA)
    report(given, "out-of-area")
    assert given.team(first).free and proposed(given) == other(first)


def test_a_report_of_what_has_not_happened_yet_or_by_a_team_that_was_never_sent_is_refused():
    given = story(contact())
    team = proposed(given)
    given.asks(ReportFieldStatus(team=other(team), status="on-scene", reported_at=given.now), ANA)
    assert given.refused.reasons[0].code == "TL-5414"
    given.asks(ConfirmTeam(team=team), ANA)
    report(given, "on-scene", given.now + MINUTE)
    assert given.refused.reasons[0].code == "TL-5415"


def test_a_team_that_signed_off_is_not_proposed():
    given = story()
    given.asks(SignOff(), DORA, NORTH)
    given.asks(SignOff(), EVE, SOUTH)
    given.hears(contact())
    assert given.episode.status == "no-team"
    given.asks(SignOn(), EVE, SOUTH)
    given.asks(SeekTeam(), ANA)
    assert proposed(given) == SOUTH


def test_nothing_is_closed_and_nobody_loses_it_however_long_nobody_acts():
    given = story(contact())
    given.passes(timedelta(hours=6))
    assert given.episode.status in ("proposed", "no-team", "seeking") and given.episode.owner == CRISIS_DESK
    assert len([1 for name in (NORTH, SOUTH) if given.team(name).episode]) <= 1
    assert CONTACT in given.episode.contacts
