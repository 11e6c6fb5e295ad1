"""Appointments and visits as partners tell of them by the front door: late, again, of somebody who is nobody's client.

Who tells of a plan's visits is the partner whose program it is: nobody else books or settles them. What others tell is a visit in the
network, which plans see as "seen elsewhere" and transitions as a visit after the stay. One that fits no plan yet stays with its person,
and finds it once the program accepts or the records are linked.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from contracts.appointments import AppointmentMatched, AppointmentMoved, AppointmentTold
from contracts.kernel import Change, Deadline, State
from contracts.partners import VisitDetails
from contracts.plans import VisitAttended, VisitBooked, VisitCancelled, VisitMissed, VisitMoved
from contracts.transitions import Involved, Sighting
from contracts.visits import VisitReceived
from services.follow_up import appointments
from services.follow_up.items import later
from services.follow_up.plan import Plan

KIND = "appointment"
NEAR = timedelta(hours=2)
"""An Encounter that names no appointment is the one that was booked about then; every other word means the very instant."""
CODE = re.compile(r"\S{1,100}")
UNSAID = "not-said"
"""Why a first visit is past the regulatory limit, where the partner who books it does not say."""
SAID = ("record", "person", "partner", "reference", *VisitDetails.model_fields, "consent")


class Appointment(VisitDetails, State):
    """What one partner said last of one appointment. `attended_at`: when the person came, by its word; `plan`: where it counts."""

    record: str
    person: str
    partner: str
    reference: str
    request: str | None = None
    told_at: AwareDatetime
    attended_at: AwareDatetime | None = None
    plan: str | None = None
    news_at: AwareDatetime | None = None
    consent: str | None = None


def appointment_of(visit: str) -> str:
    return visit.replace("visit/", f"{KIND}/", 1)


def heard(data: VisitReceived, known: Appointment | None, person: str, plans: list[Involved], told_at: datetime) -> list[Change]:
    """A partner's word, and the plan that it is of, where that is known at once. What an earlier word said of the referral stands."""
    request = data.request or (known.request if known else None)
    starts_at = data.starts_at or (known.starts_at if known else None)
    said = {name: getattr(data, name) for name in SAID} | {"person": person, "starts_at": starts_at}
    word = AppointmentTold(**said, request=request, told_at=told_at)
    return [word, *_matched(_after(known, word), plans)]


def _matched(state: Appointment, plans: list[Involved]) -> Iterator[Change]:
    found = plan_for(state, plans)
    if found and found != state.plan:
        yield AppointmentMatched(plan=found)


def plan_for(state: Appointment, plans: list[Involved]) -> str | None:
    """The open plan of the person that it counts in: of the partner's own programs, the referral's or the one it names, else the only
    one. Where several could be meant, none is."""
    own = [one for one in plans if one.partner == state.partner]
    named = [one for one in own if one.program == state.program] if state.program else own
    referred = [one for one in named if state.request and one.id.partition("/")[2] == state.request.partition("/")[2]]
    found = referred or named
    return found[0].id if len(found) == 1 else None


def for_appointment(state: Appointment, subject: str, plans: list[Involved]) -> Iterator[Change]:
    """What is known of its person: whose it is, and their plans."""
    if state.person != subject:
        yield AppointmentMoved(person=subject)
    if state.plan is None:
        yield from _matched(state, plans)


def as_involved(id: str, state: Appointment) -> Involved:
    """How its person knows it, until it has found its plan."""
    owner = f"partner/{state.partner}"
    known = {"record": state.record, "owner": owner, "partner": state.partner, "since": state.starts_at or state.told_at}
    return Involved(id=id, open=state.plan is None, **known)


def as_sighted(id: str, state: Appointment) -> tuple[Sighting, ...]:
    """Seen in the network, where no plan says so itself."""
    if state.step != "attended" or state.attended_at is None or state.plan:
        return ()
    return (Sighting(plan=id, at=state.attended_at, visit=True),)


def as_unseen(id: str, state: Appointment) -> tuple[Sighting, ...]:
    """What was told of it and taken back."""
    if state.step == "attended" or state.attended_at is None or state.plan:
        return ()
    return (Sighting(plan=id, at=state.attended_at, visit=True),)


def deadlines(state: Appointment, tell: str) -> Iterator[Deadline]:
    """Its person and its plan are told at once."""
    if state.news_at:
        yield from (Deadline(tell, whom, state.news_at) for whom in filter(None, (state.person, state.plan)))


# — what it is to its plan


def told(plan_id: str, plan: Plan, said: Appointment) -> tuple[list[Change], datetime | None]:
    """What the last word changes in the plan, and when that happened. It is told of something that is so: nothing is refused."""
    changes = [*_told(plan, _visit(plan_id, plan, said), said)]
    return changes, said.attended_at if said.step == "attended" else None


