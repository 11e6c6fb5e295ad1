"""What happened, as other services said it: by aggregate, in the order of each, with the instant at which it was so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from contracts.assignment import HandedOff, PlacementEnded
from contracts.authorization import ReferralPutAtRisk, RiskCleared
from contracts.crisis_routing import PlanTeamAlerted
from contracts.endings import RecordDeathNoted, RecordDeathRefuted, RequestClosed
from contracts.intake import PayerResponseReceived, RecordLinked
from contracts.kernel import Change, derived
from contracts.plans import (
    PlanDischarged,
    PlanHandedOn,
    PlanMoved,
    PlanOpened,
    VisitAttended,
    VisitBooked,
    VisitCancelled,
    VisitMoved,
    VisitRetracted,
)
from contracts.stays import StayReceived
from tests.authorization import stories as payers
from tests.crisis_routing import stories as crises
from tests.follow_up import stories as plans

NINE = plans.NINE
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Source(NamedTuple):
    """One aggregate's facts on one topic, each with when it was."""

    topic: str
    subject: str
    facts: tuple[tuple[datetime, Change], ...]


Life = Sequence[Source]


def _said(topic: str, subject: str, *facts: tuple[timedelta, Change]) -> Source:
    return Source(topic, subject, tuple((NINE + after, fact) for after, fact in facts))


DEATH: dict[str, Any] = {"record": "record/1", "person": "person/1", "by": "staff/ana"}
CLOSED = RequestClosed(how="unmet", by="staff/ana", closed_at=NINE + 8 * DAY, reason="reviewed")
ALERTED = PlanTeamAlerted(
    plan="plan/1", role="desk/riverside", person="person/1", record="record/1", contacted_at=NINE + 4 * DAY, tell_before=NINE + 4 * DAY
)


def _stay(step: str, after: timedelta, number: str = "E-1", kind: str = "hospital") -> tuple[timedelta, StayReceived]:
    return after, StayReceived(
        record="record/2", person="person/2", partner="ward", facility="general", reference=number, step=step, kind=kind,
        at=NINE + after, problem="mental-health",
    )  # fmt: skip


def _plan_visits(subject: str) -> Source:
    """As follow-up says them of the plan of the same need."""
    booked = {"settle_by": NINE + 9 * DAY, "kind": "service", "channel": "in-person"}
    return _said(
        "follow-up-events", subject,
        (2 * HOUR, VisitBooked(visit="v-1", starts_at=NINE + 3 * DAY, **booked)),
        (3 * HOUR, VisitMoved(visit="v-1", starts_at=NINE + 4 * DAY, settle_by=NINE + 9 * DAY, left_at=NINE + 3 * DAY)),
        (4 * HOUR, VisitBooked(visit="v-2", starts_at=NINE + 5 * DAY, **booked)),
        (5 * HOUR, VisitCancelled(visit="v-2", by="client", at=NINE + 5 * HOUR)),
        (4 * DAY, VisitAttended(visit="v-1", at=NINE + 4 * DAY, kind="service", channel="in-person")),
        (4 * DAY + HOUR, VisitAttended(visit="v-3", at=NINE + 4 * DAY + HOUR, kind="service", channel="in-person")),
        (6 * DAY, VisitRetracted(visit="v-3", at=NINE + 4 * DAY + HOUR)),
    )  # fmt: skip


