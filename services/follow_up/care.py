"""Care: the referral from the program's yes to its outcome. What happens to its visits is decided in the plan and followed here.

Before the first attended visit this leads the referral; from then on the plan leads, and here stands how the program says it goes.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from contracts.assignment import PlacementAccepted
from contracts.authorization import ReferralPutAtRisk, RiskCleared
from contracts.follow_up import (
    CareConfirmed,
    CareCountedEarlier,
    CareEnded,
    CareHalted,
    CareHandedOn,
    CareMissed,
    CareOpened,
    CarePutAtRisk,
    CareResumed,
    CareRiskCleared,
    CareScheduled,
    CareStarted,
    CareStartRetracted,
    CareUnscheduled,
    OutcomeReported,
)
from contracts.kernel import Change, Message, Reason, State
from contracts.partners import Urgency
from contracts.plans import VisitAttended, VisitBooked, VisitCancelled, VisitMissed, VisitMoved, VisitRetracted
from services.follow_up import items
from services.follow_up.commands import ConfirmStatus, ReportOutcome
from services.follow_up.items import Case, Changes, Item, Need
from services.follow_up.plan import Plan
from services.follow_up.rules import clock, yes

NOT_IN_SERVICE = Reason("TL-5511", "", "no visit was attended yet; book or record one")
HAS_ENDED = Reason("TL-5512", "", "nothing of this referral is left to do here")
SEEN_BY = "the time in which the person must be seen (services)"
Status = Literal["accepted", "scheduled", "missed", "in-service", "outcome-reported", "ended"]


class Booking(State):
    """A booked visit that was not settled yet."""

    visit: str
    starts_at: AwareDatetime


class Care(Item):
    """What follow_up knows of a referral. `visit_by` is the regulatory end of waiting for a first visit."""

    request: str
    program: str
    record: str | None = None
    service: str | None = None
    urgency: Urgency = "routine"
    accepted_at: AwareDatetime
    visit_by: AwareDatetime
    status: Status = "accepted"
    bookings: tuple[Booking, ...] = ()
    missed_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    told_at: AwareDatetime | None = None
    """When the program last said how it goes."""
    confirmed: bool = False
    at_risk: bool = False
    risks: tuple[str, ...] = ()
    """Why it may not be paid for, each with the visit it is about."""
    interval: int = 1
    """How often the request had been opened when the program took it."""
    dead_since: AwareDatetime | None = None

    @property
    def is_dead(self) -> bool:
        return self.dead_since is not None

    @property
    def needs(self) -> tuple[Need, ...]:
        """What the program owes; an outcome that is reported hands the referral back to the front door."""
        if self.is_dead:
            return ()
        match self.status:
            case "accepted":
                ticking = clock("schedule", self.accepted_at, self.visit_by, urgency=self.urgency)
                return (Need("schedule-visit", ticking, inside=SEEN_BY),)
            case "scheduled":
                return (Need("record-attendance", clock("record-attendance", self.bookings[0].starts_at), waiting_on="client"),)
            case "missed" if self.missed_at:
                return (Need("contact-client", clock("contact-after-no-show", self.missed_at, risk=yes(self.at_risk))),)
            case "in-service" if self.told_at:
                time = "later" if self.confirmed else "first"
                return (Need("confirm-status", clock("status-refresh", self.told_at, time=time)),)
        return ()

    @property
    def allowed(self) -> tuple[str, ...]:
        if self.status in ("ended", "outcome-reported") or self.is_dead:
            return ()
        return (ConfirmStatus.type, ReportOutcome.type) if self.status == "in-service" else (ReportOutcome.type,)


def opened(message: Message, request: str, accepted: PlacementAccepted, now: datetime) -> CareOpened:
    """A program said yes: its desk answers from here on. The regulatory clock counts from the request, not from the yes."""
    urgency = accepted.urgency or "routine"
    limit = clock("services", accepted.requested_at or message.at, urgency=urgency)
    return CareOpened(
        request=request, record=accepted.record, program=accepted.program, owner=accepted.owner or accepted.desk or accepted.by,
        service=accepted.service, urgency=urgency, interval=accepted.interval, requested_at=accepted.requested_at, accepted_at=message.at,
        visit_by=limit.due_at, visit_rule=limit.rule, sensitivity="part2" if message.sensitivity else "", consent=message.consent or None,
        age_band=accepted.age_band,
    )  # fmt: skip


def follow(care: Care | None, changes: Iterable[Change], plan: Plan) -> Iterator[Change]:
    """What the plan's visits mean for the referral, until the first of them was attended; and that it was not, after all."""
    for change in changes:
        if care is None or care.status == "ended":
            return
        if isinstance(change, VisitRetracted):
            found = _unstarted(care, change, plan)
        else:
            found = _followed(care, change, plan.at_risk) if care.status not in ("in-service", "outcome-reported") else iter(())
        for said in found:
            care = evolve(care, said)
            yield said


