"""What must be done outside: once in effect, whoever dies, and no lane waits for another."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from contracts.kernel import Change, Command, Deadline, DeadlinePassed, Decision, Errand, Event, Fact, Message, Route, State
from contracts.upkeep import Origin
from infra.clock import ManualClock
from infra.errands import ErrandLoop
from infra.service import Item, Service
from infra.settle import Settler
from infra.store import Aggregate, Changes
from infra.store.memory import MemoryStore, Tables
from infra.telemetry import Meters
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from tests.runtime.accounts import START, Log, Seen


class Ask(Command):
    type: ClassVar = "ask"
    lane: str


class Begin(Event):
    claim: str
    until: datetime


class End(Event):
    claim: str


class JobAsked(Change):
    type: ClassVar = "job.asked.v1"
    lane: str
    at: datetime


class JobBegun(Change):
    type: ClassVar = "job.begun.v1"
    claim: str
    until: datetime


class JobDone(Change):
    type: ClassVar = "job.done.v1"


class JobLost(Change):
    type: ClassVar = "job.lost.v1"


class Job(State):
    lane: str
    at: datetime
    status: str = "asked"
    claim: str = ""
    until: datetime | None = None


def decide(message: Message, world: Any, now: datetime) -> Decision:
    state: Job | None = world[message.subject]
    match message.data:
        case Ask(lane=lane):
            return [Fact(message.subject, JobAsked(lane=lane, at=now))]
        case Begin(claim=claim, until=until) if state and state.status == "asked":
            return [Fact(message.subject, JobBegun(claim=claim, until=until))]
        case End(claim=claim) if state and state.claim == claim and state.status == "begun":
            return [Fact(message.subject, JobDone())]
        case DeadlinePassed(about=about) if state and state.claim == about and state.status == "begun":
            return [Fact(message.subject, JobLost())]
    return []


def evolve(state: Job | None, fact: Change) -> Job | None:
    match fact:
        case JobAsked():
            return Job(lane=fact.lane, at=fact.at)
        case JobBegun() if state:
            return state.model_copy(update={"status": "begun", "claim": fact.claim, "until": fact.until})
        case JobDone() if state:
            return state.model_copy(update={"status": "done"})
        case JobLost() if state:
            return state.model_copy(update={"status": "asked"})
    return state


def deadlines(state: Job) -> Iterable[Deadline]:
    return [Deadline("lost", state.claim, state.until)] if state.status == "begun" and state.until else []


SERVICE = Service(
    name="jobs", topic="job-events", states={"job": Job}, route=lambda message, blind: Route((message.subject,)), decide=decide,
    evolve=evolve, deadlines=deadlines, errand=lambda state: Errand(state.lane, state.at) if state.status == "asked" else None,
    commands={Ask.type: Ask}, says={kind.type: kind for kind in (JobAsked, JobBegun, JobDone, JobLost)},
)  # fmt: skip


class Outside:
    """Does what it is told; lanes in `hung` never end, subjects in `broken` raise."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.looks_at: tuple[str, ...] = ()
        self.seen: dict[str, frozenset[str]] = {}
        self.hung: set[str] = set()
        self.broken: set[str] = set()
        self.slow: dict[str, asyncio.Event] = {}
        self.most: dict[str, int] = {}
        self.now: dict[str, int] = {}

    def begin(self, subject: str, state: Any, token: str, until: datetime) -> Event | None:
        return Begin(claim=token, until=until) if state.status == "asked" else None

    def begun(self, state: Any, token: str) -> bool:
        return state.status == "begun" and state.claim == token

    def beside(self, state: Any) -> Collection[str]:
        return self.looks_at

    async def perform(self, subject: str, state: Any, beside: Mapping[str, Aggregate]) -> Event:
        self.seen[subject] = frozenset(beside)
        self.now[state.lane] = self.now.get(state.lane, 0) + 1
        self.most[state.lane] = max(self.most.get(state.lane, 0), self.now[state.lane])
        if state.lane in self.hung:
            await asyncio.Event().wait()
        if subject in self.slow:
            await self.slow[subject].wait()
        await asyncio.sleep(0)
        self.now[state.lane] -= 1
        if subject in self.broken:
            raise ValueError(subject)
        self.done.append(subject)
        return End(claim=state.claim)


