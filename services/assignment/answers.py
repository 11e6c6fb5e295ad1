"""What programs say to an offer, and what becomes of it. The first yes wins, be it late."""

from typing import Any

from contracts.assignment import OwnerAssigned, PlacementAccepted, PlacementContactLogged, PlacementDeclined, PlacementWaitlisted
from contracts.kernel import Change, Reason
from services.assignment import lateness, rules
from services.assignment.caseloads import PROGRAM_FULL
from services.assignment.commands import AcceptOffer, DeclineOffer, LogContact, Waitlist
from services.assignment.offers import NO_CONSENT, NOT_THE_DESK, STILL_ASKED, and_then
from services.assignment.ownership import person_behind
from services.assignment.placement import Asked, Case, Changes

HELD = Reason("TL-3421", "/program", "a program has it already")
NOT_OFFERED = Reason("TL-3422", "/program", "this program is not asked, or has said no")
NO_LIST = Reason("TL-5205", "/program", "name a listed program that has the service")
IN_VAIN = ("no-answer", "left-message", "wrong-number")
"""Outcomes after which the client is tried again."""
NOT_YET = Reason("TL-5206", "/contacted_at", "log a contact when it has taken place")


def accept(case: Case, data: AcceptOffer) -> Changes:
    """The first yes wins, be it late; it is the new owner's acceptance too, so ownership moves to the program's desk."""
    placement, asked = case.placement, case.placement.asked_of(data.program)
    if refusal := _may_not_answer(case, asked):
        return case.refused(refusal)
    assert asked
    if not case.has_room(asked.program):
        return case.refused(PROGRAM_FULL)
    program = case.directory.program(asked.program)
    accepted = PlacementAccepted(
        program=asked.program,
        partner=program.partner if program else None,
        by=case.actor.id,
        released=tuple(other.program for other in placement.may_say_yes if other.program != asked.program),
        desk=asked.desk,
        owner=asked.desk,
        service=placement.service,
        urgency=placement.urgency,
        requested_at=placement.requested_at,
        record=placement.record,
        cadence_days=program.cadence_days if program else None,
        books_visits=program.books_visits if program else True,
        interval=placement.interval,
        age_band=placement.age_band,
        permit=placement.permit if placement.sensitivity else None,
    )
    return (accepted, *_program_person(case, asked.desk))


def _program_person(case: Case, desk: str) -> tuple[Change, ...]:
    """Who said yes, if they are on duty at the desk and have room; else somebody who is."""
    if case.actor.id in case.directory.on_duty(desk) and case.has_room(case.actor.id):
        return (OwnerAssigned(owner=case.actor.id, role=desk),)
    return person_behind(desk, case.subject, case.directory, case.now)


def _may_not_answer(case: Case, asked: Asked | None) -> Reason | None:
    """The desk of the offer answers: its people on duty, its partner's own system, or the owner's side for a desk without software."""
    if case.placement.program:
        return HELD
    if not case.may_be_told:
        return NO_CONSENT
    if asked is None or asked.answer == "declined":
        return NOT_OFFERED
    program = case.directory.program(asked.program)
    partner = program.partner if program else None
    at_desk = case.actor.id in case.directory.on_duty(asked.desk) or (partner is not None and case.actor.id == partner)
    return None if at_desk or case.on_owners_side else NOT_THE_DESK


def decline(case: Case, data: DeclineOffer) -> Changes:
    """The program says no, in time or late."""
    asked = case.placement.asked_of(data.program)
    if refusal := _may_not_answer(case, asked):
        return case.refused(refusal)
    return and_then(case, PlacementDeclined(program=data.program, by=case.actor.id, reason=data.reason, desk=asked.desk if asked else None))


def waitlist(case: Case, data: Waitlist) -> Changes:
    """The program keeps the person in its list; offers to others go on. Said again, its position or date is another now."""
    placement, program = case.placement, case.directory.program(data.program)
    if not placement.is_looked_for:
        return case.refused(HELD if placement.program else STILL_ASKED)
    if program is None or placement.service not in program.services:
        return case.refused(NO_LIST)
    asked = Asked(program=program.id, desk=program.desk, respond_by=case.now)
    if refusal := _may_not_answer(case, asked):
        return case.refused(refusal)
    told = data.model_dump(include={"position", "expected_on", "interim"})
    return and_then(case, PlacementWaitlisted(program=program.id, desk=program.desk, by=case.actor.id, waits_from=case.now, **told))


def log_contact(case: Case, data: LogContact) -> Changes:
    """Somebody was in touch with the client, or tried to be."""
    if not case.placement.is_looked_for:
        return case.refused(STILL_ASKED)
    if not case.on_owners_side:
        return case.refused(NOT_THE_DESK)
    if data.contacted_at > case.now:
        return case.refused(NOT_YET)
    logged = PlacementContactLogged(by=case.actor.id, **{**data.model_dump(), **_again(case, data)})
    return (logged, *lateness.taken_back(case.placement, data.contacted_at, data.outcome == "reached"))


def _again(case: Case, data: LogContact) -> dict[str, Any]:
    """When the client is tried again: as whoever tried says, else as the rule proposes. Never where it is unwanted or unsafe."""
    if data.next_attempt_at or data.outcome not in IN_VAIN or case.placement.urgency is None:
        return {}
    clock = rules.contact_again(case.placement.urgency, data.contacted_at)
    return {"next_attempt_at": clock.due_at, "again_rule": clock.rule}
