"""What goes wrong, where and how often: each seed enables some kinds of fault, each at a rate of its own."""

import asyncio
from random import Random
from typing import TYPE_CHECKING

from infra.store import Unavailable, Unknown
from tests.simulation.database import Aborted, Applied

if TYPE_CHECKING:
    from tests.simulation.process import Process

RATES = {
    "crash": (0.003, 0.02), "freeze": (0.002, 0.01), "abort": (0.02, 0.15), "unknown": (0.02, 0.15), "unavailable": (0.005, 0.03),
    "slow": (0.005, 0.02), "offsets": (0.05, 0.3), "publishing": (0.05, 0.3),
}  # fmt: skip
"""Kind of fault → how often it strikes at a place where it can, from a seldom to an often one."""
EVENTS = ("kill", "freeze", "join", "leave", "unsettle", "database away", "broker away")
"""What happens at an instant, wherever the processes are."""
NOT_THE_STORE = ("handed", "offsets", "offsets:after", "publish", "acknowledged", "vault")
PUBLISHING = ("not published", "publish's answer lost", "late duplicate")


class Faults:
    """Of one seed."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.rates = {kind: chance.uniform(*span) if chance.random() < 0.6 else 0.0 for kind, span in RATES.items()}
        self.events = [event for event in EVENTS if chance.random() < 0.6]
        self.on = True
        self.crashes_left, self.freezes_left = 3, 3

    def heal(self) -> None:
        self.on = False

    def _strikes(self, kind: str) -> bool:
        rate = self.rates[kind]
        return self.on and rate > 0.0 and self._chance.random() < rate

    async def strike(self, process: "Process", point: str) -> None:
        """At a place where the process waits: it may die or freeze there, and what it waits for may fail."""
        if self.crashes_left and self._strikes("crash"):
            self.crashes_left -= 1
            process.kill()
            await process.reach()
        if self.freezes_left and self._strikes("freeze"):
            self.freezes_left -= 1
            process.freeze(self._chance.uniform(2, 30))
            await process.reach()
        if point not in NOT_THE_STORE:
            await self._of_store(process, point)

    async def _of_store(self, process: "Process", point: str) -> None:
        if self._strikes("slow"):
            process.slowed = True
            process.world.tally.fire("slow database")
            await asyncio.sleep(self._chance.choice((2, 8, 35)))
            await process.reach()
        if point.startswith("commit") and self._strikes("unknown"):
            if point == "commit:after":
                raise Applied
            if point == "commit:before":
                raise Unknown
        if point in ("commit:begin", "commit:before") and self._strikes("abort"):
            raise Aborted
        if process.site.away or self._strikes("unavailable"):
            process.world.tally.fire("database away", mattered=True)
            await asyncio.sleep(self._chance.uniform(0, 1))
            raise Applied if point == "commit:after" else Unavailable

    def of_offsets(self) -> str:
        return self._chance.choice(("ignored", "lost")) if self._strikes("offsets") else ""

    def of_publishing(self) -> str:
        return self._chance.choice(PUBLISHING) if self._strikes("publishing") else ""
