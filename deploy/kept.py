"""What was kept, from the command line: quarantined inputs and parked aggregates, and the audit of history against state.

A command opens the service's own store with the service's own credentials, decides by the same path as the service, and closes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from contracts.catalogue import SERVICES, TOPICS
from deploy.console import Say
from deploy.local.services import laid_over, told_the_time
from deploy.local.settings import LocalSettings
from deploy.running import running
from infra.app import App, settler
from infra.audit import verify
from infra.problems import Problem
from infra.process import parts
from infra.publisher import Publisher
from infra.replay import Replayer
from infra.ruledirs import VARIABLE
from infra.settings import load
from infra.store.mongo import MongoStore
from infra.upkeep import Upkeep

T = TypeVar("T")
DECIDING = tuple(service for service in SERVICES if service in {topic.owner for topic in TOPICS})


def run(service: str, do: Callable[[MongoStore, Upkeep], Awaitable[T]], settings: LocalSettings) -> T:
    """Do this with the store and the upkeep of a service."""
    if service not in DECIDING:
        raise Problem("TL-2620", "this service keeps nothing", fix=f"one of {', '.join(DECIDING)}", where=service)
    as_the_run(settings)
    return asyncio.run(_run(service, do, settings))


def as_the_run(settings: LocalSettings) -> None:
    """What is decided here is decided by the rules and at the time that the run's own services were told of; rules are read when a service
    is imported."""
    for name, value in told_the_time(settings.state).items():
        os.environ.setdefault(name, value)
    laid = settings.state / "rules"
    if VARIABLE not in os.environ and laid.is_dir():
        os.environ[VARIABLE] = laid_over(laid)


async def _run(service: str, do: Callable[[MongoStore, Upkeep], Awaitable[T]], settings: LocalSettings) -> T:
    async with _opened(service, settings) as (store, upkeep):
        return await do(store, upkeep)


@asynccontextmanager
async def _opened(service: str, settings: LocalSettings) -> AsyncIterator[tuple[MongoStore, Upkeep]]:
    app: App = import_module(f"services.{service}.app").APP
    secrets = settings.state / "secrets" / service
    user = f"svc-{service.replace('_', '-')}"
    told = load(
        service=service, development=True, kafka_tls=False, kafka_bootstrap=running(settings).brokers, kafka_user=user,
        secrets_dir=_there(secrets),
    )  # fmt: skip
    made = parts(told, app.partitions)
    store = MongoStore(made.mongo_url, service, driver=told.mongo_driver)
    await store.open()
    await made.vault.open()
    core = settler(app, made, store)
    try:
        yield store, Upkeep(core, Replayer(app.service, store, made.vault), "operator/local")
        await core.mark()
    finally:
        await _closed(made.publisher, store)


async def _closed(publisher: Publisher, store: MongoStore) -> None:
    await publisher.stop(2.0)
    await store.close()


def _there(secrets: Path) -> Path:
    if not secrets.is_dir():
        raise Problem("TL-2621", "nothing runs here", fix="throughline up", where=str(secrets))
    return secrets


async def audit(store: MongoStore, upkeep: Upkeep, say: Say) -> int:
    """Every aggregate: is its state the fold of its facts, has any sequence a gap? Returns how many are not as they should be."""
    wrong, seen = 0, 0
    async for _, findings in verify(upkeep.settler.service, store):
        seen += 1
        wrong += bool(findings)
        for finding in findings:
            say(f"{finding.code} {finding.where}")
    say(f"{seen} aggregates, {wrong} wrong")
    return wrong


def outcome(ended: list[Any]) -> str:
    return ", ".join(one.kind for one in ended) or "nothing"
