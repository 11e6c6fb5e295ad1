"""Asking programs, and what becomes of their answers. The first yes wins; silence and a no lead to the next round.

A round ends when no desk is waited on any more. Its time is a share of what is left of the regulatory clock; when only a third of
that is left, everybody who fits is asked at once and is to be called (law 9).
"""

from datetime import datetime
from typing import Any, NamedTuple

from contracts.assignment import (
    NoProgramAvailable,
    Offer,
    OfferUnanswered,
    OwnerAssigned,
    PlacementAccepted,
    PlacementContactLogged,
    PlacementDeclined,
    PlacementEnded,
    PlacementLabelled,
    PlacementOffered,
    PlacementOverdueRetracted,
    PlacementWaitlisted,
)
from contracts.intake import RequestAmended, RequestTriaged, RequestWithdrawn
from contracts.kernel import Change, DeadlinePassed, Reason
from contracts.partners import Urgency
from contracts.plans import PlanDischarged
from infra.rules import Clock
from services.assignment import rules
from services.assignment.commands import AcceptOffer, DeclineOffer, LogContact, OfferAgain, Waitlist
from services.assignment.ownership import follow, person_behind
from services.assignment.placement import FIND_PLACE, LOOKING, Asked, Case, Changes, Placement, evolve
from services.assignment.ranking import ranked

HELD = Reason("TL-3421", "/program", "a program has it already")
NOT_OFFERED = Reason("TL-3422", "/program", "this program is not asked, or has said no")
NOT_THE_DESK = Reason("TL-3423", "/program", "the desk that was asked answers, or the owner's side enters what it said")
STILL_ASKED = Reason("TL-3424", "", "programs are asked, or nothing is left to place")
NOBODY_FITS = Reason("TL-3425", "", "no listed program has the service and a place; find one and list it")

NO_LIST = Reason("TL-5205", "/program", "name a listed program that has the service")
NOT_YET = Reason("TL-5206", "/contacted_at", "log a contact when it has taken place")


class Need(NamedTuple):
    """What must be found, and how fast."""

    service: str
    urgency: Urgency


def triaged(case: Case, data: RequestTriaged) -> Changes:
    """A person decided on need and urgency: programs are asked."""
    placement, need = case.placement, Need(data.service, data.urgency)
    if placement.status in ("accepted", "ended"):
        return ()
    moved = follow(case, data.next.owner if data.next else None)
    if placement.status != "opened" and need == (placement.service, placement.urgency):
        return moved
    return (*moved, *_anew(case, need))


def amended(case: Case, data: RequestAmended) -> Changes:
    """Another service or urgency: rank again, unless triage is still to come or a program has it. A label is put on in any case."""
    placement = case.placement
    labelled = _labelled(placement, data)
    if placement.status not in LOOKING or placement.urgency is None:
        return labelled
    need = Need(data.service or placement.service, data.urgency or placement.urgency)
    return labelled if need == (placement.service, placement.urgency) else (*labelled, *_anew(case, need))


def _labelled(placement: Placement, data: RequestAmended) -> tuple[Change, ...]:
    known = data.sensitivity in ("", placement.sensitivity)
    return () if known else (PlacementLabelled(sensitivity=data.sensitivity, consent=data.consent),)


def _anew(case: Case, need: Need) -> tuple[Change, ...]:
    """Another need has another regulatory end: what was told late is taken back where that is still to come."""
    was, asked = case.placement, next_round(case, need)
    if not was.services_late or was.services_by is None or asked.services_by is None or asked.services_by <= max(was.services_by, case.now):
        return (asked,)
    return asked, PlacementOverdueRetracted(action=FIND_PLACE, rule=was.services_rule or "", due=was.services_by)


