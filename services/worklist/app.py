"""What the worklist is made of: what it hears, how it follows, what it answers. Connects nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx2
from authlib.common.security import generate_token
from starlette.routing import BaseRoute

from contracts import catalogue
from infra.bus import Stream, subscribe
from infra.clock import Clock
from infra.due import DueLoop
from infra.gauges import Gauges
from infra.http import application
from infra.identity import Identity, keyring
from infra.issuer import ISSUER, LocalIssuer
from infra.lane import Lane
from infra.process import Parts, Work, access, parts, run, vault_of, watch_over
from infra.records import Received
from infra.replay import Replayer
from infra.ruledirs import overlays
from infra.rules import ORDINARY
from infra.settings import Settings
from infra.settle import Settler
from infra.telemetry import Meters
from infra.watching import Watching
from services.worklist import accounts, api
from services.worklist.accounts import Accounts, Settle
from services.worklist.acting import Acting
from services.worklist.cases import Cases
from services.worklist.entrance import Inside, Sessions
from services.worklist.follow import Follower, Reader
from services.worklist.handing import HandingOver
from services.worklist.inbox import Inbox
from services.worklist.issuing import PEOPLE, Issuing, Person
from services.worklist.keeping import Keeping
from services.worklist.lists import Lists
from services.worklist.live import Live
from services.worklist.marking import Keys, Marking
from services.worklist.matches import Matches
from services.worklist.measures import Measures
from services.worklist.network import Network
from services.worklist.openid import Provider
from services.worklist.opening import Opening
from services.worklist.operations import Operations
from services.worklist.oversight import Oversight
from services.worklist.own import Own
from services.worklist.pages import Site
from services.worklist.persons import Persons
from services.worklist.readings import Readings
from services.worklist.rebuild import Log, Rebuilt
from services.worklist.rebuild import rebuild as rebuilt
from services.worklist.relay import Owners
from services.worklist.repairing import Repairing
from services.worklist.reporting import Reporting
from services.worklist.rows import Names, People, Seen
from services.worklist.search import Search
from services.worklist.standing_by import StandingBy
from services.worklist.store import Board
from services.worklist.team import Team

NAME = "worklist"
TOPICS = tuple(topic.name for topic in catalogue.heard_by(NAME) if topic.name != accounts.TOPIC)
"""What people read is no item of anybody's: the accounts of reading are a question of their own."""
HEARS = {event.type: event for topic in catalogue.heard_by(NAME) for event in topic.events}
FACTS_AT_ONCE = 200
"""Each may write a whole item, which is larger than a fact."""
PARTITION_BYTES_MAX = 128 << 10
"""It listens to many partitions, and of each so much may wait in memory while others are read."""


@dataclass(frozen=True)
class Worklist:
    """For the process: `board` is opened first and fences, lanes call `take`, `loops` run side by side for ever."""

    board: Board
    take: Callable[[Sequence[Received]], Awaitable[None]]
    routes: Sequence[BaseRoute]
    loops: Sequence[Callable[[], Awaitable[None]]]
    live: Live


def build(
    settings: Settings, board: Board, vault: Keys, clock: Clock, meters: Meters, settle: Settle,
    *, people: Sequence[Person] = (), seen: Seen = accounts.seen, demo: bool = False, owners: Owners | None = None, zone: str = "",
) -> Worklist:  # fmt: skip
    """Put together by hand. `settle` keeps the accounts of reading; `people` may be chosen from, in development alone.

    `zone` is the network's own.
    """
    marking, live = Marking(board, vault, clock), Live(board, clock)
    follower = Follower(board, Reader(HEARS), clock, meters, marking)
    local = settings.development and people and settings.issuer in ("", ISSUER)
    issuer = LocalIssuer(settings.state_dir, settings.audience, clock) if local else None
    settings = settings.model_copy(update={"issuer": ISSUER, "jwks": str(issuer.jwks)}) if issuer else settings
    book = Accounts(settle, clock)
    answers = api.Answers(board, People(board, vault, api.ACCESS, seen), Names(board, clock), live, clock, book, zone)
    identity = Identity.of(settings, clock)
    door = Inside(identity, api.ACCESS, answers.item_of, belonging=answers.belonging, refused=book.refused, emergency=answers.emergency)
    site, owners = Site(answers, door, demo, settings.trace_url), owners or Owners.of(settings.service_urls)
    acting = Acting(site, owners)
    parts_of = (
        Lists(site),
        search := Search(site, vault),
        Matches(search),
        Keeping(site),
        Cases(site),
        Persons(site),
        Repairing(acting),
        acting,
        Inbox(site, owners),
        HandingOver(site, owners),
        Own(acting, settings.alerts_url.rstrip("/")),
        Opening(acting),
        StandingBy(acting),
        Reporting(acting),
        Team(site),
        Measures(site, owners),
        Network(site),
        Operations(site),
        Oversight(site),
    )
    pages = [*site.routes(), *(route for part in parts_of for route in part.routes())]
    issuing = Issuing(issuer, people, settings.client_id, clock, site.render) if issuer else None
    entrance = signing_in(settings, door, site, issuing, clock)
    routes = [*api.routes(answers, door), *pages, *entrance.routes(), *(issuing.routes() if issuing else ()), site.nowhere()]
    return Worklist(board, follower.take, routes, (live.run, follower.audit, marking.run), live)


