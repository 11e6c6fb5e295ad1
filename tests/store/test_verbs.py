"""What is written is what is read."""

from datetime import UTC, datetime, timedelta

from infra.store import Changes, Held, Store
from tests.store.rows import NOON, aggregate, change, fact, receipt

MS = timedelta(milliseconds=1)


async def test_an_aggregate_comes_back_as_it_was_written(store: Store):
    full = aggregate(
        sv=3,
        key="k",
        part=23,
        seq={"item-events": 2},
        wm={"other-events/a.b/$c": 9},
        due_at=NOON,
        kept=("a/1",),
        parked="TL-1",
        spent=("x",),
    )
    await store.commit(Changes([full, aggregate("item/2", state=None)]))
    assert await store.load(["item/1", "item/2", "item/3"]) == {"item/1": full, "item/2": aggregate("item/2", state=None)}


async def test_an_update_replaces_every_field(store: Store):
    await store.commit(Changes([aggregate(due_at=NOON, wm={"a": 1}, kept=("a/1",), parked="TL-1", spent=("x",))]))
    later = aggregate(v=2, state=b'{"n":"\xc3\xbc"}', wm={"b": 2})
    await store.commit(Changes([later]))
    assert await store.load(["item/1"]) == {"item/1": later}


async def test_what_was_loaded_is_the_callers_own(store: Store):
    await store.commit(change())
    row = (await store.load(["item/1"]))["item/1"]
    row.wm["x"] = row.seq["x"] = row.v = 5
    assert (await store.load(["item/1"]))["item/1"] == aggregate()


async def test_a_fact_is_kept_byte_for_byte(store: Store):
    said = fact(attributes={"type": "item.opened.v1", "empty": ""}, data='{"name": "Zoë",\n "n": 1e3}'.encode(), key="k", part=3)
    await store.commit(Changes(facts=[said]))
    assert await store.history("item/1") == [said]


async def test_instants_are_kept_to_the_millisecond_and_nothing_is_due_early(store: Store):
    odd = NOON + timedelta(microseconds=1001)
    await store.commit(Changes([aggregate(due_at=odd)], [fact(recorded_at=odd)], [receipt(received_at=odd, expires_at=odd)]))
    assert (await store.load(["item/1"]))["item/1"].due_at == NOON + 2 * MS
    assert (await store.history("item/1"))[0].recorded_at == NOON + MS
    kept = (await store.receipts(["r1"]))["r1"]
    assert (kept.received_at, kept.expires_at) == (NOON + MS, NOON + MS)


async def test_receipts_come_back_by_id(store: Store):
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    full = receipt(
        "r2", "quarantined", topic="in", partition=1, offset=0, entry="/e/1", answer=b'{"a":1}', raw=b"\x00\xff", aggregate="item/1",
        order=4, waits_for="item/9", received_at=NOON, expires_at=soon,
    )  # fmt: skip
    await store.commit(Changes(receipts=[receipt(), full]))
    assert await store.receipts(["r1", "r2", "r3"]) == {"r1": receipt(), "r2": full}


async def test_claims_say_who_holds_them(store: Store):
    await store.commit(Changes(claims={"c1": "item/1", "c2": "item/1"}))
    assert await store.claims(["c1", "c2", "c3"]) == {"c1": "item/1", "c2": "item/1"}


async def test_asking_for_nothing_finds_nothing(store: Store):
    await store.commit(Changes())
    await store.mark_published([])
    await store.fence([])
    assert (await store.load([]), await store.claims([]), await store.receipts([]), await store.kept([])) == ({}, {}, {}, {})
    assert (await store.unpublished({}), await store.history("item/1"), await store.subjects("", 10)) == ([], [], [])
    assert (await store.backlog([], NOON, 10), await store.due([], NOON, 10)) == ([], [])


