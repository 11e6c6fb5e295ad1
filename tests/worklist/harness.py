"""The worklist alone on engines of its own, fed with invented events as the other services would publish them.

    python -m tests.worklist.harness [directory] [port]

Then open the printed address. It keeps publishing a little, so that live changes can be watched. Stop it with an interrupt.
"""

import asyncio
import random
import sys
import tempfile
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import uvicorn
import uvloop

from contracts import assignment, intake
from contracts.directory import DirectoryListed, Program
from contracts.kernel import Personal
from contracts.partners import PersonDetails
from deploy.local.engines import Engines
from deploy.local.ports import free_port
from infra import http
from infra.bus import Stream, broker_for, subscribe
from infra.clock import Clock
from infra.identity import Principal
from infra.lane import Lane
from infra.sealing import seal
from infra.settings import Settings
from infra.store.driver import connect
from infra.telemetry import Meters
from infra.vault import MongoVault
from infra.wrapping import LocalWrapper
from services.worklist.app import NAME, TOPICS, build
from services.worklist.pages import Person
from services.worklist.store import Board
from tests.worklist import stories
from tests.worklist.books import Book
from tests.worklist.conftest import publish
from tests.worklist.stories import COORDINATOR, DESK, Log, step

KEK = b64encode(bytes(32)).decode()
PEOPLE = (
    Person(Principal("staff/7", frozenset({"intake-desk"})), "Alexa at the intake desk"),
    Person(Principal("staff/12", frozenset({"coordinator"})), "Robin, coordinator"),
    Person(Principal("staff/90", frozenset({"auditor"})), "Sam, auditor (sees no names)"),
)
GIVEN, FAMILY = ("Alexa", "Robin", "Sam", "Noor", "Élodie", "Teo"), ("Testperson", "Exampleton", "Sampleford", "Invented", "Madeup")
SERVICES = ("outpatient-therapy", "intensive-outpatient", "medication-management", "case-management")
Details = dict[str, PersonDetails]


def directory(log: Log) -> None:
    programs = [
        Program(id=f"program/{n}", name=name, desk=f"desk/{n}", services=SERVICES, places=4)
        for n, name in enumerate(("Example House", "Sample Clinic", "Lakeside Example"))
    ]
    log.say("directory/network", DirectoryListed(programs=tuple(programs), staff={COORDINATOR: ("staff/12",)}))


