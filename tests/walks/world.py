"""Where the walks take place: the example network on a real broker and a real database, every service a process of its own.

Time is the network's own. It starts on a Monday morning in March and runs as fast as the world, and between two steps a walk moves it
forward for all processes at once (`THROUGHLINE_CLOCK_FILE`): to the product that is a machine which slept, so a clock that ran out
meanwhile is found within a second of waking. Nothing is told to it that lies ahead of that time.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2

from deploy import network as networks
from deploy.demo.acting import LEAD
from deploy.demo.publishing import played
from deploy.local import ports
from deploy.local.engines import Engines
from deploy.local.services import NETWORK, PORTS
from deploy.network import Network
from deploy.running import Running
from infra.clock import LOOK_EVERY_S, HandClock
from tests.running import Services

STARTS = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
"""Monday, half past eight where the network is."""


LISTED = "assignment-events/directory/network/1"
"""Before the board has heard this it calls nobody by their name."""


class World:
    """The network, its clock, and the ways in. Nothing in here looks behind a door."""

    def __init__(self, running: Running, network: Network, clock: HandClock, ends: ExitStack) -> None:
        self.running, self.network, self.clock, self.ends = running, network, clock, ends
        self.client = ends.enter_context(httpx2.Client(timeout=30))
        self.zone = ZoneInfo(network.zone)
        self._numbers = count(301)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def wait(self, **length: float) -> datetime:
        """Let time pass: `wait(hours=3)`."""
        return self.until(self.now + timedelta(**length))

    def until(self, instant: datetime) -> datetime:
        """Let time pass up to there; where it is there already, none passes."""
        if instant > self.now:
            self.clock.move_to(instant)
            time.sleep(3 * LOOK_EVERY_S)  # until every process has seen the hand
        return self.now

    def number(self) -> int:
        """One that nobody was given yet: for partners' references, and identifiers of people."""
        return next(self._numbers)

    def monday(self, hour: int, minute: int = 0) -> datetime:
        """Let time pass until the next Monday, that time of day; today, if it is one and not so late yet."""
        today = self.at(hour, minute, days=-self.local(self.now).weekday() % 7)
        return self.until(today if today >= self.now else today + timedelta(days=7))

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)

    def at(self, hour: int, minute: int = 0, days: int = 0) -> datetime:
        """A time of day where the network is, today or so many days on."""
        return (self.local(self.now) + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0).astimezone(UTC)

    @cached_property
    def names(self) -> dict[str, str]:
        """What the network's people are called: `Staff 7` is Alexa."""
        return {f"Staff {one.id.partition('/')[2]}": one.name.partition(",")[0] for one in self.network.staff}


@contextmanager
def world(directory: Path) -> Iterator[World]:
    """Everything up, the network file applied, its partners admitted; all of it gone at the end."""
    clock = HandClock(directory / "clock")
    clock.move_to(STARTS)
    told = {"clock_file": str(directory / "clock"), "lanes": "1", "log_level": "WARNING"}
    with (
        Engines.isolated(directory / "state", http_port=ports.free_port(PORTS)) as engines,
        Services(engines, **told) as services,
        ExitStack() as ends,
    ):
        services.start_all()
        running, network = Running(engines.settings), networks.load(NETWORK)
        played(running, [partner.id for partner in network.partners])
        networks.apply(running, network, lambda line: None)
        running.get(f"/v1/counts?after={LISTED}", LEAD)
        yield World(running, network, clock, ends)
