"""What a deployment needs before its services start, from the catalogue, by the same code as a local run.

`python -m deploy.provision secrets DIRECTORY`  passwords and keys of a deployment that has none yet, one directory for each who reads it
`python -m deploy.provision apply`              topics, users, access rules and database users; again changes nothing
`python -m deploy.provision admit NAME…`        partners; their passwords are shown once

The last two read `THROUGHLINE_PROVISION_*`; their secrets are files of the directory that SECRETS names.
"""

import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes, token_hex, token_urlsafe
from typing import Any

from confluent_kafka import KafkaException
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from contracts import catalogue
from deploy import access, partners, topics
from deploy.local.mongo import ADMIN, VAULT, roles_of, set_user, user_of
from deploy.local.services import calendar
from infra.problems import Problem

WAIT_S, PAUSE_S = 180.0, 1.0
SHARED = 0o444
"""Each directory is given to one container alone, which runs as a user of its own."""


class Provision(BaseSettings):
    """How to reach the engines as their administrator."""

    model_config = SettingsConfigDict(env_prefix="THROUGHLINE_PROVISION_", hide_input_in_errors=True)

    secrets: Path = Path("/run/secrets")
    kafka_bootstrap: str
    kafka_user: str = ADMIN
    kafka_mechanism: str = Field("SCRAM-SHA-512", pattern="^(PLAIN|SCRAM-SHA-512)$")
    kafka_tls: bool = True
    kafka_ca_file: str = ""
    replicas: int = Field(1, ge=1)
    mongo_set: str = ""
    """Name of a replica set to begin, as `name@host:port` of its one member; empty where there is one already."""
    hours: Path | None = None
    """Directory of rules into which the opening hours of the example network go, for services that are told of it; none: nowhere."""

    def secret(self, name: str) -> str:
        """A file of the secrets directory. TL-2019 without it."""
        path = self.secrets / name
        if not path.is_file():
            fix = "make it, or: python -m deploy.provision secrets DIRECTORY"
            raise Problem("TL-2019", f"the secret {name} is not there", fix=fix, where=str(path))
        return path.read_text("utf-8").strip()

    def access(self) -> dict[str, str | int | float | bool]:
        """How the administrator signs in, in librdkafka's words."""
        return {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": "SASL_SSL" if self.kafka_tls else "SASL_PLAINTEXT",
            "sasl.mechanism": self.kafka_mechanism,
            "sasl.username": self.kafka_user,
            "sasl.password": self.secret("kafka_admin_password"),
            **({"ssl.ca.location": self.kafka_ca_file} if self.kafka_ca_file else {}),
        }

    def kafka(self) -> partners.Broker:
        return partners.connected(self.access())

    def mongo(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.secret("mongo_admin_url"), serverSelectionTimeoutMS=5_000)


# — secrets


def make_secrets(directory: Path, mongo: str) -> bool:
    """Everything secret of a deployment, once; False when it is there already. `mongo` is where services reach the database."""
    done = directory / "provision" / "complete"
    if done.exists():
        return False
    admin = {"kafka": token_urlsafe(24), "mongo": token_urlsafe(24)}
    services = {service: {"kafka": token_urlsafe(24), "mongo": token_urlsafe(24)} for service in catalogue.SERVICES}
    _write(directory / "kafka", {"jaas.conf": _sign_in(admin["kafka"])})
    _write(directory / "mongo", {"password": admin["mongo"], "key": token_hex(64)})
    kek = b64encode(token_bytes(32)).decode()
    for service, own in services.items():
        _write(directory / service.replace("_", "-"), _of_service(service, own, mongo, kek))
    passwords = {user_of(service): own for service, own in services.items()}
    for_apply = {"kafka_admin_password": admin["kafka"], "mongo_admin_url": _url(ADMIN, admin["mongo"], mongo, "")}
    _write(directory / "provision", for_apply | {"passwords.json": json.dumps(passwords)})
    done.touch()
    return True


