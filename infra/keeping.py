"""What the runtime itself says and remembers: quarantined inputs and parked aggregates, each an item with an owner and a clock."""

from datetime import datetime

from pydantic import AwareDatetime

from contracts.kernel import Change, Fact, Next, Reason, State
from contracts.upkeep import (
    EVENTS,
    AggregateParked,
    AggregateReleased,
    InputDiscarded,
    InputQuarantined,
    InputRepaired,
    Issue,
    MessageOverdue,
    Origin,
)
from infra.service import Item, Service

SAID: dict[str, type[Change]] = {event.type: event for event in EVENTS}
ABOUT_KEEPING = (AggregateParked, AggregateReleased, MessageOverdue)
ALLOWED = {"look-at-input": ("replay", "repair", "discard"), "release-aggregate": ("release",)}
"""What may be asked of what is kept."""
INPUT = "input"
"""Kind of the aggregates that stand for what came in and did not become an event."""


class KeptInput(State):
    """An input that one of us must look at: `quarantined`, then `repaired` or `discarded`; `returned` ones only number answers."""

    status: str
    due: AwareDatetime | None = None


def subject_of(receipt: str) -> str:
    """The aggregate that stands for an input."""
    return f"{INPUT}/{receipt}"


def issue(reason: Reason) -> Issue:
    return Issue(code=reason.code, pointer=reason.pointer, fix=reason.fix)


def steward(service: Service, action: str, now: datetime) -> Next:
    """The role that answers for it, and by when."""
    return Next(owner=service.steward, action=action, due=now + service.steward_within, rule="steward", allowed=ALLOWED.get(action, ()))


def quarantined(service: Service, item: Item, reasons: tuple[Reason, ...], now: datetime) -> Fact:
    said = InputQuarantined(origin=item.origin, issues=tuple(map(issue, reasons)), next=steward(service, "look-at-input", now))
    return Fact(subject_of(item.receipt or item.message.id), said)


def repaired(item: Item, ended: str) -> Fact:
    """A quarantined input was decided again, as it was or mended."""
    return Fact(subject_of(item.receipt), InputRepaired(outcome=ended, repaired=item.repaired))


def parked(service: Service, subject: str, item: Item, code: str, now: datetime) -> Fact:
    why = Issue(code=code, fix="see the log entry with this input's origin; release the aggregate when the cause is mended")
    return Fact(subject, AggregateParked(origin=item.origin, issue=why, next=steward(service, "release-aggregate", now)))


def overdue(service: Service, subject: str, origin: Origin, now: datetime) -> Fact:
    return Fact(subject, MessageOverdue(origin=origin, waits_for=subject, next=steward(service, "find-missing-cause", now)))


def evolve(state: KeptInput | None, fact: Change) -> KeptInput | None:
    """The life of a kept input."""
    match fact:
        case InputQuarantined():
            return KeptInput(status="quarantined", due=fact.next.due if fact.next else None)
        case InputRepaired():
            return KeptInput(status="repaired")
        case InputDiscarded():
            return KeptInput(status="discarded")
    return state


def about_upkeep(fact: object) -> bool:
    """Facts that tell of the keeping, not of the domain: they leave the domain's state as it is."""
    return isinstance(fact, ABOUT_KEEPING)
