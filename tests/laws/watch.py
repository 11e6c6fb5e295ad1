"""Which law a fact breaks, read from the facts alone. Laws are numbered as in the domain's list of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from contracts.assignment import (
    HandedOff,
    HandOffAsked,
    NoProgramAvailable,
    OwnerAssigned,
    PlacementAccepted,
    PlacementCountedEarlier,
    PlacementOffered,
    PlacementOpened,
    PlacementReopened,
)
from contracts.endings import RequestClosed, RequestReopened
from contracts.follow_up import CareOpened, CareStarted
from contracts.intake import RequestAcknowledged
from contracts.lateness import Overdue, OverdueRetracted
from infra.store import FactRow
from tests.laws.around import Beside
from tests.rules.oracle import Oracle
from tests.year.board import Board
from tests.year.network import Said

BUSINESS_DAYS = {"urgent": 1, "routine": 10}


@cache
def network_hours() -> Oracle:
    """Monday to Friday from eight to five in UTC, without a holiday: what a network has that says no hours of its own."""
    return Oracle(0, [[(480, 1020)]] * 5 + [[], []], saves_daylight=False)


def seen_by(requested_at: datetime, urgency: str) -> datetime | None:
    """By when the person must have been seen, worked out in another way; None where that is no business time."""
    return network_hours().add_days(requested_at, BUSINESS_DAYS[urgency]) if urgency in BUSINESS_DAYS else None


@dataclass
class Placed:
    """What the facts of one placement have said so far."""

    owner: str = ""
    asked: str | None = None
    requested_at: datetime | None = None
    urgency: str | None = None


@dataclass
class Watch:
    """`faults` names the laws that were broken, in words; `duty` says who is on duty behind which role."""

    duty: dict[str, tuple[str, ...]]
    faults: list[str] = field(default_factory=list)
    board: Board = field(default_factory=Board)
    late: set[tuple[str, str, datetime, int, int]] = field(default_factory=set)
    """Lateness that stands as told: of which aggregate and step, by which instant, in which opening, of which line."""
    told: int = 0
    beside: Beside = field(init=False)
    _ids: set[tuple[str, str]] = field(default_factory=set)
    _placed: dict[str, Placed] = field(default_factory=dict)
    _took: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _opening: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.beside = Beside(self.duty)

    def hears(self, speaker: str, row: FactRow, data: Any) -> None:
        self.told += 1
        identity = (row.attributes["source"], row.attributes["id"])
        if identity in self._ids:
            self._breaks(6, f"{row.attributes['type']} was said twice under two sequences")
        self._ids.add(identity)
        if data is None:
            return
        said = Said(row.topic, row.aggregate, row.sequence, data, row.recorded_at)
        for fault in self.board.hears(said):
            self._breaks(5 if "clock" in fault else 1, fault)
        found = (*self._owned(said, row), *self._clocked(said), *self._late_told(said), *self._closed(said), *self.beside.hears(said, row))
        for number, fault in found:
            self._breaks(number, f"{said.subject}: {fault}")

    def _breaks(self, number: int, fault: str) -> None:
        self.faults.append(f"law {number}: {fault}")

    def _owned(self, said: Said, row: FactRow) -> Iterator[tuple[int, str]]:
        """Nobody gets what they did not take: a person by being asked and saying yes, or by the duty that they have."""
        placed, actor = self._placed.setdefault(said.subject, Placed()), row.attributes.get("authid", "")
        block = getattr(said.data, "next", None)
        if block and block.waiting_on and block.owner in block.waiting_on.split(","):
            yield 1, "it waits on its own owner"
        match said.data:
            case RequestAcknowledged():
                self._took[said.subject.partition("/")[2]] = said.data.by
            case HandOffAsked():
                placed.asked = said.data.to
            case HandedOff():
                if placed.asked is None or said.data.left != placed.owner:
                    yield 1, "handed off by nobody, or not by its owner"
                elif actor != said.data.owner or (actor != placed.asked and actor not in self.duty.get(placed.asked, ())):
                    yield 1, "handed to somebody who did not accept"
            case OwnerAssigned():
                took = self._took.get(said.subject.partition("/")[2])
                if said.data.owner not in (said.data.role, actor, took, *self.duty.get(said.data.role, ())):
                    yield 1, "given to somebody without that duty"
                if said.data.owner not in (actor, took) and self.beside.is_away(said.data.owner, said.at):
                    yield 1, "given to somebody who is away"
        if isinstance(said.data, PlacementOpened | PlacementReopened | OwnerAssigned | HandedOff | PlacementAccepted):
            placed.owner, placed.asked = said.data.owner or placed.owner, None

    def _clocked(self, said: Said) -> Iterator[tuple[int, str]]:
        """The regulatory clock counts from the request, in business time; what we allow ourselves lies within it."""
        placed, fact = self._placed.setdefault(said.subject, Placed()), said.data
        if isinstance(fact, PlacementOpened | PlacementReopened | PlacementCountedEarlier):
            if isinstance(fact, PlacementCountedEarlier) and placed.requested_at and fact.requested_at >= placed.requested_at:
                yield 4, "counted from later on"
            placed.requested_at = fact.requested_at
        if isinstance(fact, PlacementOffered | NoProgramAvailable) and placed.requested_at:
            placed.urgency = fact.urgency or placed.urgency
            due = seen_by(placed.requested_at, placed.urgency or "")
            if due and fact.services_by != due:
                yield 3, f"seen by {fact.services_by}, though asked for at {placed.requested_at}: {due}"
            yield from self._within(said)
        if isinstance(fact, CareOpened) and fact.requested_at:
            due = seen_by(fact.requested_at, fact.urgency)
            if due and fact.visit_by != due:
                yield 3, f"a first visit by {fact.visit_by}, though asked for at {fact.requested_at}: {due}"

    def _within(self, said: Said) -> Iterator[tuple[int, str]]:
        end = said.data.services_by
        for offer in getattr(said.data, "offers", ()):
            if end and end > said.at and offer.respond_by > end:
                yield 9, "a desk has longer than the person may wait"

    def _late_told(self, said: Said) -> Iterator[tuple[int, str]]:
        fact = said.data
        if isinstance(fact, RequestReopened | PlacementReopened):
            self._opening[said.subject] = fact.interval
        opening, line = self._opening.get(said.subject, 1), getattr(fact, "line", 0)
        key = (said.subject, getattr(fact, "action", ""), getattr(fact, "due", said.at), opening, line)
        if isinstance(fact, OverdueRetracted):
            self.late.discard(key)
        if not isinstance(fact, Overdue):
            return
        if said.at < fact.due:
            yield 3, f"{fact.action} was told late before its time"
        if fact.late_minutes != int((said.at - fact.due).total_seconds() // 60):
            yield 8, f"{fact.action} says that it is {fact.late_minutes} minutes late"
        if not (fact.rule and fact.citation and fact.citation_status and fact.owner):
            yield 8, f"{fact.action} is late without its rule, source or owner"
        if key in self.late:
            yield 6, f"{fact.action} was told late twice"
        self.late.add(key)

    def _closed(self, said: Said) -> Iterator[tuple[int, str]]:
        """Verified is what a visit shows."""
        if isinstance(said.data, CareStarted):
            self._seen.add(said.subject.partition("/")[2])
        if isinstance(said.data, RequestClosed) and said.data.how == "verified" and said.subject.partition("/")[2] not in self._seen:
            yield 11, "closed as verified, and nobody was seen"

    def is_told_late(self, subject: str, action: str, due: datetime) -> bool:
        return any(one[:3] == (subject, action, due) for one in self.late)

    @property
    def open(self) -> set[str]:
        return {item for item, is_open in self.board.open.items() if is_open}
