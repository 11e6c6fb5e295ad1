"""A partner's record of a person: found by its identifiers, opened, amended, linked. Never merged into another.

An identifier of the partner (partner, system, value) names a record. One of the whole network (system, value) names a person, and
links records to it. Name and birth date only ever make a candidate.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel

from contracts.clocks import Owed, Step, owed, told_late
from contracts.consents import Given
from contracts.endings import Death, RecordDeathNoted
from contracts.intake import (
    BY_NUMBER,
    UNLINKED,
    CandidateFound,
    RecordAmended,
    RecordConflicted,
    RecordKeptApart,
    RecordLinked,
    RecordOpened,
)
from contracts.kernel import Blind, Change, Fact, Next, Personal, State, World, value
from contracts.partners import PersonDetails
from services.intake import steps
from services.intake.given import merged

NETWORK_SYSTEMS = frozenset(
    {"http://hl7.org/fhir/sid/us-ssn", "http://hl7.org/fhir/sid/us-medicaid", "http://hl7.org/fhir/sid/us-mbi", "urn:network:person"}
)
"""Systems whose numbers mean the same person whoever sends them."""
STEWARD = "role/data-steward"
DEAD = ("noted", "verified")
LEFT_KEPT, ASKED_KEPT = 10, 50
COMPARE, DECIDE = "compare-records", "decide-identity"
ANSWERS = ("link-records", "keep-apart", "unlink-record")
"""What a person may say of a question of identity."""
TICK = timedelta(microseconds=1)


class Record(State):
    """What one partner told us of one person, as sealed tokens; `person` is the cluster it belongs to."""

    partner: str
    person: str
    details: PersonDetails
    requests: tuple[str, ...] = ()
    """What was asked for this person by this partner."""
    death: Death = ""
    """What stands of it, by this record's own word or by another's of the same person."""
    death_noted_at: AwareDatetime | None = None
    death_by: str = ""
    own_death: Death = ""
    own_said_at: AwareDatetime | None = None
    own_by: str = ""
    left: tuple[str, ...] = ()
    """People it belonged to before."""
    apart: tuple[str, ...] = ()
    """People it is not, as a person decided: no identifier links it to them again."""
    news_at: AwareDatetime | None = None
    """When its person, or its own word of a death, last changed."""
    unlinked_at: AwareDatetime | None = None
    given: tuple[Given, ...] = ()
    """Consents by what its own referrals say."""
    told: tuple[Given, ...] = ()
    """And by what other records of the person say."""
    given_at: AwareDatetime | None = None
    """When either last changed."""
    alike: tuple[str, ...] = ()
    """Records with the same name and birth date, that somebody must compare it with."""
    conflict: tuple[str, ...] = ()
    """People whom its numbers point at, of whom it can be only one."""
    distinct: tuple[str, ...] = ()
    """Records that somebody compared it with: they are of somebody else, and nobody is asked again."""
    owed: Owed | None = None
    wishes_at: AwareDatetime | None = None
    """When what its person avoids last changed."""

    @property
    def standing(self) -> tuple[Given, ...]:
        """Consents as they count for it, ended ones too."""
        return merged(self.given, self.told)


class Named:
    """The blind keys of one person as one partner describes them. `fallback` names the record where nothing else does."""

    def __init__(self, partner: str, details: PersonDetails, fallback: str, blind: Blind) -> None:
        self.own = tuple(blind("identifier", partner, one.system, str(one.value.plain)) for one in details.identifiers)
        self.network, self.alike = network_claims(details, blind), alike_claims(details, blind)
        self.record = "record/" + (self.own[0] if self.own else blind("record", partner, fallback))

    @property
    def claims(self) -> tuple[str, ...]:
        return (*self.own, *self.network, *self.alike)


def network_claims(details: PersonDetails, blind: Blind) -> tuple[str, ...]:
    """Numbers of the whole network."""
    numbers = [one for one in details.identifiers if one.system in NETWORK_SYSTEMS]
    return tuple(blind("network-identifier", one.system, str(one.value.plain)) for one in numbers)


def people_of(claims: Sequence[str], world: World) -> list[str]:
    """Whom numbers of the whole network name."""
    return sorted({world[world.held[claim]].person for claim in claims if claim in world.held})


def alike_claims(details: PersonDetails, blind: Blind) -> tuple[str, ...]:
    """Same family name, given name and birth date: a question for a person."""
    family, given, born = details.family_name, details.given_name, details.birth_date
    if not (family and given and born):
        return ()
    return (blind("alike", str(family.plain).casefold(), str(given.plain).casefold(), str(born.plain)),)


def met(
    partner: str, details: PersonDetails, named: Named, world: World, now: datetime, request: str | None = None
) -> tuple[str, list[Fact]]:  # fmt: skip
    """The record of this person, and what was learnt of it now; `request` is what was asked for them."""
    record = next((world.held[claim] for claim in named.own if claim in world.held), named.record)
    if world[record] is None:
        return record, list(_opened(record, partner, details, named, world, now, request))
    return record, list(told(record, details, named, world, now, request))


def _opened(
    record: str, partner: str, details: PersonDetails, named: Named, world: World, now: datetime, request: str | None
) -> Iterator[Fact]:  # fmt: skip
    people = people_of(named.network, world)
    person = people[0] if len(people) == 1 else record.replace("record/", "person/", 1)
    said = RecordOpened(record=record, partner=partner, person=person, details=details, request=request, noted_at=now)
    yield Fact(record, said, claims=named.claims)
    if details.deceased:
        yield _dead(record, person, partner, now)
    if len(people) > 1:
        yield _conflicted(record, None, people, now)
    if not people:
        yield from _alike(record, None, named.alike, world, now)


@value
class Keys:
    """Blind keys of what is told of a record that is known: those it takes, those that link it, those that only ask."""

    claims: tuple[str, ...]
    network: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


def told(
    record: str, details: PersonDetails, keys: Keys | Named, world: World, now: datetime, request: str | None = None,
    cleared: tuple[str, ...] = (),
) -> Iterator[Fact]:  # fmt: skip
    """What is told of a person that we know. `cleared`: what was not so."""
    known: Record = world[record]
    if details != PersonDetails() or request or cleared:
        said = RecordAmended(record=record, details=details, request=request, cleared=cleared, noted_at=now)
        yield Fact(record, said, claims=keys.claims)
    people = people_of(keys.network, world)
    others = [person for person in people if person not in (known.person, *known.apart)]
    if len(people) > 1:
        yield _conflicted(record, known, people, now)
    elif others:
        yield Fact(record, RecordLinked(person=others[0], left=known.person, by=BY_NUMBER, noted_at=now))
    else:
        yield from _alike(record, known, keys.alike, world, now)
    if details.deceased and not known.details.deceased and known.own_death not in DEAD:
        person = others[0] if others and len(people) == 1 else known.person
        yield _dead(record, person, known.partner, max(now, known.death_noted_at or now))


def person_of(record: str, learnt: Sequence[Fact], world: World) -> str:
    """The cluster that the record belongs to once these have happened."""
    moved = [fact.data.person for fact in learnt if isinstance(fact.data, RecordOpened | RecordLinked)]
    return moved[-1] if moved else str(world[record].person)


def _dead(record: str, person: str, partner: str, now: datetime) -> Fact:
    """A partner's word, once: what one of us found to be wrong is not said again by repeating it."""
    return Fact(record, RecordDeathNoted(person=person, noted_at=now, by=f"partner/{partner}"))


