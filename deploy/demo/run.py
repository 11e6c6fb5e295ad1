"""`throughline demo`: everything up, the example network fed through its partners' own topics, and where to look."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from deploy import network as networks
from deploy.access import partner_principal
from deploy.apply import apply
from deploy.console import Say, table
from deploy.demo.feed import Published, clients, feed
from deploy.network import Network
from deploy.running import Running
from infra.identity import Principal
from infra.problems import Problem

EXAMPLE = Path(__file__).parent / "network.yaml"
SEED = 42
DESK = Principal("staff/7", frozenset({"intake-desk"}))
LEAD = Principal("staff/50", frozenset({"network-lead"}))
VISIBLE_WITHIN_S = 120.0


def play(running: Running, people: int, say: Say) -> None:
    """Feed it, act a little as its people would, and say what to try. Playing it again feeds nothing twice."""
    network = networks.load(EXAMPLE)
    apply(running, network, say)
    fed = running.settings.state / "demo-fed"
    if fed.exists():
        say("fed already; looking at what is there")
    else:
        events = list(feed([partner.id for partner in network.partners], clients(people, SEED), SEED, datetime.now(UTC)))
        publish(running, events, say)
        fed.touch()
    pending = _visible(running, say)
    say(f"desk: {_desk(running, pending)} requests acknowledged, half of them triaged")
    told(running, network)


def publish(running: Running, events: Sequence[Published], say: Say) -> None:
    """Each partner with its own credential, in its own order."""
    by_partner: dict[str, list[Published]] = {}
    for event in events:
        by_partner.setdefault(event.partner, []).append(event)
    for partner, mine in by_partner.items():
        acknowledged = Counter[bool]()
        producer = Producer(running.kafka(partner_principal(partner)) | {"enable.idempotence": True, "linger.ms": 5})

        def reported(error: object, _: object, ended: Counter[bool] = acknowledged) -> None:
            ended[error is None] += 1

        for event in mine:
            producer.produce(f"partner-in-{partner}", event.value, event.key, headers=event.headers, on_delivery=reported)
        producer.flush(60)
        if acknowledged[True] != len(mine):
            missing = f"{len(mine) - acknowledged[True]} events of {partner}"
            raise Problem("TL-2611", "not everything could be published", missing, "throughline status")
        say(f"published: {len(mine):4} by {partner}")


def _visible(running: Running, say: Say) -> list[dict[str, Any]]:
    """Wait until the board stops filling."""
    before, until = -1, time.monotonic() + VISIBLE_WITHIN_S
    while time.monotonic() < until:
        found: list[dict[str, Any]] = running.get("/v1/pending?limit=200", LEAD)["rows"]
        if found and len(found) == before:
            say(f"board: {len(found)} referrals pending")
            return found
        before = len(found)
        time.sleep(1.0)
    raise Problem("TL-2612", "the board stays empty", fix="throughline logs worklist")


def _desk(running: Running, pending: Sequence[dict[str, Any]]) -> int:
    """The desk takes every second request and triages every fourth, so that something waits at every step."""
    taken = 0
    for index, item in enumerate(pending):
        request = str(item["item"]).rpartition("/")[2]
        if index % 2 or "acknowledge-request" not in item["allowed"]:
            continue
        answer = running.post("intake", f"/v1/requests/{request}/acknowledge", b"{}", DESK, "demo")
        taken += answer.status_code < 400
        if index % 4 == 0 and answer.status_code < 400:
            body = b'{"urgency":"urgent","service":"%s"}' % str(item["service"]).lower().replace(" ", "-").encode()
            running.post("intake", f"/v1/requests/{request}/triage", body, DESK, "demo")
    return taken


def told(running: Running, network: Network) -> None:
    """Where to look, who to be, what to try."""
    print()
    table(["open", "what"], [[running.url("worklist") + "/", "the board"], [running.url("worklist") + "/sign-in", "choose whom to be"]])
    print()
    table(["sign in as", "id", "on duty for"], [[one.name, one.id, ", ".join(one.on_duty)] for one in network.staff])
    print()
    table(["try", ""], [
        ["throughline status", "what runs, and whether it is ready"],
        ["throughline partner add my-clinic", "topics, a credential (shown once) and access for a new partner"],
        ["throughline event validate FILE", "what the front door would say to a message, without sending it"],
        ["kill -9 the intake process", "it comes back; nothing is lost or doubled"],
        ["throughline audit verify intake", "every stored state is the fold of its facts"],
    ])  # fmt: skip
