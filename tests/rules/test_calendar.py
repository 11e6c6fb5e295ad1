"""Business time: openings, holidays on the day they are observed, days that are 23 and 25 hours long."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra.calendar import Hours, names_on
from infra.problems import Problem

NEW_YORK = "America/New_York"
OFFICE = Hours.of({"mon-fri": "08:00-17:00"}, NEW_YORK, ("US", "US-CO"))
SPLIT = Hours.of({"mon-fri": "08:00-12:00, 13:00-17:00", "fri": "08:00-12:00", "sat": "09:00-12:00"}, NEW_YORK, ("US",))
NO_PLACES = ("USA-", "US-", "USA", "us", "XX", "utils", "")
NIGHTS = Hours.of({"mon-sun": "00:00-06:00,22:00-24:00"}, NEW_YORK)


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(NEW_YORK), fold=fold)


@pytest.mark.parametrize(
    ("hours", "asked", "opens"),
    [
        (OFFICE, "2026-03-02 08:00", "2026-03-02 08:00"),
        (OFFICE, "2026-03-02 16:59:59", "2026-03-02 16:59:59"),
        (OFFICE, "2026-03-02 17:00", "2026-03-03 08:00"),
        (OFFICE, "2026-03-06 19:00", "2026-03-09 08:00"),
        (OFFICE, "2026-07-02 17:30", "2026-07-06 08:00"),  # 4 July is a Saturday, observed on the Friday
        (OFFICE, "2027-12-30 18:00", "2028-01-03 08:00"),  # New Year's Day 2028 is a Saturday, observed in 2027
        (OFFICE, "2026-10-04 12:00", "2026-10-06 08:00"),  # Frances Xavier Cabrini Day, in Colorado alone
        (SPLIT, "2026-03-03 12:00", "2026-03-03 13:00"),
        (SPLIT, "2026-03-06 12:30", "2026-03-07 09:00"),  # Friday's own hours, then Saturday
    ],
)
def test_a_request_outside_the_hours_waits_for_the_next_opening(hours, asked, opens):
    assert hours.opens(local(asked)) == local(opens)
    assert hours.is_open(local(asked)) == (asked == opens)


@pytest.mark.parametrize(
    ("hours", "begins", "count", "ends"),
    [
        (OFFICE, "2026-03-02 10:00", 4, "2026-03-02 14:00"),
        (OFFICE, "2026-03-02 13:00", 4, "2026-03-02 17:00"),
        (OFFICE, "2026-03-02 15:00", 4, "2026-03-03 10:00"),
        (OFFICE, "2026-03-06 20:00", 4, "2026-03-09 12:00"),
        (OFFICE, "2026-03-06 16:00", 1.5, "2026-03-09 08:30"),  # over the night the clocks go forward
        (SPLIT, "2026-03-06 11:00", 5, "2026-03-09 09:00"),
        (NIGHTS, "2026-03-08 00:00", 5, "2026-03-08 06:00"),  # an hour of this night never is
        (NIGHTS, "2026-11-01 00:00", 7, "2026-11-01 06:00"),  # an hour of this one is twice
        (NIGHTS, "2026-11-01 05:00", 2, "2026-11-01 23:00"),
    ],
)
def test_business_hours_are_hours_somebody_is_open(hours, begins, count, ends):
    assert hours.add_hours(local(begins), count) == local(ends)


@pytest.mark.parametrize(
    ("begins", "count", "ends"),
    [
        ("2026-03-02 10:15", 1, "2026-03-03 10:15"),
        ("2026-03-06 10:15", 1, "2026-03-09 10:15"),  # same local time, an hour less in between
        ("2026-03-06 20:00", 1, "2026-03-10 08:00"),
        ("2026-03-07 12:00", 10, "2026-03-23 08:00"),
        ("2026-11-25 16:30", 1, "2026-11-27 16:30"),  # over Thanksgiving
        ("2026-03-07 12:00", 0, "2026-03-09 08:00"),
    ],
)
def test_a_business_day_later_is_the_same_local_time(begins, count, ends):
    assert OFFICE.add_days(local(begins), count) == local(ends)


def test_calendar_days_end_at_the_same_local_time():
    assert OFFICE.same_time(local("2026-03-07 09:00"), 1) == local("2026-03-08 09:00")
    assert OFFICE.same_time(local("2026-10-31 09:00"), 60) == local("2026-12-30 09:00")


def test_a_time_that_comes_twice_is_the_first_and_one_that_never_comes_is_counted_from_before_the_gap():
    early = Hours.of({"mon-sun": "01:30-05:00"}, NEW_YORK)
    assert early.opens(local("2026-11-01 00:00")) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert early.is_open(local("2026-11-01 01:10", fold=1))
    gone = Hours.of({"mon-sun": "02:30-05:00"}, NEW_YORK)
    assert gone.opens(local("2026-03-08 00:00")) == local("2026-03-08 03:30")


def test_spans_that_a_gap_pushes_together_count_once():
    pushed = Hours.of({"mon-sun": "00:00-02:30, 03:00-05:00"}, NEW_YORK)
    assert pushed.open_time(local("2026-03-08 00:00"), local("2026-03-08 05:00")) == timedelta(hours=4)


def test_open_time_is_what_adding_it_passes():
    begin = local("2026-03-06 11:00")
    for count in (0.25, 1, 7, 30):
        assert SPLIT.open_time(begin, SPLIT.add_hours(begin, count)) == timedelta(hours=count)
    assert SPLIT.open_time(begin, begin - timedelta(hours=1)) == timedelta(0)


def test_a_subdivision_keeps_the_nation_wide_holidays_it_does_not_name():
    columbus, cabrini = date(2026, 10, 12), date(2026, 10, 5)
    assert names_on(columbus, ("US-CO",)) == names_on(columbus, ("US",)) == {"Columbus Day"} and not names_on(columbus, ())
    assert names_on(cabrini, ("US-CO",)) and not names_on(cabrini, ("US",))


def test_a_holiday_that_few_keep_can_be_a_day_of_work():
    asked = local("2026-03-31 10:00")
    assert not OFFICE.is_open(asked)
    assert Hours.of({"mon-fri": "08:00-17:00"}, NEW_YORK, ("US", "US-CO"), ["Cesar Chavez Day"]).is_open(asked)


def test_business_time_is_never_counted_backwards():
    with pytest.raises(ValueError):
        OFFICE.add_days(local("2026-03-02 10:00"), -1)
    with pytest.raises(ValueError):
        OFFICE.add_hours(local("2026-03-02 10:00"), -1)


@pytest.mark.parametrize(
    ("week", "zone", "observes", "told"),
    [
        ({"monday": "08:00-17:00"}, NEW_YORK, (), "monday: not a day"),
        ({"fri-mon": "08:00-17:00"}, NEW_YORK, (), "fri-mon: not a day"),
        ({"mon": "8-17"}, NEW_YORK, (), "mon: not opening hours"),
        ({"mon": "17:00-08:00"}, NEW_YORK, (), "mon: not opening hours"),
        ({"mon": "08:00-12:00,11:00-17:00"}, NEW_YORK, (), "mon: not opening hours"),
        ({"mon": "closed"}, NEW_YORK, (), "never open"),
        ({}, NEW_YORK, (), "never open"),
        ({"mon": "08:00-17:00"}, "Ohio", (), "zone: no such zone"),
        ({"mon": "08:00-17:00"}, NEW_YORK, ("US-ZZ",), "observes: US-ZZ has no known holidays"),
        *(({"mon": "08:00-17:00"}, NEW_YORK, (code,), f"observes: {code} has no known holidays") for code in NO_PLACES),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_what_to_write(week, zone, observes, told):
    with pytest.raises(Problem) as refused:
        Hours.of(week, zone, observes)
    assert refused.value.code == "TL-5811" and told in str(refused.value)


LOADED = """
import sys
from infra.calendar import Hours, names_on
from datetime import date
Hours.of({"mon": "08:00-17:00"}, "America/Denver", ("US-CO",))
assert names_on(date(2026, 7, 3), ("US-CO",)) == {"Independence Day"}
print(*(module for module in sys.modules if module.startswith("holidays.countries.")))
"""


def test_no_country_is_loaded_that_is_not_asked_for():
    """All 250 are five MiB of every process and a third of a second of its start."""
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["holidays.countries.united_states"]


def test_a_holiday_that_nobody_has_is_refused_with_those_there_are():
    with pytest.raises(Problem, match=r"works_on: Patriots' Day is none of these(.|\n)*Cesar Chavez Day"):
        Hours.of({"mon": "08:00-17:00"}, NEW_YORK, ("US-CO",), ("Patriots' Day",))