class Process:
    """One process on shared tables."""

    def __init__(self, tables: Tables, clock: ManualClock, outside: Outside) -> None:
        self.store, self.clock = MemoryStore(tables), clock
        vault = MemoryVault(LocalWrapper(bytes(32)), clock)
        self.settler = Settler(SERVICE, self.store, Log(), vault, clock, Seen(), "/test/jobs")
        self.parts = set(range(24))
        self.loop = ErrandLoop(self.settler, outside, clock, self.owned, {"a": 4, "b": 2}, Meters("jobs"))

    async def owned(self) -> set[int]:
        return self.parts

    async def ask(self, *jobs: tuple[str, str]) -> None:
        items = [
            Item("command", Message(f"ask-{name}", Ask(lane=lane), name, "http:jobs", fingerprint="f"), Origin(topic="x"), f"ask-{name}")
            for name, lane in jobs
        ]
        await self.settler.settle(items)

    async def rounds(self, count: int = 12) -> None:
        for _ in range(count):
            await self.loop.sweep()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def status(self, name: str) -> str:
        row = (await self.store.load([name]))[name]
        assert row.state
        return Job.model_validate_json(row.state).status


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def one(clock: ManualClock, outside: Outside) -> Process:
    return Process(Tables(), clock, outside)


def jobs(count: int, lane: str = "a x", first: int = 0) -> Sequence[tuple[str, str]]:
    return [(f"job/{first + n}", lane) for n in range(count)]


async def test_what_is_asked_is_done_once_and_told(one: Process, outside: Outside) -> None:
    await one.ask(*jobs(9))
    await one.rounds(40)
    assert sorted(outside.done) == sorted(name for name, _ in jobs(9))
    assert {await one.status(name) for name, _ in jobs(9)} == {"done"}


