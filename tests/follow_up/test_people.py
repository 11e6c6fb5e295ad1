"""One person across the network: seen elsewhere, records that are linked and unlinked, a death that every program hears of."""

from contracts.directory import DirectoryListed, Program
from contracts.endings import RecordDeathNoted, RecordDeathRefuted
from contracts.intake import RecordLinked
from contracts.plans import PlanFlagged, PlanSuppressed, SeenElsewhere
from services.follow_up import tidings
from services.follow_up.commands import DischargePlan, RefuteDeath, ReportDeath
from tests.follow_up.stories import (
    DAY,
    DORA,
    EVE,
    HOUR,
    LAKESIDE,
    NINE,
    SAM,
    STAY,
    WEEK,
    Story,
    accepted,
    admission,
    attended,
    contact,
    opened,
)


def two_programs(person: str = "person/1") -> Story:
    """Ana comes weekly to Riverside (plan/1) and to Lakeside (plan/2), which know her by records of their own."""
    given = Story()
    given.hears(opened(), "record/1")
    given.hears(opened("record/2", person), "record/2")
    given.hears(accepted(cadence_days=7, books_visits=False))
    given.hears(accepted(LAKESIDE, record="record/2", cadence_days=7, books_visits=False), "placement/2")
    for plan in ("plan/1", "plan/2"):
        given.asks(attended(NINE), plan)
    for _ in (1, 2):
        given.passes(HOUR)
        for plan in ("plan/1", "plan/2"):
            given.asks(attended(given.now), plan)
    return given


def linked(to: str, left: str) -> RecordLinked:
    return RecordLinked(person=to, left=left, by="urn:network:person")


def test_seen_elsewhere_changes_the_reason_and_not_the_flag():
    given = two_programs()
    given.passes(10 * DAY)
    given.asks(contact(given.now), "plan/2")
    assert [one.at for one in given.told(SeenElsewhere, "plan/1")][-1] == given.now
    given.passes(5 * DAY)
    last = given.told(PlanFlagged, "plan/1")[-1]
    assert last.level == "lapsing" and last.seen_elsewhere_at == NINE + 2 * HOUR + 10 * DAY


def test_people_who_are_not_the_same_are_not_seen_elsewhere():
    given = two_programs(person="person/2")
    given.asks(contact(given.now), "plan/2")
    assert given.told(SeenElsewhere) == []


def test_records_that_are_linked_bring_their_plans_with_them():
    given = two_programs(person="person/2")
    given.hears(linked("person/1", "person/2"), "record/2")
    assert given.states["plan/2"].person == "person/1"
    assert set(given.states["person/1"].involved) == {"plan/1", "plan/2"} and not given.states["person/2"].involved
    given.passes(HOUR)
    given.asks(contact(given.now), "plan/2")
    assert given.states["plan/1"].seen_elsewhere_at == given.now


def test_and_unlinked_they_take_them_away_again():
    given = two_programs()
    given.hears(linked("person/9", "person/1"), "record/2")
    assert set(given.states["person/1"].involved) == {"plan/1"} and set(given.states["person/9"].involved) == {"plan/2"}
    before = given.states["plan/1"].seen_elsewhere_at
    given.passes(HOUR)
    given.asks(contact(given.now), "plan/2")
    assert given.states["plan/1"].seen_elsewhere_at == before


def test_the_same_link_again_changes_nothing():
    given = two_programs(person="person/2")
    given.hears(linked("person/1", "person/2"), "record/2")
    assert given.hears(linked("person/1", "person/2"), "record/2") == []


def test_an_admission_elsewhere_is_known_to_every_program():
    given = two_programs()
    given.asks(admission(given.now, record="record/2"), STAY)
    assert [one.kind for plan in ("plan/1", "plan/2") for one in given.states[plan].suppressions] == ["in-hospital", "in-hospital"]


def test_a_stay_of_which_nobody_says_the_end_explains_silence_until_it_is_looked_at_and_never_again():
    given = two_programs()
    given.asks(admission(given.now, record="record/2"), STAY)
    given.passes(31 * DAY)
    given.asks(contact(given.now), "plan/2")
    given.passes(21 * DAY)
    assert len(given.told(PlanSuppressed, "plan/1")) == 1 and given.plan.suppressions == ()
    assert given.plan.level == "review" and given.states["plan/2"].level == "review"


