"""`intake` as several instances of one lane each, the way it is scaled: they share the partners' topics of one group, and both cores.

All are ready and hold their partitions, then stand still while the events are preloaded, then go on together: from there the time
counts, to the commit of the last offset.
"""

import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from contracts.catalogue import PARTNER_IN
from deploy.local.engines import Engines
from deploy.local.processes import Child
from tests.bench.events import floor_bytes, forget, new_partners, preload, referrals
from tests.bench.probe import cpu_s, peak_rss
from tests.bench.running import Result, committed, others, running, start_anew

GROUP = "intake.partners"
SETTLED_S = 5.0
"""After the last rebalance that their joining caused."""
STANDSTILL_MAX_S = 5.0
"""Well within a session: who stands still longer loses its partitions."""


def run(engines: Engines, events: int, instances: int, batch: int) -> Result:
    """One run on an empty database. RuntimeError when it does not end, or the preloading took longer than a session allows."""
    partners = new_partners(engines, instances * 2)
    try:
        with running(engines, *["intake"] * instances, lanes="1", batch_events_max=str(batch)) as children:
            return _measured(engines, partners, events, list(children.values()))
    finally:
        forget(engines, partners)
        start_anew(engines, "intake")


def _measured(engines: Engines, partners: list[str], events: int, children: list[Child]) -> Result:
    time.sleep(SETTLED_S)
    with standing_still(children):
        began = time.monotonic()
        preload(engines, referrals(partners, events, floor_bytes(events)))
        if time.monotonic() - began > STANDSTILL_MAX_S:
            raise RuntimeError(f"preloading took {time.monotonic() - began:.1f} s, longer than a session")
    before, started = _used(engines, children), time.perf_counter()
    _until_committed(engines, partners, events, 60 + events / 100)
    wall, after = time.perf_counter() - started, _used(engines, children)
    used = {"wall": wall, **{who: after[who] - before[who] for who in after}}
    return {"events": events, "used": used, "rss_bytes": max(peak_rss(child.pid) for child in children)}


@contextmanager
def standing_still(children: Collection[Child]) -> Iterator[None]:
    """Stopped by a signal, and continued whatever happens."""
    try:
        for child in children:
            child.process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for child in children:
            child.process.send_signal(signal.SIGCONT)


def _until_committed(engines: Engines, partners: list[str], events: int, timeout_s: float) -> None:
    with committed(engines, GROUP, [PARTNER_IN + name for name in partners]) as records:
        give_up_at = time.monotonic() + timeout_s
        while (done := records()) < events:
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"{done} of {events} events after {timeout_s:.0f} s")
            time.sleep(0.05)


def _used(engines: Engines, children: Collection[Child]) -> dict[str, float]:
    """CPU seconds so far: of the instances together, of broker and database."""
    return {"own": sum(cpu_s(child.pid) for child in children), **{name: cpu_s(pid) for name, pid in others(engines).items()}}
