"""Whose record is whose: who asks, by when, and what a person may answer. Nothing is ever linked by a name and a birth date."""

from datetime import UTC, datetime, timedelta

from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from contracts.intake import CandidateFound, RecordConflicted, RecordKeptApart, RecordLinked, RecordOverdue, RecordWarned
from services.intake import commands, domain
from services.intake.commands import KeepApart, LinkRecords, UnlinkRecord
from services.intake.records import COMPARE, DECIDE
from tests.intake.people import ELM, OAK, PINE, STEWARD, People, details, record_of


def alike() -> People:
    """Two partners told of somebody of the same name and birth date."""
    life = People()
    life.refers(OAK, given="Ada")
    life.refers(PINE, given="Ada")
    return life


def test_records_of_one_name_and_birth_date_are_a_question_with_an_owner_and_a_clock():
    life = alike()
    (found,) = [fact.data for fact in life.facts if isinstance(fact.data, CandidateFound)]
    assert found.next and (found.other, found.next.owner, found.next.action) == (record_of(OAK), "role/data-steward", COMPARE)
    assert found.next.due == datetime(2026, 3, 5, 9, 2, tzinfo=UTC) and found.next.rule == "compare-records@1"
    assert found.next.allowed == ("link-records", "keep-apart", "unlink-record")
    assert life.known(OAK).person != life.known(PINE).person


def test_a_correction_of_the_name_finds_who_else_has_it():
    life = People()
    life.refers(OAK, given="Ada")
    life.refers(PINE, given="Adah")
    assert not life.known(PINE).alike
    life.says(PINE, commands.AmendRecord(details=details(PINE, given="Ada").model_copy(update={"identifiers": ()})))
    assert life.known(PINE).alike == (record_of(OAK),)


def test_a_senders_amendment_asks_as_well_once_and_links_nothing():
    life = People()
    life.refers(OAK, "n-1", given="Ada")
    life.refers(PINE, given="Adah")
    said = life.amends(PINE, f"{PINE}-2", details(PINE, "n-1", given="Ada"))
    assert [one.other for one in said if isinstance(one, CandidateFound)] == [record_of(OAK)]
    assert life.known(PINE).person != life.known(OAK).person
    assert not [one for one in life.amends(PINE, f"{PINE}-2", details(PINE, given="Ada")) if isinstance(one, CandidateFound)]


def test_one_more_question_puts_nothing_off():
    life = alike()
    life.refers(ELM, given="Berta")
    due = life.known(PINE).owed
    life.passes(timedelta(hours=5))
    life.refers(PINE, given="Berta")
    assert len(life.known(PINE).alike) == 2 and due and life.known(PINE).owed == due


def test_it_warns_once_and_is_overdue_once_and_nothing_is_linked_by_time():
    life = alike()
    said = [one for one in life.passes(timedelta(days=9)) if isinstance(one, RecordWarned | RecordOverdue)]
    assert [type(one) for one in said] == [RecordWarned, RecordOverdue]
    assert said[1].citation == "our default" and said[1].next and said[1].next.owner == "role/data-steward"
    assert life.known(PINE).person != life.known(OAK).person


def test_a_person_links_two_records_and_the_question_is_answered():
    life = alike()
    (linked,) = life.says(PINE, LinkRecords(other=record_of(OAK)))
    assert isinstance(linked, RecordLinked) and linked.next and linked.next.action == "none"
    assert (linked.person, linked.by, linked.other) == (life.known(OAK).person, STEWARD, record_of(OAK))
    assert life.known(PINE).person == life.known(OAK).person
    assert not list(domain.identity.deadlines(life.known(PINE)))


def test_two_people_are_kept_apart_and_nobody_is_asked_again():
    life = alike()
    (said,) = life.says(PINE, KeepApart())
    assert isinstance(said, RecordKeptApart) and said.others == (record_of(OAK),) and said.next and said.next.action == "none"
    life.says(PINE, commands.AmendRecord(details=details(PINE, given="Ada").model_copy(update={"identifiers": ()})))
    assert not life.known(PINE).alike and life.known(PINE).owed is None


def test_a_link_by_a_person_goes_before_what_somebody_found_before():
    life = People()
    life.refers(OAK, "n-1")
    life.refers(PINE, "n-1")
    life.says(PINE, UnlinkRecord())
    assert life.known(PINE).apart
    life.says(PINE, LinkRecords(other=record_of(OAK)))
    assert life.known(PINE).person == life.known(OAK).person and not life.known(PINE).apart


def test_numbers_that_name_two_people_are_decided_sooner_and_then_the_other_question_has_a_clock_of_its_own():
    life = alike()
    life.refers(OAK, "n-1")
    life.refers(ELM, "n-2")
    said = life.refers(PINE, "n-1", "n-2")
    (conflict,) = [one for one in said if isinstance(one, RecordConflicted)]
    assert conflict.next and conflict.next.action == DECIDE and conflict.next.due == datetime(2026, 3, 3, 9, 5, tzinfo=UTC)
    (linked,) = life.says(PINE, LinkRecords(other=record_of(ELM)))
    assert linked.next and linked.next.action == COMPARE and life.known(PINE).alike == (record_of(OAK),)


def test_what_makes_no_sense_is_refused():
    life = People()
    life.refers(OAK, given="Ada")
    for command, code in [
        (LinkRecords(other=record_of(OAK)), "TL-5147"), (LinkRecords(other=record_of(ELM)), "TL-5147"), (KeepApart(), "TL-5149"),
        (UnlinkRecord(), "TL-5146"),
    ]:  # fmt: skip
        assert life.says(OAK, command) == [] and life.why_not() == [code]
    life.refers(PINE)
    life.says(PINE, LinkRecords(other=record_of(OAK)))
    assert life.says(PINE, LinkRecords(other=record_of(OAK))) == [] and life.why_not() == ["TL-5148"]


PARTNER = st.sampled_from((OAK, PINE, ELM))
NAME = st.sampled_from((None, "Ada", "Berta"))
STEP = st.one_of(
    st.tuples(st.just("refers"), PARTNER, st.lists(st.sampled_from(("n-1", "n-2")), max_size=2, unique=True), NAME),
    st.tuples(st.just("links"), PARTNER, PARTNER),
    st.tuples(st.just("says"), PARTNER, st.sampled_from((KeepApart(), UnlinkRecord()))),
    st.tuples(st.just("waits"), st.sampled_from((timedelta(hours=3), timedelta(days=2)))),
)


@settings(max_examples=120, deadline=None)
@whatever(st.lists(STEP, max_size=14))
def test_a_question_that_is_open_has_a_clock_one_that_is_answered_has_none_and_no_clock_is_put_off(steps):
    life = People()
    for what, *how in steps:
        dues = {one: state.owed for one, state in life.states.items() if one.startswith("record/")}
        match what, how:
            case "refers", [partner, numbers, name]:
                life.refers(partner, *numbers, given=name)
            case "links", [partner, other]:
                life.says(partner, LinkRecords(other=record_of(other)))
            case "says", [partner, command]:
                life.says(partner, command)
            case "waits", [time]:
                life.passes(time)
        for one, state in life.states.items():
            if one.startswith("record/"):
                assert bool(state.owed) == bool(state.alike or state.conflict), (one, state.owed)
                before = dues.get(one)
                if before and state.owed and before.action == state.owed.action and what == "refers":
                    assert state.owed.due == before.due
