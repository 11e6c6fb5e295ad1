"""What assignment says: who answers for a placement, whom it was offered to, who took it, how it was handed on."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts import caseloads, directory, lateness
from contracts.clocks import Clocked
from contracts.consents import Permit
from contracts.kernel import Code, Model
from contracts.partners import AgeBand, Sensitivity, Urgency


class PlacementOpened(Clocked):
    """A request needs a place. Its owner is the role that opened it until a person takes it."""

    type: ClassVar = "placement.opened.v1"
    request: str
    service: str
    urgency: Urgency | None = None
    requested_at: AwareDatetime
    owner: str | None = None
    """The role that answers from this fact on: the one the request named."""
    sensitivity: Sensitivity = ""
    consent: str | None = None
    permit: Permit | None = None
    record: str | None = None
    """The sender's record of the person, as the request named it."""
    age_band: AgeBand | None = None


class PlacementLabelled(Clocked):
    """What is said of this placement is to be handled under this label (42 CFR Part 2) from now on; nothing takes it off."""

    type: ClassVar = "placement.labelled.v1"
    sensitivity: Sensitivity
    consent: str | None = None
    permit: Permit | None = None


class DisclosureChanged(Clocked):
    """What programs may be told of the person is another now: by consent, by its end, or by a recorded emergency."""

    type: ClassVar = "placement.disclosure-changed.v1"
    permit: Permit


class OwnerAssigned(Clocked):
    """A role's placement has a person who answers for it. A hand-off that was still asked lapses: its asker owns it no more."""

    type: ClassVar = "placement.owner-assigned.v1"
    owner: str
    role: str


class OwnerSought(Clocked):
    """Somebody of this role is to answer for it whose caseload has room; of these, looked at in the next breath, in this order.

    `full`: nobody has room. It stays whose it is, and they are looked at again at `look_at`.
    """

    type: ClassVar = "placement.owner-sought.v1"
    role: str
    candidates: tuple[str, ...]
    look_at: AwareDatetime
    full: bool = False


class PlacementCounted(Clocked):
    """It counts towards the caseloads of these, and of nobody else, from now on: of whoever answers for it, of the program that has it."""

    type: ClassVar = "placement.counted.v1"
    by: tuple[str, ...]


class Offer(Model):
    """One program asked: its desk has until `respond_by`; a late yes still counts while nobody holds the placement."""

    program: str
    desk: str
    respond_by: AwareDatetime
    rule: str | None = None
    warns_at: tuple[AwareDatetime, ...] = ()
    """When the desk is reminded, and its owner warned."""
    counts_from: AwareDatetime | None = None


class PlacementOffered(Clocked):
    """Programs were asked, as a summary without identity. The first yes wins.

    `short_at`: when only a third of the regulatory time will be left. From then on (`hurried`) everybody who fits is asked at once, and
    is to be called.

    These offers take the place of earlier ones to the same programs. When the need changed, `released` were asked for the
    need before it and are told that it is no longer wanted of them.
    """

    type: ClassVar = "placement.offered.v1"
    round: int
    offers: tuple[Offer, ...]
    service: str | None = None
    urgency: Urgency | None = None
    released: tuple[str, ...] = ()
    short_at: AwareDatetime | None = None
    hurried: bool = False
    criteria: directory.Criteria | None = None
    services_by: AwareDatetime | None = None
    """When the person must have been seen, by the regulation."""
    services_rule: str | None = None
    reach_by: AwareDatetime | None = None
    """When somebody must have reached the person, counted from triage."""
    reach_rule: str | None = None
    reach_from: AwareDatetime | None = None


class PlacementAccepted(Clocked):
    """A program took it; the others asked are `released` and told that it is no longer needed.

    Ownership moved with it: `owner` is the role of the program that answers from now on. `requested_at` is the instant
    regulatory clocks count from.
    """

    type: ClassVar = "placement.accepted.v1"
    program: str
    partner: str | None = None
    """The partner whose program it is, as its entry in the directory says: it may tell of its visits."""
    by: str
    released: tuple[str, ...]
    desk: str | None = None
    owner: str | None = None
    service: str | None = None
    urgency: Urgency | None = None
    requested_at: AwareDatetime | None = None
    record: str | None = None
    cadence_days: int | None = None
    """As the program's entry in the directory says."""
    books_visits: bool = True
    interval: int = 1
    """How often the request had been opened by then."""
    permit: Permit | None = None
    """What may be disclosed, to whoever goes on from here."""
    age_band: AgeBand | None = None


class PlacementDeclined(Clocked):
    """A program said no; `reason` is a code of the list."""

    type: ClassVar = "placement.declined.v1"
    program: str
    by: str
    reason: Code
    desk: str | None = None


class OfferUnanswered(Clocked, lateness.Calling):
    """A program's time to answer ran out at `respond_by`. Its late yes still counts while nobody holds the placement.

    `owner` answered for the placement at that instant, `rule` set the clock.
    """

    type: ClassVar = "placement.offer-unanswered.v1"
    program: str
    desk: str | None = None
    respond_by: AwareDatetime | None = None
    owner: str | None = None
    rule: str | None = None


class NoProgramAvailable(Clocked):
    """Nobody is left to ask. The need stands and is counted as unmet until somebody finds a way."""

    type: ClassVar = "placement.no-program-available.v1"
    service: str
    urgency: Urgency | None = None
    released: tuple[str, ...] = ()
    """Programs asked for the need before this one, when it changed."""
    criteria: directory.Criteria | None = None
    services_by: AwareDatetime | None = None
    services_rule: str | None = None
    reach_by: AwareDatetime | None = None
    reach_rule: str | None = None
    reach_from: AwareDatetime | None = None


