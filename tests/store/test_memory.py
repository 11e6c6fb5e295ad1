"""The twin misbehaves as the real one was seen to."""

import asyncio

import pytest

from infra.store import Changes, Conflict, Unavailable, Unknown
from infra.store.memory import LOCKED_SECONDS, MemoryStore, Tables
from tests.store.rows import aggregate, change


class Killed(BaseException):
    """The process ends here."""


def failing(tables: Tables, point: str, error: BaseException) -> MemoryStore:
    async def pause(passed: str) -> None:
        if passed == point:
            raise error

    return MemoryStore(tables, pause=pause)


@pytest.mark.parametrize(("point", "stands"), [("commit:begin", False), ("commit:before", False), ("commit:after", True)])
@pytest.mark.parametrize("error", [Conflict(), Unavailable(), Unknown()], ids=lambda error: type(error).__name__)
async def test_a_fault_at_a_point_stands_or_not_and_locks_nothing(point: str, stands: bool, error: Exception):
    tables = Tables()
    with pytest.raises(type(error)):
        await failing(tables, point, error).commit(change())
    assert await MemoryStore(tables).load(["item/1"]) == ({"item/1": aggregate()} if stands else {})
    await MemoryStore(tables).commit(change(v=1 + stands))


async def test_a_process_killed_inside_a_transaction_locks_its_documents_for_a_minute():
    now = [0.0]
    tables = Tables(seconds=lambda: now[0])
    with pytest.raises(Killed):
        await failing(tables, "commit:before", Killed()).commit(change())
    now[0] = LOCKED_SECONDS - 0.1
    with pytest.raises(Conflict):
        await MemoryStore(tables).commit(change())
    now[0] = LOCKED_SECONDS
    await MemoryStore(tables).commit(change())


async def test_a_fence_frees_what_the_previous_holder_locked_and_nothing_else():
    tables = Tables()
    dead, other = (failing(tables, "commit:before", Killed()) for _ in range(2))
    await dead.fence(["lane/0"])
    await other.fence(["lane/1"])
    for store, subject in ((dead, "item/1"), (other, "item/2")):
        with pytest.raises(Killed):
            await store.commit(change(subject))
    successor = MemoryStore(tables)
    await successor.fence(["lane/0"])
    await successor.commit(change("item/1"))
    with pytest.raises(Conflict):
        await successor.commit(change("item/2"))


@pytest.mark.parametrize("fenced", [True, False], ids=["after a fence", "after a minute"])
async def test_a_paused_holder_commits_nothing(fenced: bool):
    now, resume = [0.0], asyncio.Event()
    tables = Tables(seconds=lambda: now[0])

    async def pause(point: str) -> None:
        if point == "commit:before":
            await resume.wait()

    paused, successor = MemoryStore(tables, pause=pause), MemoryStore(tables)
    await paused.fence(["lane/0"])
    writing = asyncio.ensure_future(paused.commit(change()))
    await asyncio.sleep(0)
    if fenced:
        await successor.fence(["lane/0"])
    else:
        now[0] = LOCKED_SECONDS
    await successor.commit(Changes([aggregate(state=b'"theirs"')]))
    resume.set()
    with pytest.raises(Conflict):
        await writing
    assert await successor.load(["item/1"]) == {"item/1": aggregate(state=b'"theirs"')}


async def test_a_cancelled_writer_locks_nothing():
    tables = Tables()

    async def pause(point: str) -> None:
        await asyncio.sleep(0)

    writing = asyncio.ensure_future(MemoryStore(tables, pause=pause).commit(change()))
    for _ in range(2):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert tables.locks == {}
