"""One round: everything started, every fault done once in some order, brought to rest, and checked by those who were not involved."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.services import SERVICES, environment
from tests.chaos.faults import Fault, Recovery
from tests.chaos.history import Finding
from tests.chaos.stack import ROOT, Impossible, Stack

AUDIT_S = 600.0
Say = Callable[[str], None]


@dataclass
class Outcome:
    """What one round showed. `troubles` are what did not go as it must, beside the ledger's findings."""

    recoveries: list[Recovery] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rate: float = 0.0

    def during(self, recovery: Recovery) -> list[Finding]:
        """Findings about what was sent, or seen, between this fault and the next one."""
        later = [other.began for other in self.recoveries if other.began > recovery.began]
        return [one for one in self.findings if recovery.began <= one.at < min(later, default=float("inf"))]


def trial(directory: Path, faults: Sequence[Fault], seed: int, rate: float, say: Say, disk_mib: int = 0) -> Outcome:
    """One round on fresh engines in this directory. The first and the last fault keep their place."""
    outcome, chance, began = Outcome(), random.Random(seed), time.time()
    middle = list(faults[1:-1])
    chance.shuffle(middle)
    with Stack(directory, seed=seed, disk_mib=disk_mib) as stack:
        stack.pace_up(rate)
        outcome.rate = stack.rate
        say(f"up after {time.time() - began:.0f} s; {stack.rate:.0f} records a second")
        for fault in (faults[0], *middle, faults[-1]):
            _do(fault, stack, chance, outcome, say)
        owed = stack.rest()
        if owed:
            outcome.troubles.append(f"still owed when the time was up: {owed}")
        _check(stack, outcome)
        outcome.deaths = stack.deaths
    say(f"checked after {time.time() - began:.0f} s: {outcome.counts}")
    return outcome


def _do(fault: Fault, stack: Stack, chance: random.Random, outcome: Outcome, say: Say) -> None:
    try:
        for recovery in fault(stack, chance):
            outcome.recoveries.append(recovery)
            say(f"{recovery.fault}: {recovery.seconds:.1f} s")
    except Impossible as why:
        outcome.left_out.append(f"{fault.__name__}: {why}")
    except AssertionError as trouble:
        outcome.troubles.append(str(trouble))
        say(str(trouble))


def _check(stack: Stack, outcome: Outcome) -> None:
    said = stack.ask("end")
    outcome.findings = [Finding(*one) for one in said.pop("findings")]
    outcome.counts = {name: count for name, count in said.items() if isinstance(count, int)}
    outcome.counts["said"] = sum(count for topic, count in said["records"].items() if not topic.startswith("partner-in-"))
    for service in sorted({member.service for member in stack.members.values()}):
        found = audited(stack, service)
        outcome.troubles += [f"audit of {service}: {line}" for line in found]


def audited(stack: Stack, service: str, module: str = "") -> list[str]:
    """What `infra.audit` finds, run apart."""
    (known,) = [one for one in SERVICES if one.name == service]
    command = [sys.executable, "-m", "tests.chaos.audit", service, *([module] if module else [])]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(known, stack.engines), capture_output=True, text=True, timeout=AUDIT_S, check=False
    )
    if ended.returncode:
        return [ended.stderr.strip()[-2_000:]]
    return list(json.loads(ended.stdout.splitlines()[-1])["found"][:20])
