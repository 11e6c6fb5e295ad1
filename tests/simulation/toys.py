"""The services of the simulated network: the toy accounts, with faults that get mended, and mirrors that listen to them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from zlib import crc32

from contracts.kernel import Blind, Change, Decision, Fact, Message, Refused, Route, State, World
from infra.keeping import SAID
from infra.service import Service
from infra.wrapping import LocalWrapper
from tests.runtime.accounts import SERVICE, Credited, Opened, Reminded

POISON, PICKY = 666, 777
"""Amounts that a decision, or the database, cannot take before the fault is mended."""
MENDED = 1
"""What is added to a poison amount once its decision is mended."""
EARLY_WITHIN = timedelta(seconds=15)
WRAPPER = LocalWrapper(bytes(32))


class Noted(Change):
    """A mirror heard one fact."""

    type: ClassVar = "mirror.noted.v1"
    sequence: int
    amount: int = 0


class Mirror(State):
    seen: tuple[int, ...] = ()
    balance: int = 0


def accounts(mended: Callable[[], bool], remind_after: timedelta) -> Service:
    """The toy service with reminders within a simulation's reach, and a decision that can be mended."""

    def decide(message: Message, world: World, now: datetime) -> Decision:
        if getattr(message.data, "amount", 0) == POISON and mended():
            message = replace(message, data=message.data.model_copy(update={"amount": POISON + MENDED}))
        said = SERVICE.decide(message, world, now)
        return said if isinstance(said, Refused) or not isinstance(said, list) else [_sooner(fact, now, remind_after) for fact in said]

    return replace(SERVICE, decide=decide, early_within=EARLY_WITHIN)


def _sooner(fact: Fact, now: datetime, after: timedelta) -> Fact:
    """One account in four is to be reminded at once."""
    at = now + after if crc32(fact.subject.encode()) % 4 else now
    return replace(fact, data=fact.data.model_copy(update={"remind_at": at})) if isinstance(fact.data, Opened) else fact


def mirror_of(subject: str) -> str:
    return f"mirror/{subject.replace('/', '-')}"


def _route(message: Message, blind: Blind) -> Route:
    return Route((mirror_of(message.subject),))


def _decide(message: Message, world: World, now: datetime) -> Decision:
    amount = message.data.amount if isinstance(message.data, Credited) else 0
    return [Fact(mirror_of(message.subject), Noted(sequence=message.sequence, amount=amount))]


def _evolve(state: Mirror | None, fact: Change) -> Mirror | None:
    if not isinstance(fact, Noted):
        return state
    state = state or Mirror()
    return state.model_copy(update={"seen": (*state.seen, fact.sequence), "balance": state.balance + fact.amount})


MIRRORS = Service(
    name="mirrors", topic="mirror-events", states={"mirror": Mirror}, route=_route, decide=_decide, evolve=_evolve,
    deadlines=lambda state: (), hears={kind.type: kind for kind in (Opened, Credited, Reminded)} | SAID, says={Noted.type: Noted},
)  # fmt: skip
"""Hears everything that accounts say, and says what it heard."""
