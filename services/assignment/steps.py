"""Who owes what next on a placement, and which clocks run: functions of its state."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from contracts import clocks
from contracts.clocks import Step
from contracts.kernel import Change, Deadline, Fact, Next
from infra.rules import Clock
from services.assignment import caseloads, rules
from services.assignment.directory import Directory
from services.assignment.history import evolve
from services.assignment.placement import AGAIN, CONTACT, FIND_PLACE, HAND_OFF, OFFER_RESPONSE, RUNNING_SHORT, Asked, Placement

NOTHING = "none"


def told(subject: str, before: Placement | None, changes: Iterable[Change], directory: Directory, now: datetime) -> list[Fact]:
    """These changes as facts, in order, each with who owes what after it."""
    facts, state = [], before
    for change in changes:
        step = step_of(state, evolve(state, change), directory, now)
        said = change.model_copy(update={name: value for name, value in step._asdict().items() if name in type(change).model_fields})
        state = evolve(state, said)
        facts.append(Fact(subject, said, sensitivity=state.sensitivity if state else ""))
    return facts


def step_of(before: Placement | None, after: Placement | None, directory: Directory, now: datetime) -> Step:
    """Who owes what, where the placement holds it: from triage (until then the request's word stands) to the end.

    While desks are asked it waits on them (comma separated), until the first must have answered; then the step is the owner's
    again. When time runs short they are not only waited for but called. A later fact of the same step never gives it more time.
    """
    if before and after and before.interval != after.interval:
        return Step(Next(owner=after.role, action=NOTHING))  # the request's word stands again
    if before is None or after is None or after.urgency is None or after.status in ("opened", "ended"):
        return Step()
    if after.halted:
        return Step(Next(owner=after.role, action=NOTHING, allowed=after.allowed))
    if waiting := after.waiting_on:
        first = min(waiting, key=lambda asked: asked.respond_by)
        action, desks = "call-programs" if after.hurried else "await-answer", ",".join(asked.desk for asked in waiting)
        following = _next(after, action, first.respond_by, first.rule, desks)
        return Step(following, first.counts_from, _to_come(first, now))
    if after.status == "waitlisted":
        clock = rules.waiting(after.waits_from or now)
        waiting_on = ",".join(asked.desk for asked in after.in_lists)
        return Step(_next(after, "contact-waiting", clock.due_at, clock.rule, waiting_on), clock.counts_from, _to_come(clock, now))
    step: rules.Step = "schedule" if after.status == "accepted" else "reroute"
    action = "await-consent" if after.withheld else step
    on = "client" if after.withheld else None
    whole = rules.services(after.requested_at, after.urgency, now)
    clock = rules.clock(step, after.urgency, now, whole, directory.desk(after.role))
    if before.owed and before.owed.action == action and before.owed.due <= clock.due_at:
        return Step(_next(after, action, before.owed.due, before.owed.rule, on), None, clocks.still_to_come(before.owed, now))
    return Step(_next(after, action, clock.due_at, clock.rule, on), clock.counts_from, clock.warns_at)


def _to_come(clocked: Clock | Asked, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in clocked.warns_at if at > now)


def _next(after: Placement, action: str, due: datetime, rule: str | None, waiting_on: str | None = None) -> Next:
    return Next(owner=after.role, action=action, waiting_on=waiting_on, due=due, rule=rule, allowed=after.allowed)


def deadlines(state: Placement) -> list[Deadline]:
    """An answer to a hand-off, one from every desk it waits on, reminders, the end of the owner's step and of the regulatory time, and the
    instant from which on nobody waits in line. Nothing is closed by any."""
    found = list(_of_hand_off(state))
    found += caseloads.deadlines(state)
    if not state.is_looked_for:
        return found
    found += [Deadline(OFFER_RESPONSE, asked.program, asked.respond_by) for asked in state.waiting_on]
    found += [one for one in clocks.deadlines(state.owed) if one.name == clocks.WARN or not state.waiting_on]
    if state.services_by and not state.services_late:
        found.append(Deadline(clocks.DUE, FIND_PLACE, state.services_by))
    if state.reach_by and not state.contacted and not state.contact_late:
        found.append(Deadline(clocks.DUE, CONTACT, state.reach_by))
    if state.again_by and not state.again_late:
        found.append(Deadline(clocks.DUE, AGAIN, state.again_by))
    if state.waiting_on and state.short_at and not state.hurried:
        found.append(Deadline(RUNNING_SHORT, "", state.short_at))
    return found


def _of_hand_off(state: Placement) -> Iterator[Deadline]:
    asked = state.hand_off
    if asked and asked.respond_by and not asked.late and not state.halted:
        yield Deadline(HAND_OFF, asked.to, asked.respond_by)
