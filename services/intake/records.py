"""A partner's record of a person: found by its identifiers, opened, amended, linked. Never merged into another.

An identifier of the partner (partner, system, value) names a record. One of the whole network (system, value) names a person, and
links records to it. Name and birth date only ever make a candidate.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel

from contracts.consents import Given
from contracts.endings import Death, RecordDeathNoted
from contracts.intake import CandidateFound, RecordAmended, RecordConflicted, RecordLinked, RecordOpened
from contracts.kernel import Blind, Change, Fact, Next, Personal, State, World
from contracts.partners import PersonDetails
from services.intake.given import merged

NETWORK_SYSTEMS = frozenset(
    {"http://hl7.org/fhir/sid/us-ssn", "http://hl7.org/fhir/sid/us-medicaid", "http://hl7.org/fhir/sid/us-mbi", "urn:network:person"}
)
"""Systems whose numbers mean the same person whoever sends them."""
STEWARD = "role/data-steward"
DEAD = ("noted", "verified")
LEFT_KEPT = 10
UNLINKED, UNLINK = "unlinked", "unlink-record"
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

    @property
    def standing(self) -> tuple[Given, ...]:
        """Consents as they count for it, ended ones too."""
        return merged(self.given, self.told)


class Named:
    """The blind keys of one person as one partner describes them. `fallback` names the record where nothing else does."""

    def __init__(self, partner: str, details: PersonDetails, fallback: str, blind: Blind) -> None:
        own, network = [], []
        for identifier in details.identifiers:
            value = str(identifier.value.plain)
            own.append(blind("identifier", partner, identifier.system, value))
            if identifier.system in NETWORK_SYSTEMS:
                network.append(blind("network-identifier", identifier.system, value))
        self.own, self.network, self.alike = tuple(own), tuple(network), _alike(details, blind)
        self.record = "record/" + (self.own[0] if own else blind("record", partner, fallback))

    @property
    def claims(self) -> tuple[str, ...]:
        return (*self.own, *self.network, *self.alike)


def _alike(details: PersonDetails, blind: Blind) -> tuple[str, ...]:
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
    known: Record | None = world[record]
    people = sorted({world[world.held[claim]].person for claim in named.network if claim in world.held})
    if known is None:
        return record, list(_opened(record, partner, details, named, people, world, now, request))
    return record, list(told(record, known, details, named, now, people, request))


def _opened(
    record: str, partner: str, details: PersonDetails, named: Named, people: list[str], world: World, now: datetime, request: str | None
) -> Iterator[Fact]:  # fmt: skip
    person = people[0] if len(people) == 1 else record.replace("record/", "person/", 1)
    said = RecordOpened(record=record, partner=partner, person=person, details=details, request=request, noted_at=now)
    yield Fact(record, said, claims=named.claims)
    if details.deceased:
        yield _dead(record, person, partner, now)
    if len(people) > 1:
        yield _conflicted(record, people)
    for claim in named.alike:
        other = world.held.get(claim)
        if other is not None and other != record and not people:
            yield Fact(record, CandidateFound(other=other, next=_steward("compare-records")))


def told(
    record: str, known: Record, details: PersonDetails, named: Named, now: datetime, people: Sequence[str] = (),
    request: str | None = None,
) -> Iterator[Fact]:  # fmt: skip
    """What a partner tells us of a person that we know."""
    if details != PersonDetails() or request:
        yield Fact(record, RecordAmended(record=record, details=details, request=request), claims=named.claims)
    others = [person for person in people if person not in (known.person, *known.apart)]
    if len(people) > 1:
        yield _conflicted(record, people)
    elif others:
        yield Fact(record, RecordLinked(person=others[0], left=known.person, by="network-identifier", noted_at=now))
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


def _conflicted(record: str, people: Sequence[str]) -> Fact:
    return Fact(record, RecordConflicted(people=tuple(people), next=_steward("decide-identity", UNLINK)))


def _steward(action: str, *allowed: str) -> Next:
    """Identity questions stand beside triage and hold nothing up; their clock comes with the agreement's rules."""
    return Next(owner=STEWARD, action=action, allowed=allowed)


def evolve(state: Record | None, fact: Change) -> Record | None:
    """The life of a record."""
    match fact:
        case RecordOpened():
            joined = fact.noted_at if fact.person != fact.record.replace("record/", "person/", 1) else None
            opened = {"partner": fact.partner, "person": fact.person, "details": fact.details, "news_at": joined}
            return Record(**opened, requests=_also((), fact.request))
        case RecordAmended() if state:
            details, asked = _with(state.details, fact.details), _also(state.requests, fact.request)
            return state.model_copy(update={"details": details, "requests": asked})
        case RecordLinked() if state:
            return state.model_copy(update=_moved(state, fact))
    return state


def _moved(state: Record, fact: RecordLinked) -> dict[str, Any]:
    left = (*(one for one in state.left if one not in (fact.left, fact.person)), fact.left)[-LEFT_KEPT:]
    apart = (*state.apart, fact.left)[-LEFT_KEPT:] if fact.by == UNLINKED else tuple(one for one in state.apart if one != fact.person)
    unlinked_at = fact.noted_at if fact.by == UNLINKED else state.unlinked_at
    untold = {"told": (), "given_at": newer(fact.noted_at, state.given_at)} if state.told else {}  # those were of the person it left
    news_at = newer(fact.noted_at, state.news_at)
    return {"person": fact.person, "left": left, "apart": apart, "news_at": news_at, "unlinked_at": unlinked_at, **untold}


def newer(at: datetime | None, known: datetime | None) -> datetime | None:
    """An instant for news, after the news that were before."""
    return max(at, known + TICK) if at and known else at or known


def _also(requests: tuple[str, ...], request: str | None) -> tuple[str, ...]:
    return requests if request is None or request in requests else (*requests, request)


def _with(old: PersonDetails, new: PersonDetails) -> PersonDetails:
    """A field that is absent stands as it was; identifiers add up by system."""
    changes = {name: value for name, value in _stated(new).items() if name != "identifiers"}
    if old.guardian and new.guardian:
        changes["guardian"] = old.guardian.model_copy(update=_stated(new.guardian))
    systems = {identifier.system for identifier in new.identifiers}
    kept = tuple(identifier for identifier in old.identifiers if identifier.system not in systems)
    return old.model_copy(update={**changes, "identifiers": (*kept, *new.identifiers)})


def _stated(details: BaseModel) -> dict[str, Any]:
    return {name: value for name in type(details).model_fields if (value := getattr(details, name)) is not None}


def readable(value: Any) -> Any:
    """A value with everything personal in it opened, for a digest that nobody can read back."""
    if isinstance(value, Personal):
        return str(value.plain)
    if isinstance(value, BaseModel):
        return [(name, readable(getattr(value, name))) for name in type(value).model_fields if getattr(value, name) is not None]
    return [readable(one) for one in value] if isinstance(value, tuple) else str(value)
