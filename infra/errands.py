"""The errand loop: what the store says must be done outside is claimed, done, and its outcome settled like everything else.

A claim is a decision of the service on the aggregate's version, so of two processes one begins an errand. Whoever dies between doing
it and settling its outcome leaves a claim that runs out; what follows then is the service's decision again. Doing a thing outside and
recording it cannot be one transaction: an errand may be done twice, and must be such that twice is once in effect.

Lanes are kept apart: each has a few places of its own, and each pool (a lane's first word) as many as it was given. An errand that
waits for a place is a line in memory; no errand of another lane waits behind it.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Protocol
from uuid import uuid4

import structlog

from contracts.kernel import LONG_AGO, Event, Message, derived
from contracts.upkeep import Origin
from infra.clock import Clock
from infra.rounds import Rounds
from infra.service import Item
from infra.settle import Settler
from infra.store import Aggregate
from infra.telemetry import Meters
from infra.working import parsed

WAITING_MAX = 50_000
"""Errands that a process knows of at a time; more of them are found when some of these are done."""
CLAIMED_TOGETHER = 200
LOOK_BACK = timedelta(seconds=10)
"""Commits become visible out of order: what was due a little before the last look is looked for again."""
LOOK_AT_ALL_S = 30.0
log = structlog.get_logger(__name__)


def pool_of(lane: str) -> str:
    """What a lane draws on: its first word."""
    return lane.partition(" ")[0]


class Performer(Protocol):
    """A service's outside. All but `perform` is pure; that is bounded in time and answers what is to be decided after it."""

    def begin(self, subject: str, state: Any, token: str, until: datetime) -> Event | None:
        """The claim to decide on; None when there is nothing to do."""

    def begun(self, state: Any, token: str) -> bool:
        """Whether the state says that this claim is the one that stands."""

    def beside(self, state: Any) -> Collection[str]:
        """Which other aggregates must be looked at to do it."""

    async def perform(self, subject: str, state: Any, beside: Mapping[str, Aggregate]) -> Event:
        """Do it."""


