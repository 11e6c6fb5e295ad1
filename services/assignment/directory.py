"""The network's directory: programs, and who is on duty behind which role or desk. Decisions on placements only read it."""

from collections import Counter
from collections.abc import Sequence

from contracts.assignment import DirectoryListed, Program
from contracts.kernel import Change, Decision, Fact, Reason, Refused, State, derived
from services.assignment.commands import ListDirectory

DIRECTORY = "directory/network"
TWICE = Reason("TL-5201", "/programs", "name every program once")


class Directory(State):
    """What the last list said."""

    programs: tuple[Program, ...] = ()
    staff: dict[str, tuple[str, ...]] = {}

    def on_duty(self, role: str) -> tuple[str, ...]:
        """People behind a role or desk now."""
        return self.staff.get(role, ())

    def person_for(self, role: str, item: str) -> str | None:
        """Who of those on duty answers for an item.

        The highest hash wins, so that a person who comes or goes moves only what is theirs. Caseloads are not known yet.
        """
        return max(self.on_duty(role), key=lambda person: derived(item, person), default=None)

    def roles_of(self, person: str) -> tuple[str, ...]:
        """Roles and desks this person is on duty for."""
        return tuple(sorted(role for role, people in self.staff.items() if person in people))

    def program(self, name: str) -> Program | None:
        return next((program for program in self.programs if program.id == name), None)


def listed(before: Directory | None, list_now: ListDirectory) -> Decision:
    """The list takes the place of the one before it. One that changes nothing is no fact."""
    if names_twice(list_now.programs):
        return Refused((TWICE,))
    if before and (before.programs, before.staff) == (list_now.programs, list_now.staff):
        return ()
    return [Fact(DIRECTORY, DirectoryListed(programs=list_now.programs, staff=list_now.staff))]


def names_twice(programs: Sequence[Program]) -> bool:
    return max(Counter(program.id for program in programs).values(), default=1) > 1


def evolve(state: Directory | None, fact: Change) -> Directory | None:
    """What the directory becomes."""
    if not isinstance(fact, DirectoryListed):
        return state
    return (state or Directory()).model_copy(update={"programs": fact.programs, "staff": fact.staff})
