"""FHIR bundles: the same process, one new referral an event."""

import time

import orjson

from deploy.local.engines import Engines
from services.intake import door
from tests.bench.events import FHIR, bundle, bundles, new_partners
from tests.bench.intake import PARTNERS, How, by_step, costs, rate, run
from tests.bench.report import Line

READ_AGAIN = 200


def section(engines: Engines, events: int, repeat: int, batch: int) -> list[Line]:
    """Events per second through `intake`, and the door's own time for one bundle."""
    found = []
    for _ in range(repeat):
        partners = new_partners(engines, PARTNERS)
        found.append(run(engines, bundles(partners, events), partners, How(batch=batch)))
    for one in found:
        if one["settled"] != {"event": events}:
            raise RuntimeError(f"bundles were not all taken: {one['settled']}")
    name = "fhir: intake, 3 lanes, pymongo"
    door_us = [_door_us(number) for number in range(READ_AGAIN)]
    partners = new_partners(engines, PARTNERS)
    sampled = run(engines, bundles(partners, events), partners, How(batch=batch, sample=True))
    steps = [Line(line.name.replace("intake:", "fhir:"), line.value, line.unit, line.reference, line.ratio) for line in by_step(sampled)]
    return [
        Line.of(name, [rate(one) for one in found], "bundles/s"),
        Line.of("fhir: the door alone, one bundle", door_us[READ_AGAIN // 10 :], "µs"),
        *costs(name, found),
        *steps,
    ]


def _door_us(number: int) -> float:
    value = orjson.dumps(bundle(number))
    started = time.perf_counter()
    (entry,) = door.entries("acme", {"content-type": FHIR.encode()}, value)
    taken = (time.perf_counter() - started) * 1e6
    if entry.outcome != "event":
        raise RuntimeError(f"the bundle is not taken: {entry.reasons}")
    return taken
