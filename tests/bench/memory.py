"""The most memory that each service takes while it works off a backlog that was there before it started."""

import time
from collections.abc import Sequence

from contracts.catalogue import PARTNER_IN, heard_by, topic_of
from deploy.local.engines import Engines
from tests.bench.events import forget, new_partners, preload, referrals
from tests.bench.intake import PARTNERS
from tests.bench.probe import age_s, cpu_s, peak_rss
from tests.bench.report import Line, skipped
from tests.bench.running import lag, runnable, running, start_anew

EVENT_BYTES = 4 << 10
LIMIT_MIB = 150
EVENTS_A_SECOND_LEAST = 200
LOOK_EVERY_S = 1.0


def section(engines: Engines, backlog: int) -> list[Line]:
    """`intake` behind events of 4 KiB, then who listens to it behind what it said, one after the other."""
    partners = new_partners(engines, PARTNERS)
    count, largest = preload(engines, referrals(partners, backlog, EVENT_BYTES))
    lines = [Line("memory: backlog", count, "events"), Line("memory: record of the backlog", largest, "bytes")]
    timeout_s = 60 + backlog / EVENTS_A_SECOND_LEAST
    try:
        lines += drained(engines, "intake", "intake.partners", [PARTNER_IN + name for name in partners], timeout_s)
        for service in ("assignment", "worklist"):
            topics = [topic.name for topic in heard_by(service) if topic.name in (topic_of("intake"), topic_of("assignment"))]
            if runnable(service):
                lines += drained(engines, service, service, topics, timeout_s)
            else:
                lines.append(skipped(f"memory: {service}", "it cannot be started as a process yet"))
    finally:
        forget(engines, partners)
        start_anew(engines, "intake", "assignment", "worklist")
    return lines


def drained(engines: Engines, service: str, group: str, topics: Sequence[str], timeout_s: float) -> list[Line]:
    """Start it and wait until nothing is left; RuntimeError when it does not get there."""
    left = first = lag(engines, group, topics)
    with running(engines, service) as children:
        pid = children[service].pid
        while left and age_s(pid) < timeout_s:
            time.sleep(LOOK_EVERY_S)
            left = lag(engines, group, topics)
        taken, used, peak = age_s(pid), cpu_s(pid), peak_rss(pid)
    if left:
        raise RuntimeError(f"{service} has {left} of {first} records left after {timeout_s:.0f} s")
    name = f"memory: {service} behind {first:,} records"
    return [
        Line.limited(f"{name}, maximum RSS", peak / 2**20, "MiB", LIMIT_MIB),
        Line(f"{name}, worked off, its start included", first / taken, "records/s"),
        Line(f"{name}, its CPU, its start included", used * 1e6 / max(1, first), "µs/record"),
    ]
