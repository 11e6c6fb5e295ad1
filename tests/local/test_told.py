"""A command that decides beside a run decides as its services do: at their time."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy import kept
from deploy.local.services import _clock, told_the_time


def test_a_command_is_told_the_time_as_the_services_of_the_run_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("RATE", "EPOCH", "START"):
        monkeypatch.setenv(f"THROUGHLINE_CLOCK_{name}", "1")
        monkeypatch.delenv(f"THROUGHLINE_CLOCK_{name}")
    assert told_the_time(tmp_path) == {}
    said = _clock(tmp_path, {"THROUGHLINE_CLOCK_RATE": "1440"})
    assert said.keys() == {"CLOCK_RATE", "CLOCK_EPOCH"}
    assert _clock(tmp_path, {"THROUGHLINE_CLOCK_RATE": "1440"}) == said, "time does not start again with the next run"
    kept.as_the_run(SimpleNamespace(state=tmp_path))  # type: ignore[arg-type]
    assert (os.environ["THROUGHLINE_CLOCK_RATE"], os.environ["THROUGHLINE_CLOCK_EPOCH"]) == ("1440", said["CLOCK_EPOCH"])
    assert _clock(tmp_path, {}) == {} == told_the_time(tmp_path)
