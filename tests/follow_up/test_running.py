"""The real process on a real broker and database: a yes becomes care, what people post is decided, time and tidings come by themselves."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from deploy import kept
from deploy.local import ports
from deploy.local.services import PORTS
from deploy.local.settings import LocalSettings
from infra.store.mongo import MongoStore
from infra.upkeep import Upkeep

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]
SECONDS_MAX = 300
FOLLOW_UP, WAIT_S = 5, 60.0


class Network:
    """An invented network, running: what its people may post and see."""

    def __init__(self, directory: Path) -> None:
        self.http, self.tokens = ports.free_port(PORTS), dict[str, str]()
        own = {"state": str(directory / "state"), "kafka_port": ports.free_port(2), "mongo_port": ports.free_port(), "http_port": self.http}
        self.settings = LocalSettings(**own)
        self.environment: Mapping[str, str] = {**os.environ, **{f"THROUGHLINE_{name.upper()}": str(value) for name, value in own.items()}}

    def __call__(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "deploy.cli", *arguments]
        ended = subprocess.run(command, env=dict(self.environment), capture_output=True, text=True, timeout=SECONDS_MAX)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def post(self, role: str, path: str, **body: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token(role)}", "idempotency-key": str(uuid4()), "content-type": "application/json"}
        return httpx2.post(f"http://127.0.0.1:{self.http + FOLLOW_UP}{path}", content=json.dumps(body), headers=headers, timeout=20)

    def measures(self, role: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token(role)}"}
        return httpx2.get(f"http://127.0.0.1:{self.http + FOLLOW_UP}/v1/measures", headers=headers, timeout=60)

    def get(self, path: str) -> Any:
        headers = {"authorization": f"Bearer {self.token('network-lead')}"}
        return httpx2.get(f"http://127.0.0.1:{self.http}{path}", headers=headers, timeout=20).json()

    def token(self, role: str) -> str:
        if role not in self.tokens:
            self.tokens[role] = self("token", role).strip()
        return self.tokens[role]

    def stored(self, subject: str) -> Any:
        """The state of an aggregate, as the service's own database has it."""

        async def load(store: MongoStore, _: Upkeep) -> Any:
            return json.loads((await store.load([subject]))[subject].state or "null")

        return kept.run("follow_up", load, self.settings)

    def subjects(self, kind: str) -> list[str]:
        """The aggregates of a kind, the first ones."""

        async def look(store: MongoStore, _: Upkeep) -> list[str]:
            return await store.subjects(f"{kind}/", 20)

        return [one for one in kept.run("follow_up", look, self.settings) if one.startswith(f"{kind}/")]

    def becomes(self, subject: str, so: Callable[[Any], bool]) -> Any:
        """The state of an aggregate, once it is so: what one of them knows comes to another a moment later."""
        return _until(lambda: self.stored(subject), so)

    def accepted(self) -> str:
        """The id of a referral that a program took."""
        rows = self.get("/v1/pending?limit=200")["rows"]
        return next(row["item"].partition("/")[2] for row in rows if row["status"] == "Accepted")

    def at_desk(self, id: str, is_theirs: bool = True) -> str:
        """Somebody at the desk of the program that has this, or at another desk, as the directory told the service."""
        program, listed = self.stored(f"plan/{id}")["program"], self.stored("members/network")["organisations"]
        return next(one for one, theirs in listed.items() if theirs and (program in theirs) is is_theirs)

    def sees(self, item: str, so: Callable[[Any], bool]) -> Any:
        """The item, once it is so on the worklist."""
        return _until(lambda: self.get(f"/v1/items/{item}"), so)


def _until(look: Callable[[], Any], so: Callable[[Any], bool]) -> Any:
    until = time.monotonic() + WAIT_S
    while not so(found := look()):
        assert time.monotonic() < until, found
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    run = Network(tmp_path_factory.mktemp("network"))
    try:
        run("demo", "--detach", "--people", "12")
        yield run
    finally:
        assert "stopped: supervisor" in run("down")


def instant(at: datetime) -> str:
    return at.isoformat()


