"""How a message leaves the house: one small protocol (`docs/channels.md`)."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

ANSWERS_WITHIN_S = 40.0
"""Less than a claim stands, so that what came of it is told by whoever claimed it."""
CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
Outcome = Literal["sent", "delivered", "deferred", "failed"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is handed over. `id` derives from what it is about: handed over twice, it has the same one."""

    id: str
    address: str
    domain: str
    subject: str
    text: str
    html: str
    at: datetime
    locale: str

    def __repr__(self) -> str:
        return f"Letter({self.id})"


@dataclass(frozen=True, slots=True)
class Handed:
    """What came of it. `code` is a reply code or a word of ours; never what a server said in its own words, which may name somebody."""

    outcome: Outcome
    code: str | None = None


class Channel(Protocol):
    """`send` answers in time, whatever happens, and raises nothing on purpose. What it does not know it calls deferred."""

    async def send(self, letter: Letter) -> Handed: ...


async def handed(channel: Channel, letter: Letter) -> Handed:
    """What a channel answers, whoever wrote it: in time, and with nothing for a code that may be somebody's words."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            said = await channel.send(letter)
    except TimeoutError:
        return Handed("deferred", "timeout")
    return said if said.code is None or CODE.fullmatch(said.code) else Handed(said.outcome, "unreadable")


class Inbox:
    """The worklist shows what is queued for somebody: it is there as soon as the fact is."""

    async def send(self, letter: Letter) -> Handed:
        return Handed("delivered")
