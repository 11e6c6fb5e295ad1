"""Raw Kafka clients that say in one word how an attempt ended: `ok`, or the broker's own name for its refusal."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

Config = Mapping[str, object]
QUIET = logging.getLogger("tests.local.quiet")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False
SECONDS_MAX = 15.0
OK, SILENCE = "ok", "nothing within the time"


def write(config: Config, topic: str, value: bytes = b"{}", idempotent: bool = True) -> str:
    """One record, acknowledged by the broker."""
    return write_each(config, [topic], value, idempotent)[topic]


def write_each(config: Config, topics: Iterable[str], value: bytes = b"{}", idempotent: bool = True) -> dict[str, str]:
    """One record to each topic, by one producer; how each attempt ended."""
    said = dict.fromkeys(topics, SILENCE)

    def note(topic: str) -> Callable[[KafkaError | None, object], None]:
        return lambda error, _: said.update({topic: error.name() if error else OK})

    settings = {**config, "enable.idempotence": idempotent, "acks": "all", "message.timeout.ms": 10_000, "linger.ms": 0}
    producer = Producer(settings, logger=QUIET)
    for topic in said:
        try:
            producer.produce(topic, value, on_delivery=note(topic))
        except KafkaException as refusal:
            said[topic] = refusal.args[0].name()
    producer.flush(SECONDS_MAX)
    return said


def read(config: Config, topic: str, group: str) -> str:
    """The first record of a topic, as a member of a group; a topic that is empty but may be read is `SILENCE`."""
    consumer = Consumer({**config, "group.id": group, "auto.offset.reset": "earliest"}, logger=QUIET)
    try:
        consumer.subscribe([topic])
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            if (message := consumer.poll(0.2)) is not None:
                return message.error().name() if message.error() else OK
        return SILENCE
    finally:
        consumer.close()


def create_topic(config: Config, name: str) -> str:
    admin = AdminClient(dict(config), logger=QUIET)  # kept until the answer is there
    try:
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(SECONDS_MAX)
        return OK
    except KafkaException as refusal:
        return refusal.args[0].name()


def sign_in(config: Config, seconds_max: float = SECONDS_MAX) -> str:
    """`ok`, or `_AUTHENTICATION` when the broker does not believe the password."""
    said: list[KafkaError] = []
    client = Producer({**config, "error_cb": said.append}, logger=QUIET)
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        try:
            client.list_topics(timeout=1)
            return OK
        except KafkaException:
            client.poll(0.1)
            if any(error.code() == KafkaError._AUTHENTICATION for error in said):
                return "_AUTHENTICATION"
    return SILENCE
