"""A short year: 20 partners, few clients, three services; `make year` is the whole one."""

import pytest

from services.assignment import lateness as placements
from services.follow_up import explain as care
from services.follow_up.care import Care
from services.intake import lateness as requests
from tests.year.__main__ import lived

NEEDS = Care.needs.fget


def test_nobody_is_without_an_owner_and_no_clock_is_missed_early_or_told_twice():
    ledger = lived(clients=30, partners=20, days=40, seed=7)
    assert ledger.faults == []
    assert ledger.counts["referrals"] == 30 and ledger.counts["explained"] == ledger.counts["overdue"] > 30
    assert ledger.counts["explained by what was recorded"] == 0


def test_lateness_that_nothing_explains_is_noticed(monkeypatch):
    monkeypatch.setattr(care, "running", lambda state, known: iter(()))
    assert any("nothing explains why" in fault for fault in lived(clients=12, partners=3, days=20, seed=7).faults)


@pytest.mark.parametrize(
    ("module", "mistake", "noticed"),
    [
        (placements, {"_contact": lambda case, data: ()}, "nobody said so"),
        (requests, {"is_over": lambda step, passed, now: True}, "early"),
    ],
)
def test_a_clock_that_is_missed_or_told_before_its_time_is_noticed(monkeypatch, module, mistake, noticed):
    for name, wrong in mistake.items():
        monkeypatch.setattr(module, name, wrong)
    assert any(noticed in fault for fault in lived(clients=12, partners=3, days=20, seed=7).faults)
