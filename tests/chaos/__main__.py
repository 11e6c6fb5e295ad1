"""Real processes, killed for as long as one likes: `python -m tests.chaos --rounds 20`.

Prints every recovery as it happens, then the table; writes it into docs/reliability.md. Ends with 1 when anything was lost, doubled,
out of order, leaked or slow.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests import marks
from tests.chaos import drills, faults, report
from tests.chaos.history import shown
from tests.chaos.trial import Outcome, trial

DISK_MIB = 3_000


def main() -> int:
    told = _arguments()
    seed = told.seed if told.seed is not None else int(time.time())
    outcomes = [_round(seed + number, told) for number in range(told.rounds)]
    done = {} if told.no_drills else _drills()
    return _told(report.Rounds(outcomes), done, told.write)


def _round(seed: int, told: argparse.Namespace) -> Outcome:
    say(f"round with seed {seed}")
    chosen = faults.SHORT if told.short else faults.LONG
    return _in_a_directory(lambda here: trial(here, chosen, seed, told.rate, say, DISK_MIB))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--rounds", type=int, default=1, help="how often every fault is done")
    parser.add_argument("--rate", type=float, default=300.0, help="records a second, if this machine answers them at once")
    parser.add_argument("--seed", type=int, help="of the order and the moments; the next round has the next one")
    parser.add_argument("--short", action="store_true", help="only the faults of the test")
    parser.add_argument("--no-drills", action="store_true", help="without restore and upgrade")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="into docs/reliability.md")
    return parser.parse_args()


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} (load {os.getloadavg()[0]:.0f}) {line}", flush=True)


Shown = TypeVar("Shown", Outcome, drills.Drill)


def _in_a_directory(work: Callable[[Path], Shown]) -> Shown:
    """Removed when all went well; else it is said where it is."""
    here = Path(tempfile.mkdtemp(prefix="throughline-chaos-"))
    outcome = work(here)
    if outcome.findings or outcome.troubles:
        say(f"see {here}")
    else:
        shutil.rmtree(here, ignore_errors=True)
    return outcome


def _drills() -> dict[str, drills.Drill]:
    found = {}
    for name, drill in {
        "Restore drill": lambda here: drills.restored(here),
        "Upgrade drill, same schema": lambda here: drills.upgraded(here, 1),
        "Upgrade drill, next schema": lambda here: drills.upgraded(here, 2),
    }.items():
        say(name)
        found[name] = _in_a_directory(drill)
        say(f"{found[name].measures}")
    return found


def _told(rounds: report.Rounds, done: dict[str, drills.Drill], write: bool) -> int:
    print(report.table(rounds.rows()))
    findings = [*rounds.findings(), *(finding for drill in done.values() for finding in drill.findings)]
    troubles = [*rounds.troubles(), *(trouble for drill in done.values() for trouble in drill.troubles)]
    troubles += [f"{one.fault} took {one.seconds:.1f} s" for one in rounds.slow()]
    for line in (*shown(findings), *troubles):
        print(line, file=sys.stderr)
    if write:
        marks.write(marks.RELIABILITY, "chaos", report.markdown(rounds, {name: drill.measures for name, drill in done.items()}))
    return 1 if findings or troubles else 0


if __name__ == "__main__":
    raise SystemExit(main())
