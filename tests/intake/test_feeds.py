"""Silence of a partner: noticed by itself, told once with an owner, taken back with its next word; and cheap while it speaks."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.agreements import PartnerRegistered
from contracts.feeds import FeedHeard, FeedResumed, FeedSilent
from contracts.kernel import OUTSIDE, DeadlinePassed, Message, World
from infra.rules import Rulebook
from services.intake import feeds, requests
from services.intake.commands import EnterReferral, RegisterPartner
from services.intake.domain import evolve
from tests.intake.desk import NOW, Desk, request
from tests.intake.lives import PARTNER, Life, requested
from tests.intake.test_endings import last, settles

FEED = "feed/partner-riverbend"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SILENT_AT = datetime.fromisoformat("2026-03-05T10:00:00+00:00")
"""Three business days after ten on the Monday: the hour in which the last word came is over by then."""


@pytest.fixture
async def heard(desk: Desk) -> Desk:
    """A partner under an agreement has sent its first referral."""
    await desk.command("partner/riverbend", RegisterPartner(name="Riverbend", agreement="signed"))
    assert await desk.send("requested", request()) == ["event"]
    return desk


async def at(desk: Desk, when: datetime) -> None:
    desk.clock.advance(when - desk.clock.now())
    await settles(desk)


async def test_three_business_days_without_a_word_are_silence_with_an_owner_and_a_clock(heard: Desk) -> None:
    await at(heard, SILENT_AT - MINUTE)
    assert heard.said("feed.") == ["feed.heard.v1"]
    await at(heard, SILENT_AT)
    await at(heard, SILENT_AT + timedelta(days=30))
    assert heard.said("feed.") == ["feed.heard.v1", "feed.silent.v1"], "told once, however long it lasts"
    said = last(heard, "feed.silent.v1")
    assert (said["partner"], said["rule"]) == ("riverbend", "feed-silence@1")
    assert datetime.fromisoformat(said["since"]) == NOW + HOUR
    step = said["next"]
    assert (step["owner"], step["action"], step["waiting_on"]) == ("role/network-lead", "ask-feed", "partner/riverbend")
    assert step["rule"] == "ask-feed@1" and datetime.fromisoformat(step["due"]) == SILENT_AT + timedelta(days=1)


async def test_its_next_word_takes_it_back_at_once_and_it_is_listened_for_again(heard: Desk) -> None:
    await at(heard, SILENT_AT)
    assert await heard.send("requested", request("R-2")) == ["event"]
    assert heard.said("feed.")[-1] == "feed.resumed.v1" and last(heard, "feed.resumed.v1")["next"]["action"] == "none"
    await at(heard, SILENT_AT + timedelta(days=30))
    assert heard.said("feed.") == ["feed.heard.v1", "feed.silent.v1", "feed.resumed.v1", "feed.silent.v1"]


async def test_however_much_a_partner_sends_its_feed_is_written_once_an_hour(heard: Desk) -> None:
    before = heard.tables.aggregates[FEED].v
    for number in range(2, 60):
        heard.clock.advance(MINUTE)
        await heard.send("requested", request(f"R-{number}"))
    assert heard.tables.aggregates[FEED].v == before == 1 and len(heard.said("request.received")) == 59
    heard.clock.advance(MINUTE)
    await heard.send("requested", request("R-60"))
    heard.clock.advance(MINUTE)
    await heard.send("requested", request("R-61"))
    assert heard.said("feed.") == ["feed.heard.v1", "feed.heard.v1"]


async def test_the_same_once_more_is_a_word_and_what_nobody_can_read_is_none(heard: Desk) -> None:
    await at(heard, SILENT_AT - HOUR)
    assert await heard.send("requested", {"reference": "R-9"}) != ["event"]
    assert heard.said("feed.") == ["feed.heard.v1"], "of its people nothing was learnt"
    await heard.send("requested", request())
    assert heard.said("feed.") == ["feed.heard.v1", "feed.heard.v1"], "a full picture that changes nothing is a sign of life"


async def test_nothing_is_expected_without_an_agreement_before_the_first_word_or_of_who_enters_for_a_partner(desk: Desk) -> None:
    assert await desk.send("requested", request(), "strangers") == ["event"]
    await desk.command("partner/riverbend", RegisterPartner(name="Riverbend", agreement="signed"))
    entered = EnterReferral.model_validate({**request(), "partner": "riverbend", "channel": "phone"}, context=OUTSIDE)
    assert (await desk.command("request/{new}", entered)).kind == "event"
    await at(desk, NOW + timedelta(days=30))
    assert desk.said("feed.") == []


async def test_the_label_of_a_referral_is_not_put_on_the_feed_it_came_by(desk: Desk) -> None:
    await desk.command("partner/riverbend", RegisterPartner(name="Riverbend", agreement="signed"))
    await desk.send("requested", request(sensitivity="part2"))
    labels = {row.attributes["type"]: row.attributes.get("sensitivity", "") for row in desk.log.rows}
    assert labels["request.received.v1"] == "part2" and labels["feed.heard.v1"] == ""


def test_how_long_is_silence_is_data_for_a_partner_alone(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    laid = tmp_path / "intake.yaml"
    laid.write_text(
        "- {rule: feed-silence, version: 2, effective_from: 2020-01-01, applies_to: {partner: [county-line]}, starts_at: s, ends_when: e,"
        " limit: 90 min, calendar: absolute, citation: agreement, citation_status: read}\n"
    )
    ours = requests.__file__.replace("requests.py", "rules.yaml")
    monkeypatch.setattr(feeds, "RULES", Rulebook.load(ours, laid))
    (quick,) = feeds.deadlines(feeds.Feed(partner="county-line", heard_until=NOW))
    (other,) = feeds.deadlines(feeds.Feed(partner="riverbend", heard_until=NOW))
    assert quick.at == NOW + timedelta(minutes=90) and other.at > NOW + timedelta(days=2)


# — whatever happens, in whatever order

STEPS = st.lists(st.tuples(st.sampled_from(["word", "time"]), st.integers(0, 6 * 24 * 60)), max_size=30)


@given(STEPS)
def test_silence_and_speech_take_turns_and_a_word_is_never_further_than_an_hour_from_its_mark(steps: list[tuple[str, int]]) -> None:
    life = Life(states={f"partner/{PARTNER}": evolve(None, PartnerRegistered(name="Example Clinic", agreement="signed"))})
    words: list[datetime] = []
    for number, (step, minutes) in enumerate(steps):
        if step == "word":
            life.sends(requested(f"EX-{number % 2}"))
            words.append(life.now)
        life.passes(timedelta(minutes=minutes))
    marks = [fact.data for fact in life.facts if fact.subject == f"feed/partner-{PARTNER}"]
    kinds = [type(mark) for mark in marks if not isinstance(mark, FeedHeard)]
    assert kinds == ([FeedSilent, FeedResumed] * len(kinds))[: len(kinds)]
    untils = [mark.until for mark in marks if not isinstance(mark, FeedSilent)]
    assert all(later - earlier >= feeds.HEARD_FOR for earlier, later in pairwise(untils)), "one an hour"
    assert all(any(until - feeds.HEARD_FOR <= word < until for until in untils) for word in words)
    silences = [mark.since for mark in marks if isinstance(mark, FeedSilent)]
    assert all(since in untils for since in silences)


def test_an_old_deadline_or_a_second_one_says_nothing_more() -> None:
    silent = feeds.Feed(partner="riverbend", heard_until=NOW, silent=True)
    passed = Message("m", DeadlinePassed(name=feeds.SILENCE, about="riverbend", at=NOW), FEED)
    assert feeds.passed(passed, World({FEED: silent}), NOW) == [] and feeds.passed(passed, World({}), NOW) == []
    assert list(feeds.deadlines(silent)) == []
