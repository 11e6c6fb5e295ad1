"""The example network and what is fed into it."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from deploy import network
from deploy.demo.feed import MENDED, asked_for, clients, feed
from deploy.demo.publishing import outcome
from deploy.demo.run import EXAMPLE
from infra.problems import Problem
from services.intake.door import entries

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_example_is_sound_and_every_service_has_a_program():
    example = network.load(EXAMPLE)
    listed = example.directory()
    programs, staff = listed.programs, listed.staff
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
    assert ended.total() == len(fed)
    assert (ended["return"], ended["quarantine"]) == (2, 2)


def test_the_feed_has_some_of_everything():
    fed = list(feed(["one", "two", "three"], clients(60, 7), 7, NOW))
    kinds = Counter(dict(one.headers).get("ce_type", b"fhir") for one in fed)
    assert {b"referral.requested.v1", b"referral.amended.v1", b"referral.withdrawn.v1", b"fhir"} <= kinds.keys()
    assert len({(one.partner, one.id) for one in fed}) < len(fed), "somebody sends something twice"
    assert len(asked_for(fed)) == 60 - kinds[b"referral.withdrawn.v1"]


def test_made_again_for_the_same_instant_every_event_keeps_its_id():
    people = clients(10, 7)
    assert [one.id for one in feed(["one", "two", "three"], people, 7, NOW)] == [
        one.id for one in feed(["one", "two", "three"], people, 7, NOW)
    ]
    assert all(one.id for one in feed(["one", "two", "three"], people, 7, NOW))


def test_nobody_in_the_feed_is_real():
    fed = list(feed(["one", "two", "three"], clients(20, 7), 7, NOW))
    names = {name for one in fed for name in re.findall(r'"family(?:_name)?":"([^"]*)"', one.value.decode())}
    phones = {phone for one in fed for phone in re.findall(r"555-?[0-9]+", one.value.decode())}
    assert names
    assert all(name.endswith("-Test") for name in names)
    assert all(re.fullmatch(r"555-01\d\d", phone) for phone in phones)


def test_the_mended_input_is_an_event():
    (entry,) = entries("one", {"ce_type": b"referral.requested.v1"}, orjson.dumps(MENDED))
    assert entry.outcome == "event"


def test_an_answer_is_counted_by_what_became_of_the_event():
    assert outcome({"ce_type": b"referral.returned.v1"}, b"{}") == "return"
    assert outcome({"ce_type": b"referral.received.v1"}, b'{"outcome":"quarantine"}') == "quarantine"
    assert outcome({"ce_type": b"referral.acknowledged.v1"}, b"{}") == ""
