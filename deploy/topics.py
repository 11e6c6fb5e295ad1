"""Kafka's topics as the catalogue has them: created when missing, brought to their configuration, never repartitioned."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource, ResourceType  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from contracts.catalogue import Topic
from infra.problems import Problem

ADMIN_SECONDS_MAX = 60
REPLICAS_FOR_QUORUM = 3
RECORDS_MAX = 5_000
"""A controller refuses a request that would write more than 10,000 metadata records ("excessively large batch operation")."""
SET_ON_TOPIC = ConfigSource.DYNAMIC_TOPIC_CONFIG
Key = TypeVar("Key")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Applied:
    """What an application changed; both empty when nothing was to do."""

    created: tuple[str, ...]
    reconfigured: tuple[str, ...]


def apply(admin: AdminClient, topics: Iterable[Topic], replicas: int = 1) -> Applied:
    """Make the broker agree with these topics, in a handful of calls however many they are.

    TL-2010 when a topic exists with another number of partitions: changing that would move keys between partitions and so break
    the order of events, which no command here does. Topics that are not named are left alone.
    """
    wanted = {topic.name: topic for topic in topics}
    present = admin.list_topics(timeout=ADMIN_SECONDS_MAX).topics
    existing = {name: topic for name, topic in wanted.items() if name in present}
    for name, topic in existing.items():
        _require_partitions(topic, len(present[name].partitions))
    missing = [topic for name, topic in wanted.items() if name not in present]
    _create(admin, missing, replicas)
    return Applied(tuple(topic.name for topic in missing), _reconfigure(admin, existing.values(), replicas))


def remove(admin: AdminClient, names: Iterable[str]) -> None:
    """Delete topics and all that is in them."""
    present = admin.list_topics(timeout=ADMIN_SECONDS_MAX).topics
    if gone := [name for name in names if name in present]:
        settle("removing topics", admin.delete_topics(gone, operation_timeout=ADMIN_SECONDS_MAX))


def configuration(topic: Topic, replicas: int) -> dict[str, str]:
    durable = {"min.insync.replicas": "2"} if replicas >= REPLICAS_FOR_QUORUM else {}
    return {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms), **durable, **topic.config}


def _create(admin: AdminClient, topics: list[Topic], replicas: int) -> None:
    for part in in_parts(topics, lambda topic: topic.partitions + 1 + len(configuration(topic, replicas))):
        new = [NewTopic(topic.name, topic.partitions, replicas, config=configuration(topic, replicas)) for topic in part]
        made = admin.create_topics(new, operation_timeout=ADMIN_SECONDS_MAX, request_timeout=ADMIN_SECONDS_MAX)
        settle("creating topics", made, tolerate=KafkaError.TOPIC_ALREADY_EXISTS)  # by another run, just now, from the same catalogue


def _require_partitions(topic: Topic, found: int) -> None:
    if found != topic.partitions:
        raise Problem(
            code="TL-2010",
            what=f"Topic {topic.name} has {found} partitions, the catalogue says {topic.partitions}",
            why="keys would change their partition, and events of one aggregate would lose their order",
            fix="set the catalogue back; or, where its data may go: throughline down --purge, then throughline up",
        )


def _reconfigure(admin: AdminClient, topics: Iterable[Topic], replicas: int) -> tuple[str, ...]:
    """Set what differs. Values that were set by hand and are not in the catalogue go back to the broker's own."""
    wanted = {topic.name: configuration(topic, replicas) for topic in topics}
    if not wanted:
        return ()
    described = settle("reading topics", admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in wanted]))
    changes = [
        ConfigResource(ResourceType.TOPIC, resource.name, incremental_configs=edits)
        for resource, entries in described.items()
        if (edits := _edits(wanted[resource.name], entries))
    ]
    if changes:
        settle("configuring topics", admin.incremental_alter_configs(changes))
    return tuple(resource.name for resource in changes)


def _edits(wanted: Mapping[str, str], entries: Mapping[str, ConfigEntry]) -> list[ConfigEntry]:
    own = {name: entry.value for name, entry in entries.items() if ConfigSource(entry.source) is SET_ON_TOPIC}
    sets = [(name, value, AlterConfigOpType.SET) for name, value in wanted.items() if own.get(name) != value]
    drops = [(name, "", AlterConfigOpType.DELETE) for name in own.keys() - wanted.keys()]
    return [ConfigEntry(name, value, incremental_operation=operation) for name, value, operation in sets + drops]


def in_parts(items: Iterable[Key], weight: Callable[[Key], int] = lambda item: 1) -> Iterator[list[Key]]:
    """Split what one call may be too small for; `weight` is how many metadata records the controller writes for an item."""
    part: list[Key] = []
    total = 0
    for item in items:
        if part and total + weight(item) > RECORDS_MAX:
            yield part
            part, total = [], 0
        part.append(item)
        total += weight(item)
    if part:
        yield part


def settle(doing: str, futures: Mapping[Key, Future[Result]], tolerate: int | None = None) -> dict[Key, Result]:
    """Wait for all answers of one administrative call. TL-2011 with the first refusal that is not tolerated."""
    answers = {}
    for key, future in futures.items():
        try:
            answers[key] = future.result(ADMIN_SECONDS_MAX)
        except KafkaException as refusal:
            error = refusal.args[0]
            if error.code() != tolerate:
                raise Problem(
                    code="TL-2011",
                    what=f"Kafka refused {doing}",
                    why=f"{error.name()}: {error.str()}",
                    fix="is the broker up, and the user an administrator?",
                ) from refusal
    return answers
