"""People in crisis at the front door: a contact becomes a fact at once, about a record that may still be nobody's.

No question of identity stands before it: who was called about is a record like any other, and is linked when more is known.
"""

from datetime import datetime

from pydantic import AwareDatetime

from contracts.crisis_intake import ContactAmended, ContactReceived
from contracts.kernel import Blind, Change, Fact, Route, State, World
from contracts.partners import ContactReported, PersonDetails
from services.intake import records
from services.intake.commands import EnterContact
from services.intake.records import Named, readable

Reported = ContactReported | EnterContact
TOLD = ("caller_name", "call_back", "location", "area", "danger", "dangers", "needs", "note")
CONTENT = ("contacted_at", "source", "relation", "person", *TOLD)
"""What makes two contacts under one number the same."""


class Contact(State):
    """One contact as the front door knows it: enough to know it again."""

    record: str
    contacted_at: AwareDatetime
    content: str
    sensitivity: str = ""
    consent: str | None = None


def contact_of(partner: str, reference: str, blind: Blind) -> str:
    """The pair (partner, reference) is one contact, whoever repeats it."""
    return "contact/" + blind("contact", partner, reference)


def _record_claim(partner: str, reference: str, blind: Blind) -> str:
    """By this a later word of the same contact finds the record it is about."""
    return blind("record-of-contact", partner, reference)


def _named(partner: str, data: Reported, blind: Blind) -> Named:
    return Named(partner, data.person or PersonDetails(), f"contact/{data.reference}", blind)


def route(partner: str, data: Reported, blind: Blind) -> Route:
    """The contact by its sender's number, the record by claims."""
    named = _named(partner, data, blind)
    known = _record_claim(partner, data.reference, blind)
    return Route((contact_of(partner, data.reference, blind), named.record), (*named.claims, known))


def contacted(partner: str, data: Reported, world: World, now: datetime) -> list[Fact]:
    """A new contact, or more of one that we have; nothing, where it says nothing new."""
    contact = contact_of(partner, data.reference, world.blind)
    content = world.blind("content", repr([(name, readable(value)) for name in CONTENT if (value := getattr(data, name))]))
    state: Contact | None = world[contact]
    if state is None:
        return _received(contact, partner, data, content, world, now)
    return [] if state.content == content else _amended(contact, state, partner, data, content, world, now)


def _received(contact: str, partner: str, data: Reported, content: str, world: World, now: datetime) -> list[Fact]:
    named, details = _named(partner, data, world.blind), data.person or PersonDetails()
    record, learnt = records.met(partner, details, named, world, now)
    said = ContactReceived(
        record=record, partner=partner, reference=data.reference, source=data.source, channel=data.channel, relation=data.relation,
        contacted_at=data.contacted_at, person=records.person_of(record, learnt, world), provisional=not details.identifiers,
        content=content, sensitivity=data.sensitivity, consent=data.consent, **{name: getattr(data, name) for name in TOLD},
    )  # fmt: skip
    claim = (_record_claim(partner, data.reference, world.blind),)
    return [Fact(contact, said, claims=claim, holder=record, at=data.contacted_at), *learnt]


def _amended(
    contact: str, state: Contact, partner: str, data: Reported, content: str, world: World, now: datetime
) -> list[Fact]:  # fmt: skip
    """Only what is said changes anything; whom it is about may become known by it."""
    details = data.person or PersonDetails()
    named = _named(partner, data, world.blind)
    learnt = list(records.told(state.record, details, named, world, now))
    said = ContactAmended(
        record=state.record, person=records.person_of(state.record, learnt, world), contacted_at=state.contacted_at, amended_at=now,
        content=content, **{name: getattr(data, name) for name in TOLD},
    )  # fmt: skip
    return [Fact(contact, said), *learnt]


def evolve(state: Contact | None, fact: Change) -> Contact | None:
    """What is known of the contact."""
    match fact:
        case ContactReceived():
            return Contact(
                record=fact.record, contacted_at=fact.contacted_at, content=fact.content, sensitivity=fact.sensitivity, consent=fact.consent
            )
        case ContactAmended() if state:
            return state.model_copy(update={"content": fact.content})
    return state