def test_an_admission_under_a_record_that_is_linked_later_is_known_then():
    given = two_programs(person="person/2")
    given.asks(admission(given.now, record="record/2"), STAY)
    assert not given.states["plan/1"].suppressions
    given.hears(linked("person/1", "person/2"), "record/2")
    assert given.states["plan/1"].suppressions and given.states[STAY].person == "person/1"


def test_a_reported_death_stops_every_program_and_a_refuted_one_starts_them_again():
    given = two_programs()
    given.asks(ReportDeath(at=given.now), "plan/2")
    assert given.states["plan/1"].is_dead and given.next("plan/1").action == "verify-death"
    given.passes(HOUR)
    given.asks(RefuteDeath(), "plan/1")
    assert not given.states["plan/1"].is_dead and not given.states["plan/2"].is_dead
    given.passes(HOUR)
    given.asks(ReportDeath(at=given.now), "plan/1")
    assert given.states["plan/2"].is_dead, "a second report is news again"


def test_a_death_that_was_refuted_here_does_not_come_back_with_older_news():
    given = two_programs()
    given.asks(ReportDeath(at=given.now), "plan/2")
    older = given.states["person/1"]
    given.passes(HOUR)
    given.asks(RefuteDeath(), "plan/1")
    told = [type(change) for change, _ in tidings.for_plan("plan/1", given.states["plan/1"], "person/1", older, given.now)]
    assert PlanSuppressed not in told


def test_the_next_open_plan_owns_a_transition_after_the_first_has_ended():
    given = two_programs()
    given.asks(DischargePlan(reason="moved", at=given.now))
    given.asks(admission(given.now, record="record/2"), STAY)
    assert given.states[STAY].plan == "plan/2"


def test_everything_comes_to_rest():
    given = two_programs()
    assert given.settles() == []
    given.passes(WEEK)
    assert given.settles() == []


def test_a_death_that_came_by_a_link_goes_with_it_however_soon_the_front_door_says_so():
    given = two_programs(person="person/2")
    given.hears(linked("person/1", "person/2"), "record/2")
    given.hears(RecordDeathNoted(person="person/1", noted_at=given.now, by="staff/ana"), "record/1")
    assert given.states["plan/2"].is_dead
    given.passes(HOUR)
    given.hears(linked("person/2", "person/1"), "record/2")
    given.hears(RecordDeathRefuted(person="person/2", noted_at=given.now, by="unlinked", of="record/1"), "record/2")
    assert given.states["plan/1"].is_dead and not given.states["plan/2"].is_dead


def test_a_death_that_the_front_door_heard_of_stops_every_plan_of_the_person_until_it_is_refuted():
    given = two_programs()
    given.hears(RecordDeathNoted(person="person/1", noted_at=given.now, by="staff/ana"), "record/1")
    assert given.states["plan/1"].is_dead and given.states["plan/2"].is_dead
    assert given.hears(RecordDeathNoted(person="person/1", noted_at=given.now, by="staff/ana"), "record/2") == []
    given.passes(HOUR)
    given.hears(RecordDeathRefuted(person="person/1", noted_at=given.now, by="staff/ana"), "record/1")
    assert not given.states["plan/1"].is_dead and not given.states["plan/2"].is_dead


def test_who_is_at_which_desk_is_noted_when_the_directory_says_so_and_once():
    begun, harbor = Story(), Program(id="program/harbor", name="Harbor", desk="desk/harbor", services=(), places=1)
    listed = DirectoryListed(programs=(harbor,), staff={"desk/harbor": (DORA, EVE), "role/coordinator": (SAM,)})
    (said,) = begun.hears(listed, "directory/network")
    theirs = ("desk/harbor", "program/harbor")
    assert said.organisations == {DORA: theirs, EVE: theirs, SAM: ()}, "a role is no organisation"
    assert begun.hears(listed, "directory/network") == []
    assert begun.hears(listed.model_copy(update={"staff": {"desk/harbor": (EVE,)}}), "directory/network")
    assert begun.states["members/network"].of(DORA) == frozenset()
