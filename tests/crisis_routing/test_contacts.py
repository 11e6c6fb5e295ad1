"""One crisis from many contacts, and the plan's team told."""

from contracts.crisis_files import FileJoined
from contracts.crisis_routing import ContactJoined, EpisodeOpened, EpisodeTriaged, PersonIdentified, PlanTeamAlerted
from contracts.intake import RecordLinked
from contracts.kernel import kind_of
from contracts.plans import PlanDischarged, PlanHandedOn, PlanMoved, PlanOpened
from services.crisis_routing.commands import CloseEpisode
from tests.crisis_routing.stories import (
    ANA,
    CONTACT,
    ELM,
    EPISODE,
    HARBOR,
    HOUR,
    MINUTE,
    PERSON,
    RECORD,
    TWO_AT_NIGHT,
    amended,
    arrived,
    contact,
    followed_up,
    kinds,
    names,
    on_scene,
    story,
)  # fmt: skip

FOUND = "person/p9"


def linked(record: str = RECORD, person: str = FOUND, left: str = PERSON) -> RecordLinked:
    return RecordLinked(person=person, left=left, by="network-identifier")


def test_repeat_calls_are_one_episode_and_the_first_still_starts_the_clocks():
    given = story(contact())
    given.passes(4 * MINUTE)
    facts = given.hears(contact(contacted_at=given.now), "contact/c2")
    assert names(facts) == ["ContactNoted", "ContactJoined", "FileBroughtUp"]
    assert list(kinds(given, "episode")) == [EPISODE] and given.episode.contacts == (CONTACT, "contact/c2")
    assert given.episode.contacted_at == TWO_AT_NIGHT and given.next.due == TWO_AT_NIGHT + 5 * MINUTE


def test_a_call_while_a_team_is_on_its_way_is_the_same_crisis_however_late():
    given = on_scene(story(contact()))
    given.passes(HOUR)
    given.hears(contact(contacted_at=given.now), "contact/c2")
    assert len(given.told(EpisodeOpened)) == 1 and len(given.told(ContactJoined)) == 1


def test_a_call_long_after_the_person_was_settled_is_another_crisis_and_one_within_minutes_is_not():
    given = arrived(story(contact(), beds={HARBOR: 1}))
    given.hears(contact(contacted_at=TWO_AT_NIGHT + 15 * MINUTE), "contact/c2")
    assert len(given.told(EpisodeOpened)) == 1
    given.passes(10 * HOUR)
    given.hears(contact(contacted_at=given.now, danger="imminent"), "contact/c3")
    again = given.states["episode/c3"]
    assert again.danger == "imminent" and again.status == "proposed" and again.contacted_at == given.now
    assert given.told(EpisodeOpened)[1].source == "crisis-line" and given.states[PERSON].episode == "episode/c3"


def test_a_call_after_the_episode_closed_opens_another_at_once():
    given = followed_up(story(contact(), beds={HARBOR: 1}))
    given.asks(CloseEpisode(reason="reached"), ANA)
    assert given.states[PERSON].episode is None
    given.hears(contact(contacted_at=given.now), "contact/c2")
    assert given.states["episode/c2"].status == "proposed"


def test_danger_that_grew_is_triaged_anew_and_danger_that_a_later_caller_thinks_less_of_is_not():
    given = story(contact(danger="low"))
    given.hears(contact(danger="high"), "contact/c2")
    assert given.episode.danger == "high" and given.episode.status == "proposed"
    given.hears(contact(danger="low"), "contact/c3")
    assert given.episode.danger == "high" and len(given.told(EpisodeTriaged)) == 2


def test_the_contact_that_opened_an_episode_comes_again_and_is_nothing_whatever_has_become_of_it():
    given = followed_up(story(contact(), beds={HARBOR: 1}))
    assert given.hears(contact()) == []
    given.asks(CloseEpisode(reason="reached"), ANA)
    assert given.hears(contact()) == [] and len(given.told(EpisodeOpened)) == 1


def test_an_amendment_changes_what_is_known_of_the_crisis_and_resets_no_clock():
    given = story(contact(area=None, danger=None))
    due = given.next.due
    given.passes(MINUTE)
    given.hears(amended(area=ELM, danger="moderate", needs=("youth",)))
    assert (given.episode.area, given.episode.setting, given.episode.danger, given.episode.needs) == (ELM, "rural", "moderate", ("youth",))
    assert given.next.due == due and given.told(ContactJoined)[0].amends


def test_two_people_have_two_episodes():
    given = story(contact())
    given.hears(contact(person="person/p2", record="record/r2"), "contact/c2")
    assert set(kinds(given, "episode")) == {EPISODE, "episode/c2"}
    assert given.states["episode/c2"].team != given.episode.team


