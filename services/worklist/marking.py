"""Gives records the marks by which they are found, where they are written: names are opened for that moment, and stay sealed.

The board does not stop for a vault that does not answer: such a record says so (`unmarked`), and a loop comes back to it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import structlog

from infra.breathing import breaths
from infra.clock import Clock
from infra.http import place
from infra.sealing import Erased, Unreadable
from infra.store import Conflict
from infra.store.port import Unavailable
from services.worklist.finding import marks_of, short_mark
from services.worklist.items import Document
from services.worklist.sealed import details_of, named
from services.worklist.store import Board, Writes

log = structlog.get_logger(__name__)
AGAIN_EVERY_S, TOGETHER = 15.0, 200


class Keys(Protocol):
    async def keys(self, records: Collection[str], create: bool = False) -> dict[str, bytes]: ...

    def blind(self, *parts: str) -> str: ...


class Marking:
    """One per process."""

    def __init__(self, board: Board, vault: Keys, clock: Clock) -> None:
        self._board, self._vault, self._clock = board, vault, clock

    async def mark(self, items: Sequence[Document]) -> None:
        """In place. What is no record, or has no name, is found by its number alone."""
        records = [one for one in items if one["kind"] == "record" and named(one)]
        if not records:
            return
        try:
            keys = await self._vault.keys([one["_id"] for one in records])
            async for portion in breaths(records):
                for one in portion:
                    one["marks"] = [short_mark(one["_id"]), *self._of(one, keys)]
        except Unavailable as error:
            log.warning("records not marked yet", count=len(records), error=place(error))
            for one in records:
                one["unmarked"] = True

    def _of(self, record: Document, keys: Mapping[str, bytes]) -> list[str]:
        """None of a person who was erased, nor of one whose name cannot be opened, which whoever looks at them is told."""
        try:
            known = details_of(record["_id"], record, keys.get(record["_id"]))
        except (Erased, Unreadable):
            return []
        names = [str(name.plain) for name in (known.given_name, known.family_name) if name is not None]
        return marks_of(names, known.birth_date.plain if known.birth_date else None, self._vault.blind)

    async def run(self) -> None:
        """For ever: what could not be marked when it was written."""
        while True:
            await asyncio.sleep(AGAIN_EVERY_S)
            try:
                await self.again()
            except Exception as error:
                log.warning("records not marked yet", error=place(error))

    async def again(self) -> None:
        for generation in await self._board.generations():
            left = await self._board.items(generation, {"unmarked": True}, (("unmarked", 1),), TOGETHER)
            items = [{name: value for name, value in one.items() if name != "unmarked"} | {"v": one["v"] + 1} for one in left]
            await self.mark(items)
            for one in (one for one in items if "unmarked" not in one):
                try:
                    await self._board.write({generation: Writes([one])}, self._clock.wall())
                except Conflict:
                    continue  # somebody wrote it meanwhile, and marked it, or will