def next_round(case: Case, need: Need, again: bool = False) -> PlacementOffered | NoProgramAvailable:
    """Ask the best programs not asked yet for this service (`again`: whoever fits), beside those that have not answered.

    Desks of another service are released. An edit of the urgency may bring an open offer's end nearer, never put it off (law 4).
    """
    placement = case.placement
    same = need.service == placement.service
    whole = rules.services(placement.requested_at, need.urgency, case.now)
    standing = [_offer(asked, _clock(asked.desk, need, case, whole)) for asked in placement.waiting_on] if same else []
    passed = {asked.program for asked in (placement.in_lists if again else placement.asked)} if same else set()
    fitting = [program for program in ranked(case.directory.programs, need.service, case.subject) if program.id not in passed]
    hurried = whole.is_short(case.now)
    at_once = rules.HURRIED_OFFERS_MAX if hurried else rules.PARALLEL_OFFERS_MAX
    next_best = fitting[: max(at_once - len(standing), 0)]
    fresh = [_asking(program.id, program.desk, _clock(program.desk, need, case, whole)) for program in next_best]
    offers = (*standing, *fresh)
    named = {offer.program for offer in offers}
    released = () if same else tuple(asked.program for asked in placement.may_say_yes if asked.program not in named)
    said = {
        "service": need.service,
        "urgency": need.urgency,
        "released": released,
        "services_by": whole.due_at,
        "services_rule": whole.rule,
        **_contact(placement, need, whole, case.now),
    }
    if not offers:
        return NoProgramAvailable(**said)
    return PlacementOffered(round=placement.round + 1, offers=offers, short_at=whole.short_at, hurried=hurried, **said)


def _contact(placement: Placement, need: Need, whole: Clock, now: datetime) -> dict[str, Any]:
    """Somebody must reach the person while places are looked for; the time for it counts from the first round and is never put off."""
    clock = rules.contact(need.urgency, now, whole)
    if placement.reach_by and placement.reach_by <= clock.due_at:
        return {"reach_by": placement.reach_by, "reach_rule": placement.reach_rule}
    return {"reach_by": clock.due_at, "reach_rule": clock.rule}


def _clock(desk: str, need: Need, case: Case, whole: Clock) -> Clock:
    return rules.clock("offer", need.urgency, case.now, whole, case.directory.desk(desk))


def _asking(program: str, desk: str, clock: Clock) -> Offer:
    return Offer(
        program=program, desk=desk, respond_by=clock.due_at, rule=clock.rule, warns_at=clock.warns_at, counts_from=clock.counts_from
    )


def _offer(asked: Asked, clock: Clock) -> Offer:
    """The offer that stands, or the same one with an earlier end."""
    if asked.respond_by <= clock.due_at:
        return Offer(**asked.model_dump(exclude={"answer"}))
    return _asking(asked.program, asked.desk, clock)


def running_short(case: Case, data: DeadlinePassed) -> Changes:
    """Only a third of the regulatory time is left: whoever fits is asked beside those who have not answered."""
    placement = case.placement
    if placement.status != "offering" or placement.urgency is None or placement.short_at != data.at:
        return ()
    return (next_round(case, Need(placement.service, placement.urgency)),)


def unanswered(case: Case, data: DeadlinePassed) -> Changes:
    """A desk's time is over. The step falls back to the owner, and the next programs are asked."""
    placement, asked = case.placement, case.placement.asked_of(data.about)
    if asked is None or asked.answer != "open" or asked.respond_by != data.at:
        return ()
    silent = OfferUnanswered(program=asked.program, desk=asked.desk, respond_by=asked.respond_by, owner=placement.owner, rule=asked.rule)
    return _and_then(case, silent)


def decline(case: Case, data: DeclineOffer) -> Changes:
    """The program says no, in time or late."""
    asked = case.placement.asked_of(data.program)
    if refusal := _may_not_answer(case, asked):
        return case.refused(refusal)
    return _and_then(
        case, PlacementDeclined(program=data.program, by=case.actor.id, reason=data.reason, desk=asked.desk if asked else None)
    )


def _and_then(case: Case, change: Change) -> tuple[Change, ...]:
    """What follows in the same breath: a round of which nobody is waited on any more is over."""
    placement, after = case.placement, evolve(case.placement, change)
    if after is None or after.urgency is None or after.waiting_on or placement.status != "offering":
        return (change,)
    return (change, next_round(_as(case, after), Need(after.service, after.urgency)))


