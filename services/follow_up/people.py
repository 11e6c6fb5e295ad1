"""One person across the network: which plans and stays are theirs, and who was in touch with them last.

A plan, a stay and a person are aggregates of their own. What one learns that matters to another is passed on by a deadline that is
due at once and names the other: durable, in any order, as often as it likes, because what is passed on is what there is to know now
and not a step. Records are linked and unlinked and never merged, so a person's plans move with their records.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from contracts.endings import RecordDeathNoted, RecordDeathRefuted
from contracts.intake import RecordLinked, RecordOpened
from contracts.kernel import Change, Deadline, Fact, State, kind_of
from contracts.transitions import ClientKnown, Involved, PersonLearned, RecordsMoved, Sighting
from services.follow_up import reported
from services.follow_up.items import later
from services.follow_up.plan import DIED, Plan
from services.follow_up.reported import Appointment
from services.follow_up.transition import Transition

TELL = "tell"
SIGHTINGS_KEPT = 200
UNMATCHED_KEPT = 20
"""Of appointments that are of no plan, the last ones."""


class Client(State):
    """A partner's record of somebody, and the person it belongs to now."""

    person: str


class Person(State):
    """What is known of one person. `news_at` is when it last changed; `gone` are records that left, each with whose it is now."""

    records: tuple[str, ...] = ()
    gone: dict[str, str] = {}
    involved: dict[str, Involved] = {}
    sightings: tuple[Sighting, ...] = ()
    unseen: tuple[Sighting, ...] = ()
    """What was told and taken back."""
    dead_since: AwareDatetime | None = None
    died_noted_at: AwareDatetime | None = None
    refuted_at: AwareDatetime | None = None
    news_at: AwareDatetime | None = None

    def plans(self) -> list[Involved]:
        """Open plans, the longest standing first."""
        found = (one for one in self.involved.values() if one.id.startswith("plan/") and one.open)
        return sorted(found, key=lambda one: (one.since is None, one.since, one.id))

    def stays(self) -> list[Involved]:
        return [one for one in self.involved.values() if one.id.startswith("transition/")]


def client_of(record: str) -> str:
    return record.replace("record/", "client/", 1)


# — records


def opened(record: str, data: RecordOpened, client: Client | None, person: Person | None) -> list[Fact]:
    """A record is known, and whose it is."""
    if client is not None:
        return []
    return [Fact(client_of(record), ClientKnown(person=data.person)), Fact(data.person, RecordsMoved(joined=(record,)))]


def linked(record: str, data: RecordLinked, client: Client | None, left: Person | None) -> list[Fact]:
    """A record joined another person, with its plans and stays."""
    if client is None or client.person == data.person:
        return []
    moved = tuple(one for one in left.involved.values() if one.record == record) if left else ()
    found = [Fact(client_of(record), ClientKnown(person=data.person)), Fact(data.person, RecordsMoved(joined=(record,), involved=moved))]
    return [*found, Fact(data.left, RecordsMoved(left=(record,), involved=moved, to=data.person))] if left else found


def died(data: RecordDeathNoted | RecordDeathRefuted, person: Person | None) -> list[Fact]:
    """The front door heard of a death, or that it was not so: every plan and stay of the person is told."""
    known = person or Person()
    if isinstance(data, RecordDeathRefuted):
        return [Fact(data.person, PersonLearned(refuted=True))]  # a plan that heard of it may not have told yet
    return [] if known.dead_since else [Fact(data.person, PersonLearned(dead_since=data.noted_at))]


# — passed on


def learned(person: Person | None, id: str, state: Plan | Transition | Appointment) -> PersonLearned | None:
    """What a plan, a stay or an appointment has to tell that is not known of the person yet."""
    known = person or Person()
    if isinstance(state, Appointment):
        return _appointed(known, id, state)
    mine, heard = (_plan(id, state), _sightings(id, state, known)) if isinstance(state, Plan) else (_stay(id, state), ())
    unseen = _unseen(id, state, known) if isinstance(state, Plan) else ()
    died = _died(known, state) if isinstance(state, Plan) else None
    refuted = isinstance(state, Plan) and _is_refuted(known, state)
    if known.involved.get(id) == mine and not (heard or unseen) and died is None and not refuted:
        return None
    return PersonLearned(involved=(mine,), sightings=heard, unseen=unseen, dead_since=died, refuted=refuted)


def _died(known: Person, plan: Plan) -> datetime | None:
    """A reported death that is news: none is known, and it was said after the last one was refuted."""
    said = next((one for one in plan.suppressions if one.kind == DIED), None)
    is_news = said is not None and known.dead_since is None and (known.refuted_at is None or said.noted_at > known.refuted_at)
    return said.since if said and is_news else None


def _is_refuted(known: Person, plan: Plan) -> bool:
    return bool(plan.refuted_at and known.died_noted_at and known.dead_since and plan.refuted_at >= known.died_noted_at)


