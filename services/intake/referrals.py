"""What a sender says of a referral: asked for, changed, taken back. The same content again is the same fact; what is absent stands."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.catalogue import PARTNER_IN
from contracts.intake import RequestAmended, RequestReceived, RequestWithdrawn
from contracts.kernel import Blind, Decision, Fact, Message, Reason, Refused, World
from contracts.partners import PersonDetails
from services.intake import ages, answers, asking, consents, deaths, history, lateness, needs, records, requests
from services.intake.commands import EnterContact, EnterReferral
from services.intake.records import Keys, Named
from services.intake.requests import Request

CONTENT = ("service", "urgency", "reason", "person", "requested_at", "sensitivity", "consent", "consent_until", "consent_ended")
"""What makes two requests under one number the same."""
UNKNOWN_REFERENCE = Reason("TL-5101", "/reference", "send referral.requested.v1 for this reference first")
ENDED = Reason("TL-5102", "/reference", "the referral was withdrawn; send a new one under a new reference")
CLOSED = Reason("TL-5106", "/reference", "the referral was closed; ask the network to reopen it, or send a new one under a new reference")


def sender(message: Message) -> str:
    """The partner a message is from: its topic says so, or the person who enters it for the partner."""
    return message.data.partner if isinstance(message.data, EnterReferral | EnterContact) else message.topic.removeprefix(PARTNER_IN)


def request_of(partner: str, reference: str, blind: Blind) -> str:
    """The pair (partner, reference) is one referral, whoever repeats it."""
    return "request/" + blind("request", partner, reference)


def record_of(partner: str, reference: str, blind: Blind) -> str:
    """The claim by which a later message of the same referral finds the person's record."""
    return blind("record-of", partner, reference)


def requested(message: Message, world: World, now: datetime) -> Decision:
    """A new referral; or one that we have: the same content is the same fact, other content under the same number amends it."""
    data, partner = message.data, sender(message)
    request, content = request_of(partner, data.reference, world.blind), _content(data, world.blind)
    state: Request | None = world[request]
    if state is not None and state.content == content:
        return answered(message, answers.received(request, partner, message, duplicate=True))
    if state is not None:
        told = answered(message, answers.received(request, partner, message))
        return unless_open(state) or [*_changes(request, state, message, world, now, content), *told]
    return _received(request, content, message, world, now)


def _received(request: str, content: str, message: Message, world: World, now: datetime) -> Sequence[Fact]:
    data, partner = message.data, sender(message)
    named = Named(partner, data.person, data.reference, world.blind)
    record, learnt = records.met(partner, data.person, named, world, now, request)
    said = RequestReceived(
        record=record, partner=partner, reference=data.reference, requested_at=data.requested_at, service=data.service,
        urgency=data.urgency, reason=data.reason, sender=data.sender, sensitivity=data.sensitivity, consent=data.consent,
        permit=consents.of_message(None, data, now), content=content, channel=getattr(data, "channel", "partner"),
        age_band=ages.band(data.person, data.requested_at),
        **requests.to_acknowledge(data.urgency, data.requested_at, now, partner)._asdict(),
    )  # fmt: skip
    first, *others = learnt
    first = replace(first, claims=(*first.claims, record_of(partner, data.reference, world.blind)))
    known, lead = deaths.learnt(record, world[record], learnt), needs.lead_of(partner, data, world[record], world)
    fact = Fact(request, said, claims=needs.own(data, world.blind), at=data.requested_at)
    halted = deaths.as_noted(request, history.evolve(None, said), known, now) if known else []
    joined = needs.joined(request, record, lead, data, said.channel, partner, world, now) if lead and not halted else []
    return [fact, *halted, first, *others, *answered(message, answers.received(request, partner, message)), *joined]


def _content(data: Any, blind: Blind) -> str:
    """A blind digest of what was said: nobody can read it back, and the same words give the same digest."""
    return blind("content", repr([(name, records.readable(getattr(data, name))) for name in CONTENT if getattr(data, name) is not None]))


def answered(message: Message, fact: Fact) -> list[Fact]:
    """Partners are answered on their topic; people who enter a referral are answered over HTTP."""
    return [] if isinstance(message.data, EnterReferral | EnterContact) else [fact]


def amended(message: Message, world: World, now: datetime) -> Decision:
    data, partner = message.data, sender(message)
    request = request_of(partner, data.reference, world.blind)
    state: Request | None = world[request]
    refused = unless_open(state)
    if refused or state is None:
        return refused or []
    return [*_changes(request, state, message, world, now), answers.received(request, partner, message)]


def _changes(request: str, state: Request, message: Message, world: World, now: datetime, content: str = "") -> list[Fact]:
    """What a sender told us anew of a referral that we have. What is absent stands."""
    data, facts = message.data, list[Fact]()
    if data.person and data.person != PersonDetails():
        named = Named(state.partner, data.person, data.reference, world.blind)
        keys = Keys(named.claims, alike=named.alike)  # an amendment links nothing by itself: it may ask
        facts += records.told(state.record, data.person, keys, world, now)
    changed = {name: value for name in requests.CHANGEABLE if (value := getattr(data, name))}
    permit = consents.of_message(world[consents.consent_of(request)], data, now)
    if content or changed or permit:
        told = {"record": state.record, "content": content, "permit": permit, **changed}
        said = RequestAmended(**told, **_still(state, data, now))
        facts = [Fact(request, said, at=getattr(data, "amended_at", None)), *lateness.taken_back(request, state, said, now), *facts]
    if facts and state.asked == "sender":
        facts += asking.came(request, state, f"partner/{state.partner}", now)
    return [*facts, *needs.changed(request, state, data, now)]


def _still(state: Request, data: Any, now: datetime) -> dict[str, Any]:
    """An edit resets nothing. While the desk has not taken it, another urgency has another clock, from the request as before."""
    if state.status != "received" or state.dead_since or data.urgency in (None, state.urgency):
        return {"next": requests.still(state)}
    return requests.to_acknowledge(data.urgency, state.requested_at, now, state.partner)._asdict()


def unless_open(state: Request | None) -> Refused | None:
    """Nothing more is heard of a referral that is over; its sender is told what to do instead."""
    if state is None:
        return Refused((UNKNOWN_REFERENCE,))
    if state.into:  # worked as another sender's: its own may still say more, or take it back
        return None
    return {"withdrawn": Refused((ENDED,)), "closed": Refused((CLOSED,))}.get(state.status)


def withdrawn(message: Message, world: World, now: datetime) -> Decision:
    """By its sender."""
    data, partner = message.data, sender(message)
    request = request_of(partner, data.reference, world.blind)
    if refused := unless_open(world[request]):
        return refused
    return [*withdraw(request, world[request], data.reason, data.withdrawn_at, now), answers.received(request, partner, message)]


def withdraw(request: str, state: Request, reason: str, at: datetime | None, now: datetime) -> list[Fact]:
    said = RequestWithdrawn(reason=reason, withdrawn_at=min(at or now, now), next=requests.nothing_left())
    return [Fact(request, said, at=at), *answers.of_request(request, state, now, "withdrawn", reason)]
