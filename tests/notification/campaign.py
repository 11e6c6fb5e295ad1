"""`python -m tests.notification.campaign`: overdue and dropout events on a real broker, the service killed at random, and mail servers
that hang, refuse, defer, reject and drop; then what the ledger says of it, and the whole log again from zero.

The world runs forty times as fast: a crisis climbs after 22 seconds, what is urgent after six minutes.
"""

import argparse
import heapq
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from confluent_kafka import Consumer, TopicPartition
from pymongo import MongoClient

from contracts import catalogue
from tests import marks
from tests.bench.running import lag
from tests.chaos.history import Finding, shown
from tests.chaos.ledger import in_logs
from tests.notification import table
from tests.notification.lateness import TOPIC, about, done, late, rule_of
from tests.notification.ledger import Expected, Ledger
from tests.notification.live import Live, People
from tests.notification.postman import Postman, moody

RATE, STARTS = 40.0, "2026-03-02T13:00:00+00:00"
"""Eight in the morning where the network is, on a Monday."""
HUNG, GONE = ("d0.example",), ("d1.example",)
OURS, GROUPS = "notification-events", ("notification", "notification.crisis")
KILLED_EVERY_S, AWAY_EVERY_S, AWAY_S = (5.0, 25.0), (8.0, 20.0), (0.5, 3.0)
REST_S, REPLAY_S, QUIET_S = 900.0, 600.0, 10.0
HEARD = sorted({topic.name for topic in catalogue.heard_by("notification")})


class Tail:
    """Everything that notification says, raw, from its beginning, as far as it was read."""

    def __init__(self, live: Live) -> None:
        self.ledger = Ledger()
        self._consumer = Consumer({**live.engines.kafka_config("admin"), "group.id": "admin.ledger", "enable.auto.commit": False})
        places = self._consumer.list_topics(OURS, timeout=30).topics[OURS].partitions
        self._consumer.assign([TopicPartition(OURS, place, 0) for place in places])

    def read(self) -> Ledger:
        """Until nothing more comes for a second."""
        while records := self._consumer.consume(2_000, timeout=1.0):
            for one in records:
                if not one.error():
                    self.ledger.add(OURS, one.offset(), one.headers() or (), one.key(), one.value(), time.time())
        return self.ledger

    def close(self) -> None:
        self._consumer.close()