def _conflicted(record: str, known: Record | None, people: Sequence[str], now: datetime) -> Fact:
    return Fact(record, RecordConflicted(people=tuple(people), **_asking(known, DECIDE, now)._asdict()))


def _alike(record: str, known: Record | None, claims: Sequence[str], world: World, now: datetime) -> Iterator[Fact]:
    """Another record with the same name and birth date, of which nobody was asked yet. Whoever is linked to it is no question."""
    for other in dict.fromkeys(world.held[claim] for claim in claims if claim in world.held):
        if other != record and not (known and (other in (*known.alike, *known.distinct) or world[other].person == known.person)):
            yield Fact(record, CandidateFound(other=other, **_asking(known, COMPARE, now)._asdict()))


def _asking(known: Record | None, action: str, now: datetime) -> Step:
    """Identity questions stand beside triage and hold nothing up. One more of them resets no clock; a conflict has a nearer one."""
    return Step(still(known)) if known and known.owed and known.owed.action in (DECIDE, action) else _asked(action, now)


def _asked(action: str, now: datetime) -> Step:
    return steps.begun(action, STEWARD, ANSWERS, now)


def still(record: Record) -> Next | None:
    """The question that stands."""
    return steps.standing(record.owed, ANSWERS)


def left_to_ask(record: Record, now: datetime) -> Step:
    """What is still to be asked once somebody answered, with the clock that it has."""
    if not record.alike:
        return Step(Next(owner=STEWARD, action="none"))
    stands = record.owed is not None and record.owed.action == COMPARE
    return Step(still(record)) if stands else _asked(COMPARE, now)


