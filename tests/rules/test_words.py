"""A clock in words: whoever reads it with a calendar comes to the same instant."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from infra.calendar import Hours
from infra.rules import Rulebook
from infra.ruletext import explained

DESK = Hours.of({"mon-fri": "08:00-17:00"}, "America/New_York", ("US",))
RULES = [
    {"rule": "answer", "limit": "4 bh", "calendar": "desk", "share": "1/3", "warn_at": [0.5]},
    {"rule": "services", "limit": "2 bd", "calendar": "desk", "citation": "the book", "citation_status": "read"},
    {"rule": "call", "limit": "90 min", "calendar": "absolute", "share": "1/2"},
]  # fmt: skip
REST = {
    "version": 1, "effective_from": "2026-01-01", "starts_at": "the question", "ends_when": "somebody answered",
    "citation": "our default", "citation_status": "default",
}  # fmt: skip


@pytest.fixture
def book(tmp_path) -> Rulebook:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump([REST | rule for rule in RULES]))
    return Rulebook.load(path)


def words(book: Rulebook, name: str, at: datetime, **options) -> list[str]:
    return explained(book.clock(name, at, now=at, hours=DESK, **options))


def test_hours_over_a_weekend_and_a_holiday_are_told_span_by_span(book):
    assert words(book, "answer", datetime(2026, 7, 2, 20, 45, tzinfo=UTC)) == [
        "answer@1: 4 business hours from the question, until somebody answered.",
        "It started Thu 2 Jul 2026 16:45 EDT.",
        "Counted: Thu 2 Jul 16:45 to 17:00 (15 min), Mon 6 Jul 08:00 to 11:45 (3 h 45 min); together 4 h.",
        "Not counted: Fri 3 Jul (Independence Day), Sat 4 Jul (closed), Sun 5 Jul (closed).",
        "So it is due Mon 6 Jul 2026 11:45 EDT.",
        "Its owner is warned Mon 6 Jul 2026 09:45 EDT (50%).",
        "Source: our default (default); in force since 2026-01-01, version 1.",
    ]


def test_days_are_told_by_name_and_a_closed_start_is_told(book):
    told = words(book, "services", datetime(2026, 11, 25, 23, tzinfo=UTC))
    assert told[1:5] == [
        "It started Wed 25 Nov 2026 18:00 EST.",
        "Nobody was open then: counting began Fri 27 Nov 2026 08:00 EST.",
        "Business days counted: Mon 30 Nov, Tue 1 Dec.",
        "Not counted: Sat 28 Nov (closed), Sun 29 Nov (closed).",
    ]
    assert told[-1] == "Source: the book (read); in force since 2026-01-01, version 1."


def test_the_share_of_what_is_left_is_told_as_it_was_taken(book):
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    outer = book.clock("services", monday - timedelta(days=3), now=monday, hours=DESK)
    told = words(book, "answer", monday, within=outer)
    assert told[2:4] == [
        "By itself it would end Mon 2 Mar 2026 13:00 EST; it has to stay inside services@1, which ends Tue 3 Mar 2026 09:00 EST.",
        "9 h of open time were left of that; its share of 33% is 3 h.",
    ]
    assert told[4].endswith("together 3 h.") and told[5] == "So it is due Mon 2 Mar 2026 12:00 EST."


def test_a_limit_that_is_shorter_than_its_share_and_a_clock_that_is_over_are_told(book):
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    shorter = words(book, "call", monday, within=monday + timedelta(hours=30))
    assert shorter[3:5] == ["1 d 6 h of time were left of that; its share of 50% is 15 h.", "Its own limit is shorter, and stands."]
    over = words(book, "call", monday, within=monday - timedelta(hours=1))
    assert over[3:5] == ["That was over already, so it gets 15 minutes.", "So it is due Mon 2 Mar 2026 14:15 UTC."]


def test_a_share_too_short_to_act_in_and_a_name_for_what_is_around_it_are_told(book):
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    short = words(book, "answer", monday, within=monday + timedelta(minutes=40))
    assert short[3:5] == ["40 min of open time were left of that; its share of 33% is 13 min.",
                          "That is too short to act in, so it gets 15 minutes."]  # fmt: skip
    none = words(book, "answer", monday, within=monday + timedelta(minutes=10))
    assert none[4] == "No more than that is left, so it ends with it."
    named = explained(book.clock("answer", monday, now=monday, hours=DESK, within=monday + timedelta(minutes=40)), inside="the next visit")
    assert "it has to stay inside the next visit, which ends Mon 2 Mar 2026 09:40 EST." in named[2]
