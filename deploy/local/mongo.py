"""The database server of a local run: started with authentication on, one user per service, each in its own database."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from deploy.local import kafka, ports, processes
from deploy.local.database import Server
from deploy.local.secrets import Secrets, write_private
from infra.problems import Problem

ADMIN = "admin"
VAULT = "vault"
"""Data keys per record. Its backups are short-lived, so that deleting a key deletes what it sealed."""
VAULT_WRITERS = ("intake", "notification")
"""Who keeps something of somebody under a key of its own: people in care, and the addresses of colleagues."""
USER_EXISTS = 51003
READY_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Mongo:
    """Where one server lives, or, of kind `external`, how to reach one that exists already."""

    directory: Path
    server: Server
    port: int
    secrets: Secrets
    page_cache: str = "1G"
    external_url: str | None = None

    def url(self, user: str, database: str = "") -> str:
        """To sign in as that user. It holds a password: for a client's settings, never for a log."""
        password = self.secrets.password(f"mongo/{user}")
        where, options = (f"{ports.LOOPBACK}:{self.port}", "directConnection=true")
        if self.external_url:
            where, options = _external(self.external_url)
        return f"mongodb://{quote(user)}:{quote(password)}@{where}/{database}?authSource=admin&{options}"

    def admin_url(self) -> str:
        return self.external_url or self.url(ADMIN)

    def service_url(self, service: str) -> str:
        return self.url(user_of(service), service)


def _external(url: str) -> tuple[str, str]:
    """Hosts and options of a URL, without its user: services sign in as themselves."""
    parsed = parse_uri(url)
    hosts = ",".join(f"{host}:{port}" for host, port in parsed["nodelist"])
    options = {name: value for name, value in parsed["options"].items() if name.lower() != "authsource"}
    return hosts, "&".join(f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in options.items())


def user_of(service: str) -> str:
    return f"svc-{service.replace('_', '-')}"


def roles_of(service: str) -> list[dict[str, str]]:
    """Its own database, and the vault: to read, or for services that make keys, to write."""
    return [{"role": "readWrite", "db": service}, {"role": "readWrite" if service in VAULT_WRITERS else "read", "db": VAULT}]


def start(mongo: Mongo, run: Path, logs: Path) -> processes.Child | None:
    """Start the server, or nothing when it is an external one. TL-2001 when its port is taken."""
    if mongo.server.kind == "external":
        return None
    ports.require_free(mongo.port, "the database", "THROUGHLINE_MONGO_PORT")
    data = mongo.directory / "data"
    data.mkdir(parents=True, exist_ok=True)
    if mongo.server.kind == "mongod" and not (mongo.directory / "key").exists():
        write_private(mongo.directory / "key", secrets.token_hex(64))
    if mongo.server.kind == "secantus-py":
        _first_user_before_auth(mongo, run, logs)
    return _spawn(mongo, run, logs)


def _spawn(mongo: Mongo, run: Path, logs: Path, auth: bool = True, port: int | None = None) -> processes.Child:
    command = mongo.server.command(mongo.directory / "data", port or mongo.port, mongo.page_cache, auth)
    return processes.spawn("mongo", command, run=run, logs=logs, cwd=mongo.directory)


def _first_user_before_auth(mongo: Mongo, run: Path, logs: Path) -> None:
    """The Python server knows no localhost exception: its first user is made while it runs, for a second, without passwords."""
    marker = mongo.directory / "first-user"
    if marker.exists():
        return
    port = ports.free_port()
    child = _spawn(mongo, run, logs, auth=False, port=port)
    try:
        _wait(_bare_url(port), child, READY_SECONDS_MAX)
        with _client(_bare_url(port)) as client:
            set_user(client, ADMIN, mongo.secrets.password(f"mongo/{ADMIN}"), [{"role": "root", "db": "admin"}])
    finally:
        processes.stop([child])
    marker.touch()


def wait_ready(mongo: Mongo, child: processes.Child | None, seconds_max: float = READY_SECONDS_MAX) -> None:
    """Until it answers, and the administrator exists."""
    if child is None:
        return
    _wait(_bare_url(mongo.port), child, seconds_max)
    if mongo.server.kind != "secantus-py":
        _first_user_from_localhost(mongo)


def _wait(url: str, child: processes.Child, seconds_max: float) -> None:
    deadline = time.monotonic() + seconds_max
    while True:
        try:
            with _client(url, 500) as client:
                client.admin.command("hello")
                return
        except PyMongoError:
            pass
        if not child.alive():
            raise kafka.died("The database", child)
        if time.monotonic() > deadline:
            raise kafka.too_slow("The database", child, seconds_max)
        time.sleep(0.03)


def _first_user_from_localhost(mongo: Mongo) -> None:
    """Both mongod and the Rust server let the first user be made from this machine, and nobody after that."""
    with _client(_bare_url(mongo.port)) as client:
        if mongo.server.kind == "mongod":
            _initiate(client, mongo.port)
        try:
            client.admin.command("createUser", ADMIN, pwd=mongo.secrets.password(f"mongo/{ADMIN}"), roles=[{"role": "root", "db": "admin"}])
        except OperationFailure as refusal:
            if refusal.code not in (13, USER_EXISTS):  # "requires authentication": there is a first user already
                raise


def _initiate(client: MongoClient[dict[str, Any]], port: int) -> None:
    members = [{"_id": 0, "host": f"{ports.LOOPBACK}:{port}"}]
    try:
        client.admin.command("replSetInitiate", {"_id": "local", "members": members})
    except OperationFailure as refusal:
        if refusal.code not in (13, 23):  # initiated already: by a former run, which also made the first user
            raise
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not client.admin.command("hello").get("isWritablePrimary") and time.monotonic() < deadline:
        time.sleep(0.05)


def provision(mongo: Mongo, services: tuple[str, ...]) -> None:
    """One user per service, with this run's password and exactly the roles of `roles_of`. Doing it again changes nothing."""
    passwords = mongo.secrets.passwords(f"mongo/{user_of(service)}" for service in services)
    try:
        with _client(mongo.admin_url()) as client:
            for service in services:
                user = user_of(service)
                set_user(client, user, passwords[f"mongo/{user}"], roles_of(service))
    except PyMongoError as refusal:
        raise Problem(
            code="TL-2009",
            what="The database did not let its users be set up",
            why=f"{type(refusal).__name__} {getattr(refusal, 'code', '') or ''}".strip(),
            fix="the user of MONGO_URL needs the role userAdminAnyDatabase"
            if mongo.external_url
            else "throughline down --purge (removes this run's data), then throughline up",
        ) from refusal


def set_user(client: MongoClient[dict[str, Any]], user: str, password: str, roles: list[dict[str, str]]) -> None:
    try:
        client.admin.command("createUser", user, pwd=password, roles=roles)
    except OperationFailure as refusal:
        if refusal.code != USER_EXISTS:
            raise
        client.admin.command("updateUser", user, pwd=password, roles=roles)


def _bare_url(port: int) -> str:
    return f"mongodb://{ports.LOOPBACK}:{port}/?directConnection=true"


def _client(url: str, timeout_ms: int = 5_000) -> MongoClient[dict[str, Any]]:
    return MongoClient(url, serverSelectionTimeoutMS=timeout_ms, connectTimeoutMS=timeout_ms)
