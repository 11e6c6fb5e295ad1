"""Whether a payer must be asked, and for what: by its table where coverage and row are known, else by a person who found out."""

from collections.abc import Iterator
from datetime import date, timedelta

from contracts.assignment import PlacementAccepted, PlacementEnded
from contracts.authorization import (
    AuthorizationChange,
    AuthorizationCovered,
    AuthorizationDetermined,
    AuthorizationDisclosureChanged,
    AuthorizationEnded,
    AuthorizationOpened,
    LineAsked,
    LinesAdded,
)
from contracts.authorization_lines import LineCancelled
from contracts.consents import PermitChanged, newest
from contracts.kernel import Message, Reason
from contracts.payers import LineNeeded, Requirement
from services.authorization.authorization import Authorization
from services.authorization.commands import AddLines, CancelLine, Determine, EndAuthorization
from services.authorization.coverage import Coverage
from services.authorization.requirements import Requirements
from services.authorization.rules import clock, day_of, last_moment
from services.authorization.steps import DESK
from services.authorization.telling import NO_LINE, Case, Changes

DETERMINED = Reason("TL-5311", "", "it is determined; add lines, or cancel some")
UNCOVERED = Reason("TL-5312", "/payer", "record the person's coverage, or name the payer")
NO_ROW = Reason("TL-5313", "/needed", "the payer's table has no row for this service: ask the payer, and say what is needed")
NO_LINES = Reason("TL-5314", "/lines", "name the lines to ask for; numbers must be new, and each once")
NOT_NEEDED = Reason("TL-5315", "", "no authorization is needed here; determine it anew first")
NOT_OPEN = Reason("TL-5316", "/line", "this line is decided, or not asked for any more")


def opening(message: Message, accepted: PlacementAccepted, request: str) -> AuthorizationOpened:
    """A program took the person: whoever answers for it finds out."""
    return AuthorizationOpened(
        request=request,
        placement=message.subject,
        program=accepted.program,
        owner=accepted.desk or accepted.owner or DESK,
        service=accepted.service or "unspecified",
        urgency=accepted.urgency,
        requested_at=accepted.requested_at,
        record=accepted.record,
        sensitivity="part2" if message.sensitivity == "part2" else "",
        consent=(accepted.permit.consent if accepted.permit else message.consent) or None,
        permit=accepted.permit,
        happened_at=message.at,
    )


def by_table(state: Authorization, coverage: Coverage | None, tables: Requirements) -> Iterator[AuthorizationChange]:
    """What is known of itself: the coverage, where it stands, and what the payer's table says, where there is a row for the service."""
    day = day_of(state.opened_at)
    if coverage is None or state.record is None or not coverage.stands_on(day):
        return
    yield AuthorizationCovered(record=state.record, payer=coverage.payer, plan=coverage.plan, member=coverage.member)
    if row := tables.row(coverage.payer, coverage.plan, state.service, day):
        yield _as_the_row_says(row, coverage.plan, tables, day)


def _as_the_row_says(row: Requirement, plan: str | None, tables: Requirements, day: date) -> AuthorizationDetermined:
    payer = tables.payer(row.payer)
    return AuthorizationDetermined(
        needed=row.needed,
        payer=row.payer,
        payer_kind=payer.kind if payer else "other",
        plan=plan,
        lines=tuple(_line(number, needed, day) for number, needed in enumerate(row.lines, 1)),
        documents=row.documents,
        silence_means=row.silence_means,
        requirement=row.id,
    )


def _line(number: int, needed: LineNeeded, day: date) -> LineAsked:
    until = day + timedelta(days=needed.days - 1)
    return LineAsked(line=number, service=needed.service, units=needed.units, unit=needed.unit, starts_on=day, ends_on=until)


def determine(case: Case, data: Determine, tables: Requirements) -> Changes:
    """Looked up, or found out by a person, who may say who covers the person in the same breath. The same again is none."""
    state = case.state
    if state.needed == "authorization":
        return case.refused(DETERMINED)
    payer, plan = data.payer or state.payer, data.plan if data.payer else state.plan
    if payer is None and data.needed != "nothing":
        return case.refused(UNCOVERED)
    row = tables.row(payer, plan, state.service, day_of(case.now))
    if data.needed is None and row is None:
        return case.refused(NO_ROW)
    if data.needed is not None and (not _are_new(state, data.lines) or bool(data.lines) != (data.needed == "authorization")):
        return case.refused(NO_LINES)
    looked_up = _as_the_row_says(row, plan, tables, day_of(case.now)) if row else None
    said = looked_up if looked_up and data.needed is None else _as_a_person_says(data, payer, plan, tables, row)
    if said.needed == state.needed and (said.payer, said.plan) == (state.payer, state.plan):
        return ()
    return (*_covered(state, data), said)


def _as_a_person_says(
    data: Determine, payer: str | None, plan: str | None, tables: Requirements, row: Requirement | None
) -> AuthorizationDetermined:
    listed = tables.payer(payer)
    return AuthorizationDetermined(
        needed=data.needed or "authorization",
        payer=payer,
        payer_kind=data.payer_kind or (listed.kind if listed else "other"),
        plan=plan,
        lines=data.lines,
        silence_means=data.silence_means or (row.silence_means if row else "nothing"),
    )


def _covered(state: Authorization, data: Determine) -> tuple[AuthorizationCovered, ...]:
    if data.payer is None or state.record is None:
        return ()
    return (AuthorizationCovered(record=state.record, payer=data.payer, plan=data.plan, member=data.member),)


def add(case: Case, data: AddLines) -> Changes:
    """The next authorization of care that goes on, or of another service."""
    if case.state.needed != "authorization":
        return case.refused(NOT_NEEDED)
    if not _are_new(case.state, data.lines) or any(line.renews and not case.line(line.renews) for line in data.lines):
        return case.refused(NO_LINES)
    return (LinesAdded(lines=data.lines),)


def _are_new(state: Authorization, lines: tuple[LineAsked, ...]) -> bool:
    numbers = [line.line for line in lines]
    return len(set(numbers)) == len(numbers) and not any(state.line(number) for number in numbers)


def cancel(case: Case, data: CancelLine) -> Changes:
    line = case.line(data.line)
    if line is None:
        return case.refused(NO_LINE)
    if not (line.is_waiting or line.status == "assembling"):
        return case.refused(NOT_OPEN)
    return (LineCancelled(line=line.line, by=case.actor.id, reason=data.reason),)


def end(case: Case, data: EndAuthorization) -> Changes:
    return _ended(case, data.reason, case.actor.id)


def permitted(case: Case, data: PermitChanged) -> Changes:
    """What the payer may be told is another now. What was put to it already stays put."""
    known = case.state.permit
    return () if newest(known, data.permit) == known else (AuthorizationDisclosureChanged(permit=data.permit),)


def placement_ended(case: Case, data: PlacementEnded) -> Changes:
    """Nobody is placed any more: nothing has to be authorized. A second word of it is none."""
    return () if case.state.ended else _ended(case, data.reason)


def _ended(case: Case, reason: str, by: str | None = None) -> tuple[AuthorizationChange, ...]:
    covered = [line.granted_until for line in case.state.lines if line.granted_until]
    last = last_moment(max(covered)) if covered else case.now
    until = clock("keep-queryable", last, case.now).due_at
    return (AuthorizationEnded(reason=reason, by=by, queryable_until=until),)
