"""Whoever comes second changes nothing."""

import asyncio
from contextlib import suppress

import pytest

from infra.store import Changes, Conflict, Rejected, Store
from tests.store.conftest import Another
from tests.store.rows import aggregate, change, fact, receipt

WRITERS, ROUNDS, SHARED = 8, 15, 4
MIB = 1024 * 1024


@pytest.fixture
async def stored(store: Store) -> Store:
    """One of everything is there: version 2 of item/1, a fact, a kept message, a claim."""
    await store.commit(Changes([aggregate()]))
    await store.commit(Changes([aggregate(v=2)], [fact()], [receipt("r1", "early", aggregate="item/1")], {"c1": "item/1"}))
    return store


SECOND = {
    "a version that was overtaken": Changes([aggregate(v=2)]),
    "a version that skips one": Changes([aggregate(v=4)]),
    "a birth of what exists": Changes([aggregate(v=1)]),
    "an update of what does not exist": Changes([aggregate("item/9", v=2)]),
    "a fact with a taken sequence": Changes(facts=[fact()]),
    "a receipt that exists": Changes(receipts=[receipt("r1", "event")]),
    "a receipt in another state": Changes(receipts=[receipt("r1", "event", was="parked")]),
    "a receipt that is not there": Changes(receipts=[receipt("r9", "event", was="early")]),
    "a claim that is taken": Changes(claims={"c1": "item/2"}),
    "a claim that is taken by the same": Changes(claims={"c1": "item/1"}),
}


@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND)
async def test_nothing_of_a_conflicting_change_stands(stored: Store, second: Changes):
    with pytest.raises(Conflict):
        await stored.commit(
            Changes(
                [aggregate("item/2"), *second.aggregates, aggregate("item/3")],
                [fact("item/2"), *second.facts, fact("item/3")],
                [receipt("r2"), *second.receipts, receipt("r3")],
                {"c2": "item/2", **second.claims, "c3": "item/2"},
            )
        )
    assert await stored.load(["item/1", "item/2", "item/3", "item/9"]) == {"item/1": aggregate(v=2)}
    assert await stored.unpublished({f"item/{n}": 7 for n in range(10)}) == [fact()]
    assert await stored.receipts(["r1", "r2", "r3", "r9"]) == {"r1": receipt("r1", "early", aggregate="item/1")}
    assert await stored.claims(["c1", "c2", "c3"]) == {"c1": "item/1"}


async def test_after_a_conflict_the_next_change_goes_through(stored: Store):
    for _ in range(20):
        with pytest.raises(Conflict):
            await stored.commit(change(v=2))
    await stored.commit(change("item/1", 3))
    assert (await stored.load(["item/1"]))["item/1"].v == 3


async def test_a_receipt_moves_from_the_state_it_is_in(stored: Store):
    await stored.commit(Changes(receipts=[receipt("r1", "parked", raw=b"sealed", aggregate="item/1", was="early")]))
    assert await stored.receipts(["r1"]) == {"r1": receipt("r1", "parked", raw=b"sealed", aggregate="item/1")}
    await stored.commit(Changes(receipts=[receipt("r1", "event", was="parked")]))
    assert await stored.receipts(["r1"]) == {"r1": receipt("r1", "event")}
    assert await stored.kept(["item/1"]) == {}


async def test_of_two_writers_of_a_claim_exactly_one_wins(another: Another):
    stores = [await another(), await another()]
    for n in range(10):
        pair = [store.commit(Changes([aggregate(f"item/{n}-{who}")], claims={f"c{n}": f"{who}"})) for who, store in enumerate(stores)]
        ended = await asyncio.gather(*pair, return_exceptions=True)
        assert sorted(map(type, ended), key=str) == sorted([type(None), Conflict], key=str)
        winner = ended.index(None)
        assert await stores[0].claims([f"c{n}"]) == {f"c{n}": str(winner)}
        assert await stores[0].load([f"item/{n}-0", f"item/{n}-1"]) == {f"item/{n}-{winner}": aggregate(f"item/{n}-{winner}")}


async def test_no_update_is_lost_among_concurrent_writers(another: Another):
    """Each of them adds to several shared aggregates at once, until it succeeded often enough."""
    subjects = [f"item/{n}" for n in range(SHARED)]
    conflicts = 0

    async def write(store: Store, who: int) -> None:
        nonlocal conflicts
        done = 0
        while done < ROUNDS:
            now = await store.load(subjects)
            after = [aggregate(id, (now[id].v if id in now else 0) + 1) for id in subjects[who % 2 :]]
            with suppress(Conflict):
                await store.commit(Changes(after, [fact(row.id, row.v, attributes={"by": str(who)}) for row in after]))
                done += 1
                continue
            conflicts += 1
            await asyncio.sleep(0)

    stores = [await another() for _ in range(WRITERS)]
    await asyncio.gather(*(write(store, who) for who, store in enumerate(stores)))
    found = await stores[0].load(subjects)
    assert [found[id].v for id in subjects] == [WRITERS // 2 * ROUNDS, *[WRITERS * ROUNDS] * (SHARED - 1)]
    for id in subjects:
        assert [row.sequence for row in await stores[0].history(id)] == list(range(1, found[id].v + 1))


UNSTORABLE = {
    "a state larger than a document": Changes([aggregate(state=b"x" * (17 * MIB))]),
    "a fact larger than a document": Changes(facts=[fact(data=b"x" * (17 * MIB))]),
    "a state that is not text": Changes([aggregate(state=b"\xff")]),
    "a fact that is not text": Changes(facts=[fact(data=b"\xff")]),
}


@pytest.mark.parametrize("poison", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_what_can_never_be_stored_is_rejected_and_harms_nothing(stored: Store, poison: Changes):
    poison = Changes([aggregate("item/2"), *poison.aggregates], poison.facts)
    for _ in range(10):
        with pytest.raises(Rejected):
            await stored.commit(poison)
    assert await stored.load(["item/2"]) == {}
    await stored.commit(change("item/2"))


async def test_a_change_larger_than_one_command_is_one_change(stored: Store):
    large = [aggregate(f"large/{n}", state=b"x" * (3 * MIB)) for n in range(6)]
    with pytest.raises(Conflict):
        await stored.commit(Changes([*large, aggregate(v=2)]))
    assert await stored.load([row.id for row in large]) == {}
    await stored.commit(Changes(large))
    assert len(await stored.load([row.id for row in large])) == 6


async def test_a_cancelled_caller_leaves_the_store_whole(stored: Store):
    for n in range(30):
        writing = asyncio.ensure_future(stored.commit(change(f"cut/{n}")))
        await asyncio.sleep(n * 0.0002)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    for n in range(30):
        now = (await stored.load([f"cut/{n}"])).get(f"cut/{n}")
        with suppress(Conflict):  # one that was still under way may end in between
            await stored.commit(change(f"cut/{n}", now.v + 1 if now else 1))
        assert len(await stored.history(f"cut/{n}")) == (await stored.load([f"cut/{n}"]))[f"cut/{n}"].v
