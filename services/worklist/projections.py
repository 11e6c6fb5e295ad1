"""From an event to what changes on the worklist. Pure: no I/O, no clock.

Every event changes the item of its own aggregate. What an event says is a patch of that aggregate's section: the fields it names
and nothing else, so that an item is a fold of its patches and can be folded again at any time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from contracts import assignment as placing
from contracts import intake, upkeep
from contracts.authorization import AuthorizationChange
from contracts.kernel import Change as Said
from contracts.kernel import Event, Next
from services.worklist import authorizing, care, care_teams, crisis, front_door, hindrances, placements, responding, sides, telling
from services.worklist.patches import Patch, kept, stored
from services.worklist.sentences import sentence

REFERRAL = ("request", "placement", "care")
"""Kinds of the aggregates that make one referral, in the order in which a need goes through them; they share what follows the `/`."""
TELLING = "alert"
"""The kind of the aggregates that hold who was told of an item (`alert/placement/1`): part of that item's story."""
SLOTS = 0x1000
NOTHING_LEFT = "none"
"""The action of a `next` that says that nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event where it lies in the log. `data` is None where the type is not known here, or could not be read (`readable`)."""

    topic: str
    partition: int
    offset: int
    type: str
    subject: str
    sequence: int
    id: str
    at: datetime
    recorded: datetime
    actor: tuple[str, str] = ("system", "")
    correlation: str = ""
    cause: Mapping[str, str] = field(default_factory=dict)
    sensitivity: str = ""
    data: Event | None = None
    readable: bool = True
    trace: str = ""
    """The id of the trace in which it was said, where that can be looked at."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one event does to one item. `counted`: the section hears every event of its aggregate, so a hole is a loss."""

    item: str
    topic: str
    subject: str
    sequence: int
    patch: Patch
    entry: Patch
    counted: bool = True

    @property
    def id(self) -> str:
        return self.entry["_id"]  # type: ignore[no-any-return]


def item_of(subject: str) -> str:
    """Requests, placements and care of one need are one referral; everything else is an item of its own."""
    kind, _, suffix = subject.partition("/")
    if kind == TELLING:
        return item_of(suffix)
    return f"referral/{suffix}" if kind in REFERRAL else subject


def parked_item(subject: str) -> str:
    """A parked aggregate is an item beside the one it holds up: that one's owner and clock stand as they were."""
    return f"parked/{subject}"


def changes(heard: Heard) -> tuple[Change, ...]:
    """What an event changes: its own item, and for what the runtime says of an aggregate, the item of the keeping."""
    own = _change(heard, item_of(heard.subject), patch(heard))
    if isinstance(heard.data, upkeep.AggregateParked | upkeep.AggregateReleased | upkeep.MessageOverdue):
        return own, _change(heard, parked_item(heard.subject), _kept(heard.data), counted=False)
    return (own,)


def patch(heard: Heard) -> Patch:
    """The fields of its section that this event sets; `None` takes a field away."""
    if heard.data is None:
        return {} if heard.readable else {"unread": heard.sequence}
    told = _told(heard.data, heard.at)
    label = {"sensitivity": heard.sensitivity} if heard.sensitivity else {}
    return {name: kept(value) for name, value in {**told, **label, **_next(heard.data)}.items()}


def _told(data: Event, at: datetime) -> Patch:
    if isinstance(data, AuthorizationChange):
        return authorizing.patch(data)
    if said := DATED.get(type(data)):
        return said(data, at)
    timed = responding.TIMED.get(type(data), _untimed)
    return {**PROJECTED.get(type(data), _nothing)(data), **timed(data, at)}


def _change(heard: Heard, item: str, told: Patch, counted: bool = True) -> Change:
    entry = {
        "_id": entry_id(item, heard.topic, heard.subject, heard.sequence),
        "item": item, "topic": heard.topic, "partition": heard.partition, "offset": heard.offset,
        "subject": heard.subject, "sequence": heard.sequence, "type": heard.type, "event": heard.id,
        "at": stored(heard.at), "recorded": stored(heard.recorded),
        "what": sentence(heard.type, heard.data), "actor": "/".join(filter(None, heard.actor)),
        "correlation": heard.correlation, "cause": dict(heard.cause), "patch": told, "counted": counted,
        **({"trace": heard.trace} if heard.trace else {}),
    }  # fmt: skip
    return Change(item, heard.topic, heard.subject, heard.sequence, told, entry, counted)


def entry_id(item: str, topic: str, subject: str, sequence: int) -> str:
    """Begins with the item, so that an item's entries lie together and need no index beside their ids.

    The rest tells apart all whose facts lie there: `request`, `placement`, and the alerts about each of them.
    """
    return f"{entries_of(item)}{topic}|{subject.rpartition('/')[0]}|{sequence:010d}"


def entries_of(item: str) -> str:
    """What the ids of an item's entries begin with: first one of SLOTS, so that all entries can be read in parts of even size."""
    return f"{crc32(item.encode()) % SLOTS:03x}|{item}|"


def _next(data: Event) -> Patch:
    """Who owes what by when. A fact without the block leaves it as it stood, unless the fact ends the aggregate."""
    said = data.next if isinstance(data, Said) and not isinstance(data, KEEPING) else None
    if isinstance(data, ENDS) or (said and said.action == NOTHING_LEFT):
        return {"next": None}
    return {"next": _block(said)} if said else {}


def _block(said: Next) -> Patch:
    due = stored(said.due) if said.due else None
    return {"owner": said.owner, "action": said.action, "waiting_on": said.waiting_on, "due": due, "rule": said.rule,
            "allowed": list(said.allowed)}  # fmt: skip


def _kept(data: Event) -> Patch:
    """A parked aggregate or a message that waits too long, as an item with an owner and a clock."""
    if isinstance(data, upkeep.AggregateReleased):
        return {"status": "released", "next": None}
    assert isinstance(data, Said)
    status = "parked" if isinstance(data, upkeep.AggregateParked) else "message-overdue"
    return {"status": status, "next": _block(data.next) if data.next else None}


def _nothing(_: Any) -> Patch:
    return {}


def _untimed(_: Any, at: datetime) -> Patch:
    return {}


PROJECTED: Mapping[type[Event], Callable[[Any], Patch]] = {
    **front_door.PROJECTED,
    **placements.PROJECTED,
    **crisis.PROJECTED,
    **care.PROJECTED,
    **care_teams.PROJECTED,
    **sides.PROJECTED,
    **hindrances.PROJECTED,
    upkeep.InputQuarantined: lambda e: {"status": "quarantined", "issues": [issue.model_dump() for issue in e.issues]},
    upkeep.InputRepaired: lambda e: {"status": "repaired"},
    upkeep.InputDiscarded: lambda e: {"status": "discarded"},
}
"""Facts that are in neither change nothing but who owes what next."""
DATED: Mapping[type[Event], Callable[[Any, datetime], Patch]] = {**telling.PROJECTED, **front_door.DATED}
"""Those that tell when it was as well."""

ENDS = (intake.RequestWithdrawn, placing.PlacementEnded, upkeep.InputRepaired, upkeep.InputDiscarded)
KEEPING = (upkeep.AggregateParked, upkeep.AggregateReleased, upkeep.MessageOverdue)
"""Facts about the keeping: the aggregate's own `next` stands."""
