"""What must turn red: a part that comes round and gets nothing done."""

import asyncio
from collections.abc import Collection

import pytest

from infra.due import DueLoop
from infra.store import Unavailable
from tests.runtime.accounts import Bench


@pytest.mark.parametrize("reachable", [True, False])
async def test_a_due_loop_that_only_fails_is_silent(reachable: bool) -> None:
    bench, rounds = Bench(), 0

    async def owned() -> Collection[int]:
        nonlocal rounds
        rounds += 1
        if not reachable:
            raise Unavailable
        return ()

    loop = DueLoop(bench.settler, bench.replayer, bench.clock, owned, idle_s=0.001)
    before = loop.beat
    running = asyncio.create_task(loop.run())
    while rounds < 5:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    running.cancel()
    assert (loop.beat > before) is reachable
