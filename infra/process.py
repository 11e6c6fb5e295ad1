"""One process of a service: everything it is made of, started in order and stopped in bounded time."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
import uvloop
from faststream.kafka import KafkaBroker
from starlette.routing import BaseRoute

from infra import health, http, log
from infra.access import Access, Rule
from infra.bus import broker_for, connection, start, subscribe
from infra.clock import Clock
from infra.commands import Counter, Entry, commands
from infra.failpoints import arm_from_environment
from infra.health import Vitals, coordinator_alive, poll_silence_s
from infra.identity import Identity, keyring
from infra.problems import Problem
from infra.publisher import Publisher
from infra.runtime import Limits, Runtime
from infra.service import Service
from infra.settings import Settings, load
from infra.settle import Settler
from infra.store import Store, Unavailable
from infra.store.driver import connect
from infra.store.mongo import MongoStore
from infra.telemetry import Meters, Tracing, keep_traces, otlp
from infra.vault import MongoVault, Vault
from infra.watching import Watching
from infra.wrapping import LocalWrapper

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class App:
    """What a deciding service is, beside its decisions: topics it listens to, commands people give, who may give them.

    `partitions` tells how many a topic has; `routes` may add HTTP routes of its own.
    """

    service: Service
    topics: Sequence[str]
    partitions: Callable[[str], int]
    commands: Sequence[Entry] = ()
    access: Mapping[str, Rule] = field(default_factory=dict)
    routes: Callable[["Parts"], Sequence[BaseRoute]] = lambda parts: ()


@dataclass
class Parts:
    """What every process has, built from its settings. Nothing is connected yet."""

    settings: Settings
    clock: Clock
    meters: Meters
    tracing: Tracing
    vitals: Vitals
    vault: Vault
    store: Store
    publisher: Publisher
    broker: KafkaBroker


def parts(settings: Settings, partitions: Callable[[str], int]) -> Parts:
    """Built by hand, in one place."""
    clock = Clock(settings.clock_rate, settings.clock_epoch, settings.clock_start)
    meters = Meters(settings.service)
    keep_traces(settings.trace_sampling_ratio if settings.trace_endpoint else 0)
    url, password = settings.mongo_url.get_secret_value(), settings.kafka_password.get_secret_value()
    vault_url = settings.vault_url.get_secret_value() if settings.vault_url else url
    wrapper = LocalWrapper.of(settings.vault_kek.get_secret_value(), settings.vault_kek_previous.get_secret_value())
    vault = MongoVault(
        connect(settings.mongo_driver, vault_url)["vault"], wrapper, clock, settings.vault_cache_records_max, settings.mongo_timeout_ms
    )
    access = connection(settings.kafka_bootstrap, settings.kafka_user, password)
    return Parts(
        settings, clock, meters, Tracing(meters, otlp(settings.trace_endpoint)), Vitals(), vault,
        MongoStore(url, settings.service, driver=settings.mongo_driver),
        Publisher(access, partitions, meters=meters),
        broker_for(settings.kafka_bootstrap, settings.kafka_user, password),
    )  # fmt: skip


def runtime(app: App, made: Parts) -> Runtime:
    """The deciding core on these parts."""
    source = f"/{made.settings.network}/{app.service.name}"
    watch = Watching(made.meters, made.tracing)
    settler = Settler(app.service, made.store, made.publisher, made.vault, made.clock, watch, source)
    limits = Limits(made.settings.lanes, made.settings.batch_events_max, made.settings.unpublished_facts_max)
    core = Runtime(app.service, settler, app.topics, limits)
    for stream, lanes in core.subscriptions:
        subscribe(made.broker, stream, lanes)
    return core


def routes(app: App, made: Parts, core: Runtime) -> list[BaseRoute]:
    """Health for the platform; commands for people, if an issuer of tokens is known."""
    settings, door = made.settings, None
    found: list[BaseRoute] = [*health.routes(made.vitals, made.meters), *app.routes(made)]
    if settings.issuer:
        identity = Identity(settings.issuer, settings.audience, keyring(settings.jwks, made.clock), made.clock)
        door = http.Door(identity, Access(app.access))
        found += commands(Counter(app.service.name, core.settler.settle, door, made.clock, lambda: core.pressed), app.commands)
    return found


def watch_over(made: Parts, core: Runtime) -> None:
    """What must make progress for this process to be alive; what must hold for it to be ready."""
    for lane in core.lanes:
        name = f"lane {lane.name}"
        made.vitals.watch(f"{name} coordinator", lambda lane=lane: lane.consumer is None or coordinator_alive(lane.consumer))
        made.vitals.watch(f"{name} polls", lambda lane=lane: 0.0 if lane.consumer is None else poll_silence_s(lane.consumer), 120.0)
    made.vitals.watch("due loop", lambda: core.due.silence_s, 60.0)
    made.vitals.watch("publisher", lambda: made.publisher.waiting_s, 60.0)
    made.vitals.need("lanes", lambda: all(lane.consumer is not None or lane.assigned for lane in core.lanes[:1]))
    made.vitals.need("backlog", lambda: not core.pressed)


async def patiently(what: str, attempt: Callable[[], Any]) -> None:
    """Start something whose server may not be there yet: a process waits for its engines, and says for which."""
    for turn in range(1_000_000):
        try:
            return await attempt()
        except (Unavailable, Problem, OSError) as error:
            if isinstance(error, Problem) and error.code not in ("TL-2051", "TL-1301"):
                raise
            logger.warning("waiting", name=what, error=type(error).__name__, attempt=turn)
            await asyncio.sleep(min(5.0, 0.2 * 2 ** min(turn, 5)))


async def serve(app: App, settings: Settings) -> None:
    """Run until told to stop."""
    made = parts(settings, app.partitions)
    core = runtime(app, made)
    watch_over(made, core)
    web = uvicorn.Server(
        uvicorn.Config(
            http.application(routes(app, made, core), settings.http_body_bytes_max),
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            lifespan="off",
            server_header=False,
        )
    )
    web.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    serving = asyncio.create_task(web._serve())
    starting = asyncio.create_task(_start(made, core))
    sweeping = asyncio.create_task(_then(starting, core.due.run))
    ending = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({ending, serving, sweeping}, return_when=asyncio.FIRST_COMPLETED)
    for task in done - {ending}:
        logger.error("process fails", error=type(task.exception()).__name__ if not task.cancelled() and task.exception() else "ended")
    made.vitals.stopping()
    web.should_exit = True
    try:
        async with asyncio.timeout(settings.stop_seconds):
            await _stop(made, core, starting, sweeping)
    except TimeoutError:
        logger.warning("stop cut short", seconds=settings.stop_seconds)
        sys.stdout.flush()
        os._exit(0 if ending.done() else 1)
    if not ending.done():
        raise SystemExit(1)


async def _start(made: Parts, core: Runtime) -> None:
    await patiently("database", made.store.open)
    await patiently("vault", lambda: made.vault.open(create=bool(core.service.outside)))
    await patiently("broker", made.publisher.start)
    await patiently("subscriptions", lambda: start(made.broker, core.lanes))
    logger.info("started")


async def _then(first: asyncio.Task[None], loop: Callable[[], Any]) -> None:
    await first
    await loop()


async def _stop(made: Parts, core: Runtime, *tasks: asyncio.Task[Any]) -> None:
    """Lanes end their batch, then what they published is marked, then everything closes."""
    for lane in core.lanes:
        lane.stop()
    await made.broker.stop()
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
    with suppress(Exception):
        await core.settler.mark()
    await made.publisher.stop(2.0)
    await made.store.close()
    made.tracing.stop(1.0)


def collect_seldom() -> None:
    """Batches make many short-lived objects and hardly a cycle: looking for cycles after every 700 of them cost a fifth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run(app: App) -> None:
    """The `main` of every deciding service."""
    collect_seldom()
    try:
        settings = load(service=app.service.name)
        log.configure(app.service.name, settings.log_level)
        arm_from_environment(settings.development)
        uvloop.run(serve(app, settings))
    except Problem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
