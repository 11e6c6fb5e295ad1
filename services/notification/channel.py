"""How a message leaves the house: one small protocol."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

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
    """`send` answers within a minute, whatever happens, and raises nothing on purpose. What it does not know it calls deferred."""

    async def send(self, letter: Letter) -> Handed: ...


class Inbox:
    """The worklist shows what is queued for somebody: it is there as soon as the fact is."""

    async def send(self, letter: Letter) -> Handed:
        return Handed("delivered")
