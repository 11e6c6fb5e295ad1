"""Named places where a test may stop the process: the crash points of the protocol.

`THROUGHLINE_FAILPOINTS="before_commit:kill9@3,after_publish:sleep:0.5"` acts on the third passage of one and on every passage
of the other. Nothing is armed unless that is set and the process says it is a development run.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from infra.problems import Problem

VARIABLE = "THROUGHLINE_FAILPOINTS"
NAMES = (
    "after_load", "in_transaction", "before_commit", "commit_unacknowledged",
    "before_publish", "after_publish", "after_mark", "before_offsets",
)  # fmt: skip
"""In the order of the protocol. `commit_unacknowledged` is passed after a commit was sent, before its answer is believed."""

SIGNALS = {"kill9": signal.SIGKILL, "stop": signal.SIGSTOP}


class Injected(Exception):
    """What `raise` raises."""


@dataclass(frozen=True, slots=True)
class Action:
    """What happens at a point: `kind` kill9, stop, raise or sleep; `at` which passage (0: every one)."""

    kind: str
    seconds: float = 0.0
    at: int = 0


hits: Counter[str] = Counter()
"""Passages so far, counted only while something is armed."""

_armed: dict[str, Action] | None = None


def parse(text: str) -> dict[str, Action]:
    """`name:action[:seconds][@passage]`, comma separated. Raises TL-2053 for what is neither a name nor an action of ours."""
    return dict(_one(part.strip()) for part in text.split(",") if part.strip())


def arm(points: Mapping[str, Action]) -> None:
    """For tests inside one process; an empty mapping disarms."""
    global _armed
    hits.clear()
    _armed = dict(points) or None


def arm_from_environment(development: bool) -> None:
    """Called once at start. A production process that finds the variable set refuses to run."""
    text = os.environ.get(VARIABLE, "")
    if text and not development:
        raise Problem("TL-2054", f"{VARIABLE} is set in a process that is not a development run", fix=f"unset {VARIABLE}")
    arm(parse(text))


async def hit(name: str) -> None:
    """Pass the point `name`."""
    if _armed is None:
        return
    hits[name] += 1
    action = _armed.get(name)
    if action is not None and action.at in (0, hits[name]):
        await _act(name, action)


async def _act(name: str, action: Action) -> None:
    if action.kind == "raise":
        raise Injected(name)
    if action.kind == "sleep":
        await asyncio.sleep(action.seconds)
    else:
        os.kill(os.getpid(), SIGNALS[action.kind])


def _one(part: str) -> tuple[str, Action]:
    spec, _, passage = part.partition("@")
    name, _, what = spec.partition(":")
    kind, _, seconds = what.partition(":")
    try:
        action = Action(kind, float(seconds or 0), int(passage or 0))
    except ValueError:
        action = Action("")
    if name not in NAMES or action.kind not in (*SIGNALS, "raise", "sleep"):
        raise Problem("TL-2053", f"no such failpoint or action: {part}", fix=f"name:kill9|stop|raise|sleep:<s>[@n], of {', '.join(NAMES)}")
    return name, action