FOLLOW_UP: dict[str, Life] = {
    "one person in two programs, by two records that turn out to be one": (
        _said("intake-events", "record/1", (0 * HOUR, plans.opened())),
        _said(
            "intake-events", "record/2", (0 * HOUR, plans.opened("record/2", "person/2")),
            (2 * DAY, RecordLinked(person="person/1", left="person/2", by="urn:network:person")),
        ),
        _said("intake-events", "exchange/1", _stay("admitted", DAY), _stay("discharged", 6 * DAY)),
        _said(
            "intake-events", "exchange/2", _stay("admitted", 9 * DAY, "E-2", "jail"),
            _stay("admission-cancelled", 10 * DAY, "E-2", "jail"),
        ),
        _said(
            "assignment-events", "placement/1", (HOUR, plans.accepted()),
            (3 * DAY, HandedOff(owner="staff/eve", left="staff/dora", role="desk/night")),
        ),
        _said(
            "assignment-events", "placement/2",
            (HOUR, plans.accepted(plans.LAKESIDE, record="record/2", cadence_days=7, books_visits=False)),
        ),
        _said(
            "authorization-events", "authorization/1", (DAY, ReferralPutAtRisk(risk="denied", line=1)),
            (2 * DAY, RiskCleared(risk="denied", line=1)),
        ),
        _said("crisis-routing-events", "episode/1", (4 * DAY, ALERTED)),
    ),
    "a death that was not so, and referrals that end": (
        _said(
            "intake-events", "record/1", (0 * HOUR, plans.opened()), (2 * DAY, RecordDeathNoted(noted_at=NINE + 2 * DAY, **DEATH)),
            (3 * DAY, RecordDeathRefuted(noted_at=NINE + 3 * DAY, **DEATH)),
        ),
        _said(
            "assignment-events", "placement/1", (HOUR, plans.accepted()),
            (5 * DAY, PlacementEnded(reason="withdrawn", released=(), program=plans.RIVERSIDE)),
        ),
        _said(
            "assignment-events", "placement/2", (HOUR, plans.accepted(plans.LAKESIDE, cadence_days=7)),
            (8 * DAY + HOUR, PlacementEnded(reason="closed", released=(), program=plans.LAKESIDE)),
        ),
        _said("intake-events", "request/2", (8 * DAY, CLOSED)),
    ),
}  # fmt: skip


SUBMITTED = "submitted"
"""The key of the command that put both lines to the payer, from which our reference follows."""


def _answers(line: int, *actions: tuple[timedelta, str], **told: Any) -> Source:
    """A payer's word on one line: an exchange of its own."""
    reference = derived("submission", payers.AUTHORIZATION, SUBMITTED)
    about = {"record": payers.RECORD, "authorization": payers.AUTHORIZATION, "payer": payers.MANAGED, "reference": reference}
    said = [
        (after, PayerResponseReceived(**about, answer=payers.answer(action, line, answered_at=NINE + after, reasons=("84",), **told)))
        for after, action in actions
    ]
    return _said("intake-events", f"exchange/{line}", *said)


AUTHORIZATION: dict[str, Life] = {
    "visits of a placement that nobody has told of yet": (
        _said("assignment-events", payers.PLACEMENT, (HOUR, payers.accepted())),
        _plan_visits("plan/1"),
    ),
    "a payer answers line by line while visits are booked and the referral ends": (
        _answers(1, (2 * HOUR, "A4"), (30 * HOUR, "A1"), units=14, ends_on=payers.TODAY + 30 * DAY),
        _answers(2, (3 * HOUR, "A4"), (40 * HOUR, "A3")),
        _plan_visits("plan/1"),
        _said(
            "assignment-events", payers.PLACEMENT, (HOUR, payers.accepted()),
            (20 * DAY, PlacementEnded(reason="withdrawn", released=(), program="program/harbor")),
        ),
    ),
}  # fmt: skip


def _plan(subject: str, person: str, *more: tuple[timedelta, Change]) -> Source:
    begun = PlanOpened(person=person, owner="role/oak", program="program/oak", opened_at=NINE, visit_by=NINE + DAY, cadence_days=7)
    return _said("follow-up-events", subject, (0 * HOUR, begun), *more)


def _call(number: int, person: int, after: timedelta, **told: Any) -> Source:
    known = {"person": f"person/{person}", "record": f"record/{person}", "contacted_at": NINE + after, **told}
    more = {"person": f"person/{person}", "record": f"record/{person}", "contacted_at": NINE + after}
    return _said(
        "crisis-intake-events", f"contact/{number}", (after, crises.contact(**known)),
        (after + 2 * timedelta(minutes=1), crises.amended(**more, danger="imminent")),
    )  # fmt: skip


CRISIS: dict[str, Life] = {
    "two calls about one person, another about somebody else, and their plans": (
        _call(1, 1, 0 * HOUR), _call(2, 1, timedelta(minutes=4)), _call(3, 3, timedelta(minutes=1)),
        _plan("plan/1", "person/1", (timedelta(seconds=30), PlanHandedOn(owner="role/elm"))),
        _plan("plan/3", "person/2", (timedelta(seconds=40), PlanMoved(person="person/3"))),
        _plan("plan/4", "person/4", (timedelta(seconds=50), PlanDischarged(reason="completed", at=NINE, by=crises.ANA))),
    ),
}  # fmt: skip
