"""A story in a few words: what the network said, what people asked, what time did, and who was told, as the runtime would have it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.alerts import AlertRaised
from contracts.assignment import HandOffAsked, NoProgramAvailable, OfferUnanswered, PlacementAccepted, PlacementOffered
from contracts.directory import DirectoryListed
from contracts.kernel import (
    Actor,
    Change,
    Command,
    Deadline,
    DeadlinePassed,
    Fact,
    Message,
    Next,
    Personal,
)
from contracts.notices import NoticeQueued
from contracts.samples import saved
from services.notification import domain
from services.notification.alerts import Alerts, alerts_on
from services.notification.channel import Outcome
from services.notification.commands import AcknowledgeAlert, BeginNotice, Contact, EndNotice, ListContacts, SetAway, SetPreferences
from services.notification.notices import Notice
from services.notification.recipients import Recipient, recipient
from tests.deciding import Deciding, as_stored

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday; the network is open from 8 to 17, UTC."""
PLACEMENT, OTHER = "placement/1", "placement/2"
COORDINATOR, LEAD, TEAM_LEAD, STEWARD = "role/coordinator", "role/network-lead", "role/team-lead", "role/data-steward"
ANA, BEN, CARL, DORA, EVE, STEW = "staff/1", "staff/2", "staff/3", "staff/4", "staff/5", "staff/6"
STAFF = {COORDINATOR: (ANA, BEN), TEAM_LEAD: (CARL,), LEAD: (DORA,), STEWARD: (STEW,)}
SYSTEM = Actor()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def no_program(urgency: str = "urgent", owner: str = COORDINATOR, due: datetime = NINE + HOUR) -> NoProgramAvailable:
    step = Next(owner=owner, action="reroute", due=due, rule=f"reroute-{urgency}")
    return NoProgramAvailable(service="outpatient-therapy", urgency=urgency, next=step)


def unanswered(owner: str = ANA, at: datetime = NINE) -> OfferUnanswered:
    step = Next(owner=COORDINATOR, action="await-answer", due=at + HOUR, rule="offer-urgent")
    return OfferUnanswered(program="program/a", desk="desk/a", respond_by=at, owner=owner, rule="offer-urgent", next=step)


def offered() -> PlacementOffered:
    step = Next(owner=COORDINATOR, action="await-answer", due=NINE + 4 * HOUR, rule="offer-urgent")
    return PlacementOffered(round=2, offers=(), next=step)


def accepted() -> PlacementAccepted:
    step = Next(owner="desk/a", action="schedule", due=NINE + DAY, rule="schedule-urgent")
    return PlacementAccepted(program="program/a", by="staff/9", released=(), next=step)


def hand_off(to: str = BEN) -> HandOffAsked:
    step = Next(owner=COORDINATOR, action="schedule", due=NINE + DAY, rule="schedule-urgent")
    return HandOffAsked(to=to, by=ANA, owner=ANA, role=COORDINATOR, next=step)


def sample(event: type[Any]) -> Any:
    """A fact as its first saved example has it."""
    return event.model_validate(json.loads(saved(event.type)[0].read_text("utf-8"))["data"])


def works(name: str, notice: Notice) -> tuple[Outcome, str | None]:
    """A mail server without a fault."""
    return ("sent" if notice.channel == "email" else "delivered"), None


