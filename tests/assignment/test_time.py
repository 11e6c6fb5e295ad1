"""The time a step has: the desk's own hours, a share of what the regulation leaves, and nobody in line when that runs short."""

from datetime import UTC, datetime, timedelta

from contracts.assignment import NoProgramAvailable, PlacementOffered
from contracts.directory import Desk
from services.assignment.commands import AcceptOffer
from tests.assignment.stories import (
    BEN,
    HILLTOP,
    LAKESIDE,
    NETWORK,
    NINE,
    RIVERSIDE,
    desk,
    program,
    programs,
    received,
    story,
    triaged,
)  # fmt: skip

HOUR = timedelta(hours=1)
EVENINGS = Desk(id=desk(RIVERSIDE), hours={"mon-sun": "15:00-21:00"}, zone="UTC")
MANY = tuple(program(f"program/{n}", 20 - n) for n in range(14))
WIDE = NETWORK.model_copy(update={"programs": MANY})


def test_each_desk_has_its_own_hours_to_answer_and_the_first_end_is_the_next_step():
    given = story(received(), triaged(), network=NETWORK.model_copy(update={"desks": (EVENINGS,)}))
    (offered,) = given.told(PlacementOffered)
    ends = {offer.program: offer.respond_by for offer in offered.offers}
    assert ends == {RIVERSIDE: NINE + 8 * HOUR, LAKESIDE: NINE + 3 * HOUR, HILLTOP: NINE + 3 * HOUR}
    assert given.next.due == NINE + 3 * HOUR


def test_an_offer_outside_the_hours_counts_from_the_next_opening():
    friday = datetime(2026, 3, 6, 19, tzinfo=UTC)
    given = story(network=NETWORK)
    given.now = friday
    given.hears(received(requested_at=friday), triaged())
    assert {offer.respond_by for offer in given.told(PlacementOffered)[0].offers} == {datetime(2026, 3, 9, 11, tzinfo=UTC)}


def test_one_round_after_another_still_ends_inside_the_regulatory_day():
    given = story(received(), triaged(), network=WIDE)
    ends = []
    while given.now < NINE + 24 * HOUR:
        ends.append(max(offer.respond_by for offer in given.told(PlacementOffered)[-1].offers))
        given.passes(HOUR)
    assert max(ends) <= NINE + 24 * HOUR
    rounds = [(offered.hurried, len(offered.offers)) for offered in given.told(PlacementOffered)]
    assert rounds[:2] == [(False, 3), (False, 3)]


def test_when_a_third_is_left_nobody_waits_in_line_and_the_desks_are_called():
    given = story(received(), triaged(), network=WIDE)
    given.passes(5 * HOUR)
    assert given.next.action == "await-answer"
    waited = {asked.program for asked in given.placement.waiting_on}
    (offered,) = [said for said in given.passes(HOUR) if isinstance(said, PlacementOffered)]
    assert offered.hurried and given.now == NINE + 6 * HOUR
    assert waited < set(programs(offered)) and len(programs(offered)) == 8  # whoever was not passed over before
    assert (given.next.action, given.next.owner) == ("call-programs", "role/coordinator")


def test_a_request_that_arrives_when_its_time_has_run_out_asks_everybody_and_gives_them_the_least_time_there_is():
    given = story(network=WIDE)
    given.hears(received(requested_at=NINE - timedelta(days=3)), triaged())
    (offered,) = given.told(PlacementOffered)
    assert offered.hurried and len(offered.offers) == 10
    assert {offer.respond_by for offer in offered.offers} == {NINE + timedelta(minutes=15)}


def test_time_that_runs_short_says_nothing_once_it_is_taken_or_nobody_is_asked():
    taken = story(received(), triaged(), network=WIDE)
    taken.asks(AcceptOffer(program="program/0"), BEN)
    assert taken.passes(7 * HOUR) == []
    nobody = story(received(), triaged(service="methadone"))
    nobody.passes(7 * HOUR)
    assert nobody.told(PlacementOffered) == [] and len(nobody.told(NoProgramAvailable)) == 1
