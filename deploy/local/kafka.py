"""One real Kafka broker (KRaft, SCRAM-SHA-512, ACLs on) for development, tests and measurements on this machine."""

import logging
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import ports, processes
from deploy.local.secrets import Secrets, write_private
from infra.problems import Problem

ADMIN = "admin"
CONTROLLER = "controller"
JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
"""One small broker on a laptop: a serial collector and the quick compiler start it in seconds and leave the cores to the services."""
READY_SECONDS_MAX = 120.0
"""Seconds with a few topics; with thousands, a restart rewrites and syncs a file for each before anybody can sign in."""
QUIET = logging.getLogger("throughline.kafka")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


@dataclass(frozen=True)
class Kafka:
    """Where one broker lives. All of it is under `directory`; nothing is shared with another run but the jars."""

    directory: Path
    java: Path
    jars: Path
    port: int
    secrets: Secrets
    reauth_ms: int = 300_000
    """After this long a connection must sign in again: the latest moment at which a deleted credential stops working."""
    archive: Path | None = None
    """Java's archive of the classes Kafka loads, see warm.py."""
    extra_options: tuple[str, ...] = ()

    @property
    def bootstrap(self) -> str:
        return f"{ports.LOOPBACK}:{self.port}"

    def password(self, principal: str) -> str:
        return self.secrets.password(f"kafka/{principal}")

    def client_config(self, principal: str) -> dict[str, str | int | float | bool]:
        """What librdkafka needs to sign in as that principal."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": principal,
            "sasl.password": self.password(principal),
        }

    def admin(self) -> AdminClient:
        return AdminClient(self.client_config(ADMIN), logger=QUIET)


def properties(kafka: Kafka) -> dict[str, str]:
    """The broker's configuration. The file it goes to holds two passwords, hence mode 0600."""
    admin, controller = kafka.password(ADMIN), kafka.password(CONTROLLER)
    scram = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{ADMIN}" password="{admin}";'
    plain = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{CONTROLLER}" password="{controller}" user_{CONTROLLER}="{controller}";'
    )
    clients, quorum = kafka.bootstrap, f"{ports.LOOPBACK}:{kafka.port + 1}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{quorum}",
        "listeners": f"CLIENTS://{clients},CONTROLLER://{quorum}",
        "advertised.listeners": f"CLIENTS://{clients}",
        "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": scram,
        # the quorum must sign in before it can read SCRAM credentials, which live in what the quorum keeps
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN};User:{CONTROLLER}",
        "connections.max.reauth.ms": str(kafka.reauth_ms),
        "auto.create.topics.enable": "false",
        "log.dirs": str(kafka.directory / "data"),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "10",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "2000",
        "log.cleaner.dedupe.buffer.size": "16777216",
    }


def prepare(kafka: Kafka) -> None:
    """Write the configuration, and format the storage when it is new (the administrator's credential is born there)."""
    config = kafka.directory / "server.properties"
    write_private(config, "".join(f"{name}={value}\n" for name, value in properties(kafka).items()))
    (kafka.directory / "tmp").mkdir(parents=True, exist_ok=True)
    if (kafka.directory / "data" / "meta.properties").exists():
        return
    scram = f"SCRAM-SHA-512=[name={ADMIN},password={kafka.password(ADMIN)}]"
    arguments = ["format", f"--cluster-id={_cluster_id()}", "--config", str(config), "--add-scram", scram]
    done = subprocess.run(_command(kafka, "format", "kafka.tools.StorageTool", arguments), capture_output=True, text=True)
    (kafka.directory / "format.args").unlink()
    if done.returncode:
        raise Problem(
            code="TL-2006",
            what="Kafka's storage could not be prepared",
            where=str(kafka.directory),
            why=(done.stderr or done.stdout).strip()[-600:].replace(kafka.password(ADMIN), "…"),
            fix="throughline down --purge (removes this run's data), then throughline up",
        )


def start(kafka: Kafka, run: Path, logs: Path) -> processes.Child:
    """Start the broker; `wait_ready` says when it serves. TL-2001 when one of its two ports is taken."""
    ports.require_free(kafka.port, "Kafka", "THROUGHLINE_KAFKA_PORT")
    ports.require_free(kafka.port + 1, "Kafka's controller (the port after Kafka's)", "THROUGHLINE_KAFKA_PORT")
    prepare(kafka)
    command = _command(kafka, "broker", "kafka.Kafka", [str(kafka.directory / "server.properties")])
    return processes.spawn("kafka", command, run=run, logs=logs, cwd=kafka.directory)


def wait_ready(kafka: Kafka, child: processes.Child, seconds_max: float = READY_SECONDS_MAX) -> None:
    """Until the administrator can sign in and sees the broker."""
    deadline = time.monotonic() + seconds_max
    while not (ports.is_open(kafka.port) and _answers(kafka)):
        if not child.alive():
            raise died("Kafka", child)
        if time.monotonic() > deadline:
            raise too_slow("Kafka", child, seconds_max)
        time.sleep(0.05)


def _answers(kafka: Kafka) -> bool:
    try:
        return bool(kafka.admin().list_topics(timeout=5).brokers)
    except KafkaException:
        return False


def _command(kafka: Kafka, name: str, main: str, arguments: list[str]) -> list[str]:
    """Java with everything in a private argument file: class path and passwords stay out of the process list."""
    options = [*JVM_OPTIONS, *(f"-D{key}={value}" for key, value in _system_properties(kafka).items())]
    archive = [f"-XX:SharedArchiveFile={kafka.archive}"] if kafka.archive else []
    extra = kafka.extra_options if name == "broker" else ()
    lines = [*options, *archive, *extra, "-cp", f"{kafka.jars}/*", main, *arguments]
    file = kafka.directory / f"{name}.args"
    write_private(file, "".join('"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"\n' for line in lines))
    return [str(kafka.java), f"@{file}"]


def _system_properties(kafka: Kafka) -> Mapping[str, str]:
    return {
        "java.io.tmpdir": str(kafka.directory / "tmp"),  # native codecs unpack themselves there; a killed broker leaves them
        "org.slf4j.simpleLogger.showDateTime": "true",
        "org.slf4j.simpleLogger.dateTimeFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        "org.slf4j.simpleLogger.defaultLogLevel": "warn",
        "org.slf4j.simpleLogger.log.kafka.server": "info",
        "org.slf4j.simpleLogger.log.org.apache.kafka.common.config": "error",
    }


def _cluster_id() -> str:
    """Kafka's form of a random UUID: 22 characters of URL-safe base64."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def died(engine: str, child: processes.Child) -> Problem:
    return Problem(
        code="TL-2006",
        what=f"{engine} stopped while starting (exit code {child.process.poll()})",
        where=str(child.log),
        why="its last words:\n" + processes.tail(child.log),
        fix="if its data is damaged: throughline down --purge (removes this run's data), then throughline up",
    )


def too_slow(engine: str, child: processes.Child, seconds: float) -> Problem:
    return Problem(
        code="TL-2007",
        what=f"{engine} did not answer within {seconds:.0f} s",
        where=str(child.log),
        why="its last words:\n" + processes.tail(child.log, 5),
        fix="look at the log; on a very busy machine, try again",
    )
