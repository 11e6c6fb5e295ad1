"""Partners that publish, a process of its own: raw clients under their own credentials, a steady rate, duplicates and rubbish.

    python -m tests.chaos.load <directory>

reads `load.json` there and, again and again, `pace.json` (records a second in all, share of rubbish); writes every acknowledged
record to `acked.jsonl` and every refused one to `refused.jsonl`; ends with SIGTERM. A partner sends the next message of a referral
when the one before was acknowledged, and sends again what was not.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError

from tests.chaos.rubbish import KINDS, Headers, Rubbish
from tests.chaos.words import MARK, SOURCE, TAG, Intent, connection

TICK_S = 0.02
UNDER_WAY_MAX = 1_000
PEOPLE = 200
STORIES_MIN = 40
REFUSALS = (MessageSizeTooLargeError, TopicAuthorizationFailedError)


@dataclass(slots=True)
class Story:
    """One referral, as its sender tells it: the messages still to come."""

    reference: str
    body: dict[str, Any]
    steps: list[str]
    last: "Outgoing | None" = None


@dataclass(slots=True)
class Outgoing:
    """One record, the same however often it is sent."""

    intent: Intent
    headers: Headers
    value: bytes | None
    story: Story | None = None
    compressed: bool = False


@dataclass
class Pace:
    """How fast each partner sends now, and which share of it no sender should send."""

    rate: float = 0.0
    rubbish: float = 0.0

    async def follow(self, file: Path, partners: int) -> None:
        while True:
            with suppress(OSError, ValueError):
                self._read(file, partners)
            await asyncio.sleep(0.1)

    def _read(self, file: Path, partners: int) -> None:
        told = json.loads(file.read_text())
        self.rate, self.rubbish = told["rate"] / partners, told["rubbish"]


@dataclass
class Partner:
    """One sender."""

    name: str
    access: dict[str, Any]
    pace: "Pace"
    acked: TextIO
    refused: TextIO
    chance: random.Random
    run: str
    ready: deque[Story] = field(default_factory=deque)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    count: int = 0
    people: int = 0
    shut_out: bool = False
    amend: list[str] = field(default_factory=list)
    """References of former runs, each to be amended once."""

    async def talk(self, stop: asyncio.Event) -> None:
        """At this rate until told to stop; then only what is under way."""
        plain = AIOKafkaProducer(**self.access, acks="all", linger_ms=5, request_timeout_ms=10_000, metadata_max_age_ms=10_000)
        packed = AIOKafkaProducer(**self.access, acks="all", compression_type="gzip", max_request_size=4 << 20, request_timeout_ms=10_000)
        await plain.start()
        await packed.start()
        last, owed = time.monotonic(), 0.0
        while not stop.is_set() and not self.shut_out:
            now = time.monotonic()
            owed = min(owed + (now - last) * self.pace.rate, self.pace.rate)  # what could not be sent in time is not made up for at once
            last = now
            while owed >= 1 and len(self.under_way) < UNDER_WAY_MAX:
                outgoing = self._next()
                self._start(packed if outgoing.compressed else plain, outgoing)
                owed -= 1
            await asyncio.sleep(TICK_S)
        if self.under_way:
            await asyncio.wait(self.under_way, timeout=15)
        for producer in (plain, packed):
            with suppress(Exception):
                await asyncio.wait_for(producer.stop(), 5)

    def _start(self, producer: AIOKafkaProducer, outgoing: Outgoing) -> None:
        task = asyncio.create_task(self._send(producer, outgoing))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _send(self, producer: AIOKafkaProducer, outgoing: Outgoing) -> None:
        """Until it is acknowledged or refused for good."""
        while True:
            try:
                headers = [*outgoing.headers, (TAG, outgoing.intent.written())]
                sending = await producer.send(f"partner-in-{self.name}", outgoing.value, headers=headers)
                offset = (await sending).offset
            except REFUSALS as error:
                self.shut_out = self.shut_out or isinstance(error, TopicAuthorizationFailedError)
                self._note(self.refused, outgoing.intent, why=type(error).__name__)
                return
            except (KafkaError, TimeoutError, OSError):
                await asyncio.sleep(0.3)
                continue
            self._note(self.acked, outgoing.intent, offset=offset)
            if outgoing.story is not None and outgoing.story.steps:
                self.ready.append(outgoing.story)
            return

    def _note(self, file: TextIO, intent: Intent, **more: Any) -> None:
        known = {"acked": time.time(), "reference": intent.reference}
        file.write(json.dumps({"n": intent.n, "partner": self.name, **known, "kind": intent.kind, **more}) + "\n")
        file.flush()

    # What is said next

    def _next(self) -> Outgoing:
        self.count += 1
        if self.amend:
            reference = self.amend.pop()
            return self._step(Story(reference, self._body(reference), []), "amend")
        if self.chance.random() < self.pace.rubbish:
            return self._thrown(self.chance.choice(KINDS))
        if len(self.ready) > STORIES_MIN and self.chance.random() < 0.75:
            story = self.ready.popleft()
            return self._step(story, story.steps.pop(0))
        return self._step(self._story(), "request")

    def _story(self) -> Story:
        steps = ["amend"] * self.chance.randint(1, 3)
        for extra, share in (("again", 0.3), ("same", 0.15)):
            if self.chance.random() < share:
                steps.insert(self.chance.randint(0, len(steps)), extra)
        steps += ["withdraw"] if self.chance.random() < 0.2 else []
        reference = f"{self.run}-{self.count}"
        return Story(reference, self._body(reference), steps)

    def _body(self, reference: str) -> dict[str, Any]:
        """Some people come again, and some are known to other partners by a number of the whole network."""
        self.people += self.chance.random() < 0.6
        who = max(0, self.people - self.chance.randint(0, PEOPLE))
        network = {"system": "urn:network:person", "value": f"{MARK}-{self.run}-{who}"}
        own = {"system": "urn:local:number", "value": f"{MARK}-{self.name}-{who}"}
        return {
            "reference": reference,
            "requested_at": "2026-03-02T09:00:00-05:00",
            "service": "outpatient-therapy",
            "urgency": self.chance.choice(["urgent", "routine", None]),
            "reason": f"{MARK} cannot sleep",
            "person": {
                "identifiers": [own, network] if who % 3 == 0 else [own],
                "family_name": f"{MARK}{who}",
                "given_name": f"Ana {MARK}",
                "birth_date": f"19{50 + who % 50}-0{1 + who % 9}-1{who % 9}",
                "phone": f"+1 202 555 01{who % 90 + 10} {MARK}",
            },
        }

    def _step(self, story: Story, step: str) -> Outgoing:
        if step == "again" and story.last:
            return story.last
        kind, body, token = "referral.requested.v1", story.body, ""
        if step == "amend":
            token = f"service-{self.run}-{self.count}"
            kind, body = "referral.amended.v1", {"reference": story.reference, "service": token, "reason": f"{MARK} sleeps less"}
        elif step == "withdraw":
            kind, body = "referral.withdrawn.v1", {"reference": story.reference, "reason": "found-elsewhere"}
        intent = Intent(self.count, step, "event", time.time(), story.reference, f"{self.run}-{self.count}-id", token)
        named = {"content-type": "application/json", "ce_type": kind, "ce_source": SOURCE, "ce_id": intent.id}
        headers: Headers = [(name, text.encode()) for name, text in named.items()]
        story.last = Outgoing(intent, headers, json.dumps(body).encode(), story)
        return story.last

    def _thrown(self, kind: Rubbish) -> Outgoing:
        reference = f"{self.run}-{self.count}"
        expected = "return" if kind.expected == "refused" else kind.expected  # what would follow if a broker took it
        intent = Intent(self.count, kind.name, expected, time.time(), reference if kind.expected == "event" else "")
        return Outgoing(intent, kind.headers, kind.value(self._body(reference)), compressed=kind.compressed)


async def main(directory: Path) -> None:
    told = json.loads((directory / "load.json").read_text())
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    with (directory / "acked.jsonl").open("a") as acked, (directory / "refused.jsonl").open("a") as refused:
        pace = Pace()
        following = asyncio.create_task(pace.follow(directory / "pace.json", len(told["partners"])))
        partners = [
            Partner(
                name, connection(told["bootstrap"], user, password), pace, acked, refused,
                random.Random(f"{told['seed']}/{name}"), told["run"], amend=told["amend"].get(name, []),
            )
            for name, (user, password) in told["partners"].items()
        ]  # fmt: skip
        print("started", flush=True)
        await asyncio.gather(*(partner.talk(stop) for partner in partners))
        following.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
