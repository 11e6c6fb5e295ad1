"""The accounts of reading: every page that was shown, list that was taken away, and refusal is a fact before its answer leaves.

One process keeps one book, `account/<id>`, by the path of every fact: one transaction, however many requests wait for it, then the
topic. Nobody waits for the broker. Who cannot be written into the book is not answered. A list that refreshes itself is one reading
until it shows somebody new; whom a page showed is gathered where names are opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, get_args
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import Response

from contracts.kernel import Actor, Blind, Change, Command, Decision, Fact, Message, Route, State, World
from contracts.readings import EVENTS, Purpose, ReadingExported, ReadingRecorded, ReadingRefused
from contracts.upkeep import Origin
from infra.clock import Clock
from infra.http import busy, place
from infra.identity import Principal
from infra.service import Item, Outcome, Service
from services.worklist.questions import FILTERS

log = structlog.get_logger(__name__)
TOPIC = "audit-events"
TOGETHER_MAX, WAIT_AT_MOST_S, AGAIN_S = 200, 8.0, 0.2
SAME_VIEW_S, VIEWS_MAX = 900.0, 10_000
NAMED = ("tab", "names", "as_of", "whose", *FILTERS)
"""Parameters that narrow or widen what is seen. Their names are kept, never what was typed."""
Endpoint = Callable[[Request], Awaitable[Response]]
Settle = Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]
_SHOWN: ContextVar[dict[str, bool] | None] = ContextVar("shown", default=None)
"""Of the request that is being answered: records whose names were opened, each with whether as a whole."""


class Account(State):
    """The book of one process, as far as it is filled."""

    facts: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact of the book, and when it was so."""

    data: Change
    at: datetime


class KeepAccount(Command):
    """Write these into the book."""

    type: ClassVar = "KeepAccount"
    entries: tuple[Any, ...]


def route(message: Message, blind: Blind) -> Route:
    return Route(writes=(message.subject,))


def decide(message: Message, world: World, now: datetime) -> Decision:
    """Everything that was noted, in its order."""
    return [Fact(message.subject, entry.data, at=entry.at) for entry in message.data.entries]


def evolve(state: Account | None, fact: Change) -> Account:
    return Account(facts=(state.facts if state else 0) + 1)


SERVICE = Service(
    name="worklist", topic=TOPIC, states={"account": Account}, route=route, decide=decide, evolve=evolve, deadlines=lambda _: (),
    commands={KeepAccount.type: KeepAccount}, says={event.type: event for event in EVENTS},
)  # fmt: skip


def seen(principal: Principal, occasion: str, records: Sequence[str]) -> None:
    """Names of these were opened for the request that is being answered."""
    if (shown := _SHOWN.get()) is not None:
        whole = occasion.endswith("whole names")
        shown |= {record: whole or shown.get(record, False) for record in records}


@dataclass(eq=False)
class Accounts:
    """One per process. `settle` makes durable what is noted."""

    settle: Settle
    clock: Clock
    subject: str = field(default_factory=lambda: f"account/{uuid4()}")
    _waiting: list[tuple[Entry, "asyncio.Future[None]"]] = field(default_factory=list)
    _writing: "asyncio.Task[None] | None" = None
    _views: dict[tuple[str, ...], tuple[float, set[str]]] = field(default_factory=dict)

    def kept(self, page: str, endpoint: Endpoint) -> Endpoint:
        """The endpoint, whose answer leaves when it is written down who was shown what."""

        async def accounted(request: Request) -> Response:
            token = _SHOWN.set(shown := dict[str, bool]())
            try:
                response = await endpoint(request)
            finally:
                _SHOWN.reset(token)
            if (response.status_code < 400 or shown) and not self._same_view(request, shown):
                await self.keep(told(request, page, shown))
            return response

        return accounted

    async def refused(self, request: Request, principal: Principal, action: str, item: str | None) -> None:
        page = getattr(request.scope.get("route"), "path", "none")
        await self.keep(ReadingRefused(**_who(request, principal), page=page, item=item, action=action))

    async def keep(self, data: Change) -> None:
        """Durable when it returns; TL-1505 where that takes too long: then it is kept all the same, and nothing is shown."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((Entry(data, self.clock.now()), done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        try:
            await asyncio.wait_for(done, WAIT_AT_MOST_S)
        except TimeoutError:
            raise busy("the accounts of reading cannot be kept now", "nothing is shown that is not written down") from None

    async def _write(self) -> None:
        """All that waits, a transaction at a time; what cannot be written is tried again under the same id, so that it counts once."""
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
            id, entries = str(uuid4()), tuple(entry for entry, _ in batch)
            message = Message(
                id, KeepAccount(entries=entries), self.subject, "account", at=self.clock.now(), actor=Actor("system", "worklist")
            )
            while True:
                try:
                    (outcome,) = await self.settle([Item("command", message, Origin(topic="account", entry=self.subject), receipt=id)])
                    break
                except Exception as error:
                    log.warning("account not kept yet", error=place(error))
                    await asyncio.sleep(AGAIN_S)
            for _, done in batch:
                if not done.done():
                    done.set_result(None) if outcome.kind in ("event", "duplicate") else done.set_exception(busy("an account was not kept"))

    def _same_view(self, request: Request, shown: Mapping[str, bool]) -> bool:
        """Whether this is a page that refreshes itself and shows nobody whom it did not show before."""
        now, view = self.clock.monotonic(), (request.state.principal.id, request.url.path, request.url.query)
        until, known = self._views.get(view, (0.0, set[str]()))
        again = "hx-request" in request.headers and now < until and known.issuperset(shown)
        if not again:
            self._views.pop(view, None)  # to its end: the first is always the one that was written longest ago
            self._views[view] = (now + SAME_VIEW_S, {*known, *shown} if now < until else set(shown))
            if len(self._views) > VIEWS_MAX:
                del self._views[next(iter(self._views))]
        return again


def told(request: Request, page: str, shown: Mapping[str, bool]) -> Change:
    """What this answer showed, as a fact."""
    named = [name for name in NAMED if request.query_params.get(name)]
    filters = tuple(sorted({*named, *getattr(request.state, "asked", ())}))
    about = {**_who(request, request.state.principal), "page": page, "filters": filters, "records": tuple(sorted(shown))}
    if (rows := getattr(request.state, "exported", None)) is not None:
        return ReadingExported(**about, rows=rows)
    item = request.path_params.get("id") or request.path_params.get("record")
    return ReadingRecorded(**about, item=item, whole=any(shown.values()))


def _who(request: Request, principal: Principal) -> dict[str, Any]:
    stated = request.query_params.get("purpose", "")
    usual = "emergency" if getattr(request.state, "emergency", None) else "audit" if principal.roles == {"auditor"} else "coordination"
    return {"reader": principal.id, "roles": tuple(sorted(principal.roles)), "organisations": tuple(sorted(principal.organisations)),
            "purpose": stated if stated in get_args(Purpose) else usual}  # fmt: skip
