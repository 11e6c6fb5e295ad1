"""What happens with what was granted: visits are booked and take place, units run out, spans end, and the next is asked for in time."""

from collections.abc import Sequence
from datetime import datetime

from contracts.authorization import AuthorizationChange, VisitNoted
from contracts.authorization_lines import LineExpired, RenewalDue, UnitsReturned, UnitsUsed
from contracts.kernel import DeadlinePassed, Reason, Refused
from contracts.plans import VisitAttended, VisitBooked, VisitCancelled, VisitMissed, VisitMoved, VisitRetracted
from services.authorization.authorization import Authorization
from services.authorization.commands import NoteVisit, UseUnits
from services.authorization.lines import VISITS_KEPT, Line
from services.authorization.rules import RENEWAL_SHARE, clock, day_of, last_moment
from services.authorization.telling import Case, Changes

VISITS = (VisitBooked, VisitMoved, VisitCancelled, VisitMissed, VisitAttended, VisitRetracted)
Followed = VisitBooked | VisitMoved | VisitCancelled | VisitMissed | VisitAttended | VisitRetracted
UNCOVERED = Reason("TL-5361", "/at", "no line covers this day: enter the payer's decision, or ask for the next authorization")
TOO_MANY = Reason("TL-5362", "/visit", "this line has more visits than are kept; ask for the next authorization")


def note(case: Case, data: NoteVisit) -> Changes:
    """A booking, a move, a cancellation; told twice it is one."""
    return visit_noted(case.state, data.visit, data.at)


def followed(case: Case, data: Followed) -> Changes:
    """What follow-up says of visits. One that took place where nothing covers it stays noted, which puts the referral at risk."""
    if isinstance(data, VisitBooked | VisitMoved):
        return visit_noted(case.state, data.visit, data.starts_at)
    if isinstance(data, VisitRetracted):
        return returned(case, data.visit)
    visit = data.visit or data.at.isoformat()
    if not isinstance(data, VisitAttended) or case.state.needed == "nothing":
        return visit_noted(case.state, visit, None) if visit in case.state.visits else ()
    used = use(case, UseUnits(visit=visit, at=data.at))
    return visit_noted(case.state, visit, data.at, took_place=True) if isinstance(used, Refused) else used


def visit_noted(state: Authorization, visit: str, at: datetime | None, took_place: bool = False) -> tuple[VisitNoted, ...]:
    known = state.visits.get(visit) == at and (visit in state.took_place) == took_place
    return () if known else (VisitNoted(visit=visit, at=at, took_place=took_place),)


def made_up(case: Case) -> Sequence[AuthorizationChange]:
    """A visit that took place before anything covered its day uses the line that covers it by now: the first of them."""
    for visit in case.state.took_place:
        used = use(case, UseUnits(visit=visit, at=case.state.visits[visit]))
        if used and not isinstance(used, Refused):
            return used
    return ()


def use(case: Case, data: UseUnits) -> Changes:
    """A visit used units of the line that covers its day; the same visit again is none."""
    state, day = case.state, day_of(data.at)
    if any(data.visit in line.visits for line in state.lines):
        return ()
    covering = [line for line in state.lines if line.granted_at and line.covers(day)]
    if not covering:
        return case.refused(UNCOVERED)
    line = min(covering, key=lambda one: (one.used >= one.granted_units > 0, one.line))
    if len(line.visits) >= VISITS_KEPT:
        return case.refused(TOO_MANY)
    used = line.used + data.units
    said = UnitsUsed(line=line.line, visit=data.visit, units=data.units, used=used, happened_at=min(data.at, case.now))
    gone = (VisitNoted(visit=data.visit),) if data.visit in state.visits else ()
    return (said, *_by_units(state, line, used, case.now), *gone)


def returned(case: Case, visit: str) -> Changes:
    """It did not take place after all: what it used is there again, and the next need not be asked for where only its use said so."""
    line = next((line for line in case.state.lines if visit in line.visits), None)
    if line is None:
        return visit_noted(case.state, visit, None) if visit in case.state.visits else ()
    units = line.visits[visit]
    used = max(line.used - units, 0)
    off = line.renewal_because == "units" and used < RENEWAL_SHARE * line.granted_units and not case.state.is_renewed(line)
    return (UnitsReturned(line=line.line, visit=visit, units=units, used=used, renewal_off=off, happened_at=case.now),)


def _by_units(state: Authorization, line: Line, used: float, now: datetime) -> tuple[RenewalDue, ...]:
    """So much is used that the next must be asked for now; once."""
    is_due = line.granted_units > 0 and used >= RENEWAL_SHARE * line.granted_units
    if not is_due or line.renewal_at or not line.is_granted or state.is_renewed(line):
        return ()
    return (RenewalDue(line=line.line, because="units", happened_at=now),)


def renewal_due(case: Case, data: DeadlinePassed) -> Changes:
    """So many days are over, or the payer's own review day comes near."""
    line = case.line(int(data.about))
    step = next((one for one in case.state.steps if (one.action, str(one.line)) == (data.name, data.about)), None)
    if line is None or step is None or step.due != data.at:
        return ()
    return (RenewalDue(line=line.line, because="review" if step.rule.startswith("review") else "span", happened_at=data.at),)


def expired(case: Case, data: DeadlinePassed) -> Changes:
    """The last covered day is over. The need stands."""
    line = case.line(int(data.about))
    if line is None or not line.is_granted or line.granted_until is None or last_moment(line.granted_until) != data.at:
        return ()
    until = clock("keep-queryable", data.at, case.now).due_at
    return (LineExpired(line=line.line, queryable_until=until, happened_at=data.at),)
