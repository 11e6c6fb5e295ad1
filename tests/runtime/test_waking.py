"""What became due by a commit is not left until a loop comes round by itself. The loops here rest for an hour."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from infra.clock import ManualClock
from infra.due import DueLoop
from infra.rounds import Rounds
from infra.store.memory import Tables
from tests.runtime.accounts import START, Bench, Credited, account_of, asked, heard
from tests.runtime.test_errands import Outside, Process, jobs

HOUR_S = 3600.0
ONE = {"number": "1", "amount": 5}


@asynccontextmanager
async def coming_round(loop: Rounds) -> AsyncIterator[None]:
    """It has come round once, found nothing, and rests."""
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(0.05)
    yield
    running.cancel()


async def until(so: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not so():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    return made


def due_loop(bench: Bench, sweeps: list[int]) -> DueLoop:
    async def all_of_them() -> range:
        sweeps.append(1)
        return range(24)

    return DueLoop(bench.settler, bench.replayer, bench.clock, all_of_them, idle_s=HOUR_S)


async def test_what_is_due_by_a_commit_is_done_at_once(bench: Bench) -> None:
    async with coming_round(due_loop(bench, [])):
        assert await bench.take(heard("other/1", 1, Credited(amount=2, to=account_of("1")))) == ["early"]
        await bench.take(asked(1, ONE))
        await until(lambda: (account := bench.state("1")) and account.balance == 7)


async def test_what_is_due_later_wakes_nobody(bench: Bench) -> None:
    sweeps: list[int] = []
    async with coming_round(due_loop(bench, sweeps)):
        await bench.take(asked(1, ONE))
        await asyncio.sleep(0.05)
        assert len(sweeps) == 1


async def test_what_must_be_done_outside_begins_at_once_and_whoever_waits_for_a_place_gets_it_at_once() -> None:
    outside = Outside()
    process = Process(Tables(), ManualClock(START), outside)
    process.loop._idle_s = HOUR_S
    async with coming_round(process.loop):
        await process.ask(*jobs(9))
        await until(lambda: len(outside.done) == 9)


async def test_a_round_that_fails_is_not_tried_again_without_a_pause_however_often_it_is_woken() -> None:
    class Broken(Rounds):
        tries = 0

        async def sweep(self) -> bool:
            self.tries += 1
            self.wake()
            raise OSError

    loop = Broken("broken", 0.02)
    async with coming_round(loop):
        await until(lambda: loop.tries > 1)
        before = loop.tries
        await asyncio.sleep(0)
        assert loop.tries == before
