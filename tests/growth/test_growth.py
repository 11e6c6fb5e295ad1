"""A short growth on the real database; `make growth` is the whole one, and says what it costs in processor time."""

from pathlib import Path
from uuid import uuid4

import pytest

from infra.store.mongo import MongoStore
from tests.growth.growing import SMALL_SHARE, measured
from tests.store.server import running

FEW, MANY = 1_000, 5_000


@pytest.mark.engines
@pytest.mark.timeout(300)
def test_five_times_as_many_open_referrals_cost_no_operation_more_and_are_not_read(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.child
        (_, few), (_, many) = measured(server.url, server.child.pid, (FEW, MANY), 1, f"growth_{uuid4().hex[:8]}")
    assert few.median("operations") > 0.02 and few.median("returned") > 0.02  # something was measured: each batch reads and writes
    assert many.median("operations") <= (1 + SMALL_SHARE) * few.median("operations")
    assert many.median("returned") <= 2 * few.median("returned")  # what was touched lately is asked for less, which are fewer of many


@pytest.mark.engines
@pytest.mark.timeout(300)
def test_a_look_at_whatever_is_open_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that reads every open referral."""
    due = MongoStore.due

    async def looking(store, parts, now, limit):  # type: ignore[no-untyped-def]
        await store._find("aggregates", {"due_at": {"$exists": True}}, {"_id": 1})
        return await due(store, parts, now, limit)

    monkeypatch.setattr(MongoStore, "due", looking)
    with running(tmp_path) as server:
        assert server.child
        (_, few), (_, many) = measured(server.url, server.child.pid, (FEW, MANY), 1, f"growth_{uuid4().hex[:8]}")
    assert many.median("returned") > 2 * few.median("returned")
