"""Stays that facilities tell of: admitted, left, or neither after all. Here they are known again and get the record they are about;
what follows for the person is follow-up's to decide.

Who sends is the facility, so no partner can say anything of another's stays: a facility that it names is one of its own.
"""

from datetime import date, datetime

from contracts.kernel import Blind, Change, Decision, Fact, Message, Reason, Refused, Route, State, World
from contracts.partners import AgeGroup, PersonDetails, StayReported
from contracts.stays import StayReceived
from services.intake import answers, records
from services.intake.records import Named, readable

NO_INSTANT = Reason("TL-5131", "/at", "say when the person was admitted or left")
NOT_YET = Reason("TL-5132", "/at", "this lies in the future; tell it once it has happened")
NOBODY = Reason("TL-5133", "/person", "say who was admitted or left")
UNKNOWN_STAY = Reason("TL-5134", "/reference", "no stay is known by this number; tell its admission or discharge first")
CONTENT = ("step", "kind", "at", "admitted_at", "facility", "person", "to", "against_advice", "problem")
"""What makes two words about a stay the same."""
CONTENTS_KEPT = 50
HAPPENED = ("admitted", "discharged")
TOLD = ("step", "kind", "at", "admitted_at", "to", "against_advice", "problem", "sensitivity", "consent")
GROUPS: tuple[tuple[int, AgeGroup], ...] = ((6, "under-6"), (13, "6-12"), (18, "13-17"))


class Stay(State):
    """One stay as the front door knows it: enough to know it, and every word about it, again."""

    record: str
    contents: tuple[str, ...] = ()
    group: AgeGroup = "adult"
    sensitivity: str = ""
    consent: str | None = None


def stay_of(partner: str, reference: str, blind: Blind) -> str:
    """The pair (partner, reference) is one stay, whoever repeats it."""
    return "stay/" + blind("stay", partner, reference)


def _record_claim(partner: str, reference: str, blind: Blind) -> str:
    """By this a later word of the same stay finds the record it is about."""
    return blind("record-of-stay", partner, reference)


def _named(partner: str, data: StayReported, blind: Blind) -> Named:
    return Named(partner, data.person or PersonDetails(), f"stay/{data.reference}", blind)


def route(partner: str, data: StayReported, blind: Blind) -> Route:
    """The stay by its facility's number, the record by claims."""
    named = _named(partner, data, blind)
    known = _record_claim(partner, data.reference, blind)
    return Route((stay_of(partner, data.reference, blind), named.record), (*named.claims, known))


def reported(message: Message, partner: str, world: World, now: datetime) -> Decision:
    """A new word about a stay, or one that is known already."""
    data: StayReported = message.data
    stay = stay_of(partner, data.reference, world.blind)
    state: Stay | None = world[stay]
    if reason := _unusable(data, state, now):
        return Refused((reason,))
    content = world.blind("content", repr([(name, readable(value)) for name in CONTENT if (value := getattr(data, name))]))
    if state and content in state.contents:
        return [answers.received(stay, partner, message, duplicate=True)]
    record, learnt = _record(partner, data, state, world, now)
    said = StayReceived(
        record=record, person=records.person_of(record, learnt, world), partner=partner, reference=data.reference, content=content,
        facility=f"{partner}/{data.facility}" if data.facility else partner, group=_group(data) or (state.group if state else "adult"),
        **{name: getattr(data, name) for name in TOLD},
    )  # fmt: skip
    claim = (_record_claim(partner, data.reference, world.blind),) if state is None else ()
    return [Fact(stay, said, claims=claim, holder=record if claim else ""), *learnt, answers.received(stay, partner, message)]


def _unusable(data: StayReported, state: Stay | None, now: datetime) -> Reason | None:
    if data.step not in HAPPENED:
        return UNKNOWN_STAY if state is None else None
    if data.at is None:
        return NO_INSTANT
    if max(data.at, data.admitted_at or data.at) > now:
        return NOT_YET
    return NOBODY if state is None and data.person is None else None


def _record(partner: str, data: StayReported, state: Stay | None, world: World, now: datetime) -> tuple[str, list[Fact]]:
    """Whose stay it is, and what was learnt of them; once known, a stay never becomes somebody else's by itself."""
    named, details = _named(partner, data, world.blind), data.person or PersonDetails()
    if state is None:
        return records.met(partner, details, named, world, now)
    people = sorted({world[world.held[claim]].person for claim in named.network if claim in world.held})
    return state.record, list(records.told(state.record, world[state.record], details, named, now, people))


def _group(data: StayReported) -> AgeGroup | None:
    """How old the person was then, as the measures group them."""
    born: date | None = data.person.birth_date.plain if data.person and data.person.birth_date else None
    if born is None or data.at is None:
        return None
    day = data.at.date()
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return next((group for limit, group in GROUPS if years < limit), "adult")


def evolve(state: Stay | None, fact: Change) -> Stay | None:
    """What is known of the stay."""
    if not isinstance(fact, StayReceived):
        return state
    known = (*(state.contents if state else ()), fact.content)[-CONTENTS_KEPT:]
    label = fact.sensitivity or (state.sensitivity if state else "")
    return Stay(record=fact.record, contents=known, group=fact.group, sensitivity=label, consent=fact.consent)
