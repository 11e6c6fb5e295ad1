"""A flood of routine referrals, loaded before the first of a few people in crisis calls: how long these wait, on the running product.

Every service runs, so that what comes of the flood takes its share of the machine, too. Each contact is followed by the correlation id
of what was heard of it, to its episode and to the alert of whoever has the duty; the team is held for that episode.
"""

import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from contracts.alerts import AlertRaised
from contracts.catalogue import CRISIS_INTAKE, PARTNER_IN, topic_of
from contracts.crisis_dispatch import TeamProposed
from contracts.crisis_intake import ContactReceived
from contracts.crisis_routing import EpisodeOpened
from contracts.kernel import derived
from contracts.partners import ContactReported
from deploy import network as networks
from deploy.demo.publishing import played
from deploy.local import ports
from deploy.local.engines import Engines
from deploy.local.services import NETWORK, PORTS
from deploy.network import Crew, Network
from deploy.running import Running
from infra.envelope import headers
from infra.identity import Principal
from tests.bench.events import ASKED_AT, SOURCE, floor_bytes, mixed, new_partners, preload
from tests.bench.running import ends, lag
from tests.running import Services
from tests.walks.doors import eventually

CRISIS_LINE, AREA, DESK = "crisis-line-county", "oak-county", "desk/oak-team"
DISPATCHER = Principal("staff/72", frozenset({"program-desk", "mobile-team"}))
PARTNERS, SETTLE_S = 4, 60.0
STAGES = {"contact": ContactReceived.type, "episode": EpisodeOpened.type, "team": TeamProposed.type, "alert": AlertRaised.type}
"""What is seen of a contact, in the order in which it becomes known."""
TOPICS = (CRISIS_INTAKE, topic_of("crisis_routing"), topic_of("notification"))


@dataclass
class Flooded:
    """Seconds from handing a contact to the broker until the fact was seen on its topic, durable and published."""

    routine: int
    contacts: int
    delays: dict[str, list[float]]
    left: int
    """Routine events that the front door had not settled yet when the last contact was told: the flood was there all the time."""


class Watch(threading.Thread):
    """Tails what is said of the contacts, from where it starts: by topic and correlation id, after how long it was there."""

    def __init__(self, engines: Engines, sent: dict[str, float]) -> None:
        super().__init__(daemon=True)
        self.engines, self.sent, self.over = engines, sent, threading.Event()
        self.delays: dict[str, dict[str, float]] = {stage: {} for stage in STAGES}
        self.episodes: dict[str, str] = {}

    def __enter__(self) -> Self:
        config = {**self.engines.kafka_config("admin"), "group.id": "admin.flood", "fetch.wait.max.ms": 20}
        self.consumer = Consumer(config)
        self.consumer.assign([TopicPartition(name, part, end) for (name, part), end in ends(self.engines, list(TOPICS)).items()])
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join(10)
        self.consumer.close()

    def run(self) -> None:
        while not self.over.is_set():
            for record in self.consumer.consume(500, timeout=0.05):
                if not record.error():
                    self._seen(dict(record.headers() or ()), time.perf_counter())

    def _seen(self, named: dict[str, bytes], now: float) -> None:
        kind, contact, subject = (named.get(f"ce_{name}", b"").decode() for name in ("type", "correlationid", "subject"))
        if kind == EpisodeOpened.type:
            self.episodes[subject] = contact
        contact = self.episodes.get(subject, contact)
        for stage in (stage for stage, known in STAGES.items() if known == kind and contact in self.sent):
            self.delays[stage].setdefault(contact, now - self.sent[contact])

    @property
    def seen(self) -> dict[str, int]:
        return {stage: len(found) for stage, found in self.delays.items()}


def network_of(teams: int) -> Network:
    """The example, with a team for everybody who calls."""
    known = networks.load(NETWORK)
    crews = tuple(Crew(id=f"team/flood-{n}", name=f"Team {n}", desk=DESK, areas=(AREA,)) for n in range(teams))
    return known.model_copy(update={"teams": crews})


def flooded(directory: Path, routine: int, contacts: int, every_s: float) -> Flooded:
    """One flood on engines of its own."""
    with (
        Engines.isolated(directory, http_port=ports.free_port(PORTS)) as engines,
        Services(engines, lanes="1", log_level="WARNING", trace_sampling_ratio="0.01") as services,
    ):
        partners, sent = new_partners(engines, PARTNERS), dict[str, float]()  # before the front door subscribes, which looks seldom
        topics = [PARTNER_IN + partner for partner in partners]
        services.start_all()
        running, network = Running(engines.settings), network_of(contacts)
        played(running, [CRISIS_LINE])
        networks.apply(running, network, lambda line: None)
        for team in network.teams:
            running.post("crisis_routing", f"/v1/teams/{team.id.partition('/')[2]}/sign-on", b"{}", DISPATCHER)
        with Watch(engines, sent) as watch:
            preload(engines, mixed(partners, routine, floor_bytes(routine), ago=routine // 10))
            waiting = partial(lag, engines, "intake.partners", topics)
            eventually(waiting, lambda left: left < routine, "the flood is being worked on", within_s=SETTLE_S)
            call(engines, contacts, every_s, sent)
            left = waiting()
            whole = dict.fromkeys(STAGES, contacts)
            eventually(lambda: watch.seen, lambda seen: seen == whole, "everything is seen of every contact", within_s=SETTLE_S)
    return Flooded(routine, contacts, {stage: list(found.values()) for stage, found in watch.delays.items()}, left)


def call(engines: Engines, contacts: int, every_s: float, sent: dict[str, float]) -> None:
    """One person in crisis after the other, each another one; noted by the id of the receipt that each gets."""
    producer, topic = Producer({**engines.kafka_config("admin"), "linger.ms": 0}), PARTNER_IN + CRISIS_LINE
    started = time.monotonic()
    for n in range(contacts):
        time.sleep(max(0.0, started + n * every_s - time.monotonic()))
        id, body = f"flood-{n}", orjson.dumps(contact(n))
        named = {"specversion": "1.0", "id": id, "source": SOURCE, "type": ContactReported.type, "datacontenttype": "application/json"}
        sent[derived(topic, SOURCE, id, "")] = time.perf_counter()
        producer.produce(topic, body, f"flood-{n}".encode(), headers=headers(named))
        producer.poll(0)
    producer.flush(30)


def contact(n: int) -> dict[str, Any]:
    person = {"identifiers": [{"system": "urn:county:caller", "value": f"c{n}"}], "given_name": f"C{n}"}
    return {"reference": f"FL-{n}", "contacted_at": ASKED_AT, "source": "crisis-line", "relation": "self", "person": person,
            "area": AREA, "danger": "high"}  # fmt: skip
