"""Services know one time: the `now` they are given. The wall clock is for tokens and expiry, in `infra` alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALL = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "clock": {"wall"},
}
"""What may not be taken from what."""


def glances(source: str) -> list[str]:
    """Where a module looks at the world's clock by itself."""
    tree = ast.parse(source)
    names = {alias.asname or alias.name: alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in WALL.get(_owner(node.value, names), ()):
            found.append(f"line {node.lineno}: {_owner(node.value, names)}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            taken = WALL.get((node.module or "").rpartition(".")[2], set()) - ({"now"} if node.module == "datetime" else set())
            found += [f"line {node.lineno}: {node.module}.{alias.name}" for alias in node.names if alias.name in taken]
    return found


def _owner(value: ast.expr, names: dict[str, str]) -> str:
    """The last name of what an attribute is taken from: `self.clock` and `infra.clock` are `clock`."""
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return names.get(name, name).rpartition(".")[2].lstrip("_")


FILES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "services").rglob("*.py"))]


EXPIRING = {
    "services/worklist/api.py": "how long a gap has stood, for whoever looks now",
    "services/worklist/follow.py": "when rows of live changes expire; since when a gap stands",
    "services/worklist/live.py": "how far back live changes are still there",
    "services/worklist/marking.py": "when rows of live changes expire",
    "services/worklist/search.py": "for how long what somebody searched for can be opened",
}
"""Edges of the read model where the world's time is meant: expiry, and how long something has been missing here."""


@pytest.mark.parametrize("file", FILES)
def test_a_service_looks_at_no_clock_of_its_own(file):
    found = glances((ROOT / file).read_text("utf-8"))
    assert [glance for glance in found if not (file in EXPIRING and glance.endswith("clock.wall"))] == []


def test_a_planted_glance_is_found():
    for planted in (
        "clock.wall()", "self.clock.wall()", "self._clock.wall()", "from datetime import datetime\ndatetime.now(UTC)",
        "import datetime as d\nd.datetime.now()", "import time\ntime.time()", "import time as t\nt.time()", "from time import time",
        "date.today()", "from infra.clock import wall", "stamp = clock.wall",
    ):  # fmt: skip
        assert len(glances(planted)) == 1, planted


def test_the_time_that_is_given_may_be_used():
    assert glances("from datetime import datetime\ndef decide(now: datetime): return clock.now(), now, datetime.fromisoformat('x')") == []