async def test_messages_that_wait_come_in_their_order_per_aggregate(store: Store):
    waiting = [
        receipt(f"r{order}", state, aggregate="item/1", order=order) for order, state in ((2, "parked"), (10, "early"), (1, "early"))
    ]
    others = [
        receipt("x", "early", aggregate="item/2"),
        receipt("y", "event", aggregate="item/1"),
        receipt("z", "early", aggregate="item/3"),
    ]
    await store.commit(Changes(receipts=waiting + others))
    found = await store.kept(["item/1", "item/2", "item/4"])
    assert {subject: [row.id for row in rows] for subject, rows in found.items()} == {"item/1": ["r1", "r2", "r10"], "item/2": ["x"]}


async def test_unpublished_facts_come_by_aggregate_topic_and_sequence(store: Store):
    said = [fact("item/2", 1), fact("item/1", 10), fact("item/1", 9), fact("item/1", 1, topic="a-events"), fact("item/3", 1)]
    await store.commit(Changes(facts=said))
    found = await store.unpublished({"item/1": 7, "item/2": 7})
    assert [(row.aggregate, row.topic, row.sequence) for row in found] == [
        ("item/1", "a-events", 1), ("item/1", "item-events", 9), ("item/1", "item-events", 10), ("item/2", "item-events", 1),
    ]  # fmt: skip


async def test_marking_is_idempotent_and_leaves_history_alone(store: Store):
    said = [fact(sequence=1), fact(sequence=2)]
    await store.commit(Changes(facts=said))
    for _ in range(2):
        await store.mark_published([*(row.id for row in said), "item/9/item-events/00000000000000000001"])
    assert await store.unpublished({"item/1": 7}) == []
    assert await store.history("item/1") == said


async def test_what_was_marked_in_part_may_come_once_more_and_what_was_not_marked_always_does(store: Store):
    said = [fact(sequence=1), fact(sequence=2)]
    await store.commit(Changes(facts=said))
    await store.mark_published([said[0].id])
    assert (await store.unpublished({"item/1": 7}))[-1] == said[1]
    await store.mark_published([said[1].id])
    assert await store.unpublished({"item/1": 7}) == []


async def test_the_backlog_is_sharded_and_bounded_in_time(store: Store):
    late, fresh = fact("item/1"), fact("item/2", recorded_at=NOON + MS)
    for one in (late, fresh, fact("item/3", part=8), fact("item/4")):
        await store.commit(Changes(facts=[one]))
    await store.mark_published([fact("item/4").id])
    assert await store.backlog([6, 7], NOON + MS, 10) == [late]


async def test_the_backlog_never_cuts_an_aggregate(store: Store):
    first = [fact("item/1", n, recorded_at=NOON + (3 - n) * MS) for n in (1, 2, 3)]
    for one in (*first, fact("item/2")):
        await store.commit(Changes(facts=[one]))
    assert await store.backlog([7], NOON + MS, 1) == first


async def test_due_is_sharded_ordered_and_bounded(store: Store):
    rows = [aggregate(f"item/{n}", due_at=NOON - n * MS) for n in (1, 3, 2)]
    others = [aggregate("item/4", part=8, due_at=NOON), aggregate("item/5"), aggregate("item/6", due_at=NOON + MS)]
    await store.commit(Changes(rows + others))
    assert await store.due([6, 7], NOON, 10) == ["item/3", "item/2", "item/1"]
    assert await store.due([7], NOON, 2) == ["item/3", "item/2"]
    assert await store.due([8], NOON, 10) == ["item/4"]


async def test_due_follows_the_latest_version(store: Store):
    await store.commit(Changes([aggregate(due_at=NOON), aggregate("item/2", due_at=NOON)]))
    await store.commit(Changes([aggregate(v=2), aggregate("item/2", v=2, due_at=NOON + MS)]))
    assert await store.due([7], NOON, 10) == []
    assert await store.due([7], NOON + MS, 10) == ["item/2"]


async def test_errands_are_sharded_ordered_bounded_and_named_with_their_lane(store: Store):
    rows = [aggregate(f"item/{n}", errand_at=NOON - n * MS, lane=f"a {n}") for n in (1, 3, 2)]
    others = [
        aggregate("item/4", part=8, errand_at=NOON, lane="b"),
        aggregate("item/5", lane="b"),
        aggregate("item/6", errand_at=NOON + MS, lane="b"),
    ]
    await store.commit(Changes(rows + others))
    assert await store.errands([6, 7], NOON - 9 * MS, NOON, 10) == [("item/3", "a 3"), ("item/2", "a 2"), ("item/1", "a 1")]
    assert await store.errands([7], NOON - 2 * MS, NOON, 10) == [("item/2", "a 2"), ("item/1", "a 1")]
    assert await store.errands([7], NOON - 9 * MS, NOON, 1) == [("item/3", "a 3")]
    assert (await store.load(["item/1"]))["item/1"] == rows[0]


