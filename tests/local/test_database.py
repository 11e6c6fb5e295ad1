"""What each database user may do, and that what was acknowledged is still there after SIGKILL."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from contracts import catalogue
from deploy.local import mongo
from deploy.local.engines import Engines

pytestmark = pytest.mark.engines
UNAUTHORIZED = 13


def client(engines: Engines, service: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(engines.mongo_url(service), serverSelectionTimeoutMS=5_000)


def refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OperationFailure as refusal:
        return refusal.code == UNAUTHORIZED
    return False


@pytest.mark.parametrize("service", catalogue.SERVICES)
def test_a_service_has_its_own_database_and_no_other(engines: Engines, service: str) -> None:
    with client(engines, service) as mine:
        assert mine.get_default_database().name == service
        mine[service].things.create_index("at", unique=True, sparse=True)
        mine[service].things.insert_one({"one": 1})
        with mine.start_session() as session:
            session.with_transaction(lambda s: mine[service].things.insert_one({"two": 2}, session=s))
        for other in {*catalogue.SERVICES} - {service}:
            assert refused(mine[other].things.find_one), other
            assert refused(lambda other=other: mine[other].things.insert_one({})), other
            assert refused(lambda other=other: mine.drop_database(other)), other
        assert refused(lambda: mine.admin.command("createUser", "other", pwd="x", roles=["root"]))
        assert refused(lambda: mine.admin["system.users"].find_one())


@pytest.mark.parametrize("service", catalogue.SERVICES)
def test_the_vault_is_written_by_who_makes_keys_and_read_by_the_others(engines: Engines, service: str) -> None:
    with client(engines, mongo.VAULT_WRITERS[0]) as writer:
        writer.vault["keys"].insert_one({"of": "a record"})
    with client(engines, service) as mine:
        assert mine.vault["keys"].find_one()
        writes = (lambda: mine.vault["keys"].insert_one({}), lambda: mine.vault["keys"].delete_many({"no": "such"}))
        for write in writes:
            assert refused(write) is (service not in mongo.VAULT_WRITERS)


def test_a_wrong_password_or_none_is_refused(engines: Engines) -> None:
    where = f"127.0.0.1:{engines.settings.mongo_port}/?directConnection=true"
    with MongoClient(f"mongodb://{where}") as stranger:
        assert refused(stranger.intake.things.find_one)
        assert refused(lambda: stranger.admin.command("createUser", "other", pwd="x", roles=["root"]))
    with MongoClient(f"mongodb://svc-intake:wrong@{where}") as impostor, pytest.raises(PyMongoError):
        impostor.intake.things.find_one()


def test_acknowledged_writes_survive_the_kill_of_the_database(new_engines: Callable[..., Engines]) -> None:
    """Killed three times in the midst of writing; not one acknowledged document may be missing afterwards."""
    engines = new_engines()
    acknowledged: list[int] = []
    for round_ in range(3):
        writer = threading.Thread(target=_write_until_it_dies, args=(engines, round_ * 1_000_000, acknowledged))
        writer.start()
        while len(acknowledged) < (round_ + 1) * 300:
            assert writer.is_alive()
            time.sleep(0.01)
        engines.kill_mongo()
        writer.join(20)
        engines.start_mongo()
    with client(engines, "intake") as reader:
        kept = {document["_id"] for document in reader.intake.things.find()}
    assert len(acknowledged) >= 900
    assert not set(acknowledged) - kept


def _write_until_it_dies(engines: Engines, first: int, acknowledged: list[int]) -> None:
    url = engines.mongo_url("intake") + "&retryWrites=false&w=majority&journal=true&serverSelectionTimeoutMS=1000"
    with MongoClient(url) as writer:
        for number in range(first, first + 500_000):
            try:
                writer.intake.things.insert_one({"_id": number, "filling": "x" * 200})
            except PyMongoError:
                return
            acknowledged.append(number)
