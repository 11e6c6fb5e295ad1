"""`python -m tests.year [--clients 5000] [--partners 20] [--days 365] [--seed 1]`: a year of referrals, and every fault of it."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from random import Random

from tests.year.ledger import HEARING, Ledger
from tests.year.network import NEW_YEAR, Network, Said
from tests.year.people import Town


def lived(clients: int, partners: int, days: int, seed: int, say: Callable[[str], None] = lambda _: None) -> Ledger:
    """So many clients over so many days, and sixty days more."""
    dice, ledger = Random(seed), Ledger()

    def watch(said: Said, before: object) -> None:
        ledger.watch(said, before)
        town.watch(said)

    network = ledger.network = Network(dice, watch)
    town = Town(network, dice, partners, clients)
    town.opens(days)
    end = NEW_YEAR + timedelta(days=days + 60)
    while network.now < end:
        network.run(min(network.now + timedelta(days=30), end))
        say(f"{network.now:%d %B}: {ledger.counts['facts']:,} facts, {len(ledger.faults)} faults")
    ledger.closes(end - HEARING)
    ledger.counts["refused"] = network.refused
    return ledger


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    for name, default in (("clients", 5_000), ("partners", 20), ("days", 365), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    told, began = parser.parse_args(), time.perf_counter()
    ledger = lived(told.clients, told.partners, told.days, told.seed, lambda line: print(line, flush=True))
    print(f"{told.partners} partners, {told.clients} clients, {told.days} days in {time.perf_counter() - began:.0f} s, seed {told.seed}")
    print(", ".join(f"{count:,} {name}" for name, count in sorted(ledger.counts.items())))
    print(f"{len(ledger.faults)} faults: items without an owner or a clock, clocks missed, early or told twice, lateness unexplained")
    for fault in ledger.faults[:20]:
        print("  " + fault)
    return bool(ledger.faults)


if __name__ == "__main__":
    sys.exit(main())
