"""Whom a lateness reaches, how it climbs, and what makes it quiet."""

import pytest

from contracts.alerts import AlertAbandoned, AlertAcknowledged, AlertActed, AlertPostponed, AlertRaised
from contracts.assignment import HandOffDeclined, PlacementWarned
from contracts.directory import DirectoryListed
from contracts.intake import RequestWithdrawn
from contracts.kernel import Next
from contracts.notices import NoticeDelivered, NoticeQueued, NoticeSent, NoticeWithdrawn
from contracts.rosters import Shift, Subscription
from contracts.upkeep import AggregateParked, AggregateReleased, InputQuarantined, InputRepaired, Issue, Origin
from services.notification.alerts import alerts_on
from services.notification.commands import ListShifts, ListSubscriptions
from services.notification.roster import ROSTER
from tests.notification.stories import (  # fmt: skip
    ANA,
    BEN,
    CARL,
    COORDINATOR,
    DAY,
    DORA,
    EVE,
    HOUR,
    LEAD,
    MINUTE,
    NINE,
    OTHER,
    PLACEMENT,
    STAFF,
    STEW,
    STEWARD,
    accepted,
    acknowledges,
    hand_off,
    names,
    no_program,
    offered,
    story,
    unanswered,
)

ORIGIN = Origin(topic="partner-in-x")


def test_whoever_has_the_duty_of_the_owner_is_told_at_once_by_e_mail():
    begun = story()
    assert names(begun.hears(no_program())) == ["AlertRaised"]
    begun.passes(MINUTE)
    assert sorted(begun.who_was_told()) == [ANA, BEN]
    assert [said.channel for said in begun.told(NoticeSent)] == ["email", "email"]


def test_an_alert_says_rule_owner_step_and_instant_and_its_id_says_what_it_means():
    begun = story()
    (alert,) = begun.hears(no_program(due=NINE + HOUR))
    assert (alert.rule, alert.owner, alert.action, alert.due) == ("reroute-urgent", COORDINATOR, "reroute", NINE + HOUR)
    assert (alert.purpose, alert.severity, alert.level, alert.rung) == ("call", "urgent", 0, "owner")
    assert alert.alert == story().hears(no_program(due=NINE + HOUR))[0].alert
    assert alert.alert != story().hears(no_program(due=NINE + 2 * HOUR))[0].alert


def test_the_same_lateness_twice_is_one_alert_and_another_time_is_another():
    begun = story()
    assert len(begun.hears(no_program(), no_program())) == 1
    begun.passes(HOUR)
    assert begun.hears(no_program()) == []
    assert len(begun.hears(no_program(due=NINE + DAY))) == 1


def test_what_was_acted_on_is_not_raised_by_the_same_fact_again():
    begun = story()
    begun.hears(no_program(), accepted())
    assert begun.hears(no_program()) == []


def test_a_deadline_that_comes_twice_tells_once():
    begun = story()
    begun.hears(no_program(owner=ANA))
    begun.passes(MINUTE)
    begun.spent.clear()
    begun.passes(MINUTE)
    assert begun.who_was_told() == [ANA]


def test_nobody_acts_so_it_climbs_from_the_owner_to_their_backup_the_team_lead_and_the_network_lead_in_fifteen_minutes_each():
    begun = story()
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(59 * MINUTE)
    assert [(said.rung, said.told) for said in begun.raised()] == [
        ("owner", (ANA,)), ("backup", (BEN,)), ("team-lead", (CARL,)), ("network-lead", (DORA,)),
    ]  # fmt: skip
    assert [said.raised_at - NINE for said in begun.raised()] == [0 * MINUTE, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE]
    assert [(said.level, said.reason, said.next_level) for said in begun.told(AlertAbandoned)] == [
        (0, "unanswered", 1), (1, "unanswered", 2), (2, "unanswered", 3),
    ]  # fmt: skip


def test_urgent_waits_four_business_hours_and_routine_a_business_day():
    urgent, routine = story(), story()
    urgent.hears(no_program("urgent"))
    routine.hears(no_program("routine"))
    assert urgent.raised()[0].climbs_at == NINE + 4 * HOUR
    assert routine.raised()[0].climbs_at == NINE + DAY
    urgent.passes(8 * HOUR)
    assert [said.raised_at for said in urgent.raised()][1:] == [NINE + 4 * HOUR, NINE + 8 * HOUR]


