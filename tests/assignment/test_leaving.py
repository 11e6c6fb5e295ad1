"""Whoever leaves, for a while or at the end of a shift: nothing new comes to them, and what they have is asked of others, one by one."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.assignment import HandedOff, HandOffAsked, HandOffUnanswered
from contracts.kernel import SHARE_MAX
from contracts.recipients import RecipientAway
from contracts.rosters import RosterShifted, Shift
from infra.clock import ManualClock
from infra.store.memory import Tables
from services.assignment import commands as asked
from services.assignment.app import SERVICE
from services.assignment.directory import DIRECTORY
from services.assignment.domain import placement_of
from tests.assignment.endings import DEAD
from tests.assignment.stories import BEN, CARL, COORDINATOR, DORA, EVE, LAKESIDE, NETWORK, NINE, RIVERSIDE, desk, received, triaged
from tests.instance import Instance

LEADS = "role/network-lead"
LISTED = NETWORK.model_copy(update={"staff": {**NETWORK.staff, LEADS: (EVE,)}})
HOUR, MOMENT = timedelta(hours=1), timedelta(milliseconds=1)


class House:
    """Assignment as it runs, with whatever number of referrals, and notification's word of who leaves."""

    def __init__(self, network: asked.ListDirectory = LISTED) -> None:
        self.clock, self.tables, self.network = ManualClock(NINE), Tables(), network
        self.one, self.turns = Instance(SERVICE, self.tables, self.clock), 0

    async def opened(self) -> "House":
        await self.asks(self.network, "staff/platform", DIRECTORY)
        return self

    async def hears(self, topic: str, subject: str, data: Any) -> None:
        self.turns += 1
        await self.one.hear(topic, subject, self.turns, data)
        await self.passes(timedelta())

    async def asks(self, command: Any, who: str, subject: str) -> str:
        self.turns += 1
        return (await self.one.ask(command, who, subject, f"asked-{self.turns}")).kind

    async def refers(self, name: str, urgency: str = "urgent") -> str:
        await self.hears("intake-events", f"request/{name}", received())
        await self.hears("intake-events", f"request/{name}", triaged(urgency))
        return self.owner(name)

    async def away(self, who: str, hours: int = 24, backup: str | None = None) -> None:
        said = RecipientAway(until=self.clock.now() + hours * HOUR, backup=backup)
        await self.hears("notification-events", f"recipient/{who}", said)

    async def shifts(self, *shifts: Shift) -> None:
        await self.hears("notification-events", "roster/network", RosterShifted(shifts=shifts))

    async def passes(self, time: timedelta) -> None:
        until = self.clock.now() + time
        while (due := self._due()) and due <= until:
            self.clock.move_to(max(due, self.clock.now()))
            await self.one.sweep()
        self.clock.move_to(until)
        assert [f"{failure.error}: {failure.frames}" for failure in self.one.seen.failures] == []

    def _due(self) -> Any:
        return min((row.due_at for row in self.tables.aggregates.values() if row.due_at), default=None)

    def owner(self, name: str) -> str:
        return self.placement(name).owner

    def placement(self, name: str) -> Any:
        return self.one.state(placement_of(f"request/{name}"))

    def facts(self, kind: type[Any]) -> list[Any]:
        rows = {row.id: row for row in self.one.log.rows if row.attributes["type"] == kind.type}
        return [kind.model_validate_json(row.data) for row in rows.values()]


@pytest.fixture
async def house() -> House:
    return await House().opened()


def shift(who: str, begins: int, ends: int, role: str = COORDINATOR) -> Shift:
    return Shift(role=role, person=who, starts_at=NINE + begins * HOUR, ends_at=NINE + ends * HOUR)


async def all_of(house: House, who: str, many: int, urgency: str = "urgent") -> list[str]:
    """So many referrals of this coordinator."""
    found: list[str] = []
    while len(found) < many:
        name = f"{urgency}-{house.turns}"
        found += [name] if await house.refers(name, urgency) == who else []
    return found


async def test_nothing_new_comes_to_somebody_who_is_away_until_they_are_back(house):
    await house.away(BEN, hours=1)
    assert {await house.refers(f"a{n}") for n in range(12)} == {CARL}
    await house.passes(HOUR)
    assert {await house.refers(f"b{n}") for n in range(12)} == {BEN, CARL}


async def test_where_everybody_is_away_it_stays_with_the_role(house):
    await house.away(DORA)
    await house.asks(asked.AcceptOffer(program=RIVERSIDE), await house.refers("1"), placement_of("request/1"))
    assert house.placement("1").program == RIVERSIDE and house.owner("1") == desk(RIVERSIDE)


async def test_nobody_with_a_limit_is_found_who_is_away():
    house = await House(LISTED.model_copy(update={"caseloads": {BEN: 9, CARL: 9}})).opened()
    await house.away(CARL)
    assert {await house.refers(str(n)) for n in range(6)} == {BEN}


async def test_what_they_have_is_asked_of_their_backup_each_by_itself_and_stays_theirs_until_accepted(house):
    mine = await all_of(house, BEN, 3)
    await house.away(BEN, backup=CARL)
    said = house.facts(HandOffAsked)
    assert [(one.to, one.owner, one.by, one.reason, one.role) for one in said] == [(CARL, BEN, BEN, "leave", COORDINATOR)] * 3
    assert {house.owner(name) for name in mine} == {BEN}
    assert await house.asks(asked.AcceptHandOff(), CARL, placement_of(f"request/{mine[0]}")) == "event"
    assert [house.owner(name) for name in mine] == [CARL, BEN, BEN]


