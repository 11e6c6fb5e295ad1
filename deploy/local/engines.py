"""Kafka and the database of one run, ready to use: what `throughline up` starts first, and what tests and measurements start alone."""

import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from confluent_kafka.admin import AdminClient

from contracts import catalogue
from deploy import access, partners, topics
from deploy.local import database, jars, java, kafka, mongo, ports, processes, warm
from deploy.local.cache import Cache, Say
from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from deploy.local.secrets import Secrets
from deploy.local.settings import LocalSettings
from infra.problems import Problem

Engine = TypeVar("Engine", Kafka, Mongo)


class Engines:
    """One broker and one database under one directory, with the catalogue's topics, users and access rules.

        with Engines.isolated(tmp_path) as engines:
            engines.kafka_bootstrap, engines.credentials("svc-intake"), engines.mongo_url("intake")

    Start it from the main thread: its processes end with the thread that started them. Leaving the block stops both, keeps the data.
    """

    def __init__(self, settings: LocalSettings, say: Say = lambda line: None, reauth_ms: int = 300_000) -> None:
        self.settings, self._say, self._reauth_ms = settings, say, reauth_ms
        self.run, self.logs = settings.state / "run", settings.state / "logs"
        self.secrets = Secrets(settings.state / "secrets.json")
        self.children: dict[str, processes.Child] = {}
        self._kafka: Kafka | None = None
        self._mongo: Mongo | None = None

    @classmethod
    def isolated(cls, directory: Path, say: Say = lambda line: None, reauth_ms: int = 300_000, **settings: object) -> Self:
        """On free ports, in that directory; further settings as in LocalSettings. The cache stays the user's."""
        chosen = {"state": directory, "kafka_port": ports.free_port(2), "mongo_port": ports.free_port(), **settings}
        return cls(LocalSettings(**chosen), say, reauth_ms)  # type: ignore[arg-type]

    def start(self) -> Self:
        """Both engines at once, then topics, users and rules. TL-20xx says what is missing; nothing is left running then."""
        self.settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        cache = Cache(self.settings.cache)
        self._find_kafka(cache)
        self._find_mongo(cache)
        try:
            self._spawn_mongo()
            self._spawn_kafka()
            self._await_mongo()
            mongo.provision(self.mongo, catalogue.SERVICES)
            self._await_kafka()
            self._provision_kafka()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        processes.stop(self.children.values())
        self.children.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # What clients need

    @property
    def kafka(self) -> Kafka:
        return _found(self._kafka)

    @property
    def mongo(self) -> Mongo:
        return _found(self._mongo)

    @property
    def kafka_bootstrap(self) -> str:
        return self.kafka.bootstrap

    def credentials(self, principal: str) -> tuple[str, str]:
        """User and password in Kafka of `svc-<service>`, `partner-<name>` or `admin` (SASL_PLAINTEXT, SCRAM-SHA-512)."""
        return principal, self.kafka.password(principal)

    def kafka_config(self, principal: str) -> dict[str, str | int | float | bool]:
        """The same for librdkafka."""
        return self.kafka.client_config(principal)

    def mongo_url(self, service: str) -> str:
        """To sign in as a service, to its own database; `admin` signs in as the administrator."""
        return self.mongo.admin_url() if service == "admin" else self.mongo.service_url(service)

    def admin(self) -> AdminClient:
        return self.kafka.admin()

    def broker(self) -> partners.Broker:
        """For everything in `deploy.partners`."""
        return partners.Broker(self.admin(), self.kafka_config(kafka.ADMIN))

    def add_partners(self, *names: str) -> None:
        """Admit partners with generated passwords; then `credentials("partner-<name>")`."""
        passwords = self.secrets.passwords(f"kafka/{access.partner_principal(name)}" for name in names)
        partners.add(self.broker(), {name: passwords[f"kafka/{access.partner_principal(name)}"] for name in names})

    # What tests do to them

    def kill_kafka(self) -> None:
        """SIGKILL, as a crash would."""
        processes.kill(self.children.pop("kafka"))

    def start_kafka(self) -> None:
        self._spawn_kafka()
        self._await_kafka()

    def restart_kafka(self) -> None:
        """Orderly: stopped, then started on the same port with the same data."""
        processes.stop([self.children.pop("kafka")], grace_seconds=20)
        self.start_kafka()

    def kill_mongo(self) -> None:
        """SIGKILL, as a crash would."""
        processes.kill(self.children.pop("mongo"))

    def start_mongo(self) -> None:
        self._spawn_mongo()
        self._await_mongo()

    def revive(self, name: str) -> None:
        """Start `kafka` or `mongo` again after it ended by itself."""
        {"kafka": self.start_kafka, "mongo": self.start_mongo}[name]()

    # How they start

    def _find_kafka(self, cache: Cache) -> None:
        class_path = jars.class_path(cache, self._say, self.settings.jars)
        directory, port = self.settings.state / "kafka", self.settings.kafka_port
        broker = Kafka(directory, java.find_java(), class_path, port, self.secrets, self._reauth_ms)
        self._kafka = warm.warmed(broker, cache, self._say)

    def _find_mongo(self, cache: Cache) -> None:
        server = database.choose(self.settings, cache, self._say)
        self._mongo = Mongo(
            self.settings.state / f"mongo-{server.kind}",  # the kinds cannot read each other's files
            server,
            self.settings.mongo_port,
            self.secrets,
            self.settings.mongo_cache,
            self.settings.mongo_url,
        )

    def _spawn_kafka(self) -> None:
        self.children["kafka"] = kafka.start(self.kafka, self.run, self.logs)

    def _spawn_mongo(self) -> None:
        if child := mongo.start(self.mongo, self.run, self.logs):
            self.children["mongo"] = child

    def _await_kafka(self) -> None:
        started = time.monotonic()
        kafka.wait_ready(self.kafka, self.children["kafka"])
        self._say(f"kafka: {self.kafka_bootstrap} (ready after {time.monotonic() - started:.1f} s)")

    def _await_mongo(self) -> None:
        started = time.monotonic()
        mongo.wait_ready(self.mongo, self.children.get("mongo"))
        where = "MONGO_URL" if self.mongo.external_url else f"{ports.LOOPBACK}:{self.mongo.port}"
        self._say(f"database: {self.mongo.server.kind} at {where} (ready after {time.monotonic() - started:.1f} s)")

    def _provision_kafka(self) -> None:
        admin = self.admin()
        made = topics.apply(admin, catalogue.TOPICS)
        access.reconcile(admin, [rule for service in catalogue.SERVICES for rule in access.service_rules(service)])
        access.set_passwords(admin, self._service_passwords(catalogue.SERVICES))
        self._say(f"topics: {len(catalogue.TOPICS)}, of which {len(made.created)} new")

    def _service_passwords(self, services: Iterable[str]) -> dict[str, str]:
        users = [access.service_principal(service) for service in services]
        passwords = self.secrets.passwords(f"kafka/{user}" for user in users)
        return {user: passwords[f"kafka/{user}"] for user in users}


def _found(engine: Engine | None) -> Engine:
    if engine is None:
        raise Problem(code="TL-2013", what="The engines have not been started", fix="call start(), or use them in a with block")
    return engine
