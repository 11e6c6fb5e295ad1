"""The end of a crisis: follow-up, link to care, death, hand-over of a shift, closing."""

import pytest

from contracts.crisis_ownership import HandOverAsked, HandOverUnanswered
from contracts.crisis_routing import DeathVerified, EpisodeClosed, FollowUpNamed, OutpatientLinked
from contracts.rosters import RosterShifted, Shift
from services.crisis_routing.commands import (
    AcceptHandOver,
    AskHandOver,
    AskOutpatient,
    CloseEpisode,
    DeclineHandOver,
    LinkOutpatient,
    NameFollowUp,
    ReportDeath,
    ShareCrisisPlan,
    TakeEpisode,
    VerifyDeath,
    WithdrawHandOver,
)  # fmt: skip
from services.crisis_routing.episode import CRISIS_DESK
from tests.crisis_routing.stories import (
    ANA,
    BEN,
    CARL,
    EPISODE,
    HARBOR,
    HOUR,
    MINUTE,
    NETWORK,
    NOBODY,
    PERSON,
    TWO_AT_NIGHT,
    arrived,
    contact,
    followed_up,
    names,
    on_scene,
    placing,
    report,
    story,
)  # fmt: skip

BED = {HARBOR: 1}
NIGHT = "role/crisis-night"


def test_nothing_closes_before_somebody_is_named_for_the_follow_up():
    given = arrived(story(contact(), beds=BED))
    given.asks(CloseEpisode(reason="reached"), ANA)
    assert given.refused.reasons[0].code == "TL-5444" and "close-episode" not in given.refused.allowed
    given.asks(NameFollowUp(owner="role/coordinator", consent="agreed"), ANA)
    assert given.refused.reasons[0].code == "TL-5442"
    given.asks(NameFollowUp(owner=CARL, consent="agreed"), ANA)
    assert (given.next.owner, given.next.action) == (CARL, "reach-after-crisis")
    assert given.told(FollowUpNamed)[0].reach_before == TWO_AT_NIGHT + 24 * HOUR
    assert names(given.asks(CloseEpisode(reason="reached"), CARL)) == ["EpisodeClosed", "FileBroughtUp"]
    assert given.told(EpisodeClosed)[0].follow_up == CARL and given.next.action == "none"


def test_a_follow_up_may_be_declined_and_is_named_all_the_same():
    given = followed_up(story(contact(), beds=BED), consent="declined")
    assert given.told(FollowUpNamed)[0].reach_before is None and given.next.action == "close-episode"


def test_nothing_closes_while_a_team_is_out():
    given = placing(story(contact(), beds=BED), "community")
    given.asks(NameFollowUp(owner=CARL, consent="agreed"), ANA)
    given.asks(CloseEpisode(reason="reached"), ANA)
    assert given.refused.reasons[0].code == "TL-5444"
    report(given, "cleared")
    assert given.asks(CloseEpisode(reason="reached"), ANA)


def test_the_acceptance_of_the_referral_that_was_made_for_it_links_the_person_to_care():
    given = followed_up(story(contact(), beds=BED))
    given.asks(AskOutpatient(request="request/7"), ANA)
    assert names(given.accepted("placement/7", "program/oak")) == ["OutpatientLinked"]
    assert given.told(OutpatientLinked)[0].verified and given.episode.status == "linked" and given.next.action == "close-episode"
    assert given.accepted("placement/7", "program/oak") == []
    assert given.accepted("placement/8", "program/oak") == []


def test_one_referral_links_one_episode():
    given = followed_up(story(contact(), beds=BED))
    given.asks(AskOutpatient(request="request/7"), ANA)
    assert given.asks(AskOutpatient(request="request/7"), ANA) == [] and given.refused is None
    given.hears(contact(person="person/p2", record="record/r2", danger="low"), "contact/c2")
    given.states["episode/c2"] = given.states["episode/c2"].model_copy(update={"status": "resolved"})
    given.asks(AskOutpatient(request="request/7"), ANA, "episode/c2")
    assert given.refused.reasons[0].code == "TL-5443"


def test_a_link_that_a_person_tells_of_is_asserted_not_verified():
    given = followed_up(story(contact(), beds=BED))
    given.asks(LinkOutpatient(program="program/oak"), CARL)
    assert not given.told(OutpatientLinked)[0].verified and given.episode.status == "linked"


def test_the_crisis_plan_is_shared_by_consent_or_in_a_recorded_emergency():
    given = story(contact())
    given.asks(ShareCrisisPlan(to="team/north", under="consent"), ANA)
    assert given.refused.reasons[0].code == "TL-5441"
    assert names(given.asks(ShareCrisisPlan(to="team/north", under="emergency"), ANA)) == ["CrisisPlanShared"]


def test_a_reported_death_stops_every_clock_at_once_lets_go_of_the_beds_and_asks_a_person():
    given = placing(story(contact(), beds=BED))
    report(given, "died")
    assert given.facility(HARBOR).holds == () and given.next.action == "verify-death"
    assert [one.about for subject, one in given.deadlines() if subject == EPISODE] == ["verify-death"]
    assert [one.action for one in given.passes(24 * HOUR)] == ["verify-death"]
    given.asks(VerifyDeath(verified=True), ANA)
    report(given, "cleared")
    assert given.told(DeathVerified) and given.asks(CloseEpisode(reason="died"), ANA)


