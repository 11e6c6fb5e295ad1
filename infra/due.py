"""The due loop: deadlines that have come, early messages whose time has come, and facts that nobody published.

A process owns the aggregates of the partitions its lanes own, so that no two processes sweep the same ones.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

import structlog

from contracts.kernel import LONG_AGO, kind_of
from infra import keeping
from infra.clock import Clock
from infra.passing import a_look, is_fired, passed
from infra.replay import Replayer
from infra.rounds import Rounds
from infra.service import Item
from infra.settle import MARKED_AT_ONCE, Settler
from infra.store import Aggregate
from infra.working import parsed

PAGE_MAX = 50_000
"""How far to look past facts that are stuck for some that are not."""
log = structlog.get_logger(__name__)


class DueLoop(Rounds):
    """`owned` says for which partitions this process may act now. `publish_after_s`: how long a fact may wait for its own writer."""

    def __init__(
        self, settler: Settler, replayer: Replayer, clock: Clock, owned: Callable[[], Awaitable[Collection[int]]],
        *, idle_s: float = 0.2, publish_after_s: float = 5.0, batch_max: int = 500,
    ) -> None:  # fmt: skip
        self._settler, self._replayer, self._clock, self._owned = settler, replayer, clock, owned
        super().__init__("sweep failed", idle_s)
        settler.on_due.append(self.wake)
        self._publish_after_s, self._batch_max = publish_after_s, batch_max
        self._last_backlog, self._page = 0.0, batch_max
        self._parts, self._swept_at = frozenset[int](), LONG_AGO

    async def sweep(self) -> bool:
        """One round. True when there was so much that the next should follow at once.

        What is due goes before marks: each is a transaction, and spares nothing but facts that are published twice.
        """
        parts = sorted(await self._owned())
        self._settler.owing = {fact: part for fact, part in self._settler.owing.items() if part in parts}
        if not parts:
            self._parts = frozenset()
            await self._settler.mark()
            return False
        now = self._clock.now()
        since = self._swept_at if self._parts.issuperset(parts) else LONG_AGO
        subjects = await self._settler.store.due(parts, now, self._batch_max)
        if not subjects or len(self._settler.unmarked) >= MARKED_AT_ONCE:
            await self._settler.mark()
        if subjects:
            await self._fire(await self._items(subjects), since)
        full = len(subjects) == self._batch_max
        self._parts, self._swept_at = frozenset(parts), since if full else now
        left = await self._publish_left(parts)
        return full or left

    async def _fire(self, items: Sequence[Item], since: datetime) -> None:
        """Settle them, and tell how late each deadline is: what came due before all was last swept was not there then."""
        for start in range(0, len(items), self._batch_max):
            batch = items[start : start + self._batch_max]
            outcomes = await self._settler.settle(batch)
            now = self._clock.now()
            fired = [(item.message.at, outcome) for item, outcome in zip(batch, outcomes, strict=True) if is_fired(item)]
            late_s = [(now - max(at, since)).total_seconds() / self._clock.rate for at, _ in fired]
            self._settler.watch.fired([outcome for _, outcome in fired], late_s)

    async def _items(self, subjects: Sequence[str]) -> list[Item]:
        found = await self._settler.store.load(subjects)
        rows = {subject: row for subject, row in found.items() if row.sv <= self._settler.service.schema}
        now = self._clock.now()
        items = [item for row in rows.values() for item in self._passed(row, now)]
        early = [row.id for row in rows.values() if row.kept and not row.parked]
        return [*items, *(await self._replayer.kept(early) if early else [])]

    def _passed(self, row: Aggregate, now: datetime) -> list[Item]:
        """The deadlines of an aggregate that have come; a look at it where there is none, which corrects the index."""
        try:
            state = parsed(self._settler.service, row)
            known = () if state is None or kind_of(row.id) == keeping.INPUT else tuple(self._settler.service.deadlines(state))
        except Exception as error:  # this build cannot read it: it is looked at again later, and stops nobody else
            log.error("state not readable", name=kind_of(row.id), error=type(error).__name__)
            known = ()
        found = [deadline for deadline in known if deadline.at <= now and deadline.id not in row.spent]
        return passed(row.id, str(row.v), found) if found or row.kept else [a_look(row.id, str(row.v), now)]

    async def _publish_left(self, parts: Collection[int]) -> bool:
        """Facts whose writer died, or could not reach the broker, before publishing them. True when some could be published now."""
        if not self._settler.owed and time.monotonic() - self._last_backlog < self._publish_after_s / 2:
            return False
        wait = timedelta(seconds=0 if self._settler.owed else self._publish_after_s * self._clock.rate)
        rows = await self._settler.store.backlog(parts, self._clock.now() - wait, self._page)
        self._last_backlog = time.monotonic()
        failed = await self._settler.deliver(rows) if rows else ()
        if not rows:
            self._settler.owing.clear()
        await self._settler.mark()
        stuck = len(failed) == len(rows) > 0
        self._page = min(2 * self._page, PAGE_MAX) if stuck else self._batch_max
        return bool(rows) and not stuck
