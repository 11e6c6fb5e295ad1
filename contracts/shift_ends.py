"""How a service whose items are handed over when a shift ends keeps the ends that are to come: `shifts/network`.

An end is followed in parts, so that somebody who has much holds up nobody: each part is one decision, which asks the next shift of as
many items as a route's share has.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from contracts.kernel import SHARE_MAX, Change, Deadline, DeadlinePassed, Fact, Route, Share, State
from contracts.rosters import RosterShifted, Shift

SHIFTS, SHIFT_ENDED = "shifts/network", "shift-ended"


class ShiftsListed(Change):
    """Whose shifts are to end, in the order of their ends, as notification's roster says. It replaces the list before it."""

    type: ClassVar = "shifts.listed.v1"
    shifts: tuple[Shift, ...]


class ShiftFollowed(Change):
    """A shift has ended, and what its person answered for was asked of the next: as far as `after`; all of it where that is None."""

    type: ClassVar = "shifts.followed.v1"
    role: str
    person: str
    ended_at: AwareDatetime
    after: str | None = None


class Shifts(State):
    """The first is the one that ends next, or is being followed, as far as `after`."""

    shifts: tuple[Shift, ...] = ()
    after: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether whoever has the first of them keeps the duty by another one."""
        first = self.shifts[0]
        return any(
            (one.role, one.person) == (first.role, first.person) and one.starts_at <= first.ends_at < one.ends_at for one in self.shifts[1:]
        )


def listed(known: Shifts | None, said: RosterShifted, now: datetime) -> Sequence[Fact]:
    """What ends from now on; what ended and was not followed yet is not forgotten. The same again is no fact."""
    before = known or Shifts()
    left = tuple(one for one in before.shifts if one.ends_at <= now)
    to_come = sorted({one for one in said.shifts if one.ends_at > now}, key=lambda one: (one.ends_at, one.role, one.person, one.starts_at))
    shifts = (*left, *to_come)
    return () if shifts == before.shifts else (Fact(SHIFTS, ShiftsListed(shifts=shifts)),)


def route(passed: DeadlinePassed, *references: str) -> Route:
    """What whoever leaves has, from where the last part ended."""
    _, person, after = passed.about.split(",")
    return Route((SHIFTS,), references=references, share=Share(person, after))


def followed(known: Shifts, share: Sequence[str]) -> Fact:
    """This part of the first one's end is done: where the next begins, if there may be more."""
    first = known.shifts[0]
    after = share[-1] if len(share) == SHARE_MAX and not known.goes_on else None
    return Fact(SHIFTS, ShiftFollowed(role=first.role, person=first.person, ended_at=first.ends_at, after=after))


def evolve(state: Shifts | None, fact: Change) -> Shifts | None:
    match fact:
        case ShiftsListed():
            known = state or Shifts()
            return known.model_copy(update={"shifts": fact.shifts, "after": known.after if fact.shifts[:1] == known.shifts[:1] else ""})
        case ShiftFollowed() if state and fact.after is not None:
            return state.model_copy(update={"after": fact.after})
        case ShiftFollowed() if state:
            return state.model_copy(update={"shifts": state.shifts[1:], "after": ""})
    return state


def deadlines(state: Shifts) -> Iterator[Deadline]:
    """The next end."""
    for first in state.shifts[:1]:
        yield Deadline(SHIFT_ENDED, ",".join((first.role, first.person, state.after)), first.ends_at)


EVENTS = (ShiftsListed, ShiftFollowed)
