"""A short flood on the running product; `make flood` is the whole one. How long it takes is measured there, where nothing else runs."""

from pathlib import Path

import pytest

from tests.flood.flooding import flooded


@pytest.mark.engines
@pytest.mark.timeout(300)
def test_nobody_in_crisis_waits_for_what_is_routine(tmp_path: Path) -> None:
    found = flooded(tmp_path, routine=6_000, contacts=12, every_s=0.1)
    assert {topic: len(delays) for topic, delays in found.delays.items()} == {"contact": 12, "episode": 12, "team": 12, "alert": 12}
    assert found.left > 1_000, "the flood was over before the last contact: this showed nothing"
