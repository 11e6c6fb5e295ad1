"""Measured parts of a page of docs: each between two marks, written anew by what measured it."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
RELIABILITY, NOTIFICATION, BENCHMARKS = (ROOT / "docs" / f"{name}.md" for name in ("reliability", "notification", "benchmarks"))


def write(page: Path, part: str, text: str) -> None:
    """In the place of what the part said before; at the end of the page where it has no such part yet."""
    begin, end = f"<!-- {part}:begin -->", f"<!-- {part}:end -->"
    known = page.read_text("utf-8") if page.exists() else ""
    if begin not in known or end not in known:
        known = f"{known.rstrip()}\n\n{begin}\n{end}\n".lstrip()
    before, _, rest = known.partition(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", "utf-8")


def kept(page: Path) -> str:
    """Every measured part that a page has, for whoever writes the rest of it anew."""
    known = page.read_text("utf-8") if page.exists() else ""
    return "\n\n".join(found.group() for found in re.finditer(r"<!-- (\S+):begin -->\n.*?<!-- \1:end -->", known, re.DOTALL))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows))


def where() -> str:
    """When, at which commit, on what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    memory, load = psutil.virtual_memory().total / 2**30, os.getloadavg()[0]
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, load {load:.1f} at the end"
    return f"{datetime.now(UTC):%Y-%m-%d}, {commit or 'no commit'}, {machine}"
