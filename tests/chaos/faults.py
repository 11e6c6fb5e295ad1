"""What is done to the system, and when it must have recovered. Each fault is over when all that was sent after it was answered.

Where a part is taken away and comes back (an engine, a connection, a stopped process) the time counts from its return; where the
rest of the system has to take over (a killed process, a stopped one), from the moment it was gone.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy import partners
from tests.chaos.stack import LEAVER, Stack
from tests.chaos.storm import rebalances
from tests.chaos.words import connection

POINTS = (
    "after_load", "in_transaction", "before_commit", "commit_unacknowledged",
    "before_publish", "after_publish", "after_mark", "before_offsets",
)  # fmt: skip
"""All of them must be on the way of every message: one that is never passed is an error here."""
REACHED_S, PASSAGES_MAX = 60.0, 8
STOPPED_S = 9.0
"""Longer than a session lasts: others have taken over by then."""
HEARD_BY_INTAKE = ("assignment-events", "authorization-events", "crisis-routing-events", "follow-up-events")
LIVE_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long one fault was felt, in seconds. `began`: when it was done, for what was sent meanwhile."""

    fault: str
    began: float
    seconds: float


Fault = Callable[[Stack, random.Random], Iterator[Recovery]]


def calm(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """Nothing at all: what an answer takes without any fault."""
    since = time.time()
    yield Recovery("none", since, stack.recovered(since))


def killed_at(point: str, member: str = "intake-2") -> Fault:
    """SIGKILL at a named point of the protocol; a supervisor starts it again."""

    def fault(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
        began = time.time()
        stack.stop(member)
        stack.start(member, FAILPOINTS=f"{point}:kill9@{chance.randint(1, PASSAGES_MAX)}")
        child = stack.members[member].child
        assert child
        while child.alive():
            if time.time() > began + REACHED_S:
                raise AssertionError(f"{member} never passed {point}")
            time.sleep(0.02)
        since = time.time()
        if child.process.returncode != -signal.SIGKILL:
            raise AssertionError(f"{member} ended by itself at {point}:\n{stack.tail(member)}")
        yield Recovery(f"SIGKILL {point.replace('_', ' ')}{'' if member == 'intake-2' else ' (assignment)'}", began, stack.recovered(since))
        stack.await_ready(member)

    return fault


def killed(member: str) -> Fault:
    """SIGKILL at any moment."""

    def fault(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
        time.sleep(chance.uniform(0, 1))
        since = stack.kill(member)
        yield Recovery(f"SIGKILL {stack.members[member].service} any time", since, stack.recovered(since))
        stack.await_ready(member)

    return fault


def stopped(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """SIGSTOP for longer than its session, then SIGCONT: a zombie that believes it still owns what others took over."""
    since = time.time()
    stack.send("intake-2", signal.SIGSTOP)
    try:
        yield Recovery("SIGSTOP, others take over", since, stack.recovered(since))
        time.sleep(max(0.0, since + STOPPED_S - time.time()))
    finally:
        stack.send("intake-2", signal.SIGCONT)
    since = time.time()
    yield Recovery("SIGCONT of a zombie", since, stack.recovered(since))


def broker_restarted(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    began = time.time()
    stack.engines.restart_kafka()
    yield Recovery("broker restarted", began, stack.recovered(time.time()))


def broker_killed(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    began = time.time()
    stack.engines.kill_kafka()
    time.sleep(chance.uniform(0, 5))
    stack.engines.start_kafka()
    yield Recovery("broker SIGKILL", began, stack.recovered(time.time()))


def database_killed(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    began = time.time()
    stack.engines.kill_mongo()
    time.sleep(chance.uniform(0, 3))
    stack.engines.start_mongo()
    yield Recovery("database SIGKILL", began, stack.recovered(time.time()))


def frozen(engine: str) -> Fault:
    """SIGSTOP: connections stay open and nobody answers."""

    def fault(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
        began, pid = time.time(), stack.engines.children[engine].pid
        _signal(pid, signal.SIGSTOP)
        try:
            time.sleep(chance.uniform(3, 15))
        finally:
            _signal(pid, signal.SIGCONT)
        yield Recovery(f"{'broker' if engine == 'kafka' else 'database'} silent", began, stack.recovered(time.time()))

    return fault


def answers_lost(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """From one commit on, nothing that the database says reaches one process: was it committed?"""
    began = time.time()
    _become(stack, "drop-response", on=b"commitTransaction")
    time.sleep(chance.uniform(2, 6))
    _become(stack, "pass")
    yield Recovery("answers of the database lost", began, stack.recovered(time.time()))


def connections_reset(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    began = time.time()
    _become(stack, "reset", on=b"commitTransaction")
    time.sleep(chance.uniform(0.5, 2))
    _become(stack, "pass")
    yield Recovery("connections to the database reset", began, stack.recovered(time.time()))


def database_slow(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """Every answer a good while late, for one process."""
    began = time.time()
    _become(stack, "delay", seconds=0.5)
    time.sleep(6)
    _become(stack, "pass")
    yield Recovery("database slow", began, stack.recovered(time.time()))


def database_gone(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """One process cannot reach its database for longer than it may go on without progress: it must say so, and not before."""
    began, red = time.time(), 0.0
    _become(stack, "blackhole")
    while time.time() < began + 2.2 * LIVE_LIMIT_S and not red:
        red = time.time() - began if stack.members["intake-1"].health("live") == 503 else 0.0
        time.sleep(0.5)
    _become(stack, "pass")
    since = time.time()
    if not red:
        raise AssertionError("/health/live is green though nothing got on for two minutes")
    yield Recovery("/health/live turns red (limit 60 s)", began, red - LIVE_LIMIT_S)
    yield Recovery("database unreachable for a minute", began, stack.recovered(since))
    while stack.members["intake-1"].health("live") != 200:
        if time.time() > since + 30:
            raise AssertionError("/health/live stays red")
        time.sleep(0.2)


def rebalance_storm(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """Members come and go every second in both groups, and a topic that the pattern matches appears."""
    began = time.time()
    access = connection(stack.engines.kafka_bootstrap, *stack.engines.credentials("svc-intake"))
    stack.engines.add_partners(f"new-{int(began)}")
    stack.beside.run(rebalances(access, 10, HEARD_BY_INTAKE, "^partner-in-[a-z0-9-]+$"), 60)
    yield Recovery("rebalance storm", began, stack.recovered(time.time()))


def rubbish(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """Most of what comes is rubbish for a while: sound messages among it must not feel it."""
    began = time.time()
    stack.pace(stack.rate, 0.7)
    time.sleep(1)
    yield Recovery("bad input", began, stack.recovered(began + 0.5))
    stack.pace(stack.rate)


def revoked(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """A partner is shut out while it sends: it cannot go on, and nobody else notices."""
    since = time.time()
    partners.revoke(stack.engines.broker(), [LEAVER])
    done = time.time()
    yield Recovery("credential revoked", since, stack.recovered(done))
    time.sleep(max(0.0, done + 5 - time.time()))
    late = [row for row in _rows(stack, "acked.jsonl") if row["partner"] == LEAVER and row["acked"] > done + 2]
    refused = [row for row in _rows(stack, "refused.jsonl") if row["partner"] == LEAVER and row["why"] == "TopicAuthorizationFailedError"]
    if late or not refused:
        raise AssertionError(f"a revoked partner went on: {len(late)} records taken, {len(refused)} refused")


def disk_full(stack: Stack, chance: random.Random) -> Iterator[Recovery]:
    """Not a byte is left under broker and database, for a few seconds; what ended by that is started again."""
    began = time.time()
    filler = stack.fill_disk()
    time.sleep(chance.uniform(2, 5))
    filler.unlink()
    for name in ("kafka", "mongo"):
        child = stack.engines.children[name]
        time.sleep(0.5)
        if not child.alive():
            stack.engines.revive(name)
    yield Recovery("disk full", began, stack.recovered(time.time()))


def _become(stack: Stack, mode: str, **how: object) -> None:
    async def become() -> None:
        stack.proxy.become(mode, **how)  # type: ignore[arg-type]

    stack.beside.run(become())


def _signal(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)


def _rows(stack: Stack, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (stack.directory / name).read_text().splitlines()]


SHORT: tuple[Fault, ...] = (
    calm, *(killed_at(point) for point in POINTS), broker_restarted, database_killed, stopped, answers_lost, rebalance_storm, rubbish,
    revoked,
)  # fmt: skip
LONG: tuple[Fault, ...] = (
    *SHORT[:-1], killed("intake-1"), killed("intake-2"), killed("assignment-1"), *(killed_at(point, "assignment-2") for point in POINTS),
    broker_killed, frozen("kafka"), frozen("mongo"), connections_reset, database_slow, disk_full, database_gone, revoked,
)  # fmt: skip
