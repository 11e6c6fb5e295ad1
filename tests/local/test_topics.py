"""Topics on the real broker are those of the catalogue, whatever was there before."""

import dataclasses
import time

import pytest
from confluent_kafka.admin import ConfigResource, ResourceType

from contracts import catalogue
from contracts.catalogue import Topic
from deploy import topics
from deploy.local.engines import Engines
from infra.problems import Problem
from tests.local import clients

pytestmark = pytest.mark.engines
SAMPLE = Topic("sample-events", "intake", (), "aggregate id", partitions=3, retention_ms=60_000)


def configuration(engines: Engines, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    admin = engines.admin()  # kept until the answer is there
    return {name: entry.value for name, entry in admin.describe_configs([resource])[resource].result(10).items()}


def test_every_topic_of_the_catalogue_is_there_with_its_partitions_and_configuration(engines: Engines) -> None:
    present = engines.admin().list_topics(timeout=10).topics
    wanted = (*catalogue.TOPICS, catalogue.partner_in("acme"), catalogue.partner_out("acme"))
    assert {topic.name: topic.partitions for topic in wanted} == {topic.name: len(present[topic.name].partitions) for topic in wanted}
    inbound = configuration(engines, "partner-in-acme")
    assert inbound["retention.ms"] == str(14 * catalogue.DAY_MS)
    assert {name: inbound[name] for name in catalogue.INBOUND_CONFIG} == dict(catalogue.INBOUND_CONFIG)
    assert configuration(engines, "intake-events")["retention.ms"] == "-1"


def test_applying_again_changes_nothing(engines: Engines) -> None:
    assert topics.apply(engines.admin(), catalogue.TOPICS) == topics.Applied((), ())


def test_a_changed_configuration_is_brought_back_and_what_was_set_by_hand_goes(engines: Engines) -> None:
    admin = engines.admin()
    topics.apply(admin, [dataclasses.replace(SAMPLE, config={"segment.ms": "100000"})])
    changed = dataclasses.replace(SAMPLE, retention_ms=120_000)
    assert topics.apply(admin, [changed]) == topics.Applied((), ("sample-events",))
    found = configuration(engines, "sample-events")
    assert (found["retention.ms"], found["segment.ms"]) == ("120000", "604800000")
    topics.remove(admin, ["sample-events"])


def test_another_number_of_partitions_is_refused_and_nothing_is_changed(engines: Engines) -> None:
    admin = engines.admin()
    other = dataclasses.replace(SAMPLE, name="other-events")
    topics.apply(admin, [other])
    with pytest.raises(Problem, match=r"TL-2010 Topic other-events has 3 partitions, the catalogue says 4"):
        topics.apply(admin, [dataclasses.replace(other, partitions=4), dataclasses.replace(SAMPLE, name="new-events")])
    assert "new-events" not in admin.list_topics(timeout=10).topics
    topics.remove(admin, ["other-events"])


def test_topics_are_not_created_by_naming_them(engines: Engines) -> None:
    """Not even by the administrator, whom no rule holds back."""
    assert clients.write(engines.kafka_config("admin"), "surprise-events") in ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_MSG_TIMED_OUT")
    assert "surprise-events" not in engines.admin().list_topics(timeout=10).topics


def test_many_partners_are_admitted_in_one_batch(engines: Engines) -> None:
    started = time.monotonic()
    engines.add_partners(*(f"batch-{number}" for number in range(30)))
    assert time.monotonic() - started < 10
