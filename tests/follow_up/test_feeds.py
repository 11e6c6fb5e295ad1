"""Silence of a program's feed or of its partner's: its people are unknown, whoever noticed it, until there is word again."""

from datetime import datetime
from typing import Any

from hypothesis import given as given_that
from hypothesis import strategies as st

from contracts.directory import DirectoryListed, Program
from contracts.feeds import FeedResumed, FeedSilent, FeedsLearned
from contracts.plans import PlanUnknown
from services.follow_up import feeds
from services.follow_up.commands import ReportFeed
from tests.follow_up.stories import DAY, LAKESIDE, NINE, RIVERSIDE, Story, active, desk


def listed(*partners: str | None) -> DirectoryListed:
    """Riverside first, then Lakeside, each with the partner that runs it."""
    run = zip((RIVERSIDE, LAKESIDE), partners, strict=False)
    return DirectoryListed(
        programs=tuple(Program(id=id, name=id, desk=desk(id), services=(), places=1, partner=partner) for id, partner in run), staff={}
    )


def partner_silent(partner: str = "riverbend", since: datetime = NINE + DAY) -> FeedSilent:
    return FeedSilent(partner=partner, since=since)


def test_a_silent_partner_makes_the_people_of_its_programs_unknown_until_it_speaks_again():
    given = active(cadence_days=7, books_visits=False)
    given.hears(listed("riverbend"), "directory/network")
    given.hears(partner_silent(), "feed/partner-riverbend")
    given.passes(15 * DAY)
    assert given.flags == [] and given.plan.silent_since == NINE + DAY
    assert given.told(FeedSilent) == [], "the front door has told it already"
    given.hears(FeedResumed(partner="riverbend"), "feed/partner-riverbend")
    given.passes(DAY)
    assert given.plan.silent_since is None and given.plan.level == "lapsing"


def test_another_partners_silence_makes_nobody_unknown():
    given = active(cadence_days=7, books_visits=False)
    given.hears(listed(None, "riverbend"), "directory/network")
    given.hears(partner_silent(), "feed/partner-riverbend")
    given.passes(15 * DAY)
    assert given.flags[-1] == "lapsing" and given.told(PlanUnknown) == []


def test_of_a_program_and_its_partner_whichever_fell_silent_first_counts():
    network = feeds.Feeds(partners={RIVERSIDE: "riverbend"}, silent={"riverbend": NINE + DAY})
    assert feeds.silent_since(RIVERSIDE, feeds.Feed(silent_since=NINE), network) == NINE
    assert feeds.silent_since(RIVERSIDE, feeds.Feed(silent_since=NINE + 2 * DAY), network) == NINE + DAY
    assert feeds.silent_since(RIVERSIDE, feeds.Feed(), network) == NINE + DAY
    assert feeds.silent_since(LAKESIDE, None, network) is None and feeds.silent_since(RIVERSIDE, None, None) is None


@given_that(st.lists(st.sampled_from(["directory", "riverbend", "harbor"]), max_size=12), st.data())
def test_whatever_comes_between_the_network_is_what_each_said_last(order: list[str], data: st.DataObject):
    story, latest = Story(), dict[str, Any]()
    for source in order:
        if source == "directory":
            said: Any = listed(*data.draw(st.permutations(["riverbend", "harbor", None])))
        else:
            said = data.draw(st.sampled_from([partner_silent(source), partner_silent(source, NINE), FeedResumed(partner=source)]))
        subject = "directory/network" if source == "directory" else f"feed/partner-{source}"
        story.hears(said, subject)
        assert not [one for one in story.hears(said, subject) if isinstance(one, FeedsLearned)], "the same twice is one"
        latest[source] = said
    known = story.states.get(feeds.NETWORK) or feeds.Feeds()
    programs = latest["directory"].programs if "directory" in latest else ()
    assert known.partners == {one.id: one.partner for one in programs if one.partner}
    assert known.silent == {one: said.since for one, said in latest.items() if isinstance(said, FeedSilent)}


def test_a_reported_feed_has_an_owner_and_a_clock_and_none_once_it_speaks():
    given = active()
    (silent,) = given.asks(ReportFeed(silent_since=NINE), "feed/program-riverside", "staff/platform")
    assert (silent.next.owner, silent.next.action, silent.next.rule) == ("role/network-lead", "ask-feed", "ask-feed@1") and silent.next.due
    (resumed,) = given.asks(ReportFeed(), "feed/program-riverside", "staff/platform")
    assert resumed.next.action == "none"
