"""A deciding service as a process: what its `app.py` hands over, and what is built of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.routing import BaseRoute

from infra import http, stewarding
from infra.access import Access, Rule
from infra.bulk import Bulk, bulk
from infra.bus import subscribe
from infra.commands import Counter, Entry, commands
from infra.errands import ErrandLoop, Performer
from infra.gauges import Gauges
from infra.identity import Identity
from infra.narrowing import Narrowing
from infra.partition import PARTITIONS
from infra.process import Parts, Work, parts, watch_over
from infra.process import run as run_process
from infra.restore import Catcher
from infra.ruledirs import opening_hours_said
from infra.runtime import Limits, Runtime
from infra.service import Service
from infra.settings import Settings
from infra.settle import Settler
from infra.store import Store
from infra.store.mongo import MongoStore
from infra.watching import Watching


@dataclass(frozen=True)
class App:
    """What a deciding service is, beside its decisions: topics it listens to, commands people give, about one or (`bulk`) about
    many, who may give them.

    `partitions` tells how many a topic has; `answers_on` is the prefix of the topics on which senders outside are answered.
    `streams` are topics read apart (`Runtime`), one of which may be what it `sweeps` by; `lanes_max` bounds the lanes that a process is
    told to have: where other loops keep it busy, more of them only make batches smaller. `performer` makes what does the service's errands,
    of which `pools` says how many run at a time, and `lane_max` how many of one lane; `pages` makes further routes, with the counter for
    what people click where somebody can be known.
    """

    service: Service
    topics: Sequence[str]
    partitions: Callable[[str], int]
    commands: Sequence[Entry] = ()
    bulk: Sequence[Bulk] = ()
    access: Mapping[str, Rule | Iterable[Rule]] = field(default_factory=dict)
    answers_on: str = ""
    streams: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sweeps: str = ""
    lanes_max: int = PARTITIONS
    performer: Callable[[Parts], Performer] | None = None
    pools: Mapping[str, int] = field(default_factory=dict)
    lane_max: int = 2
    pages: Callable[[Parts, Store, Counter | None], Sequence[BaseRoute]] | None = None


def settler(app: App, made: Parts, store: Store) -> Settler:
    source = f"/{made.settings.network}/{app.service.name}"
    watch = Watching(made.meters, made.tracing)
    return Settler(app.service, store, made.publisher, made.vault, made.clock, watch, source)


def work(app: App, settings: Settings) -> Work:
    """The process of a deciding service. Nothing is connected yet."""
    made = parts(settings, app.partitions)
    store = MongoStore(made.mongo_url, app.service.name, driver=settings.mongo_driver)
    limits = Limits(
        min(settings.lanes, app.lanes_max), settings.batch_events_max, settings.batch_bytes_max, settings.unpublished_facts_max,
        settings.reads,
    )  # fmt: skip
    core = Runtime(app.service, settler(app, made, store), app.topics, limits, app.streams, app.sweeps)
    for stream, lanes in core.subscriptions:
        subscribe(made.broker, stream, lanes)
    watch_over(made, core.lanes, [lane for stream, lanes in core.subscriptions if stream.topics for lane in lanes])
    made.vitals.watch("due loop", lambda: core.due.silence_s, 60.0)
    made.vitals.watch("publisher", lambda: made.publisher.waiting_s, 60.0)
    made.vitals.need("backlog", lambda: not core.pressed)
    catcher = Catcher(app.service, store, made.kafka, app.answers_on)
    errands = _errands(app, made, core)
    gauges = Gauges(made.meters, core.lanes, made.clock, store.held, lambda: core.settler.owed)
    return Work(
        made,
        core.lanes,
        routes(app, made, core),
        [core.due.run, gauges.run, *(one.run for one in errands)],
        opening=[
            ("database", store.open),
            ("vault", lambda: made.vault.open(create=bool(app.service.outside))),
            ("broker", made.publisher.start),
            ("history", catcher.catch_up),
            ("speech", core.open),
        ],
        closing=[
            *(("errands", partial(one.stop, 3.0)) for one in errands),
            ("marks", core.settler.mark), ("publisher", lambda: made.publisher.stop(2.0)), ("database", store.close),
        ],
    )  # fmt: skip


def _errands(app: App, made: Parts, core: Runtime) -> list[ErrandLoop]:
    """At most one loop, where there is something to do outside."""
    if app.performer is None:
        return []
    performer, lease_s = app.performer(made), float(made.settings.errand_seconds)
    loop = ErrandLoop(
        core.settler, performer, made.clock, core.owned, app.pools, made.meters, lease_s=lease_s, lane_max=app.lane_max
    )  # fmt: skip
    made.vitals.watch("errand loop", lambda: loop.silence_s, 60.0)
    return [loop]


def routes(app: App, made: Parts, core: Runtime) -> list[BaseRoute]:
    """Commands for people, if an issuer of tokens is known."""
    settings = made.settings
    if not settings.issuer:
        return list(app.pages(made, core.settler.store, None)) if app.pages else []
    identity = Identity.of(settings, made.clock)
    whose = Narrowing(app.service, core.settler.store, {entry.path: entry.subject for entry in app.commands})
    access = Access({**app.access, **stewarding.access(app.service)})
    door = http.Door(identity, access, whose.item_of, whose.belonging if app.service.members else None)
    counter = Counter(app.service.name, core.settler.settle, door, made.clock, lambda: core.pressed)
    kept = stewarding.Stewarding(core.settler, core.replayer, counter)
    pages = app.pages(made, core.settler.store, counter) if app.pages else ()
    return [*commands(counter, app.commands), *bulk(counter, app.bulk), *kept.routes(), *pages]


def run(app: App) -> None:
    """The `main` of every deciding service. It refuses to start where nobody said when the network is open."""

    def begun(settings: Settings) -> Work:
        opening_hours_said()
        return work(app, settings)

    run_process(app.service.name, begun)
