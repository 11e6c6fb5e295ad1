"""Asking programs, round by round; silence and a no lead to the next one.

A round ends when no desk is waited on any more. Its time is a share of what is left of the regulatory clock; when only a third of
that is left, everybody who fits is asked at once and is to be called (law 9).
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.assignment import (
    DisclosureChanged,
    NoProgramAvailable,
    Offer,
    OfferUnanswered,
    PlacementCountedEarlier,
    PlacementLabelled,
    PlacementOffered,
    PlacementOverdueRetracted,
    PlacementWithheld,
)
from contracts.consents import PermitChanged, named, newest
from contracts.intake import ProgramsAvoided, RequestAmended, RequestTriaged
from contracts.kernel import Change, DeadlinePassed, Reason
from contracts.needs import RequestJoined
from infra.rules import Clock
from services.assignment import rules
from services.assignment.commands import OfferAgain
from services.assignment.history import evolve
from services.assignment.ownership import follow
from services.assignment.placement import FIND_PLACE, Asked, Case, Changes, Placement
from services.assignment.ranking import ANYBODY, Need, ranked

NOT_THE_DESK = Reason("TL-3423", "/program", "the desk that was asked answers, or the owner's side enters what it said")
STILL_ASKED = Reason("TL-3424", "", "programs are asked, or nothing is left to place")
NO_CONSENT = Reason("TL-5218", "", "42 CFR Part 2 protects this: record a consent that programs may be told, or an emergency")
NOBODY_FITS = Reason("TL-3425", "", "no listed program has the service and a place; find one and list it")


def needed(placement: Placement) -> Need:
    """What the last triage said, with what was changed since."""
    assert placement.urgency
    return Need(placement.service, placement.urgency, placement.criteria)


def triaged(case: Case, data: RequestTriaged) -> Changes:
    """A person decided on need and urgency: programs are asked. None is, of somebody who is said to have died."""
    placement, need = case.placement, Need(data.service, data.urgency, data.criteria or ANYBODY)
    if placement.status in ("accepted", "ended") or placement.halted:
        return ()
    moved = follow(case, data.next.owner if data.next else None)
    if placement.status != "opened" and placement.urgency and need == needed(placement):
        return moved
    return (*moved, *_anew(case, need))


def amended(case: Case, data: RequestAmended) -> Changes:
    """Another service or urgency: rank again, unless triage is still to come or a program has it. A label is put on in any case."""
    labelled = _labelled(case.placement, data)
    case = as_of(case, _after(case.placement, labelled))
    placement = case.placement
    if not placement.is_looked_for or placement.urgency is None:
        return labelled
    need = needed(placement)._replace(service=data.service or placement.service, urgency=data.urgency or placement.urgency)
    if need != needed(placement):
        return (*labelled, *_anew(case, need))
    return (*labelled, *_shut(case))


def avoided(case: Case, data: ProgramsAvoided) -> Changes:
    """The person will not go there: whoever is asked of these is released, and others are asked. Before triage it comes with that."""
    placement = case.placement
    if not placement.is_looked_for or placement.urgency is None or set(data.avoid) == set(placement.criteria.avoid):
        return ()
    return _anew(case, needed(placement)._replace(criteria=placement.criteria.model_copy(update={"avoid": data.avoid})))


def joined(case: Case, data: RequestJoined) -> Changes:
    """Another sender had asked for the same, earlier perhaps: whoever is asked has no longer for it than that leaves."""
    placement = case.placement
    if data.requested_at >= placement.requested_at or placement.status == "ended":
        return ()
    earlier = PlacementCountedEarlier(requested_at=data.requested_at, program=placement.program)
    case = as_of(case, _after(placement, (earlier,)))
    if not placement.is_looked_for or placement.urgency is None:
        return (earlier,)
    return (earlier, next_round(case, needed(placement)))


def _labelled(placement: Placement, data: RequestAmended) -> tuple[Change, ...]:
    known = data.sensitivity in ("", placement.sensitivity)
    permit = data.permit or named(data.consent)
    return () if known else (PlacementLabelled(sensitivity=data.sensitivity, consent=data.consent, permit=permit),)


def _after(placement: Placement, changes: tuple[Change, ...]) -> Placement:
    for change in changes:
        placement = evolve(placement, change) or placement
    return placement


def permitted(case: Case, data: PermitChanged) -> Changes:
    """What may be disclosed changed: programs are asked that could not be, or those that were asked are released."""
    placement = case.placement
    if newest(placement.permit, data.permit) == placement.permit:
        return ()
    changed = DisclosureChanged(permit=data.permit)
    case = as_of(case, _after(placement, (changed,)))
    if not placement.is_looked_for or placement.urgency is None:
        return (changed,)
    if placement.withheld and case.may_be_told:
        return (changed, next_round(case, needed(placement), again=True))
    return (changed, *_shut(case))


def _shut(case: Case) -> tuple[Change, ...]:
    """Whoever was asked and has not taken the person is released, where no permit is in force any more."""
    placement = case.placement
    if case.may_be_told or placement.withheld or placement.urgency is None:
        return ()
    return (next_round(case, needed(placement)),)


def _anew(case: Case, need: Need) -> tuple[Change, ...]:
    """Another need has another regulatory end: what was told late is taken back where that is still to come."""
    was, asked = case.placement, next_round(case, need)
    if not was.services_late or was.services_by is None or asked.services_by is None or asked.services_by <= max(was.services_by, case.now):
        return (asked,)
    return asked, PlacementOverdueRetracted(action=FIND_PLACE, rule=was.services_rule or "", due=was.services_by)


def next_round(case: Case, need: Need, again: bool = False) -> PlacementOffered | NoProgramAvailable:
    """Ask the best programs not asked yet for this service (`again`: whoever fits), beside those that have not answered.

    Desks of another service are released, and those that the person avoids. An edit of the urgency may bring an open offer's end nearer,
    never put it off (law 4).
    """
    placement = case.placement
    same = need.service == placement.service
    whole = rules.services(placement.requested_at, need.urgency, case.now)
    if not case.may_be_told:
        return _withheld(case, need, whole)
    avoided = need.criteria.avoid
    waited_on = [asked for asked in placement.waiting_on if asked.program not in avoided] if same else []
    standing = [_offer(asked, _clock(asked.desk, need, case, whole)) for asked in waited_on]
    passed = {asked.program for asked in (placement.in_lists if again else placement.asked)} if same else set()
    fitting = [program for program in ranked(case.directory.programs, need, case.subject) if program.id not in passed]
    hurried = whole.is_short(case.now)
    at_once = rules.HURRIED_OFFERS_MAX if hurried else rules.PARALLEL_OFFERS_MAX
    next_best = fitting[: max(at_once - len(standing), 0)]
    fresh = [_asking(program.id, program.desk, _clock(program.desk, need, case, whole)) for program in next_best]
    offers = (*standing, *fresh)
    named = {offer.program for offer in offers}
    needless = [asked.program for asked in placement.may_say_yes if asked.program not in named and (not same or asked.program in avoided)]
    said = {
        "service": need.service,
        "urgency": need.urgency,
        "criteria": need.criteria,
        "released": tuple(needless),
        "services_by": whole.due_at,
        "services_rule": whole.rule,
        **_contact(placement, need, whole, case.now),
    }
    if not offers:
        return NoProgramAvailable(**said)
    return PlacementOffered(round=placement.round + 1, offers=offers, short_at=whole.short_at, hurried=hurried, **said)


def _withheld(case: Case, need: Need, whole: Clock) -> PlacementWithheld:
    """Not even a summary goes to anybody; the person's own clocks run on."""
    released = tuple(asked.program for asked in case.placement.may_say_yes)
    time = {"services_by": whole.due_at, "services_rule": whole.rule, **_contact(case.placement, need, whole, case.now)}
    return PlacementWithheld(service=need.service, urgency=need.urgency, criteria=need.criteria, released=released, **time)


