"""What a steward does with what was kept, and how history and state are compared."""

from dataclasses import replace

import orjson
import pytest

from infra.audit import findings, verify
from infra.keeping import subject_of
from infra.problems import Problem
from infra.upkeep import Upkeep
from tests.runtime.accounts import SERVICE, Bench, account_of, asked

ONE = {"number": "1", "amount": 5}


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    return made


def steward(bench: Bench) -> Upkeep:
    return Upkeep(bench.settler, bench.replayer, "staff/7")


async def quarantined(bench: Bench) -> str:
    await bench.take(asked(1, {"verdict": "quarantine", "number": "1", "amount": 5}))
    return next(receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined")


async def test_a_repaired_input_becomes_what_it_should_have_been(bench: Bench) -> None:
    name = await quarantined(bench)
    assert [outcome.kind for outcome in await steward(bench).replay(name, orjson.dumps([ONE]))] == ["event"]
    assert bench.state("1").balance == 5
    assert bench.tables.receipts[name].state == "event"
    assert bench.said()[-1] == "input.repaired.v1"


async def test_a_repair_is_made_once(bench: Bench) -> None:
    name = await quarantined(bench)
    await steward(bench).replay(name, orjson.dumps([ONE]))
    with pytest.raises(Problem, match="TL-4201"):
        await steward(bench).replay(name, orjson.dumps([ONE]))
    assert bench.state("1").balance == 5


async def test_an_input_that_is_still_bad_stays_quarantined(bench: Bench) -> None:
    name = await quarantined(bench)
    assert [outcome.kind for outcome in await steward(bench).replay(name)] == ["quarantined"]
    assert bench.tables.receipts[name].state == "quarantined"


async def test_a_discarded_input_says_who_and_why(bench: Bench) -> None:
    name = await quarantined(bench)
    await steward(bench).discard(name, "sent-by-mistake")
    last = bench.log.rows[-1]
    assert (last.aggregate, last.attributes["type"], last.attributes["authid"]) == (subject_of(name), "input.discarded.v1", "staff/7")
    assert bench.tables.receipts[name].state == "discarded"


async def test_a_release_stops_at_what_fails_again_and_keeps_the_order_behind_it(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}), asked(3, {"number": "1", "amount": 7}))
    assert [outcome.kind for outcome in await steward(bench).release(account_of("1"))] == ["parked"]
    assert len(bench.tables.aggregates[account_of("1")].kept) == 2
    assert await bench.take(asked(4, {"number": "1", "amount": 1})) == ["parked"]


async def test_a_release_after_the_code_was_mended_decides_everything(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}), asked(3, {"number": "1", "amount": 7}))
    service = bench.settler.service

    def mended(message, world, now):  # type: ignore[no-untyped-def]
        if getattr(message.data, "amount", 0) == 666:
            message = replace(message, data=message.data.model_copy(update={"amount": 6}))
        return service.decide(message, world, now)

    bench.settler.service = replace(service, decide=mended)
    assert [outcome.kind for outcome in await steward(bench).release(account_of("1"))] == ["event", "event"]
    assert bench.state("1").balance == 18
    assert bench.said("1")[-1] == "aggregate.released.v1"
    assert await bench.take(asked(4, {"number": "1", "amount": 1})) == ["event"]


async def test_an_audit_of_a_sound_store_finds_nothing(bench: Bench) -> None:
    await quarantined(bench)
    await bench.take(asked(2, ONE), asked(3, {"number": "1", "amount": 666}), asked(4, {"number": "2", "holder": "Somebody"}))
    assert [found async for _, found in verify(SERVICE, bench.store)] == [[]] * len(bench.tables.aggregates)


async def test_an_audit_finds_a_changed_state_and_a_lost_fact(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    row, facts = bench.tables.aggregates[account_of("1")], await bench.store.history(account_of("1"))
    tampered = replace(row, state=row.state.replace(b'"balance":5', b'"balance":6'))
    assert [found.code for found in findings(SERVICE, tampered, facts)] == ["TL-4102"]
    assert next(found.code for found in findings(SERVICE, row, facts[1:])) == "TL-4101"