def _visit(plan_id: str, plan: Plan, said: Appointment) -> str:
    """The visit that is meant: by the partner's number, else the one that was booked for then without a number."""
    own = appointments.numbered(plan_id, said.reference)
    if said.starts_at is None or plan.booking(own) or own in plan.settled:
        return own
    within = NEAR if said.step == "attended" else timedelta(0)
    near = sorted((abs(one.starts_at - said.starts_at), one.visit) for one in plan.bookings)
    return near[0][1] if near and near[0][0] <= within else own


def _told(plan: Plan, visit: str, said: Appointment) -> Iterator[Change]:
    settled = plan.settled.get(visit)
    if said.step == "attended":
        yield from _attended(plan, visit, said)
    elif settled == "attended" and said.attended_at and said.step not in ("booked", "arrived"):
        yield from _retracted(plan, visit, said.attended_at, said)
    elif said.step == "missed":
        yield from _missed(plan, visit, said) if settled not in ("attended", "missed") else ()
    elif said.step in ("booked", "arrived"):
        yield from _stands(plan, visit, said) if plan.status != "ended" else ()
    elif plan.booking(visit) or settled == "missed":
        yield _called_off(visit, said)


def _attended(plan: Plan, visit: str, said: Appointment) -> Iterator[Change]:
    """Once, whoever tells it: a visit that was recorded without a number is the same one."""
    at = said.attended_at
    known = plan.settled.get(visit) == "attended" or any(one.visit and abs(one.at - at) <= NEAR for one in plan.sighted if at)
    if at and not known:
        yield VisitAttended(visit=visit, at=at, kind=said.kind, channel=said.channel)


def _retracted(plan: Plan, visit: str, at: datetime, said: Appointment) -> Iterator[Change]:
    """A partner takes back what its own word said, and nothing that was recorded here."""
    if back := appointments.taken_back(plan, visit, at):
        yield from (*back, *_missed(plan, visit, said))


def _missed(plan: Plan, visit: str, said: Appointment) -> Iterator[Change]:
    booked = plan.booking(visit)
    at = booked.starts_at if booked else said.starts_at
    if said.step == "missed" and at:
        yield VisitMissed(visit=visit, at=at)


def _stands(plan: Plan, visit: str, said: Appointment) -> Iterator[Change]:
    """Booked, or moved; whether it was kept is owed, also of somebody who has arrived."""
    if said.starts_at is None or plan.settled.get(visit) in ("attended", "missed"):
        return
    known, settle_by = plan.booking(visit), appointments.settle_by(said.starts_at)
    late = not plan.visits and said.starts_at > plan.visit_by
    why = said.reason or (UNSAID if late else None)
    if known is None:
        yield VisitBooked(
            visit=visit, reference=_as_code(said.reference), starts_at=said.starts_at, settle_by=settle_by, kind=said.kind,
            channel=said.channel, reason=why,
        )  # fmt: skip
    elif known.starts_at != said.starts_at:
        yield VisitMoved(visit=visit, starts_at=said.starts_at, settle_by=settle_by, left_at=known.starts_at, reason=why)


def _as_code(reference: str) -> str | None:
    """The partner's number, where it could be written as a code."""
    return reference if CODE.fullmatch(reference) else None


def _called_off(visit: str, said: Appointment) -> VisitCancelled:
    """What was entered in error was nobody's decision but the program's."""
    why = said.step if said.step == "entered-in-error" else said.reason
    return VisitCancelled(visit=visit, by=said.by or "program", at=said.at or said.told_at, reason=why)


def _after(state: Appointment | None, word: AppointmentTold) -> Appointment:
    """The last word stands; that somebody came is remembered, so that it can be taken back, and where it counts."""
    named = {name: getattr(word, name) for name in Appointment.model_fields if name in AppointmentTold.model_fields}
    came = (word.at or word.starts_at) if word.step == "attended" else state.attended_at if state else None
    label = word.sensitivity or (state.sensitivity if state else "")
    news_at = later(word.noted_at, state.news_at if state else None)
    return Appointment(**named | {"sensitivity": label}, attended_at=came, plan=state.plan if state else None, news_at=news_at)


def evolve(state: Appointment | None, fact: Change) -> Appointment | None:
    """What is known of it."""
    if isinstance(fact, AppointmentTold):
        return _after(state, fact)
    if state is None:
        return None
    news_at = later(fact.noted_at, state.news_at) if isinstance(fact, AppointmentMatched | AppointmentMoved) else state.news_at
    match fact:
        case AppointmentMatched():
            return state.model_copy(update={"plan": fact.plan, "news_at": news_at})
        case AppointmentMoved():
            return state.model_copy(update={"person": fact.person, "news_at": news_at})
    return state
