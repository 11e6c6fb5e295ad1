"""The example network and what is fed into it."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import network
from deploy.demo.feed import clients, feed
from deploy.demo.run import EXAMPLE
from infra.problems import Problem
from services.intake.door import entries

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_example_is_sound_and_every_service_has_a_program():
    example = network.load(EXAMPLE)
    programs, staff = example.directory()
    assert {service for program in programs for service in program.services} >= {"outpatient-therapy", "psychiatry", "youth-therapy"}
    assert set(staff) >= {program.desk for program in programs}


def test_a_fault_is_told_by_its_place_and_without_its_value(tmp_path: Path):
    file = tmp_path / "network.yaml"
    partner = "{id: A planted name, name: a, agreement: {kind: signed, effective_on: 2026-01-01}}"
    file.write_text(f"id: x\nname: X\nzone: UTC\npartners: [{partner}]")
    with pytest.raises(Problem, match="/partners/0/id") as told:
        network.load(file)
    assert "planted" not in str(told.value)


def test_the_feed_is_the_same_for_a_seed_and_ends_as_it_should():
    partners = [partner.id for partner in network.load(EXAMPLE).partners]
    people = clients(40, 7)
    fed = list(feed(partners, people, 7, NOW))
    assert fed == list(feed(partners, people, 7, NOW))
    ended = Counter(entry.outcome for one in fed for entry in entries(one.partner, dict(one.headers), one.value))
    assert ended["event"] == len(fed) - 3
    assert (ended["return"], ended["quarantine"]) == (2, 1)


def test_nobody_in_the_feed_is_real():
    people = clients(20, 7)
    assert all(person.family.endswith("-Test") for person in people)