def evolve(state: Record | None, fact: Change) -> Record | None:
    """The life of a record, and the question of identity that is owed."""
    after = _evolved(state, fact)
    if after is None:
        return None
    step = told_late(owed(after.owed, fact), fact)
    return after if step is after.owed else after.model_copy(update={"owed": step})


def _evolved(state: Record | None, fact: Change) -> Record | None:
    match fact:
        case RecordOpened():
            joined = fact.noted_at if fact.person != fact.record.replace("record/", "person/", 1) else None
            opened = {"partner": fact.partner, "person": fact.person, "details": fact.details, "news_at": joined}
            return Record(**opened, requests=_also((), fact.request), wishes_at=_wishes_at(None, fact.details, (), fact.noted_at))
        case RecordAmended() if state:
            details, asked = _with(_without(state.details, fact.cleared), fact.details), _also(state.requests, fact.request)
            wishes_at = _wishes_at(state.wishes_at, fact.details, fact.cleared, fact.noted_at)
            return state.model_copy(update={"details": details, "requests": asked, "wishes_at": wishes_at})
        case RecordLinked() if state:
            return state.model_copy(update=_moved(state, fact))
        case CandidateFound() if state:
            return state.model_copy(update={"alike": (*state.alike, fact.other)[-ASKED_KEPT:]})
        case RecordConflicted() if state:
            return state.model_copy(update={"conflict": fact.people})
        case RecordKeptApart() if state:
            apart = (*state.apart, *(one for one in fact.people if one not in (state.person, *state.apart)))[-LEFT_KEPT:]
            distinct = (*state.distinct, *(one for one in fact.others if one not in state.distinct))[-ASKED_KEPT:]
            return state.model_copy(update={"apart": apart, "distinct": distinct, "alike": (), "conflict": ()})
    return state


def _wishes_at(known: datetime | None, said: PersonDetails, cleared: Sequence[str], at: datetime | None) -> datetime | None:
    is_said = said.preferences is not None and said.preferences.avoid is not None
    return newer(at, known) if is_said or "preferences" in cleared else known


def _moved(state: Record, fact: RecordLinked) -> dict[str, Any]:
    left = (*(one for one in state.left if one not in (fact.left, fact.person)), fact.left)[-LEFT_KEPT:]
    apart = (*state.apart, fact.left)[-LEFT_KEPT:] if fact.by == UNLINKED else tuple(one for one in state.apart if one != fact.person)
    unlinked_at = fact.noted_at if fact.by == UNLINKED else state.unlinked_at
    untold = {"told": (), "given_at": newer(fact.noted_at, state.given_at)} if state.told else {}  # those were of the person it left
    news_at = newer(fact.noted_at, state.news_at)
    answered = {"alike": tuple(one for one in state.alike if one != fact.other), "conflict": ()} if fact.by != BY_NUMBER else {}
    return {**answered, "person": fact.person, "left": left, "apart": apart, "news_at": news_at, "unlinked_at": unlinked_at, **untold}


def newer(at: datetime | None, known: datetime | None) -> datetime | None:
    """An instant for news, after the news that were before."""
    return max(at, known + TICK) if at and known else at or known


def _also(requests: tuple[str, ...], request: str | None) -> tuple[str, ...]:
    return requests if request is None or request in requests else (*requests, request)


def _without(details: PersonDetails, cleared: Sequence[str]) -> PersonDetails:
    return details.model_copy(update=dict.fromkeys(cleared)) if cleared else details


def _with(old: PersonDetails, new: PersonDetails) -> PersonDetails:
    """A field that is absent stands as it was, inside a part of them as well; identifiers add up by system."""
    changes = {name: _joined(getattr(old, name), value) for name, value in _stated(new).items() if name != "identifiers"}
    systems = {identifier.system for identifier in new.identifiers}
    kept = tuple(identifier for identifier in old.identifiers if identifier.system not in systems)
    return old.model_copy(update={**changes, "identifiers": (*kept, *new.identifiers)})


def _joined(old: Any, new: Any) -> Any:
    return old.model_copy(update=_stated(new)) if isinstance(old, BaseModel) and isinstance(new, BaseModel) else new


def _stated(details: BaseModel) -> dict[str, Any]:
    return {name: value for name in type(details).model_fields if (value := getattr(details, name)) is not None}


def readable(what: Any) -> Any:
    """A value with everything personal in it opened, for a digest that nobody can read back."""
    if isinstance(what, Personal):
        return str(what.plain)
    if isinstance(what, BaseModel):
        return [(name, readable(inner)) for name in type(what).model_fields if (inner := getattr(what, name)) is not None]
    return [readable(one) for one in what] if isinstance(what, tuple) else str(what)
