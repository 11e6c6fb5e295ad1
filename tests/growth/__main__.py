"""`python -m tests.growth [--few 1000] [--many 100000] [--turns 4]`: what an event costs beside few and beside many open referrals."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from tests import marks
from tests.growth.growing import SMALL_SHARE, Cost, measured
from tests.store.server import running

WHAT = {
    "processor time of the service, µs an event": "own", "processor time of the database, µs an event": "server",
    "processor time of both, µs an event": "cpu", "server operations an event": "operations", "documents read an event": "returned",
}  # fmt: skip

HELD = ("processor time of both, µs an event", "server operations an event")


def figure(cost: Cost, name: str) -> float:
    return cost.cpu if name == "cpu" else cost.median(name)


def markdown(few: tuple[int, Cost], many: tuple[int, Cost]) -> str:
    rows = [
        (what, f"{(a := figure(few[1], name)):,.4g}", f"{(b := figure(many[1], name)):,.4g}", f"{b / a:.3f}" if a else "–")
        for what, name in WHAT.items()
    ]
    table = marks.table(("the front door", f"{few[0]:,} open referrals", f"{many[0]:,} open referrals", "ratio"), rows)
    told = "Medians of turns that the two databases of one server took; new referrals, amendments of any, the deadlines of late ones."
    verdicts = "\n".join(f"- {what}, to stay within {SMALL_SHARE:.0%}: {verdict(few[1], many[1], WHAT[what])}" for what in HELD)
    return f"## An event beside many open referrals\n\n{verdicts}\n\n{table}\n\n{told}\n{marks.where()}: `make growth`"


def verdict(few: Cost, many: Cost, name: str) -> str:
    ratio = figure(many, name) / figure(few, name)
    return "kept" if ratio <= 1 + SMALL_SHARE else f"**missed**, at {ratio:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.growth", description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--keep", action="store_true", help="print only, leave docs/benchmarks.md as it is")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="throughline-growth-") as directory, running(Path(directory)) as server:
        pid = server.child.pid if server.child else 0
        few, many = measured(server.url, pid, (asked.few, asked.many), asked.turns, f"growth_{uuid4().hex[:8]}")
    said = markdown(few, many)
    print(said)
    if not asked.keep:
        marks.write(marks.BENCHMARKS, "growth", said)
    return 0 if all(verdict(few[1], many[1], WHAT[what]) == "kept" for what in HELD) else 1


if __name__ == "__main__":
    sys.exit(main())
