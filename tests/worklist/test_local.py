"""Time by a reader's clock: what is shown and sent back is the same instant, whatever clocks do that night."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.worklist.local import OFFSET, Dated, Local, Unclear

NEW_YORK = Local("America/New_York")
SKIPPED, TWICE = "2026-03-08T02:30", "2026-11-01T01:30"
ZONES = st.sampled_from(
    ["America/New_York", "America/Phoenix", "America/St_Johns", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "UTC"]
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))


@given(ZONES, INSTANTS)
@example("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
@example("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC))
@example("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 10, tzinfo=UTC))
def test_what_a_field_shows_and_sends_back_unchanged_is_the_same_instant(zone, at):
    local = Local(zone)
    shown = local.stated("at", at)
    assert local.instant(shown["at"], shown.get("at" + OFFSET, "")) == at


@given(ZONES, st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_a_day_begins_when_it_becomes_that_day(zone, day):
    begins = Local(zone).midnight(day)
    assert Local(zone).day(begins) == day and Local(zone).day(begins - timedelta(seconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 2), 24)])
def test_a_day_is_as_long_as_its_night_makes_it(day, hours):
    assert NEW_YORK.midnight(day + timedelta(days=1)) - NEW_YORK.midnight(day) == timedelta(hours=hours)


def test_a_time_that_clocks_skip_is_refused_and_one_that_comes_twice_says_which():
    with pytest.raises(Unclear, match="there is no 02:30"):
        NEW_YORK.instant(SKIPPED)
    with pytest.raises(Unclear, match="01:30 comes twice"):
        NEW_YORK.instant(TWICE)
    assert NEW_YORK.twice(TWICE) == [("-04:00", "EDT, the first time"), ("-05:00", "EST, the second time")]
    assert [NEW_YORK.instant(TWICE, offset).hour for offset, _ in NEW_YORK.twice(TWICE)] == [5, 6]
    assert NEW_YORK.twice(SKIPPED) == NEW_YORK.twice("2026-03-03T09:00") == NEW_YORK.twice("soon") == []


def test_what_bears_a_zone_of_its_own_is_read_in_that():
    assert NEW_YORK.instant("2026-03-02T12:00:00Z") == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_instant_is_told_by_the_clock_and_names_it_where_the_hour_comes_twice():
    assert NEW_YORK.told(datetime(2026, 3, 4, 2, 5, tzinfo=UTC)) == "Tue 3 Mar, 21:05"
    assert NEW_YORK.told(datetime(2026, 11, 1, 6, 30, tzinfo=UTC)) == "Sun 1 Nov, 01:30 EST"
    assert NEW_YORK.stamp(datetime(2026, 7, 1, 14, 42, 7, tzinfo=UTC)) == "10:42:07 EDT"


def test_words_that_lead_up_to_an_instant_end_with_it_and_are_in_utc_for_programs():
    visit = Dated("visit", datetime(2026, 3, 3, 14, tzinfo=UTC))
    assert NEW_YORK.told(visit) == "visit Tue 3 Mar, 09:00" and NEW_YORK.told("no visit booked") == "no visit booked"
    assert str(visit) == "visit 2026-03-03T14:00:00+00:00"


def test_a_clock_is_the_first_of_those_named_that_is_one_and_is_called_by_its_place():
    assert Local.of(None, "", "Mars/Olympus", "../etc", "America/Denver", "UTC") == Local("America/Denver")
    assert Local.of("nowhere") == Local("UTC")
    assert [Local(zone).name for zone in ("America/New_York", "America/Indiana/Tell_City", "UTC")] == [
        "New York time", "Tell City time", "UTC",
    ]  # fmt: skip
