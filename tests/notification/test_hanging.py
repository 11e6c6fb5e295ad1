"""A mail server that hangs delays nobody else's mail, and no crisis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from contracts.notices import NoticeDeferred, NoticeDelivered
from infra.settings import Settings
from services.notification.recipients import recipient
from services.notification.smtp import Smtp
from tests.notification.house import House
from tests.notification.postman import Postman
from tests.notification.stories import ANA, BEN, CARL, contacts, no_program

HUNG = "hung.example"


@pytest.fixture
async def hanging() -> AsyncIterator[Callable[..., Any]]:
    """A house whose people have mail; Ana's is at a server that takes connections and never answers."""
    postman, houses = Postman(lambda domain: "hang" if domain == HUNG else ""), list[House]()

    async def make(answer_within_s: float) -> tuple[House, Postman]:
        house = await House().open()
        houses.append(house)
        relay = {"smtp_host": "127.0.0.1", "smtp_port": postman.port, "smtp_security": "none"}
        house.mail = Smtp(Settings(service="notification", development=True, **relay), answer_within_s)  # type: ignore[assignment, arg-type]
        house.start()
        await house.ask(contacts(ANA, HUNG), "staff/platform", recipient(ANA))
        return house, postman

    async with postman:
        yield make
        for task in [task for house in houses for task in house.errands._running]:
            task.cancel()


async def late(house: House, item: str, urgency: str, owner: str) -> None:
    house.say(item, no_program(urgency, owner=owner))
    await house.take(house.log[-1:])


async def until(house: House, so: Callable[[], Any], step: timedelta = timedelta(0)) -> None:
    """Work until it is so; the test's own timeout ends what never is."""
    while not so():
        house.clock.move_to(house.clock.now() + step)
        await house.work(1)
        await asyncio.sleep(0.01)


async def test_others_and_whoever_is_in_crisis_are_told_while_twenty_messages_wait_for_a_server_that_hangs(hanging: Any) -> None:
    house, postman = await hanging(answer_within_s=600.0)
    for n in range(20):
        await late(house, f"placement/{n}", "urgent", ANA)
    await until(house, lambda: postman.happened["hang"] == 2)
    await late(house, "placement/ben", "urgent", BEN)
    await late(house, "placement/carl", "emergency", CARL)
    await until(house, lambda: postman.addressed("staff-2@example.org") and postman.addressed("staff-3@example.org"))
    assert house.facts(NoticeDeferred) == [] and postman.addressed(f"staff-1@{HUNG}") == []


async def test_a_crisis_that_a_hung_server_does_not_take_is_in_the_inbox_when_its_time_on_the_channel_is_over(hanging: Any) -> None:
    house, postman = await hanging(answer_within_s=0.05)
    for n in range(20):
        await late(house, f"placement/{n}", "urgent", ANA)
    await until(house, lambda: postman.happened["hang"] >= 2)
    await late(house, "placement/crisis", "emergency", ANA)
    began = house.clock.now()
    await until(house, lambda: house.facts(NoticeDelivered), timedelta(seconds=5))
    assert house.clock.now() - began < timedelta(minutes=4)
    (told,) = {entry.item for one in house.queued() if one.severity == "crisis" for entry in one.entries}
    assert told == "placement/crisis" and postman.addressed(f"staff-1@{HUNG}") == []
