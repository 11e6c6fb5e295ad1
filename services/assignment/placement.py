"""A placement: what it has become, and what may be asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from pydantic import AwareDatetime

from contracts.clocks import Owed
from contracts.consents import SHUT, Permit
from contracts.directory import Criteria
from contracts.kernel import Actor, Change, Reason, Refused, State, kind_of
from contracts.partners import AgeBand, Sensitivity, Urgency
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
from services.assignment.ranking import ANYBODY

FRONT_DESK = "role/intake-desk"
"""Answers where a fact names nobody."""
LOOKING = ("offering", "unplaced", "waitlisted")
"""While a place is looked for, and from triage on."""
OFFER_RESPONSE, RUNNING_SHORT, FIND_PLACE = "offer-response", "running-short", "find-place"
CONTACT, AGAIN = "contact-client", "contact-again"
HAND_OFF, FIND_OWNER, LEAVE = "hand-off-response", "find-owner", "leave-caseload"
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
    """Somebody was asked to take it over: `to` a person or a role, under `role`. `late`: silent until `respond_by`; a yes still counts."""

    to: str
    role: str
    by: str
    asked_at: AwareDatetime | None = None
    respond_by: AwareDatetime | None = None
    rule: str | None = None
    late: bool = False


class Sought(State):
    """Somebody of `role` is looked for whose caseload has room, among `candidates`, at `look_at`."""

    role: str
    candidates: tuple[str, ...]
    look_at: AwareDatetime


class Placement(State):
    """One request's way to a program. `owner`, a person or a role, answers for it; `role` is the one they answer under.

    `asked` holds what was asked for the present need, while nobody holds it; `owed` is the next step and its clock.
    The person must have been seen at `services_by`; `services_late` says that this was told overdue, `short_at` when only a third of
    that time is left, and `hurried` that programs were asked since. Somebody must have reached them at `reach_by`, and after an
    attempt in vain tried once more at `again_by`: by the rule, or as whoever tried said.
    """

    request: str
    service: str
    requested_at: AwareDatetime
    owner: str
    role: str
    urgency: Urgency | None = None
    criteria: Criteria = ANYBODY
    """What a program must fit, as triage said last."""
    record: str | None = None
    age_band: AgeBand | None = None
    sensitivity: Sensitivity = ""
    permit: Permit = SHUT
    """What may be disclosed of it, as it was said last."""
    withheld: bool = False
    """Nobody is asked for want of it."""
    status: Status = "opened"
    round: int = 0
    asked: tuple[Asked, ...] = ()
    program: str | None = None
    hand_off: HandOff | None = None
    sought: Sought | None = None
    counted: tuple[str, ...] = ()
    """Whose caseloads count it."""
    owed: Owed | None = None
    short_at: AwareDatetime | None = None
    hurried: bool = False
    services_by: AwareDatetime | None = None
    services_rule: str | None = None
    services_late: bool = False
    reach_by: AwareDatetime | None = None
    reach_rule: str | None = None
    reach_from: AwareDatetime | None = None
    contact_late: bool = False
    contacted: bool = False
    tried_at: AwareDatetime | None = None
    """The last attempt that did not reach the person; None once somebody did."""
    again_by: AwareDatetime | None = None
    again_rule: str | None = None
    again_late: bool = False
    waits_from: AwareDatetime | None = None
    """When whoever is in a list was last in touch with, or came into it."""
    halted: bool = False
    """A death was reported: nobody is asked, called or reminded."""
    interval: int = 1
    """How often the request was opened."""

    @property
    def holders(self) -> tuple[str, ...]:
        """Whose caseload it may count towards: who answers for it, and the program that has it."""
        return () if self.status == "ended" else tuple(who for who in (self.owner, self.program) if who)

    @property
    def whose(self) -> str:
        """Among whose share it is found: a person's. A role is always there."""
        return self.owner if self.status != "ended" and kind_of(self.owner) == "staff" else ""

    def is_pressing(self, now: datetime) -> bool:
        """Whether it cannot wait for its owner's next shift: urgent, and its step is not another service's yet."""
        ours = self.status in ("opened", *LOOKING) or (self.status == "accepted" and self.owed is not None and self.owed.due > now)
        return self.urgency in ("emergency", "urgent") and ours

    @property
    def is_looked_for(self) -> bool:
        """Whether programs may be asked."""
        return self.status in LOOKING and not self.halted

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
        found = [TakePlacement.type] if self.owner == self.role else []
        found = found if self.halted else [*self._of_offers, *found]
        pending = [AcceptHandOff.type, DeclineHandOff.type, WithdrawHandOff.type]
        return (*found, *(pending if self.hand_off else [AskHandOff.type]))

    @property
    def _of_offers(self) -> list[str]:
        found = [AcceptOffer.type, DeclineOffer.type] if self.may_say_yes else []
        found += [OfferAgain.type] if self.status in ("unplaced", "waitlisted") else []
        return found + ([Waitlist.type, LogContact.type] if self.status in LOOKING and self.urgency else [])


class Caseloads(Protocol):
    """What counts towards somebody's caseload."""

    @property
    def items(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Case:
    """What one decision sees: a placement and its id, the directory, who acts, when, and caseloads."""

    subject: str
    placement: Placement
    directory: Directory
    actor: Actor
    now: datetime
    loads: Mapping[str, "Caseloads"] = field(default_factory=dict)
    """Those that this message may change, by person or program."""

    def has_room(self, who: str) -> bool:
        """Whether one more may count towards their caseload."""
        limit, load = self.directory.caseloads.get(who), self.loads.get(who)
        return limit is None or load is None or self.subject in load.items or len(load.items) < limit

    def refused(self, reason: Reason) -> Refused:
        """Not so; here is what may be asked instead."""
        return Refused((reason,), self.placement.allowed)

    @property
    def may_be_told(self) -> bool:
        """Whether programs may be told of the person: no label protects them, or a permit opens."""
        return not self.placement.sensitivity or self.placement.permit.opens("program", self.now)

    @property
    def on_owners_side(self) -> bool:
        """The owner, or a colleague on duty behind the role it is answered for under."""
        placement = self.placement
        return self.actor.id == placement.owner or self.actor.id in self.directory.on_duty(placement.role)


Changes = Sequence[Change] | Refused
