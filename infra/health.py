"""Whether this process makes progress, part by part, and the three routes that say so.

A ping of the broker proves nothing: it stays green with a dead consumer, a producer that is never acknowledged, a stuck handler.
So every part has a heart: either it *beats* whenever it gets on, or a *probe* is asked how things stand.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.telemetry import Meters

PATHS = ("/health/live", "/health/ready", "/metrics")
Probe = Callable[[], bool | float]
"""True or False: is it alive? A number: for how many seconds has it made no progress?"""


@dataclass(slots=True)
class Heart:
    """One part: when it last got on, how long it may be silent, and what the probe's failure was called."""

    max_silence_s: float
    probe: Probe | None
    last: float
    why: str = "no beat"

    def silence(self, now: float) -> float:
        if self.probe is not None:
            self._ask(self.probe, now)
        return now - self.last

    def _ask(self, probe: Probe, now: float) -> None:
        try:
            said, self.why = probe(), "probe says no progress"
        except Exception as error:
            said, self.why = False, f"probe raised {type(error).__name__}"
        if said is True:
            self.last = now
        elif said is not False:
            self.last = now - said


@dataclass
class Vitals:
    """The hearts of one process. `clock` is monotonic."""

    clock: Callable[[], float] = time.monotonic
    _hearts: dict[str, Heart] = field(default_factory=dict)
    _needs: dict[str, Callable[[], bool]] = field(default_factory=dict)
    _stopping: bool = False

    def watch(self, name: str, probe: Probe | None = None, max_silence_s: float = 30.0) -> None:
        """Expect `name` to beat, or the probe to answer well, at least every so often. It counts as just having got on."""
        self._hearts[name] = Heart(max_silence_s, probe, self.clock())

    def unwatch(self, name: str) -> None:
        """A part that has ended as it should."""
        self._hearts.pop(name, None)

    def beat(self, name: str) -> None:
        """`name` got on. Cheap enough for every pass of a loop; an unknown name is a KeyError."""
        self._hearts[name].last = self.clock()

    def need(self, name: str, ready: Callable[[], bool]) -> None:
        """Work is only to be sent here while this holds (started, broker assigned, backlog bounded)."""
        self._needs[name] = ready

    def stopping(self) -> None:
        """No longer ready: whoever sends work here should stop before we do."""
        self._stopping = True

    def stuck(self) -> list[dict[str, Any]]:
        """What stopped getting on, since when, and how long it may have."""
        now, wall = self.clock(), datetime.now(UTC)
        silences = [(name, heart, heart.silence(now)) for name, heart in self._hearts.items()]
        return [_told(name, heart, silence, wall) for name, heart, silence in silences if silence > heart.max_silence_s]

    def missing(self) -> list[str]:
        """What keeps this process from being ready."""
        unmet = [name for name, ready in self._needs.items() if not _holds(ready)]
        return ["stopping", *unmet] if self._stopping else unmet


def routes(vitals: Vitals, meters: Meters) -> list[Route]:
    """`/health/live`, `/health/ready` and `/metrics`. They are for the platform and carry nothing personal."""

    async def live(request: Request) -> Response:
        stuck = vitals.stuck()
        body = {"status": "stuck" if stuck else "alive", "stuck": stuck, "watched": sorted(vitals._hearts)}
        return JSONResponse(body, 503 if stuck else 200)

    async def ready(request: Request) -> Response:
        missing = vitals.missing()
        return JSONResponse({"status": "not ready" if missing else "ready", "missing": missing}, 503 if missing else 200)

    async def metrics(request: Request) -> Response:
        return Response(meters.text(), media_type="text/plain; version=1.0.0; charset=utf-8")

    return [Route(path, endpoint) for path, endpoint in zip(PATHS, (live, ready, metrics), strict=True)]


def coordinator_alive(consumer: Any) -> bool:
    """Whether aiokafka's tasks behind a consumer still run: one unexpected error in its coordinator ends consumption in silence."""
    coordinator, fetcher = getattr(consumer, "_coordinator", None), getattr(consumer, "_fetcher", None)
    tasks = [getattr(coordinator, "_coordination_task", None), getattr(fetcher, "_fetch_task", None)]
    return any(tasks) and not any(task is not None and task.done() for task in tasks)


def poll_silence_s(consumer: Any) -> float:
    """For how long this consumer has not been asked for records: 0 while a poll waits, growing while a handler is busy or stuck."""
    idle: float = consumer._subscription.fetcher_idle_time
    return idle


def _holds(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except Exception:
        return False


def _told(name: str, heart: Heart, silence: float, wall: datetime) -> dict[str, Any]:
    since = (wall - timedelta(seconds=silence)).isoformat(timespec="seconds")
    return {"name": name, "silent_s": round(silence, 1), "max_silence_s": heart.max_silence_s, "since": since, "why": heart.why}