@dataclass
class Campaign:
    """`rate` events a second of the world; one in `slow` is not acted on until it has climbed."""

    live: Live
    seed: int
    events: int
    rate: float
    patience_s: float = 70.0
    slow: int = 10
    expected: list[Expected] = field(default_factory=list)
    kills: int = 0
    away: int = 0
    _later: list[tuple[float, int, str]] = field(default_factory=list)
    _owners: dict[int, str] = field(default_factory=dict)

    def run(self) -> None:
        """Say everything, and all that is done after it, while processes die and the mail server is away now and then."""
        self.chance, started = Random(self.seed), time.monotonic()
        self._next_kill, self._next_away = started + self._within(KILLED_EVERY_S), started + self._within(AWAY_EVERY_S)
        self._back_at: float | None = None
        for n in range(self.events):
            self._until(started + n / self.rate)
            self._say(n)
        while self._later:
            self._until(self._later[0][0])
        self._mail_is_back()
        self.live.producer.flush(60)
        self.live.await_ready()

    def _within(self, bounds: tuple[float, float]) -> float:
        return self.chance.uniform(*bounds)

    def _until(self, then: float) -> None:
        """Do what falls due before that moment."""
        while (now := time.monotonic()) < then or (self._later and self._later[0][0] <= now):
            self._supervise(now)
            while self._later and self._later[0][0] <= now:
                self._is_done(heapq.heappop(self._later)[1])
            self.live.producer.poll(0)
            time.sleep(max(0.0, min(0.02, then - time.monotonic())))

    def _supervise(self, now: float) -> None:
        self.live.spawn()
        if now >= self._next_kill:
            self.kills += self.live.kill(self.chance.randrange(self.live.members))
            self._next_kill = now + self._within(KILLED_EVERY_S)
        if self._back_at and now >= self._back_at:
            self._mail_is_back()
        elif not self._back_at and now >= self._next_away:
            self.live.beside.run(self.live.postman.leave())
            self.away, self._back_at = self.away + 1, now + self._within(AWAY_S)

    def _mail_is_back(self) -> None:
        if self._back_at:
            self.live.beside.run(self.live.postman.listen())
            self._back_at, self._next_away = None, time.monotonic() + self._within(AWAY_EVERY_S)

    def _say(self, n: int) -> None:
        """Three in five are emergencies; of the rest half are dropouts. What is urgent is a few people's: they reach their hourly rate."""
        kind, people = n % 5, self.live.people
        dropouts, urgency = kind == 4, "emergency" if kind < 3 else "urgent"
        owner = self._owners[n] = people.person(n if kind < 3 else n % max(8, len(people) // 8))
        now = self.live.clock.now()
        self.live.say(TOPIC, about(n, dropouts), late(n, owner, now, dropouts, urgency))
        severity = "crisis" if urgency == "emergency" else "urgent"
        self.expected.append(Expected(about(n, dropouts), rule_of(dropouts, urgency), severity, now))
        waits = self.chance.uniform(20, self.patience_s) if n % self.slow == 0 else self.chance.uniform(4, 20)
        heapq.heappush(self._later, (time.monotonic() + waits, n, ""))

    def _is_done(self, n: int) -> None:
        dropouts = n % 5 == 4
        self.live.say(TOPIC, about(n, dropouts), done(self._owners[n], self.live.clock.now(), dropouts))


@dataclass(frozen=True)
class Outcome:
    """What came of it: findings of the ledger, and counts for the table."""

    findings: list[Finding]
    rows: list[tuple[str, str, str]]


def held(directory: Path, events: int, rate: float, seed: int = 1, people: int = 160, members: int = 2, **how: float) -> Outcome:
    """One campaign on engines of its own, from its first event to the second replay."""
    began = time.monotonic()
    postman = Postman(moody(seed, 0.3, HUNG, GONE))
    told = {"clock_rate": str(RATE), "clock_start": STARTS, "errand_seconds": "15"}
    with Live(directory, People(people, 16), postman, told, members) as live:
        tail = Tail(live)
        try:
            campaign = Campaign(live, seed, events, rate, **how)  # type: ignore[arg-type]
            campaign.run()
            rested = _rest(live, tail, campaign.expected)
            addresses = {person: live.people.address(person) for person in live.people.everybody}
            findings = [*tail.read().judged(campaign.expected, postman.taken, addresses), *in_logs(live.engines.logs)]
            rows = table.rows(campaign, tail.ledger, postman, findings, rested)
            print(*(" | ".join(row) for row in rows), *shown(findings), sep="\n", flush=True)
            for name, forget in (("with its memory", False), ("after its database was lost", True)):
                findings, row = _replayed(live, tail, postman, findings, name, forget)
                rows.append(row)
        finally:
            tail.close()
    return Outcome(findings, [*rows, ("the whole of it took", f"{time.monotonic() - began:.0f} s", "")])


def _rest(live: Live, tail: Tail, expected: Sequence[Expected]) -> float:
    """Wait until nothing is under way; how long that took."""
    started = time.monotonic()
    _await(lambda: not tail.read().open(expected), REST_S, lambda: f"still open: {dict(tail.ledger.open(expected))}", live)
    return time.monotonic() - started


def _await(so: Callable[[], bool], seconds: float, what: Callable[[], str], live: Live) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        live.spawn()
        if time.monotonic() > deadline:
            print(f"not at rest after {seconds:.0f} s, {what()}", file=sys.stderr)
            return
        time.sleep(0.5)


def _replayed(
    live: Live, tail: Tail, postman: Postman, findings: list[Finding], name: str, forget: bool
) -> tuple[list[Finding], tuple[str, str, str]]:
    """Forget how far everything was read (and all else, where asked), read it again, and see whether anybody is told anything."""
    live.stop()
    facts, mails = len(tail.read().facts), _times(postman)
    _forget_offsets(live)
    if forget:
        client: MongoClient[dict[str, object]] = MongoClient(live.engines.mongo_url("admin"))
        client.drop_database("notification")
        client.close()
    live.spawn()
    live.await_ready()
    _await(lambda: lag(live.engines, GROUPS[0], [TOPIC, "assignment-events"]) == 0, REPLAY_S, lambda: "the log is not read again", live)
    time.sleep(QUIET_S)
    said = [one.type for one in tail.read().facts[facts:]]
    again = _times(postman) - mails
    found = [Finding("doubled", f"the log again, {name}: {count} × {kind}") for kind, count in Counter(said).items()]
    found += [Finding("doubled", f"the log again, {name}: {again} mails")] if again else []
    read = sum(live.sequences.values())
    return [*findings, *found], (f"the whole log again from zero, {name}", f"{read:,} events read", f"{len(said)} facts, {again} mails")


def _times(postman: Postman) -> int:
    return sum(one.times for one in postman.taken.values())


def _forget_offsets(live: Live) -> None:
    """Once the broker has seen that nobody is in these groups any more."""
    deadline, admin = time.monotonic() + 90, live.engines.admin()  # kept: what nobody holds any more answers nobody
    while True:
        try:
            for asked in admin.delete_consumer_groups(list(GROUPS)).values():
                asked.result(30)
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)


NOTE = "Real broker and database, two processes of the service, forty virtual seconds a second."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.notification.campaign", description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=50.0, help="events a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="print only, leave docs/notification.md as it is")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="throughline-ledger-") as directory:
        outcome = held(Path(directory), asked.events, asked.rate, asked.seed)
    for row in outcome.rows:
        print(*row, sep=" | ")
    print(*shown(outcome.findings), sep="\n")
    if not asked.keep and not outcome.findings:
        rows = marks.table(("what", "how much", "more of it"), outcome.rows)
        command = f"python -m tests.notification.campaign --events {asked.events} --rate {asked.rate:g}"
        marks.write(marks.NOTIFICATION, "ledger", f"{NOTE}\n\n{rows}\n\n{marks.where()}: `{command}`")
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
