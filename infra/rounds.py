"""A loop that comes round for ever, at once when it is woken, and knows since when it gets nothing done."""

import asyncio
import time
from abc import ABC, abstractmethod
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)


class Rounds(ABC):
    """`failed` is what is logged of a round that raised; after one that had nothing to do it rests for `idle_s`, or until it is woken."""

    def __init__(self, failed: str, idle_s: float) -> None:
        self._failed, self._idle_s = failed, idle_s
        self._woken = asyncio.Event()
        self.beat = time.monotonic()

    def wake(self) -> None:
        """There is something to do: come round now. Whoever wakes nobody is found at the next round all the same."""
        self._woken.set()

    @property
    def silence_s(self) -> float:
        """Since when no round has succeeded: a loop that only fails gets nothing done, however often it comes round."""
        return time.monotonic() - self.beat

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again: nothing is lost by waiting, what is to be done is in the store."""
        while True:
            self._woken.clear()
            try:
                busy = await self.sweep()
                self.beat = time.monotonic()
            except Exception as error:
                log.warning(self._failed, error=type(error).__name__)
                await asyncio.sleep(self._idle_s)  # woken or not: what fails is not tried without a pause
                continue
            await (asyncio.sleep(0) if busy else self._rest())

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle_s):
                await self._woken.wait()

    @abstractmethod
    async def sweep(self) -> bool:
        """One round. True when the next should follow at once."""
