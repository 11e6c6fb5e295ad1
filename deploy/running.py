"""What runs, as a command sees it: its broker, its services, and tokens of its own issuer."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from confluent_kafka.admin import AdminClient

from contracts.kernel import derived
from deploy import partners, provision
from deploy.local import state
from deploy.local.kafka import ADMIN
from deploy.local.secrets import Secrets
from deploy.local.services import SERVICES
from deploy.local.settings import LocalSettings
from infra.clock import Clock
from infra.identity import Principal
from infra.issuer import LocalIssuer
from infra.problems import Problem

AUDIENCE = "throughline"


@dataclass(frozen=True)
class Running:
    """The local run. Nothing is started here; what does not run is said so."""

    settings: LocalSettings

    command = "throughline"
    """What a person types on this machine."""

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self.settings.state / "secrets.json")

    @property
    def bootstrap(self) -> str:
        """Where partners find the broker."""
        return f"127.0.0.1:{self.settings.kafka_port}"

    @property
    def brokers(self) -> str:
        """Where a command finds it."""
        return self.bootstrap

    @property
    def pages(self) -> dict[str, str]:
        """What a browser opens, and what is there."""
        return {**_board(self.settings), f"{self.url('mail')}/": "mail that was sent"}

    @property
    def keys(self) -> Path:
        """Where the issuer of this run keeps its own."""
        return self.settings.state / "keys"

    @property
    def there(self) -> bool:
        return self.secrets.path.exists()

    def killing(self, service: str) -> str:
        """What a person types to see that one die."""
        parts = {part.name: part.pid for part in state.status(self.settings.state).parts}
        return f"kill -9 {parts.get(service)}"

    def kafka(self, principal: str) -> dict[str, Any]:
        """librdkafka's settings to sign in as that principal."""
        password = self.secrets.password(f"kafka/{principal}")
        scram = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512"}
        return {"bootstrap.servers": self.brokers, **scram, "sasl.username": principal, "sasl.password": password}

    def broker(self) -> partners.Broker:
        config = self.kafka(ADMIN)
        return partners.Broker(AdminClient(config), config)

    def url(self, service: str) -> str:
        offset = next(one.offset for one in SERVICES if one.name == service)
        return f"http://127.0.0.1:{self.settings.http_port + offset}"

    def token(self, principal: Principal, minutes: float = 480) -> str:
        return LocalIssuer(self.keys, AUDIENCE, Clock()).token(principal, minutes)

    def post(self, service: str, path: str, body: bytes, principal: Principal, *meaning: str) -> httpx2.Response:
        """A command. Its idempotency key comes from its meaning: giving it twice is giving it once."""
        key = derived(service, path, principal.id, *meaning)
        named = {"authorization": f"Bearer {self.token(principal)}", "idempotency-key": key, "content-type": "application/json"}
        return httpx2.post(self.url(service) + path, content=body, headers=named, timeout=30)

    def knows(self, item: str, principal: Principal) -> bool:
        """Whether the board shows this item."""
        named = {"authorization": f"Bearer {self.token(principal)}"}
        return httpx2.get(f"{self.url('worklist')}/v1/items/{item}", headers=named, timeout=30).status_code == 200

    def get(self, path: str, principal: Principal) -> Any:
        """A question to the worklist."""
        answer = httpx2.get(self.url("worklist") + path, headers={"authorization": f"Bearer {self.token(principal)}"}, timeout=30)
        if answer.status_code != 200:
            raise Problem("TL-2610", "the worklist does not answer", f"status {answer.status_code}", "throughline status", path)
        return answer.json()


class Composed(Running):
    """The same from inside the compose file's network, where everybody has a name and the administrator another way in."""

    command = "docker compose exec -T demo throughline"

    @property
    def brokers(self) -> str:
        return "kafka:9092"

    @property
    def pages(self) -> dict[str, str]:
        return _board(self.settings)

    @property
    def keys(self) -> Path:
        return Path("/state")

    @property
    def there(self) -> bool:
        return True

    def killing(self, service: str) -> str:
        return f"docker compose restart -t 0 {service}"

    def kafka(self, principal: str) -> dict[str, Any]:
        return provision.Provision().access() if principal == ADMIN else super().kafka(principal)

    def url(self, service: str) -> str:
        return f"http://{service.replace('_', '-')}:8080"


def _board(settings: LocalSettings) -> dict[str, str]:
    board = f"http://127.0.0.1:{settings.http_port}"
    return {f"{board}/": "the board", f"{board}/sign-in": "choose whom to be"}


def running(settings: LocalSettings | None = None) -> Running:
    """What this command is about. TL-2621 when nothing runs here."""
    settings = settings or LocalSettings()
    found = Composed(settings) if settings.composed else Running(settings)
    if not found.there:
        raise Problem("TL-2621", "nothing runs here", fix="throughline up", where=str(settings.state))
    return found
