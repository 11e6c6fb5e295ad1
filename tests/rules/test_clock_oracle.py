"""Ten thousand random instants of every calendar, against an independent computation: no difference."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from infra.calendar import Hours
from tests.rules.oracle import COLORADO, FEDERAL, HAWAII, MASSACHUSETTS, NIGHTS, Oracle

INSTANTS = 10_000
NINE_TO_FIVE, DAY, EVENING = (540, 1020), (480, 1080), (600, 1320)
CALENDARS = {
    "an office in Ohio": (
        Hours.of({"mon-fri": "08:00-18:00"}, "America/New_York", ("US", "US-OH")),
        Oracle(-5, [[DAY]] * 5 + [[], []], FEDERAL),
    ),
    "a desk in Colorado that closes at noon and opens on Saturdays": (
        Hours.of({"mon-fri": "08:00-12:00, 13:00-17:00", "fri": "08:00-12:00", "sat": "09:00-12:00"}, "America/Denver", ("US-CO",)),
        Oracle(-7, [[(480, 720), (780, 1020)]] * 4 + [[(480, 720)], [(540, 720)], []], FEDERAL + COLORADO),
    ),
    "an evening desk in Massachusetts": (
        Hours.of({"mon-sun": "10:00-22:00", "wed": "closed"}, "America/New_York", ("US", "US-MA")),
        Oracle(-5, [[EVENING], [EVENING], []] + [[EVENING]] * 4, FEDERAL + MASSACHUSETTS),
    ),
    "an office in Hawaii, where clocks stand": (
        Hours.of({"mon-fri": "09:00-17:00"}, "Pacific/Honolulu", ("US", "US-HI")),
        Oracle(-10, [[NINE_TO_FIVE]] * 5 + [[], []], FEDERAL + HAWAII, saves_daylight=False),
    ),
    "a night desk": (
        Hours.of({"mon-sun": "00:00-06:00, 21:30-24:00"}, "America/Chicago", ("US",)),
        Oracle(-6, [[(0, 360), (1290, 1440)]] * 7, FEDERAL),
    ),
    "a desk that never closes": (Hours.of({"mon-sun": "00:00-24:00"}, "America/Los_Angeles"), Oracle(-8, [[(0, 1440)]] * 7)),
}


def instants(chance: random.Random, count: int) -> list[datetime]:
    """All over four years; every fifth within a day of a night that is an hour longer or shorter; every other on a whole minute."""
    begin, nights = datetime(2025, 1, 2, tzinfo=UTC), [datetime.fromisoformat(night).replace(tzinfo=UTC) for night in NIGHTS[:8]]
    found = []
    for at in range(count):
        near = chance.choice(nights) + timedelta(hours=chance.uniform(-24, 48))
        instant = near if at % 5 == 0 else begin + timedelta(days=chance.uniform(0, 4 * 365 - 2))
        found.append(instant.replace(second=0, microsecond=0) if at % 2 else instant)
    return found


def differences(hours: Hours, oracle: Oracle, chance: random.Random, count: int = INSTANTS) -> list[str]:
    found = []
    for instant in instants(chance, count):
        minutes, days = chance.randrange(1, 6_000), chance.choice((1, 1, 2, 5, 10, 15))
        end = instant + timedelta(seconds=chance.randrange(0, 20 * 86_400))
        for what, ours, theirs in (
            ("opens", hours.opens(instant), oracle.opens(instant)),
            (f"{minutes} business minutes", hours.add_hours(instant, minutes / 60), oracle.add_minutes(instant, minutes)),
            (f"{days} business days", hours.add_days(instant, days), oracle.add_days(instant, days)),
            (f"open time until {end}", hours.open_time(instant, end), oracle.open_time(instant, end)),
        ):
            if ours != theirs:
                found.append(f"{instant}: {what}: {ours}, not {theirs}")
    return found


@pytest.mark.parametrize("name", CALENDARS)
def test_no_instant_of_ten_thousand_differs(name):
    hours, oracle = CALENDARS[name]
    assert differences(hours, oracle, random.Random(name)) == []


@pytest.mark.parametrize(
    "hours",
    [
        Hours.of({"mon-fri": "08:00-18:01"}, "America/New_York", ("US", "US-OH")),
        Hours.of({"mon-fri": "08:00-18:00"}, "America/New_York", ("US", "US-MA")),
        Hours.of({"mon-fri": "08:00-18:00"}, "America/New_York"),
        Hours.of({"mon-fri": "08:00-18:00"}, "America/Panama", ("US",)),
    ],
    ids=["a minute", "a holiday", "no holidays", "no daylight saving"],
)
def test_a_calendar_that_is_a_little_wrong_differs(hours):
    _, oracle = CALENDARS["an office in Ohio"]
    assert differences(hours, oracle, random.Random(7), 1_000)