def _unstarted(care: Care, change: VisitRetracted, plan: Plan) -> Iterator[Change]:
    """The first visit was none: the next one that is known is, or the referral waits for one, on what is booked."""
    if care.started_at != change.at:
        return
    first = min((one.at for one in plan.sighted if one.visit and one.at != change.at), default=None)
    yield CareStartRetracted(visit=change.visit, at=change.at, started_at=first)
    for one in plan.bookings if first is None and care.status == "in-service" else ():
        yield CareScheduled(visit=one.visit, starts_at=one.starts_at, visit_by=care.visit_by)


def _followed(care: Care, change: Change, at_risk: bool) -> Iterator[Change]:
    match change:
        case VisitBooked() | VisitMoved():
            yield CareScheduled(visit=change.visit, starts_at=change.starts_at, visit_by=care.visit_by, reason=change.reason)
        case VisitCancelled() if any(one.visit == change.visit for one in care.bookings):
            yield CareUnscheduled(visit=change.visit, reason=change.reason)
        case VisitMissed():
            yield CareMissed(visit=change.visit, missed_at=change.at, at_risk=at_risk)
        case VisitAttended():
            in_time = change.at <= care.visit_by
            yield CareStarted(visit=change.visit, started_at=change.at, kind=change.kind, channel=change.channel, in_time=in_time)


def risked(care: Care, data: ReferralPutAtRisk | RiskCleared) -> list[Change]:
    """What authorization says of whether this care can go on. The step is authorization's; here it is known."""
    is_known, risk = _risk(data.risk, data.visit) in care.risks, {"risk": data.risk, "visit": data.visit}
    if isinstance(data, ReferralPutAtRisk):
        return [] if is_known or care.status == "ended" else [CarePutAtRisk(**risk)]
    return [CareRiskCleared(**risk)] if is_known else []


def _risk(risk: str, visit: str | None) -> str:
    return f"{risk} {visit or ''}".rstrip()


def confirm(case: Case, data: ConfirmStatus) -> Changes:
    """The program says that care goes on."""
    if case.state.status != "in-service":
        return case.refused(NOT_IN_SERVICE if case.state.status != "ended" else HAS_ENDED)
    return (CareConfirmed(by=case.actor.id),)


def report(case: Case, data: ReportOutcome) -> Changes:
    """What came of it. It is verified where a visit was recorded here, asserted otherwise."""
    if case.state.status in ("ended", "outcome-reported"):
        return case.refused(HAS_ENDED)
    return (OutcomeReported(outcome=data.outcome, verified=case.state.started_at is not None, by=case.actor.id),)


def evolve(care: Care | None, fact: Change) -> Care | None:
    """What the care becomes."""
    if isinstance(fact, CareOpened):
        named = {name: getattr(fact, name) for name in Care.model_fields if name in CareOpened.model_fields}
        return items.stepped(Care(**named), fact)  # type: ignore[no-any-return]
    if care is None:
        return None
    return items.stepped(_evolved(care, fact), fact)  # type: ignore[no-any-return]


def _evolved(care: Care, fact: Change) -> Care:
    match fact:
        case CareCountedEarlier():
            return care.model_copy(update={"visit_by": fact.visit_by})
        case CareScheduled():
            others = tuple(one for one in care.bookings if one.visit != fact.visit)
            stand = sorted((*others, Booking(visit=fact.visit, starts_at=fact.starts_at)), key=lambda one: one.starts_at)
            return care.model_copy(update={"status": "scheduled", "bookings": tuple(stand)})
        case CareUnscheduled():
            return _without(care, fact.visit, "missed" if care.missed_at else "accepted")
        case CareMissed():
            return _without(care.model_copy(update={"missed_at": fact.missed_at, "at_risk": fact.at_risk}), fact.visit, "missed")
        case CareStarted():
            return care.model_copy(
                update={"status": "in-service", "bookings": (), "started_at": fact.started_at, "told_at": fact.started_at}
            )
        case CareStartRetracted():
            waits: Status = "accepted" if care.status == "in-service" and fact.started_at is None else care.status
            return care.model_copy(update={"status": waits, "started_at": fact.started_at, "missed_at": None, "confirmed": False})
        case CareConfirmed():
            return care.model_copy(update={"told_at": fact.noted_at, "confirmed": True})
        case OutcomeReported():
            return care.model_copy(update={"status": "outcome-reported", "bookings": (), "told_at": fact.noted_at})
        case CarePutAtRisk():
            return care.model_copy(update={"risks": (*care.risks, _risk(fact.risk, fact.visit))})
        case CareRiskCleared():
            left = tuple(one for one in care.risks if one != _risk(fact.risk, fact.visit))
            return care.model_copy(update={"risks": left})
        case CareHalted():
            return care.model_copy(update={"dead_since": fact.since})
        case CareResumed():
            return care.model_copy(update={"dead_since": None})
        case CareEnded():
            return care.model_copy(update={"status": "ended", "bookings": (), "dead_since": None})
        case CareHandedOn():
            return care.model_copy(update={"owner": fact.owner})
    return care


def _without(care: Care, visit: str, otherwise: Status) -> Care:
    left = tuple(one for one in care.bookings if one.visit != visit)
    return care.model_copy(update={"bookings": left, "status": "scheduled" if left else otherwise})
