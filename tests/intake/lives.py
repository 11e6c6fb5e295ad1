"""Lives of referrals in a few words: what senders, people, other services and time did, and the facts that followed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from contracts.kernel import Actor, Change, Command, Deadline, DeadlinePassed, Event, Fact, Message, Personal
from contracts.partners import Identifier, PersonDetails, ReferralRequested
from services.intake import domain
from services.intake.referrals import request_of
from services.intake.requests import Request
from tests.deciding import Deciding

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""
PARTNER = "example-clinic"
REFERENCES = ("EX-1", "EX-2")
"""Two referrals of one person by one partner: what is said of a death concerns both."""


def blind(*parts: str) -> str:
    return sha256("|".join(parts).encode()).hexdigest()[:24]


def requested(reference: str, urgency: str | None = "urgent", service: str = "outpatient-therapy") -> ReferralRequested:
    person = PersonDetails(identifiers=(Identifier(system="urn:example:mrn", value=Personal("m-1")),))
    return ReferralRequested(reference=reference, requested_at=NINE, person=person, service=service, urgency=urgency)


def subject(reference: str, kind: str = "request") -> str:
    return request_of(PARTNER, reference, blind).replace("request/", f"{kind}/")


@dataclass
class Life(Deciding):
    """Referrals of one person, their record, and the deadlines that fired."""

    domain = domain
    blind = staticmethod(blind)
    now: datetime = NINE
    spent: dict[str, set[str]] = field(default_factory=dict)

    def request(self, reference: str) -> Request | None:
        return self.states.get(subject(reference))

    def told(self, reference: str) -> list[Change]:
        """What was said of a request, on our own topic."""
        return [f.data for f in self.facts if f.subject == subject(reference) and not f.topic and isinstance(f.data, Change)]

    def sends(self, event: Event) -> list[Change]:
        return self._take(event, "", Actor("system", PARTNER), f"partner-in-{PARTNER}")

    def hears(self, reference: str, kind: str, event: Event) -> list[Change]:
        return self._take(event, subject(reference, kind), Actor())

    def asks(self, reference: str, command: Command, who: str) -> list[Change]:
        return self._take(command, subject(reference), Actor("user", who))

    def passes(self, time: timedelta) -> list[Change]:
        """Time goes by; every deadline that comes is decided at its instant."""
        until, said = self.now + time, list[Change]()
        while due := [(about, one) for about, one in self._standing() if one.at <= until]:
            about, first = min(due, key=lambda pair: (pair[1].at, pair[0], pair[1].id))
            self.now = max(self.now, first.at)
            said += self._take(DeadlinePassed(name=first.name, about=first.about, at=first.at), about, Actor(), spends=first.id)
        self.now = until
        return said

    def _standing(self) -> Iterator[tuple[str, Deadline]]:
        for about, state in self.states.items():
            yield from ((about, one) for one in domain.deadlines(state) if one.id not in self.spent.get(about, ()))

    def _take(self, data: Any, about: str, actor: Actor, topic: str = "", spends: str = "") -> list[Change]:
        self.turns += 1
        said = self.decides(Message(f"message-{self.turns}", data, about, topic, at=self.now, actor=actor))
        if spends:
            self.spent.setdefault(about, set()).add(spends)
        return said

    def becomes(self, fact: Fact) -> Any:
        """As decided: personal values are sealed by the runtime, not here."""
        return domain.evolve(self.states.get(fact.subject), fact.data)  # type: ignore[arg-type]
