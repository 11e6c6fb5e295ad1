"""What was said, read back to be counted: all of it, in order, as of any instant, and never in the way of what is decided."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.requests import Request

from deploy.local import ports
from infra import measuring
from infra.access import Access, Scope, rule
from infra.commands import Counter
from infra.http import Door, application
from infra.identity import Identity, Keyring, Principal, from_file
from infra.issuer import ISSUER, LocalIssuer
from infra.measuring import Counting, Said
from infra.problems import Problem
from infra.store.memory import MemoryStore
from tests.runtime.accounts import SERVICE, START, Bench, Credit, Opened, account_of, asked

KINDS = ("account",)
LEAD = Principal("staff/1", frozenset({"network-lead"}))
DESK = Principal("staff/2", frozenset({"program-desk"}), frozenset({"account/3"}))
NOBODY = Principal("staff/3", frozenset({"program-desk"}))
TABLE = Access({
    measuring.ACTION: rule("network-lead", "program-desk", scope=Scope.ANY), measuring.OF_ALL: rule("network-lead", scope=Scope.ANY),
})  # fmt: skip
WAIT_S = 60.0


@dataclass
class Whole:
    """A measure that is what was read."""

    said: Said

    def told(self) -> dict[str, Any]:
        return {"name": "whole", "cases": [subject for subject, _ in self.said], "threads": threading.current_thread().name}


def whole(said: Said, as_of: datetime) -> Iterable[Whole]:
    yield Whole(said)


def counting(bench: Bench, count: measuring.Count = whole) -> Counting:
    return Counting(replace(SERVICE, parties=("record",)), KINDS, count, lambda: MemoryStore(bench.tables))


async def busy(accounts: int = 7) -> Bench:
    bench = Bench()
    await bench.vault.open(create=True)
    for first in range(0, accounts, 500):
        entries = ({"number": str(number), "holder": "Ana", "amount": 5} for number in range(first, min(first + 500, accounts)))
        await bench.take(asked(1 + first, *entries))
    bench.clock.advance(timedelta(hours=1))
    await bench.command(account_of("1"), Credit(amount=3))
    return bench


async def said(bench: Bench, as_of: datetime, within: Collection[str] | None = None) -> Said:
    kept: list[Said] = []
    await counting(bench, lambda said, _: kept.append(said) or ()).measured(as_of, within)
    return kept[0]


@asynccontextmanager
async def served(bench: Bench, counted: Counting, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """The route behind a real socket, in the loop of this test: `ask(principal)` is answered over HTTP."""
    issuer = LocalIssuer(tmp_path, "throughline", bench.clock)
    door = Door(Identity(ISSUER, "throughline", Keyring(from_file(issuer.jwks), bench.clock), bench.clock), TABLE)
    counter = Counter("accounts", bench.settler.settle, door, bench.clock)
    port = ports.free_port()
    app = application([measuring.route(counted, counter)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  (the server says it in no other way)
        await asyncio.sleep(0.01)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_S) as client:

        async def ask(principal: Principal = LEAD) -> httpx2.Response:
            return await client.get("/v1/measures", headers={"authorization": f"Bearer {issuer.token(principal)}"})

        yield ask
    server.should_exit = True
    await serving


@pytest.mark.parametrize("page", [1, 3, 100])
async def test_every_fact_is_read_once_in_order_whatever_the_page_and_none_that_came_later(page, monkeypatch):
    monkeypatch.setattr(measuring, "PAGE", page)
    bench = await busy()
    found = await said(bench, bench.clock.now())
    assert len([one for one in found if isinstance(one[1], Opened)]) == 7 and len({subject for subject, _ in found}) == 7
    own = sorted(row.id for row in bench.tables.facts.values() if row.topic == SERVICE.topic)
    assert len(found) == len(own) and [subject for subject, _ in found] == [name.split("/" + SERVICE.topic)[0] for name in own]
    assert len(await said(bench, START + timedelta(minutes=1))) == len(found) - 1
    assert await said(bench, START - timedelta(days=1)) == []


async def test_who_is_not_of_the_whole_network_sees_what_concerns_their_organisations(tmp_path):
    bench = await busy()
    async with served(bench, counting(bench), tmp_path) as ask:
        all_of_it, own, nothing = (await ask(LEAD)).json(), (await ask(DESK)).json(), (await ask(NOBODY)).json()
    assert all_of_it["of"] == "network" and len(set(all_of_it["measures"][0]["cases"])) == 7
    assert own["of"] == ["account/3"] and set(own["measures"][0]["cases"]) == {account_of("3")}
    assert nothing["of"] == [] and nothing["measures"][0]["cases"] == []


async def test_one_is_counted_at_a_time_and_who_asks_meanwhile_is_told_when_to_ask_again(tmp_path):
    bench, begun, go_on = await busy(), threading.Event(), threading.Event()

    def held(said: Said, as_of: datetime) -> Iterable[Whole]:
        begun.set()
        assert go_on.wait(WAIT_S)
        return whole(said, as_of)

    async with served(bench, counting(bench, held), tmp_path) as ask:
        first = asyncio.create_task(ask())
        assert await asyncio.to_thread(begun.wait, WAIT_S)
        second = await ask()
        go_on.set()
        assert (await first).status_code == 200 and (await ask()).status_code == 200
    assert second.status_code == 503 and int(second.headers["retry-after"]) > 0
    assert second.headers["content-type"] == "application/problem+json" and second.json()["code"] == "TL-1605"


async def test_a_counting_that_fails_or_takes_too_long_makes_room_for_the_next(tmp_path, monkeypatch):
    bench = await busy()

    def fails(said: Said, as_of: datetime) -> Iterable[Whole]:
        raise LookupError

    counted = counting(bench, fails)
    async with served(bench, counted, tmp_path) as ask:
        assert (await ask()).json()["code"] == "TL-1500" and (await ask()).json()["code"] == "TL-1500"
    monkeypatch.setattr(measuring, "COUNT_WITHIN_S", 0.0)
    async with served(bench, counted, tmp_path) as ask:
        for late in (await ask(), await ask()):
            assert late.status_code == 503 and late.headers["retry-after"] and late.json()["code"] == "TL-1606"


async def test_the_loop_that_decides_goes_on_while_much_is_counted(tmp_path):
    """The history takes seconds to read back; meanwhile decisions are taken all along, and the loop never stands for long."""
    bench, gaps, done = await busy(6_000), list[float](), 0
    async with served(bench, counting(bench), tmp_path) as ask:
        asked_for = asyncio.create_task(ask())
        while not asked_for.done():
            began = time.perf_counter()
            done += (await bench.command(account_of("2"), Credit(amount=1), key=f"again-{done}")).kind == "event"
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - began)
    measured = (await asked_for).json()["measures"][0]
    assert len(set(measured["cases"])) == 6_000 and measured["threads"] == "measures"
    assert done > 20 and max(gaps) < sum(gaps) * 2 / 3, (done, max(gaps), sum(gaps))  # where it stands, nearly all of it is one gap


def test_an_instant_without_an_offset_is_refused():
    for stated in ("2026-03-02T09:00:00", "yesterday"):
        request = Request({"type": "http", "query_string": f"as_of={stated}".encode(), "headers": []})
        with pytest.raises(Problem, match="TL-1604"):
            measuring._instant(request, START)
    assert measuring._instant(Request({"type": "http", "query_string": b"", "headers": []}), START) == START
