"""Which facts of the network are alerts, in the words that other services have for lateness."""

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from contracts import catalogue
from contracts.assignment import HandOffDeclined, PlacementOverdue, PlacementOverdueRetracted, PlacementWarned
from contracts.crisis_routing import EpisodeOpened, EpisodeTriaged, PlanTeamAlerted
from contracts.feeds import FeedHeard, FeedResumed, FeedSilent
from contracts.kernel import Change, Message, Next
from contracts.plans import FlagCleared, PlanFlagged, Signal
from services.notification.alerts import alerts_on
from services.notification.commands import AcknowledgeAlert
from services.notification.composing import catalogue as words
from services.notification.sources import BY_MILESTONE, KINDS, calls, kind_of_fact, late
from tests.notification.stories import (
    COORDINATOR,
    DAY,
    DORA,
    HOUR,
    LEAD,
    NINE,
    PLACEMENT,
    STAFF,
    Story,
    accepted,
    hand_off,
    names,
    offered,
    sample,
    story,
)

SEAMS = ["*.died.v*", "*-warned.v*", "*.expiring.v*", "*.escalated.v*", "*-escalated.v*"]
"""Shapes that nobody says yet."""
SAID = {"rule": "find-place@1", "due": NINE, "owner": "staff/1"}
CITED = {**SAID, "citation": "ours", "citation_status": "default"}


def overdue(action: str, step: str) -> PlacementOverdue:
    return PlacementOverdue(action=action, **CITED, next=Next(owner=COORDINATOR, action=step, due=NINE + HOUR, rule="offer@1"))


def test_a_warning_is_a_reminder_and_goes_to_the_owner_alone():
    begun = story()
    (alert,) = begun.hears(PlacementWarned(action="schedule", **SAID, next=Next(owner=COORDINATOR, action="schedule", due=NINE)))
    assert (alert.purpose, alert.severity, alert.rungs, alert.told) == ("reminder", "routine", ("owner",), ("staff/1",))


def test_a_step_that_is_overdue_ends_with_the_next_step_and_a_clock_around_the_steps_only_with_what_it_is_for():
    step, around = story(), story()
    step.hears(overdue("await-answer", "await-answer"))
    around.hears(overdue("find-place", "await-answer"))
    assert names(step.hears(offered())) == ["AlertActed"] and around.hears(offered()) == []
    assert "AlertActed" in names(around.hears(accepted()))


def test_a_lateness_that_never_was_is_taken_back_and_no_other():
    begun = story()
    begun.hears(overdue("await-answer", "await-answer").model_copy(update={"rule": "offer@1"}), overdue("find-place", "await-answer"))
    (acted,) = begun.hears(PlacementOverdueRetracted(action="find-place", rule="find-place@1", due=NINE + HOUR))
    assert len(acted.alerts) == 1 and [one.action for one in begun.alerts.ladders] == ["await-answer"]


CALLING = [event for event in catalogue.event_types().values() if kind_of_fact(event.type)]
HEARD = sorted({event.type for topic in catalogue.heard_by("notification") for event in topic.events})
MUST = re.compile(
    r"overdue\.|warned\.|at-risk\.|flagged\.|missed\.|supervisor|episode\.opened|plan-team|bed-lost|no-\w+-available|unanswered\."
    r"|hand-(off|over)-(asked|declined)|unowned|quarantined|parked|silent\.|death-reported|expired\.|renewal-due"
)
"""What a fact's name says where somebody must hear of it: late, at risk, dropping out, in crisis, handed over, stuck, silent."""


@pytest.mark.parametrize("type", [type for type in HEARD if MUST.search(type)])
def test_every_fact_that_somebody_must_hear_of_has_a_line(type: str):
    assert kind_of_fact(type)


def test_every_pattern_fits_a_fact_that_is_said():
    lonely = [pattern for pattern, _ in KINDS if not any(fnmatchcase(type, pattern) for type in catalogue.event_types())]
    assert lonely == SEAMS


def test_every_fact_that_ends_an_alert_is_said():
    until = {pattern for _, kind in KINDS for one in (kind, *dict(kind.levels).values()) for pattern in one.until}
    assert [one for one in sorted(until) if not any(fnmatchcase(type, one) for type in catalogue.event_types())] == []


@pytest.mark.parametrize("event", CALLING, ids=lambda event: event.type)
def test_every_fact_that_calls_somebody_says_whom_and_for_what(event: type[Any]):
    kind = calls(sample(event))
    assert kind
    said = late(Message("m", sample(event), PLACEMENT, "assignment-events", at=NINE), kind)
    assert said.rule and (said.owner or said.asked)
    assert said.milestone.partition("/")[0] == kind.milestone


@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_kind_has_words_in_every_language(locale: str):
    assert set(BY_MILESTONE) == set(words(locale)["milestones"])
    assert words(locale).keys() == words("en").keys()
    assert words(locale)["milestones"].keys() == words("en")["milestones"].keys()


def flagged(level: str, since: timedelta = timedelta(0)) -> PlanFlagged:
    step = Next(owner="staff/1", action="reach-out", due=NINE + DAY + since, rule="outreach@1")
    signal = Signal(code="no-show", level="watch", since=NINE)
    return PlanFlagged(level=level, signals=(signal,), flagged_at=NINE, next=step)


