"""A real broker of this run's own: SCRAM and ACLs on, free to be killed and started again."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from deploy.local import jars, java, kafka, ports, processes
from deploy.local.cache import Cache
from deploy.local.secrets import Secrets
from deploy.local.settings import LocalSettings
from infra.partition import partition_of
from infra.store.port import FactRow


@dataclass
class Broker:
    """One broker and what a test may do to it."""

    kafka: kafka.Kafka
    directory: Path
    child: processes.Child | None = None
    _names: int = field(default=0)

    def start(self, follow: bool = True) -> None:
        """`follow=False` when called from a thread: the kernel would end the child with it."""
        with pytest.MonkeyPatch.context() as patch:
            if not follow:
                patch.setattr(processes, "_follow", lambda parent: None)
            self.child = kafka.start(self.kafka, run=self.directory / "run", logs=self.directory / "logs")
        kafka.wait_ready(self.kafka, self.child)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        assert self.child
        processes.kill(self.child)

    def stop(self) -> None:
        if self.child:
            processes.stop([self.child])

    @property
    def connection(self) -> dict[str, Any]:
        """aiokafka's arguments. Kept short-tempered, so that tests see reconnection rather than wait for it."""
        return {
            "bootstrap_servers": self.kafka.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": kafka.ADMIN,
            "sasl_plain_password": self.kafka.password(kafka.ADMIN),
        }

    def topic(self, partitions: int, **config: str) -> str:
        self._names += 1
        name = f"t{self._names}-{partitions}"
        admin = self.kafka.admin()  # held: its futures fail when it is collected
        admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(10)
        return name

    def configure(self, topic: str, name: str, value: str) -> None:
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        admin = self.kafka.admin()
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(10)

    async def read(self, topic: str) -> list[Any]:
        """Every record that is in the topic now, partition by partition."""
        consumer = AIOKafkaConsumer(**self.connection, auto_offset_reset="earliest", enable_auto_commit=False)
        await consumer.start()
        try:
            await consumer._client._wait_on_metadata(topic)
            places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
            ends = await consumer.end_offsets(places)
            consumer.assign(places)
            records: list[Any] = []
            while [p for p in places if await consumer.position(p) < ends[p]]:
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records += found
            return records
        finally:
            await consumer.stop()


@pytest.fixture(scope="session")
def class_path() -> Path:
    return jars.class_path(Cache(LocalSettings().cache), say=lambda line: None)


@pytest.fixture(scope="module")
def broker(class_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    directory = tmp_path_factory.mktemp("broker")
    made = kafka.Kafka(directory / "kafka", java.find_java(), class_path, ports.free_port(2), Secrets(directory / "secrets.json"))
    running = Broker(made, directory)
    running.start()
    yield running
    running.stop()


def fact_row(topic: str, aggregate: str, sequence: int, data: bytes = b'{"n":1}') -> FactRow:
    """A fact as the runtime stores it."""
    attributes = {
        "specversion": "1.0",
        "id": f"{aggregate}-{sequence}",
        "source": "/test/speaker",
        "type": "thing.happened.v1",
        "subject": aggregate,
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "sequence": f"{sequence:020d}",
        "partitionkey": aggregate,
        "recordedtime": "2026-01-01T00:00:00Z",
        "authtype": "system",
        "causetopic": "causes",
        "causesubject": "cause/1",
        "causesequence": f"{sequence:020d}",
        "causeid": "6a5be0f8-0c1b-5d0e-9d6a-1f2f5a3c7e11",
        "correlationid": "6a5be0f8-0c1b-5d0e-9d6a-1f2f5a3c7e11",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    return FactRow(
        id=f"{aggregate}/{topic}/{sequence:020d}",
        aggregate=aggregate,
        topic=topic,
        sequence=sequence,
        key=aggregate,
        part=partition_of(aggregate),
        attributes=attributes,
        data=data,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def heard(records: list[Any]) -> dict[str, list[int]]:
    """What a listener with a watermark for each subject applies: anything not above its watermark is dropped."""
    applied: dict[str, list[int]] = {}
    for record in records:
        headers = dict(record.headers)
        subject, sequence = headers["ce_subject"].decode(), int(headers["ce_sequence"])
        known = applied.setdefault(subject, [])
        if not known or sequence > known[-1]:
            known.append(sequence)
    return applied


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
