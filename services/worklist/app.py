"""What the worklist is made of: what it hears, how it follows, what it answers. Connects nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from contracts import catalogue
from infra.bus import Stream, subscribe
from infra.clock import Clock
from infra.gauges import Gauges
from infra.identity import Identity, keyring
from infra.issuer import ISSUER, LocalIssuer
from infra.lane import Lane
from infra.process import Work, access, parts, run, watch_over
from infra.records import Received
from infra.settings import Settings
from infra.telemetry import Meters
from services.worklist import api
from services.worklist.acting import Acting
from services.worklist.cases import Cases
from services.worklist.entrance import PEOPLE, Inside, Person, sign_in
from services.worklist.follow import Follower, Reader
from services.worklist.lists import Lists
from services.worklist.live import Live
from services.worklist.pages import Site
from services.worklist.rebuild import Log, Rebuilt
from services.worklist.rebuild import rebuild as rebuilt
from services.worklist.relay import Owners
from services.worklist.rows import Keys, Names, People, Seen
from services.worklist.store import Board

NAME, AUDIT = "worklist", "audit-events"
TOPICS = tuple(topic.name for topic in catalogue.heard_by(NAME) if topic.name != AUDIT)
"""What people read is no item of anybody's: the accounts of reading are a question of their own."""
HEARS = {event.type: event for topic in catalogue.heard_by(NAME) for event in topic.events}


@dataclass(frozen=True)
class Worklist:
    """For the process: `board` is opened first and fences, lanes call `take`, `loops` run side by side for ever."""

    board: Board
    take: Callable[[Sequence[Received]], Awaitable[None]]
    routes: Sequence[BaseRoute]
    loops: Sequence[Callable[[], Awaitable[None]]]
    live: Live


def nobody_asks(*_: object) -> None:
    """Where no accounts of reading are kept."""


def build(
    settings: Settings, board: Board, vault: Keys, clock: Clock, meters: Meters,
    *, people: Sequence[Person] = (), seen: Seen = nobody_asks, demo: bool = False, owners: Owners | None = None,
) -> Worklist:  # fmt: skip
    """Put together by hand. `people` may be chosen at `/sign-in`, in development alone."""
    follower, live = Follower(board, Reader(HEARS), clock, meters), Live(board, clock)
    issuer = LocalIssuer(settings.state_dir, settings.audience, clock) if settings.development and people else None
    names, keys = (ISSUER, str(issuer.jwks)) if issuer else (settings.issuer, settings.jwks)
    answers = api.Answers(board, People(board, vault, api.ACCESS, seen), Names(board, clock), live, clock)
    door = Inside(Identity(names, settings.audience, keyring(keys, clock), clock), api.ACCESS, answers.item_of, belonging=answers.belonging)
    site, owners = Site(answers, door, demo), owners or Owners.of(settings.service_urls)
    pages = [*site.routes(), *Lists(site).routes(), *Cases(site).routes(), *Acting(site, owners).routes()]
    routes = [*api.routes(answers, door), *pages, *(sign_in(site.render, issuer, people) if issuer else ())]
    return Worklist(board, follower.take, routes, (live.run, follower.audit), live)


async def rebuild(settings: Settings) -> Rebuilt:
    """`throughline worklist rebuild`: the read model made anew from the log, while the processes serve the old one."""
    board = Board(settings.mongo_url.get_secret_value(), NAME, driver=settings.mongo_driver)
    source = Log(TOPICS, access(settings))
    await board.open()
    await source.start()
    try:
        return await rebuilt(board, Follower(board, Reader(HEARS), Clock(), Meters(NAME)), source)
    finally:
        await source.stop()
        await board.close()


def work(settings: Settings) -> Work:
    """The process: it listens, answers, and says nothing."""
    made = parts(settings, catalogue.partitions_of)
    board = Board(made.mongo_url, NAME, driver=settings.mongo_driver)
    built = build(settings, board, made.vault, made.clock, made.meters, people=people(settings), demo=settings.demo_data)
    lanes = [Lane(f"{NAME}/{n}", NAME, built.take, board.fence) for n in range(settings.lanes)]
    subscribe(made.broker, Stream(NAME, topics=TOPICS, records_max=settings.batch_events_max), lanes)
    watch_over(made, lanes)
    opening = [("database", board.open), ("vault", made.vault.open)]
    loops = [*built.loops, Gauges(made.meters, lanes, made.clock).run]
    return Work(made, lanes, built.routes, loops, opening, [("database", board.close)])


def people(settings: Settings) -> tuple[Person, ...]:
    """Whom a developer may sign in as: one for each role that looks at the board."""
    return PEOPLE if settings.development else ()


if __name__ == "__main__":
    run(NAME, work)
