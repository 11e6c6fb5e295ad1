"""A restore and two upgrades, on real processes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.drills import BACKUP_FACTS_MIN, Drill, restored, upgraded
from tests.chaos.history import shown

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]


def good(drill: Drill) -> Drill:
    print(drill.measures)
    assert (shown(drill.findings), drill.troubles) == ([], [])
    return drill


def test_a_restored_service_reads_back_what_it_said_and_uses_no_sequence_twice(tmp_path: Path) -> None:
    measures = good(restored(tmp_path)).measures
    assert measures["facts read back"] == measures["facts lost with the database"] >= BACKUP_FACTS_MIN


@pytest.mark.parametrize(
    "upgrade", [lambda here: upgraded(here, 1), lambda here: upgraded(here, 2)], ids=["field-more", "schema-more"]
)  # fmt: skip
def test_an_old_build_beside_a_new_one_erases_nothing(tmp_path: Path, upgrade: Callable[[Path], Drill]) -> None:
    assert good(upgrade(tmp_path)).measures["of them gone on with"] > 0
