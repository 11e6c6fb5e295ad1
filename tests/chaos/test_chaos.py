"""The short version: every failpoint once, and each of the other faults, under load, on real processes. Five minutes at most.

That each is recovered from within its bound is a figure of `make chaos`: on a machine that does something else besides it means little.
"""

from pathlib import Path

import pytest

from infra import failpoints
from tests.chaos import report
from tests.chaos.faults import POINTS, SHORT
from tests.chaos.history import shown
from tests.chaos.trial import trial

RATE = 150.0


def test_every_failpoint_is_killed_at() -> None:
    assert POINTS == failpoints.NAMES


@pytest.mark.engines
@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_or_out_of_order_and_all_is_answered(tmp_path: Path) -> None:
    outcome = trial(tmp_path, SHORT, seed=1, rate=RATE, say=print)
    rounds = report.Rounds([outcome])
    print(report.table(rounds.rows()))
    assert (shown(outcome.findings), outcome.troubles) == ([], [])
