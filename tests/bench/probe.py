"""A service's own process with a stop-watch in it: `python -m tests.bench.probe`, told by the variable BENCH what to watch.

It runs the service's module as `python -m` does. From the first batch taken to the commit after the last event it counts
events, time, its own CPU, that of broker and database, and its maximum RSS; then it writes them to a file and ends itself.
"""

import cProfile
import json
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from runpy import run_module
from typing import Any

import psutil

from contracts.catalogue import PARTNER_IN
from infra.lane import Lane
from infra.runtime import Runtime
from infra.service import Item, Outcome
from infra.watching import Watching
from tests.bench.steps import Sampler


class Probe:
    """`about` holds: service, events, others (name → pid), result, sample, profile."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.about, self.settled, self.facts = about, Counter[str](), 0
        self.began: dict[str, float] = {}
        self.sampler = Sampler() if about.get("sample") else None
        self.profile = cProfile.Profile() if about.get("profile") else None
        self.batches: list[int] = []

    def install(self) -> None:
        """Around three methods of the runtime; what they do is untouched."""
        take, settled, commit = Runtime.take, Watching.settled, Lane._commit

        async def taking(core: Runtime, records: Sequence[Any]) -> None:
            if not self.began and records[0].topic.startswith(PARTNER_IN):
                self.begin()
            self.batches.append(len(records))
            await take(core, records)

        def settling(watch: Watching, items: Sequence[Item], outcomes: Sequence[Outcome], facts: int, started_ns: int) -> None:
            self.settled.update(outcome.kind for item, outcome in zip(items, outcomes, strict=True) if item.kind == "outside")
            self.facts += facts
            settled(watch, items, outcomes, facts, started_ns)

        async def committing(lane: Lane, records: Sequence[Any], generation: int) -> None:
            await commit(lane, records, generation)
            if self.began and sum(self.settled.values()) >= self.about["events"]:
                self.end()

        for owner, name, measured in ((Runtime, "take", taking), (Watching, "settled", settling), (Lane, "_commit", committing)):
            setattr(owner, name, measured)

    def begin(self) -> None:
        self.began = self._now()
        if self.sampler:
            self.sampler.start()
        if self.profile:
            self.profile.enable()

    def end(self) -> None:
        now, began, self.began = self._now(), self.began, {}
        if self.profile:
            self.profile.disable()
            self.profile.dump_stats(self.about["profile"])
        used = {name: now[name] - began[name] for name in now}
        shares = self.sampler.stop() if self.sampler else {}
        batches = {"batches": len(self.batches), "events_a_batch": round(sum(self.batches) / len(self.batches), 1)}
        told = {"used": used, "settled": self.settled, "facts": self.facts, "shares": shares, "rss_bytes": peak_rss(), **batches}
        Path(self.about["result"]).write_text(json.dumps(told))
        os.kill(os.getpid(), signal.SIGTERM)

    def _now(self) -> dict[str, float]:
        """Seconds: of the clock, and of CPU by process."""
        mine = resource.getrusage(resource.RUSAGE_SELF)
        others = {name: cpu_s(pid) for name, pid in self.about["others"].items()}
        return {"wall": time.perf_counter(), "own": mine.ru_utime + mine.ru_stime, **others}


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def age_s(pid: int) -> float:
    """How long ago that process was started."""
    return time.time() - float(psutil.Process(pid).create_time())


def peak_rss(pid: int | None = None) -> int:
    """The most memory a process ever had, in bytes. `ru_maxrss` would count what its parent had when it was forked."""
    status = Path(f"/proc/{pid or os.getpid()}/status")
    if not status.exists():
        return int(psutil.Process(pid).memory_info().rss)
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def main() -> None:
    about = json.loads(os.environ["BENCH"])
    Probe(about).install()
    run_module(f"services.{about['service']}.app", run_name="__main__")


if __name__ == "__main__":
    main()