def _contact(placement: Placement, need: Need, whole: Clock, now: datetime) -> dict[str, Any]:
    """Somebody must reach the person while places are looked for; the time for it counts from the first round and is never put off."""
    clock = rules.contact(need.urgency, now, whole)
    if placement.reach_by and placement.reach_by <= clock.due_at:
        return {"reach_by": placement.reach_by, "reach_rule": placement.reach_rule, "reach_from": placement.reach_from}
    return {"reach_by": clock.due_at, "reach_rule": clock.rule, "reach_from": now}


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
    return (next_round(case, needed(placement)),)


def unanswered(case: Case, data: DeadlinePassed) -> Changes:
    """A desk's time is over. The step falls back to the owner, and the next programs are asked."""
    placement, asked = case.placement, case.placement.asked_of(data.about)
    if asked is None or asked.answer != "open" or asked.respond_by != data.at:
        return ()
    silent = OfferUnanswered(
        program=asked.program, desk=asked.desk, respond_by=asked.respond_by, owner=placement.owner, rule=asked.rule,
        escalates=rules.RULES.ladder(asked.rule),
    )  # fmt: skip
    return and_then(case, silent)


def and_then(case: Case, change: Change) -> tuple[Change, ...]:
    """What follows in the same breath: a round of which nobody is waited on any more is over."""
    placement, after = case.placement, evolve(case.placement, change)
    if after is None or after.urgency is None or after.waiting_on or placement.status != "offering":
        return (change,)
    return (change, next_round(as_of(case, after), needed(after)))


def as_of(case: Case, placement: Placement) -> Case:
    return replace(case, placement=placement)


def again(case: Case, data: OfferAgain) -> Changes:
    """Nobody was left: everybody who fits now is asked once more."""
    placement = case.placement
    if not case.on_owners_side:
        return case.refused(NOT_THE_DESK)
    if placement.status not in ("unplaced", "waitlisted") or placement.urgency is None:
        return case.refused(STILL_ASKED)
    if not case.may_be_told:
        return case.refused(NO_CONSENT)
    found = next_round(case, needed(placement), again=True)
    return case.refused(NOBODY_FITS) if isinstance(found, NoProgramAvailable) else (found,)
