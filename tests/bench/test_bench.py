"""The short version: every line runs and its numbers are sane. How fast it is, is measured by `make bench`, not here."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.engines import Engines
from tests.bench import __main__ as command
from tests.bench import events, fhir, floor, intake, latency, memory, partners, report
from tests.bench.report import Line

EVENTS = 2_000
SLOWEST = 50
"""Events a second that even a busy machine reaches: a loose lower bound, against hanging."""
pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def own_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """Nobody else's: databases are dropped between the runs."""
    with Engines.isolated(tmp_path_factory.mktemp("bench")) as running:
        yield running


def named(lines: list[Line], name: str) -> Line:
    return next(line for line in lines if line.name.startswith(name))


def test_events_are_as_large_as_the_floors() -> None:
    size = events.floor_bytes(EVENTS)
    assert {event.bytes for event in events.referrals(["a", "b"], 300, size)} == {size}


def test_intake_is_measured_beside_the_floor_and_its_share_is_printed(own_engines: Engines, capsys: pytest.CaptureFixture[str]) -> None:
    lines = intake.side_by_side(own_engines, {"floor", "intake"}, EVENTS, 1, 500)
    print("\n".join(map(report.show, lines)))
    for lanes in (1, 3):
        for driver in ("pymongo", "motor"):
            assert named(lines, f"intake: {lanes} lanes, {driver}").value > SLOWEST
    assert named(lines, "intake: 3 lanes, pymongo, facts").value == pytest.approx(7 / 3, rel=0.01)
    if floor.absent():
        assert named(lines, "floor: SKIPPED")
    else:
        assert 0.05 < (named(lines, "intake: 3 lanes, pymongo").ratio or 0) < 5
        assert "share of the floor by pairs" in capsys.readouterr().out


def test_the_shares_of_the_steps_add_up_to_the_whole(own_engines: Engines) -> None:
    found = intake.same_shape(own_engines, EVENTS, intake.How(sample=True))
    assert sum(found["shares"].values()) == pytest.approx(1)
    assert {"parse and door", "decide", "encode"} <= set(found["shares"])


def test_the_plain_handler_does_the_same_work(own_engines: Engines) -> None:
    lines = intake.side_by_side(own_engines, {"plain"}, 300, 1, 500)
    assert named(lines, "plain").value > 5


def test_bundles_are_taken(own_engines: Engines) -> None:
    assert named(fhir.section(own_engines, 300, 1, 500), "fhir: intake").value > SLOWEST / 2


def test_an_event_is_seen_within_a_bounded_time(own_engines: Engines) -> None:
    lines = latency.section(own_engines, 200, 5, warm_s=0)
    said = "latency at 200 events/s for 5 s, partner event → "
    assert 0 < named(lines, f"{said}intake-events, p50").value < 20
    assert named(lines, f"{said}intake-events, measured").value > 900


def test_memory_is_bounded_behind_a_backlog(own_engines: Engines) -> None:
    lines = memory.section(own_engines, EVENTS)
    assert 20 < named(lines, "memory: intake behind").value < 1_000


def test_partners_are_added_heard_and_kept_apart(own_engines: Engines) -> None:
    lines = partners.section(own_engines, 30, 5)
    assert named(lines, "partners: kept from another's topic").value == 20
    assert 0 < named(lines, "partners: 30 topics on one process, CPU of intake while").value < 2


def test_the_report_is_a_table_and_a_list(own_engines: Engines, tmp_path: Path) -> None:
    lines = [Line.of("floor", [1.0, 3.0], "events/s"), report.skipped("floor", "not there")]
    report.write(tmp_path, lines, "python -m tests.bench", own_engines)
    said = json.loads((tmp_path / "benchmarks.json").read_text())
    assert said[0] == {"name": "floor", "value": 2.0, "unit": "events/s", "reference": "", "ratio": None}
    assert "| floor | 2 | events/s | 1 – 3 |" in (tmp_path / "benchmarks.md").read_text()


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(SystemExit):
        command.arguments(["flor"])
