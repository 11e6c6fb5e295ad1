"""`python -m tests.bench [section…]`: measures, prints a table, and with all sections writes it to docs/."""

import argparse
import shlex
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.engines import Engines
from tests.bench import fhir, intake, latency, memory, partners, report
from tests.bench.report import Line
from tests.bench.running import ROOT

SECTIONS = ("floor", "plain", "intake", "fhir", "latency", "memory", "partners")
SIDE_BY_SIDE = {"floor", "plain", "intake"}


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--events", type=int, default=30_000, help="events of the floor's, intake's and (a third of them) FHIR's lines")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--batch", type=int, default=500, help="events a batch, for the floor and for intake")
    parser.add_argument("--seconds", type=int, default=60, help="length of the steady load of latency and partners")
    parser.add_argument("--rate", type=int, default=1_000, help="events a second of latency; a quarter of them first")
    parser.add_argument("--backlog", type=int, default=200_000, help="events of 4 KiB that memory starts behind")
    parser.add_argument("--partners", type=int, default=1_000, help="partners of the section of that name")
    parser.add_argument("--profile", type=Path, help="write a cProfile of one intake run there, and measure nothing")
    parser.add_argument("--to", type=Path, help="directory to write benchmarks.md and .json to; docs/ when all sections run")
    asked = parser.parse_args(words)
    if strange := set(asked.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(strange))}; there are {', '.join(SECTIONS)}")
    asked.to = asked.to or (None if asked.sections else ROOT / "docs")
    asked.sections = set(asked.sections or SECTIONS)
    return asked


def measure(engines: Engines, asked: argparse.Namespace) -> list[Line]:
    """All sections asked for, one after the other; each says when it is done."""
    lines: list[Line] = []
    if chosen := asked.sections & SIDE_BY_SIDE:
        lines += _told(intake.side_by_side(engines, chosen, asked.events, asked.repeat, asked.batch))
    if "fhir" in asked.sections:
        lines += _told(fhir.section(engines, max(300, asked.events // 3), asked.repeat, asked.batch))
    if "latency" in asked.sections:
        for rate in (asked.rate // 4, asked.rate):
            lines += _told(latency.section(engines, rate, asked.seconds))
    if "memory" in asked.sections:
        lines += _told(memory.section(engines, asked.backlog))
    if "partners" in asked.sections:
        lines += _told(partners.section(engines, asked.partners, asked.seconds))
    return lines


def _told(lines: list[Line]) -> list[Line]:
    print("\n".join(map(report.show, lines)), flush=True)
    return lines


def main(words: list[str]) -> None:
    asked = arguments(words)
    started = time.monotonic()
    with TemporaryDirectory(prefix="throughline-bench-") as directory, Engines.isolated(Path(directory), print) as engines:
        if asked.profile:
            return intake.profile(engines, asked.events, asked.profile)
        lines = measure(engines, asked)
        if asked.to:
            report.write(asked.to, lines, shlex.join(["python", "-m", "tests.bench", *words]), engines)
    print(f"{len(lines)} lines after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
