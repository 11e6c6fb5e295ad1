"""Apply one mistake to a copy of the tree and see whether its killer notices."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.catalogue import Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("contracts", "deploy", "infra", "services", *(f"tests/{name}" for name in (
    "runtime", "simulation", "mutants", "notification", "follow_up", "assignment", "intake", "laws", "rules", "worklist", "year",
)))  # fmt: skip
FILES = ("pyproject.toml", "tests/__init__.py", "tests/engines.py", "tests/deciding.py", "tests/instance.py")
TIMEOUT_S = 120


@dataclass(frozen=True)
class Verdict:
    """How a killer ended: `passed`, `failed` or `timed out`."""

    name: str
    ended: str
    seconds: float
    output: str = ""


def found(mutant: Mutant, root: Path = ROOT) -> int:
    """How often its text stands in its file."""
    return (root / mutant.file).read_text("utf-8").count(mutant.old)


def try_mutant(mutant: Mutant) -> Verdict:
    with tempfile.TemporaryDirectory() as directory:
        tree = copied(Path(directory))
        file = tree / mutant.file
        file.write_text(file.read_text("utf-8").replace(mutant.old, mutant.new), "utf-8")
        return killed_by(mutant.killer, tree, mutant.name)


def try_killer(killer: str) -> Verdict:
    """Without a mistake: it must pass."""
    with tempfile.TemporaryDirectory() as directory:
        return killed_by(killer, copied(Path(directory)), killer)


def copied(tree: Path) -> Path:
    """What the killers need, and nothing compiled: an edit may leave size and time of a file as they were."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, tree / name)
    return tree


def killed_by(killer: str, tree: Path, name: str) -> Verdict:
    started = time.monotonic()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    try:
        ended = subprocess.run(
            [sys.executable, *arguments(killer)], cwd=tree, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return Verdict(name, "timed out", time.monotonic() - started)
    return Verdict(name, "failed" if ended.returncode else "passed", time.monotonic() - started, ended.stdout + ended.stderr)


def arguments(killer: str) -> list[str]:
    kind, _, rest = killer.partition(":")
    if kind == "seeds":
        first, _, count = rest.partition("+")
        return ["-m", "tests.simulation", "--first", first, "--seeds", count, "--jobs", "1", "--failures", "1"]
    return ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *(f"tests/{one}" for one in killer.split(" "))]
