"""`python -m tests.flood [--routine 50000] [--contacts 200]`: how long people in crisis wait behind a flood; docs/reliability.md."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import marks
from tests.bench.report import percentile
from tests.flood.flooding import Flooded, flooded

STAGES: dict[str, tuple[str, float | None]] = {
    "contact": ("the front door has said that it has the contact", None),
    "episode": ("its episode is open", None),
    "team": ("a team is proposed and held", 1.0),
    "alert": ("the alert to the duty role is durable and published", 2.0),
}
"""What is seen of a contact, and the seconds in which it is to be there (p99)."""


def markdown(found: Flooded, every_s: float) -> str:
    heads = ("from the partner's record until", "p50", "p95", "p99", "at most", "p99 / limit")
    rows = []
    for stage, (what, limit) in STAGES.items():
        delays = found.delays[stage]
        p50, p95, p99 = (percentile(delays, share) for share in (0.50, 0.95, 0.99))
        within = f"{p99 / limit:.2f} of {limit:g} s" if limit else ""
        rows.append((what, f"{p50:.2f} s", f"{p95:.2f} s", f"{p99:.2f} s", f"{max(delays):.2f} s", within))
    told = (
        f"{found.routine:,} routine events of four partners lay in their topics before the first of {found.contacts} contacts of a crisis\n"
        f"line, one every {every_s:g} s; every process ran, each with one lane. When the last contact was told "
        f"{found.left:,} of the routine events were not settled yet."
    )
    return f"## People in crisis behind a flood\n\n{told}\n\n{marks.table(heads, rows)}\n\n{marks.where()}: `make flood`"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.flood", description=__doc__)
    parser.add_argument("--routine", type=int, default=50_000)
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--every", type=float, default=0.2, help="seconds between two contacts")
    parser.add_argument("--keep", action="store_true", help="print only, leave docs/reliability.md as it is")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="throughline-flood-") as directory:
        found = flooded(Path(directory), asked.routine, asked.contacts, asked.every)
    said = markdown(found, asked.every)
    print(said)
    if not asked.keep:
        marks.write(marks.RELIABILITY, "flood", said)
    return 0 if found.left else 1


if __name__ == "__main__":
    sys.exit(main())
