"""From a partner's publish to where people see it, under a steady load: on intake's topic, on assignment's, and on the worklist."""

import threading
import time
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from pymongo import MongoClient

from contracts.catalogue import PARTNER_IN
from contracts.kernel import derived
from deploy.local.engines import Engines
from tests.bench.events import SOURCE, Sent, floor_bytes, forget, mixed, new_partners
from tests.bench.intake import PARTNERS
from tests.bench.report import Line, percentile, skipped
from tests.bench.running import ends, runnable, running, start_anew

SETTLE_S, LOOK_EVERY_S, LOOKED_FOR_MAX, SAMPLED = 10.0, 0.02, 500, 10
"""The database is asked for one item in ten: to ask for all costs more than to show them, on the same two cores."""
WARM_S = 10
"""A process that has just started reads code and opens connections: what is sent in its first seconds is not counted."""
LIMITS = {"p50": (0.50, None), "p95": (0.95, 1.0), "p99": (0.99, 2.0)}
Times = dict[str, float]


class Seen:
    """When facts appeared: each by the id of the message that caused it, each cause known by when its own cause was sent."""

    def __init__(self) -> None:
        self.sent: Times = {}
        self.delays: dict[str, list[float]] = {"intake-events": [], "assignment-events": [], "worklist": []}
        self.items: Times = {}
        """Items the worklist should show, by when their event was sent."""

    def fact(self, topic: str, headers: dict[str, Any]) -> None:
        cause, own = headers.get("ce_causeid", b"").decode(), headers.get("ce_id", b"").decode()
        began = self.sent.get(cause)
        if began is None:
            return
        self.delays[topic].append(time.perf_counter() - began)
        if topic == "intake-events":
            self.sent[own] = began
            subject = headers.get("ce_subject", b"").decode()
            if headers.get("ce_type") == b"request.received.v1" and not len(self.delays[topic]) % SAMPLED:
                self.items[subject.replace("request/", "referral/", 1)] = began


class Watcher(threading.Thread):
    """Tails one topic until told to stop."""

    def __init__(self, engines: Engines, topic: str, seen: Seen) -> None:
        super().__init__(daemon=True)
        self.topic, self.seen, self.over = topic, seen, threading.Event()
        self.consumer = Consumer(
            {**engines.kafka_config("admin"), "group.id": "admin.bench", "fetch.wait.max.ms": 20, "fetch.min.bytes": 1 << 20}
        )
        self.consumer.assign([TopicPartition(name, part, end) for (name, part), end in ends(engines, [topic]).items()])

    def run(self) -> None:
        while not self.over.is_set():
            for message in self.consumer.consume(500, timeout=0.05):
                if not message.error():
                    self.seen.fact(self.topic, dict(message.headers() or ()))
        self.consumer.close()


class Board(threading.Thread):
    """Looks for items in the worklist's database, every few milliseconds, oldest first."""

    def __init__(self, engines: Engines, seen: Seen) -> None:
        super().__init__(daemon=True)
        self.seen, self.over = seen, threading.Event()
        client: MongoClient[Any] = MongoClient(engines.mongo_url("admin"))
        self.items = client["worklist"]["items_1"]

    def run(self) -> None:
        while not self.over.is_set():
            wanted = [item for item, _ in zip(list(self.seen.items), range(LOOKED_FOR_MAX), strict=False)]
            found = [row["_id"] for row in self.items.find({"_id": {"$in": wanted}}, {"_id": 1})] if wanted else []
            now = time.perf_counter()
            self.seen.delays["worklist"] += [now - self.seen.items.pop(item) for item in found]
            self.over.wait(LOOK_EVERY_S)


def section(engines: Engines, rate: int, seconds: int, warm_s: int = WARM_S) -> list[Line]:
    """p50, p95 and p99 of each stretch, and how many events never arrived."""
    services = [name for name in ("intake", "assignment", "worklist") if runnable(name)]
    partners, seen = new_partners(engines, PARTNERS), Seen()
    events = list(mixed(partners, rate * (warm_s + seconds), floor_bytes(30_000), ago=2 * rate // 3))
    try:
        with running(engines, *services):
            steadily(engines, events[: rate * warm_s], rate, {})
            watching: list[Watcher | Board] = [Watcher(engines, topic, seen) for topic in ("intake-events", "assignment-events")]
            watching += [Board(engines, seen)] if "worklist" in services else []
            for one in watching:
                one.start()
            behind = steadily(engines, events[rate * warm_s :], rate, seen.sent)
            time.sleep(SETTLE_S if seconds > SETTLE_S else 2.0)
            for one in watching:
                one.over.set()
                one.join(5)
    finally:
        forget(engines, partners)
        start_anew(engines, "intake", "assignment", *(["worklist"] if "worklist" in services else []))
    return [*_lines(seen, rate, seconds, "worklist" in services), Line("latency: the load generator was late by at most", behind, "s")]


def steadily(engines: Engines, events: Iterable[Sent], rate: int, sent: Times) -> float:
    """Publish at this rate, noting when each event was handed over by the id its receipt has; how late the last ones were at worst."""
    producer = Producer({**engines.kafka_config("admin"), "linger.ms": 5})
    started, late = time.perf_counter(), 0.0
    for number, event in enumerate(events):
        due = started + number / rate
        if (now := time.perf_counter()) < due:
            time.sleep(due - now)  # its own `poll` rounds down to whole milliseconds, and so spins
            now = time.perf_counter()
        late = max(late, now - due)
        topic = PARTNER_IN + event.partner
        sent[derived(topic, SOURCE, event.id, "")] = now  # the receipt's id, which every fact of it names as its cause
        producer.produce(topic, event.value, event.key, headers=list(event.headers))
        producer.poll(0)
    producer.flush(30)
    return late


def _lines(seen: Seen, rate: int, seconds: int, board: bool) -> list[Line]:
    said = f"latency at {rate:,} events/s for {seconds} s, partner event →"
    lines = [line for topic in ("intake-events", "assignment-events") for line in percentiles(f"{said} {topic}", seen.delays[topic])]
    if board:
        lines += percentiles(f"{said} on the worklist", seen.delays["worklist"])
        lines.append(Line("latency: items that the worklist never showed", len(seen.items), "items"))
    else:
        lines.append(skipped("latency, partner event → on the worklist", "the worklist cannot be started as a process yet"))
    return lines


def percentiles(name: str, delays: list[float]) -> list[Line]:
    """One line each, against its limit; how many were measured comes last."""
    lines = [_against(f"{name}, {label}", percentile(delays, share), limit) for label, (share, limit) in LIMITS.items()]
    return [*lines, Line(f"{name}, measured", len(delays), "facts")]


def _against(name: str, value: float, limit: float | None) -> Line:
    return Line(name, value, "s") if limit is None else Line.limited(name, value, "s", limit)
