"""The same work as the floor's in a plain FastStream handler, one message at a time: what the framework's first page suggests."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import SASLScram512
from pymongo import AsyncMongoClient

from deploy.local.engines import Engines
from infra.bus import connection
from tests.bench.probe import cpu_s, peak_rss
from tests.bench.running import Result, measured, others


def run(engines: Engines, events: int) -> Result:
    """One run in a process of its own, as the administrator, like the floor."""
    user, password = engines.credentials("admin")
    access = {"bootstrap": engines.kafka_bootstrap, "user": user, "password": password, "mongo": engines.mongo_url("admin")}
    return measured("tests.bench.plain", {**access, "events": events, "others": others(engines)}, os.environ, 60 + events / 10)


class Plain:
    """Topics and collections of one run."""

    def __init__(self, about: dict[str, Any]) -> None:
        run = uuid4().hex[:8]
        self.about, self.events, self.group = about, about["events"], run
        self.source, self.sink = f"plain-in-{run}", f"plain-out-{run}"
        self.access = connection(about["bootstrap"], about["user"], about["password"])
        self.client: AsyncMongoClient[Any] = AsyncMongoClient(about["mongo"])
        self.aggregates, self.facts = self.client["floor"][f"a{run}"], self.client["floor"][f"f{run}"]
        self.done = 0
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    async def prepare(self) -> None:
        admin = AIOKafkaAdminClient(**self.access)
        await admin.start()
        await admin.create_topics([NewTopic(topic, 6, 1) for topic in (self.source, self.sink)])
        await admin.close()
        async with AIOKafkaProducer(**self.access, linger_ms=2) as producer:
            for i in range(self.events):
                await producer.send(self.source, *_record(i, self.events))
            await producer.flush()
        await self.aggregates.create_index([("due_at", 1)])
        await self.facts.create_index([("published", 1)], partialFilterExpression={"published": False})

    async def handle(self, event: dict[str, Any], broker: KafkaBroker) -> None:
        """Load, decide, one transaction, publish, mark. The framework commits the offset afterwards."""
        subject = event["subject"]
        found = await self.aggregates.find_one({"_id": subject}, {"v": 1})
        version = found["v"] if found else 0
        said = {**event, "type": "referral.received.v1"}
        row = {"_id": f"{subject}/{version + 1}", "key": subject, "event": said, "published": False}
        change = {"$set": {"v": version + 1, "state": event["data"], "due_at": event["n"]}}
        async with self.client.start_session() as session, await session.start_transaction():
            await self.aggregates.update_one({"_id": subject, "v": version}, change, upsert=True, session=session)
            await self.facts.insert_one(row, session=session)
        await broker.publish(said, self.sink, key=subject.encode())
        await self.facts.update_one({"_id": row["_id"]}, {"$set": {"published": True}})

    async def measure(self) -> None:
        await self.prepare()
        security = SASLScram512(self.about["user"], self.about["password"], use_ssl=False)
        broker = KafkaBroker(self.about["bootstrap"], security=security, logger=None)
        finished = asyncio.Event()

        async def handler(event: dict[str, Any]) -> None:
            self.began = self.began or self._now()
            await self.handle(event, broker)
            self.done += 1
            if self.done == self.events:
                self.ended = self._now()
                finished.set()

        subscriber = broker.subscriber(self.source, group_id=self.group, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)
        subscriber(handler)
        await broker.start()
        await finished.wait()
        await broker.stop()
        await self.client["floor"].drop_collection(self.aggregates.name)
        await self.client["floor"].drop_collection(self.facts.name)

    def tell(self) -> None:
        used = {name: self.ended[name] - self.began[name] for name in self.ended}
        Path(self.about["result"]).write_text(json.dumps({"used": used, "events": self.done, "rss_bytes": peak_rss()}))

    def _now(self) -> dict[str, float]:
        counted = {name: cpu_s(pid) for name, pid in self.about["others"].items()}
        return {"wall": time.perf_counter(), "own": time.process_time(), **counted}


def _record(i: int, events: int) -> tuple[bytes, bytes]:
    """Value and key, as the floor makes them."""
    subject = f"r{i % max(1, events // 3)}"
    data = {"urgency": "urgent", "program": "outpatient", "zip": "43004", "reason": "x" * 200}
    body = {"id": str(uuid4()), "subject": subject, "type": "referral.requested.v1", "n": i, "data": data}
    return orjson.dumps(body), subject.encode()


if __name__ == "__main__":
    plain = Plain(json.loads(os.environ["BENCH"]))
    uvloop.run(plain.measure())
    plain.tell()