async def test_an_errand_that_is_done_is_not_found_again(store: Store):
    await store.commit(Changes([aggregate(errand_at=NOON, lane="a")]))
    await store.commit(Changes([aggregate(v=2, lane="a")]))
    assert await store.errands([7], NOON - MS, NOON + MS, 10) == []
    assert (await store.load(["item/1"]))["item/1"] == aggregate(v=2, lane="a")


async def test_an_errand_that_is_asked_again_is_found_again(store: Store):
    await store.commit(Changes([aggregate(errand_at=NOON, lane="a", due_at=NOON)]))
    await store.commit(Changes([aggregate(v=2, lane="a", due_at=NOON + MS)]))
    await store.commit(Changes([aggregate(v=3, errand_at=NOON + 2 * MS, lane="b")]))
    assert await store.errands([7], NOON, NOON + 2 * MS, 10) == [("item/1", "b")]
    assert await store.due([7], NOON + 2 * MS, 10) == []


async def test_a_share_is_of_one_ordered_and_bounded_and_follows_the_latest_version(store: Store):
    rows = [aggregate(f"item/{n}", whose="a") for n in (3, 1, 2)]
    await store.commit(Changes([*rows, aggregate("item/4", whose="b"), aggregate("item/5")]))
    assert await store.share("a", "", 10) == ["item/1", "item/2", "item/3"]
    assert await store.share("a", "item/1", 1) == ["item/2"] and await store.share("c", "", 10) == []
    assert (await store.load(["item/1"]))["item/1"] == rows[1]
    await store.commit(Changes([aggregate("item/1", v=2, whose="b"), aggregate("item/2", v=2, whose=""), aggregate("item/5", v=2)]))
    assert await store.share("a", "", 10) == ["item/3"] and await store.share("b", "", 10) == ["item/1", "item/4"]
    assert await store.share("", "", 10) == [] and (await store.load(["item/2"]))["item/2"] == aggregate("item/2", v=2)


async def test_history_is_of_one_aggregate_only(store: Store):
    mine = [fact(sequence=1), fact(sequence=2), fact(sequence=1, topic="other-events")]
    await store.commit(Changes(facts=[*reversed(mine), fact("item/10"), fact("item/1/part"), fact("item")]))
    assert await store.history("item/1") == mine


async def test_subjects_are_read_page_by_page(store: Store):
    await store.commit(Changes([aggregate(f"item/{n}") for n in (3, 1, 2)]))
    assert await store.subjects("", 2) == ["item/1", "item/2"]
    assert await store.subjects("item/2", 2) == ["item/3"]


async def test_what_somebody_must_see_to_is_counted_and_no_longer_when_it_is_settled(store: Store):
    waiting = [receipt("q1", "quarantined"), receipt("p1", "parked", aggregate="item/1"), receipt("p2", "parked", aggregate="item/1")]
    await store.commit(Changes(receipts=[*waiting, receipt("e1", "early", aggregate="item/2"), receipt("done")]))
    assert await store.held() == Held(parked=1, quarantined=1)
    await store.commit(Changes(receipts=[receipt("q1", "discarded", was="quarantined"), receipt("p1", was="parked")]))
    assert await store.held() == Held(parked=1)


async def test_the_oldest_fact_that_is_not_published_is_known_until_it_is_marked(store: Store):
    old, new = fact(recorded_at=NOON), fact("item/2", recorded_at=NOON + MS)
    await store.commit(Changes(facts=[old]))
    await store.commit(Changes(facts=[new]))
    assert (await store.held()).unpublished_since == NOON
    await store.mark_published([old.id])
    assert (await store.held()).unpublished_since == NOON + MS
