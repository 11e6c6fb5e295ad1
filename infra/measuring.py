"""What a service has said, read back to be counted: as of any instant, beside what is decided and never in its way.

Counting has a thread, an event loop and a connection of its own, rests after every few facts, and is done once at a time: whoever asks
meanwhile is told when to ask again.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread
from typing import Any, Protocol, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts.kernel import Change, kind_of
from infra.breathing import breaths
from infra.commands import Counter
from infra.http import Answer, Guarded
from infra.identity import Principal
from infra.process import Parts
from infra.service import Service
from infra.store import FactRow, Store
from infra.store.mongo import MongoStore

PAGE = 200
REST_S = 0.002
"""After every few facts: threads of one interpreter take turns, and the one that decides comes first."""
COUNT_WITHIN_S, RETRY_AFTER_S = 300.0, 15
AGAIN = f"ask again after {RETRY_AFTER_S} seconds"
ACTION, OF_ALL = "see-measures", "see-network-measures"
"""Who may ask, and whose answer is not narrowed to what concerns their organisations."""
T = TypeVar("T")
Said = list[tuple[str, Change]]


class Measure(Protocol):
    """A number with the cases behind it."""

    def told(self) -> dict[str, Any]: ...


Count = Callable[[Said, datetime], Iterable[Measure]]


@dataclass(frozen=True)
class Counting:
    """What is counted of a service, one at a time in a process.

    `kinds` of aggregates are read; `reading` makes the store that is read from, in the loop that reads it.
    """

    service: Service
    kinds: Collection[str]
    count: Count
    reading: Callable[[], Store]
    taken: Lock = field(default_factory=Lock, compare=False)

    async def measured(self, as_of: datetime, within: Collection[str] | None) -> list[dict[str, Any]]:
        """Every measure with its cases, of aggregates that concern one of `within` (None: all). TL-1605 while others are counted."""
        if not self.taken.acquire(blocking=False):
            raise _later("TL-1605", "measures are being counted already", AGAIN, "they are counted one at a time, beside what is decided")
        try:
            return await _apart(self._counted(as_of, within), self.taken.release)
        except TimeoutError:
            why = f"more than {COUNT_WITHIN_S:.0f} seconds"
            raise _later("TL-1606", "counting took too long and was given up", AGAIN, why) from None

    async def _counted(self, as_of: datetime, within: Collection[str] | None) -> list[dict[str, Any]]:
        store = self.reading()
        try:
            async with asyncio.timeout(COUNT_WITHIN_S):
                found = [pair async for page in self._pages(store, as_of) for one in page if self._concerns(one, within) for pair in one]
        finally:
            await store.close()
        return [one.told() for one in self.count(found, as_of)]

    async def _pages(self, store: Store, as_of: datetime) -> AsyncIterator[Iterable[Said]]:
        """What each aggregate had said by then, in its own order, a page of aggregates at a time."""
        for kind in sorted(self.kinds):
            after = f"{kind}/"
            while page := [one for one in await store.subjects(after, PAGE) if kind_of(one) == kind]:
                histories = await store.histories(page)
                yield await _read(self.service, [row for one in page for row in histories.get(one, ())], as_of)
                after = page[-1]

    def _concerns(self, facts: Said, within: Collection[str] | None) -> bool:
        return within is None or any(getattr(fact, name, None) in within for _, fact in facts for name in self.service.parties)


async def _read(service: Service, rows: Sequence[FactRow], as_of: datetime) -> Iterable[Said]:
    """By aggregate. As of means: recorded by then."""
    found: dict[str, Said] = defaultdict(list)
    async for portion in breaths(rows):
        for row in portion:
            kind = service.says.get(row.attributes["type"])
            if kind and row.topic in service.own_topics and row.recorded_at <= as_of:
                found[row.aggregate].append((row.aggregate, kind.model_validate_json(row.data)))
        await asyncio.sleep(REST_S)
    return found.values()


async def _apart(work: Coroutine[Any, Any, T], over: Callable[[], None]) -> T:
    """Run this in a thread and a loop of its own. It ends by itself, whoever still waits, and keeps no process from ending."""
    ended: Future[T] = Future()
    ended.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found = asyncio.run(work)
        except BaseException as error:
            over()
            ended.set_exception(error)
        else:
            over()
            ended.set_result(found)

    Thread(target=run, name="measures", daemon=True).start()
    return await asyncio.wrap_future(ended)


def _later(code: str, what: str, fix: str, why: str) -> Answer:
    return Answer(code, what, why, fix, status=503, headers={"retry-after": str(RETRY_AFTER_S)})


def pages(service: Service, kinds: Collection[str], count: Count) -> Callable[[Parts, Store, Counter | None], Sequence[BaseRoute]]:
    """`GET /v1/measures?as_of=…`: every measure of a service with its cases. Nobody sees them where nobody can be known."""

    def routes(made: Parts, _: Store, counter: Counter | None) -> Sequence[BaseRoute]:
        def reading() -> Store:
            return MongoStore(made.mongo_url, service.name, driver=made.settings.mongo_driver, sessions=0)

        return [route(Counting(service, kinds, count, reading), counter)] if counter else []

    return routes


def route(counting: Counting, counter: Counter) -> Guarded:
    """Where it is asked. Somebody who is not of the whole network sees what concerns the organisations they belong to."""

    def within(principal: Principal) -> frozenset[str] | None:
        return None if counter.door.access.may(principal, OF_ALL) else principal.organisations

    async def measures(request: Request) -> Response:
        as_of, scope = _instant(request, counter.clock.now()), within(request.state.principal)
        measured = await counting.measured(as_of, scope)
        body = {"as_of": as_of, "of": "network" if scope is None else sorted(scope), "measures": measured}
        return Response(orjson.dumps(body), media_type="application/json")

    return Guarded("/v1/measures", measures, action=ACTION, door=counter.door)


def _instant(request: Request, now: datetime) -> datetime:
    stated = request.query_params.get("as_of")
    try:
        found = datetime.fromisoformat(stated) if stated else now
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        why = "as_of is no instant with its offset, such as 2026-03-02T09:00:00+00:00"
        raise Answer("TL-1604", "a parameter of the request is not valid", why, "correct it", "as_of", 400)
    return found