async def test_nobody_answers_and_it_is_told_and_stays_theirs(house):
    (name,) = await all_of(house, BEN, 1)
    await house.away(BEN, hours=72, backup=CARL)
    await house.passes(8 * HOUR)
    (silent,) = house.facts(HandOffUnanswered)
    assert (silent.to, silent.owner, house.owner(name)) == (CARL, BEN, BEN)


@pytest.mark.parametrize(
    ("backup", "others_away", "to"), [(None, (), COORDINATOR), (CARL, (CARL,), LEADS), ("staff/nobody", (), COORDINATOR)]
)
async def test_without_a_backup_who_is_there_their_desk_is_asked_and_without_that_the_network_lead(house, backup, others_away, to):
    await all_of(house, BEN, 1)
    for who in others_away:
        await house.away(who)
    before = len(house.facts(HandOffAsked))
    await house.away(BEN, backup=backup)
    assert [one.to for one in house.facts(HandOffAsked)[before:]] == [to]


async def test_a_backup_whose_caseload_is_full_is_not_asked():
    house = await House(LISTED.model_copy(update={"caseloads": {CARL: 0}})).opened()
    await house.refers("1")
    await house.away(BEN, backup=CARL)
    assert [one.to for one in house.facts(HandOffAsked)] == [COORDINATOR]


async def test_whoever_has_much_is_followed_part_by_part(house):
    mine = await all_of(house, BEN, SHARE_MAX + 3)
    await house.away(BEN, backup=CARL)
    assert len(house.facts(HandOffAsked)) == len(mine)
    await house.away(BEN, hours=48, backup=CARL)
    assert len(house.facts(HandOffAsked)) == len(mine), "what is asked already is not asked again"


async def test_what_is_over_or_of_the_dead_or_handed_on_is_not_asked(house):
    dead, handed, mine = await all_of(house, BEN, 3)
    await house.hears("intake-events", f"request/{dead}", DEAD)
    await house.asks(asked.AskHandOff(to=CARL), BEN, placement_of(f"request/{handed}"))
    await house.asks(asked.AcceptHandOff(), CARL, placement_of(f"request/{handed}"))
    await house.away(BEN, backup=EVE)
    assert [house.placement(name).hand_off is not None for name in (dead, handed, mine)] == [False, False, True]


async def test_whoever_says_that_they_are_back_is_given_new_work_at_once(house):
    await house.away(BEN)
    await house.away(BEN, hours=0)
    assert house.one.state(DIRECTORY).away == {} and BEN in {await house.refers(str(n)) for n in range(12)}
    assert await house.asks(LISTED, "staff/platform", DIRECTORY) == "nothing"


async def test_at_the_end_of_a_shift_what_is_pressing_is_asked_of_the_next_and_nothing_else(house):
    (urgent,) = await all_of(house, BEN, 1)
    (later,) = await all_of(house, BEN, 1, "routine")
    await house.shifts(shift(BEN, 0, 2), shift(CARL, 2, 10))
    await house.passes(2 * HOUR - MOMENT)
    assert house.facts(HandOffAsked) == []
    await house.passes(MOMENT)
    assert [(one.to, one.owner, one.reason) for one in house.facts(HandOffAsked)] == [(COORDINATOR, BEN, "shift-end")]
    assert house.owner(urgent) == BEN and house.placement(later).hand_off is None
    await house.passes(4 * HOUR)
    assert [one.owner for one in house.facts(HandOffUnanswered)] == [BEN]
    assert await house.asks(asked.AcceptHandOff(), CARL, placement_of(f"request/{urgent}")) == "event"
    assert [one.owner for one in house.facts(HandedOff)] == [CARL] and house.owner(urgent) == CARL


async def test_whoever_stays_for_another_shift_hands_nothing_over(house):
    await all_of(house, BEN, 1)
    await house.shifts(shift(BEN, 0, 2), shift(BEN, 2, 4))
    await house.passes(3 * HOUR)
    assert house.facts(HandOffAsked) == []
    await house.passes(HOUR)
    assert len(house.facts(HandOffAsked)) == 1


async def test_a_list_of_shifts_that_comes_late_or_again_asks_once(house):
    await all_of(house, BEN, 1)
    whole = (shift(BEN, 0, 2), shift(CARL, 2, 10), shift(BEN, 0, 2, desk(LAKESIDE)))
    await house.shifts(*whole)
    await house.shifts(*whole)
    await house.passes(2 * HOUR)
    await house.shifts(*whole, shift(BEN, 10, 12))
    await house.passes(HOUR)
    assert len(house.facts(HandOffAsked)) == 1


async def test_by_duty_of_another_role_nothing_is_handed_over(house):
    await all_of(house, BEN, 1)
    await house.shifts(shift(BEN, 0, 2, desk(LAKESIDE)))
    await house.passes(3 * HOUR)
    assert house.facts(HandOffAsked) == []


async def test_a_service_that_was_down_follows_an_end_when_it_is_back(house):
    await all_of(house, BEN, 1)
    await house.shifts(shift(BEN, 0, 2))
    house.clock.advance(5 * HOUR)
    await house.one.hear("notification-events", "roster/network", 99, RosterShifted(shifts=(shift(BEN, 20, 22),)))
    await house.passes(timedelta())
    assert len(house.facts(HandOffAsked)) == 1