def referral(log: Log, n: int, dice: random.Random, details: Details, ago: int) -> None:
    """Somewhere on its way. Most are in time; some are late; a few show what must not be."""
    urgency = dice.choice(("routine", "routine", "urgent", "emergency", None))
    service, m = dice.choice(SERVICES), -ago
    log.say(f"record/{n}", stories.opened(f"record/{n}", details[f"record/{n}"]), m)
    due = stories.at(m + dice.choice((240, 30, 480)))
    first = {0: step("", "acknowledge-request", due), 1: step(DESK, "acknowledge-request")}.get(n, step(DESK, "acknowledge-request", due))
    label = "part2" if n % 9 == 4 else ""
    log.say(f"request/{n}", stories.received(n, urgency, m, service=service, next=first, sensitivity=label), m)
    if label:
        log.heard[-1] = replace(log.heard[-1], sensitivity=label)
    far = dice.randrange(6) if n > 1 else 0
    if far > 0:
        log.say(
            f"request/{n}", intake.RequestAcknowledged(by="staff/7", next=step("staff/7", "triage-request", stories.at(m + 300))), m + 9
        )
    if far > 1:
        found = step(COORDINATOR, "find-place", stories.at(m + 1440))
        log.say(f"request/{n}", intake.RequestTriaged(by="staff/7", urgency=urgency or "routine", service=service, next=found), m + 15)
        opened = assignment.PlacementOpened(
            request=f"request/{n}", service=service, urgency=urgency, requested_at=stories.at(m), owner=COORDINATOR, next=found
        )
        log.say(f"placement/{n}", opened, m + 16)
    if far > 2:
        taken = step("staff/12", "offer-to-programs", stories.at(m + 500))
        log.say(f"placement/{n}", assignment.OwnerAssigned(owner="staff/12", role=COORDINATOR, next=taken), m + 18)
    if far > 3:
        log.say(f"placement/{n}", stories.offered(dice.choice((1, 2)), stories.at(m + 260 + ago // 2)), m + 20)
    if far > 4:
        declined = assignment.PlacementDeclined(
            program="program/0", by="staff/44", reason="no-capacity", next=step("staff/12", "offer-again", due)
        )
        log.say(f"placement/{n}", declined, m + 60)


async def sealed_names(vault: MongoVault, count: int, dice: random.Random) -> Details:
    records = [f"record/{n}" for n in range(count)]
    keys = await vault.keys(records, create=True)
    found = {}
    for record in records:
        said = PersonDetails(
            given_name=Personal(dice.choice(GIVEN)), family_name=Personal(dice.choice(FAMILY)), birth_date=Personal(date(1990, 1, 1))
        )
        found[record] = seal(said, record, keys[record])
    return found


def of(url: str, settings: Settings) -> MongoVault:
    return MongoVault(connect("pymongo", url)["vault"], LocalWrapper.of(settings.vault_kek.get_secret_value(), ""), Clock())


async def drip(engines: Engines, log: Log, details: Details, start: int, every_s: float) -> None:
    """One more referral every few seconds."""
    dice = random.Random(start)
    for n in range(start, len(details)):
        await asyncio.sleep(every_s)
        more = Log(_sequences=log._sequences, _offsets=log._offsets)
        referral(more, n, dice, details, 0)
        await asyncio.to_thread(published, engines, more)


def published(engines: Engines, log: Log) -> None:
    for principal, topic in (("svc-intake", "intake-events"), ("svc-assignment", "assignment-events")):
        publish(engines, principal, [stories.record_of(heard) for heard in log.heard if heard.topic == topic])


async def serve(engines: Engines, where: Path, port: int, referrals: int = 40, every_s: float = 4.0) -> None:
    user, password = engines.credentials("svc-worklist")
    settings = Settings(
        service=NAME, development=True, state_dir=where, kafka_tls=False, kafka_bootstrap=engines.kafka_bootstrap,
        kafka_user=user, kafka_password=password, mongo_url=engines.mongo_url(NAME), vault_kek=KEK,
    )  # fmt: skip
    stories.NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    dice, log, made = random.Random(7), Log(), 400
    writer = of(engines.mongo_url("intake"), settings)
    await writer.open(create=True)
    details = await sealed_names(writer, made, dice)
    directory(log)
    for n in range(referrals):
        referral(log, n, dice, details, dice.randrange(5, 1500))
    published(engines, log)
    clock, meters = Clock(), Meters(NAME)
    board = Board(engines.mongo_url(NAME), NAME)
    await board.open()
    worklist = build(
        settings, board, of(engines.mongo_url(NAME), settings), clock, meters, Book("harness", clock).settle, people=PEOPLE, demo=True
    )
    broker = broker_for(settings.kafka_bootstrap, user, password)
    subscribe(broker, Stream(NAME, TOPICS), [Lane(f"{NAME}/{n}", NAME, worklist.take, board.fence) for n in range(2)])
    await broker.start()
    web = uvicorn.Server(uvicorn.Config(http.application(worklist.routes), port=port, log_config=None, lifespan="off"))
    print(f"http://127.0.0.1:{port}/", flush=True)
    tasks = [asyncio.create_task(loop()) for loop in worklist.loops] + [
        asyncio.create_task(drip(engines, log, details, referrals, every_s))
    ]
    try:
        await web.serve()
    finally:
        for task in tasks:
            task.cancel()
        await broker.stop()
        await board.close()


def main(directory: str = "", port: str = "") -> None:
    where = Path(directory or tempfile.mkdtemp(prefix="worklist-"))
    with Engines.isolated(where / "engines", print) as engines, suppress(KeyboardInterrupt):
        uvloop.run(serve(engines, where, int(port or free_port())))


if __name__ == "__main__":
    main(*sys.argv[1:])