def signing_in(settings: Settings, door: Inside, site: Site, issuing: Issuing | None, clock: Clock) -> Sessions:
    """The one way in: the built-in provider is asked as any other, within this process."""
    accounts = Identity(settings.issuer, settings.client_id, keyring(settings.jwks, clock, settings.issuer), clock)
    transport = httpx2.ASGITransport(application(issuing.routes(""))) if issuing else None
    provider = Provider(settings, door.identity, accounts, clock, transport)
    secret = settings.vault_kek.get_secret_value() or generate_token(48)  # without a vault this process alone opens what it sealed
    return Sessions(provider, door, site.render, settings, secret)


async def rebuild(settings: Settings) -> Rebuilt:
    """`throughline worklist rebuild`: the read model made anew from the log, while the processes serve the old one."""
    board = Board(settings.mongo_url.get_secret_value(), NAME, driver=settings.mongo_driver)
    source = Log(TOPICS, access(settings))
    await board.open()
    vault = vault_of(settings, clock := Clock())
    await vault.open()
    await source.start()
    try:
        return await rebuilt(board, Follower(board, Reader(HEARS), clock, Meters(NAME), Marking(board, vault, clock)), source)
    finally:
        await source.stop()
        await board.close()


def work(settings: Settings) -> Work:
    """The process: it listens and answers, and says nothing but who read what."""
    made = parts(settings, catalogue.partitions_of)
    board = Board(made.mongo_url, NAME, driver=settings.mongo_driver)
    settler = book_of(made, board)
    built = build(
        settings, board, made.vault, made.clock, made.meters, settler.settle,
        people=people(settings), demo=settings.demo_data, zone=zone(),
    )  # fmt: skip
    lanes = [Lane(f"{NAME}/{n}", NAME, built.take, board.fence) for n in range(settings.lanes)]
    records, bytes = min(settings.batch_events_max, FACTS_AT_ONCE), settings.batch_bytes_max
    stream = Stream(NAME, topics=TOPICS, records_max=records, partition_bytes_max=PARTITION_BYTES_MAX, fetch_bytes_max=bytes)
    subscribe(made.broker, stream, lanes)
    auditing = Lane(f"{NAME}.accounts/0", f"{NAME}.accounts", Readings(board).take, board.fence)
    subscribe(made.broker, Stream(f"{NAME}.accounts", topics=(accounts.TOPIC,)), [auditing])
    watch_over(made, [*lanes, auditing], lanes)
    due = publishing(made, settler, auditing)
    opening = [("database", board.open), ("vault", made.vault.open), ("broker", made.publisher.start)]
    loops = [*built.loops, Gauges(made.meters, lanes, made.clock, owed=lambda: settler.owed).run, due.run]
    closing = [("marks", settler.mark), ("publisher", lambda: made.publisher.stop(2.0)), ("database", board.close)]
    return Work(made, [*lanes, auditing], built.routes, loops, opening, closing)


def book_of(made: Parts, board: Board) -> Settler:
    """How accounts of reading are kept: durable at once, published by the loop beside."""
    watch, source = Watching(made.meters, made.tracing), f"/{made.settings.network}/{NAME}"
    return Settler(accounts.SERVICE, board, made.publisher, made.vault, made.clock, watch, source, at_once=False)


def publishing(made: Parts, settler: Settler, lane: Lane) -> DueLoop:
    """Publishes what is in the books, also those of processes that died, for the partitions of the topic that this process holds."""

    async def owned() -> set[int]:
        await lane.take_over()
        return {place.partition for place in lane.owned}

    loop = DueLoop(settler, Replayer(accounts.SERVICE, settler.store, settler.vault), made.clock, owned)
    made.vitals.watch("due loop", lambda: loop.silence_s, 60.0)
    made.vitals.watch("publisher", lambda: made.publisher.waiting_s, 60.0)
    return loop


def zone() -> str:
    """Where the network's clocks are: as the calendar says that its rules count by."""
    return (overlays().hours or ORDINARY).zone


def people(settings: Settings) -> tuple[Person, ...]:
    """Whom a developer may sign in as: one for each role that looks at the board."""
    return PEOPLE if settings.development else ()


if __name__ == "__main__":
    run(NAME, work)
