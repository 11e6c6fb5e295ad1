"""The service as a process on real engines, people who have mail, and facts of the network as its services would say them."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Producer

from contracts.directory import DirectoryListed
from contracts.kernel import Change
from deploy.local import ports, processes
from deploy.local.engines import Engines
from deploy.local.mongo import VAULT, user_of
from deploy.local.services import SERVICES, SMTP_OFFSET, environment
from deploy.local.stack import is_ready
from deploy.running import Running
from infra.clock import Clock
from infra.envelope import headers, sequence_text
from infra.identity import Principal
from infra.store.driver import close, connect
from infra.vault import MongoVault
from infra.wrapping import LocalWrapper
from tests.chaos.stack import Beside
from tests.chaos.words import MARK
from tests.notification.postman import Postman

ROOT = Path(__file__).resolve().parents[2]
START_S = 90.0
PLATFORM = Principal("staff/platform", frozenset({"platform"}))
LEADS = {"role/team-lead": ("staff/lead-1",), "role/network-lead": ("staff/lead-2",)}


@dataclass(frozen=True)
class People:
    """`many` people in pairs, each pair behind a role of its own; their mail is spread over `domains`."""

    many: int
    domains: int

    def __len__(self) -> int:
        return self.many

    def person(self, n: int) -> str:
        return f"staff/{n % self.many}"

    def address(self, person: str) -> str:
        """Personal, and marked as such: it must be seen by their mail server and by nobody else."""
        name = person.partition("/")[2]
        return f"{MARK}-{name}@d{int(name) % self.domains if name.isdigit() else 0}.example"

    @property
    def staff(self) -> dict[str, tuple[str, ...]]:
        pairs = {f"role/pair-{n // 2}": (self.person(n), self.person(n + 1)) for n in range(0, self.many, 2)}
        return {**pairs, **LEADS}

    @property
    def everybody(self) -> Sequence[str]:
        return sorted({person for people in self.staff.values() for person in people})


@dataclass
class Live:
    """`with Live(directory, People(…), postman) as live:` — engines, the mail server, the service's processes, everybody's contacts.

    `told` are settings of the service; a `clock_rate` among them (and where its time starts) is this world's, too.
    """

    directory: Path
    people: People
    postman: Postman
    told: Mapping[str, str] = field(default_factory=dict)
    members: int = 1
    children: dict[int, processes.Child] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    _ends: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            self.engines: Engines = ends.enter_context(
                Engines.isolated(self.directory / "engines", http_port=ports.free_port(SMTP_OFFSET + self.members))
            )
            self.running = Running(self.engines.settings)
            self.producer = Producer({**self.engines.kafka_config("admin"), "acks": "all", "linger.ms": 5})
            self.beside = Beside()
            ends.callback(self.beside.stop)
            self.postman.port = self.engines.settings.http_port + SMTP_OFFSET
            self.beside.run(self.postman.__aenter__())
            ends.callback(lambda: self.beside.run(self.postman.__aexit__()))
            ends.callback(self.stop)
            self.begin()
            self._ends = ends.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ends.close()

    def begin(self) -> None:
        """Who is there, and where they can be told."""
        rate, start, now = float(self.told.get("clock_rate", "1")), self.told.get("clock_start"), datetime.now(UTC)
        self.clock = Clock(rate, now, datetime.fromisoformat(start) if start else None)
        self._clock = {} if rate == 1 else {"CLOCK_EPOCH": now.isoformat()}
        self.beside.run(self._index_key())
        self.spawn()
        self.await_ready()
        self.say("assignment-events", "directory/network", DirectoryListed(programs=(), staff=self.people.staff))
        self.producer.flush(30)
        for person in self.people.everybody:
            self.post(f"/v1/people/{person.partition('/')[2]}/contacts", contacts_of(self.people.address(person)))

    async def _index_key(self) -> None:
        """The front door makes the network's index key before anybody else runs; here nobody is at the front door."""
        client = connect("pymongo", self.engines.mongo.url(user_of("intake"), VAULT))
        wrapper = LocalWrapper.of(self.engines.secrets.key("vault/kek"), "")
        await MongoVault(client["vault"], wrapper, Clock()).open(create=True)
        await close(client)

    # — the processes

    def spawn(self) -> None:
        """Whoever of them does not run is started, as a supervisor would."""
        (service,) = [one for one in SERVICES if one.name == "notification"]
        for number in range(self.members):
            if number in self.children and self.children[number].alive():
                continue
            told = {"LOG_LEVEL": "INFO", **{name.upper(): value for name, value in self.told.items()}, **self._clock}
            env = environment(service, self.engines, {**os.environ, **{f"THROUGHLINE_{name}": value for name, value in told.items()}})
            env["THROUGHLINE_HTTP_PORT"] = str(self.port(number))
            self.children[number] = processes.spawn(
                f"notification-{number}", [sys.executable, "-m", service.module],
                run=self.engines.run, logs=self.engines.logs, cwd=ROOT, env=env,
            )  # fmt: skip

    def port(self, number: int) -> int:
        """The first has the one where commands are sent to, the others follow the mail server's."""
        (service,) = [one for one in SERVICES if one.name == "notification"]
        return self.engines.settings.http_port + (SMTP_OFFSET + number if number else service.offset)

    def await_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while not all(is_ready(self.port(number)) for number in self.children):
            self.spawn()
            if time.monotonic() > deadline:
                raise RuntimeError("\n".join(["notification is not ready:", *(processes.tail(one.log) for one in self.children.values())]))
            time.sleep(0.1)

    def kill(self, number: int) -> bool:
        """SIGKILL, whatever it is doing; whether it lived."""
        if not (child := self.children[number]).alive():
            return False
        os.kill(child.pid, signal.SIGKILL)
        child.process.wait()
        return True

    def stop(self) -> None:
        processes.stop(self.children.values(), grace_seconds=15)
        self.children.clear()

    # — the world

    def post(self, path: str, body: Mapping[str, Any], who: Principal = PLATFORM, meaning: str = "") -> None:
        answer = self.running.post("notification", path, json.dumps(body).encode(), who, meaning)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")

    def say(self, topic: str, subject: str, data: Change) -> None:
        """A fact of another service, as it would say it."""
        self.put(topic, subject, data.type, data.model_dump_json(exclude_none=True).encode())

    def put(self, topic: str, subject: str, type: str, value: bytes, **attributes: str) -> None:
        """A record that claims to be such a fact."""
        sequence = self.sequences[subject] = self.sequences.get(subject, 0) + 1
        named = {"id": f"{subject}-{sequence}", "type": type, "subject": subject, "sequence": sequence_text(sequence)}
        named |= {"time": self.clock.now().isoformat(), "datacontenttype": "application/json", **attributes}
        self.producer.produce(topic, value, subject, headers=headers(named))
        self.producer.poll(0)


def contacts_of(address: str) -> dict[str, Any]:
    return {"contacts": [{"channel": "email", "address": address}], "home": "UTC"}
