"""Modules are small and named for what they are."""

import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("contracts", "infra", "services", "deploy", "tests")
LINES_SOFT, LINES_HARD = 250, 400
NAMELESS = {"util", "utils", "common", "commons", "helper", "helpers", "misc", "base", "manager", "managers", "shared", "core"}


def modules() -> dict[str, int]:
    """Lines by file."""
    files = (path for place in PLACES for path in sorted((ROOT / place).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in files}


def longer_than(limit: int, sizes: dict[str, int]) -> list[str]:
    return [f"{file}: {lines} lines" for file, lines in sizes.items() if lines > limit]


def nameless(files: list[str]) -> list[str]:
    """Files or folders whose name says nothing."""
    return [file for file in files if NAMELESS & set(Path(file).with_suffix("").parts)]


def test_no_module_is_longer_than_the_hard_limit_and_long_ones_are_reported():
    sizes = modules()
    for line in longer_than(LINES_SOFT, sizes):
        warnings.warn(f"over {LINES_SOFT} lines, split it by noun: {line}", stacklevel=1)
    assert longer_than(LINES_HARD, sizes) == []


def test_every_module_is_named_for_what_it_is():
    assert nameless(list(modules())) == []


def test_long_and_nameless_modules_are_found():
    assert longer_than(LINES_HARD, {"infra/bus.py": 401, "infra/lane.py": 400}) == ["infra/bus.py: 401 lines"]
    assert nameless(["infra/utils.py", "services/intake/helpers/dates.py", "infra/database.py"]) == [
        "infra/utils.py",
        "services/intake/helpers/dates.py",
    ]