def _as(case: Case, placement: Placement) -> Case:
    return Case(case.subject, placement, case.directory, case.actor, case.now)


def accept(case: Case, data: AcceptOffer) -> Changes:
    """The first yes wins, be it late; it is the new owner's acceptance too, so ownership moves to the program's desk."""
    placement, asked = case.placement, case.placement.asked_of(data.program)
    if refusal := _may_not_answer(case, asked):
        return case.refused(refusal)
    assert asked
    program = case.directory.program(asked.program)
    accepted = PlacementAccepted(
        program=asked.program,
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
    )
    return (accepted, *_program_person(case, asked.desk))


def _program_person(case: Case, desk: str) -> tuple[OwnerAssigned, ...]:
    """Who said yes, if they are on duty at the desk; else somebody who is."""
    if case.actor.id in case.directory.on_duty(desk):
        return (OwnerAssigned(owner=case.actor.id, role=desk),)
    return person_behind(desk, case.subject, case.directory)


def _may_not_answer(case: Case, asked: Asked | None) -> Reason | None:
    """The desk of the offer answers: its people on duty, its partner's own system, or the owner's side for a desk without software."""
    if case.placement.program:
        return HELD
    if asked is None or asked.answer == "declined":
        return NOT_OFFERED
    program = case.directory.program(asked.program)
    partner = program.partner if program else None
    at_desk = case.actor.id in case.directory.on_duty(asked.desk) or (partner is not None and case.actor.id == partner)
    return None if at_desk or case.on_owners_side else NOT_THE_DESK


def again(case: Case, data: OfferAgain) -> Changes:
    """Nobody was left: everybody who fits now is asked once more."""
    placement = case.placement
    if not case.on_owners_side:
        return case.refused(NOT_THE_DESK)
    if placement.status not in ("unplaced", "waitlisted") or placement.urgency is None:
        return case.refused(STILL_ASKED)
    found = next_round(case, Need(placement.service, placement.urgency), again=True)
    return case.refused(NOBODY_FITS) if isinstance(found, NoProgramAvailable) else (found,)


def waitlist(case: Case, data: Waitlist) -> Changes:
    """The program keeps the person in its list; offers to others go on. Said again, its position or date is another now."""
    placement, program = case.placement, case.directory.program(data.program)
    if placement.status not in LOOKING:
        return case.refused(HELD if placement.program else STILL_ASKED)
    if program is None or placement.service not in program.services:
        return case.refused(NO_LIST)
    asked = Asked(program=program.id, desk=program.desk, respond_by=case.now)
    if refusal := _may_not_answer(case, asked):
        return case.refused(refusal)
    told = data.model_dump(include={"position", "expected_on", "interim"})
    return _and_then(case, PlacementWaitlisted(program=program.id, desk=program.desk, by=case.actor.id, waits_from=case.now, **told))


def log_contact(case: Case, data: LogContact) -> Changes:
    """Somebody was in touch with the client, or tried to be."""
    if case.placement.status not in LOOKING:
        return case.refused(STILL_ASKED)
    if not case.on_owners_side:
        return case.refused(NOT_THE_DESK)
    if data.contacted_at > case.now:
        return case.refused(NOT_YET)
    return (PlacementContactLogged(by=case.actor.id, **data.model_dump()),)


def withdrawn(case: Case, data: RequestWithdrawn) -> Changes:
    """The sender took the request back: whoever was asked, or has it, is released."""
    placement = case.placement
    if placement.status == "ended":
        return ()
    released = tuple(asked.program for asked in placement.may_say_yes)
    return (PlacementEnded(reason="withdrawn", released=released, program=placement.program),)


def discharged(case: Case, data: PlanDischarged) -> Changes:
    """A person ended the plan: the program's place is free again."""
    if case.placement.status == "ended":
        return ()
    return (PlacementEnded(reason="discharged", released=(), program=case.placement.program),)
