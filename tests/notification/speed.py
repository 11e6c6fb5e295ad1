"""`python -m tests.notification.speed`: from a fact to the mail server that has the message about it, under a steady load.

Every fact is an overdue first visit of an emergency, with an owner of its own who is told at once by mail: nothing is held back, so
each fact is one alert and one message. In the second run one recipient domain in twenty never answers.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests import marks
from tests.bench.report import percentile
from tests.notification.lateness import TOPIC, late
from tests.notification.live import Live, People
from tests.notification.postman import Fault, Postman

LIMIT_S = 1.0
WARM_S, QUIET_S, SETTLE_S = 10, 15.0, 120.0
HUNG = "d0.example"


@dataclass(frozen=True)
class Speed:
    """Seconds from handing a fact to the broker until the mail server had taken the message. `behind`: how late the load was at worst."""

    rate: int
    sent: int
    delays: list[float]
    behind: float
    lost: int
    cpu_ms: float
    """Of the service's process, for each alert: what a busy machine does not change."""

    def share(self, share: float) -> float:
        return percentile(self.delays, share)


def measured(directory: Path, rate: int, seconds: int, hung: bool = False, people: int = 400, domains: int = 20) -> Speed:
    """One run on engines of its own."""

    def fault(domain: str) -> Fault:
        return "hang" if hung and domain == HUNG else ""

    with Live(directory, People(people, domains), Postman(fault)) as live:
        steadily(live, "warm", rate, WARM_S)
        until_quiet(live.postman)
        began, used = time.monotonic(), cpu_s(live)
        sent, behind = steadily(live, "told", rate, seconds)
        expected = {item for item, owner in sent.items() if not (hung and live.people.address(owner[1]).endswith(HUNG))}
        until_quiet(live.postman)
        spent = 1_000 * (cpu_s(live) - used) / len(sent)
        arrived: dict[str, float] = {}
        for one in list(live.postman.taken.values()):
            for item in one.items if one.at >= began else ():
                arrived[item] = min(one.at, arrived.get(item, one.at))
    delays = [arrived[item] - sent[item][0] for item in expected if item in arrived]
    return Speed(rate, len(expected), delays, behind, len(expected) - len(delays), spent)


def until_quiet(postman: Postman) -> None:
    """Until no mail came for a while."""
    seen, since, deadline = -1, time.monotonic(), time.monotonic() + SETTLE_S
    while time.monotonic() - since < QUIET_S and time.monotonic() < deadline:
        if len(postman.taken) != seen:
            seen, since = len(postman.taken), time.monotonic()
        time.sleep(0.1)


def cpu_s(live: Live) -> float:
    times = psutil.Process(live.children[0].pid).cpu_times()
    return float(times.user + times.system)


def steadily(live: Live, name: str, rate: int, seconds: int) -> tuple[dict[str, tuple[float, str]], float]:
    """Say so many facts a second; when each was said and to whom it belongs, and how late the last ones were at worst."""
    sent: dict[str, tuple[float, str]] = {}
    started, behind = time.monotonic(), 0.0
    for n in range(rate * seconds):
        due = started + n / rate
        if (now := time.monotonic()) < due:
            time.sleep(due - now)
            now = time.monotonic()
        behind = max(behind, now - due)
        item, owner = f"care/{name}-{n}", live.people.person(n)
        sent[item] = now, owner
        live.say(TOPIC, item, late(n, owner, live.clock.now(), dropouts=False))
    live.producer.flush(30)
    return sent, behind


def row(name: str, speed: Speed) -> list[str]:
    p50, p95, p99 = (speed.share(share) for share in (0.50, 0.95, 0.99))
    told = f"{len(speed.delays):,} of {speed.sent:,}"
    return [
        name,
        f"{speed.rate}/s",
        told,
        f"{p50:.2f} s",
        f"{p95:.2f} s",
        f"{p99:.2f} s",
        f"{p95 / LIMIT_S:.2f}",
        f"{speed.cpu_ms:.1f} ms",
        f"{speed.behind:.2f} s",
    ]


HEADS = ("run", "alerts", "told", "p50", "p95", "p99", f"p95 / {LIMIT_S:g} s", "CPU of the service an alert", "load late by at most")
NOTE = (
    "From handing the fact to the broker until the mail server had the whole message (one process of the service; broker, database, load "
    "and mail server on the same machine)."
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.notification.speed", description=__doc__)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", action="store_true", help="print only, leave docs/notification.md as it is")
    asked = parser.parse_args()
    rows = []
    for name, hung in (("every server answers", False), ("one recipient domain in twenty never answers: the others", True)):
        with TemporaryDirectory(prefix="throughline-speed-") as directory:
            speed = measured(Path(directory), asked.rate, asked.seconds, hung)
        rows.append(row(name, speed))
        if speed.lost:  # the percentiles of what did arrive would say something else than they seem to
            sys.exit(f"{name}: {speed.lost:,} of {speed.sent:,} messages did not arrive within {SETTLE_S:.0f} s")
        print(*rows[-1], sep=" | ", flush=True)
    if not asked.keep:
        marks.write(marks.NOTIFICATION, "speed", f"{NOTE}\n\n{marks.table(HEADS, rows)}\n\n{marks.where()}: `make alerts`")


if __name__ == "__main__":
    main()