def hears(begun: Story, *events: Change, about: str = "plan/1") -> list[Change]:
    return begun.hears(*events, about=about, topic="follow-up-events")


def test_quiet_dropout_is_a_reminder_while_one_watches_and_a_call_when_somebody_lapses():
    begun = story()
    (watch,) = hears(begun, flagged("watch"))
    assert (watch.milestone, watch.told) == (f"watch/{NINE.isoformat()}", ("staff/1",))
    assert (watch.purpose, watch.severity) == ("reminder", "routine")
    assert hears(begun, flagged("watch", DAY)) == []
    acted, lapsing = hears(begun, flagged("lapsing", DAY))
    assert (acted.alerts, lapsing.purpose, lapsing.severity) == ((watch.alert,), "call", "urgent")
    step = Next(owner="staff/1", action="reach-out", due=NINE + 2 * DAY, rule="outreach@1")
    (over,) = hears(begun, FlagCleared(why="returned", level="lapsing", next=step))
    assert over.alerts == (lapsing.alert,)
    assert hears(begun, flagged("lapsing", DAY)) == []


def test_a_level_that_is_fine_again_calls_nobody():
    assert hears(story(), flagged("ok")) == []


def test_a_silent_feed_is_told_to_the_lead_and_ends_when_it_speaks():
    begun = story()
    (silent,) = hears(begun, FeedSilent(since=NINE), about="feed/program-a")
    assert (silent.owner, silent.told, silent.severity) == (LEAD, (DORA,), "routine")
    assert names(hears(begun, FeedResumed(), about="feed/program-a")) == ["AlertActed"]
    assert names(hears(begun, FeedSilent(since=NINE + DAY), about="feed/program-a")) == ["AlertRaised"]


def test_a_partner_that_speaks_every_hour_calls_nobody_and_its_silence_is_of_that_partner():
    begun, feed = story(), "feed/partner-riverbend"
    assert hears(begun, FeedHeard(partner="riverbend", until=NINE), about=feed) == []
    asks = Next(owner=LEAD, action="ask-feed", waiting_on="partner/riverbend", due=NINE + DAY, rule="ask-feed@1")
    (silent,) = hears(begun, FeedSilent(since=NINE, partner="riverbend", rule="feed-silence@1", next=asks), about=feed)
    assert (silent.owner, silent.rule, silent.severity) == (LEAD, "feed-silence@1", "routine")
    assert names(hears(begun, FeedResumed(partner="riverbend"), about=feed)) == ["AlertActed"]


def test_whatever_leaves_an_item_without_an_owner_is_told_to_the_lead_until_somebody_has_it():
    begun = story()
    nobody = offered().model_copy(update={"next": Next(owner="", action="await-answer", due=NINE + HOUR)})
    (alert,) = begun.hears(nobody)
    assert (alert.milestone.partition("/")[0], alert.told) == ("unowned", (DORA,))
    assert names(begun.hears(offered())) == ["AlertActed"]


def test_a_crisis_that_opens_wakes_the_desk_and_is_over_when_somebody_goes_on_with_it():
    begun = story({**STAFF, "role/crisis-desk": ("staff/9",)})
    opened, triaged = (sample(kind).model_copy(update={"next": Next(owner="role/crisis-desk", action=action, due=NINE, rule="x@1")})
                       for kind, action in ((EpisodeOpened, "triage-crisis"), (EpisodeTriaged, "propose-team")))  # fmt: skip
    alert, _ = begun.hears(opened, about="episode/1", topic="crisis-routing-events")
    assert (alert.severity, alert.told, alert.purpose) == ("crisis", ("staff/9",), "call")
    assert names(begun.hears(triaged, about="episode/1", topic="crisis-routing-events")) == ["AlertActed"]


def test_the_plan_team_is_told_of_a_crisis_and_having_heard_of_it_is_all_that_is_asked():
    begun = story()
    said = sample(PlanTeamAlerted).model_copy(update={"role": COORDINATOR, "next": Next(owner="role/crisis-desk", action="triage-crisis")})
    (alert,) = begun.hears(said, about="episode/1", topic="crisis-routing-events")
    assert (alert.severity, alert.told) == ("crisis", ("staff/1", "staff/2"))
    goes_on = sample(EpisodeTriaged).model_copy(update={"next": Next(owner="role/crisis-desk", action="propose-team")})
    assert begun.hears(goes_on, about="episode/1", topic="crisis-routing-events") == []
    seen = begun.asks(AcknowledgeAlert(alert=alert.alert), "staff/2", alerts_on("episode/1"))
    assert names(seen) == ["AlertAcknowledged", "AlertActed"]


def test_who_asked_for_a_hand_over_hears_that_it_was_declined_and_is_still_theirs():
    begun = story()
    asked = begun.hears(hand_off())
    step = Next(owner=COORDINATOR, action="schedule", due=NINE + DAY, rule="schedule-urgent")
    declined = HandOffDeclined(by="staff/2", reason="no-capacity", to="staff/2", next=step)
    acted, told = begun.hears(declined)
    assert acted.alerts == (asked[0].alert,) and (told.milestone.partition("/")[0], told.purpose) == ("still-yours", "call")
    begun.passes(HOUR)
    assert names(begun.hears(hand_off())) == ["AlertActed", "AlertRaised"]