async def test_what_has_ended_and_what_begins_are_one_transaction(one: Process, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = list[list[str]]()

    async def committing(changes: Changes) -> None:
        commits.append(sorted(fact.attributes["type"] for fact in changes.facts))
        await commit(changes)

    await one.ask(*jobs(3), *jobs(1, "a y", 3))
    commit = one.store.commit
    monkeypatch.setattr(one.store, "commit", committing)
    await one.rounds(2)
    assert commits == [[JobBegun.type] * 3, [JobDone.type] * 3]
    await one.rounds(1)
    await one.ask(*jobs(1, "a x", 4))
    assert commits[2:] == [[JobBegun.type], [JobAsked.type]]
    await one.rounds(1)
    assert commits[4:] == [[JobBegun.type, JobDone.type]]


async def test_what_it_looks_at_is_read_with_its_claim(one: Process, outside: Outside) -> None:
    outside.looks_at = ("job/7", "job/never-born")
    await one.ask(("job/7", "a hung"), ("job/1", "a x"))
    await one.rounds()
    assert outside.seen["job/1"] == {"job/7"}


async def test_a_lane_that_hangs_holds_up_no_other(one: Process, outside: Outside) -> None:
    outside.hung.add("a hung")
    await one.ask(*jobs(50, "a hung"), *jobs(10, "a fine", 50))
    await one.rounds(60)
    assert len(outside.done) == 10 and outside.most["a hung"] == 2


async def test_a_pool_that_is_full_of_hung_lanes_holds_up_no_other_pool(one: Process, outside: Outside) -> None:
    outside.hung |= {f"a hung-{n}" for n in range(9)}
    await one.ask(*((f"job/{n}", f"a hung-{n}") for n in range(9)), *jobs(5, "b fine", 50))
    await one.rounds(40)
    assert sorted(outside.done) == sorted(name for name, _ in jobs(5, "b fine", 50))
    assert sum(outside.now[f"a hung-{n}"] for n in range(9) if f"a hung-{n}" in outside.now) == 4


async def test_what_presses_most_is_begun_first_however_much_else_waits(
    one: Process, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.errands.CLAIMED_TOGETHER", 2)
    await one.ask(*jobs(20, "b routine"), *jobs(2, "a crisis", 50))
    await one.rounds(1)
    assert sorted(outside.seen) == ["job/50", "job/51"]


async def test_of_two_processes_one_does_it(one: Process, clock: ManualClock, outside: Outside) -> None:
    other = Process(one.store.tables, clock, outside)
    await one.ask(*jobs(20))
    for _ in range(60):
        await asyncio.gather(one.loop.sweep(), other.loop.sweep())
        await asyncio.sleep(0)
    assert sorted(outside.done) == sorted(name for name, _ in jobs(20))


async def test_a_claim_whose_holder_died_runs_out_and_it_is_done_by_another(one: Process, clock: ManualClock, outside: Outside) -> None:
    outside.hung.add("a x")
    await one.ask(*jobs(1))
    await one.rounds()
    assert await one.status("job/0") == "begun"
    outside.hung.clear()
    clock.advance(timedelta(seconds=46))
    other = Process(one.store.tables, clock, outside)
    row = (await other.store.load(["job/0"]))["job/0"]
    passed = DeadlinePassed(name="lost", about=Job.model_validate_json(row.state or b"").claim, at=row.due_at or START)
    (deadline,) = deadlines(Job.model_validate_json(row.state or b""))
    item = Item("deadline", Message("d", passed.model_copy(update={"at": deadline.at}), "job/0", "clock"), Origin(topic="clock"))
    await other.settler.settle([item])
    await other.rounds()
    assert outside.done == ["job/0"] and await other.status("job/0") == "done"


async def test_an_errand_that_raises_keeps_its_claim_and_frees_its_place(one: Process, outside: Outside) -> None:
    outside.broken |= {"job/0", "job/1", "job/2"}
    await one.ask(*jobs(5))
    await one.rounds(40)
    assert await one.status("job/0") == "begun" and sorted(outside.done) == ["job/3", "job/4"]


async def test_what_is_done_is_told_when_the_database_is_back(one: Process, outside: Outside) -> None:
    await one.ask(*jobs(1))
    await one.loop.sweep()
    settle, failing = one.settler.settle, 3

    async def away(items: Any, *rest: Any) -> Any:
        nonlocal failing
        if failing:
            failing -= 1
            raise OSError
        return await settle(items, *rest)

    one.settler.settle = away  # type: ignore[method-assign]
    await asyncio.sleep(0.01)
    for _ in range(3):
        with pytest.raises(OSError):
            await one.loop.sweep()
    await one.rounds(3)
    assert outside.done == ["job/0"] and await one.status("job/0") == "done"


async def test_what_moves_to_another_lane_does_not_wait_for_a_place_in_the_old_one(one: Process, outside: Outside) -> None:
    outside.hung.add("a hung")
    await one.ask(*jobs(3, "a hung"))
    await one.rounds()
    assert await one.status("job/2") == "asked"
    moved = Item("errand", Message("move", Ask(lane="a fine"), "job/2", "errand"), Origin(topic="errand"))
    await one.settler.settle([moved])
    await one.rounds()
    assert outside.done == ["job/2"]


async def test_what_takes_long_is_told_although_others_were_settled_meanwhile(one: Process, outside: Outside) -> None:
    outside.slow["job/0"] = asyncio.Event()
    await one.ask(*jobs(1, "a slow"), *jobs(5, "a fine", 1))
    await one.rounds(20)
    assert len(outside.done) == 5
    outside.slow["job/0"].set()
    await one.rounds()
    assert await one.status("job/0") == "done"


async def test_partitions_that_are_gone_are_left_alone(one: Process, outside: Outside) -> None:
    one.parts = set()
    await one.ask(*jobs(5))
    await one.rounds()
    assert outside.done == []


async def test_a_stop_waits_for_what_is_under_way_and_tells_it(one: Process, outside: Outside) -> None:
    await one.ask(*jobs(1))
    await one.loop.sweep()
    await one.loop.stop(1.0)
    assert await one.status("job/0") == "done"
