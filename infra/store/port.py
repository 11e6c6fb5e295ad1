"""Rows and verbs. Every write is one transaction; every version is checked; nothing is ever written beside it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from contracts.kernel import value

HELD_MAX = 1_000
"""Counts say this much, and no more, from here on: a count is never a scan."""


class Conflict(Exception):
    """Somebody else wrote first, or a claim is taken: nothing of the transaction stands. Load again, decide again."""


class Unknown(Exception):
    """The commit was sent and its outcome is not known, even after asking again. Load and decide again: ids are derived."""


class Unavailable(Exception):
    """The database does not answer. Wait; this is never the fault of a message."""


class Rejected(Exception):
    """The database will never store this (too large, not encodable). Somewhere in the batch is a poison message."""


@dataclass(slots=True)
class Aggregate:
    """One aggregate as it is stored.

    `v` counts its versions from 1; `sv` is the schema number of `state` (the JSON text of the state, fields of newer versions
    included). `seq` holds the last sequence said, by topic; `wm` the last sequence heard, by `topic/subject`. `part` is the
    partition of `key`, for ever. `due_at` is the earliest deadline; `errand_at` and `lane` are of what must be done outside; `whose` it
    is, where that is asked for (None: it never was anybody's; empty: it is no more). `kept`
    names the sources of messages that wait (early or parked), in order; `parked` is the code of the failure that holds them. `spent`
    names deadlines that fired and were not answered.
    """

    id: str
    v: int = 0
    sv: int = 1
    state: bytes | None = None
    key: str = ""
    part: int = 0
    seq: dict[str, int] = field(default_factory=dict)
    wm: dict[str, int] = field(default_factory=dict)
    due_at: datetime | None = None
    kept: tuple[str, ...] = ()
    parked: str | None = None
    spent: tuple[str, ...] = ()
    errand_at: datetime | None = None
    lane: str = ""
    """Stays when the errand is done: only an aggregate that ever had one pays for looking."""
    whose: str | None = None

    def copy(self) -> "Aggregate":
        """A copy that may be changed without changing this one."""
        return Aggregate(
            self.id, self.v, self.sv, self.state, self.key, self.part, dict(self.seq), dict(self.wm), self.due_at, self.kept, self.parked,
            self.spent, self.errand_at, self.lane, self.whose,
        )  # fmt: skip


@value
class FactRow:
    """One fact, byte for byte as it is published. Insert-only, never deleted.

    `id` is aggregate/topic/sequence (20 digits); `attributes` are the CloudEvents attributes; `data` the JSON that is sent.
    """

    id: str
    aggregate: str
    topic: str
    sequence: int
    key: str
    part: int
    attributes: Mapping[str, str]
    data: bytes
    recorded_at: datetime


ReceiptState = Literal["event", "returned", "quarantined", "early", "parked", "discarded", "command"]


@value
class Receipt:
    """How one input from outside, or one command, ended; or a message that is kept for later.

    `answer` is what was answered (JSON; for commands the body to repeat). `raw` holds the sealed bytes of an input that is
    kept, `aggregate` and `order` the place it waits in. `was` is the state it must be in now (None: it must not exist).
    """

    id: str
    state: ReceiptState
    topic: str = ""
    partition: int = 0
    offset: int = -1
    entry: str = ""
    answer: bytes = b""
    raw: bytes = b""
    aggregate: str = ""
    order: int = 0
    waits_for: str = ""
    received_at: datetime | None = None
    expires_at: datetime | None = None
    was: ReceiptState | None = None


@dataclass(slots=True, frozen=True)
class Held:
    """What waits in a database, whoever wrote it: counts (which stop at HELD_MAX) and the oldest fact that is not published."""

    parked: int = 0
    quarantined: int = 0
    unpublished_since: datetime | None = None


@dataclass(slots=True)
class Changes:
    """All that one transaction writes. `aggregates` carry their new version: the stored one must be exactly one less."""

    aggregates: list[Aggregate] = field(default_factory=list)
    facts: list[FactRow] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.aggregates or self.facts or self.receipts or self.claims)


class Store(Protocol):
    """A service's database. Reads go to the primary and see acknowledged writes; every call is bounded in time.

    Any verb may raise Unavailable; `commit` also Conflict, Unknown, Rejected.
    """

    async def open(self) -> None: ...
    async def close(self) -> None: ...

    async def load(self, subjects: Collection[str]) -> dict[str, Aggregate]:
        """Those that exist, by id."""

    async def claims(self, keys: Collection[str]) -> dict[str, str]:
        """Who holds which of these claims."""

    async def receipts(self, ids: Collection[str]) -> dict[str, Receipt]:
        """Those that exist, by id."""

    async def kept(self, subjects: Collection[str]) -> dict[str, list[Receipt]]:
        """Messages that wait (states early, parked) in these aggregates, in order."""

    async def commit(self, changes: Changes) -> None:
        """All of it or nothing, durable when it returns."""

    async def unpublished(self, subjects: Mapping[str, int]) -> list[FactRow]:
        """Facts of these aggregates (id → partition) that are not marked, in order of aggregate, topic, sequence."""

    async def backlog(self, parts: Collection[int], before: datetime, limit: int) -> list[FactRow]:
        """Facts of these partitions recorded before then and not marked, about `limit`; whole aggregates, each in sequence order."""

    async def mark_published(self, ids: Sequence[str]) -> None:
        """Idempotent. Marking is lazy and may wait until all facts of a batch are named: one that is published twice is one fact."""

    async def due(self, parts: Collection[int], now: datetime, limit: int) -> list[str]:
        """Aggregates of these partitions whose `due_at` has come, earliest first."""

    async def errands(self, parts: Collection[int], after: datetime, until: datetime, limit: int) -> list[tuple[str, str]]:
        """Aggregates of these partitions whose errand's time lies between these instants (both included), earliest first, with its lane."""

    async def share(self, whose: str, after: str, limit: int) -> list[str]:
        """Aggregates of this one after that id, in the order of ids."""

    async def fence(self, resources: Collection[str]) -> None:
        """Take these over: end every database session of their previous holder, then record ours."""

    async def held(self) -> Held:
        """What waits for somebody, or for the broker. Bounded in cost, whatever the history."""

    async def known(self, ids: Collection[str]) -> set[str]:
        """Which of these facts are stored."""

    async def history(self, subject: str) -> list[FactRow]:
        """All facts of an aggregate, in order of topic and sequence."""

    async def histories(self, subjects: Sequence[str]) -> dict[str, list[FactRow]]:
        """The histories of neighbours in the order of ids, in one reading."""

    async def subjects(self, after: str, limit: int) -> list[str]:
        """Aggregate ids in order, for audits."""
