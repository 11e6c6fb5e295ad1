"""How fast the read model is made anew from the log."""

from dataclasses import replace
from datetime import UTC, datetime

from confluent_kafka import Producer

from deploy.local.engines import Engines
from infra.bus import connection
from infra.clock import Clock
from infra.partition import partition_of
from infra.records import Record
from infra.telemetry import Meters
from services.worklist.app import HEARS, TOPICS
from services.worklist.follow import Follower, Reader
from services.worklist.rebuild import Log as Source
from services.worklist.rebuild import Rebuilt, rebuild
from services.worklist.store import Board
from tests.worklist.stories import Log, record_of, whole

OWNERS = {"intake-events": "svc-intake", "assignment-events": "svc-assignment"}
PATTERN, IN_FLIGHT_S = "n00000000", 0.2


def copied(record: Record, n: int) -> Record:
    """The same event of another referral: every id in it replaced by one of the same length."""
    old, new = PATTERN.encode(), f"n{n:08d}".encode()
    headers = tuple((name, value.replace(old, new)) for name, value in record.headers)
    key = next(value for name, value in headers if name == "ce_partitionkey").decode()
    return replace(record, headers=headers, value=(record.value or b"").replace(old, new), partition=partition_of(key))


def told(engines: Engines, events: int) -> int:
    """The log of so many events, in the topics of those who say them."""
    life = [record_of(one) for one in whole(Log(), PATTERN).heard]
    speakers = {topic: Producer({**engines.kafka_config(owner), "acks": "all", "linger.ms": 50}) for topic, owner in OWNERS.items()}
    for n in range(events // len(life)):
        for one in (copied(record, n) for record in life):
            key = next(value for name, value in one.headers if name == "ce_partitionkey")
            speakers[one.topic].produce(one.topic, one.value, key, partition=one.partition, headers=list(one.headers))
            speakers[one.topic].poll(0)
        if n % 1000 == 0:
            for speaker in speakers.values():
                speaker.flush(60)
    assert not any(speaker.flush(120) for speaker in speakers.values())
    return events // len(life) * len(life)


async def remade(engines: Engines, events: int) -> Rebuilt:
    """What `throughline worklist rebuild` does, of a log of so many events."""
    told(engines, events)
    board = Board(engines.mongo_url("worklist"), "worklist")
    await board.open()
    source = Source(TOPICS, connection(engines.kafka_bootstrap, *engines.credentials("svc-worklist")))
    await source.start()
    try:
        meters = Meters(f"remade-{datetime.now(UTC).timestamp()}")
        return await rebuild(board, Follower(board, Reader(HEARS), Clock(), meters), source, IN_FLIGHT_S)
    finally:
        await source.stop()
        await board.close()
