"""Which services a local run starts, on which ports, and what each is told."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from deploy import access
from deploy.local import ports
from deploy.local.engines import Engines
from deploy.local.mongo import VAULT, user_of
from deploy.local.secrets import write_private
from deploy.local.settings import LocalSettings
from infra.issuer import ISSUER, KEYS
from infra.settings import Reads

PREFIX = "THROUGHLINE_"
CLOCK = ("CLOCK_RATE", "CLOCK_START", "CLOCK_EPOCH", "CLOCK_FILE")
NETWORK = Path(__file__).parents[1] / "networks" / "example.yaml"


@dataclass(frozen=True)
class Service:
    """One line of the table: a process. `offset` is added to the first HTTP port. Where a service has several, each has another `part` of
    what is read (`THROUGHLINE_READS`). A `stand_in` is no service of ours: it plays a part of the world."""

    name: str
    offset: int
    stand_in: str = ""
    part: str = ""
    reads: Reads = "everything"

    @property
    def module(self) -> str:
        return self.stand_in or f"services.{self.name}.app"

    @property
    def process(self) -> str:
        """What it is called in the process records, in logs and by a person."""
        return "-".join(filter(None, (self.name.replace("_", "-"), self.part)))

    def exists(self) -> bool:
        try:
            return find_spec(self.module) is not None and (not self.stand_in or find_spec("aiosmtpd") is not None)
        except ModuleNotFoundError:  # its package is not there either
            return False


NOTIFICATION = Service("notification", 6)
SERVICES = (
    Service("worklist", 0),
    Service("intake", 1),
    Service("assignment", 2),
    Service("authorization", 3),
    Service("crisis_routing", 4),
    Service("follow_up", 5),
    NOTIFICATION,
    Service("mail", 7, "deploy.local.mail"),
)
"""The worklist comes first: it has the pages people look at, so it gets the port they remember. `mail` is everybody's mail server: it
keeps what is sent and shows it."""
SMTP_OFFSET = 8
"""Where that one takes mail, from the first HTTP port."""
BESIDE = (
    Service("intake", 9, part="crisis", reads="apart"),
    Service("crisis_routing", 10, part="rest", reads="rest"),
    Service("notification", 11, part="crisis", reads="apart"),
)
"""The other halves of services in which nothing routine may stand before a person in crisis."""
HALVES: Mapping[str, Reads] = {one.name: "rest" if one.reads == "apart" else "apart" for one in BESIDE}
PROCESSES = (*(replace(one, reads=HALVES.get(one.name, one.reads)) for one in SERVICES), *BESIDE)
"""What a local run starts. A test that starts one process of a service takes it from `SERVICES`: it reads everything."""
PORTS = 1 + max(SMTP_OFFSET, *(one.offset for one in PROCESSES))
"""How many ports that takes, from the first HTTP port."""


def environment(service: Service, engines: Engines, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a service's process. Secrets go into files of mode 0600 in a directory of its own, and only its name here.

    Other `THROUGHLINE_…` variables of the caller pass through, but for those that configure the local run itself.
    """
    if service.stand_in:
        return {**inherited, "MAIL_HTTP_PORT": str(engines.settings.http_port + service.offset), **_mail(engines)}
    own = {f"{PREFIX}{name.upper()}" for name in LocalSettings.model_fields} | {"MONGO_URL"}
    settings = {
        "SERVICE": service.name,
        "READS": service.reads,
        "DEVELOPMENT": "true",
        "KAFKA_TLS": "false",
        "KAFKA_BOOTSTRAP": engines.kafka_bootstrap,
        "KAFKA_USER": access.service_principal(service.name),
        "HTTP_PORT": str(engines.settings.http_port + service.offset),
        "STATE_DIR": str(engines.settings.state / "keys"),
        "ISSUER": ISSUER,
        "JWKS": str(engines.settings.state / "keys" / KEYS),
        "SECRETS_DIR": str(_write_secrets(service, engines)),
        "BOARD_URL": f"http://{ports.LOOPBACK}:{engines.settings.http_port}",
        "ALERTS_URL": f"http://{ports.LOOPBACK}:{engines.settings.http_port + NOTIFICATION.offset}",
        "SERVICE_URLS": ",".join(
            f"{one.name}=http://{ports.LOOPBACK}:{engines.settings.http_port + one.offset}" for one in SERVICES if not one.stand_in
        ),
        "SMTP_HOST": ports.LOOPBACK,
        "SMTP_PORT": str(engines.settings.http_port + SMTP_OFFSET),
        "SMTP_SECURITY": "none",
        "RULES": inherited.get(f"{PREFIX}RULES") or laid_over(calendar(engines.settings.state / "rules")),
        **_clock(engines.settings.state, inherited),
    }
    passed = {name: value for name, value in inherited.items() if name not in own}
    return passed | {f"{PREFIX}{name}": value for name, value in settings.items()}


def _mail(engines: Engines) -> dict[str, str]:
    return {"MAIL_SMTP_PORT": str(engines.settings.http_port + SMTP_OFFSET), "MAIL_FOLDER": str(engines.settings.state / "mail")}


def _write_secrets(service: Service, engines: Engines) -> Path:
    directory = engines.settings.state / "secrets" / service.name
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _, kafka_password = engines.credentials(access.service_principal(service.name))
    values = {
        "KAFKA_PASSWORD": kafka_password,
        "MONGO_URL": engines.mongo_url(service.name),
        "VAULT_URL": engines.mongo.url(user_of(service.name), VAULT),
        "VAULT_KEK": engines.secrets.key("vault/kek"),
    }
    for name, value in values.items():
        write_private(directory / f"{PREFIX}{name}".lower(), value)
    return directory


def calendar(directory: Path) -> Path:
    """A directory of rules with the hours and agreements of the example network, which a local run serves unless it is told of another."""
    from deploy.agreed import lay  # it needs this module to find what runs
    from deploy.network import load

    lay(load(NETWORK), directory)
    return directory


def laid_over(agreed: Path) -> str:
    """Everything that lies over the rules of a local run's services, the most specific last: what the example's state asks for, what its
    network agreed, its hours and what it agreed with single partners."""
    example = NETWORK.with_suffix("")
    return ",".join(map(str, (example / "state", example / "network", agreed)))


def _clock(state: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Virtual time, where it runs at all: it started at one instant for every process, and does not start again with the next run. What
    the services are told is kept, for commands that decide beside them."""
    said = {name: inherited[f"{PREFIX}{name}"] for name in CLOCK if f"{PREFIX}{name}" in inherited}
    if said.keys() & {"CLOCK_RATE", "CLOCK_START"} and "CLOCK_EPOCH" not in said:
        known = state / "clock-epoch"
        if not known.exists():
            known.write_text(datetime.now(UTC).isoformat())
        said["CLOCK_EPOCH"] = known.read_text()
    write_private(state / "clock.json", json.dumps(said))
    return said


def told_the_time(state: Path) -> dict[str, str]:
    """How the run's own services were told the time, as variables."""
    known = state / "clock.json"
    return {f"{PREFIX}{name}": value for name, value in json.loads(known.read_text()).items()} if known.exists() else {}
