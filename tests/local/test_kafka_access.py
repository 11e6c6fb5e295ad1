"""What each credential can do on the real broker, and that it can do nothing else."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from contracts import catalogue
from deploy import access, partners, quotas
from deploy.local.engines import Engines
from infra.problems import Problem
from tests.local import clients
from tests.local.clients import OK

pytestmark = pytest.mark.engines
REFUSED_TOPIC, REFUSED_GROUP = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"


@pytest.fixture(scope="module")
def acme(engines: Engines) -> clients.Config:
    return engines.kafka_config("partner-acme")


def test_a_partner_writes_its_own_inbound_topic_idempotently_and_otherwise(acme: clients.Config) -> None:
    assert clients.write(acme, "partner-in-acme", idempotent=True) == OK
    assert clients.write(acme, "partner-in-acme", idempotent=False) == OK


@pytest.mark.parametrize("topic", ["partner-in-zeta", "partner-out-acme", "partner-out-zeta", "intake-events", "audit-events"])
def test_a_partner_writes_nowhere_else(acme: clients.Config, topic: str) -> None:
    assert clients.write(acme, topic) == REFUSED_TOPIC


def test_a_partner_reads_what_it_is_told_in_a_group_under_its_own_name(engines: Engines, acme: clients.Config) -> None:
    assert clients.write(engines.kafka_config("svc-intake"), "partner-out-acme") == OK
    assert clients.read(acme, "partner-out-acme", "partner-acme.board") == OK


@pytest.mark.parametrize("topic", ["partner-in-acme", "partner-in-zeta", "partner-out-zeta", "intake-events", "__consumer_offsets"])
def test_a_partner_reads_nothing_else_not_even_what_it_wrote(acme: clients.Config, topic: str) -> None:
    assert clients.read(acme, topic, "partner-acme.board") == REFUSED_TOPIC


@pytest.mark.parametrize("group", ["intake", "intake.partners", "partner-zeta.board", "partner-acme", "partner-acmeco.board"])
def test_a_partner_joins_no_group_that_is_not_its_own(acme: clients.Config, group: str) -> None:
    assert clients.read(acme, "partner-out-acme", group) == REFUSED_GROUP


def test_a_partner_creates_no_topic(acme: clients.Config) -> None:
    assert clients.create_topic(acme, "partner-in-acme-2") in ("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED")


def test_a_partner_sees_only_its_own_topics(engines: Engines) -> None:
    seen = AdminClient(engines.kafka_config("partner-acme"), logger=clients.QUIET).list_topics(timeout=10).topics
    assert set(seen) == {"partner-in-acme", "partner-out-acme"}


def test_compressed_records_are_refused_on_inbound_topics(acme: clients.Config) -> None:
    """A small batch may not become a large one in whoever reads it."""
    bomb = b"0" * 400_000
    assert clients.write({**acme, "compression.type": "zstd"}, "partner-in-acme", bomb) == "MSG_SIZE_TOO_LARGE"


def test_a_wrong_password_is_refused(acme: clients.Config) -> None:
    assert clients.sign_in(acme) == OK
    assert clients.sign_in({**acme, "sasl.password": "not it"}) == "_AUTHENTICATION"
    assert clients.sign_in({**acme, "sasl.username": "partner-nobody"}) == "_AUTHENTICATION"


def test_nobody_enters_without_a_password(engines: Engines) -> None:
    for port in (engines.settings.kafka_port, engines.settings.kafka_port + 1):
        assert clients.sign_in({"bootstrap.servers": f"127.0.0.1:{port}"}, seconds_max=3) != OK


@pytest.mark.parametrize("service", catalogue.SERVICES)
def test_a_service_writes_what_it_owns_and_the_audit_trail_and_nothing_else(engines: Engines, service: str) -> None:
    config = engines.kafka_config(access.service_principal(service))
    may = {topic.name for topic in catalogue.TOPICS if topic.owner in (service, "*")} | (
        {"partner-out-acme"} if service == "intake" else set()
    )
    topics = [topic.name for topic in catalogue.TOPICS] + ["partner-in-acme", "partner-out-acme"]
    ended = clients.write_each(config, topics)
    assert {topic for topic, outcome in ended.items() if outcome == OK} == may
    assert {outcome for topic, outcome in ended.items() if topic not in may} == {REFUSED_TOPIC}


@pytest.mark.parametrize(
    ("service", "topic", "group", "outcome"),
    [
        ("assignment", "intake-events", "assignment", OK),
        ("assignment", "assignment-events", "assignment.restore", OK),
        ("assignment", "partner-in-acme", "assignment", REFUSED_TOPIC),
        ("assignment", "crisis-intake-events", "assignment", REFUSED_TOPIC),
        ("assignment", "intake-events", "intake", REFUSED_GROUP),
        ("assignment", "intake-events", "assignments", REFUSED_GROUP),
        ("authorization", "crisis-routing-events", "authorization", REFUSED_TOPIC),
        ("intake", "partner-in-acme", "intake.partners", OK),
        ("intake", "partner-out-acme", "intake", REFUSED_TOPIC),
        ("crisis_routing", "intake-events", "crisis_routing", OK),
        ("worklist", "audit-events", "worklist", OK),
        ("notification", "audit-events", "notification", REFUSED_TOPIC),
    ],
)
def test_a_service_reads_what_the_catalogue_says(engines: Engines, service: str, topic: str, group: str, outcome: str) -> None:
    for written in ("intake-events", "assignment-events"):
        writer = "svc-" + written.removesuffix("-events")
        assert clients.write(engines.kafka_config(writer), written) == OK
    assert clients.write(engines.kafka_config("svc-worklist"), "audit-events") == OK
    assert clients.write(engines.kafka_config("partner-acme"), "partner-in-acme") == OK
    assert clients.read(engines.kafka_config(access.service_principal(service)), topic, group) == outcome


def test_rules_of_an_older_catalogue_are_taken_away(engines: Engines) -> None:
    admin, config = engines.admin(), engines.kafka_config("svc-follow-up")
    rules = access.service_rules("follow_up")
    access.grant(admin, access._may("svc-follow-up", access.TOPIC, "intake-events", access.LITERAL, access.WRITE))
    assert clients.write(config, "intake-events") == OK
    access.reconcile(admin, rules)
    assert clients.write(config, "intake-events") == REFUSED_TOPIC
    assert clients.write(config, "follow-up-events") == OK


def test_revoking_works_at_once_on_an_open_connection_and_the_password_is_gone(engines: Engines) -> None:
    engines.add_partners("leaver")
    config = engines.kafka_config("partner-leaver")
    open_producer = Producer({**config, "enable.idempotence": False}, logger=clients.QUIET)
    said: list[str] = []

    def publish() -> str:
        open_producer.produce("partner-in-leaver", b"{}", on_delivery=lambda error, _: said.append(error.name() if error else OK))
        open_producer.flush(20)
        return said[-1]

    assert publish() == OK
    partners.revoke(engines.broker(), ["leaver"])
    assert publish() == REFUSED_TOPIC
    assert clients.sign_in(config) == "_AUTHENTICATION"
    partners.revoke(engines.broker(), ["leaver"])  # again: nothing to do, and no error


def test_everybody_else_can_still_sign_in_after_many_were_revoked_and_the_broker_restarted(new_engines: Callable[..., Engines]) -> None:
    """Kafka 4.3.1 loses every credential then if one was deleted: see `access.lock_out`."""
    engines = new_engines()
    names = [f"leaver-{number}" for number in range(80)]
    engines.add_partners("stayer", *names)
    partners.revoke(engines.broker(), names)
    engines.restart_kafka()
    assert clients.sign_in(engines.kafka_config("partner-stayer")) == OK
    assert clients.sign_in(engines.kafka_config("svc-intake")) == OK
    assert clients.sign_in(engines.kafka_config(f"partner-{names[0]}")) == "_AUTHENTICATION"


def test_a_new_password_replaces_the_old_one(engines: Engines) -> None:
    engines.add_partners("rotator")
    old = engines.kafka_config("partner-rotator")
    partners.rotate(engines.broker(), {"rotator": "another one"})
    assert clients.sign_in(old) == "_AUTHENTICATION"
    assert clients.sign_in({**old, "sasl.password": "another one"}) == OK


def test_a_withdrawn_credential_stops_working_on_an_open_connection_within_the_reauthentication_time(
    new_engines: Callable[..., Engines],
) -> None:
    engines = new_engines(reauth_ms=8_000)
    engines.add_partners("leaver")
    said: list[str] = []
    settings = {"message.timeout.ms": 15_000, "linger.ms": 0, "enable.idempotence": False}
    producer = Producer({**engines.kafka_config("partner-leaver"), **settings}, logger=clients.QUIET)

    def publish() -> str:
        producer.produce("partner-in-leaver", b"{}", on_delivery=lambda error, _: said.append(error.name() if error else OK))
        producer.flush(20)
        return said[-1]

    assert publish() == OK
    access.lock_out(engines.admin(), ["partner-leaver"])
    deadline = time.monotonic() + 60
    while publish() == OK and time.monotonic() < deadline:
        time.sleep(0.2)
    assert said[1] == OK  # the connection was open, so only the time limit ended it
    assert said[-1] != OK


def test_a_quota_slows_one_partner_down(engines: Engines) -> None:
    def seconds(partner: str) -> float:
        """For five records of 20 kB, one at a time: more than the window of ten seconds forgives."""
        producer, started = Producer(engines.kafka_config(f"partner-{partner}"), logger=clients.QUIET), time.monotonic()
        for _ in range(5):
            producer.produce(f"partner-in-{partner}", b"0" * 20_000)
            producer.flush(30)
        return time.monotonic() - started

    engines.add_partners("torrent", "brook")
    quotas.apply(engines.kafka_config("admin"), {"partner-torrent": {"producer_byte_rate": 5_000.0}})
    slowed = seconds("torrent")
    assert slowed > 3 and slowed > 2 * seconds("brook")


@pytest.mark.parametrize("name", ["", "Acme", "a.b", "-a", "a_b", "a" * 64, "a/b", "a b"])
def test_a_name_that_could_reach_another_partners_resources_is_refused(engines: Engines, name: str) -> None:
    with pytest.raises(Problem, match="TL-2012"):
        partners.add(engines.broker(), {name: "x"})
