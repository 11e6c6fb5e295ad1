"""A crisis in a few words: what was heard, asked and passed, and the facts that followed, as the runtime would have it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.assignment import PlacementAccepted
from contracts.crisis_beds import CrisisFacility
from contracts.crisis_dispatch import MobileTeam
from contracts.crisis_intake import ContactAmended, ContactReceived
from contracts.kernel import Actor, Change, Command, DeadlinePassed, Event, Message, Next, kind_of
from services.crisis_routing import domain
from services.crisis_routing.beds import Facility
from services.crisis_routing.commands import (
    AcceptPerson,
    ConfirmArrival,
    ConfirmTeam,
    CountBeds,
    ListRoster,
    NameFollowUp,
    RecordDisposition,
    ReportFieldStatus,
)  # fmt: skip
from services.crisis_routing.episode import CRISIS_DESK, Episode
from services.crisis_routing.roster import ROSTER
from services.crisis_routing.teams import Team
from tests.deciding import Deciding

TWO_AT_NIGHT = datetime(2026, 7, 4, 2, 0, tzinfo=UTC)
"""A Saturday and a holiday: crisis clocks do not care."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ANA, BEN, CARL, DORA, EVE, FAY, GUS, NOBODY = (f"staff/{name}" for name in ("ana", "ben", "carl", "dora", "eve", "fay", "gus", "nobody"))
OAK, ELM = "oak-county", "elm-county"
NORTH, SOUTH, FAR = "team/north", "team/south", "team/far"
HARBOR, MERCY, VALLEY, RIDGE = "facility/harbor", "facility/mercy", "facility/valley", "facility/ridge"
PERSON, RECORD, CONTACT, EPISODE = "person/p1", "record/r1", "contact/c1", "episode/c1"


def blind(*parts: str) -> str:
    return "blind:" + "/".join(parts)


def desk(name: str) -> str:
    return f"desk/{name.partition('/')[2]}"


def team(name: str, *areas: str, skills: Sequence[str] = ()) -> MobileTeam:
    return MobileTeam(id=name, name=name, desk=desk(name), areas=areas, skills=tuple(skills))


def facility(name: str, *areas: str) -> CrisisFacility:
    return CrisisFacility(id=name, name=name, desk=desk(name), beds=("crisis-receiving", "inpatient"), areas=areas)


NETWORK = ListRoster(
    teams=(team(NORTH, OAK, skills=("youth",)), team(SOUTH, OAK), team(FAR, ELM)),
    facilities=(facility(HARBOR, OAK), facility(MERCY, OAK), facility(VALLEY, OAK), facility(RIDGE, ELM)),
    areas={OAK: "urban", ELM: "rural"},
    staff={
        CRISIS_DESK: (ANA, BEN), "role/crisis-night": (CARL,), desk(NORTH): (DORA,), desk(SOUTH): (EVE,), desk(FAR): (EVE,),
        desk(HARBOR): (FAY,), desk(MERCY): (GUS,), desk(VALLEY): (GUS,), desk(RIDGE): (GUS,),
    },
)  # fmt: skip
MEMBER = {NORTH: DORA, SOUTH: EVE, FAR: EVE, HARBOR: FAY, MERCY: GUS, VALLEY: GUS, RIDGE: GUS}
"""Who answers for a team or a facility."""


def contact(**told: Any) -> ContactReceived:
    known = {
        "record": RECORD, "partner": "example-line", "reference": "EX-1", "source": "crisis-line", "channel": "phone", "person": PERSON,
        "contacted_at": TWO_AT_NIGHT, "provisional": False, "relation": "family", "area": OAK, "danger": "high",
    }  # fmt: skip
    return ContactReceived(**(known | told))


def amended(**told: Any) -> ContactAmended:
    known = {"record": RECORD, "person": PERSON, "contacted_at": TWO_AT_NIGHT, "amended_at": TWO_AT_NIGHT + MINUTE}
    return ContactAmended(**(known | told))


