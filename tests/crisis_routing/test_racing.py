"""Never two for one team or one bed: several instances on one store, interleaved at every await, some killed inside a transaction."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import orjson
import pytest

from contracts.catalogue import CRISIS_INTAKE
from contracts.kernel import Command
from infra.audit import findings
from infra.clock import ManualClock
from infra.service import Outcome
from infra.store import FactRow
from infra.store.memory import Tables
from services.crisis_routing.app import SERVICE
from services.crisis_routing.beds import Facility
from services.crisis_routing.commands import (
    AcceptPerson,
    ConfirmArrival,
    ConfirmTeam,
    CountBeds,
    DeclineTeam,
    RecordDisposition,
    ReportFieldStatus,
    SeekBed,
    SeekTeam,
)  # fmt: skip
from services.crisis_routing.roster import ROSTER
from tests.crisis_routing.bookings import double_booked, overbooked
from tests.crisis_routing.stories import ANA, HARBOR, MEMBER, MERCY, NETWORK, NORTH, OAK, SOUTH, TWO_AT_NIGHT, contact
from tests.instance import Instance

INSTANCES, PEOPLE, TEAMS, BEDS = 3, 30, (NORTH, SOUTH), {HARBOR: 2, MERCY: 1}


class Killed(BaseException):
    """A process dies inside a transaction; what it had locked stays locked until its successor ends its sessions."""


class Racer(Instance):
    """A process that lets others run wherever it waits, and that may die there."""

    def __init__(self, name: int, tables: Tables, clock: ManualClock, dice: random.Random, deaths: float) -> None:
        self.dice, self.deaths, self.killed = dice, deaths, 0
        super().__init__(SERVICE, tables, clock, str(name), self._pause)

    async def _pause(self, point: str) -> None:
        if point == "commit:before" and self.dice.random() < self.deaths:
            raise Killed
        if self.dice.random() < 0.3:
            await asyncio.sleep(0)

    async def does(self, work: Any) -> Any:
        """Some work; who dies in it is followed by a successor who ends its sessions, and tries again."""
        while True:
            try:
                return await work()
            except Killed:
                self.killed += 1
                self.born()


class Race:
    """Instances, a clock, and what they all said."""

    def __init__(self, seed: int, deaths: float) -> None:
        self.dice, self.tables, self.clock = random.Random(seed), Tables(), ManualClock(TWO_AT_NIGHT)
        self.instances = [Racer(name, self.tables, self.clock, self.dice, deaths) for name in range(INSTANCES)]
        self.keys = 0

    def any(self) -> Racer:
        return self.dice.choice(self.instances)

    async def ask(self, command: Command, who: str, subject: str) -> Outcome:
        self.keys += 1
        return await self.any().ask(command, who, subject, f"key-{self.keys}")

    def state(self, subject: str) -> Any:
        return self.instances[0].state(subject)

    def episodes(self) -> dict[str, Any]:
        return {subject: self.state(subject) for subject in self.tables.aggregates if subject.startswith("episode/")}

    def facts(self, subject: str) -> list[FactRow]:
        return sorted(self.tables.of_aggregate.get(subject, ()), key=lambda row: row.sequence)

    def moves(self) -> list[Any]:
        """What somebody may ask of each episode as it stands: everybody at once, several of them twice."""
        found: list[Any] = []
        for subject, state in self.episodes().items():
            if state.status == "proposed":
                answer = ConfirmTeam(team=state.team) if self.dice.random() < 0.7 else DeclineTeam(team=state.team, reason="busy")
                found += [(answer, MEMBER[state.team], subject), (ConfirmTeam(team=state.team), ANA, subject)]
            elif state.status in ("referred", "en-route"):
                said = self.dice.choice(("on-scene", "unable-to-locate", "out-of-area"))
                found.append((ReportFieldStatus(team=state.team, status=said, reported_at=self.clock.now()), ANA, subject))
            elif state.status == "on-scene":
                found.append((RecordDisposition(disposition="crisis-receiving"), ANA, subject))
                if state.team:
                    found.append((ReportFieldStatus(team=state.team, status="cleared", reported_at=self.clock.now()), ANA, subject))
            elif state.status == "placing" and state.waiting_on:
                found += [(AcceptPerson(facility=one.facility), ANA, subject) for one in state.waiting_on]
            elif state.status == "no-facility":
                found.append((SeekBed(), ANA, subject))
            elif state.status == "accepted" and self.dice.random() < 0.3:
                found.append((ConfirmArrival(facility=state.facility, arrived_at=self.clock.now()), ANA, subject))
            elif state.status in ("no-team", "unable-to-locate", "cancelled"):
                found.append((SeekTeam(), ANA, subject))
        return found

    async def run(self, rounds: int = 12) -> None:
        await self.ask(NETWORK, "staff/platform", ROSTER)
        for name, free in BEDS.items():
            await self.ask(CountBeds(beds="crisis-receiving", free=free, counted_at=self.clock.now()), MEMBER[name], name)
        calls = [(f"contact/{n}", contact(person=f"person/{n % 20}", record=f"record/{n % 20}", area=OAK)) for n in range(PEOPLE)]
        often = [call for call in calls for _ in range(1 + (self.dice.random() < 0.3))]
        await asyncio.gather(*(self.any().hear(CRISIS_INTAKE, subject, 1, data) for subject, data in often))
        for _ in range(rounds):
            await asyncio.gather(*(instance.sweep() for instance in self.instances))
            await asyncio.gather(*(self.ask(*move) for move in self.moves()))
            self.clock.advance(timedelta(seconds=self.dice.choice((0, 1, 90, 400, 2_000))))
        for _ in range(4):
            await asyncio.gather(*(instance.sweep() for instance in self.instances))


@pytest.mark.parametrize("seed", range(20))
async def test_no_interleaving_gives_a_team_or_a_bed_to_two(seed: int) -> None:
    race = Race(seed, deaths=0.02 if seed % 2 else 0.0)
    await race.run()
    assert {team: double_booked(race.facts(team)) for team in TEAMS} == {team: [] for team in TEAMS}
    assert {name: overbooked(race.facts(name), beds) for name, beds in BEDS.items()} == {name: [] for name in BEDS}
    assert [failure.error for instance in race.instances for failure in instance.seen.failures] == []
    for subject, row in race.tables.aggregates.items():
        assert findings(SERVICE, row, race.facts(subject)) == []
    who = Counter(state.team for state in race.episodes().values() if state.team)
    assert all(times == 1 for times in who.values()), "no two episodes name the same team"
    for team in TEAMS:
        held = race.state(team)
        assert held is None or held.episode is None or race.episodes()[held.episode].team == team
    assert len(race.episodes()) >= 20, "one crisis a person, however often they call"


async def test_the_races_are_real_and_nothing_stays_held_when_everybody_goes_home() -> None:
    conflicts = killed = 0
    for seed in range(100, 106):
        race = Race(seed, deaths=0.03)
        await race.run(rounds=8)
        conflicts += sum(instance.seen.retries.count("conflict") for instance in race.instances)
        killed += sum(instance.killed for instance in race.instances)
        for _ in range(30):
            race.clock.advance(timedelta(minutes=10))
            await asyncio.gather(*(instance.sweep() for instance in race.instances))
        for name in BEDS:
            facility = race.state(name) or Facility()
            holders = [race.episodes()[hold.episode] for hold in facility.holds]
            assert all(hold.until > race.clock.now() - timedelta(minutes=1) for hold in facility.holds), "a hold outlived its clock"
            assert all(name in (state.facility, *(one.facility for one in state.waiting_on)) for state in holders), "a stranded hold"
    assert conflicts > 20 and killed > 5


def test_a_second_taker_would_be_seen() -> None:
    def row(sequence: int, kind: str, episode: str) -> FactRow:
        data = orjson.dumps({"episode": episode})
        return FactRow(f"x/{sequence}", "team/x", "t", sequence, "k", 0, {"type": kind}, data, TWO_AT_NIGHT)

    assert double_booked([row(1, "team.held.v1", "a"), row(2, "team.held.v1", "b")]) == ["a and b"]
    assert double_booked([row(1, "team.held.v1", "a"), row(2, "team.freed.v1", "b")]) == ["b freed what a had"]
    assert overbooked([row(1, "facility.bed-held.v1", "a"), row(2, "facility.bed-held.v1", "b")], 1) == [1]
