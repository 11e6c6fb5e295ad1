"""Every published file through real Kafka to the running services: each entry ends in exactly one way, and its sender hears of it."""

from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.engines import Engines
from tests import marks
from tests.intake import published
from tests.intake.published import Ended
from tests.intake.test_third_party import needs_files, rows
from tests.running import Services

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600), needs_files]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    with Engines.isolated(tmp_path_factory.mktemp("published"), http_port=ports.free_port(7)) as engines:
        engines.add_partners(published.PARTNER)
        with Services(engines) as services:
            services.start(*published.RUNNING)
            yield published.ended(engines)


def test_every_entry_of_every_file_ends_as_an_event_a_return_or_a_quarantine(found: Ended):
    assert len(found.files) == len(rows()) == 255
    for file, (_, entries) in found.files.items():
        assert found.receipts[file].keys() == set(entries), file
        assert {one.state for one in found.receipts[file].values()} <= set(published.ENDS), file


def test_the_table_adds_up(found: Ended):
    by_source = found.by_source()
    assert sum(counts["entries"] for counts in by_source.values()) == found.entries
    assert all(sum(counts[end] for end in published.ENDS) == counts["entries"] for counts in by_source.values())


def test_the_sender_hears_once_of_every_entry_and_nothing_stands_parked(found: Ended):
    ends = [one.state for entries in found.receipts.values() for one in entries.values()]
    told = [(one["type"], one.get("outcome", "")) for one in found.answers]
    assert len(told) == found.entries
    assert sum(kind == "referral.returned.v1" for kind, _ in told) == ends.count("returned")
    assert sum(outcome == "quarantine" for _, outcome in told) == ends.count("quarantined") == found.held["intake"].quarantined
    assert sum(outcome in ("event", "duplicate") for _, outcome in told) == ends.count("event")
    assert all(one.parked == 0 for one in found.held.values())


def test_the_page_says_what_the_services_did(found: Ended):
    assert found.table() in marks.RELIABILITY.read_text("utf-8"), "run: python -m tests.intake.published"
