"""A service in two processes: what is read apart, and the rest. Together they read everything once, and one of them sweeps."""

from contracts.catalogue import CRISIS_INTAKE
from infra.runtime import Limits, Runtime
from infra.settings import Reads
from services.crisis_routing.app import APP as CRISIS
from services.intake.app import APP as INTAKE
from tests.runtime.accounts import SERVICE, Bench

APART = {"urgent": ("urgent-events",)}


def half(reads: Reads, sweeps: str = "") -> Runtime:
    return Runtime(SERVICE, Bench().settler, ["other-events"], Limits(lanes=1, reads=reads), APART, sweeps)


def groups(runtime: Runtime) -> list[str]:
    return [stream.group for stream, _ in runtime.subscriptions]


async def test_two_halves_read_what_one_process_reads_and_nothing_twice() -> None:
    whole, apart, rest = (groups(half(reads)) for reads in ("everything", "apart", "rest"))
    assert sorted(whole) == sorted([*apart, *rest]) and not {*apart} & {*rest}
    assert apart == [f"{SERVICE.name}.urgent"]


async def test_deadlines_are_swept_by_one_half() -> None:
    for sweeps, swept in (("", "rest"), ("urgent", "apart")):
        sweeping = {reads for reads in ("apart", "rest") if half(reads, sweeps).sweeping}
        assert sweeping == {swept}
        assert half("everything", sweeps).sweeping


async def test_a_contact_and_whoever_looks_for_a_team_stand_behind_nothing_routine() -> None:
    door, routing = (
        Runtime(app.service, Bench().settler, app.topics, Limits(lanes=1, reads="apart"), app.streams, app.sweeps)
        for app in (INTAKE, CRISIS)
    )
    assert [stream.pattern for stream, _ in door.subscriptions] == ["^partner-in-crisis-[a-z0-9-]+$"]
    assert [stream.topics for stream, _ in routing.subscriptions] == [(CRISIS_INTAKE,)] and routing.sweeping