def _of_service(service: str, own: dict[str, str], mongo: str, kek: str) -> dict[str, str]:
    user = user_of(service)
    return {
        "throughline_kafka_user": access.service_principal(service),
        "throughline_kafka_password": own["kafka"],
        "throughline_mongo_url": _url(user, own["mongo"], mongo, service),
        "throughline_vault_url": _url(user, own["mongo"], mongo, VAULT),
        "throughline_vault_kek": kek,
    }


def _url(user: str, password: str, where: str, database: str) -> str:
    return f"mongodb://{user}:{password}@{where}/{database}?authSource=admin&directConnection=true"


def _sign_in(password: str) -> str:
    """Java's login file of the broker: on its own listeners the administrator, elsewhere whoever has a SCRAM credential."""
    modules = "org.apache.kafka.common.security"
    plain = f'{modules}.plain.PlainLoginModule required username="{ADMIN}" password="{password}" user_{ADMIN}="{password}";'
    scram = f"{modules}.scram.ScramLoginModule required;"
    listeners = {"admin": plain, "controller": plain, "clients": scram, "host": scram}
    return "".join(f"{listener}.KafkaServer {{\n  {login}\n}};\n" for listener, login in listeners.items())


def _write(directory: Path, files: dict[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
        (directory / name).chmod(SHARED)


# — apply


def apply(told: Provision) -> None:
    """In the order in which nobody finds less than it needs: databases' users, topics, rules, and at last the credentials."""
    passwords: dict[str, dict[str, str]] = json.loads(told.secret("passwords.json"))
    _patiently("the database", lambda: _database(told, passwords), (PyMongoError,))
    _patiently("Kafka", lambda: _kafka(told, passwords), (KafkaException, Problem))
    if told.hours:
        calendar(told.hours)


def _database(told: Provision, passwords: dict[str, dict[str, str]]) -> None:
    with told.mongo() as client:
        if told.mongo_set:
            _begin(client, *told.mongo_set.split("@"))
        for service in catalogue.SERVICES:
            set_user(client, user_of(service), passwords[user_of(service)]["mongo"], roles_of(service))


def _begin(client: MongoClient[dict[str, Any]], name: str, member: str) -> None:
    """A replica set of one, which transactions need. A server that is none, or in one already, says so."""
    try:
        client.admin.command("replSetInitiate", {"_id": name, "members": [{"_id": 0, "host": member}]})
    except OperationFailure as refusal:
        if refusal.code not in (23, 59, 76):  # already initiated; no such command; not run as a replica set
            raise
    until = time.monotonic() + WAIT_S
    while not client.admin.command("hello").get("isWritablePrimary") and time.monotonic() < until:
        time.sleep(0.2)


def _kafka(told: Provision, passwords: dict[str, dict[str, str]]) -> None:
    broker = told.kafka()
    made = topics.apply(broker.admin, catalogue.TOPICS, told.replicas)
    access.reconcile(broker.admin, [rule for service in catalogue.SERVICES for rule in access.service_rules(service)])
    wanted = {access.service_principal(service): passwords[user_of(service)]["kafka"] for service in catalogue.SERVICES}
    access.set_passwords(broker.admin, wanted)
    print(f"topics: {len(catalogue.TOPICS)}, of which {len(made.created)} new; users: {len(wanted)}", flush=True)


def _patiently(what: str, attempt: Callable[[], None], passing: tuple[type[Exception], ...]) -> None:
    """Engines may still be starting: again until it succeeds, or for `WAIT_S`."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return attempt()
        except passing as error:
            if time.monotonic() > until:
                raise
            print(f"waiting for {what}: {type(error).__name__}", flush=True)
        time.sleep(PAUSE_S)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["secrets", directory]:
            made = make_secrets(Path(directory), "mongo:27017")
            print("secrets made" if made else "secrets are there already", flush=True)
        case ["apply"]:
            apply(Provision())
        case ["admit", *names] if names:
            print(json.dumps(partners.admit(Provision().kafka(), names)), flush=True)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Problem as problem:
        raise SystemExit(str(problem)) from None