class PlacementWithheld(NoProgramAvailable):
    """Nobody is asked: 42 CFR Part 2 protects this, and no consent is in force that programs may be told.

    Programs that were asked, and have not taken the person, are `released`. The time in which the person must be seen runs on.
    """

    type: ClassVar = "placement.withheld.v1"


class PlacementWaitlisted(Clocked):
    """A program has no place yet and keeps the person in its list: `position` or `expected_on`, where it says so. Offers to others go on.

    `waits_from`: whoever waits is in touch with from then on; `interim` is the service they have meanwhile.
    """

    type: ClassVar = "placement.waitlisted.v1"
    program: str
    desk: str
    by: str
    waits_from: AwareDatetime
    position: int | None = None
    expected_on: date | None = None
    interim: Code | None = None


class PlacementContactLogged(Clocked):
    """Somebody was in touch with the client, or tried to be, while a place is looked for. Attempted is not reached.

    `next_attempt_at`: by when the client is tried again, which `again_rule` proposes unless `by` said it.
    """

    type: ClassVar = "placement.contact-logged.v1"
    by: str
    channel: Code
    outcome: Code
    contacted_at: AwareDatetime
    next_attempt_at: AwareDatetime | None = None
    again_rule: str | None = None
    spoke_with: Literal["client", "guardian"] = "client"


class HandOffAsked(Clocked):
    """The placement is to be handed on; it stays its owner's until `to` accepts, who has until `respond_by` to answer.

    The owner asked, or somebody who leads did in their place, for this `reason`.
    """

    type: ClassVar = "placement.hand-off-asked.v1"
    to: str
    by: str
    owner: str | None = None
    """Whose it stays until then; `by` may be a colleague."""
    role: str | None = None
    """The role under which `to` would answer."""
    asked_at: AwareDatetime | None = None
    respond_by: AwareDatetime | None = None
    rule: str | None = None
    reason: Code | None = None


class HandOffUnanswered(Clocked, lateness.Calling):
    """Whoever was asked to take it over said nothing until `respond_by`: it is its `owner`'s as before. A late yes counts."""

    type: ClassVar = "placement.hand-off-unanswered.v1"
    to: str
    owner: str
    respond_by: AwareDatetime
    rule: str


class HandedOff(Clocked):
    """The new owner accepted: ownership moved at this instant."""

    type: ClassVar = "placement.handed-off.v1"
    owner: str
    left: str
    role: str | None = None


class HandOffDeclined(Clocked):
    """The proposed owner said no; nothing moved."""

    type: ClassVar = "placement.hand-off-declined.v1"
    by: str
    reason: Code
    to: str | None = None


class HandOffWithdrawn(Clocked):
    """Whoever asked, or the owner, asks no longer; nothing moved."""

    type: ClassVar = "placement.hand-off-withdrawn.v1"
    to: str
    by: str


class PlacementWarned(lateness.Warned, Clocked):
    """Part of the time for a step is used up: the desks that it waits on are reminded, and its owner is warned."""

    type: ClassVar = "placement.warned.v1"


class PlacementOverdue(lateness.Overdue):
    """A step was not done in time, or (`find-place`) the regulatory time is over without a place. Nothing is closed by it."""

    type: ClassVar = "placement.overdue.v1"


class PlacementOverdueRetracted(lateness.OverdueRetracted):
    """What came late shows that it is not due yet: it never was overdue."""

    type: ClassVar = "placement.overdue-retracted.v1"


class PlacementHalted(Clocked):
    """The person is said to have died: programs that were asked are `released`, and nobody is asked, called or reminded from now on."""

    type: ClassVar = "placement.halted.v1"
    released: tuple[str, ...]
    noted_at: AwareDatetime
    by: str


class PlacementResumed(Clocked):
    """The person lives, and a place is looked for again where that was so. Lost time is lost."""

    type: ClassVar = "placement.resumed.v1"


class PlacementReopened(Clocked):
    """The request was opened again: a search of its own, whose clocks count from `requested_at`. Who held it before does so no more."""

    type: ClassVar = "placement.reopened.v1"
    interval: int
    service: str
    urgency: Urgency | None = None
    requested_at: AwareDatetime
    owner: str
    left: str | None = None
    """The program that had it until now."""


class PlacementCountedEarlier(Clocked):
    """Another sender had asked for the same before: the person's clocks count from `requested_at`, and open offers end no later for it.

    `program`: the one that has taken the person already, whose first visit is due sooner for it.
    """

    type: ClassVar = "placement.counted-earlier.v1"
    requested_at: AwareDatetime
    program: str | None = None


class PlacementEnded(Clocked):
    """Nothing is left to place (`reason`: withdrawn, …); open offers are `released`, and `program` is the one that had taken it."""

    type: ClassVar = "placement.ended.v1"
    reason: Code
    released: tuple[str, ...]
    program: str | None = None


EVENTS = (
    *directory.EVENTS, *caseloads.EVENTS, OwnerSought, PlacementCounted,
    PlacementOpened, PlacementLabelled, OwnerAssigned, PlacementOffered, PlacementAccepted, PlacementDeclined,
    OfferUnanswered,
    NoProgramAvailable, HandOffAsked, HandOffUnanswered, HandedOff, HandOffDeclined, HandOffWithdrawn, PlacementEnded,
    PlacementWaitlisted, PlacementContactLogged, PlacementWarned, PlacementOverdue, PlacementOverdueRetracted,
    PlacementHalted, PlacementResumed, PlacementReopened, PlacementCountedEarlier, DisclosureChanged, PlacementWithheld,
)  # fmt: skip
