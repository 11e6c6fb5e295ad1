"""A placement: what it has become, who owes what next, and which clocks run. All of it is a fold over its facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime

from contracts import clocks
from contracts.assignment import (
    HandedOff,
    HandOffAsked,
    HandOffDeclined,
    HandOffWithdrawn,
    NoProgramAvailable,
    OfferUnanswered,
    OwnerAssigned,
    PlacementAccepted,
    PlacementContactLogged,
    PlacementDeclined,
    PlacementEnded,
    PlacementLabelled,
    PlacementOffered,
    PlacementOpened,
    PlacementOverdue,
    PlacementOverdueRetracted,
    PlacementWaitlisted,
)
from contracts.clocks import Owed, Step, owed, told_late
from contracts.kernel import Actor, Change, Deadline, Fact, Next, Reason, Refused, State
from contracts.partners import Sensitivity, Urgency
from infra.rules import Clock
from services.assignment import rules
from services.assignment.commands import (
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    DeclineHandOff,
    DeclineOffer,
    LogContact,
    OfferAgain,
    TakePlacement,
    Waitlist,
    WithdrawHandOff,
)
from services.assignment.directory import Directory

FRONT_DESK = "role/intake-desk"
"""Answers where a fact names nobody."""
LOOKING = ("offering", "unplaced", "waitlisted")
"""While a place is looked for, and from triage on."""
OFFER_RESPONSE, RUNNING_SHORT, FIND_PLACE, CONTACT = "offer-response", "running-short", "find-place", "contact-client"
Status = Literal["opened", "offering", "unplaced", "waitlisted", "accepted", "ended"]


class Asked(State):
    """A program asked for the present need. `late`: silent until its time was over, and its yes still counts."""

    program: str
    desk: str
    respond_by: AwareDatetime
    rule: str | None = None
    warns_at: tuple[AwareDatetime, ...] = ()
    counts_from: AwareDatetime | None = None
    answer: Literal["open", "late", "declined", "waitlisted"] = "open"


class HandOff(State):
    """Somebody was asked to take it over: `to` a person or a role, under `role`."""

    to: str
    role: str
    by: str


class Placement(State):
    """One request's way to a program. `owner`, a person or a role, answers for it; `role` is the one they answer under.

    `asked` holds what was asked for the present need, while nobody holds it; `owed` is the next step and its clock.
    The person must have been seen at `services_by`; `services_late` says that this was told overdue, `short_at` when only a third of
    that time is left, and `hurried` that programs were asked since. Somebody must have reached them at `reach_by`.
    """

    request: str
    service: str
    requested_at: AwareDatetime
    owner: str
    role: str
    urgency: Urgency | None = None
    record: str | None = None
    sensitivity: Sensitivity = ""
    status: Status = "opened"
    round: int = 0
    asked: tuple[Asked, ...] = ()
    program: str | None = None
    hand_off: HandOff | None = None
    owed: Owed | None = None
    short_at: AwareDatetime | None = None
    hurried: bool = False
    services_by: AwareDatetime | None = None
    services_rule: str | None = None
    services_late: bool = False
    reach_by: AwareDatetime | None = None
    reach_rule: str | None = None
    contact_late: bool = False
    contacted: bool = False
    waits_from: AwareDatetime | None = None
    """When whoever is in a list was last in touch with, or came into it."""

    @property
    def in_lists(self) -> tuple[Asked, ...]:
        """Programs that keep the person in their list."""
        return tuple(asked for asked in self.asked if asked.answer == "waitlisted")

    @property
    def waiting_on(self) -> tuple[Asked, ...]:
        """Desks it waits on."""
        return tuple(asked for asked in self.asked if asked.answer == "open")

    @property
    def may_say_yes(self) -> tuple[Asked, ...]:
        """Desks whose yes counts."""
        return tuple(asked for asked in self.asked if asked.answer != "declined")

    def asked_of(self, program: str) -> Asked | None:
        return next((asked for asked in self.asked if asked.program == program), None)

    @property
    def allowed(self) -> tuple[str, ...]:
        """Commands that may be asked now."""
        if self.status == "ended":
            return ()
        found = [AcceptOffer.type, DeclineOffer.type] if self.may_say_yes else []
        found += [OfferAgain.type] if self.status in ("unplaced", "waitlisted") else []
        found += [Waitlist.type, LogContact.type] if self.status in LOOKING and self.urgency else []
        found += [TakePlacement.type] if self.owner == self.role else []
        pending = [AcceptHandOff.type, DeclineHandOff.type, WithdrawHandOff.type]
        return (*found, *(pending if self.hand_off else [AskHandOff.type]))


@dataclass(frozen=True, slots=True)
class Case:
    """What one decision sees: a placement and its id, the directory, who acts, and when."""

    subject: str
    placement: Placement
    directory: Directory
    actor: Actor
    now: datetime

    def refused(self, reason: Reason) -> Refused:
        """Not so; here is what may be asked instead."""
        return Refused((reason,), self.placement.allowed)

    @property
    def on_owners_side(self) -> bool:
        """The owner, or a colleague on duty behind the role it is answered for under."""
        placement = self.placement
        return self.actor.id == placement.owner or self.actor.id in self.directory.on_duty(placement.role)


Changes = Sequence[Change] | Refused


def evolve(state: Placement | None, fact: Change) -> Placement | None:
    """What the placement becomes. A fact about nothing that was opened changes nothing."""
    if state is None:
        return _opened(fact) if isinstance(fact, PlacementOpened) else None
    begun = isinstance(fact, PlacementContactLogged) and _reached(state, fact)  # the same step once more, with a time of its own
    step = told_late(owed(None if begun else state.owed, fact), fact)
    return _settled(_evolved(state, fact)).model_copy(update={"owed": step if fact.next else None})


def _settled(state: Placement) -> Placement:
    """Whoever is in a list waits there while nobody else is asked."""
    if state.status not in ("unplaced", "waitlisted"):
        return state
    return state.model_copy(update={"status": "waitlisted" if state.in_lists else "unplaced"})


def _opened(fact: PlacementOpened) -> Placement:
    owner = fact.owner or FRONT_DESK
    known = {name: getattr(fact, name) for name in ("request", "service", "requested_at", "urgency", "record", "sensitivity")}
    return Placement(**known, owner=owner, role=owner)


def _evolved(state: Placement, fact: Change) -> Placement:
    match fact:
        case PlacementLabelled():
            return state.model_copy(update={"sensitivity": fact.sensitivity})
        case PlacementOffered():
            time = {"short_at": fact.short_at, "hurried": fact.hurried, **_services(fact)}
            asked = {"round": fact.round, "asked": _asked(state, fact)}
            return state.model_copy(update={"status": "offering", **_need(state, fact), **asked, **time})
        case NoProgramAvailable():
            return state.model_copy(update={"status": "unplaced", **_need(state, fact), "asked": _kept(state, fact), **_services(fact)})
        case PlacementOverdue() if fact.action == FIND_PLACE:
            return state.model_copy(update={"services_late": True})
        case PlacementOverdue() if fact.action == CONTACT:
            return state.model_copy(update={"contact_late": True})
        case PlacementOverdueRetracted() if fact.action == FIND_PLACE:
            return state.model_copy(update={"services_late": False})
        case OfferUnanswered():
            return _answered(state, fact.program, "late")
        case PlacementDeclined():
            return _answered(state, fact.program, "declined")
        case PlacementWaitlisted():
            return state.model_copy(update={"asked": _waitlisted(state, fact), "waits_from": state.waits_from or fact.waits_from})
        case PlacementContactLogged():
            contacted = {"contacted": state.contacted or fact.outcome == "reached"}
            return state.model_copy(update=contacted | ({"waits_from": fact.contacted_at} if _reached(state, fact) else {}))
        case PlacementAccepted():
            owner = fact.owner or fact.desk or state.owner
            held = {"status": "accepted", "program": fact.program, "asked": (), "hand_off": None, "owner": owner, "role": owner}
            return state.model_copy(update=held)
        case PlacementEnded():
            return state.model_copy(update={"status": "ended", "asked": (), "hand_off": None})
    return _owned(state, fact)


def _owned(state: Placement, fact: Change) -> Placement:
    match fact:
        case OwnerAssigned() | HandedOff():
            return state.model_copy(update={"owner": fact.owner, "role": fact.role or state.role, "hand_off": None})
        case HandOffAsked():
            return state.model_copy(update={"hand_off": HandOff(to=fact.to, role=fact.role or state.role, by=fact.by)})
        case HandOffDeclined() | HandOffWithdrawn():
            return state.model_copy(update={"hand_off": None})
    return state


def _need(state: Placement, fact: PlacementOffered | NoProgramAvailable) -> dict[str, str | None]:
    return {"service": fact.service or state.service, "urgency": fact.urgency or state.urgency}


def _services(fact: PlacementOffered | NoProgramAvailable) -> dict[str, Any]:
    names = ("services_by", "services_rule", "reach_by", "reach_rule")
    return {name: value for name in names if (value := getattr(fact, name)) is not None}


def _kept(state: Placement, fact: PlacementOffered | NoProgramAvailable) -> tuple[Asked, ...]:
    """Who was asked for another service was asked something else."""
    return state.asked if fact.service in (None, state.service) else ()


def _asked(state: Placement, fact: PlacementOffered) -> tuple[Asked, ...]:
    now = tuple(Asked(**offer.model_dump()) for offer in fact.offers)
    named = {asked.program for asked in now}
    return (*(asked for asked in _kept(state, fact) if asked.program not in named), *now)


def _waitlisted(state: Placement, fact: PlacementWaitlisted) -> tuple[Asked, ...]:
    """The program stands among those asked, asked or not, and its yes counts whenever it comes."""
    listed = Asked(program=fact.program, desk=fact.desk, respond_by=fact.waits_from, answer="waitlisted")
    return (*(asked for asked in state.asked if asked.program != fact.program), listed)


def _reached(state: Placement, fact: PlacementContactLogged) -> bool:
    """Attempted is not reached; and what is entered late takes nothing back."""
    return fact.outcome == "reached" and state.waits_from is not None and fact.contacted_at > state.waits_from


def _answered(state: Placement, program: str, answer: str) -> Placement:
    asked = tuple(one.model_copy(update={"answer": answer}) if one.program == program else one for one in state.asked)
    return state.model_copy(update={"asked": asked})


def told(subject: str, before: Placement | None, changes: Iterable[Change], directory: Directory, now: datetime) -> list[Fact]:
    """These changes as facts, in order, each with who owes what after it."""
    facts, state = [], before
    for change in changes:
        step = step_of(state, evolve(state, change), directory, now)
        said = change.model_copy(update=step._asdict())
        state = evolve(state, said)
        facts.append(Fact(subject, said, sensitivity=state.sensitivity if state else ""))
    return facts


def step_of(before: Placement | None, after: Placement | None, directory: Directory, now: datetime) -> Step:
    """Who owes what, where the placement holds it: from triage (until then the request's word stands) to the end.

    While desks are asked it waits on them (comma separated), until the first must have answered; then the step is the owner's
    again. When time runs short they are not only waited for but called. A later fact of the same step never gives it more time.
    """
    if before is None or after is None or after.urgency is None or after.status in ("opened", "ended"):
        return Step()
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
    whole = rules.services(after.requested_at, after.urgency, now)
    clock = rules.clock(step, after.urgency, now, whole, directory.desk(after.role))
    if before.owed and before.owed.action == step and before.owed.due <= clock.due_at:
        return Step(_next(after, step, before.owed.due, before.owed.rule), None, clocks.still_to_come(before.owed, now))
    return Step(_next(after, step, clock.due_at, clock.rule), clock.counts_from, clock.warns_at)


def _to_come(clocked: Clock | Asked, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in clocked.warns_at if at > now)


def _next(after: Placement, action: str, due: datetime, rule: str | None, waiting_on: str | None = None) -> Next:
    return Next(owner=after.role, action=action, waiting_on=waiting_on, due=due, rule=rule, allowed=after.allowed)


def deadlines(state: Placement) -> list[Deadline]:
    """An answer from every desk it waits on, reminders, the end of the owner's step and of the regulatory time, and the instant from
    which on nobody waits in line. Nothing is closed by any."""
    if state.status not in LOOKING:
        return []
    found = [Deadline(OFFER_RESPONSE, asked.program, asked.respond_by) for asked in state.waiting_on]
    found += [one for one in clocks.deadlines(state.owed) if one.name == clocks.WARN or not state.waiting_on]
    if state.services_by and not state.services_late:
        found.append(Deadline(clocks.DUE, FIND_PLACE, state.services_by))
    if state.reach_by and not state.contacted and not state.contact_late:
        found.append(Deadline(clocks.DUE, CONTACT, state.reach_by))
    if state.waiting_on and state.short_at and not state.hurried:
        found.append(Deadline(RUNNING_SHORT, "", state.short_at))
    return found
