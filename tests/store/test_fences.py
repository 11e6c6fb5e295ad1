"""The next holder of a resource waits for nobody, dead, paused or alive."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from infra import failpoints
from infra.store import Changes, Conflict, Store, Unknown
from infra.store.mongo import MongoStore
from tests.store.conftest import Another
from tests.store.rows import aggregate, change, fact
from tests.store.server import DatabaseServer

FREED_WITHIN_S = 10.0


@pytest.fixture
def points() -> Iterator[Any]:
    yield lambda text: failpoints.arm(failpoints.parse(text))
    failpoints.arm({})


def _stopped(pid: int) -> bool:
    """Halted; or gone since somebody looked."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return True


async def until_stopped(process: Process) -> None:
    """Until a signal has stopped or ended it."""
    for _ in range(1000):
        if process.returncode is not None or _stopped(process.pid):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.fixture
async def holder(server: DatabaseServer, database: Any, driver: str) -> Any:
    """Start a process that holds `lane/0` and comes to that end inside its second transaction."""
    started: list[Process] = []

    async def start(points: str) -> Process:
        arguments = ("-m", "tests.store.holder", server.url, database.name, driver, points)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
        started.append(process)
        assert process.stdout and await process.stdout.readline() == b"held\n"
        await until_stopped(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def successor(server: DatabaseServer, database: Any, driver: str) -> Any:
    store = MongoStore(server.url, database.name, driver)  # type: ignore[arg-type]
    await store.open()
    yield store
    await store.close()


@pytest.mark.parametrize("where", ["in_transaction", "before_commit"])
async def test_what_a_killed_process_locked_is_free_after_the_fence(holder: Any, successor: Store, where: str):
    await holder(f"{where}:kill9@1")
    with pytest.raises(Conflict):
        await successor.commit(change(v=2))
    began = time.monotonic()
    await successor.fence(["lane/0"])
    await successor.commit(change(v=2))
    assert time.monotonic() - began < FREED_WITHIN_S


@pytest.mark.parametrize("where", ["in_transaction", "before_commit"])
async def test_a_paused_holder_commits_nothing_and_then_goes_on(holder: Any, successor: Store, where: str):
    process = await holder(f"{where}:stop@1")
    await successor.fence(["lane/0"])
    await successor.commit(Changes([aggregate(v=2, state=b'"theirs"')]))
    process.send_signal(signal.SIGCONT)
    ended, went_on = await process.stdout.readline(), await process.stdout.readline()
    assert ended in (b"Conflict\n", b"Unknown\n")
    assert went_on == b"goes on\n"
    assert (await successor.load(["item/1"]))["item/1"] == aggregate(v=2, state=b'"theirs"')
    assert len(await successor.history("item/1")) == 1


async def test_a_live_holder_loses_its_transaction_but_not_its_sessions(
    server: DatabaseServer, database: Any, driver: str, successor: Store, points: Any
):
    """As in a mere rebalance. Afterwards every session of the pool works, and can be ended again."""
    live = MongoStore(server.url, database.name, driver, sessions=2)  # type: ignore[arg-type]
    await live.open()
    for turn in (1, 2):
        await live.fence(["lane/0"])
        points("before_commit:sleep:0.5@1")
        writing = asyncio.ensure_future(live.commit(change(f"lost/{turn}")))
        await asyncio.sleep(0.2)
        await successor.fence(["lane/0"])
        with pytest.raises((Conflict, Unknown)):
            await writing
        points("")
        assert await live.load([f"lost/{turn}"]) == {}
        await asyncio.gather(*(live.commit(change(f"kept/{turn}-{n}")) for n in range(6)))
    await live.close()


async def test_taking_over_again_and_again_changes_nothing_for_the_holder(another: Another):
    """A store never ends its own sessions, and resources that nobody held are simply taken."""
    first, second = await another(), await another()
    writing = [asyncio.ensure_future(first.commit(change(f"item/{n}"))) for n in range(5)]
    for _ in range(3):
        await first.fence(["lane/0", "lane/1"])
    await second.fence(["lane/2"])
    await asyncio.gather(*writing)
    assert len(await first.load([f"item/{n}" for n in range(5)])) == 5


async def test_two_that_take_over_at_once_both_get_through(another: Another):
    stores = [await another() for _ in range(3)]
    for _ in range(5):
        await asyncio.gather(*(store.fence([f"lane/{n}" for n in range(4)]) for store in stores))
    await asyncio.gather(*(store.commit(change(f"item/{n}")) for n, store in enumerate(stores)))


@pytest.mark.engines
async def test_the_record_names_the_holder_and_every_session_it_will_use(successor: Any, database: Any):
    await successor.fence(["lane/0"])
    recorded = database["fences"].find_one({"_id": "lane/0"})
    assert [session["id"] for session in recorded["sessions"]] == [session.session_id["id"] for session in successor._sessions]


async def test_whoever_is_killed_while_marking_was_in_no_transaction(another: Another, points: Any):
    """Its markers may be of partitions that others hold by then: no fence would free them, and they would be published for a minute."""
    store = await another()
    await store.commit(change())
    points("before_commit:sleep:30@1")
    async with asyncio.timeout(5):
        await store.mark_published([fact().id])
    assert await store.unpublished({"item/1": 7}) == []
