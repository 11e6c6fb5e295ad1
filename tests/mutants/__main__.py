"""`python -m tests.mutants [--jobs 2] [name …]`: every named mistake must be noticed."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.catalogue import MUTANTS
from tests.mutants.trial import Verdict, found, try_killer, try_mutant

OUTPUT_SHOWN = 1_500


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("names", nargs="*", help="a part of a mutant's name")
    given = arguments.parse_args()
    chosen = [mutant for mutant in MUTANTS if not given.names or any(name in mutant.name for name in given.names)]
    if lost := [mutant.name for mutant in chosen if found(mutant) != 1]:
        print(f"not found exactly once: {', '.join(lost)}")
        return 1
    started = time.monotonic()
    with ThreadPoolExecutor(given.jobs) as pool:
        sound = list(pool.map(try_killer, killers(chosen)))
        if unsound := [verdict for verdict in sound if verdict.ended != "passed"]:
            print(*(f"{verdict.name} fails without any mistake:\n{verdict.output[-OUTPUT_SHOWN:]}" for verdict in unsound), sep="\n")
            return 1
        verdicts = [told(verdict) for verdict in pool.map(try_mutant, chosen)]
    survived = [verdict.name for verdict in verdicts if verdict.ended == "passed"]
    print(f"{len(verdicts)} mutants in {time.monotonic() - started:.0f} s, {len(survived)} survived {', '.join(survived)}".rstrip())
    return 1 if survived else 0


def killers(chosen: list) -> list[str]:  # type: ignore[type-arg]
    """All tests at once, each range of seeds once."""
    tests = {mutant.killer for mutant in chosen if not mutant.killer.startswith("seeds:")}
    seeds = {mutant.killer for mutant in chosen} - tests
    return [*sorted(seeds), *([" ".join(sorted(tests))] if tests else [])]


def told(verdict: Verdict) -> Verdict:
    killer = next(mutant.killer for mutant in MUTANTS if mutant.name == verdict.name)
    how = {"passed": "SURVIVED", "failed": "killed", "timed out": "killed (hung)"}[verdict.ended]
    print(f"{verdict.name:58} {how:14} {verdict.seconds:5.1f} s  {killer.rpartition('/')[2]}", flush=True)
    return verdict


if __name__ == "__main__":
    sys.exit(main())
