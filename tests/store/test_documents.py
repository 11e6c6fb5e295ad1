"""How rows lie in the database, where more than one version of the code reads and writes them."""

from datetime import timedelta
from typing import Any

import pytest

from infra.store import Changes, Store
from infra.store.mongo import MongoStore
from tests.store.rows import NOON, aggregate, fact, receipt
from tests.store.server import DatabaseServer

pytestmark = pytest.mark.engines


@pytest.fixture
async def store(server: DatabaseServer, database: Any) -> Any:
    one = MongoStore(server.url, database.name)
    await one.open()
    yield one
    await one.close()


async def test_fields_of_a_newer_version_outlive_our_update(store: Store, database: Any):
    await store.commit(Changes([aggregate()], receipts=[receipt("r1", "early")]))
    for collection in ("aggregates", "receipts"):
        database[collection].update_one({}, {"$set": {"newer": {"a": [1]}}})
    await store.commit(Changes([aggregate(v=2)], receipts=[receipt("r1", "event", was="early")]))
    assert (await store.load(["item/1"]), await store.receipts(["r1"])) == ({"item/1": aggregate(v=2)}, {"r1": receipt("r1")})
    assert [database[collection].find_one()["newer"] for collection in ("aggregates", "receipts")] == [{"a": [1]}] * 2


async def test_a_document_can_be_read_by_a_person(store: Store, database: Any):
    await store.commit(Changes([aggregate(wm={"a-events/x": 3})], [fact(data=b'{"a":1}')]))
    row, said = database["aggregates"].find_one(), database["facts"].find_one()
    assert row["state"] == '{"n":1}'
    assert '"wm":{"a-events/x":3}' in row["about"]
    assert (said["data"], said["attributes"]) == ('{"a":1}', '{"id":"x"}')


async def test_what_has_no_deadline_is_in_no_index_of_deadlines(store: Store, database: Any):
    await store.commit(Changes([aggregate(due_at=NOON), aggregate("item/2")]))
    await store.commit(Changes([aggregate(v=2)]))
    assert database["aggregates"].count_documents({"due_at": {"$exists": True}}) == 0


async def test_the_indexes_are_the_ones_the_queries_need(store: Store, database: Any):
    await store.open()
    indexes = {name: database[name].index_information() for name in ("aggregates", "outbox", "receipts")}
    assert indexes["aggregates"]["due"]["partialFilterExpression"] == {"due_at": {"$exists": True}}
    assert indexes["outbox"]["waiting"]["key"] == [("part", 1), ("recorded_at", 1)]
    assert indexes["receipts"]["waiting"]["sparse"]
    assert indexes["receipts"]["expiry"]["expireAfterSeconds"] == 0


async def test_receipts_expire_by_themselves_only_when_told_to(store: Store, database: Any):
    await store.commit(Changes(receipts=[receipt("r1"), receipt("r2", expires_at=NOON + timedelta(days=30))]))
    assert [("expires_at" in row) for row in database["receipts"].find(sort=[("_id", 1)])] == [False, True]
