"""`python -m tests.simulation --seeds 10000 [--first N] [--jobs 2]`: many seeds, and which faults they met."""

import argparse
import sys
import time

from tests.simulation.many import reports
from tests.simulation.tally import Totals
from tests.simulation.world import Report

SHOWN, TRACE_LINES = 8, 40
ENOUGH_SEEDS = 2_000
"""From here on a kind of fault that mattered in fewer than one seed of a hundred is a failure of the simulation."""
QUIET = ("load", "claims", "receipts", "kept", "unpublished", "backlog", "mark", "due", "fence", "vault", "handed", "acknowledged")


def story(report: Report) -> str:
    """What went wrong, how to see it again, and what happened before the end."""
    lines = [f"seed {report.seed}: python -m tests.simulation --first {report.seed} --seeds 1"]
    lines += [f"  {problem}" for problem in report.problems[:SHOWN]]
    told = [event for event in report.trace if event[2] not in QUIET]
    for at, who, *what in told[-TRACE_LINES:]:
        lines.append(f"  {at:9.3f} {who:12} {' '.join(map(str, what))[:160]}")
    return "\n".join(lines)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    arguments.add_argument("--seeds", type=int, default=1_000)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--failures", type=int, default=5, help="stop after so many")
    given = arguments.parse_args()
    totals, failed, started = Totals(), 0, time.monotonic()
    for report in reports(range(given.first, given.first + given.seeds), min(given.jobs, given.seeds)):
        totals.add(report.fired, report.mattered)
        if report.problems:
            failed += 1
            print(story(report), flush=True)
        if failed >= given.failures:
            print("more seeds were not tried")
            break
    print(totals.table())
    print(f"{totals.seeds} seeds in {time.monotonic() - started:.0f} s, {failed} failed")
    rare = totals.too_rare() if given.seeds >= ENOUGH_SEEDS else []
    if rare:
        print(f"mattered in fewer than 1 % of the seeds: {', '.join(rare)}")
    return 1 if failed or rare else 0


if __name__ == "__main__":
    sys.exit(main())
