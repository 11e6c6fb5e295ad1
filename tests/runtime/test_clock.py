"""Time that a developer moves: for every process that reads the same file, forward alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra import clock
from infra.clock import HandClock
from infra.process import clock_of
from infra.settings import load

MONDAY = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LOOK_EVERY_S", -1.0)


def is_about(found: datetime, expected: datetime) -> bool:
    return abs(found - expected) < timedelta(seconds=5)


def test_whoever_reads_the_file_is_where_the_hand_was_moved_to(tmp_path: Path) -> None:
    here, there = HandClock(tmp_path / "hand"), HandClock(tmp_path / "hand")
    assert is_about(here.now(), datetime.now(UTC)), "a file that is not there says nothing"
    here.move_to(MONDAY)
    assert is_about(there.now(), MONDAY), "it may begin anywhere"
    there.move_to(MONDAY + timedelta(days=7))
    assert is_about(here.now(), MONDAY + timedelta(days=7))
    assert is_about(here.wall(), datetime.now(UTC)), "tokens and sessions stay in the world's time"


def test_it_is_not_moved_back(tmp_path: Path) -> None:
    hand = HandClock(tmp_path / "hand")
    hand.move_to(MONDAY)
    with pytest.raises(ValueError, match="forward"):
        hand.move_to(MONDAY - timedelta(minutes=1))


def test_a_process_is_told_the_file_by_its_settings(tmp_path: Path) -> None:
    HandClock(tmp_path / "hand").move_to(MONDAY)
    assert is_about(clock_of(load(service="intake", development=True, clock_file=tmp_path / "hand")).now(), MONDAY)
    assert is_about(clock_of(load(service="intake")).now(), datetime.now(UTC))
