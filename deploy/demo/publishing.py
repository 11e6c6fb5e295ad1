"""What the demo does as its partners: publish on their own topics with their own credentials, and read what they are answered."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition
from rich.progress import Progress

from contracts.catalogue import PARTNER_IN, PARTNER_OUT
from deploy import partners
from deploy.access import partner_principal
from deploy.console import Say, is_rich
from deploy.demo.feed import Published
from deploy.network import broker_of
from deploy.running import Running
from infra.problems import Problem

PUBLISHED_WITHIN_S, ANSWERED_WITHIN_S = 60.0, 120.0


def played(running: Running, names: Sequence[str]) -> None:
    """Partners that the demo plays itself: it keeps their passwords as they would, with the other secrets of this run."""
    known = partners.standings(broker_of(running))
    new = [name for name in names if known.get(name, "half-made") == "half-made"]
    secrets = running.secrets.passwords(f"kafka/{partner_principal(name)}" for name in new)
    if new:
        partners.add(broker_of(running), {name: secrets[f"kafka/{partner_principal(name)}"] for name in new})
        partners.await_admitted(broker_of(running), set(new))


def publish(running: Running, events: Sequence[Published], say: Say) -> None:
    """Each partner in its own order."""
    by_partner: dict[str, list[Published]] = {}
    for event in events:
        by_partner.setdefault(event.partner, []).append(event)
    with progress("publishing", len(events)) as advance:
        for partner, mine in by_partner.items():
            publish_as(running, partner, mine)
            advance(len(mine))
    say(f"published: {', '.join(f'{len(mine)} by {partner}' for partner, mine in by_partner.items())}")


def publish_as(running: Running, partner: str, mine: Sequence[Published]) -> None:
    """With its own credentials, acknowledged, in order."""
    acknowledged = Counter[bool]()
    producer = Producer(running.kafka(partner_principal(partner)) | {"enable.idempotence": True, "linger.ms": 5})

    def reported(error: object, _: object) -> None:
        acknowledged[error is None] += 1

    for event in mine:
        producer.produce(PARTNER_IN + partner, event.value, event.key, headers=event.headers, on_delivery=reported)
    producer.flush(PUBLISHED_WITHIN_S)
    if acknowledged[True] != len(mine):
        missing = f"{len(mine) - acknowledged[True]} events of {partner}"
        fix = "throughline status; if its password was rotated: throughline down --purge, then again"
        raise Problem("TL-2611", "not everything could be published", missing, fix)


def answered(running: Running, names: Sequence[str], expected: int) -> Counter[str]:
    """Read every partner's answers until there are as many as events. How many ended as event, return, quarantine."""
    ended, until = Counter[str](), time.monotonic() + ANSWERED_WITHIN_S
    consumers = [from_the_first(running, name) for name in names]
    try:
        with progress("answered", expected) as advance:
            while ended.total() < expected:
                if time.monotonic() > until:
                    why = f"{expected - ended.total()} of {expected} events are not answered"
                    raise Problem("TL-2613", "the front door is slow", why, "throughline logs intake")
                for consumer in consumers:
                    for message in consumer.consume(500, 0.02):
                        if not message.error() and (verdict := outcome(dict(message.headers() or ()), message.value() or b"")):
                            ended[verdict] += 1
                            advance(1)
    finally:
        for consumer in consumers:
            consumer.close()
    return ended


def outcome(headers: dict[str, Any], value: bytes) -> str:
    """Of the first answer to an event; what is told of a referral later is nothing."""
    kind = headers.get("ce_type")
    if kind == b"referral.returned.v1":
        return "return"
    return str(orjson.loads(value)["outcome"]) if kind == b"referral.received.v1" else ""


def from_the_first(running: Running, name: str) -> Consumer:
    user = partner_principal(name)
    consumer = Consumer(running.kafka(user) | {"group.id": f"{user}.demo", "enable.auto.commit": False, "fetch.wait.max.ms": 100})
    consumer.assign([TopicPartition(PARTNER_OUT + name, 0, 0)])
    return consumer


@contextmanager
def progress(what: str, total: int) -> Iterator[Any]:
    """A bar on a terminal, and nothing elsewhere."""
    if not is_rich():
        yield lambda done: None
        return
    with Progress(transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
