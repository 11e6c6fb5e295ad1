"""The clocks of a placement, made again by the rules as they are now: for whoever asks why it is due when it is."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.rules import Running
from services.assignment import rules
from services.assignment.directory import DIRECTORY, Directory
from services.assignment.placement import AGAIN, CONTACT, FIND_PLACE, Placement

KINDS: tuple[str, ...] = ("placement",)


def references(subject: str) -> tuple[str, ...]:
    """Opening hours of desks."""
    return (DIRECTORY,)


def running(state: Placement, known: Mapping[str, Any]) -> Iterator[Running]:
    """A hand-off that is asked, every offer that is open, the owner's step, the regulatory clock around them, and the one by which the
    person must be reached."""
    if (handed := state.hand_off) and handed.asked_at and handed.respond_by:
        yield Running(f"answer of {handed.to}", handed.respond_by, rules.hand_off(state.urgency, handed.asked_at))
    if state.urgency is None or state.status == "ended":
        return
    directory: Directory = known.get(DIRECTORY) or Directory()
    for asked in state.waiting_on:
        start = asked.counts_from or state.requested_at
        whole = rules.services(state.requested_at, state.urgency, start)
        clock = rules.clock("offer", state.urgency, start, whole, directory.desk(asked.desk))
        yield Running(f"answer of {asked.desk}", asked.respond_by, clock)
    if state.owed and state.status == "waitlisted":
        yield Running(state.owed.action, state.owed.due, rules.waiting(state.waits_from or state.requested_at))
    elif state.owed and not state.waiting_on:
        start = state.owed.counts_from or state.requested_at
        whole = rules.services(state.requested_at, state.urgency, start)
        clock = rules.clock(cast(rules.Step, state.owed.action), state.urgency, start, whole, directory.desk(state.role))
        yield Running(state.owed.action, state.owed.due, clock)
    if state.services_by:
        whole = rules.services(state.requested_at, state.urgency, state.requested_at)
        yield Running(FIND_PLACE, state.services_by, whole)
    if state.again_by and state.tried_at:
        again = rules.contact_again(state.urgency, state.tried_at)
        yield Running(AGAIN, state.again_by, again, "" if again.due_at == state.again_by else "whoever tried said when they try again")
    if state.reach_by and not state.contacted:
        start = state.reach_from or state.requested_at
        yield Running(
            CONTACT, state.reach_by, rules.contact(state.urgency, start, rules.services(state.requested_at, state.urgency, start))
        )
