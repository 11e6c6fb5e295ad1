"""What was measured, as lines; printed, and written to docs/benchmarks.md and docs/benchmarks.json."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil

from deploy.local.engines import Engines
from tests import marks

LIBRARIES = ("aiokafka", "faststream", "pymongo", "motor", "pydantic", "orjson", "uvloop", "cryptography", "fhir.resources")
REACH, UNDER = "to reach", "to stay under"
"""How the reference of a line begins that has a target."""
NOTES = """\
How to read this. A ratio is `value / reference`, and the reference is another line of this run or a limit that is to be kept.
Values are medians of the repeats, with the least and the most. The floor and `intake` take turns on the same engines, so that
noise of the machine meets both; a ratio of pairs compares neighbours only.

What is the same: broker, database (`--sync-on-commit --auth`), SCRAM-SHA-512 on both, acks=all and idempotence, events a batch,
key + headers + value of a record, one request and two amendments a referral, events preloaded, and the measured time: from the
first batch to the last commit, all facts durable and published.

What is not comparable. The floor signs in as the administrator (the broker checks no access rules for it) and its records carry
no headers; `intake` validates, makes blind claims, seals personal values under a data key a record, writes receipts and claims,
answers the partner (two facts and more an event where the floor has one), and also polls the topics of the other services. The
plain handler works as the floor does, one message at a time. Engines, load and services share this machine. CPU of the floor's own
process and of its broker is not shown, because it makes topics and preloads events too; the database has no part in that. Shares
by step come from a sampled run of their own (SIGPROF); CPU of broker and database is counted over the same time as the service's."""


@dataclass(frozen=True)
class Line:
    """One measured value. `reference` names what it is compared with, `ratio` is value / reference; `range` the repeats' extremes."""

    name: str
    value: float
    unit: str
    reference: str = ""
    ratio: float | None = None
    range: tuple[float, float] | None = None

    @classmethod
    def of(cls, name: str, values: Sequence[float], unit: str, reference: "Line | None" = None) -> Self:
        """The median of some repeats, against the median of others."""
        median = statistics.median(values)
        ratio = median / reference.value if reference and reference.value else None
        return cls(name, median, unit, reference.name if reference else "", ratio, (min(values), max(values)))

    @classmethod
    def limited(cls, name: str, value: float, unit: str, limit: float) -> Self:
        """Against a limit that it must stay under."""
        return cls(name, value, unit, f"{UNDER} {limit:g} {unit}", value / limit)


def skipped(name: str, why: str) -> Line:
    """Something that could not be measured, said out loud."""
    return Line(f"{name}: SKIPPED", 0, "", why)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def show(line: Line) -> str:
    """A line of the table in Markdown."""
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    spread = "" if line.range is None else f"{_number(line.range[0])} – {_number(line.range[1])}"
    return f"| {line.name} | {_number(line.value)} | {line.unit} | {spread} | {line.reference} | {ratio} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def targets(lines: Iterable[Line]) -> str:
    """What was to be reached or to be stayed under, and by how much it was missed."""
    asked = [(line, line.reference.startswith(REACH)) for line in lines if line.reference.startswith((REACH, UNDER))]
    return "\n".join(f"- {_verdict(line, at_least)}" for line, at_least in asked)


def _verdict(line: Line, at_least: bool) -> str:
    ratio = line.ratio or 0.0
    kept = ratio >= 1 if at_least else ratio <= 1
    said = "kept" if kept else f"**missed**, at {ratio:.2f} of it"
    return f"{line.name}: {_number(line.value)} {line.unit}".rstrip() + f", {line.reference}: {said}"


def write(folder: Path, lines: Iterable[Line], command: str, engines: Engines) -> None:
    """Both files. The JSON is for programs: a list, one object a line."""
    lines = list(lines)
    head = "| what | value | unit | min – max | reference | ratio |\n|---|---:|---|---|---|---:|"
    table = "\n".join([head, *map(show, lines)])
    about = "\n".join(f"- {name}: {value}" for name, value in machine(command, engines).items())
    sections = ["# Benchmarks", "Written by `make bench`.", about, "## Targets", targets(lines), "## Figures", table, NOTES]
    page = folder / "benchmarks.md"
    page.write_text("\n\n".join(filter(None, (*sections, marks.kept(page)))) + "\n")
    said = [{"name": one.name, "value": one.value, "unit": one.unit, "reference": one.reference, "ratio": one.ratio} for one in lines]
    (folder / "benchmarks.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")


def machine(command: str, engines: Engines) -> dict[str, str]:
    """Where and when, and of which versions."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": f"`{command}`",
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB memory",
        "kernel": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "broker": "Apache Kafka 4.3.1, one node, SCRAM and access rules on",
        "database": f"{engines.mongo.server.kind}, one node, authentication on, synced on commit",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "span sampling": "1 % of traces (no collector: spans are numbered, none is exported)",
        "load of the machine before": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in known.read_text().splitlines() if "model name" in line] if known.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    """The commit that was measured, and whether the tree was as committed."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=10, check=False)
    return said.stdout.strip() or "unknown"
