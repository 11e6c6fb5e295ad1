"""An event loop whose time jumps: nothing sleeps, nothing waits for a socket, and what happens follows from the seed alone."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from heapq import heappop
from types import SimpleNamespace
from typing import Any

import infra.due
import infra.lane
import infra.settle
from infra.clock import Clock
from tests.runtime.accounts import START

TURNS_MAX = 100_000
SECONDS_NS = 1_000_000_000


class Livelock(Exception):
    """Something goes round and round."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Callbacks run in the order they were asked for; when none is left, time jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._instant, self._turns = 0.0, 0

    def time(self) -> float:
        return self._instant

    def _run_once(self) -> None:
        self._turns += 1
        if self._turns > TURNS_MAX:
            raise Livelock
        ready, timers = self._ready, self._scheduled  # type: ignore[attr-defined]
        while timers and timers[0]._cancelled:
            heappop(timers)._scheduled = False
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            if not timers:
                raise Livelock
            self._instant = max(self._instant, timers[0]._when)
        while timers and timers[0]._when <= self._instant:
            timer = heappop(timers)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _write_to_self(self) -> None:
        """There is no selector to wake: whoever asks for a turn is in the queue already."""

    def abandon(self) -> None:
        """End what still waits, without a word: processes that died and loops that never end."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            task.get_coro().close()  # type: ignore[union-attr]
        self.close()


class LoopClock(Clock):
    """Both faces of time are the loop's."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def wall(self) -> datetime:
        return self.now()

    def monotonic(self) -> float:
        return self._loop.time()


@contextmanager
def virtual(loop: VirtualLoop, chance: random.Random) -> Iterator[None]:
    """What the code under proof takes for time and chance, while this lasts."""
    time = SimpleNamespace(monotonic=loop.time, time_ns=lambda: int(loop.time() * SECONDS_NS))
    given: list[tuple[Any, str, Any]] = [(module, "time", time) for module in (infra.due, infra.lane, infra.settle)]
    given += [(module, "random", chance) for module in (infra.lane, infra.settle)]
    before = [(module, name, getattr(module, name)) for module, name, _ in given]
    for module, name, value in given:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
