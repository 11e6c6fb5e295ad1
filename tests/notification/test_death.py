"""A death that anybody reported of a person stops every alert about them, whatever fact called for it."""

from datetime import timedelta

import pytest

from contracts import catalogue
from contracts.assignment import PlacementOpened
from contracts.authorization import AuthorizationOpened
from contracts.barriers import BarrierNoted
from contracts.crisis_dispatch import SceneOverdue
from contracts.crisis_routing import EpisodeOpened
from contracts.emergency_access import AccessOpened
from contracts.endings import RecordDeathNoted, RecordDeathRefuted
from contracts.follow_up import CareOpened
from contracts.intake import RecordOpened, RequestReceived
from contracts.kernel import SHARE_MAX, Change, Next, kind_of
from contracts.notices import NoticeWithdrawn
from contracts.plans import PlanOpened
from contracts.risk_flags import RiskFlagged
from contracts.rosters import BelongingSilenced, SilenceFollowed
from contracts.transitions import TransitionOpened, TransitionOverdue
from services.notification.alerts import alerts_on
from services.notification.silence import silence_of
from services.notification.sources import INSTANTS, SINCE, calls
from tests.notification.stories import COORDINATOR, DAY, HOUR, MINUTE, NINE, Story, names, sample, story

RECORD = "record/1"
OPENED: dict[str, tuple[str, type[Change]]] = {
    "barrier": ("barrier", BarrierNoted), "risk-flag": ("risk-flag", RiskFlagged),
    "access": ("access", AccessOpened), "authorization": ("authorization", AuthorizationOpened), "care": ("care", CareOpened),
    "consent": ("request", RequestReceived), "episode": ("episode", EpisodeOpened), "placement": ("placement", PlacementOpened),
    "plan": ("plan", PlanOpened), "record": ("record", RecordOpened),
    "request": ("request", RequestReceived), "transition": ("transition", TransitionOpened),
    "view": ("request", RequestReceived),
}  # fmt: skip
"""For each kind of item about a person: which fact names the record that it is about."""
OF_NOBODY = {"feed", "input", "partner"}
"""Kinds that are no person's. What is parked, or waits for its cause, is of any kind: it is tried on a request."""
NOTED = RecordDeathNoted(person="person/1", noted_at=NINE, by="partner/x")
REFUTED = RecordDeathRefuted(person="person/1", noted_at=NINE + HOUR, by="partner/x")
CRISIS = sample(EpisodeOpened).model_copy(update={"record": RECORD})
HEARD = {event.type: event for topic in catalogue.heard_by("notification") for event in topic.events}
CALLING = [event for event in HEARD.values() if event is not RecordDeathNoted and calls(sample(event))]


def item_for(event: type[Change]) -> str:
    kind = kind_of(event.type.replace(".", "/", 1))
    if kind == "record":
        return RECORD
    return f"{'request' if kind in ('aggregate', 'message') else kind}/9"


def again(event: type[Change], later: timedelta = timedelta(0)) -> Change:
    """The fact, about another time; it names no record unless it must."""
    fact = sample(event)
    step = (fact.next or Next(owner=COORDINATOR, action="call")).model_copy(update={"due": NINE + later})
    own = {name: NINE + later for name in (*SINCE, *INSTANTS) if getattr(fact, name, None)}
    about = {"record": RECORD} if getattr(fact, "record", None) else {}
    return fact.model_copy(update={"next": step, **own, **about})


def called(event: type[Change]) -> Story:
    """An item of this record, for which this fact has somebody called."""
    begun, item = story(), item_for(event)
    kind, opening = OPENED[kind_of(item)]
    about = f"{kind}/{item.partition('/')[2]}"
    begun.hears(sample(opening).model_copy(update={"record": RECORD}), about=about)
    begun.hears(again(event), about=item)
    return begun


def stands(begun: Story) -> set[str]:
    """What people are called for, but for the question whether the report is true."""
    states = [state for name, state in begun.states.items() if kind_of(name) == "alert"]
    return {one.kind for state in states for one in state.ladders} - {"death-reported"}


@pytest.mark.parametrize("event", [one for one in CALLING if kind_of(item_for(one)) not in OF_NOBODY], ids=lambda one: one.type)
def test_a_death_that_was_said_anywhere_stops_every_alert_about_that_person(event):
    begun = called(event)
    assert stands(begun) or calls(sample(event)).milestone == "death-reported"
    begun.hears(NOTED, about=RECORD)
    begun.passes(MINUTE)
    assert not stands(begun)
    begun.hears(again(event, DAY), about=item_for(event))
    assert not stands(begun)


def test_every_kind_of_item_that_anybody_is_called_for_is_tried():
    assert {kind_of(item_for(event)) for event in CALLING} - OF_NOBODY == set(OPENED)


def test_what_was_on_its_way_is_withdrawn():
    begun = story()
    begun.server = lambda name, notice: ("deferred", "451")
    begun.hears(CRISIS, about="episode/9", topic="crisis-routing-events")
    begun.passes(MINUTE / 60)
    begun.hears(NOTED, about=RECORD)
    begun.passes(HOUR)
    assert begun.told(NoticeWithdrawn)


def test_the_owner_of_a_crisis_that_a_death_stopped_is_asked_to_verify_it_and_no_more_when_it_was_wrong():
    begun = story()
    begun.hears(CRISIS, about="episode/9", topic="crisis-routing-events")
    begun.hears(NOTED, about=RECORD)
    begun.passes(MINUTE)
    (asked,) = [one for one in begun.raised() if one.milestone == "death-reported"]
    assert (asked.item, asked.severity, asked.action) == ("episode/9", "crisis", "verify-death")
    begun.hears(REFUTED, about=RECORD)
    begun.passes(MINUTE)
    assert not begun.states[alerts_on("episode/9")].ladders
    assert names(begun.hears(again(SceneOverdue, DAY), about="episode/9")) == ["AlertRaised"]


def test_what_is_opened_about_somebody_who_was_reported_dead_before_is_silent_from_then_on():
    begun = story()
    begun.hears(NOTED, about=RECORD)
    begun.passes(MINUTE)
    assert begun.hears(sample(TransitionOpened).model_copy(update={"record": RECORD}), about="transition/9")
    begun.passes(MINUTE)
    assert begun.hears(again(TransitionOverdue), about="transition/9") == []


def test_a_death_comes_to_everything_about_a_person_part_by_part():
    begun, many = story(), SHARE_MAX * 2 + 1
    for n in range(many):
        begun.hears(sample(TransitionOpened).model_copy(update={"record": RECORD}), about=f"transition/{n}")
    begun.hears(NOTED, about=RECORD)
    begun.passes(MINUTE)
    assert [bool(one.after) for one in begun.told(SilenceFollowed)] == [True, True, False]
    assert len(begun.told(BelongingSilenced)) == many and all(begun.states[silence_of(f"transition/{n}")].stands for n in range(many))


def test_the_same_word_twice_and_another_persons_death_change_nothing():
    begun = called(SceneOverdue)
    begun.hears(NOTED, about="record/2")
    begun.passes(MINUTE)
    assert stands(begun)
    begun.hears(NOTED, about=RECORD)
    begun.passes(MINUTE)
    before = len(begun.facts)
    assert begun.hears(NOTED, about=RECORD) == []
    begun.passes(MINUTE)
    assert len(begun.told(BelongingSilenced)) == 1 and before <= len(begun.facts)
