"""Which facts of the network are alerts, in the words that other services have for lateness."""

from typing import Any

import pytest

from contracts import catalogue
from contracts.assignment import PlacementOverdue, PlacementOverdueRetracted, PlacementWarned
from contracts.kernel import Message, Next
from services.notification.composing import catalogue as words
from services.notification.sources import KINDS, kind_of_fact, late
from tests.notification.stories import COORDINATOR, HOUR, NINE, PLACEMENT, accepted, names, offered, story

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
    assert names(around.hears(accepted())) == ["AlertActed"]


def test_a_lateness_that_never_was_is_taken_back_and_no_other():
    begun = story()
    begun.hears(overdue("await-answer", "await-answer").model_copy(update={"rule": "offer@1"}), overdue("find-place", "await-answer"))
    (acted,) = begun.hears(PlacementOverdueRetracted(action="find-place", rule="find-place@1", due=NINE + HOUR))
    assert len(acted.alerts) == 1 and [one.action for one in begun.alerts.ladders] == ["await-answer"]


def sample(event: type[Any]) -> Any:
    import json

    from contracts.samples import saved

    return event.model_validate(json.loads(saved(event.type)[0].read_text("utf-8"))["data"])


CALLING = [event for event in catalogue.event_types().values() if kind_of_fact(event.type)]


@pytest.mark.parametrize("event", CALLING, ids=lambda event: event.type)
def test_every_fact_that_calls_somebody_says_whom_and_for_what(event: type[Any]):
    kind = kind_of_fact(event.type)
    assert kind
    said = late(Message("m", sample(event), PLACEMENT, "assignment-events", at=NINE), kind)
    assert said.rule and (said.owner or said.asked)
    assert said.milestone.partition("/")[0] == kind.milestone


@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_kind_has_words_in_every_language(locale: str):
    assert {kind.milestone for _, kind in KINDS} <= set(words(locale)["milestones"])
    assert words(locale).keys() == words("en").keys()
    assert words(locale)["milestones"].keys() == words("en")["milestones"].keys()