def test_three_rounds_without_an_answer_end_the_climbing_and_never_the_alert():
    begun = story()
    begun.hears(no_program("emergency"))
    begun.passes(30 * DAY)
    assert begun.told(AlertAbandoned)[-1].next_level is None
    assert len({said.alert for said in begun.raised()}) == len(begun.raised()) <= 12
    assert begun.alerts.ladders and not begun.told(AlertActed)
    assert "AlertActed" in names(begun.hears(accepted()))


def test_acting_on_the_item_ends_its_alerts_and_says_so():
    begun = story()
    begun.hears(no_program())
    begun.passes(MINUTE)
    acted, _ = begun.hears(accepted())
    assert (acted.alerts, acted.by) == ((begun.raised()[0].alert,), "placement.accepted.v1")
    before = len(begun.facts)
    begun.passes(30 * DAY)
    assert len(begun.facts) == before


def test_what_was_acted_on_before_it_was_handed_over_is_withdrawn():
    begun = story()
    begun.server = lambda name, notice: ("deferred", "451")
    begun.hears(no_program())
    begun.passes(10 * MINUTE / 60)
    begun.hears(accepted())
    begun.passes(HOUR)
    assert {said.reason for said in begun.told(NoticeWithdrawn)} == {"acted"}
    assert not begun.told(NoticeSent) and not begun.told(NoticeDelivered)


def test_the_next_round_of_offers_answers_a_silent_program_before_anybody_is_woken():
    begun = story()
    assert names(begun.hears(unanswered(), offered())) == ["AlertRaised", "AlertActed"]
    begun.passes(DAY)
    assert begun.who_was_told() == []


def test_an_edit_or_another_lateness_is_not_acting():
    begun = story()
    begun.hears(no_program())
    assert names(begun.hears(unanswered())) == ["AlertRaised"]
    again = no_program(due=NINE + 30 * MINUTE)
    assert names(begun.hears(again)) == ["AlertRaised"]
    assert len(begun.alerts.ladders) == 3


def test_an_acknowledgement_is_not_acting_it_gives_one_more_time():
    begun = story()
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(10 * MINUTE)
    (seen,) = acknowledges(begun, ANA, begun.raised()[0].alert)
    assert isinstance(seen, AlertAcknowledged) and seen.climbs_at == NINE + 25 * MINUTE
    begun.passes(14 * MINUTE)
    assert len(begun.raised()) == 1
    assert acknowledges(begun, ANA, begun.raised()[0].alert) == []
    begun.passes(2 * MINUTE)
    assert [said.rung for said in begun.raised()] == ["owner", "backup"]


def test_an_alert_of_an_earlier_level_may_be_acknowledged_and_a_strangers_yes_is_refused():
    begun = story()
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(20 * MINUTE)
    assert acknowledges(begun, EVE, begun.raised()[0].alert) == [] and begun.refused.reasons[0].code == "TL-5602"
    assert names(acknowledges(begun, BEN, begun.raised()[0].alert)) == ["AlertAcknowledged"]
    assert acknowledges(begun, BEN, "no-such-alert") == [] and begun.refused.reasons[0].code == "TL-5601"


def test_a_rung_without_anybody_on_duty_is_passed_over():
    begun = story({COORDINATOR: (ANA,), LEAD: (DORA,)})
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(16 * MINUTE)
    assert [(said.level, said.rung) for said in begun.raised()] == [(0, "owner"), (3, "network-lead")]


def test_when_nobody_is_on_duty_at_all_it_is_tried_again_until_somebody_is():
    begun = story({})
    begun.hears(no_program("emergency"))
    begun.passes(3 * MINUTE)
    assert begun.who_was_told() == [] and begun.told(AlertPostponed) and begun.told(AlertAbandoned) == []
    begun.hears(DirectoryListed(programs=(), staff={LEAD: (DORA,)}), about="directory/network")
    begun.passes(2 * MINUTE)
    assert begun.who_was_told() == [DORA] and [said.reason for said in begun.told(AlertAbandoned)] == ["nobody-on-duty"]


def test_waiting_for_somebody_uses_up_no_level_whoever_comes_is_called_from_the_lowest_rung_for_all_rounds():
    begun = story({})
    begun.hears(no_program("emergency"))
    begun.passes(5 * HOUR)
    begun.hears(DirectoryListed(programs=(), staff=STAFF), about="directory/network")
    begun.passes(2 * DAY)
    rungs = [said.rung for said in begun.raised() if said.told]
    assert rungs == ["owner", "team-lead", "network-lead"] * 3
    assert begun.told(AlertAbandoned)[-1].next_level is None