def test_a_life_in_care_on_the_running_stack(network: Network):
    id, now = network.accepted(), datetime.now(UTC)
    network.sees(f"referral/{id}", lambda item: item["action"] == "Book a first visit")
    booking = {"starts_at": (now - timedelta(minutes=30)).isoformat(), "reference": "A-7", "kind": "evaluation"}
    first = network.post(network.at_desk(id), f"/v1/plans/{id}/book-visit", **booking)
    assert first.status_code == 200, first.text
    again = network.post(network.at_desk(id), f"/v1/plans/{id}/book-visit", **booking)
    assert again.json()["sequence"] == 0, "the same booking is the same appointment"
    attended = network.post(network.at_desk(id), f"/v1/plans/{id}/record-attendance", at=(now - timedelta(minutes=10)).isoformat())
    assert attended.status_code == 200, attended.text
    network.sees(f"referral/{id}", lambda item: (item["action"], item["status"]) == ("Say how care goes", "In service"))
    network.sees(f"plan/{id}", lambda item: item["open"] and item["owner"])


def test_what_does_not_fit_is_refused_with_a_stable_code(network: Network):
    id = network.accepted()
    refused = network.post(network.at_desk(id), f"/v1/plans/{id}/record-no-show", visit="nothing-booked")
    assert refused.status_code == 409 and refused.json()["errors"][0]["code"] == "TL-5522"
    assert network.post(network.at_desk(id), f"/v1/plans/{id}/review-engagement", decision="continue-outreach").status_code == 403


def test_the_desk_of_another_program_is_refused(network: Network):
    id, now = network.accepted(), datetime.now(UTC).isoformat()
    assert network.post(network.at_desk(id, is_theirs=False), f"/v1/plans/{id}/log-contact", at=now, channel="telephone").status_code == 403
    assert network.post(network.at_desk(id), f"/v1/plans/{id}/log-contact", at=now, channel="telephone").status_code == 200


def test_a_discharge_told_late_is_matched_with_the_plan_and_overdue_by_itself(network: Network):
    id, left = network.accepted(), datetime.now(UTC) - timedelta(days=3)
    stay = {"facility": "general", "reference": "E-1", "record": network.stored(f"plan/{id}")["record"], "kind": "hospital"}
    told = network.post("coordinator", "/v1/stays/record-discharge", at=left.isoformat(), **stay)
    assert told.status_code == 200, told.text
    item = told.json()["subject"]
    network.sees(f"{item}/timeline", lambda answer: "Overdue: reach the person after the discharge" in json.dumps(answer))
    matched = network.becomes(item, lambda stay: stay.get("plan") == f"plan/{id}")
    assert matched["owner"] == network.stored(f"plan/{id}")["owner"]
    repeated = network.post("coordinator", "/v1/stays/record-discharge", at=left.isoformat(), **stay)
    assert repeated.json()["sequence"] == 0, "told again it is the same discharge"


def test_a_visit_that_a_partner_tells_of_reaches_its_person(network: Network, tmp_path: Path):
    """Of somebody whom no program here cares for: seen in the network, and once, however often it is told."""
    came, person = datetime.now(UTC) - timedelta(hours=1), {"identifiers": [{"system": "urn:riverbend:mrn", "value": "visitor-1"}]}
    told = tmp_path / "visit.json"
    told.write_text(json.dumps({"reference": "V-77", "step": "attended", "starts_at": came.isoformat(), "person": person}))
    for outcome in ("event", "duplicate"):
        assert outcome in network("event", "send", str(told), "--partner", "riverbend", "--type", "visit.reported.v1")
    (subject,) = _until(lambda: network.subjects("appointment"), bool)
    state = network.becomes(subject, lambda one: one.get("news_at"))
    assert (state["partner"], state["reference"], state.get("plan")) == ("riverbend", "V-77", None)
    seen = network.becomes(state["person"], lambda one: one and one.get("sightings"))["sightings"]
    assert [(one["plan"], datetime.fromisoformat(one["at"])) for one in seen] == [(subject, came)]


def test_measures_are_counted_from_what_was_said_for_whom_they_concern(network: Network):
    id, whole, own = network.accepted(), network.measures("network-lead"), network.measures("program-desk")
    assert whole.status_code == own.status_code == 200, whole.text + own.text
    told = {one["name"]: one for one in whole.json()["measures"]}
    assert whole.json()["of"] == "network" and {"FUH-7", "closed-loop verified", "I-SERV service"} <= told.keys()
    assert f"care/{id}" in told["closed-loop verified"]["open"]
    assert own.json()["of"] != "network"
    assert network.measures("coordinator").status_code == 403


def test_every_stored_state_is_the_fold_of_its_facts(network: Network):
    assert "0 wrong" in network("audit", "verify", "follow_up")
