"""A loop that comes round for ever, and knows since when it gets nothing done."""

import asyncio
import time
from abc import ABC, abstractmethod

import structlog

log = structlog.get_logger(__name__)


class Rounds(ABC):
    """`failed` is what is logged of a round that raised; after one that had nothing to do it rests for `idle_s`."""

    def __init__(self, failed: str, idle_s: float) -> None:
        self._failed, self._idle_s = failed, idle_s
        self.beat = time.monotonic()

    @property
    def silence_s(self) -> float:
        """Since when no round has succeeded: a loop that only fails gets nothing done, however often it comes round."""
        return time.monotonic() - self.beat

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again: nothing is lost by waiting, what is to be done is in the store."""
        while True:
            busy = False
            try:
                busy = await self.sweep()
                self.beat = time.monotonic()
            except Exception as error:
                log.warning(self._failed, error=type(error).__name__)
            await asyncio.sleep(0 if busy else self._idle_s)

    @abstractmethod
    async def sweep(self) -> bool:
        """One round. True when the next should follow at once."""
