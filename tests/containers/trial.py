"""The compose file, run: what a partner sends is answered and on the board, through a kill and through scaling, once each.

The ledger is a partner of its own: a plain Kafka client that knows what it sent, and counts what it is told.
"""

import json
import os
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from confluent_kafka import Consumer, Producer

from deploy.local.cache import Say
from tests.containers.engine import Engine
from tests.containers.images import ROOT

PARTNER, BOARD, BROKER = "prairie-clinic", "http://127.0.0.1:8080", "127.0.0.1:19092"
PEOPLE = 30
"""Of the demo, beside what the ledger sends: the board counts to a thousand."""
UP_S, ANSWERED_S, RECOVERED_S, SENT_S = 600, 300, 300, 120
"""How long is waited at most, on a machine that may be busy. How long it took is measured and said."""


@dataclass
class Ledger:
    """Sends referrals at a steady rate until it is stopped, and hears its answers all the while."""

    password: str
    sent: set[str] = field(default_factory=set)
    told: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    again: int = 0
    types: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    def _access(self, **more: Any) -> dict[str, Any]:
        signed_in = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": f"partner-{PARTNER}"}
        return {"bootstrap.servers": BROKER, **signed_in, "sasl.password": self.password, "log_level": 2, **more}

    def send(self, count: int, rate: float) -> None:
        producer = Producer(self._access(**{"enable.idempotence": False, "acks": "all", "linger.ms": 5}))
        for _ in range(count):
            reference = f"C-{len(self.sent) + 1}"
            heard = self._delivered(reference)
            producer.produce(f"partner-in-{PARTNER}", _referral(reference), headers=_headers(reference), on_delivery=heard)
            producer.poll(1 / rate)
        if producer.flush(SENT_S):
            raise AssertionError("the broker did not acknowledge what was sent")

    def _delivered(self, reference: str) -> Callable[[Any, Any], None]:
        self.sent.add(reference)

        def said(error: Any, _: Any) -> None:
            if error:
                raise AssertionError(f"not delivered: {error}")

        return said

    def hear(self) -> None:
        consumer = Consumer(self._access(**{"group.id": f"partner-{PARTNER}.ledger", "auto.offset.reset": "earliest"}))
        consumer.subscribe([f"partner-out-{PARTNER}"])
        while not self._over.is_set():
            if (message := consumer.poll(0.2)) and not message.error():
                said = {name: value.decode() for name, value in message.headers() or () if value}
                self.types[said["ce_type"]] += 1
                if said["ce_type"] == "referral.received.v1":
                    known = self.told[message.key().decode()]
                    self.again += said["ce_id"] in known
                    known.add(said["ce_id"])
        consumer.close()

    def stop(self) -> None:
        self._over.set()

    @property
    def unanswered(self) -> set[str]:
        return self.sent - self.told.keys()

    @property
    def twice(self) -> set[str]:
        """Answered with two different answers: a repeated record has the same id, and is nothing new to its listener."""
        return {reference for reference, answers in self.told.items() if len(answers) > 1}


def _headers(reference: str) -> list[tuple[str, str | bytes | None]]:
    said = {"specversion": "1.0", "type": "referral.requested.v1", "id": reference, "source": f"/{PARTNER}/ehr"}
    return [("content-type", b"application/json"), *((f"ce_{name}", value.encode()) for name, value in said.items())]


def _referral(reference: str) -> bytes:
    person = {"identifiers": [{"system": f"urn:{PARTNER}:mrn", "value": reference}], "family_name": "Example-Test"}
    return json.dumps({"reference": reference, "requested_at": "2026-03-01T09:30:00-05:00", "service": "outpatient-therapy",
                       "urgency": "routine", "person": person}).encode()  # fmt: skip


