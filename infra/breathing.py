"""Long work in short breaths: while one lane decides, the others' answers are read and their next commands go out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

T = TypeVar("T")
BREATH = 32
"""Entries at a time: about five milliseconds of the loop."""


async def breaths(things: Sequence[T], count: int = BREATH) -> AsyncIterator[Sequence[T]]:
    """Portions of `things`, in order; before each but the first everybody else has had a turn."""
    for start in range(0, len(things), count):
        if start:
            await asyncio.sleep(0)
        yield things[start : start + count]
