"""Many partners on one process: adding them, what listening to them costs, how fast they are heard, and that they stay apart."""

import random
import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, Producer

from contracts.catalogue import PARTNER_IN
from deploy.local.engines import Engines
from tests.bench.events import floor_bytes, forget, new_partners, referrals
from tests.bench.latency import Seen, Watcher, percentiles, steadily
from tests.bench.probe import cpu_s
from tests.bench.report import Line
from tests.bench.running import lag, running, start_anew

RATE, IDLE_S, CHECKED, READ_AFTER_S = 200, 10, 20, 3.0
ASSIGNED_WITHIN_S = 120


def section(engines: Engines, partners: int, seconds: int) -> list[Line]:
    started = time.monotonic()
    names = new_partners(engines, partners)
    added = Line(f"partners: {partners:,} added (topics, users, access rules, quotas)", time.monotonic() - started, "s")
    try:
        return [added, *_isolated(engines, names), *_heard(engines, names, seconds)]
    finally:
        forget(engines, names)
        start_anew(engines, "intake")


def _heard(engines: Engines, names: Sequence[str], seconds: int) -> list[Line]:
    """CPU of one process that listens to all of them: while nobody speaks, and while all do; and the delays."""
    said = f"partners: {len(names):,} topics on one process"
    seen = Seen()
    with running(engines, "intake") as children:
        pid = children["intake"].pid
        _await_assigned(engines, names)
        idle = _share(pid, lambda: time.sleep(min(IDLE_S, seconds)), engines)
        watcher = Watcher(engines, "intake-events", seen)
        watcher.start()
        events = referrals(list(names), RATE * seconds, floor_bytes(30_000))
        busy = _share(pid, lambda: steadily(engines, events, RATE, seen.sent), engines)
        time.sleep(READ_AFTER_S)
        watcher.over.set()
        watcher.join(5)
    lines = [Line(f"{said}, {who} while nobody speaks", share, "of a core") for who, share in idle.items()]
    lines += [Line(f"{said}, {who} at {RATE} events/s", share, "of a core") for who, share in busy.items()]
    lines.append(Line(f"{said}, CPU of intake per event", busy["CPU of intake"] * 1e6 / RATE, "µs/event"))
    return [*lines, *percentiles(f"{said}, partner event → intake-events at {RATE} events/s", seen.delays["intake-events"])]


def _share(pid: int, during, engines: Engines) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Shares of a core that intake and the broker took meanwhile."""
    pids = {"CPU of intake": pid, "CPU of the broker": engines.children["kafka"].pid}
    before, started = {who: cpu_s(one) for who, one in pids.items()}, time.monotonic()
    during()
    taken = time.monotonic() - started
    return {who: (cpu_s(one) - before[who]) / taken for who, one in pids.items()}


def _await_assigned(engines: Engines, names: Sequence[str]) -> None:
    """Until one event of every tenth partner was heard: then the group has been given its topics."""
    asked = list(names[::10])
    steadily(engines, referrals(asked, 3 * len(asked), floor_bytes(30_000)), RATE, {})
    deadline = time.monotonic() + ASSIGNED_WITHIN_S
    while lag(engines, "intake.partners", [PARTNER_IN + name for name in asked]):
        if time.monotonic() > deadline:
            raise RuntimeError("the partners' topics are not listened to")
        time.sleep(0.5)


def _isolated(engines: Engines, names: Sequence[str]) -> list[Line]:
    """Some partners, with their own credentials: each may write its own topic and no other's."""
    chosen = random.sample(list(names), min(CHECKED, len(names)))
    own = sum(_written(engines, name, name) == "" for name in chosen)
    others = sum(
        _written(engines, name, other) == "TOPIC_AUTHORIZATION_FAILED" for name, other in zip(chosen, _shifted(chosen), strict=True)
    )
    if (own, others) != (len(chosen), len(chosen)):
        raise RuntimeError(f"of {len(chosen)} partners {own} may write their own topic and {others} are kept from another's")
    return [
        Line("partners: wrote to their own topic", own, f"of {len(chosen)}"),
        Line("partners: kept from another's topic", others, f"of {len(chosen)}"),
    ]


def _shifted(names: Sequence[str]) -> list[str]:
    return [*names[1:], names[0]]


def _written(engines: Engines, partner: str, topic: str) -> str:
    """Publish an empty record as this partner; the name of the broker's refusal, or nothing."""
    refusals: list[KafkaError | None] = []
    producer = Producer({**engines.kafka_config(f"partner-{partner}"), "message.timeout.ms": 10_000, "log_level": 0})
    producer.produce(PARTNER_IN + topic, b"", on_delivery=lambda error, message: refusals.append(error))
    producer.flush(15)
    error = refusals[0] if refusals else None
    return "NOT_ANSWERED" if not refusals else error.name() if error else ""
