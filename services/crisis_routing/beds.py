"""A facility's beds: how many it counted and when, which are held for whom. The facility refuses a second taker.

A count is what the facility saw: beds that stand empty, those held for us among them. Who arrived after it was counted takes one
more; a count that is older than the one we have says nothing new.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import AwareDatetime

from contracts.crisis_beds import BedHeld, BedKind, BedsCounted, BedTaken, HoldEnded, HoldExtended
from contracts.kernel import Change, Deadline, Message, Reason, Refused, State, World
from services.crisis_routing.roster import Roster
from services.crisis_routing.steps import NOT_THE_DESK, Decided

HOLD_ENDS = "hold-ends"
UNKNOWN_FACILITY = Reason("TL-5421", "/facility", "name a facility of the roster that has such beds")
FUTURE = Reason("TL-5422", "/counted_at", "give the instant at which it was counted; it cannot lie ahead")


class Count(State):
    """Beds of one kind that stood empty at an instant."""

    free: int
    counted_at: AwareDatetime


class Hold(State):
    """One bed kept for one episode until an instant."""

    episode: str
    beds: BedKind
    until: AwareDatetime


class Taken(State):
    """A bed that somebody arrived in after the count."""

    beds: BedKind
    at: AwareDatetime


class Facility(State):
    """What is known of a facility's beds. One that never counted has none that we know of."""

    counts: dict[BedKind, Count] = {}
    holds: tuple[Hold, ...] = ()
    taken: tuple[Taken, ...] = ()

    def hold_of(self, episode: str) -> Hold | None:
        return next((hold for hold in self.holds if hold.episode == episode), None)

    def free(self, beds: BedKind) -> int:
        """Beds that can be held. Below nothing where a count fell short of the holds."""
        count = self.counts.get(beds)
        if count is None:
            return 0
        gone = sum(one.beds == beds and one.at > count.counted_at for one in self.taken)
        return count.free - gone - sum(hold.beds == beds for hold in self.holds)


def evolve(state: Facility | None, fact: Change) -> Facility:
    """What the facility's registry becomes."""
    state = state or Facility()
    match fact:
        case BedsCounted():
            counts = {**state.counts, fact.beds: Count(free=fact.free, counted_at=fact.counted_at)}
            taken = tuple(one for one in state.taken if one.beds != fact.beds or one.at > fact.counted_at)
            return state.model_copy(update={"counts": counts, "taken": taken})
        case BedHeld() | HoldExtended():
            hold = Hold(episode=fact.episode, beds=fact.beds, until=fact.until)
            return state.model_copy(update={"holds": (*_without(state, fact.episode), hold)})
        case HoldEnded():
            return state.model_copy(update={"holds": _without(state, fact.episode)})
        case BedTaken():
            taken = (*state.taken, Taken(beds=fact.beds, at=fact.arrived_at))
            return state.model_copy(update={"holds": _without(state, fact.episode), "taken": taken})
    return state


def _without(state: Facility, episode: str) -> tuple[Hold, ...]:
    return tuple(hold for hold in state.holds if hold.episode != episode)


def deadlines(state: Facility) -> Iterable[Deadline]:
    """Every hold ends, whatever has become of the episode it was for."""
    return (Deadline(HOLD_ENDS, hold.episode, hold.until) for hold in state.holds)


def facility_in(world: World, facility: str) -> Facility:
    found: Facility | None = world[facility]
    return found or Facility()


def count(message: Message, world: World, roster: Roster, now: datetime) -> Decided:
    """The facility counted. A count that is older than the one we have, or the same again, is no news."""
    data, known = message.data, facility_in(world, message.subject)
    listed = roster.facility(message.subject)
    if listed is None or data.beds not in listed.beds:
        return Refused((UNKNOWN_FACILITY,))
    if message.actor.id not in roster.on_duty(listed.desk):
        return Refused((NOT_THE_DESK,))
    if data.counted_at > now:
        return Refused((FUTURE,))
    before = known.counts.get(data.beds)
    if before and (data.counted_at <= before.counted_at):
        return ()
    held = sum(hold.beds == data.beds for hold in known.holds)
    said = BedsCounted(beds=data.beds, free=data.free, counted_at=data.counted_at, by=message.actor.id, short=max(0, held - data.free))
    return ((message.subject, said),)