@pytest.mark.parametrize("urgency", ["emergency", "routine"])
def test_a_month_with_nobody_leaves_one_alert_and_looks_a_bounded_number_of_times(urgency: str):
    begun = story({})
    begun.hears(no_program(urgency))
    begun.passes(30 * DAY)
    assert len(begun.raised()) == 1 and 24 * 30 <= len(begun.told(AlertPostponed)) <= 24 * 4 * 30 + 20
    (ladder,) = begun.states[alerts_on(PLACEMENT)].ladders
    assert ladder.ids == (begun.raised()[0].alert,)


def test_a_reminder_for_somebody_who_came_late_is_told_once():
    begun = story({})
    step = Next(owner=COORDINATOR, action="schedule", due=NINE)
    begun.hears(PlacementWarned(action="schedule", rule="schedule@1", due=NINE, owner=COORDINATOR, warns_at=None, next=step))
    begun.passes(3 * HOUR)
    begun.hears(DirectoryListed(programs=(), staff=STAFF), about="directory/network")
    begun.passes(20 * DAY)
    assert [bool(said.told) for said in begun.raised()] == [False, True]


def test_shifts_say_who_wakes_at_night():
    begun = story()
    night, day = ((EVE, NINE - HOUR, NINE + HOUR), (ANA, NINE + HOUR, NINE + 9 * HOUR))
    shifts = tuple(Shift(role=COORDINATOR, person=who, starts_at=begins, ends_at=ends) for who, begins, ends in (night, day))
    begun.asks(ListShifts(shifts=shifts), "staff/platform", ROSTER)
    begun.hears(no_program("emergency"))
    assert begun.raised()[0].told == (EVE,)


def test_a_transfer_is_asked_of_whom_it_names_and_ends_when_they_answer():
    begun = story()
    (asked,) = begun.hears(hand_off(BEN))
    assert (asked.purpose, asked.rung, asked.told) == ("transfer", "asked", (BEN,))
    begun.passes(5 * HOUR)
    assert [said.rung for said in begun.raised()] == ["asked", "owner"]
    assert names(begun.hears(HandOffDeclined(by=BEN, reason="other", to=BEN, next=hand_off().next))) == ["AlertActed", "AlertRaised"]


def test_subscribers_are_told_as_well_by_rule_program_owner_and_gravity():
    begun = story()
    wanted = (
        Subscription(subscriber=LEAD, rule="reroute-urgent"),
        Subscription(subscriber=EVE, severity="crisis"),
        Subscription(subscriber=CARL, program="program/x"),
    )
    begun.asks(ListSubscriptions(subscriptions=wanted), "staff/platform", ROSTER)
    begun.hears(no_program("urgent"))
    assert begun.raised()[0].told == (ANA, BEN, DORA)
    begun.hears(no_program("emergency"), about=OTHER)
    assert begun.raised()[1].told == (ANA, BEN, EVE)


def test_what_the_runtime_holds_up_is_told_to_its_steward_and_ends_when_it_is_mended():
    begun = story()
    step = Next(owner=STEWARD, action="look-at-input", due=NINE + 4 * HOUR, rule="steward")
    begun.hears(InputQuarantined(origin=ORIGIN, issues=(), next=step), about="input/1", topic="intake-events")
    begun.hears(AggregateParked(origin=ORIGIN, issue=Issue(code="TL-4001"), next=step), about="request/9", topic="intake-events")
    assert [said.told for said in begun.raised()] == [(STEW,), (STEW,)]
    assert names(begun.hears(InputRepaired(outcome="event", repaired=True), about="input/1")) == ["AlertActed"]
    assert names(begun.hears(AggregateReleased(replayed=1), about="request/9")) == ["AlertActed"]


def test_a_fact_that_ends_the_item_ends_its_alerts():
    begun = story()
    begun.hears(unanswered(), about="request/1")
    assert names(begun.hears(RequestWithdrawn(reason="not-needed"), about="request/1")) == ["AlertActed"]


def test_the_inbox_tells_whoever_has_no_address():
    begun = story(mail=())
    begun.hears(no_program("emergency", owner=ANA))
    begun.passes(MINUTE)
    (queued,) = begun.told(NoticeQueued)
    assert queued.channels == ("inbox",) and begun.told(NoticeDelivered)[0].to == ANA
    assert isinstance(begun.raised()[0], AlertRaised)