def test_a_death_that_was_not_one_is_retracted_and_the_search_goes_on():
    given = placing(story(contact(), beds=BED))
    given.asks(ReportDeath(reported_at=given.now), ANA)
    assert given.episode.status == "died"
    given.asks(VerifyDeath(verified=False), ANA)
    assert given.episode.status == "placing" and given.facility(HARBOR).hold_of(EPISODE)


def test_a_shift_is_handed_over_only_when_it_is_accepted():
    given = story(contact())
    given.asks(TakeEpisode(), ANA)
    given.asks(AskHandOver(to=CARL), ANA)
    assert given.episode.owner == ANA and given.next.owner == ANA
    given.asks(AcceptHandOver(), BEN)
    assert given.refused.reasons[0].code == "TL-5436"
    given.asks(AcceptHandOver(), CARL)
    assert (given.episode.owner, given.episode.role, given.next.owner) == (CARL, NIGHT, CARL)


def shifts(*ended: tuple[str, str]) -> RosterShifted:
    ends = TWO_AT_NIGHT + HOUR
    return RosterShifted(shifts=tuple(Shift(role=role, person=who, starts_at=TWO_AT_NIGHT, ends_at=ends) for role, who in ended))


def test_the_end_of_a_shift_asks_the_next_by_itself_and_it_stays_where_it_is_until_somebody_accepts():
    given = story(contact(danger="low"))
    given.asks(TakeEpisode(), ANA)
    given.hears(shifts((CRISIS_DESK, ANA), (NIGHT, ANA), (CRISIS_DESK, BEN)), "roster/network")
    given.passes(HOUR)
    (asked,) = given.told(HandOverAsked)
    assert (asked.to, asked.owner, given.episode.owner, given.next.owner) == (CRISIS_DESK, ANA, ANA, ANA)
    given.passes(15 * MINUTE)
    assert [one.owner for one in given.told(HandOverUnanswered)] == [ANA]
    given.asks(AcceptHandOver(), BEN)
    assert given.episode.owner == BEN and given.states["shifts/network"].shifts == ()


@pytest.mark.parametrize(("staff", "to"), [({NIGHT: (CARL,)}, []), ({"role/network-lead": (CARL,)}, ["role/network-lead"])])
def test_where_nobody_else_has_the_duty_the_network_lead_is_asked(staff, to):
    given = story(contact(danger="low"), network=NETWORK.model_copy(update={"staff": {CRISIS_DESK: (ANA,), **staff}}))
    given.asks(TakeEpisode(), ANA)
    given.hears(shifts((CRISIS_DESK, ANA)), "roster/network")
    given.passes(HOUR)
    assert [one.to for one in given.told(HandOverAsked)] == to


def test_of_the_dead_nothing_is_handed_over_by_itself():
    given = story(contact(danger="low"))
    given.asks(TakeEpisode(), ANA)
    given.hears(shifts((CRISIS_DESK, ANA)), "roster/network")
    given.asks(ReportDeath(reported_at=given.now), ANA)
    given.passes(HOUR)
    assert given.told(HandOverAsked) == []


def test_a_hand_over_that_nobody_answers_is_told_and_stays_with_who_asked():
    given = story(contact(danger="low"))
    given.asks(TakeEpisode(), ANA)
    given.asks(AskHandOver(to=NIGHT), ANA)
    assert names(given.passes(15 * MINUTE)) == ["HandOverUnanswered"]
    assert given.told(HandOverUnanswered)[0].owner == ANA == given.episode.owner
    given.asks(AcceptHandOver(), CARL)
    assert given.episode.owner == CARL, "a late yes counts"


@pytest.mark.parametrize(("answer", "who"), [(DeclineHandOver(reason="no-capacity"), CARL), (WithdrawHandOver(), ANA)])
def test_a_hand_over_that_is_declined_or_withdrawn_moves_nothing(answer, who):
    given = story(contact())
    given.asks(TakeEpisode(), ANA)
    given.asks(AskHandOver(to=CARL), ANA)
    given.asks(AskHandOver(to=BEN), ANA)
    assert given.refused.reasons[0].code == "TL-5432"
    given.asks(answer, who)
    assert given.episode.owner == ANA and given.episode.hand_over is None


@pytest.mark.parametrize(
    ("ask", "who", "code"),
    [
        (TakeEpisode(), NOBODY, "TL-5403"),
        (AskHandOver(to=CARL), NOBODY, "TL-5403"),
        (AskHandOver(to=CRISIS_DESK), ANA, "TL-5434"),
        (AskHandOver(to=NOBODY), ANA, "TL-5433"),
        (AcceptHandOver(), CARL, "TL-5435"),
        (VerifyDeath(verified=True), ANA, "TL-5402"),
        (ReportDeath(reported_at=TWO_AT_NIGHT + HOUR), ANA, "TL-5445"),
    ],
)
def test_what_may_not_be_asked_is_refused_with_what_may(ask, who, code):
    given = story(contact())
    assert given.asks(ask, who) == []
    assert given.refused.reasons[0].code == code and set(given.refused.allowed) >= {"confirm-team", "take-episode"}


def test_an_unknown_or_closed_episode_can_be_asked_nothing():
    given = followed_up(story(contact(), beds=BED))
    given.asks(TakeEpisode(), ANA, "episode/none")
    assert given.refused.reasons[0].code == "TL-5405"
    given.asks(CloseEpisode(reason="reached"), ANA)
    given.asks(TakeEpisode(), ANA)
    assert given.refused.reasons[0].code == "TL-5406" and on_scene and PERSON
