"""One need, several senders: linked by a number of the whole network, and worked as one. Each sender is answered.

Whoever asks for the same service for the same person within weeks joins the request that is open already: the earliest instant starts
the clocks, the most urgent word stands. What was joined is closed into the other; it is opened again where the other ends without having
served its need, where its own sender changes what is needed, or where a person says that it is something else. Neither knows of the
other's partner: where the one stands is passed on to the other by a deadline that is due at once, and told there.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from contracts.endings import RequestClosed, RequestReopened
from contracts.kernel import Blind, Deadline, Decision, Fact, Message, World
from contracts.needs import RequestJoined, RequestParted, RequestStatusPassedOn
from contracts.partners import Urgency
from services.intake import answers, deaths, requests
from services.intake.records import NETWORK_SYSTEMS, Record
from services.intake.requests import Request

PASS_ON, PART, UNLINKED, ASK = "pass-on-status", "part-request", "records-unlinked", "ask-of-death"
DEADLINES = (PASS_ON, PART, UNLINKED, ASK)
WEEK_S, WEEKS_BEFORE, WEEKS_AFTER = 7 * 86_400, 4, 1
RANK: dict[Urgency | None, int] = {None: 0, "routine": 1, "urgent": 2, "emergency": 3}
INTAKE, ALONE, NOT_THE_SAME = "intake", "worked-by-itself", "not-the-same"
NOT_SERVED = ("withdrawn", "closed-redirected", "closed-cancelled", "closed-entered-in-error", NOT_THE_SAME)
"""Where a request stands when it does not serve any more what others asked for."""


def claims(data: Any, blind: Blind) -> tuple[str, ...]:
    """By which the same need of the same person is found: its own week's first, then those of the weeks around it."""
    numbers = [one for one in data.person.identifiers if one.system in NETWORK_SYSTEMS]
    week = int(data.requested_at.timestamp()) // WEEK_S
    weeks = (week, *(week + away for away in range(-WEEKS_BEFORE, WEEKS_AFTER + 1) if away))
    return tuple(blind("need", one.system, str(one.value.plain), data.service, str(at)) for at in weeks for one in numbers)


def own(data: Any, blind: Blind) -> tuple[str, ...]:
    """Those of its own week, which it takes where nobody has them."""
    found = claims(data, blind)
    return found[: len(found) // (1 + WEEKS_BEFORE + WEEKS_AFTER)]


def lead_of(partner: str, data: Any, known: Record | None, world: World) -> str | None:
    """The request of another sender that this one is worked as. A number that misled once (`known` was unlinked) links nothing."""
    if known and known.apart:
        return None
    held = dict.fromkeys(world.held[claim] for claim in claims(data, world.blind) if claim in world.held)
    return next((request for request in held if _is_same(world[request], partner, data)), None)


def _is_same(lead: Request | None, partner: str, data: Any) -> bool:
    """Open, nobody's death, no label that keeps it apart, and not less urgent than what a person has decided already."""
    if lead is None or not lead.is_open or lead.dead_since or lead.partner == partner:
        return False
    plain = not (lead.sensitivity or data.sensitivity or data.consent)
    fits = lead.status != "triaged" or RANK[data.urgency] <= RANK[lead.urgency]
    return plain and fits and lead.service == data.service and lead.status != "outcome_reported"


def joined(request: str, record: str, lead: str, data: Any, channel: str, partner: str, world: World, now: datetime) -> list[Fact]:
    """It goes on as the other, whose clocks count from the earlier of both; its sender is told where that one stands."""
    state: Request = world[lead]
    over = {"record": record, "into": lead, "next": requests.nothing_left()}
    closed = Fact(request, RequestClosed(how="joined", by=INTAKE, closed_at=now, reason="same-need", **over))
    asked = min(state.requested_at, data.requested_at)
    urgency = max(state.urgency, data.urgency, key=lambda one: RANK[one])
    clock: dict[str, Any] = {"next": requests.still(state)}
    if state.status == "received":
        clock = requests.to_acknowledge(urgency, asked, now, state.partner)._asdict()
    told = _stands(request, partner, data.reference, state) if channel == "partner" else []
    return [closed, Fact(lead, RequestJoined(request=request, requested_at=asked, urgency=urgency, **clock)), *told]


def _stands(request: str, partner: str, reference: str, lead: Request) -> list[Fact]:
    """What the sender would have been told by now."""
    if lead.status in ("acknowledged", "needs_info") and lead.triage_from:
        return [answers.acknowledged(request, partner, reference, lead.triage_from)]
    return [answers.status(request, partner, reference, "triaged")] if lead.status == "triaged" else []


def passed(message: Message, world: World, now: datetime) -> Decision:
    """The one tells the other: where it stands, that they are not worked as one any more, or that they never were one need."""
    mine, about, name = world[message.subject], message.data.about, message.data.name
    other: Any = world[about]
    if mine is None or other is None:
        return []
    if name == ASK:
        return deaths.as_noted(message.subject, mine, other, now) if mine.is_open else []
    if name == PART:
        return [Fact(about, RequestParted(request=message.subject))] if message.subject in other.joined else []
    if name == UNLINKED:
        return _unlinked(about, other, now)
    return _told(about, other, mine, now) if other.into == message.subject else []


def _unlinked(request: str, state: Request, now: datetime) -> list[Fact]:
    """Its person turned out to be somebody else: what it was worked as, or what was worked as it, is another need."""
    if state.into:
        return alone(request, state, NOT_THE_SAME, requests.DESK, now)
    return [Fact(request, RequestStatusPassedOn(status=NOT_THE_SAME, passed_on_at=now))] if state.joined else []


def _told(request: str, state: Request, lead: Request, now: datetime) -> list[Fact]:
    """Its sender is told where the one stands that it is worked as; where that serves it no more, it is worked by itself."""
    said = lead.passed_on
    if said is None:
        return []
    if lead.sensitivity or said.status in NOT_SERVED:
        return alone(request, state, ALONE, requests.DESK, now)
    return answers.own(request, state, said.passed_on_at, said.status, said.reason, said.to)


def alone(request: str, state: Request, reason: str, by: str, now: datetime) -> list[Fact]:
    """It is worked by itself, as a new interval whose clocks still count from when it was asked for."""
    step = requests.to_triage(state, by, now, now)
    said = RequestReopened(
        by=by, reason=reason, reopened_at=now, interval=state.interval + 1, requested_at=state.requested_at, service=state.service,
        urgency=state.urgency, **step._asdict(),
    )  # fmt: skip
    return [Fact(request, said), *answers.of_request(request, state, now, "reopened")]


def changed(request: str, state: Request, data: Any, now: datetime) -> list[Fact]:
    """Its own sender needs something else, or sooner, than what it is worked as."""
    other = data.service not in (None, state.service) or RANK[data.urgency] > RANK[state.urgency]
    return alone(request, state, "need-changed", requests.DESK, now) if state.into and other else []


def deadlines(state: Request) -> Iterator[Deadline]:
    """Whom a request has to tell at once. One that was opened again asks its record whether the person died meanwhile."""
    if state.passed_on:
        yield from (Deadline(PASS_ON, one, state.passed_on.passed_on_at) for one in state.joined)
    if state.left and state.left_at:
        yield Deadline(PART, state.left, state.left_at)
    if state.reopened_at:
        yield Deadline(ASK, state.record, state.reopened_at)


def of_record(record: Record) -> Iterator[Deadline]:
    """Requests of a record that was unlinked: they hear of it at once."""
    if record.unlinked_at:
        yield from (Deadline(UNLINKED, one, record.unlinked_at) for one in record.requests)
