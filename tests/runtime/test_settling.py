"""What one batch leads to, on the twin: dedupe, order, keeping, parking, quarantine, versions."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from infra.due import DueLoop
from infra.keeping import subject_of
from infra.passing import deadline_item
from infra.records import Record
from infra.store import Conflict, Rejected, Unknown
from infra.store.memory import MemoryStore
from infra.upkeep import Upkeep
from infra.working import evolved
from tests.runtime.accounts import SERVICE, START, Account, Bench, Credit, Credited, Opened, Reminded, account_of, asked, deadlines, heard

ONE = {"number": "1", "amount": 5}


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    return made


def due_loop(bench: Bench) -> DueLoop:
    async def all_of_them() -> range:
        return range(24)

    return DueLoop(bench.settler, bench.replayer, bench.clock, all_of_them)


async def test_an_entry_becomes_facts_a_state_and_an_answer(bench: Bench) -> None:
    assert await bench.take(asked(1, ONE)) == ["event"]
    assert bench.said() == ["account.opened.v1", "account.credited.v1", "account.told.v1"]
    assert bench.state("1").balance == 5


async def test_the_same_event_again_is_nothing_new(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    assert await bench.take(asked(1, ONE), asked(7, ONE, id="acme-1")) == ["duplicate", "duplicate"]
    assert bench.state("1").balance == 5


async def test_two_senders_may_use_the_same_event_id(bench: Bench) -> None:
    await bench.take(asked(1, ONE, sender="acme", id="same"))
    assert await bench.take(asked(1, {"number": "2"}, sender="zeta", id="same")) == ["event"]


async def test_a_bad_neighbour_loses_no_good_entry(bench: Bench) -> None:
    record = asked(1, ONE, {"verdict": "quarantine", "number": "9"}, {"verdict": "return"}, {"number": "2"})
    assert await bench.take(record) == ["event", "quarantined", "refused", "event"]
    answers = [orjson.loads(row.data)["verdict"] for row in bench.log.rows if row.topic == "out"]
    assert answers == ["event", "quarantine", "return", "event"]


async def test_what_is_quarantined_is_an_item_with_an_owner_and_a_clock_and_its_bytes_are_sealed(bench: Bench) -> None:
    record = asked(1, {"verdict": "quarantine", "number": "a-planted-name"})
    await bench.take(record)
    (receipt,) = [receipt for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    said = next(row for row in bench.log.rows if row.aggregate == subject_of(receipt.id) and row.topic == SERVICE.topic)
    assert orjson.loads(said.data)["next"]["owner"] == "role/data-steward"
    assert orjson.loads(said.data)["next"]["due"]
    assert b"a-planted-name" not in receipt.raw
    assert await bench.replayer.record(receipt) == record


async def test_what_is_heard_twice_or_stale_is_dropped_by_its_watermark(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    to = Credited(amount=2, to=account_of("1"))
    assert await bench.take(heard("other/1", 1, to), heard("other/1", 3, to), heard("other/1", 2, to)) == ["event", "event", "duplicate"]
    assert await bench.take(heard("other/1", 3, to)) == ["duplicate"]
    assert bench.state("1").balance == 9


async def test_a_type_that_is_not_heard_writes_nothing(bench: Bench) -> None:
    assert await bench.take(heard("other/1", 1, Reminded())) == []
    assert not bench.tables.aggregates


async def test_a_message_before_its_cause_waits_and_its_source_keeps_its_order(bench: Bench) -> None:
    to = account_of("1")
    assert await bench.take(heard("other/1", 1, Credited(amount=2, to=to)), heard("other/1", 2, Credited(amount=3, to=to))) == [
        "early",
        "early",
    ]
    assert await bench.take(heard("other/1", 1, Credited(amount=2, to=to))) == ["duplicate"]
    await bench.take(asked(1, ONE))
    await due_loop(bench).sweep()
    assert [orjson.loads(row.data).get("amount") for row in bench.log.rows if row.attributes["type"] == Credited.type] == [5, 2, 3]
    assert bench.tables.aggregates[to].kept == ()
    assert await bench.take(heard("other/1", 2, Credited(amount=3, to=to))) == ["duplicate"]


async def test_a_cause_that_never_comes_is_told_once(bench: Bench) -> None:
    await bench.take(heard("other/1", 1, Credited(amount=2, to=account_of("1"))))
    for _ in range(4):
        bench.clock.advance(timedelta(minutes=10))
        await due_loop(bench).sweep()
    assert bench.said() == ["message.overdue.v1"]


async def test_a_poison_message_parks_its_aggregate_and_no_other(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "2", "amount": 1}))
    bomb, after = {"number": "1", "amount": 666}, {"number": "1", "amount": 7}
    assert await bench.take(asked(3, bomb), asked(4, after), asked(5, {"number": "2", "amount": 1})) == ["parked", "parked", "event"]
    assert bench.state("1").balance == 5 and bench.state("2").balance == 2
    assert bench.tables.aggregates[account_of("1")].parked
    assert "nobody may see" not in repr(bench.seen.failures)


async def test_a_parked_aggregate_still_has_its_clocks_but_takes_no_commands(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}))
    assert (await bench.command(account_of("1"), Credit(amount=1))).kind == "refused"
    bench.clock.advance(timedelta(hours=2))
    await due_loop(bench).sweep()
    assert bench.state("1").remind_at is None


async def test_a_released_aggregate_decides_what_it_kept_in_order(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}), asked(3, {"number": "1", "amount": 7}))
    items = await bench.replayer.kept([account_of("1")])
    mended = [item for item in items if item.message.data.amount != 666]
    broken = next(item for item in items if item.message.data.amount == 666)
    broken.message = replace(broken.message, data=broken.message.data.model_copy(update={"amount": 6}))
    assert [outcome.kind for outcome in await bench.settler.settle([broken, *mended])] == ["event", "event"]
    assert bench.state("1").balance == 18
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(account_of("1"))
    assert not bench.tables.aggregates[account_of("1")].parked


async def test_a_refused_message_of_ours_is_quarantined_and_its_aggregate_goes_on(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    to = account_of("1")
    outcome = await bench.take(heard("other/1", 1, Credited(amount=-1, to=to)), heard("other/1", 2, Credited(amount=1, to=to)))
    assert outcome == ["quarantined", "event"]


async def test_an_unreadable_message_of_ours_is_quarantined(bench: Bench) -> None:
    good = heard("other/1", 1, Credited(amount=1))
    assert await bench.take(Record(good.topic, 0, 1, good.headers, b"{")) == ["quarantined"]


async def test_a_deadline_fires_once_and_never_early(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    loop = due_loop(bench)
    bench.clock.advance(timedelta(minutes=59))
    await loop.sweep()
    assert Reminded.type not in bench.said()
    bench.clock.advance(timedelta(minutes=1))
    for _ in range(3):
        await loop.sweep()
    assert bench.said().count(Reminded.type) == 1


async def test_a_deadline_that_changes_nothing_does_not_fire_for_ever(bench: Bench) -> None:
    await bench.take(asked(1, {"number": "1", "amount": 13}))
    bench.clock.advance(timedelta(hours=2))
    loop = due_loop(bench)
    await loop.sweep()
    version = bench.tables.aggregates[account_of("1")].v
    await loop.sweep()
    assert bench.tables.aggregates[account_of("1")].v == version


async def test_a_deadline_that_was_found_twice_fires_once_although_it_still_stands(bench: Bench) -> None:
    """Another process found it before, and comes to it when the state would have it do something."""
    await bench.take(asked(1, {"number": "1", "amount": 13}))
    bench.clock.advance(timedelta(hours=2))
    (found,) = [deadline_item(account_of("1"), "1", one.name, one.about, one.at) for one in deadlines(bench.state("1"))]
    await due_loop(bench).sweep()
    await bench.command(account_of("1"), Credit(amount=1))
    (outcome,) = await bench.settler.settle([found])
    assert outcome.kind == "nothing" and Reminded.type not in bench.said()


async def test_a_command_answers_the_same_when_it_is_sent_again(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    first = await bench.command(account_of("1"), Credit(amount=1))
    again = await bench.command(account_of("1"), Credit(amount=1))
    assert (first.kind, again.kind) == ("event", "duplicate")
    assert again.answer.decode().split() == [first.subject, str(first.sequence), str(first.version)]


async def test_a_command_against_an_old_version_changes_nothing(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    assert (await bench.command(account_of("1"), Credit(amount=1), expects=9)).kind == "stale"
    assert (await bench.command(account_of("1"), Credit(amount=1), key="k2", expects=1)).kind == "event"


async def test_a_command_whose_decision_raises_fails_and_parks_nothing(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    assert (await bench.command(account_of("1"), Credit(amount=666))).kind == "failed"
    assert not bench.tables.aggregates[account_of("1")].parked


async def test_the_state_is_the_fold_of_the_facts_with_the_same_tokens(bench: Bench) -> None:
    await bench.take(asked(1, {"number": "1", "amount": 5, "holder": "Planted Name"}), asked(2, {"number": "1", "amount": 1}))
    state = None
    for row in sorted((row for row in bench.log.rows if row.topic == SERVICE.topic), key=lambda row: row.sequence):
        state = evolved(SERVICE, row.aggregate, state, SERVICE.says[row.attributes["type"]].model_validate_json(row.data))
    assert isinstance(state, Account)
    assert state == bench.state("1")
    assert b"Planted" not in b"".join(row.data for row in bench.log.rows)


async def test_a_claim_is_taken_once_and_written_into_its_fact(bench: Bench) -> None:
    await bench.take(asked(1, {"number": "1", "holder": "Somebody"}))
    opened = next(row for row in bench.log.rows if row.attributes["type"] == Opened.type)
    assert orjson.loads(opened.data)["claims"] == bench.tables.claims
    assert list(bench.tables.claims.values()) == [account_of("1")]


async def test_facts_another_writer_left_unpublished_come_first(bench: Bench) -> None:
    other = Bench(bench.tables, bench.clock, bench.vault)

    async def die(_: object) -> None:
        raise ConnectionError

    other.log.publish = die  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        await other.take(asked(1, ONE))
    await bench.take(asked(2, {"number": "1", "amount": 1}))
    assert [row.sequence for row in bench.log.rows if row.topic == SERVICE.topic] == [1, 2, 3]


async def test_the_due_loop_publishes_what_nobody_did(bench: Bench) -> None:
    other = Bench(bench.tables, bench.clock, bench.vault)

    async def die(_: object) -> None:
        raise ConnectionError

    other.log.publish = die  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        await other.take(asked(1, ONE))
    bench.clock.advance(timedelta(seconds=10))
    await due_loop(bench).sweep()
    assert bench.said() == ["account.opened.v1", "account.credited.v1", "account.told.v1"]


async def test_a_conflict_reloads_and_halves_until_all_is_settled(bench: Bench) -> None:
    left = [Conflict(), Conflict(), Unknown(), Conflict()]

    async def pause(point: str) -> None:
        if point == "commit:before" and left:
            raise left.pop()

    bench.settler.store = MemoryStore(bench.tables, pause=pause)
    assert await bench.take(*(asked(n, {"number": str(n), "amount": 1}) for n in range(1, 6))) == ["event"] * 5
    assert all(bench.state(str(n)).balance == 1 for n in range(1, 6))
    assert bench.seen.retries.count("conflict") == 3


async def test_a_commit_whose_outcome_is_unknown_but_happened_is_not_done_twice(bench: Bench) -> None:
    left = [Unknown()]

    async def pause(point: str) -> None:
        if point == "commit:after" and left:
            raise left.pop()

    bench.settler.store = MemoryStore(bench.tables, pause=pause)
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(seconds=10))
    await due_loop(bench).sweep()
    assert bench.state("1").balance == 5
    assert bench.said() == ["account.opened.v1", "account.credited.v1", "account.told.v1"]


async def test_what_the_database_never_takes_is_found_by_halving_and_parked(bench: Bench) -> None:
    class Picky(MemoryStore):
        async def commit(self, changes) -> None:  # type: ignore[no-untyped-def]
            if any(b'"amount":42' in fact.data for fact in changes.facts):
                raise Rejected
            await super().commit(changes)

    bench.settler.store = Picky(bench.tables)
    await bench.take(*(asked(n, {"number": str(n)}) for n in range(1, 9)))
    records = [asked(10 + n, {"number": str(n), "amount": 42 if n == 5 else 1}) for n in range(1, 9)]
    assert await bench.take(*records) == ["event"] * 4 + ["parked"] + ["event"] * 3
    assert bench.tables.aggregates[account_of("5")].parked


def test_the_same_instant_owed_again_after_it_was_taken_back_leads_to_facts_of_its_own():
    one, same, later = (deadline_item(account_of("1"), turn, "remind", "account", START) for turn in ("3", "3", "4"))
    assert one.message.id == same.message.id != later.message.id
