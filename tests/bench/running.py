"""Processes of a measurement: started from here, in the environment of a local run, and ended by us alone."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from pymongo import MongoClient

from contracts import catalogue
from deploy import topics
from deploy.local import processes
from deploy.local.engines import Engines
from deploy.local.services import SERVICES, environment
from tests.running import ROOT, Services

SAMPLING = "0.01"
NO_COORDINATOR_YET = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
Result = dict[str, Any]


def told(engines: Engines, service: str, **settings: str) -> dict[str, str]:
    """The environment of a service's process: a local run's, and these settings (`lanes="1"`)."""
    (known,) = [one for one in SERVICES if one.name == service]
    given = {"TRACE_SAMPLING_RATIO": SAMPLING, "LOG_LEVEL": "WARNING", "HTTP_PORT": "0", **{k.upper(): v for k, v in settings.items()}}
    return environment(known, engines) | {f"THROUGHLINE_{name}": value for name, value in given.items()}


def others(engines: Engines) -> dict[str, int]:
    """Broker and database, whose CPU a measurement counts beside its own."""
    return {{"mongo": "database"}.get(name, "broker"): child.pid for name, child in engines.children.items()}


def measured(module: str, about: Mapping[str, Any], env: Mapping[str, str], timeout_s: float) -> Result:
    """Run a module until it wrote its result; RuntimeError with the end of what it said when it did not."""
    with TemporaryDirectory() as directory:
        result = Path(directory) / "result.json"
        given = {**env, "BENCH": json.dumps({**about, "result": str(result)})}
        try:
            ended = subprocess.run(
                [sys.executable, "-m", module], cwd=ROOT, env=given, timeout=timeout_s, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            said = ended.stdout
        except subprocess.TimeoutExpired as late:
            said = f"{(late.stdout or b'').decode(errors='replace')}\nnot done after {timeout_s:.0f} s"
        if not result.exists():
            raise RuntimeError(f"{module} measured nothing:\n{said[-3_000:]}")
        return json.loads(result.read_text())  # type: ignore[no-any-return]


@contextmanager
def running(engines: Engines, *services: str, **settings: str) -> Iterator[dict[str, processes.Child]]:
    """Processes of these services, ready; stopped at the end. One that is named again is another instance (`intake`, `intake-2`)."""
    given = {"trace_sampling_ratio": SAMPLING, "log_level": "WARNING", **settings}
    with Services(engines, **given) as started:
        for place, service in enumerate(services):
            before = services[:place].count(service)
            started.spawn(service, instance=f"{service}-{before + 1}" if before else service)
            started.await_ready()
        yield started.children


def runnable(service: str) -> bool:
    """Whether the service can be started as a process of its own."""
    app = ROOT / "services" / service / "app.py"
    return app.exists() and "__main__" in app.read_text()


def lag(engines: Engines, group: str, names: Sequence[str]) -> int:
    """Records of these topics that the group has not committed yet."""
    with committed(engines, group, names) as records:
        done = records()
    return sum(ends(engines, names).values()) - done


@contextmanager
def committed(engines: Engines, group: str, names: Iterable[str]) -> Iterator[Callable[[], int]]:
    """What tells, whenever it is called, how many records of these topics (each begun at 0) the group has committed.

    It is asked as a member that never joins.
    """
    with _consumer(engines, group) as consumer:
        places = _places(consumer, names)
        yield lambda: sum(max(0, at.offset) for at in _committed(consumer, places))


def ends(engines: Engines, names: Iterable[str]) -> dict[tuple[str, int], int]:
    """Where these topics end now."""
    with _consumer(engines, "admin.bench") as consumer:
        return {(at.topic, at.partition): consumer.get_watermark_offsets(at, timeout=30)[1] for at in _places(consumer, names)}


def _committed(consumer: Consumer, places: list[TopicPartition], tries: int = 40) -> list[TopicPartition]:
    """Asked again while the broker is still making the topic that offsets are kept in."""
    for left in reversed(range(tries)):
        try:
            return consumer.committed(places, timeout=30)
        except KafkaException as error:
            if not left or error.args[0].code() not in NO_COORDINATOR_YET:
                raise
            time.sleep(0.25)
    return []


@contextmanager
def _consumer(engines: Engines, group: str) -> Iterator[Consumer]:
    consumer = Consumer({**engines.kafka_config("admin"), "group.id": group, "enable.auto.commit": False, "log_level": 0})
    try:
        yield consumer
    finally:
        consumer.close()


def _places(consumer: Consumer, names: Iterable[str]) -> list[TopicPartition]:
    known = consumer.list_topics(timeout=30).topics
    return [TopicPartition(topic, partition) for topic in names for partition in known[topic].partitions]


def start_anew(engines: Engines, *services: str) -> None:
    """Forget what these services stored and said, and the vault. Both at once: who finds its facts said and not stored, restores them."""
    client: MongoClient[Any] = MongoClient(engines.mongo_url("admin"))
    for name in (*services, "vault"):
        client.drop_database(name)
    client.close()
    topics.remove(engines.admin(), [topic.name for topic in catalogue.TOPICS if topic.owner in services])
    topics.apply(engines.admin(), catalogue.TOPICS)
