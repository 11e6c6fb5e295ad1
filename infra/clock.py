"""Two faces of time: `now` for what the domain means by it, `wall` for tokens, sessions and expiry.

`now` may run faster than the world, so that months can be watched in minutes. Every process that is given the same rate,
epoch and start reads the same virtual instant, because it is computed from the wall clock and nothing else.
"""

import asyncio
import heapq
import itertools
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

WAIT_AT_MOST_S = 30.0
"""The longest sleep before the clock is read again: the wall clock may be set, or the machine suspended, meanwhile."""
LOOK_EVERY_S = 0.05
"""How soon a hand that was moved is seen."""


class Clock:
    """Virtual time is `start + rate × (wall − epoch)`. With the defaults it is the wall clock."""

    def __init__(self, rate: float = 1.0, epoch: datetime | None = None, start: datetime | None = None) -> None:
        if rate <= 0:
            raise ValueError("a clock runs forward: its rate is above 0")
        if epoch is None and (rate != 1.0 or start is not None):
            raise ValueError("a clock that differs from the wall clock needs an epoch, or no two processes agree")
        self.rate, self._epoch = rate, epoch
        self._start = start or epoch

    def now(self) -> datetime:
        """The virtual instant, in UTC: all that decisions, deadlines and facts know of time."""
        if self._epoch is None or self._start is None:
            return self.wall()
        return (self._start + (self.wall() - self._epoch) * self.rate).astimezone(UTC)

    def wall(self) -> datetime:
        """The world's instant, in UTC: for tokens, sessions and expiry, never for a decision."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never step, for intervals and caches."""
        return time.monotonic()

    async def sleep_until(self, instant: datetime) -> None:
        """Return when `now` has reached this virtual instant."""
        while (left := (instant - self.now()).total_seconds() / self.rate) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, WAIT_AT_MOST_S))


class HandClock(Clock):
    """Runs as fast as the world, so far away from it as a file says (seconds, shared by every process of a machine): to a developer
    who moves it a week passes at once, as to a machine that slept. A file that is not there says nothing."""

    def __init__(self, hand: Path) -> None:
        super().__init__()
        self._hand, self._looked_at, self._away = hand, float("-inf"), timedelta()

    def now(self) -> datetime:
        if self.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._away, self._looked_at = self._read(), self.monotonic()
        return self.wall() + self._away

    def move_to(self, instant: datetime) -> None:
        """For every process that reads the same file. Forward alone, once it was set."""
        if self._hand.exists() and instant < self.wall() + self._read():
            raise ValueError("a clock runs forward")
        beside = self._hand.with_suffix(".new")
        beside.write_text(repr((instant - self.wall()).total_seconds()))
        os.replace(beside, self._hand)
        self._looked_at = float("-inf")

    def _read(self) -> timedelta:
        return timedelta(seconds=float(self._hand.read_text())) if self._hand.exists() else timedelta()


class ManualClock(Clock):
    """Stands still until it is advanced: for tests and simulations, where nothing sleeps."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at, self._born = at.astimezone(UTC), at.astimezone(UTC)
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._at

    def wall(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return (self._at - self._born).total_seconds()

    def advance(self, by: timedelta) -> None:
        """Move forward, and wake whoever waited for an instant up to there, earliest first."""
        self.move_to(self._at + by)

    def move_to(self, instant: datetime) -> None:
        """Move forward to an instant. Never back: monotonic time would lie."""
        if instant < self._at:
            raise ValueError("a clock runs forward")
        self._at = instant.astimezone(UTC)
        while self._sleepers and self._sleepers[0][0] <= self._at:
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)

    async def sleep_until(self, instant: datetime) -> None:
        if instant > self._at:
            sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._sleepers, (instant, next(self._order), sleeper))
            await sleeper
