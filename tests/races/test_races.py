"""A short race on the real database; `make races` is the whole one."""

from pathlib import Path
from uuid import uuid4

import pytest

from tests.races.racing import raced
from tests.store.server import running


@pytest.mark.engines
@pytest.mark.timeout(300)
def test_processes_that_race_and_die_inside_transactions_double_nothing_and_strand_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        found = raced(server.url, f"race_{uuid4().hex[:8]}", count=3_000, rate=1_000, instances=3, kills=1)
    assert found.double == [] and found.stranded == []
    assert found.retries["conflict"] > 0 and found.killed > 0 and found.taken > 10 and found.held > 10
