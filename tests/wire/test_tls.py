"""Brokers are spoken to over TLS unless a developer says otherwise; against the authorities that were named, and no others."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local import java, kafka, ports
from deploy.local.secrets import Secrets
from infra import process
from infra.bus import Stream, broker_for, start, subscribe
from infra.lane import Lane
from infra.problems import Problem
from infra.publisher import Publisher
from infra.settings import Settings
from tests.wire.conftest import Broker, fact_row

SIGNED_IN = {"service": "speaker", "kafka_user": "svc-speaker", "kafka_password": "x"}


def test_a_deployment_signs_in_over_verified_tls():
    reached = process.access(Settings(**SIGNED_IN))
    context = reached["ssl_context"]
    assert (reached["security_protocol"], context.verify_mode, context.check_hostname) == ("SASL_SSL", ssl.CERT_REQUIRED, True)


def test_a_developer_may_do_without():
    reached = process.access(Settings(**SIGNED_IN, development=True, kafka_tls=False))
    assert (reached["security_protocol"], reached["ssl_context"]) == ("SASL_PLAINTEXT", None)


def test_authorities_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(Problem, match="TL-2056"):
        process.access(Settings(**SIGNED_IN, kafka_ca_file=tmp_path / "none.pem"))


def certified(directory: Path, name: str) -> Path:
    """A key with a certificate for this machine that is its own authority, in one file; and the certificate alone beside it."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ports.LOOPBACK))]), critical=False)
    pem = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    directory.joinpath(f"{name}.pem").write_bytes(pem)
    directory.joinpath(f"{name}-key.pem").write_bytes(secret + pem)
    return directory / f"{name}.pem"


@pytest.fixture(scope="module")
def secured(class_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, int, Path]]:
    """A broker with one listener more, which speaks TLS."""
    directory, port, plain = tmp_path_factory.mktemp("tls"), ports.free_port(), kafka.properties
    certificate = certified(directory, "broker")

    def with_tls(made: kafka.Kafka) -> dict[str, str]:
        known, listener = plain(made), f"TLS://{ports.LOOPBACK}:{port}"
        more = {
            "listener.name.tls.scram-sha-512.sasl.jaas.config": known["listener.name.clients.scram-sha-512.sasl.jaas.config"],
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": str(directory / "broker-key.pem"),
            "listener.security.protocol.map": known["listener.security.protocol.map"] + ",TLS:SASL_SSL",
        }
        return known | more | {name: f"{known[name]},{listener}" for name in ("listeners", "advertised.listeners")}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kafka, "properties", with_tls)
        made = kafka.Kafka(directory / "kafka", java.find_java(), class_path, ports.free_port(2), Secrets(directory / "secrets.json"))
        running = Broker(made, directory)
        running.start()
    yield running, port, certificate
    running.stop()


def settings(broker: Broker, port: int, authority: Path) -> Settings:
    password = broker.kafka.password(kafka.ADMIN)
    reached = {"kafka_bootstrap": f"{ports.LOOPBACK}:{port}", "kafka_user": kafka.ADMIN, "kafka_password": password}
    return Settings(service="speaker", kafka_ca_file=authority, **reached)


@pytest.mark.engines
async def test_facts_are_published_and_heard_over_tls(secured):
    told, topic, taken = settings(*secured), secured[0].topic(24), list[Any]()
    publisher = Publisher(process.access(told), lambda _: 24)
    await publisher.publish([fact_row(topic, "thing/1", 1)])
    await publisher.stop(2.0)

    async def take(records: Sequence[Any]) -> None:
        taken.extend(records)

    async def fence(_: Sequence[str]) -> None: ...

    lane = Lane("tls/0", "tls", take, fence)
    application = broker_for(told.kafka_bootstrap, told.kafka_user, told.kafka_password.get_secret_value(), process.tls(told))
    subscribe(application, Stream(lane.group, topics=(topic,)), [lane])
    await start(application, [lane])
    async with asyncio.timeout(20):
        while not taken:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await application.stop()
    assert [record.value for record in taken] == [b'{"n":1}']


@pytest.mark.engines
async def test_a_broker_that_another_authority_vouches_for_is_not_spoken_to(secured, tmp_path):
    broker, port, _ = secured
    publisher = Publisher(process.access(settings(broker, port, certified(tmp_path, "stranger"))), lambda _: 24, publish_timeout_s=3.0)
    with pytest.raises(Problem, match="TL-2051"):
        await publisher.start()
