"""A placement's story in a few words: what was heard, asked and passed, and the facts that followed, as the runtime would have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.assignment import PlacementWarned
from contracts.directory import Program
from contracts.intake import RequestAcknowledged, RequestAmended, RequestReceived, RequestTriaged, RequestWithdrawn
from contracts.kernel import Actor, Change, Command, DeadlinePassed, Event, Message, Next
from services.assignment import domain
from services.assignment.commands import ListDirectory
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.placement import Placement
from tests.deciding import Deciding

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THERAPY, CRISIS = "outpatient-therapy", "crisis-stabilization"
REQUEST, PLACEMENT = "request/1", "placement/1"
INTAKE, COORDINATOR = "role/intake-desk", "role/coordinator"
ANA, BEN, CARL, DORA, EVE, NOBODY = "staff/ana", "staff/ben", "staff/carl", "staff/dora", "staff/eve", "staff/nobody"
RIVERSIDE, LAKESIDE, HILLTOP, GROVE, NIGHTHOUSE = (
    f"program/{name}" for name in ("riverside", "lakeside", "hilltop", "grove", "night-house")
)


def desk(program: str) -> str:
    return program.replace("program/", "desk/")


def program(name: str, places: int, *services: str) -> Program:
    return Program(id=name, name=name.removeprefix("program/"), desk=desk(name), services=services or (THERAPY,), places=places)


NETWORK = ListDirectory(
    programs=(program(RIVERSIDE, 9), program(LAKESIDE, 8), program(HILLTOP, 7), program(GROVE, 6), program(NIGHTHOUSE, 2, CRISIS)),
    staff={INTAKE: (ANA,), COORDINATOR: (BEN, CARL), desk(RIVERSIDE): (DORA,), desk(LAKESIDE): (EVE,)},
)


def received(**told: Any) -> RequestReceived:
    fields = {"record": "record/1", "partner": "example-clinic", "reference": "EX-1", "requested_at": NINE, "service": THERAPY}
    return RequestReceived(**(fields | {"next": Next(owner=INTAKE, action="acknowledge-request")} | told))


def triaged(urgency: str = "urgent", service: str = THERAPY, owner: str = COORDINATOR) -> RequestTriaged:
    return RequestTriaged(by=ANA, urgency=urgency, service=service, next=Next(owner=owner, action="find-place"))


def acknowledged(by: str) -> RequestAcknowledged:
    return RequestAcknowledged(by=by, next=Next(owner=by, action="triage-request"))


def amended(**told: Any) -> RequestAmended:
    return RequestAmended(record="record/1", **told)


WITHDRAWN = RequestWithdrawn(reason="not-needed")


@dataclass
class Story(Deciding):
    """A placement and the directory."""

    domain = domain
    now: datetime = NINE

    @property
    def placement(self) -> Placement:
        return self.states[PLACEMENT]

    @property
    def next(self) -> Next:
        """Who owes what, as the last fact says."""
        said = self.facts[-1].data
        assert isinstance(said, Change) and said.next
        return said.next

    def told(self, kind: type[Event]) -> list[Any]:
        return [fact.data for fact in self.facts if type(fact.data) is kind]

    def hears(self, *events: Event) -> list[Change]:
        return [fact for event in events for fact in self._take(event, REQUEST, Actor())]

    def asks(self, command: Command, who: str) -> list[Change]:
        return self._take(command, DIRECTORY if isinstance(command, ListDirectory) else PLACEMENT, Actor("user", who))

    def passes(self, time: timedelta) -> list[Change]:
        """Time goes by; every deadline that comes is decided at its instant."""
        until, said = self.now + time, []
        while due := [one for one in self._deadlines() if one.at <= until]:
            first = min(due, key=lambda one: one.at)
            self.now = max(self.now, first.at)
            said += self._take(DeadlinePassed(name=first.name, about=first.about, at=first.at), PLACEMENT, Actor())
            assert first not in self._deadlines()
        self.now = until
        return said

    def _deadlines(self) -> list[Any]:
        return list(domain.deadlines(self.states[PLACEMENT])) if PLACEMENT in self.states else []

    def _take(self, data: Any, subject: str, actor: Actor) -> list[Change]:
        self.turns += 1
        message = Message(f"message-{self.turns}", data, subject, at=self.now, actor=actor)
        said = self.decides(message)
        if said and self.kept:
            waiting, self.kept = self.kept, []
            said += [fact for earlier in waiting for fact in self.decides(earlier)]
        return said


def story(*events: Event, network: ListDirectory | None = NETWORK) -> Story:
    """A network, and what was heard so far."""
    begun = Story()
    if network:
        begun.asks(network, "staff/platform")
        assert isinstance(begun.states[DIRECTORY], Directory)
    begun.hears(*events)
    return begun


def programs(offered: Any) -> list[str]:
    return [offer.program for offer in offered.offers]


def unwarned(facts: Sequence[Change]) -> list[Any]:
    """Without the warnings before a step is late, and without whether the client was reached, which is beside every step."""
    return [fact for fact in facts if not isinstance(fact, PlacementWarned) and getattr(fact, "action", "") != "contact-client"]


def names(facts: Sequence[Change]) -> list[str]:
    return [type(fact).__name__ for fact in facts]