def test_who_was_nobody_we_knew_is_found_and_the_crisis_goes_along():
    given = story(contact(provisional=True))
    assert given.episode.provisional
    given.hears(linked(), RECORD)
    assert given.episode.person == FOUND and not given.episode.provisional
    assert given.told(PersonIdentified)[0].left == PERSON
    assert (given.states[FOUND].episode, given.states[PERSON].episode) == (EPISODE, None)
    given.hears(contact(person=FOUND, record="record/r9"), "contact/c2")
    assert list(kinds(given, "episode")) == [EPISODE]


def test_two_open_crises_of_one_person_stay_apart_until_a_person_decides_and_that_is_said():
    given = story(contact(provisional=True))
    given.hears(contact(person=FOUND, record="record/r9"), "contact/c2")
    given.hears(linked(), RECORD)
    assert given.told(FileJoined)[0].other == "episode/c2"
    assert set(kinds(given, "episode")) == {EPISODE, "episode/c2"}


def test_a_link_of_a_record_that_has_no_crisis_changes_nothing_here():
    given = story(contact())
    assert given.hears(linked(), "record/r7") == []
    assert given.hears(linked(left="person/p77"), "record/r7") == []


def test_every_fact_of_a_labelled_crisis_bears_the_label():
    given = story(contact(sensitivity="part2", consent="consent/1"))
    about = [fact for fact in given.facts if kind_of(fact.subject) in ("episode", "team")]
    assert len(about) >= 5 and {(fact.sensitivity, fact.consent) for fact in about} == {("part2", "consent/1")}


PLAN = "plan/p1"


def plan(person: str = PERSON, owner: str = "role/oak-duty") -> PlanOpened:
    known = {"program": "program/oak", "opened_at": TWO_AT_NIGHT, "visit_by": TWO_AT_NIGHT, "cadence_days": 14}
    return PlanOpened(person=person, owner=owner, **known)


def test_the_team_of_an_active_plan_is_told_with_the_crisis_itself_and_within_a_minute():
    given = story()
    given.hears(plan(), PLAN)
    assert "PlanTeamAlerted" in names(given.hears(contact()))
    (told,) = given.told(PlanTeamAlerted)
    assert (told.plan, told.role, told.tell_before, told.rule) == (PLAN, "role/oak-duty", TWO_AT_NIGHT + MINUTE, "tell-plan-team@1")


def test_a_plan_that_becomes_known_during_the_crisis_has_its_team_told_then_and_once():
    given = story(contact())
    given.passes(MINUTE)
    given.hears(plan(), PLAN)
    given.hears(PlanHandedOn(owner="role/elm-duty"), PLAN)
    given.hears(contact(contacted_at=given.now), "contact/c2")
    (told,) = given.told(PlanTeamAlerted)
    assert told.tell_before == given.now + MINUTE


def test_whoever_answers_for_the_plan_now_is_told_and_nobody_of_a_plan_that_is_over_or_anothers():
    given = story()
    for number in (1, 2, 3):
        given.hears(plan(), f"plan/{number}")
    given.passes(MINUTE)
    given.hears(PlanHandedOn(owner="role/elm-duty"), "plan/1")
    given.hears(PlanDischarged(reason="completed", at=given.now, by=ANA), "plan/2")
    given.hears(PlanMoved(person=FOUND, left=PERSON), "plan/3")
    given.hears(contact())
    assert [(told.plan, told.role) for told in given.told(PlanTeamAlerted)] == [("plan/1", "role/elm-duty")]


def test_when_it_is_found_who_is_in_crisis_their_plans_team_is_told():
    given = story()
    given.hears(plan(FOUND), PLAN)
    given.hears(contact(provisional=True))
    assert given.told(PlanTeamAlerted) == []
    given.hears(linked(), RECORD)
    assert [told.plan for told in given.told(PlanTeamAlerted)] == [PLAN]
    moved = story(contact())
    moved.hears(plan(FOUND), PLAN)
    moved.hears(PlanMoved(person=PERSON, left=FOUND), PLAN)
    assert [told.plan for told in moved.told(PlanTeamAlerted)] == [PLAN]


def test_what_is_heard_of_a_plan_before_the_plan_waits_for_it():
    given = story(contact())
    assert given.hears(PlanHandedOn(owner="role/elm-duty"), PLAN) == []
    given.hears(plan(), PLAN)
    assert [told.role for told in given.told(PlanTeamAlerted)] == ["role/elm-duty"]
