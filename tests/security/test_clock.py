"""Virtual time runs as it is told, alike everywhere; the wall's does not."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra.clock import Clock, ManualClock
from tests.security.conftest import NOON


def test_by_default_both_faces_show_the_world_s_time_in_utc() -> None:
    clock = Clock()
    assert abs(clock.now() - clock.wall()) < timedelta(seconds=1) and clock.now().tzinfo is UTC


def test_a_fast_clock_runs_at_its_rate_from_its_epoch() -> None:
    clock = Clock(1440, epoch=datetime.now(UTC) - timedelta(minutes=1))
    assert timedelta(hours=23.9) < clock.now() - clock._epoch < timedelta(hours=24.5)  # type: ignore[operator]
    assert abs(clock.wall() - datetime.now(UTC)) < timedelta(seconds=1)


def test_two_processes_with_the_same_settings_read_the_same_instant() -> None:
    epoch, start = datetime.now(UTC) - timedelta(hours=1), NOON.astimezone(timezone(timedelta(hours=-5)))
    first, second = Clock(100, epoch, start), Clock(100, epoch, start)
    assert abs(first.now() - second.now()) < timedelta(seconds=5) and first.now().tzinfo is UTC
    assert first.now() - NOON > timedelta(hours=99)


@pytest.mark.parametrize("given", [{"rate": 0}, {"rate": -1}, {"rate": 2}, {"start": NOON}])
def test_a_clock_that_could_not_be_shared_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Clock(**given)  # type: ignore[arg-type]


async def test_sleeping_until_a_virtual_instant_takes_its_share_of_the_world_s_time() -> None:
    clock = Clock(3600, epoch=datetime.now(UTC))
    began = clock.monotonic()
    await clock.sleep_until(clock.now() + timedelta(minutes=3))
    assert 0.04 < clock.monotonic() - began < 1
    await clock.sleep_until(clock.now() - timedelta(hours=1))


async def test_a_manual_clock_wakes_sleepers_in_the_order_of_their_instants() -> None:
    clock, woken = ManualClock(NOON), list[int]()

    async def sleeper(minutes: int) -> None:
        await clock.sleep_until(NOON + timedelta(minutes=minutes))
        woken.append(minutes)

    tasks = [asyncio.create_task(sleeper(minutes)) for minutes in (5, 1, 3, 9)]
    await asyncio.sleep(0)
    clock.advance(timedelta(minutes=5))
    await asyncio.sleep(0)
    assert woken == [1, 3, 5] and clock.monotonic() == 300
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    clock.advance(timedelta(hours=1))


def test_a_manual_clock_never_goes_back() -> None:
    with pytest.raises(ValueError):
        ManualClock(NOON).advance(timedelta(seconds=-1))
