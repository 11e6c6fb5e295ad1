"""One contract for every vault: the twin, and the database through both drivers."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import motor.motor_asyncio
import pymongo
import pytest
import pytest_asyncio

from contracts.kernel import Blind
from infra.clock import ManualClock
from infra.problems import Problem
from infra.store.port import Unavailable
from infra.vault import CACHE_S, MemoryVault, MongoVault, Vault
from infra.wrapping import LocalWrapper

KEK = os.urandom(32)
Make = Callable[..., Vault]
CLIENTS = {"motor": motor.motor_asyncio.AsyncIOMotorClient, "pymongo": pymongo.AsyncMongoClient}


REAL = [pytest.param(driver, marks=pytest.mark.engines) for driver in CLIENTS]


@pytest_asyncio.fixture(params=["memory", *REAL])
async def instance(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Make]:
    """Each call is another process on the same database."""
    if request.param == "memory":
        rows: dict[Any, bytes] = {}
        yield lambda kek=KEK, records_max=1000: MemoryVault(LocalWrapper(kek), clock, records_max, rows)
        return
    client: Any = CLIENTS[request.param](request.getfixturevalue("mongo_url")("admin"))
    name = f"vault_{os.urandom(4).hex()}"
    yield lambda kek=KEK, records_max=1000: MongoVault(client[name], LocalWrapper(kek), clock, records_max)
    await client.drop_database(name)
    closing = client.close()
    if closing is not None:
        await closing


async def test_a_record_has_one_key_for_ever_and_every_process_reads_the_same(instance: Make) -> None:
    writer, reader = instance(), instance()
    made = await writer.keys(["record/1", "record/2"], create=True)
    assert len(set(made.values())) == 2 and all(len(key) == 32 for key in made.values())
    assert await reader.keys(["record/1", "record/2", "record/3"]) == made
    assert await instance().keys(["record/1"], create=True) == {"record/1": made["record/1"]}


async def test_instances_that_make_the_same_keys_at_once_get_the_same_ones(instance: Make) -> None:
    records = [f"record/{n}" for n in range(20)]
    answers = await asyncio.gather(*(instance().keys(records[n % 3 :], create=True) for n in range(8)))
    for answer in answers:
        assert answer.items() <= (await instance().keys(records)).items()


async def test_what_was_not_there_is_not_remembered(instance: Make) -> None:
    reader = instance()
    assert await reader.keys(["record/1"]) == {}
    made = await instance().keys(["record/1"], create=True)
    assert await reader.keys(["record/1"]) == made


async def test_an_erased_key_is_gone_here_at_once_and_elsewhere_within_a_minute(instance: Make, clock: ManualClock) -> None:
    here, there = instance(), instance()
    made = await here.keys(["record/1", "record/2"], create=True)
    assert await there.keys(["record/1"])
    await here.erase("record/1")
    assert await here.keys(["record/1", "record/2"]) == {"record/2": made["record/2"]}
    clock.advance(timedelta(seconds=CACHE_S + 1))
    assert await there.keys(["record/1"]) == {}


async def test_an_erased_record_never_gets_another_key(instance: Make, clock: ManualClock) -> None:
    vault = instance()
    await vault.keys(["record/1"], create=True)
    await vault.erase("record/1")
    await vault.erase("record/never-seen")
    for process in (vault, instance()):
        assert await process.keys(["record/1", "record/never-seen"], create=True) == {}
        clock.advance(timedelta(minutes=5))


async def test_an_erasure_that_is_known_stands_against_an_answer_under_way(instance: Make, clock: ManualClock) -> None:
    vault = instance()
    made = await vault.keys(["record/1"], create=True)
    await vault.erase("record/1")
    vault._cache.put(made, clock.monotonic())
    assert await vault.keys(["record/1"]) == {}


async def test_the_cache_is_bounded_and_keeps_nothing_past_a_minute(instance: Make, clock: ManualClock) -> None:
    vault = instance(records_max=3)
    assert len(await vault.keys([f"record/{n}" for n in range(10)], create=True)) == 10
    assert len(vault._cache) == 3
    clock.advance(timedelta(seconds=CACHE_S + 1))
    await vault.keys(["record/0"])
    assert len(vault._cache) == 1


async def test_no_key_lies_readable_in_the_database(instance: Make) -> None:
    vault = instance()
    key = (await vault.keys(["record/1"], create=True))["record/1"]
    row = (await vault._find("keys", ["record/1"]))["record/1"]
    assert key not in row and KEK not in row and len(row) > len(key)


async def test_another_key_encryption_key_opens_nothing_and_says_so(instance: Make) -> None:
    await instance().keys(["record/1"], create=True)
    with pytest.raises(Problem, match="TL-1302"):
        await instance(kek=os.urandom(32)).keys(["record/1"])


async def test_blind_keys_agree_between_processes_and_cannot_be_confused(instance: Make) -> None:
    first, second = instance(), instance()
    await asyncio.gather(first.open(create=True), second.open(create=True))
    reader = instance()
    await reader.open()
    blind: Blind = reader.blind
    assert first.blind("a", "b") == second.blind("a", "b") == blind("a", "b")
    assert len({blind("ab", "c"), blind("a", "bc"), blind("abc"), blind("", "abc"), blind("abc", "")}) == 5
    assert len(base64.urlsafe_b64decode(blind("x") + "=")) == 32 and set(blind("x", "ü")) <= set(base64_url())


def base64_url() -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


async def test_a_reader_waits_for_the_writer_of_the_index_key(instance: Make) -> None:
    reader = instance()
    with pytest.raises(Unavailable):
        await reader.open()
    with pytest.raises(Unavailable):
        reader.blind("x")


async def test_two_networks_have_different_blind_keys(clock: ManualClock) -> None:
    first, second = MemoryVault(LocalWrapper(KEK), clock), MemoryVault(LocalWrapper(KEK), clock)
    await first.open(create=True)
    await second.open(create=True)
    assert first.blind("x") != second.blind("x")


def test_a_retired_key_encryption_key_still_unwraps_but_no_longer_wraps() -> None:
    old, new = base64.b64encode(os.urandom(32)).decode(), base64.b64encode(os.urandom(32)).decode()
    row = LocalWrapper.of(old).wrap("record/1", b"k" * 32)
    both = LocalWrapper.of(new, old)
    assert both.unwrap("record/1", row) == b"k" * 32
    with pytest.raises(Problem, match="TL-1302"):
        LocalWrapper.of(old).unwrap("record/1", both.wrap("record/1", b"k" * 32))


def test_a_wrapped_key_in_another_record_s_row_does_not_open() -> None:
    wrapper = LocalWrapper(KEK)
    with pytest.raises(Problem, match="TL-1302"):
        wrapper.unwrap("record/2", wrapper.wrap("record/1", b"k" * 32))


@pytest.mark.parametrize("kek", ["", "c2hvcnQ=", "not base64!"])
def test_a_poor_key_encryption_key_is_refused_with_what_to_do(kek: str) -> None:
    with pytest.raises(Problem, match="THROUGHLINE_VAULT_KEK") as caught:
        LocalWrapper.of(kek)
    assert not kek or kek not in str(caught.value)


@pytest.mark.engines
@pytest.mark.parametrize("driver", CLIENTS)
async def test_a_vault_that_does_not_answer_is_unavailable_in_bounded_time(driver: str, clock: ManualClock) -> None:
    client: Any = CLIENTS[driver]("mongodb://127.0.0.1:9/")
    vault = MongoVault(client["vault"], LocalWrapper(KEK), clock, timeout_ms=300)
    with pytest.raises(Unavailable, match="the vault does not answer"):
        await asyncio.wait_for(vault.keys(["record/1"]), 5)
    closing = client.close()
    if closing is not None:
        await closing


@pytest.mark.engines
async def test_a_service_that_only_reads_makes_and_erases_no_keys(mongo_url: Callable[[str], str], clock: ManualClock) -> None:
    writer, reader = (
        MongoVault(pymongo.AsyncMongoClient(mongo_url(service))["vault"], LocalWrapper(KEK), clock) for service in ("intake", "follow_up")
    )
    made = await writer.keys(["record/1"], create=True)
    assert await reader.keys(["record/1", "record/2"]) == made
    for forbidden in (reader.keys(["record/2"], create=True), reader.erase("record/1")):
        with pytest.raises(Problem, match="TL-1303"):
            await forbidden
