"""A service as the runtime sees it: pure decisions, and what goes in and out of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from contracts.kernel import (
    Blind,
    Change,
    Command,
    Deadline,
    Decision,
    Errand,
    Event,
    Fact,
    Message,
    Reason,
    Route,
    State,
    World,
    kind_of,
    value,
)
from contracts.upkeep import Origin
from infra.outward import Outward
from infra.records import Received
from infra.store import ReceiptState

OutcomeKind = Literal["event", "nothing", "duplicate", "refused", "early", "parked", "quarantined", "stale", "failed"]
Verdict = Literal["event", "return", "quarantine"]


@value
class Outcome:
    """How one item ended. `subject`, `sequence` and `version` are of the first fact it led to on the service's own topic.

    `stale`: the version the sender expected is not the current one. `failed`: deciding raised; a command is not kept.
    `answer` is what was answered the first time to an input that comes again.
    """

    kind: OutcomeKind
    subject: str = ""
    sequence: int = 0
    version: int = 0
    reasons: tuple[Reason, ...] = ()
    allowed: tuple[str, ...] = ()
    answer: bytes = b""
    fingerprint: str = ""


@dataclass(slots=True, eq=False)
class Item:
    """One message on its way to a decision.

    `receipt` is the id under which its end is recorded (empty: the watermark or the aggregate itself remembers it); `was` the
    state that receipt is in, for a message that was kept, and `held_by` the aggregate it was kept in. `record` is where it came
    from, so that it can be kept. `verdict` is the front door's: what is not an event is answered and never decided on.
    """

    kind: Literal["heard", "outside", "command", "deadline", "errand", "upkeep"]
    message: Message
    origin: Origin
    receipt: str = ""
    record: Received | None = None
    verdict: Verdict = "event"
    reasons: tuple[Reason, ...] = ()
    reference: str | None = None
    was: ReceiptState | None = None
    held_by: str = ""
    repaired: bool = False
    """Whether a person put other bytes in the place of what came."""

    @property
    def source(self) -> str:
        """What its order is counted in: the watermark's name."""
        return f"{self.message.topic}/{self.message.subject}"


class Arrival(Protocol):
    """One entry of an outside record, as the service's front door read it."""

    @property
    def pointer(self) -> str: ...
    @property
    def outcome(self) -> Verdict: ...
    @property
    def event(self) -> Event | None: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def reasons(self) -> tuple[Reason, ...]: ...


def _nobody(*_: Any) -> Sequence[Fact]:
    return ()


def no_errand(_: Any) -> Errand | None:
    """For services that do nothing outside."""
    return None


def nobodys(_: Any) -> str:
    """For services that never ask what somebody has."""
    return ""


@dataclass(frozen=True)
class Service:
    """All that makes a service. Everything callable here is pure.

    `states` are its aggregates by kind (`request/…` is a `request`), `schema` the number of their stored form, `keyed` the kind
    whose ids name data keys. `door` reads an outside record into entries and `answer` says what its sender is told of an entry
    that did not become an event. `steward` is the role that owns what is quarantined or parked, for at most `steward_within`.
    """

    name: str
    topic: str
    states: Mapping[str, type[State]]
    route: Callable[[Message, Blind], Route]
    decide: Callable[[Message, World, datetime], Decision]
    evolve: Callable[[Any, Change], State | None]
    deadlines: Callable[[Any], Iterable[Deadline]]
    errand: Callable[[Any], Errand | None] = no_errand
    """What of an aggregate must be done outside, and when: a function of its state, as its deadlines are."""
    whose: Callable[[Any], str] = nobodys
    """Among whose share an aggregate is found: another function of its state; empty for nobody's."""
    hears: Mapping[str, type[Event]] = field(default_factory=dict)
    commands: Mapping[str, type[Command]] = field(default_factory=dict)
    says: Mapping[str, type[Change]] = field(default_factory=dict)
    schema: int = 1
    keyed: str = ""
    aside: Mapping[str, str] = field(default_factory=dict)
    """Kinds of aggregates that speak on another topic of the service, each with that topic: nothing of the others stands before it."""
    outside: str = ""
    """Prefix of the topics that outside senders publish to."""
    apart: Mapping[str, str] = field(default_factory=dict)
    """Streams of their own among outside senders, each with the prefix of their names: nothing of the others stands before them."""
    door: Callable[[str, Received], Sequence[Arrival]] | None = None
    outward: Mapping[str, Outward] = field(default_factory=dict)
    """Facts for readers outside, by wire type, that are stored sealed and sent open."""
    answer: Callable[[Message, Origin, str | None, str, Sequence[Reason]], Sequence[Fact]] = _nobody
    parties: tuple[str, ...] = ()
    """Fields of its states and facts that name an organisation they concern: its people act on them, and see their measures."""
    members: str = ""
    """The aggregate that says which organisations somebody belongs to beside those of their token: its state answers `of(principal)`."""
    steward: str = "role/data-steward"
    steward_within: timedelta = timedelta(hours=4)
    early_within: timedelta = timedelta(minutes=15)

    def topic_of(self, subject: str) -> str:
        """Where an aggregate's own facts are said."""
        return self.aside.get(kind_of(subject), self.topic) if self.aside else self.topic

    @property
    def own_topics(self) -> tuple[str, ...]:
        """All that its aggregates speak on."""
        return (self.topic, *dict.fromkeys(self.aside.values()))
