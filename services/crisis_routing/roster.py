"""The roster: which teams and facilities there are, what they can do and where, and who is on duty. Decisions only read it."""

from collections import Counter
from collections.abc import Iterable

from contracts.crisis_beds import BedKind, CrisisFacility
from contracts.crisis_dispatch import MobileTeam, Setting
from contracts.crisis_routing import CrisisRosterListed
from contracts.kernel import Change, Decision, Fact, Reason, Refused, State, derived
from services.crisis_routing.commands import ListRoster

ROSTER = "crisis-roster/network"
TWICE = Reason("TL-5401", "", "name every team and every facility once")


class Roster(State):
    """What the last list said."""

    teams: tuple[MobileTeam, ...] = ()
    facilities: tuple[CrisisFacility, ...] = ()
    areas: dict[str, Setting] = {}
    staff: dict[str, tuple[str, ...]] = {}

    def on_duty(self, role: str) -> tuple[str, ...]:
        """People behind a role or desk now."""
        return self.staff.get(role, ())

    def roles_of(self, person: str) -> tuple[str, ...]:
        """Roles and desks this person is on duty for."""
        return tuple(sorted(role for role, people in self.staff.items() if person in people))

    def team(self, name: str) -> MobileTeam | None:
        return next((team for team in self.teams if team.id == name), None)

    def facility(self, name: str) -> CrisisFacility | None:
        return next((facility for facility in self.facilities if facility.id == name), None)

    def teams_for(self, episode: str, area: str | None, needs: Iterable[str], last: Iterable[str] = ()) -> tuple[str, ...]:
        """Teams that go there, those first that can do most of what is needed; `last` were asked before.

        A skill that is missing ranks a team lower and never out: somebody who can come is better than nobody. Equals share the work.
        All of them: where twenty are out, the twenty-first must not stay at home.
        """
        wanted, asked = set(needs), tuple(last)
        fitting = [team for team in self.teams if area is None or area in team.areas]
        fitting.sort(key=lambda team: (team.id in asked, len(wanted - set(team.skills)), derived(episode, team.id)))
        return tuple(team.id for team in fitting)

    def facilities_for(self, episode: str, area: str | None, beds: BedKind, last: Iterable[str] = ()) -> tuple[str, ...]:
        """Facilities with such beds, those of the area first; `last` were asked before."""
        asked = tuple(last)
        fitting = [one for one in self.facilities if beds in one.beds]
        fitting.sort(key=lambda one: (one.id in asked, area not in one.areas, derived(episode, one.id)))
        return tuple(one.id for one in fitting)


def listed(before: Roster | None, now: ListRoster) -> Decision:
    """The list takes the place of the one before it. One that changes nothing is no fact."""
    counts = Counter([*(team.id for team in now.teams), *(facility.id for facility in now.facilities)])
    if max(counts.values(), default=1) > 1:
        return Refused((TWICE,))
    said = {name: getattr(now, name) for name in Roster.model_fields}
    if before and all(getattr(before, name) == value for name, value in said.items()):
        return ()
    return [Fact(ROSTER, CrisisRosterListed(**said))]


def evolve(state: Roster | None, fact: Change) -> Roster | None:
    """What the roster becomes."""
    if not isinstance(fact, CrisisRosterListed):
        return state
    return (state or Roster()).model_copy(update={name: getattr(fact, name) for name in Roster.model_fields})
