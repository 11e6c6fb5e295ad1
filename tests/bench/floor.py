"""The floor: `tools/floor.py` of the shared directory, run as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.engines import Engines
from tests.bench.probe import cpu_s
from tests.bench.running import ROOT, Result

VARIABLE = "THROUGHLINE_SHARED"


def script() -> Path:
    """Where it lies: beside the checkout, or in the directory that THROUGHLINE_SHARED names."""
    return Path(os.environ.get(VARIABLE) or ROOT.parent / "shared") / "tools" / "floor.py"


def absent() -> str:
    """Why it cannot be run; empty when it can."""
    if script().exists():
        return ""
    return f"no tools/floor.py beside the checkout: set {VARIABLE} to the directory that holds it; every ratio to the floor is missing"


def run(engines: Engines, events: int, lanes: int, batch: int) -> Result:
    """One run of its own: it makes its topics and collections, and removes them."""
    user, password = engines.credentials("admin")
    arguments = {
        "--kafka": engines.kafka_bootstrap, "--mongo": engines.mongo_url("admin"), "--user": user, "--password": password,
        "--lanes": lanes, "--batch": batch, "--events": events,
    }  # fmt: skip
    words = [str(word) for pair in arguments.items() for word in pair]
    database = engines.children["mongo"].pid
    before = cpu_s(database)
    ended = subprocess.run([sys.executable, str(script()), *words], capture_output=True, text=True, timeout=400, check=False)
    said = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if not said:
        raise RuntimeError(f"floor.py measured nothing:\n{ended.stderr[-2_000:]}")
    return {**json.loads(said[-1]), "database_us": (cpu_s(database) - before) * 1e6 / events}
