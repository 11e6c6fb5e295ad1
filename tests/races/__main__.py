"""`python -m tests.races [--requests 10000] [--rate 1000]`: the race, and its figures in docs/reliability.md."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from tests import marks
from tests.races.racing import Found, raced
from tests.store.server import running


def markdown(found: Found, rate: float, instances: int) -> str:
    rows = {
        "requests offered, at this rate": f"{found.offered:,} at {rate:,.0f}/s by {instances} processes",
        "decided and durable": f"{sum(found.ended.values()):,} in {found.seconds:.0f} s; {dict(sorted(found.ended.items()))}",
        "killed inside a transaction": f"{found.killed}",
        "conflicts, each decided again": f"{found.retries['conflict']:,}",
        "times a team was held / a bed was held": f"{found.taken:,} / {found.held:,}",
        "double-bookings": f"{len(found.double)}",
        "stranded holds, an hour later": f"{len(found.stranded)}",
    }
    table = marks.table(("what", "how much"), rows.items())
    return f"## Races for ten teams and ten beds\n\n{table}\n\n{marks.where()}: `make races`"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=1_000)
    parser.add_argument("--instances", type=int, default=8)
    parser.add_argument("--keep", action="store_true", help="print only, leave docs/reliability.md as it is")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="throughline-races-") as directory, running(Path(directory)) as server:
        found = raced(server.url, f"race_{uuid4().hex[:8]}", asked.requests, asked.rate, asked.instances)
    said = markdown(found, asked.rate, asked.instances)
    print(said)
    for wrong in (*found.double, *found.stranded):
        print(f"  {wrong}")
    sound = found.retries["conflict"] > 0 and not found.double and not found.stranded
    if sound and not asked.keep:
        marks.write(marks.RELIABILITY, "races", said)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
