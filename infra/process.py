"""One process of a service: its parts built by hand, started in order, stopped in bounded time."""

import asyncio
import gc
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn
import uvloop
from faststream.kafka import KafkaBroker
from starlette.routing import BaseRoute

from infra import health, http, log
from infra.bus import broker_for, connection, start
from infra.clock import Clock, HandClock
from infra.failpoints import arm_from_environment
from infra.health import Vitals, coordinator_alive, poll_silence_s
from infra.lane import Lane
from infra.problems import Problem
from infra.publisher import Publisher
from infra.settings import Settings, load
from infra.store import Unavailable
from infra.store.driver import connect
from infra.telemetry import Meters, Tracing, keep_traces, otlp
from infra.vault import MongoVault, Vault
from infra.wrapping import LocalWrapper

logger = structlog.get_logger(__name__)
WAITED_FOR = ("TL-2051", "TL-1301")
"""Problems that pass by themselves: a broker, a vault that is not there yet."""

Step = tuple[str, Callable[[], Awaitable[Any]]]


@dataclass
class Parts:
    """What every process has, built from its settings. Nothing is connected yet."""

    settings: Settings
    clock: Clock
    meters: Meters
    tracing: Tracing
    vitals: Vitals
    vault: Vault
    publisher: Publisher
    broker: KafkaBroker

    @property
    def mongo_url(self) -> str:
        return self.settings.mongo_url.get_secret_value()

    @property
    def kafka(self) -> dict[str, Any]:
        """How aiokafka's own clients connect."""
        return dict(access(self.settings))


def clock_of(settings: Settings) -> Clock:
    """The time that this process lives in: the world's, unless a developer makes it run or moves it."""
    moved = settings.clock_file
    return HandClock(moved) if moved else Clock(settings.clock_rate, settings.clock_epoch, settings.clock_start)


def access(settings: Settings) -> Mapping[str, Any]:
    """How to reach the brokers, for aiokafka's own clients: over TLS, unless a developer switched it off."""
    return connection(settings.kafka_bootstrap, settings.kafka_user, settings.kafka_password.get_secret_value(), tls(settings))


def tls(settings: Settings) -> ssl.SSLContext | None:
    """How the brokers are known, unless a developer does without."""
    return trusting(settings.kafka_ca_file, "KAFKA_CA_FILE") if settings.kafka_tls else None


def trusting(authorities: Path | None, setting: str) -> ssl.SSLContext:
    """Certificates are verified and names checked: against the given authorities, else the system's. TL-2056 when they cannot be read."""
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        fix = f"THROUGHLINE_{setting}: a PEM file that this process may read"
        raise Problem("TL-2056", "certificate authorities cannot be read", type(error).__name__, fix, str(authorities)) from None


@dataclass
class Work:
    """What a process does: lanes that read, loops that run beside them, routes it answers, and how it opens and closes.

    `opening` steps are taken in order, each until it succeeds; then the lanes start, then the loops. `closing` steps are taken in
    order when the lanes have stopped; one that fails keeps none of the others.
    """

    parts: Parts
    lanes: Sequence[Lane]
    routes: Sequence[BaseRoute] = ()
    loops: Sequence[Callable[[], Awaitable[None]]] = ()
    opening: Sequence[Step] = ()
    closing: Sequence[Step] = field(default_factory=list)


def parts(settings: Settings, partitions: Callable[[str], int]) -> Parts:
    """Built by hand, in one place. `partitions` tells how many a topic has."""
    clock = clock_of(settings)
    meters = Meters(settings.service)
    keep_traces(settings.trace_sampling_ratio if settings.trace_endpoint else 0)
    return Parts(
        settings,
        clock,
        meters,
        Tracing(meters, otlp(settings.trace_endpoint)),
        Vitals(),
        vault_of(settings, clock),
        Publisher(access(settings), partitions, meters=meters),
        broker_for(settings.kafka_bootstrap, settings.kafka_user, settings.kafka_password.get_secret_value(), tls(settings)),
    )


def vault_of(settings: Settings, clock: Clock) -> Vault:
    """The vault as this process may use it. It is opened before it is asked."""
    wrapper = LocalWrapper.of(settings.vault_kek.get_secret_value(), settings.vault_kek_previous.get_secret_value())
    url = (settings.vault_url or settings.mongo_url).get_secret_value()
    keys = connect(settings.mongo_driver, url)["vault"]
    return MongoVault(keys, wrapper, clock, settings.vault_cache_records_max, settings.mongo_timeout_ms)