def _appointed(known: Person, id: str, state: Appointment) -> PersonLearned | None:
    """One that found its plan is the plan's to tell, and nothing of the person's any more."""
    mine, seen = reported.as_involved(id, state), reported.as_sighted(id, state)
    if (known.involved.get(id), tuple(one for one in known.sightings if one.plan == id)) == (mine if mine.open else None, seen):
        return None
    return PersonLearned(involved=(mine,), sightings=seen, unseen=reported.as_unseen(id, state))


def _plan(id: str, plan: Plan) -> Involved:
    named = {"record": plan.record, "owner": plan.owner, "program": plan.program, "partner": plan.partner}
    return Involved(id=id, **named, open=plan.status != "ended", since=plan.opened_at)


def _stay(id: str, stay: Transition) -> Involved:
    until = stay.discharged_at or stay.ended_at
    never_was = stay.ended_how == "cancelled"
    return Involved(
        id=id, record=stay.record, owner=stay.owner, open=until is None, kind="" if never_was else stay.kind,
        since=stay.admitted_at or stay.discharged_at or stay.opened_at, until=until,
    )  # fmt: skip


def _sightings(id: str, plan: Plan, known: Person) -> tuple[Sighting, ...]:
    seen = (Sighting(plan=id, at=one.at, visit=one.visit) for one in plan.sighted)
    return tuple(one for one in seen if one not in known.sightings)


def _unseen(id: str, plan: Plan, known: Person) -> tuple[Sighting, ...]:
    gone = (Sighting(plan=id, at=one.at, visit=one.visit) for one in plan.unseen)
    return tuple(one for one in gone if one not in known.unseen)


def person_evolve(person: Person | None, fact: Change) -> Person | None:
    """What is known of a person becomes."""
    known = person or Person()
    match fact:
        case PersonLearned():
            anew = {one.id for one in fact.involved if kind_of(one.id) == reported.KIND}
            stand = {one for one in known.sightings if one.plan not in anew} - set(fact.unseen)
            gone = {one for one in known.unseen if one.plan not in anew} | set(fact.unseen)
            heard = stand | set(fact.sightings)
            told: dict[str, Any] = {"involved": _involved(known, fact), "sightings": _last(heard), "unseen": _last(gone - heard)}
            return known.model_copy(update={**told, **_dead(fact), "news_at": later(fact.noted_at, known.news_at)})
        case RecordsMoved():
            return _moved(known, fact)
    return person


def _last(sightings: set[Sighting]) -> tuple[Sighting, ...]:
    return tuple(sorted(sightings, key=lambda one: (one.at, one.plan, one.visit))[-SIGHTINGS_KEPT:])


def _involved(known: Person, fact: PersonLearned) -> dict[str, Involved]:
    """Plans and stays for ever; of appointments the last ones that are of no plan."""
    found = {**known.involved, **{one.id: one for one in fact.involved}}
    loose = [one for one in found.values() if kind_of(one.id) == reported.KIND]
    kept = sorted((one for one in loose if one.open), key=lambda one: (one.since is not None, one.since, one.id))[-UNMATCHED_KEPT:]
    gone = {one.id for one in loose} - {one.id for one in kept}
    return {id: one for id, one in found.items() if id not in gone}


def _dead(fact: PersonLearned) -> dict[str, Any]:
    if fact.refuted:
        return {"dead_since": None, "refuted_at": fact.noted_at}
    return {"dead_since": fact.dead_since, "died_noted_at": fact.noted_at} if fact.dead_since else {}


def _moved(known: Person, fact: RecordsMoved) -> Person:
    records = (*(one for one in known.records if one not in fact.left), *(one for one in fact.joined if one not in known.records))
    moved = {one.id: one for one in fact.involved}
    gone = {record: to for record, to in known.gone.items() if record not in fact.joined}
    told: dict[str, Any] = {"records": records, "gone": gone, "news_at": later(fact.noted_at, known.news_at)}
    if fact.joined:
        return known.model_copy(update={**told, "involved": {**known.involved, **moved}})
    if fact.to:
        told["gone"] = gone | dict.fromkeys(fact.left, fact.to)
    left = {id: one for id, one in known.involved.items() if id not in moved}
    heard, unseen = (tuple(one for one in seen if one.plan not in moved) for seen in (known.sightings, known.unseen))
    return known.model_copy(update={**told, "involved": left, "sightings": heard, "unseen": unseen})


def client_evolve(client: Client | None, fact: Change) -> Client | None:
    return Client(person=fact.person) if isinstance(fact, ClientKnown) else client


def news(state: Plan | Transition) -> Iterator[Deadline]:
    """Tell the person what happened here."""
    if state.person and state.news_at:
        yield Deadline(TELL, state.person, state.news_at)


def tidings(person: Person) -> Iterator[Deadline]:
    """Tell every plan and stay what is known of the person now."""
    if person.news_at:
        yield from (Deadline(TELL, id, person.news_at) for id in person.involved)
