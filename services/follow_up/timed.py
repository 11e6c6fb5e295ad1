"""What time asks: steps that are late, signals that begin to hold, and what one aggregate has to tell another."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from contracts.appointments import AppointmentMoved
from contracts.feeds import feed_of
from contracts.kernel import Deadline, Decision, Fact, Message, State, World, kind_of
from contracts.plans import PlanMoved
from contracts.transitions import TransitionMoved
from services.follow_up import engagement, feeds, items, outreach, people, reported, tidings, transition
from services.follow_up.care import Care
from services.follow_up.facts import followed, labelled, noted, of, planned, told
from services.follow_up.items import Case
from services.follow_up.people import Person
from services.follow_up.plan import Plan
from services.follow_up.reported import Appointment
from services.follow_up.transition import Transition


def decide(message: Message, world: World, now: datetime) -> Decision:
    subject, data = message.subject, message.data
    state = world[subject]
    if data.name == people.TELL:
        if isinstance(state, Appointment) and kind_of(data.about) == "plan":
            return _counted(state, data.about, world, now)
        return _tell(subject, state, data.about, world[data.about], now)
    case = Case(subject, state, message.actor, now)
    if data.name == engagement.SIGNALS:
        since = feeds.silent_since(state.program, world[data.about], world[feeds.NETWORK])
        return planned(subject, state, (), now, None, since)
    if data.name == outreach.ROUND:
        return told(subject, state, outreach.time_over(case, data.at), now)
    if data.name == outreach.SUPPRESSION:
        return planned(subject, state, outreach.expired(case, data.about, data.at), now)
    return told(subject, state, items.passed(case, data), now)


def _counted(said: Appointment, subject: str, world: World, now: datetime) -> list[Fact]:
    """A visit that a partner told of, in its plan and in the plan's referral."""
    plan: Plan | None = world[subject]
    if plan is None or said.plan != subject:
        return []
    changes, happened_at = reported.told(subject, plan, said)
    if not changes:
        return []
    care = of(subject, "care")
    facts = [*planned(subject, plan, changes, now, happened_at), *followed(care, world[care], changes, plan, now)]
    return labelled(facts, said.sensitivity, said.consent)


def _tell(subject: str, state: Any, other: str, known: Any, now: datetime) -> list[Fact]:
    """From a plan, a stay or an appointment to its person, or from a person to one of them: what is news there."""
    if kind_of(other) == "person":
        return _learns(subject, state, other, known, now)
    if known is None or other not in state.involved:
        return []
    if kind_of(other) == "plan":
        changes = [change for change, _ in tidings.for_plan(other, known, subject, state, now)]
        return planned(other, known, changes, now) if changes else []
    if isinstance(known, Appointment):
        found = reported.for_appointment(known, subject, state.plans())
        return labelled(noted((Fact(other, one) for one in found), now), known.sensitivity, known.consent)
    return list(chain.from_iterable(_one_by_one(other, known, tidings.for_stay(other, known, subject, state), now)))


def _learns(subject: str, state: Plan | Transition | Appointment, other: str, known: Person | None, now: datetime) -> list[Fact]:
    """A person hears of a plan, a stay or an appointment; where its record had left them before they heard, it follows the record."""
    if known and state.record and (to := known.gone.get(state.record)):
        if isinstance(state, Plan):
            return planned(subject, state, [PlanMoved(person=to, left=other)], now)
        if isinstance(state, Appointment):
            return labelled(noted([Fact(subject, AppointmentMoved(person=to))], now), state.sensitivity, state.consent)
        return told(subject, state, [TransitionMoved(person=to)], now)
    learned = people.learned(known, subject, state)
    return noted([Fact(other, learned)] if learned else (), now)


def _one_by_one(subject: str, state: Any, tidings_told: Iterable[tidings.Told], now: datetime) -> Iterator[list[Fact]]:
    """Each with its own instant, so that what was done in time takes back the lateness that was told."""
    for change, happened_at in tidings_told:
        facts = told(subject, state, [change], now, happened_at)
        for fact in facts:
            state = transition.evolve(state, fact.data)  # type: ignore[arg-type]
        yield facts


def deadlines(state: State) -> Iterable[Deadline]:
    """Everything that time asks of an aggregate."""
    match state:
        case Plan():
            signals = engagement.instants(state, feed_of(state.program))
            return (*_suppressions(state), *items.deadlines(state), *signals, *_round(state), *people.news(state))
        case Transition():
            return (*items.deadlines(state), *people.news(state))
        case Care():
            return tuple(items.deadlines(state))
        case Appointment():
            return tuple(reported.deadlines(state, people.TELL))
        case Person():
            return tuple(people.tidings(state))
    return ()


def _suppressions(plan: Plan) -> Iterator[Deadline]:
    yield from (Deadline(outreach.SUPPRESSION, one.kind, one.until) for one in plan.suppressions)


def _round(plan: Plan) -> Iterator[Deadline]:
    if at := plan.round_ends_at():
        yield Deadline(outreach.ROUND, plan.program, at)