def watch_over(made: Parts, lanes: Sequence[Lane], named: Sequence[Lane]) -> None:
    """A lane is alive while its coordinator is and its consumer is polled; a process is ready once its lanes have partitions.

    `named` are the lanes whose topics are known to exist. A process without one reads what matches a pattern, which may be nothing yet.
    """
    for lane in lanes:
        made.vitals.watch(f"lane {lane.name} coordinator", partial(_coordinated, lane))
        made.vitals.watch(f"lane {lane.name} polls", partial(_silence_s, lane), 120.0)
    made.vitals.need("lanes", lambda: any(lane.assigned for lane in named) if named else all(lane.consumer for lane in lanes))


def _coordinated(lane: Lane) -> bool:
    return lane.consumer is None or coordinator_alive(lane.consumer)


def _silence_s(lane: Lane) -> float:
    return 0.0 if lane.consumer is None else poll_silence_s(lane.consumer)


async def patiently(what: str, attempt: Callable[[], Awaitable[Any]]) -> None:
    """Do this once its server is there: a process waits for its engines, and says for which."""
    turn = 0
    while True:
        try:
            await attempt()
            return
        except (Unavailable, Problem, OSError) as error:
            if isinstance(error, Problem) and error.code not in WAITED_FOR:
                raise
            logger.warning("waiting", name=what, error=type(error).__name__, attempt=turn)
        turn += 1
        await asyncio.sleep(min(5.0, 0.2 * 2 ** min(turn, 5)))


async def serve(work: Work) -> None:
    """Run until told to stop. Ends the process with 1 when a part of it ends by itself."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    web = _web(work)
    told, running = asyncio.create_task(stop.wait()), asyncio.create_task(_running(work))
    serving = asyncio.create_task(web._serve())
    done, _ = await asyncio.wait({told, running, serving}, return_when=asyncio.FIRST_COMPLETED)
    for task in done - {told}:
        error = None if task.cancelled() else task.exception()
        logger.error("process fails", error=type(error).__name__, exc_info=error)
    work.parts.vitals.stopping()
    web.should_exit = True
    seconds = work.parts.settings.stop_seconds
    try:
        async with asyncio.timeout(seconds):
            await _stop(work, running)
            await serving
    except TimeoutError:
        logger.warning("stop cut short", seconds=seconds)
        sys.stdout.flush()
        os._exit(0 if told.done() else 1)
    if not told.done():
        raise SystemExit(1)


def _web(work: Work) -> uvicorn.Server:
    settings = work.parts.settings
    routes = [*health.routes(work.parts.vitals, work.parts.meters), *work.routes]
    app = http.application(routes, settings.http_body_bytes_max, work.parts.meters)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            lifespan="off",
            server_header=False,
        )
    )


async def _running(work: Work) -> None:
    for what, attempt in work.opening:
        await patiently(what, attempt)
    await patiently("subscriptions", lambda: start(work.parts.broker, work.lanes))
    logger.info("started")
    async with asyncio.TaskGroup() as group:
        for loop in work.loops:
            group.create_task(loop())  # type: ignore[arg-type]


async def _stop(work: Work, running: asyncio.Task[None]) -> None:
    """Lanes end their batch; then what they did is put in order, and everything closes."""
    for lane in work.lanes:
        lane.stop()
    await work.parts.broker.stop()
    running.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await running
    for what, close in work.closing:
        try:
            await close()
        except Exception as error:
            logger.warning("not closed", name=what, error=type(error).__name__)
    work.parts.tracing.stop(1.0)


def collect_seldom() -> None:
    """Batches make many short-lived objects and hardly a cycle: looking for cycles after every 700 of them cost a fifth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def run(service: str, work: Callable[[Settings], Work]) -> None:
    """The `main` of every service."""
    collect_seldom()
    try:
        settings = load(service=service)
        log.configure(service, settings.log_level)
        arm_from_environment(settings.development)
        uvloop.run(_main(settings, work))
    except Problem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None


async def _main(settings: Settings, work: Callable[[Settings], Work]) -> None:
    """Parts are made inside the loop that they run in."""
    await serve(work(settings))
