"""How long the console takes for each of its pages, by which index the database finds them, and how soon viewers hear of a change."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx2

from deploy.running import Running
from infra.browser import COOKIE
from infra.clock import Clock
from infra.identity import Principal
from infra.telemetry import Meters
from services.worklist import views
from services.worklist.app import HEARS
from services.worklist.follow import Follower, Reader
from services.worklist.questions import Question
from services.worklist.store import Board
from services.worklist.views import View
from tests.bench.report import percentile
from tests.board.lives import numbered, person
from tests.worklist.stories import Log, received, record_of

WARM, STREAM_WITHIN_S = 2, 30.0
TYPED = "/search: "
SOMEBODY = 20
"""Whose case and person is looked at, and searched for."""
COORDINATOR, DESK = Principal("staff/12", frozenset({"coordinator"})), Principal("staff/31", frozenset({"program-desk"}))
LEAD = Principal("staff/50", frozenset({"network-lead", "team-lead"}))
PLATFORM = Principal("staff/95", frozenset({"platform"}))


@dataclass(frozen=True)
class Looked:
    """One page, as often as it was asked for: seconds each, and the bytes of the last."""

    page: str
    reader: str
    seconds: list[float]
    size: int

    @property
    def p95_ms(self) -> float:
        return percentile(self.seconds, 0.95) * 1000


def pages(item: str, record: str, typed: Sequence[str]) -> Iterator[tuple[str, Principal]]:
    """Every list under every tab, a case, a person and what was found by what was typed, each as whoever looks at it."""
    for reader in (COORDINATOR, DESK):
        yield "/", reader
        for view in views.VIEWS:
            if view is not views.HELD or reader is COORDINATOR:
                yield from ((f"{view.path}?tab={tab.key}", reader) for tab in view.tabs)
    yield from (("/pending?service=psychiatry&urgency=urgent", COORDINATOR), ("/inbox", COORDINATOR), ("/team", LEAD))
    yield from (("/operations", PLATFORM), ("/emergencies", LEAD), ("/emergencies?tab=reviewed", LEAD))
    yield from ((f"/items/{item}", COORDINATOR), (f"/people/{record}", COORDINATOR))
    yield from ((TYPED + text, reader) for text in typed for reader in (COORDINATOR, DESK))


def looked(running: Running, times: int) -> list[Looked]:
    """One after another, over HTTP, signed in: what the process takes for it, its accounts of reading written down."""
    found = []
    with httpx2.Client(base_url=running.url("worklist"), timeout=60, headers={"accept": "text/html"}) as client:
        for page, reader in pages(f"referral/{numbered(SOMEBODY)}", f"record/{numbered(SOMEBODY)}", searches()):
            cookie = {"cookie": f"{COOKIE}={running.token(reader)}"}
            seconds, address = [], address_of(client, page, cookie)
            for _ in range(WARM + times):
                began = time.perf_counter()
                answer = client.get(address, headers=cookie)
                seconds.append(time.perf_counter() - began)
                assert answer.status_code in (200, 303), f"{page}: {answer.status_code} {answer.text[:300]}"
            found.append(Looked(page, next(iter(sorted(reader.roles))), seconds[WARM:], len(answer.content)))
    return found


def searches() -> list[str]:
    """The beginning of a name, which many bear; two names; a name and a birth date; a number; and nobody's name."""
    known = person(SOMEBODY)
    assert known.given_name and known.family_name and known.birth_date
    given, family, born = known.given_name.plain, known.family_name.plain, known.birth_date.plain
    return [str(family)[:4], f"{given} {family}", f"{family} {born}", f"R-{numbered(SOMEBODY)}", "zzyzx"]


def address_of(client: httpx2.Client, page: str, cookie: dict[str, str]) -> str:
    """Where a page is. A search's address holds what was typed, sealed: the console is asked for it as its form does."""
    if not page.startswith(TYPED):
        return page
    same = {**cookie, "sec-fetch-site": "same-origin"}
    return client.post("/search", data={"q": page.removeprefix(TYPED)}, headers=same).headers["location"]


# — by which index


@dataclass(frozen=True)
class Plan:
    """How the database finds a list: the stages of its plan."""

    view: str
    stages: frozenset[str]

    @property
    def sound(self) -> bool:
        """By an index made for it; that of the ids holds everything."""
        return "IXSCAN" in self.stages and not self.stages & {"COLLSCAN", "IXSCAN _id_"}


async def plans(board: Board, reader: views.Reader, every: Sequence[View] = views.VIEWS) -> list[Plan]:
    generation, found = await board.current(), list[Plan]()
    for view in every:
        for tab in view.tabs:
            question = tab.ask(reader).within(reader.concerned)
            found.append(Plan(f"{view.path}?tab={tab.key}", frozenset(stages(await plan_of(board, generation, question)))))
    return found


async def plan_of(board: Board, generation: int, question: Question) -> object:
    said = await board.explained(generation, question.query, question.sort, 51)
    return said["queryPlanner"]["winningPlan"]


def stages(plan: object) -> Iterator[str]:
    if isinstance(plan, dict):
        if isinstance(stage := plan.get("stage"), str):
            yield from (stage, f"{stage} {plan.get('indexName', '')}")
        for part in plan.values():
            yield from stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from stages(part)


# — who watches


async def watched(running: Running, board: Board, viewers: int, changes: int, every_s: float = 0.5) -> list[float]:
    """With so many streams open, write `changes` changes; the seconds from each commit to every viewer's hearing of it."""
    follower = Follower(board, Reader(HEARS), Clock(), Meters("board"))
    heard: dict[str, list[float]] = {}
    cookie = {"cookie": f"{COOKIE}={running.token(COORDINATOR)}"}
    limits = httpx2.Limits(max_connections=viewers + 10, max_keepalive_connections=viewers + 10)
    async with httpx2.AsyncClient(base_url=running.url("worklist"), timeout=httpx2.Timeout(120), limits=limits) as client:
        ready = asyncio.Semaphore(0)

        async def view() -> None:
            async with client.stream("GET", "/v1/live", headers=cookie) as stream:
                assert stream.status_code == 200, stream.status_code
                ready.release()
                async for line in stream.aiter_lines():
                    now = time.monotonic()
                    for item in [name for name in heard if name in line]:
                        heard[item].append(now)

        streams = [asyncio.create_task(view()) for _ in range(viewers)]
        for _ in range(viewers):
            await asyncio.wait_for(ready.acquire(), STREAM_WITHIN_S)
        lags = []
        for n in range(changes):
            log, item = Log(), f"referral/live{n:04d}"
            heard[item] = []
            log.say(f"request/live{n:04d}", received(f"live{n:04d}"))
            await follower.take([record_of(one) for one in log.heard])
            written = time.monotonic()
            await asyncio.sleep(every_s)
            lags.append((item, written))
        until = time.monotonic() + STREAM_WITHIN_S
        while time.monotonic() < until and any(len(times) < viewers for times in heard.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    assert all(len(heard[item]) >= viewers for item, _ in lags), {item: len(times) for item, times in heard.items()}
    return [at - written for item, written in lags for at in heard[item][:viewers]]
