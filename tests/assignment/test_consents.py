"""Nobody is asked to take a person whom 42 CFR Part 2 protects but under a permit in force; their own clocks run on."""

from datetime import timedelta

from contracts.assignment import DisclosureChanged, PlacementAccepted, PlacementOffered, PlacementOverdue, PlacementWithheld
from contracts.consents import EVERYBODY, SHUT, ConsentRecorded, ConsentRevoked, EmergencyRecorded, Permit
from contracts.kernel import Next
from services.assignment.commands import AcceptOffer, OfferAgain
from tests.assignment.stories import BEN, DORA, NINE, REQUEST, RIVERSIDE, Story, amended, names, programs, received, story, triaged

OPEN = Permit(version=1, consent="C-1", recipients=EVERYBODY)
ABOUT = {"request": REQUEST, "record": "record/1", "by": "staff/7"}
RECORDED = ConsentRecorded(**ABOUT, permit=OPEN)
REVOKED = ConsentRevoked(**ABOUT, permit=Permit(version=2), consent="C-1", revoked_at=NINE)


def withheld() -> Story:
    return story(received(sensitivity="part2", permit=SHUT), triaged())


def test_no_program_is_asked_without_consent_and_the_time_in_which_the_person_must_be_seen_runs_on():
    given = withheld()
    (said,) = given.told(PlacementWithheld)
    assert given.told(PlacementOffered) == [] and said.services_by and said.released == ()
    assert (given.next.action, given.next.waiting_on, given.next.owner) == ("await-consent", "client", "role/coordinator")
    given.passes(timedelta(days=3))
    assert {fact.action for fact in given.told(PlacementOverdue)} >= {"find-place", "await-consent"}


def test_consent_lets_programs_be_asked_at_once():
    given = withheld()
    changed, offered = given.hears(RECORDED)
    assert isinstance(changed, DisclosureChanged) and len(programs(offered)) == 3
    assert given.next.action == "await-answer"


def test_an_emergency_on_record_does_too():
    given = withheld()
    permit = Permit(version=1, emergency_until=NINE + timedelta(hours=72))
    said = given.hears(EmergencyRecorded(**ABOUT, permit=permit, reason="immediate-danger", recorded_at=NINE))
    assert names(said) == ["DisclosureChanged", "PlacementOffered"]


def test_revoked_before_anybody_took_the_person_it_releases_who_was_asked_and_no_yes_counts():
    given = story(received(sensitivity="part2", permit=OPEN), triaged())
    asked = tuple(programs(given.told(PlacementOffered)[0]))
    _, said = given.hears(REVOKED)
    assert isinstance(said, PlacementWithheld) and said.released == asked
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == [] and given.refused.reasons[0].code == "TL-5218"
    assert given.asks(OfferAgain(), BEN) == [] and given.refused.reasons[0].code == "TL-5218"


def test_revoked_afterwards_it_leaves_the_person_where_they_are():
    given = story(received(sensitivity="part2", permit=OPEN), triaged())
    given.asks(AcceptOffer(program=RIVERSIDE), DORA)
    assert given.told(PlacementAccepted)[0].permit == OPEN
    assert names(given.hears(REVOKED)) == ["DisclosureChanged"] and given.placement.program == RIVERSIDE


def test_a_yes_after_the_consent_has_run_out_does_not_count_though_nobody_said_yet_that_it_has():
    until = NINE + timedelta(hours=1)
    given = story(received(sensitivity="part2", permit=OPEN.model_copy(update={"until": until})), triaged())
    given.passes(timedelta(hours=1))
    assert given.asks(AcceptOffer(program=RIVERSIDE), DORA) == [] and given.refused.reasons[0].code == "TL-5218"


def test_a_word_of_consent_that_comes_late_or_twice_changes_nothing():
    given = withheld()
    given.hears(RECORDED, REVOKED)
    assert given.hears(RECORDED) == [] and given.hears(REVOKED) == []
    assert given.placement.withheld and given.placement.permit == REVOKED.permit


def test_a_label_put_on_while_programs_are_asked_releases_them_where_no_consent_came_with_it():
    given = story(received(), triaged())
    said = given.hears(amended(sensitivity="part2", permit=SHUT))
    assert names(said) == ["PlacementLabelled", "PlacementWithheld"] and len(said[1].released) == 3
    fine = story(received(), triaged())
    assert names(fine.hears(amended(sensitivity="part2", permit=OPEN))) == ["PlacementLabelled"]


def test_nothing_is_asked_before_triage_whatever_is_said_of_consent():
    given = story(received(sensitivity="part2", permit=SHUT, next=Next(owner="role/intake-desk", action="acknowledge-request")))
    assert names(given.hears(RECORDED)) == ["DisclosureChanged"]
    assert names(given.hears(triaged()))[-1] == "PlacementOffered"
