"""What assignment says: who answers for a placement, whom it was offered to, who took it, how it was handed on."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.kernel import Change, Model
from contracts.partners import Code, Urgency


class Program(Model):
    """A program that takes people: what it offers, the desk that answers for it, how many places it says it has."""

    id: str
    name: str
    desk: str
    services: tuple[str, ...]
    places: int
    partner: str | None = None


class DirectoryListed(Change):
    """The programs, desks and people on duty that the network file names now. It replaces the list before it."""

    type: ClassVar = "directory.listed.v1"
    programs: tuple[Program, ...]
    staff: dict[str, tuple[str, ...]]
    """Role to people on duty, in order."""


class PlacementOpened(Change):
    """A request needs a place. Its owner is the role that opened it until a person takes it."""

    type: ClassVar = "placement.opened.v1"
    request: str
    service: str
    urgency: Urgency | None = None
    requested_at: AwareDatetime


class OwnerAssigned(Change):
    """A role's placement has a person who answers for it."""

    type: ClassVar = "placement.owner-assigned.v1"
    owner: str
    role: str


class Offer(Model):
    """One program asked: its desk has until `respond_by`; a late yes still counts while nobody holds the placement."""

    program: str
    desk: str
    respond_by: AwareDatetime


class PlacementOffered(Change):
    """Programs were asked, as a summary without identity. The first yes wins."""

    type: ClassVar = "placement.offered.v1"
    round: int
    offers: tuple[Offer, ...]


class PlacementAccepted(Change):
    """A program took it; the others asked are `released` and told that it is no longer needed."""

    type: ClassVar = "placement.accepted.v1"
    program: str
    by: str
    released: tuple[str, ...]


class PlacementDeclined(Change):
    """A program said no; `reason` is a code of the list."""

    type: ClassVar = "placement.declined.v1"
    program: str
    by: str
    reason: Code


class OfferUnanswered(Change):
    """A program's time to answer ran out. Its late yes still counts while nobody holds the placement."""

    type: ClassVar = "placement.offer-unanswered.v1"
    program: str


class NoProgramAvailable(Change):
    """Nobody is left to ask. The need stands and is counted as unmet until somebody finds a way."""

    type: ClassVar = "placement.no-program-available.v1"
    service: str


class HandOffAsked(Change):
    """The owner wants to hand the placement on; it stays theirs until `to` accepts."""

    type: ClassVar = "placement.hand-off-asked.v1"
    to: str
    by: str


class HandedOff(Change):
    """The new owner accepted: ownership moved at this instant."""

    type: ClassVar = "placement.handed-off.v1"
    owner: str
    left: str


class HandOffDeclined(Change):
    """The proposed owner said no; nothing moved."""

    type: ClassVar = "placement.hand-off-declined.v1"
    by: str
    reason: Code


class PlacementEnded(Change):
    """Nothing is left to place (`reason`: withdrawn, …); open offers are `released`."""

    type: ClassVar = "placement.ended.v1"
    reason: Code
    released: tuple[str, ...]


EVENTS = (
    DirectoryListed, PlacementOpened, OwnerAssigned, PlacementOffered, PlacementAccepted, PlacementDeclined, OfferUnanswered,
    NoProgramAvailable, HandOffAsked, HandedOff, HandOffDeclined, PlacementEnded,
)  # fmt: skip
