"""A network in compressed time: three deciding services whose facts reach each other late, twice, and out of order between aggregates."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from random import Random
from typing import Any

from contracts.catalogue import heard_by, topic_of
from contracts.kernel import Actor, Change, DeadlinePassed, Early, Message, Refused, World
from services.assignment import domain as assignment
from services.follow_up import domain as follow_up
from services.intake import domain as intake

NEW_YEAR = datetime(2026, 1, 5, 9, tzinfo=UTC)
DOMAINS: dict[str, Any] = {"intake": intake, "assignment": assignment, "follow_up": follow_up}
TOPIC = {topic_of(name): name for name in DOMAINS}


def blind(*parts: str) -> str:
    return sha256("|".join(parts).encode()).hexdigest()[:20]


@dataclass
class House:
    """One service: its aggregates, what it heard of each source, what waits for its cause, which deadlines fired."""

    name: str
    states: dict[str, Any] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    heard: dict[tuple[str, str], int] = field(default_factory=dict)
    early: dict[str, list[Message]] = field(default_factory=dict)
    armed: dict[str, set[str]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    @property
    def domain(self) -> Any:
        return DOMAINS[self.name]


@dataclass
class Said:
    """A fact on its topic."""

    topic: str
    subject: str
    sequence: int
    data: Any
    at: datetime


@dataclass
class Network:
    """`watch` sees every fact in the order in which it was decided, before anybody hears it, with the state that it was decided on."""

    dice: Random
    watch: Callable[[Said, Any], None]
    now: datetime = NEW_YEAR
    houses: dict[str, House] = field(default_factory=lambda: {name: House(name) for name in DOMAINS})
    refused: int = 0
    _agenda: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _turns: Any = field(default_factory=count)
    _last: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (max(when, self.now), next(self._turns), what))

    def run(self, until: datetime) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, what = heapq.heappop(self._agenda)
            what()
        self.now = until

    def asks(self, service: str, data: Any, subject: str = "", who: str = "", topic: str = "") -> bool:
        """A person or a partner says something. Whether it was taken."""
        message = Message(f"m-{next(self._turns)}", data, subject, topic, at=self.now, actor=Actor("user", who))
        return self._decide(self.houses[service], message)

    def _decide(self, house: House, message: Message) -> bool:
        route = house.domain.route(message, blind)
        held = {claim: house.held[claim] for claim in route.claims if claim in house.held}
        names = (*route.writes, *held.values(), *route.references)
        decision = house.domain.decide(message, World({name: house.states.get(name) for name in names}, held, blind), self.now)
        if isinstance(decision, Early):
            house.early.setdefault(decision.waits_for, []).append(message)
            return False
        if isinstance(decision, Refused):
            self.refused += 1
            return False
        for fact in decision:
            if not fact.topic and isinstance(fact.data, Change):
                self._say(house, fact)
        return bool(decision)

    def _say(self, house: House, fact: Any) -> None:
        before = house.states.get(fact.subject)
        house.states[fact.subject] = house.domain.evolve(before, fact.data)
        house.held |= dict.fromkeys(fact.claims, fact.holder or fact.subject)
        house.sequences[fact.subject] = sequence = house.sequences.get(fact.subject, 0) + 1
        said = Said(topic_of(house.name), fact.subject, sequence, fact.data, self.now)
        self.watch(said, before)
        self._arm(house, fact.subject)
        for listener in self.houses.values():
            if listener is not house and said.topic in {topic.name for topic in heard_by(listener.name)}:
                self._deliver(listener, said)
        for kept in house.early.pop(fact.subject, []):
            self.at(self.now, lambda kept=kept: self._decide(house, kept))  # type: ignore[misc]

    def _deliver(self, listener: House, said: Said) -> None:
        """In order for one aggregate; seconds late, now and then hours; one in ten comes twice."""
        if type(said.data) not in listener.domain.HEARS:
            return
        late = timedelta(hours=self.dice.uniform(1, 5)) if self.dice.random() < 0.005 else timedelta(seconds=self.dice.uniform(0, 9))
        source = (listener.name, said.subject)
        when = self._last[source] = max(self.now + late, self._last.get(source, self.now))
        for _ in range(2 if self.dice.random() < 0.1 else 1):
            self.at(when, lambda: self._hear(listener, said))

    def _hear(self, listener: House, said: Said) -> None:
        source = (said.topic, said.subject)
        if said.sequence <= listener.heard.get(source, 0):
            return
        listener.heard[source] = said.sequence
        self._decide(listener, Message(f"{said.subject}-{said.sequence}", said.data, said.subject, said.topic, said.sequence, at=said.at))

    def _arm(self, house: House, subject: str) -> None:
        """Deadlines are a function of state; one that fired, or no longer stands, is nothing."""
        armed = house.armed.setdefault(subject, set())
        for one in house.domain.deadlines(house.states[subject]):
            if one.id not in armed:
                armed.add(one.id)
                self.at(one.at, lambda one=one: self._fire(house, subject, one))  # type: ignore[misc]

    def _fire(self, house: House, subject: str, deadline: Any) -> None:
        if deadline.id in {one.id for one in house.domain.deadlines(house.states[subject])}:
            passed = DeadlinePassed(name=deadline.name, about=deadline.about, at=deadline.at)
            self._decide(house, Message(f"{subject}/{deadline.id}", passed, subject, at=self.now))
        else:
            house.armed[subject].discard(deadline.id)
