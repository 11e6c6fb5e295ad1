"""Live changes by server-sent events: that items changed, never what they hold; whoever listens asks again.

A viewer hears of the items that their lists may hold (`questions.concerns`), and of one that has just left those: not of any other.

Every batch leaves a row in `changes`, in its own transaction, and every instance looks there four times a second while somebody
listens: so viewers hear of what any instance wrote, at the price of one indexed read, and an instance without viewers reads nothing.
(A consumer of its own for every instance would read the whole log for a few ids.) A row may become visible after a later one;
so each look goes back over the time a transaction may take, and what was told already is not told again.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
import structlog

from infra.clock import Clock
from infra.http import busy, place
from services.worklist.items import Document
from services.worklist.questions import concerns
from services.worklist.store import Board

log = structlog.get_logger(__name__)
LOOK_EVERY_S, HEARTBEAT_S, STREAM_S = 0.25, 15.0, 900.0
"""A stream ends after a quarter of an hour, and its caller signs in again by connecting again. It never extends a session."""
OVERLAP, REMEMBERED = timedelta(seconds=5), timedelta(minutes=9)
QUEUE_MAX, VIEWERS_MAX, CHANGES_MAX, ITEMS_MAX = 32, 500, 500, 200
HEARTBEAT = b": still here\n\n"
RESYNC = b"event: resync\ndata: {}\n\n"
"""Something may have been missed: ask for everything again."""


@dataclass(eq=False)
class Viewer:
    """One open stream. When it does not keep up it is told so and dropped."""

    concerned: frozenset[str] | None = None
    """Whose items they may see; None: everybody's."""
    frames: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE_MAX))
    dropped: bool = False

    def tell(self, frame: bytes) -> None:
        if self.frames.full():
            while not self.frames.empty():
                self.frames.get_nowait()
            self.dropped, frame = True, RESYNC
        self.frames.put_nowait(frame)


class Live:
    """One per process: looks for changes while there are viewers."""

    def __init__(self, board: Board, clock: Clock, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._board, self._clock, self._heartbeat_s = board, clock, heartbeat_s
        self._viewers: set[Viewer] = set()
        self._told: dict[str, datetime] = {}
        self._wanted = asyncio.Event()
        self.beat = clock.monotonic()

    async def run(self) -> None:
        """For ever. A look that fails is a look that comes later."""
        while True:
            self.beat = self._clock.monotonic()
            try:
                async with asyncio.timeout(LOOK_EVERY_S * 20):
                    await self._wanted.wait()
                    await self.look()
            except TimeoutError:
                continue
            except Exception as error:
                log.warning("changes not read", error=place(error))
            await asyncio.sleep(LOOK_EVERY_S)

    @property
    def moment(self) -> str:
        """Now, as the id of an event: whoever listens from here on misses nothing."""
        return str(int(self._clock.wall().timestamp() * 1000))

    async def look(self) -> None:
        """Tell every viewer, once, of what changed since the last look and is theirs to see."""
        horizon = self._clock.wall() - OVERLAP
        found = [change for change in await self._board.changed_since(horizon, CHANGES_MAX) if change["_id"] not in self._told]
        self._told = {id: at for id, at in self._told.items() if at > horizon - OVERLAP} | {change["_id"]: change["at"] for change in found}
        if found:
            frames = {whose: told(found, whose) for whose in {viewer.concerned for viewer in self._viewers}}
            for viewer in tuple(self._viewers):
                if frame := frames[viewer.concerned]:
                    viewer.tell(frame)

    async def stream(self, last_event_id: str = "", concerned: frozenset[str] | None = None) -> AsyncIterator[bytes]:
        """Frames for one viewer, of items that concern these (None: of all); first what it missed since the event it heard last."""
        if len(self._viewers) >= VIEWERS_MAX:
            raise busy("too many are watching here")
        return self._frames(Viewer(concerned), await self._missed(last_event_id, concerned))

    async def _frames(self, viewer: Viewer, missed: bytes) -> AsyncIterator[bytes]:
        self._viewers.add(viewer)
        self._wanted.set()
        until = self._clock.monotonic() + STREAM_S
        try:
            yield b"retry: 2000\n\n" + missed
            while not (viewer.dropped and viewer.frames.empty()) and self._clock.monotonic() < until:
                try:
                    yield await asyncio.wait_for(viewer.frames.get(), self._heartbeat_s)
                except TimeoutError:
                    yield HEARTBEAT
        finally:
            self._viewers.discard(viewer)
            if not self._viewers:
                self._wanted.clear()

    async def _missed(self, last_event_id: str, concerned: frozenset[str] | None) -> bytes:
        """Told again rather than not at all: asking once more is cheap."""
        if not last_event_id:
            return b""
        since = instant(last_event_id)
        if since is None or since < self._clock.wall() - REMEMBERED:
            return RESYNC
        found = await self._board.changed_since(since - OVERLAP, CHANGES_MAX)
        return RESYNC if len(found) == CHANGES_MAX else told(found, concerned)


def told(changes: list[Document], concerned: frozenset[str] | None) -> bytes:
    """One event for all these changes, of what concerns these; nothing where nothing does. Its id is the time of the last, in ms."""
    every = (one for change in changes for one in change.get("changed", ()))
    items = sorted({one["item"] for one in every if concerns(concerned, one["concerns"])})
    if not items:
        return b""
    body = {"items": items[:ITEMS_MAX], "more": len(items) > ITEMS_MAX}
    latest = max(change["at"] for change in changes)
    return b"event: changed\nid: %d\ndata: %s\n\n" % (int(latest.timestamp() * 1000), orjson.dumps(body))


def instant(id: str) -> datetime | None:
    return datetime.fromtimestamp(int(id) / 1000, UTC) if id.isascii() and id.isdecimal() and len(id) <= 13 else None