@dataclass
class Story(Deciding):
    """Episodes, teams, facilities, and the deadlines that fired."""

    domain = domain
    blind = staticmethod(blind)
    now: datetime = TWO_AT_NIGHT
    spent: set[tuple[str, str]] = field(default_factory=set)

    @property
    def episode(self) -> Episode:
        return self.states[EPISODE]

    @property
    def next(self) -> Next:
        """Who owes what, as the last fact of the episode says."""
        said = [fact.data for fact in self.facts if fact.subject == EPISODE][-1]
        assert isinstance(said, Change) and said.next
        return said.next

    def team(self, name: str) -> Team:
        return self.states.get(name) or Team()

    def facility(self, name: str) -> Facility:
        return self.states.get(name) or Facility()

    def told(self, kind: type[Event]) -> list[Any]:
        return [fact.data for fact in self.facts if type(fact.data) is kind]

    def hears(self, event: Event, subject: str = CONTACT) -> list[Change]:
        """Heard, and whatever follows in the same breath."""
        return [*self._take(event, subject, Actor()), *self.breath()]

    def asks(self, command: Command, who: str, subject: str = EPISODE) -> list[Change]:
        return [*self._take(command, subject, Actor("user", who)), *self.breath()]

    def accepted(self, placement: str, program: str) -> list[Change]:
        return self.hears(PlacementAccepted(program=program, by=NOBODY, released=()), placement)

    def breath(self) -> list[Change]:
        """Deadlines of this very instant."""
        return self.passes(timedelta())

    def passes(self, time: timedelta) -> list[Change]:
        """Time goes by; every deadline that comes is decided at its instant, and none fires twice."""
        until, said = self.now + time, list[Change]()
        for _ in range(10_000):
            due = [(subject, one) for subject, one in self.deadlines() if one.at <= until and (subject, one.id) not in self.spent]
            if not due:
                break
            subject, first = min(due, key=lambda pair: pair[1].at)
            self.now = max(self.now, first.at)
            said += self._take(DeadlinePassed(name=first.name, about=first.about, at=first.at), subject, Actor())
            standing = {(of, one.id) for of, one in self.deadlines()}
            self.spent = {*self.spent, (subject, first.id)} & standing
        self.now = until
        return said

    def deadlines(self) -> list[tuple[str, Any]]:
        return [(subject, one) for subject, state in self.states.items() if state is not None for one in domain.deadlines(state)]

    def _take(self, data: Any, subject: str, actor: Actor) -> list[Change]:
        self.turns += 1
        message = Message(f"message-{self.turns}", data, subject, at=self.now, actor=actor)
        said = self.decides(message)
        if said and self.kept:
            waiting, self.kept = self.kept, []
            said += [fact for earlier in waiting for fact in self.decides(earlier)]
        return said


def story(*contacts: Event, network: ListRoster = NETWORK, beds: dict[str, int] | None = None) -> Story:
    """A network, its counts of beds, and the contacts so far."""
    begun = Story()
    begun.asks(network, "staff/platform", ROSTER)
    for name, free in (beds or {}).items():
        begun.asks(CountBeds(beds="crisis-receiving", free=free, counted_at=TWO_AT_NIGHT), MEMBER[name], name)
    for event in contacts:
        begun.hears(event)
    return begun


def proposed(begun: Story) -> str:
    found = begun.episode.team
    assert found
    return found


def report(begun: Story, status: str, at: datetime | None = None) -> list[Change]:
    """The team's own word."""
    name = begun.episode.team or begun.episode.teams[-1]
    return begun.asks(ReportFieldStatus(team=name, status=status, reported_at=at or begun.now), MEMBER[name])


def on_scene(begun: Story) -> Story:
    """Confirmed by the team's own people, and with the person twenty minutes later."""
    name = proposed(begun)
    begun.asks(ConfirmTeam(team=name), MEMBER[name])
    begun.passes(20 * MINUTE)
    report(begun, "on-scene")
    return begun


def placing(begun: Story, disposition: str = "crisis-receiving") -> Story:
    on_scene(begun).asks(RecordDisposition(disposition=disposition), ANA)
    return begun


def arrived(begun: Story) -> Story:
    """The first facility asked takes the person, who is there half an hour later; the team is free again."""
    first = placing(begun).episode.waiting_on[0].facility
    begun.asks(AcceptPerson(facility=first), MEMBER[first])
    begun.passes(30 * MINUTE)
    begun.asks(ConfirmArrival(facility=first, arrived_at=begun.now), MEMBER[first])
    report(begun, "cleared")
    return begun


def followed_up(begun: Story, consent: str = "agreed") -> Story:
    arrived(begun).asks(NameFollowUp(owner=CARL, consent=consent), ANA)
    return begun


def names(facts: Sequence[Change]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def kinds(begun: Story, kind: str) -> dict[str, Any]:
    return {subject: state for subject, state in begun.states.items() if kind_of(subject) == kind}
