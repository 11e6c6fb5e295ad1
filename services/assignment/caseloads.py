"""How much somebody answers for, in the one aggregate that can refuse one more: it is written with the placement, in one transaction.

Only what the network file limits is counted, so a caseload is never longer than its limit, but for what a person took at the front
door. What was heard looks at nobody's caseload: an owner is looked for in the next breath, and whoever left is freed in it.
"""

from collections.abc import Iterator

from contracts.assignment import OwnerAssigned, OwnerSought, PlacementCounted
from contracts.caseloads import CaseloadFreed, CaseloadTaken, caseload_of
from contracts.kernel import Change, Deadline, DeadlinePassed, Fact, Reason, State
from services.assignment.history import folded
from services.assignment.placement import FIND_OWNER, LEAVE, Case, Changes, Placement
from services.assignment.rules import RULES

FULL = Reason("TL-5220", "", "this caseload is full: something has to be handed on first, or its limit raised in the network file")
PROGRAM_FULL = Reason(
    "TL-5224", "/program", "the program is full: put the person on its waiting list, or raise its limit in the network file"
)


class Caseload(State):
    """What counts towards it now."""

    items: tuple[str, ...] = ()


def evolve(state: Caseload | None, fact: Change) -> Caseload:
    """What the caseload becomes."""
    items = (state or Caseload()).items
    match fact:
        case CaseloadTaken():
            items = (*items, fact.item)
        case CaseloadFreed():
            items = tuple(item for item in items if item != fact.item)
    return (state or Caseload()).model_copy(update={"items": items})


def deadlines(state: Placement) -> Iterator[Deadline]:
    """An owner who is looked for, and whoever counts it and has it no more."""
    if state.sought:
        yield Deadline(FIND_OWNER, ",".join(state.sought.candidates), state.sought.look_at)
    yield from (Deadline(LEAVE, who, state.requested_at) for who in state.counted if who not in state.holders)


def look(case: Case, data: DeadlinePassed) -> Changes:
    """The first who has room answers for it. Nobody has: it stays where it is, and everybody is looked at again later."""
    placement, sought = case.placement, case.placement.sought
    if sought is None or sought.look_at != data.at or sought.candidates == (placement.owner,):
        return ()
    named = case.directory.ranked(sought.role, case.subject, case.now)
    if set(named) - set(sought.candidates):
        return (OwnerSought(role=sought.role, candidates=named, look_at=case.now),)
    if free := next((person for person in sought.candidates if person in named and case.has_room(person)), None):
        return (OwnerAssigned(owner=free, role=sought.role),)
    again = RULES.clock("look-again-for-owner", case.now, now=case.now).due_at
    return (OwnerSought(role=sought.role, candidates=named or sought.candidates, look_at=again, full=True),)


def counting(case: Case, changes: tuple[Change, ...]) -> tuple[list[Change], list[Fact]]:
    """What caseloads make of it: who counts the placement from now on, as facts of it and of theirs.

    An owner out of reach of this message, who took it at the front door, is counted in the next breath.
    """
    limits = case.directory.caseloads
    if not (limits or case.placement.counted) or (after := folded(case.placement, changes)) is None:
        return [], []
    wanted = [who for who in after.holders if who in limits]
    taken = [who for who in wanted if who in case.loads and who not in after.counted]
    freed = [who for who in after.counted if who in case.loads and who not in wanted]
    by = tuple(who for who in (*after.counted, *taken) if who not in freed)
    said: list[Change] = [PlacementCounted(by=by)] if taken or freed else []
    if after.owner in wanted and after.owner not in by and after.sought is None:
        said.append(OwnerSought(role=after.role, candidates=(after.owner,), look_at=case.now))
    has = {who: len(case.loads[who].items) for who in (*taken, *freed)}
    entered = [Fact(caseload_of(who), CaseloadTaken(item=case.subject, limit=limits[who], count=has[who] + 1)) for who in taken]
    left = [Fact(caseload_of(who), CaseloadFreed(item=case.subject, count=has[who] - 1)) for who in freed]
    return said, [*entered, *left]
