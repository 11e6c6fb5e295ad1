"""The network's directory: programs, and who is on duty behind which role or desk. Decisions on placements only read it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime

from contracts.absences import AbsencesListed
from contracts.directory import Desk, DirectoryListed, Program
from contracts.kernel import Change, Decision, Fact, Reason, Refused, State, derived
from services.assignment import rules
from services.assignment.commands import ListDirectory

DIRECTORY = "directory/network"
TWICE = Reason("TL-5201", "/programs", "name every program and desk once")
NO_HOURS = Reason("TL-5204", "/desks", "write opening hours, zone and holidays as `throughline network check` has them")


class Directory(State):
    """What the last list said."""

    programs: tuple[Program, ...] = ()
    staff: dict[str, tuple[str, ...]] = {}
    desks: tuple[Desk, ...] = ()
    caseloads: dict[str, int] = {}
    people: dict[str, str] = {}
    away: dict[str, AwareDatetime] = {}
    """Until when, of whoever is away: nothing new is given to them."""

    def on_duty(self, role: str) -> tuple[str, ...]:
        """People behind a role or desk now."""
        return self.staff.get(role, ())

    def there(self, who: str, now: datetime) -> tuple[str, ...]:
        """Those of a role or desk, or the person named, who are not away."""
        return tuple(person for person in self.staff.get(who, (who,)) if person not in self.away or self.away[person] <= now)

    def ranked(self, role: str, item: str, now: datetime) -> tuple[str, ...]:
        """Those on duty who are there, in the order in which they would answer for an item.

        The highest hash wins, so that a person who comes or goes moves only what is theirs.
        """
        return tuple(sorted(self.there(role, now) if role in self.staff else (), key=lambda person: derived(item, person), reverse=True))

    def roles_of(self, person: str) -> tuple[str, ...]:
        """Roles and desks this person is on duty for."""
        return tuple(sorted(role for role, people in self.staff.items() if person in people))

    def desk(self, name: str) -> Desk | None:
        return next((desk for desk in self.desks if desk.id == name), None)

    def program(self, name: str) -> Program | None:
        return next((program for program in self.programs if program.id == name), None)


def listed(before: Directory | None, list_now: ListDirectory) -> Decision:
    """The list takes the place of the one before it. One that changes nothing is no fact."""
    if names_twice(list_now.programs) or names_twice(list_now.desks):
        return Refused((TWICE,))
    if not all(rules.makes_sense(desk) for desk in list_now.desks):
        return Refused((NO_HOURS,))
    said = DirectoryListed(**{name: getattr(list_now, name) for name in ListDirectory.model_fields})
    return () if before and before == evolve(before, said) else [Fact(DIRECTORY, said)]


def names_twice(named: Sequence[Program] | Sequence[Desk]) -> bool:
    return max(Counter(one.id for one in named).values(), default=1) > 1


def evolve(state: Directory | None, fact: Change) -> Directory | None:
    """What the directory becomes."""
    match fact:
        case DirectoryListed():
            return (state or Directory()).model_copy(update={name: getattr(fact, name) for name in ListDirectory.model_fields})
        case AbsencesListed():
            return (state or Directory()).model_copy(update={"away": fact.away})
    return state
