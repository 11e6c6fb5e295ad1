"""The measured parts of docs/notification.md: each between two marks, written anew by what measured it."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "notification.md"


def write(part: str, heads: Sequence[str], rows: Iterable[Sequence[str]], command: str, note: str, page: Path = PAGE) -> None:
    """Put a table in the place of the one before it. ValueError when the page has no such part."""
    begin, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    text = page.read_text("utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{page.name} has no part {part}")
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows))
    measured = f"{begin}\n{note}\n\n{table}\n\n{where()}: `{command}`\n{end}"
    page.write_text(re.sub(f"{begin}.*{end}", lambda _: measured, text, flags=re.DOTALL), "utf-8")


def where() -> str:
    """When, at which commit, on what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    memory, load = psutil.virtual_memory().total / 2**30, os.getloadavg()[0]
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, load {load:.1f} at the end"
    return f"{datetime.now(UTC):%Y-%m-%d}, {commit or 'no commit'}, {machine}"
