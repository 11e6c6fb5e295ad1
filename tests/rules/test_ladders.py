"""A ladder is part of a rule (law 8): whatever a rule says of whom to call is what is said when it is late, and what is climbed."""

from collections.abc import Mapping
from importlib import import_module

import pytest

from contracts import catalogue
from contracts.kernel import Message
from contracts.lateness import Calling, Overdue
from infra.rules import Rulebook
from services.notification.alerts import alerts_on
from services.notification.api import STAFF
from services.notification.sources import calls, late
from tests.notification.stories import CARL, DAY, DORA, LEAD, NINE, PLACEMENT, TEAM_LEAD, sample, story
from tests.notification.stories import STAFF as DUTIES

OVERDUE: Mapping[str, tuple[str, ...]] = {
    "assignment": ("contact", "contact-again", "reroute", "schedule", "services", "waitlist-contact"),
    "authorization": (
        "appeal", "ask-continuation", "assemble", "chase-decision", "chase-reason", "contact-payer", "correct-submission", "decide",
        "decide-appeal", "determine", "renew", "renew-or-end", "secure-care", "send-information", "settle-data-issue",
    ),
    "crisis_routing": (
        "close-episode", "decide-disposition", "decide-next-step", "name-follow-up", "reach-after-crisis", "resolve-by-contact",
        "verify-death",
    ),
    "follow_up": (
        "ask-about-stay", "ask-feed", "book-before-leave", "book-next", "check-plan", "contact-after-no-show", "contact-in-stay",
        "find-plan", "link-to-care", "outreach-next", "plan-review", "reach-after-discharge", "reach-again", "receive-papers",
        "record-attendance", "risk-review", "schedule", "seen-within-30", "seen-within-7", "status-refresh", "supervisor-review",
        "suppression-review", "verify-death", "weekly-while-at-risk",
    ),
    "intake": (
        "acknowledge", "compare-records", "consent", "consent-again", "decide-identity", "information", "outcome-review", "review-access",
        "review-risk-flag", "see-to-barrier", "settle-views", "triage", "verify-death",
    ),
}  # fmt: skip
"""Rules of steps that their service tells overdue."""
OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "assignment": {"offer": "placement.offer-unanswered.v1", "hand-off": "placement.hand-off-unanswered.v1"},
    "authorization": {},
    "crisis_routing": {
        "answer-for-bed": "episode.facility-unanswered.v1", "arrive": "episode.bed-lost.v1", "confirm-team": "episode.team-unanswered.v1",
        "find-bed": "episode.no-facility-available.v1", "find-team": "episode.no-team-available.v1",
        "hand-over": "episode.hand-over-unanswered.v1", "on-scene": "episode.scene-overdue.v1",
    },
    "follow_up": {},
    "intake": {"feed-silence": "feed.silent.v1"},
}  # fmt: skip
"""Rules whose lateness has a fact of its own."""
SHARED = ("services",)
"""Counted by several services, and told late by the one that owns the placement."""
EVENTS = {event.type: event for topic in catalogue.heard_by("notification") for event in topic.events}


def book(service: str) -> Rulebook:
    found: Rulebook = import_module(f"services.{service}.rules").RULES
    return found


@pytest.mark.parametrize("service", OVERDUE)
def test_a_rule_says_a_ladder_only_where_its_lateness_is_told(service):
    said = {rule.rule for rule in book(service).rules if rule.escalates}
    assert said - set(SHARED) == {*OVERDUE[service], *OTHERWISE[service]} - set(SHARED)


def test_whatever_tells_that_a_rule_is_late_says_its_ladder_and_calls_somebody():
    told = {type for types in OTHERWISE.values() for type in types.values()}
    for type, event in EVENTS.items():
        if issubclass(event, Overdue) or type in told:
            assert issubclass(event, Calling) and calls(sample(event)), f"{type} does not say whom its rule has called"
        elif issubclass(event, Calling):
            assert type in told, f"{type} says a ladder, and no rule is named whose it is"


def test_a_fact_that_names_the_rule_that_is_late_says_its_ladder():
    for event in EVENTS.values():
        kind = calls(sample(event)) if {"rule", "next"} <= set(event.model_fields) else None
        if kind and kind.purpose == "call" and not kind.told:
            assert "escalates" in event.model_fields, f"{event.type} names its rule and not whom that has called"


@pytest.mark.parametrize("service", (*OVERDUE, "notification"))
def test_every_rung_is_somebody(service):
    """`owner`, `backup` and `asked` are found from the alert; any other rung is the duty of a role that people have."""
    for rule in book(service).rules:
        assert set(rule.escalates) <= {"owner", "backup", "asked", *STAFF}, f"{rule.id} of {service} calls somebody who is nobody"


@pytest.mark.parametrize("type", sorted(type for type, event in EVENTS.items() if issubclass(event, Calling)))
def test_what_a_fact_says_of_whom_to_call_is_what_its_alert_climbs(type):
    rungs = ("team-lead", "network-lead")
    fact = sample(EVENTS[type]).model_copy(update={"escalates": rungs})
    kind = calls(fact)
    assert kind and late(Message(id="1", at=NINE, topic="x", subject=PLACEMENT, data=fact), kind).rungs == rungs
    begun = story()
    raised, *_ = [said for said in begun.hears(fact) if said.type == "alert.raised.v1"]
    assert (raised.rungs, raised.rung, raised.told) == (rungs, "team-lead", (CARL,))
    begun.passes(30 * DAY)
    climbed = begun.raised()
    assert [(one.rung, one.told) for one in climbed[:2]] == [("team-lead", DUTIES[TEAM_LEAD]), ("network-lead", DUTIES[LEAD])]
    assert {one.rungs for one in climbed} == {rungs} and DORA not in climbed[0].told
    assert begun.states[alerts_on(PLACEMENT)].ladders, "nothing is closed by time"
