"""Real processes on real engines: two of them race for one team and one bed, and what they say is read back from the log."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from confluent_kafka import Consumer, Producer

from contracts.catalogue import CRISIS_INTAKE, topic_of
from contracts.crisis_intake import ContactReceived
from contracts.kernel import Command
from deploy.local.engines import Engines
from infra.clock import Clock
from infra.envelope import headers, sequence_text
from infra.identity import Principal
from infra.issuer import LocalIssuer
from services.crisis_routing import commands as asked
from services.crisis_routing.episode import CRISIS_DESK
from tests.crisis_routing.stories import ANA, FAY, HARBOR, NORTH, OAK, desk, facility, team
from tests.running import Services

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]
EPISODES, INSTANCES = 24, 2
NETWORK = asked.ListRoster(
    teams=(team(NORTH, OAK),), facilities=(facility(HARBOR, OAK),), areas={OAK: "urban"},
    staff={CRISIS_DESK: (ANA,), desk(HARBOR): (FAY,)},
)  # fmt: skip
ROLES = frozenset({"crisis-desk", "program-desk", "platform"})


class Stand:
    """Two processes of crisis routing on engines of their own, spoken to as people and as intake do."""

    def __init__(self, engines: Engines, services: Services) -> None:
        self.engines, self.services = engines, services
        self.http = [services.spawn("crisis_routing", instance=f"crisis-{number}", lanes="1") for number in range(INSTANCES)]
        services.spawn("intake")  # keys are made by the front door
        services.await_ready()
        self.issuer = LocalIssuer(engines.settings.state / "keys", "throughline", Clock())

    def ask(self, command: Command, path: str, who: str, instance: int = 0) -> int:
        token = self.issuer.token(Principal(who, ROLES), 60)
        named = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4()), "content-type": "application/json"}
        url = f"http://127.0.0.1:{self.http[instance % INSTANCES]}/v1/{path}"
        return int(httpx2.post(url, content=command.model_dump_json(), headers=named, timeout=30).status_code)

    def _kafka(self, principal: str, **more: Any) -> dict[str, Any]:
        user, password = self.engines.credentials(principal)
        scram = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": user, "sasl.password": password}
        return {"bootstrap.servers": self.engines.kafka_bootstrap, **scram, **more}

    def call(self, numbers: range, danger: str) -> None:
        """As intake says it."""
        producer = Producer(self._kafka("svc-intake"))
        for number in numbers:
            subject, now = f"contact/{number}", datetime.now(UTC)
            data = ContactReceived(
                record=f"record/{number}", person=f"person/{number}", partner="example-line", reference=f"EX-{number}",
                source="crisis-line", channel="phone", contacted_at=now, provisional=True, relation="self", area=OAK, danger=danger,
            )  # fmt: skip
            names = {"type": data.type, "id": str(uuid4()), "subject": subject, "sequence": sequence_text(1), "time": now.isoformat()}
            producer.produce(CRISIS_INTAKE, data.model_dump_json(exclude_none=True).encode(), subject.encode(), headers=headers(names))
        producer.flush(30)

    def log(self) -> list[dict[str, Any]]:
        """Everything that was said so far, in the order of each aggregate."""
        consumer = Consumer(self._kafka("svc-crisis-routing", **{"group.id": f"crisis_routing.{uuid4()}", "auto.offset.reset": "earliest"}))
        consumer.subscribe([topic_of("crisis_routing")])
        found, quiet = dict[tuple[str, str], dict[str, Any]](), 0
        while quiet < 8:
            record = consumer.poll(0.5)
            if record is None:
                quiet += bool(found)
                continue
            named = {name.removeprefix("ce_"): (value or b"").decode() for name, value in record.headers() or ()}
            found[named["subject"], named["sequence"]] = {**json.loads(record.value() or b"{}"), **named}
        consumer.close()
        return [found[place] for place in sorted(found)]

    def said(self, wanted: int, kind: str, within_s: float = 60) -> list[dict[str, Any]]:
        """Wait until so many facts of a type were said."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if len(found := [fact for fact in self.log() if fact["type"] == kind]) >= wanted:
                return found
        raise TimeoutError(self.services.told())


@pytest.fixture
def stand(new_engines: Any) -> Iterator[Stand]:
    engines = new_engines()
    with Services(engines) as services:
        yield Stand(engines, services)


def taken(facts: list[dict[str, Any]], subject: str, held: tuple[str, ...], freed: tuple[str, ...]) -> tuple[int, int]:
    """How often it was taken, and how often while somebody else had it."""
    holder, times, twice = "", 0, 0
    for fact in facts:
        if fact["subject"] == subject and fact["type"] in held:
            times, twice = times + (fact["episode"] != holder), twice + (holder not in ("", fact["episode"]))
            holder = fact["episode"]
        elif fact["subject"] == subject and fact["type"] in freed:
            holder = ""
    return times, twice


def test_two_processes_race_for_one_team_and_one_bed_and_nobody_gets_what_another_has(stand: Stand) -> None:
    assert stand.ask(NETWORK, "roster", "staff/platform") == 200
    count = asked.CountBeds(beds="crisis-receiving", free=1, counted_at=datetime.now(UTC))
    assert stand.ask(count, "facilities/harbor/count-beds", FAY) == 200
    stand.call(range(EPISODES), "low")
    stand.said(EPISODES, "episode.triaged.v1")
    with ThreadPoolExecutor(EPISODES) as people:
        answers = list(
            people.map(lambda n: stand.ask(asked.ProposeTeam(team=NORTH), f"episodes/{n}/propose-team", ANA, n), range(EPISODES))
        )
    assert sorted(answers) == [200] + [409] * (EPISODES - 1), "one team: one yes"
    winner = answers.index(200)
    others = [n for n in range(EPISODES) if n != winner]
    with ThreadPoolExecutor(EPISODES) as people:
        way = asked.RecordDisposition(disposition="crisis-receiving")
        assert set(people.map(lambda n: stand.ask(way, f"episodes/{n}/record-disposition", ANA, n), others)) == {200}
    asked_for_bed = stand.said(1, "episode.facilities-asked.v1")
    stand.call(range(100, 100 + EPISODES), "high")
    stand.said(EPISODES, "episode.no-team-available.v1")
    facts = stand.log()
    assert taken(facts, NORTH, ("team.held.v1", "team.committed.v1"), ("team.freed.v1",)) == (1, 0)
    assert taken(facts, HARBOR, ("facility.bed-held.v1",), ("facility.hold-ended.v1", "facility.bed-taken.v1")) == (1, 0)
    assert len(asked_for_bed) == 1
    assert len({fact["subject"] for fact in facts if fact["type"] == "episode.opened.v1"}) == 2 * EPISODES


def test_from_a_contact_to_a_team_that_is_held(stand: Stand) -> None:
    """How long a breath takes on this machine: printed, and bounded generously."""
    assert stand.ask(NETWORK, "roster", "staff/platform") == 200
    stand.call(range(1), "high")
    stand.said(1, "episode.team-proposed.v1")
    (opened,) = [fact for fact in stand.log() if fact["type"] == "episode.opened.v1"]
    (proposed,) = [fact for fact in stand.log() if fact["type"] == "episode.team-proposed.v1"]
    first, last = (datetime.fromisoformat(fact["recordedtime"]) for fact in (opened, proposed))
    contacted = datetime.fromisoformat(opened["contacted_at"])
    print(f"contact to opened {(first - contacted).total_seconds():.3f} s, to proposed {(last - contacted).total_seconds():.3f} s")
    assert (last - first).total_seconds() < 5