@dataclass
class Story(Deciding):
    """Alerts, notices and recipients, and what was handed to a channel.

    `server` says what a channel answers for a notice; `repeats` has every message come twice, as logs and loops may do.
    """

    domain = domain
    blind = staticmethod(lambda *parts: f"blind-{hash(parts)}")
    now: datetime = NINE
    spent: set[tuple[str, str]] = field(default_factory=set)
    handed: list[tuple[str, str, str]] = field(default_factory=list)
    server: Callable[[str, Notice], tuple[Outcome, str | None]] = works

    # — what happens

    def hears(self, *events: Change, about: str = PLACEMENT, topic: str = "assignment-events", at: datetime | None = None) -> list[Change]:
        return [fact for event in events for fact in self._take(event, about, SYSTEM, topic, at or self.now)]

    def asks(self, command: Command, who: str, about: str) -> list[Change]:
        return self._take(command, about, Actor("user", who), "http:notification", self.now)

    def passes(self, time: timedelta) -> list[Change]:
        """Time goes by: deadlines are decided in order, and whatever is queued is handed over."""
        until, said = self.now + time, list[Change]()
        while True:
            said += self._hand_over()
            due = [(one.at, subject, one) for subject, one in self._deadlines() if one.at <= until]
            again = [
                state.again_at for state in self._notices().values() if state.status == "queued" and self.now < state.again_at <= until
            ]
            if not due and not again:
                break
            first = min((at for at, *_ in due), default=until)
            if again and (not due or min(again) < first):
                self.now = max(self.now, min(again))
                continue
            _, subject, deadline = min(due, key=lambda one: (one[0], one[1]))
            self.now = max(self.now, deadline.at)
            said += self._take(DeadlinePassed(name=deadline.name, about=deadline.about, at=deadline.at), subject, SYSTEM, "clock", self.now)
            self.spent.add((subject, deadline.id))
        self.now = until
        return said

    # — what is so

    @property
    def alerts(self) -> Alerts:
        return self.states[alerts_on(PLACEMENT)]

    def raised(self) -> list[AlertRaised]:
        return self.told(AlertRaised)

    def told(self, kind: type[Change]) -> list[Any]:
        return [fact.data for fact in self.facts if type(fact.data) is kind]

    def who_was_told(self) -> list[str]:
        return [said.to for said in self.told(NoticeQueued)]

    def notices(self, to: str) -> list[Notice]:
        return [state for state in self._notices().values() if state.to == to]

    # — how

    def _notices(self) -> dict[str, Notice]:
        return {subject: state for subject, state in self.states.items() if isinstance(state, Notice)}

    def _deadlines(self) -> list[tuple[str, Deadline]]:
        every = [(subject, one) for subject, state in self.states.items() for one in domain.deadlines(state)]
        return [(subject, one) for subject, one in every if (subject, one.id) not in self.spent]

    def _hand_over(self) -> list[Change]:
        said: list[Change] = []
        while ready := [name for name, state in self._notices().items() if state.status == "queued" and state.again_at <= self.now]:
            for name in sorted(ready):
                said += self.attempt(name)
        return said

    def attempt(self, name: str, lost: bool = False) -> list[Change]:
        """One errand: claimed, handed over, told. `lost`: the process dies before it can tell."""
        state: Notice = self.states[name]
        claim = f"claim-{self.turns}"
        items = tuple(dict.fromkeys(entry.item for entry in state.entries))
        begin = BeginNotice(claim=claim, until=self.now + 90 * timedelta(seconds=1), items=items, records=state.records)
        said = self._take(begin, name, SYSTEM, "errand", self.now)
        after: Notice = self.states[name]
        if after.status == "attempting" and after.claim == claim:
            outcome, code = self.server(name, after)
            self.handed += [(name, after.channel, outcome)]
            if not lost:
                end = EndNotice(claim=claim, channel=after.channel, outcome=outcome, code=code)
                said += self._take(end, name, SYSTEM, "errand", self.now)
        return said

    def _take(self, data: Any, subject: str, actor: Actor, topic: str, at: datetime) -> list[Change]:
        self.turns += 1
        message = Message(f"message-{self.turns}", data, subject, topic, at=at, actor=actor)
        said = self.decides(message)
        assert not self.kept
        return said

    def becomes(self, fact: Fact) -> Any:
        """Of a recipient as it is: its addresses are sealed when they are stored."""
        after = domain.evolve(self.states.get(fact.subject), fact.data)
        return after if isinstance(after, Recipient) else as_stored(after)


def story(staff: dict[str, tuple[str, ...]] = STAFF, mail: Sequence[str] = (ANA, BEN, CARL, DORA)) -> Story:
    """A network with people on duty, of whom some have an e-mail address."""
    begun = Story()
    begun.hears(DirectoryListed(programs=(), staff=staff), about="directory/network")
    for person in mail:
        begun.asks(contacts(person), "staff/platform", recipient(person))
    return begun


def contacts(person: str, domain: str = "example.org") -> ListContacts:
    return ListContacts(contacts=(Contact(channel="email", address=Personal(f"{person.replace('/', '-')}@{domain}")),))


def prefers(begun: Story, person: str, **how: Any) -> None:
    begun.asks(SetPreferences(**how), person, recipient(person))


def goes_away(begun: Story, person: str, until: datetime, backup: str | None) -> None:
    begun.asks(SetAway(until=until, backup=backup), person, recipient(person))


def acknowledges(begun: Story, person: str, alert: str) -> list[Change]:
    return begun.asks(AcknowledgeAlert(alert=alert), person, alerts_on(PLACEMENT))


def names(facts: Sequence[Change]) -> list[str]:
    return [type(fact).__name__ for fact in facts]