class ErrandLoop(Rounds):
    """`owned` says for which partitions this process may act; `pools` how many errands of each run at a time, the most pressing pool
    first, `lane_max` how many of each lane.
    `lease_s` is how long a claim stands, on the world's clock: longer than any errand may take."""

    def __init__(
        self, settler: Settler, performer: Performer, clock: Clock, owned: Callable[[], Awaitable[Collection[int]]],
        pools: Mapping[str, int], meters: Meters, *, lease_s: float = 45.0, lane_max: int = 2, idle_s: float = 0.05,
    ) -> None:  # fmt: skip
        self._settler, self._performer, self._clock, self._owned = settler, performer, clock, owned
        super().__init__("errands failed", idle_s)
        settler.on_errand.append(self.wake)
        self._pools, self._meters, self._lane_max, self._lease_s = pools, meters, lane_max, lease_s
        self._turns = {pool: turn for turn, pool in enumerate(pools)}
        self._waiting: dict[str, deque[str]] = {}
        self._known: dict[str, str] = {}
        self._under_way: set[str] = set()
        self._busy: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()
        self._done: list[tuple[str, str, Event]] = []
        self._parts: frozenset[int] = frozenset()
        self._after, self._looked_at_all = LONG_AGO, 0.0
        self._process, self._turn = uuid4().hex, 0

    async def sweep(self) -> bool:
        """One round: find what is due, settle what is done together with the claims of what has a place, begin that. True when something
        was done. It is one transaction, so that what waits for the next round waits no longer than it must."""
        await self._find()
        ready = self._ready()
        try:
            return await self._round(ready)
        except BaseException:
            for subject in ready:
                self._release(subject)
            raise

    async def stop(self, seconds: float) -> None:
        """Let what is under way end, for so long, and settle it."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        await self._settle()

    async def _find(self) -> None:
        parts = frozenset(await self._owned())
        if parts != self._parts or time.monotonic() - self._looked_at_all > LOOK_AT_ALL_S:
            self._forget_waiting()
            self._parts, self._after, self._looked_at_all = parts, LONG_AGO, time.monotonic()
        if not parts or len(self._known) >= WAITING_MAX:
            return
        now = self._clock.now()
        for subject, lane in await self._settler.store.errands(sorted(parts), self._after, now, WAITING_MAX):
            if self._known.get(subject) != lane and subject not in self._under_way:
                self._known[subject] = lane
                self._waiting.setdefault(lane, deque()).append(subject)
        self._after = now - LOOK_BACK * self._clock.rate

    def _forget_waiting(self) -> None:
        """What only waits is in the store; what is under way is remembered until it is settled."""
        self._known = {subject: lane for subject, lane in self._known.items() if subject in self._under_way}
        self._waiting.clear()

    def _ready(self) -> list[str]:
        """Who has a place now, the lanes of the first pool first, each in its own order: a round has an end, and a flood in one pool may
        fill it. Whoever moved to another lane meanwhile is passed over in the old one."""
        found: list[str] = []
        for lane in sorted(self._waiting, key=lambda lane: self._turns[pool_of(lane)]):
            waiting, pool = self._waiting[lane], pool_of(lane)
            while waiting and self._busy[lane] < self._lane_max and self._busy[pool] < self._pools[pool] and len(found) < CLAIMED_TOGETHER:
                subject = waiting.popleft()
                if self._known.get(subject) == lane and subject not in self._under_way:
                    found.append(subject)
                    self._under_way.add(subject)
                    self._busy.update((lane, pool))
            if not waiting:
                del self._waiting[lane]
        return found

    async def _round(self, ready: Sequence[str]) -> bool:
        """Decide outcomes and claims together, and start the claims that stand."""
        until = self._clock.now() + timedelta(seconds=self._lease_s * self._clock.rate)
        rows = await self._settler.store.load(ready) if ready else {}
        states = {subject: state for subject, row in rows.items() if (state := self._claimable(row)) is not None}
        tokens = {subject: self._token() for subject in states}
        claims = [item for subject in states if (item := self._claiming(subject, states[subject], tokens[subject], until))]
        ended, begun = await self._settle(claims), 0
        beside = {item.message.subject: self._performer.beside(states[item.message.subject]) for item in claims}
        after = await self._settler.store.load({*beside, *chain.from_iterable(beside.values())}) if beside else {}
        for subject in ready:
            state = parsed(self._settler.service, after.get(subject)) if subject in beside else None
            if state is not None and self._performer.begun(state, tokens[subject]):
                self._waited(rows[subject])
                self._start(subject, tokens[subject], state, {one: after[one] for one in beside[subject] if one in after})
                begun += 1
            else:
                self._release(subject)
        return bool(ended or begun)

    def _waited(self, row: Aggregate) -> None:
        if row.errand_at:
            waited = (self._clock.now() - row.errand_at).total_seconds() / self._clock.rate
            self._meters.observe("errand_wait_seconds", max(0.0, waited), pool_of(row.lane))

    def _token(self) -> str:
        self._turn += 1
        return f"{self._process}-{self._turn}"

    def _claimable(self, row: Aggregate) -> Any:
        return None if row.parked or row.sv > self._settler.service.schema else parsed(self._settler.service, row)

    def _claiming(self, subject: str, state: Any, token: str, until: datetime) -> Item | None:
        data = self._performer.begin(subject, state, token, until)
        return None if data is None else self._item(subject, token, "begin", data)

    def _item(self, subject: str, token: str, step: str, data: Event) -> Item:
        message = Message(derived("errand", subject, token, step), data, subject, "errand", at=self._clock.now())
        return Item("errand", message, Origin(topic="errand"))

    def _start(self, subject: str, token: str, state: Any, beside: Mapping[str, Aggregate]) -> None:
        lane, pool = self._known[subject], pool_of(self._known[subject])

        async def perform() -> None:
            try:
                ended = await self._performer.perform(subject, state, beside)  # awaited first: the list may be another one then
                self._done.append((subject, token, ended))
                self._meters.count("errands_total", 1, pool, "done")
            except (Exception, asyncio.CancelledError) as error:  # libraries raise that too; its claim runs out, and the service decides
                log.error("errand failed", error=type(error).__name__)
                self._meters.count("errands_total", 1, pool, "raised")
                self._release(subject)
            if lane in self._waiting or self._busy[pool] >= self._pools[pool]:  # else outcomes are settled together, at the next round
                self.wake()

        task = asyncio.create_task(perform())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _release(self, subject: str) -> None:
        """Its place is free, and it may be found again."""
        self._under_way.discard(subject)
        lane = self._known.pop(subject)
        self._busy.subtract((lane, pool_of(lane)))

    async def _settle(self, claims: Sequence[Item] = ()) -> int:
        """The outcomes that are known, with these claims; how many had ended. One that cannot be settled now is kept, with its place."""
        done, self._done = self._done[:CLAIMED_TOGETHER], self._done[CLAIMED_TOGETHER:]
        items = [*(self._item(subject, token, "end", data) for subject, token, data in done), *claims]
        if not items:
            return 0
        try:
            await self._settler.settle(items)
        except BaseException:
            self._done = done + self._done
            raise
        for subject, _, _ in done:
            self._release(subject)
        return len(done)