class Measured(dict[str, Any]):
    """Says each figure at once: what ends a run early does not take what was measured with it."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def __setitem__(self, what: str, value: Any) -> None:
        super().__setitem__(what, value)
        self._say(f"{what}: {value}")


def run(engine: Engine, say: Say) -> dict[str, Any]:
    """Everything, in order; AssertionError where something is not as it must be. Returns what was measured."""
    measured = Measured(say)
    os.chdir(ROOT)
    os.environ["DEMO_PEOPLE"] = str(PEOPLE)
    try:
        began = time.monotonic()
        engine.up("up", "-d", "--wait", "--pull", "never", "--wait-timeout", str(UP_S), seconds=UP_S + 60)
        measured["up, fed and healthy after (s)"] = round(time.monotonic() - began, 1)
        say(engine.up("logs", "--no-color", "--no-log-prefix", "demo"))
        said = throughline(engine, "partner", "add", PARTNER, "--json")
        ledger = Ledger(json.loads(said[said.index("[") :])[0]["password"])
        listening = threading.Thread(target=ledger.hear, daemon=True)
        listening.start()
        try:
            _trial(engine, ledger, measured, say)
        finally:
            ledger.stop()
            listening.join(10)
    except BaseException:
        say(engine.up("ps", "-a", check=False))
        say(engine.up("logs", "--no-color", "--tail", "15", check=False)[-8000:])
        raise
    finally:
        engine.up("down", "-v", "--timeout", "20", check=False, seconds=180)
    return measured


def throughline(engine: Engine, *arguments: str) -> str:
    """A command as the demo says it is typed."""
    return engine.up("exec", "-T", "demo", "throughline", *arguments)


def _trial(engine: Engine, ledger: Ledger, measured: dict[str, Any], say: Say) -> None:
    token = throughline(engine, "token", "network-lead").strip().splitlines()[-1]
    fed = _on_board(token)
    assert 0 < fed <= PEOPLE, f"the board shows {fed} of the demo's {PEOPLE}"
    ledger.send(100, 50)
    measured["first 100 answered after (s)"] = _until(lambda: not ledger.unanswered, ANSWERED_S, "every referral is answered")
    say("publish → answer")
    measured["on the board after (s)"] = _until(lambda: _on_board(token) == fed + 100, ANSWERED_S, "all are on the board")
    say("answer → board")
    _kill(engine, ledger, measured)
    say("killed, recovered")
    _scale(engine, ledger, measured)
    say("scaled under load")
    wanted = len(ledger.sent)
    _until(lambda: _on_board(token) == fed + wanted, ANSWERED_S, "all are on the board, once each")
    measured["sent"], measured["answered"] = wanted, len(ledger.told)
    measured["answered twice"], measured["records repeated"] = len(ledger.twice), ledger.again
    measured["audit"] = _audited(throughline(engine, "audit", "verify"))
    assert not ledger.unanswered and not ledger.twice, measured


def _audited(said: str) -> str:
    """Every state is the fold of its facts, or AssertionError says what was found."""
    counts = [line for line in said.splitlines() if line.endswith(" wrong")]
    assert counts and all(line.endswith(" 0 wrong") for line in counts), said
    return "; ".join(counts)


def _kill(engine: Engine, ledger: Ledger, measured: dict[str, Any]) -> None:
    """As a crash would: the engine is not told, and has to notice. Meanwhile the partner goes on."""
    container = engine.up("ps", "-q", "intake").strip()
    os.kill(int(engine.run("inspect", "-f", "{{.State.Pid}}", container)), signal.SIGKILL)
    ledger.send(100, 50)
    measured["answered again, after a kill, within (s)"] = _until(lambda: not ledger.unanswered, RECOVERED_S, "intake has recovered")


def _scale(engine: Engine, ledger: Ledger, measured: dict[str, Any]) -> None:
    """From one instance to three and back to one, with referrals arriving all the while."""
    sending = threading.Thread(target=ledger.send, args=(750, 15))
    sending.start()
    for count in (3, 1):
        engine.up("up", "-d", "--no-recreate", "--pull", "never", "--scale", f"intake={count}", "intake")
        _until(lambda count=count: _healthy(engine) == count, RECOVERED_S, f"{count} instances are healthy")  # type: ignore[misc]
        time.sleep(8)
        measured[f"partitions' holders at {count}"] = _holders(engine)
    sending.join()
    measured["all answered, after scaling, within (s)"] = _until(lambda: not ledger.unanswered, ANSWERED_S, "every referral is answered")


def _healthy(engine: Engine) -> int:
    return sum("(healthy)" in line for line in engine.run("ps", "--filter", "label=com.docker.compose.service=intake").splitlines())


def _holders(engine: Engine) -> int:
    """How many instances hold partitions: those that have lag to tell of."""
    names = engine.up("ps", "-q", "intake").split()
    script = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/metrics').read().decode())"
    pages = [engine.run("exec", name, "/opt/throughline/bin/python", "-c", script, check=False) for name in names]
    return sum('throughline_lag_records{service="intake"' in page for page in pages)


def _on_board(token: str) -> int:
    answer = httpx2.get(f"{BOARD}/v1/counts", headers={"authorization": f"Bearer {token}"}, timeout=10)
    return int(answer.json()["counts"]["pending"]) if answer.status_code == 200 else -1


def _until(holds: Callable[[], bool], seconds: float, what: str) -> float:
    """How long it took; AssertionError when it took longer."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.5)
    return round(time.monotonic() - began, 1)
