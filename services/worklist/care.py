"""Care, plans and transitions on the worklist: a sentence for every fact, and what each tells of its item."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from contracts import appointments, feeds, plans, transitions
from contracts import follow_up as caring
from contracts.kernel import Event
from services.worklist.standing import risk_key

ACTIONS = {
    "schedule-visit": "Book a first visit",
    "record-attendance": "Record whether the visit was kept",
    "confirm-status": "Say how care goes",
    "reach-out": "Reach out to the client",
    "review-engagement": "Decide how to go on with somebody out of reach",
    "book-visit": "Book the next visit",
    "check-plan": "Check a plan of which nothing is heard",
    "review-plan": "Review the plan of care",
    "review-suppression": "Look whether this still holds",
    "ask-feed": "Ask why the feed is silent",
    "find-plan": "Find who cares for this person",
    "contact-in-stay": "Speak with the person before they leave",
    "book-before-leave": "Book a visit before the person leaves",
    "ask-about-stay": "Ask how the stay goes",
    "attempt-contact": "Reach the person after the discharge",
    "attempt-again": "Try again to reach the person",
    "see-within-7": "See the person within 7 days of the discharge",
    "see-within-30": "See the person within 30 days of the discharge",
    "link-to-care": "Say that the person is linked to care",
    "receive-records": "Get the records of the stay",
    "receive-prescriptions": "Get the list of what was prescribed",
    "contact-weekly": "Speak with the person this week",
    "review-risk": "Review the risk",
}
WARNED = (caring.CareWarned, plans.PlanWarned, transitions.TransitionWarned)
OVERDUE = (caring.CareOverdue, plans.PlanOverdue, transitions.TransitionOverdue)
RETRACTED = (caring.CareOverdueRetracted, plans.PlanOverdueRetracted, transitions.TransitionOverdueRetracted)
KINDS = {"plan": "Plan", "transition": "Transition", "client": "Client", "feed": "Feed"}


def _words(code: str) -> str:
    return code.replace("-", " ")


def _teller(e: feeds.FeedSilent | feeds.FeedResumed) -> str:
    return "partner" if e.partner else "program"


def _known(event: Event, *names: str) -> dict[str, Any]:
    """These fields, where the event has them."""
    return {name: value for name in names if (value := getattr(event, name)) is not None}


SENTENCES: Mapping[type[Event], Callable[[Any], str] | str] = {
    caring.CareOpened: "The program's care of this referral began",
    caring.CareScheduled: "A first visit is booked",
    caring.CareCountedEarlier: "The first visit is due sooner: the person had asked earlier than was known",
    caring.CareUnscheduled: "The booked first visit was cancelled",
    caring.CareMissed: "The client did not come to the first visit",
    caring.CareStarted: "The first visit took place",
    caring.CareStartRetracted: lambda e: (
        "The first visit was another one" if e.started_at else "The first visit did not take place after all"
    ),
    caring.CareConfirmed: "The program says that care goes on",
    caring.OutcomeReported: lambda e: f"The program reports the outcome: {_words(e.outcome)}",
    caring.CarePutAtRisk: lambda e: f"The care is at risk: {_words(e.risk)}",
    caring.CareRiskCleared: lambda e: f"The care is no longer at risk: {_words(e.risk)}",
    caring.CareHalted: "A death was reported; the program contacts nobody until it is verified",
    caring.CareResumed: "The program goes on; the report of a death was wrong",
    caring.CareEnded: "Nothing of this referral is left to do for the program",
    caring.CareHandedOn: "Another desk answers for the care now",
    plans.PlanOpened: "The person is enrolled in the program",
    plans.PlanAdjusted: "What is expected of the plan changed",
    plans.VisitBooked: "A visit is booked",
    plans.VisitMoved: "The visit was moved",
    plans.VisitCancelled: lambda e: f"The {e.by} cancelled the visit",
    plans.VisitAttended: "The person came to a visit",
    plans.VisitRetracted: "The person had not come to the visit after all",
    plans.VisitMissed: "The person did not come to a booked visit",
    plans.ContactLogged: "Somebody was in touch with the person",
    plans.ContactAttempted: lambda e: f"Somebody tried to reach the person by {_words(e.channel)}",
    plans.PlanFlagged: lambda e: f"The person may be dropping out: {', '.join(_words(signal.code) for signal in e.signals)}",
    plans.FlagCleared: lambda e: "The person came back" if e.why == "returned" else "The reason to look is gone",
    plans.FlagRetracted: "What came late shows that the person was not dropping out",
    plans.SupervisorAsked: "Outreach did not reach the person; a supervisor is asked",
    plans.PlanReviewed: lambda e: f"A supervisor decided: {_words(e.decision)}",
    plans.PlanSuppressed: lambda e: f"Not shown among those dropping out, because: {_words(e.kind)}",
    plans.PlanDeathReported: "A death was reported; nobody is contacted until it is verified",
    plans.SuppressionEnded: lambda e: f"Shown again; no longer: {_words(e.kind)}",
    plans.SeenElsewhere: "The person was seen in the network",
    plans.PlanUnknown: "The program is silent: whether the person comes is not known",
    plans.PlanKnown: "The program tells of its people again",
    plans.PlanMoved: "The plan belongs to another person's records now",
    plans.PlanHandedOn: "Another desk answers for the plan now",
    plans.PlanDischarged: lambda e: f"The plan ended: {_words(e.reason)}",
    transitions.TransitionOpened: lambda e: f"The person is known to be in care elsewhere: {_words(e.kind)}",
    transitions.TransitionMatched: "The person's program answers for the transition",
    transitions.TransitionMoved: "The stay belongs to another person's records now",
    transitions.TransitionSilenced: lambda e: "A death was reported" if e.since else "The reported death was not so",
    transitions.AdmissionCorrected: lambda e: (
        f"The stay goes on elsewhere: {_words(e.kind)}" if e.kind else "The admission was at another time"
    ),
    transitions.LeavePlanned: "When the person is expected to leave is known",
    transitions.VisitArranged: "A visit after the stay is booked",
    transitions.StayContacted: "Somebody spoke with the person during the stay",
    transitions.PersonDischarged: lambda e: f"The person left{' against advice' if e.against_advice else ''}",
    transitions.DischargeCancelled: "The person did not leave after all",
    transitions.DischargeAttempted: "Somebody tried to reach the person after the stay",
    transitions.DischargeReached: "The person was reached after the stay",
    transitions.PersonSeen: "The person had a visit after the stay",
    transitions.SightingRetracted: "It was not so that the person was seen or reached after the stay",
    transitions.PapersReceived: lambda e: f"The {e.kind} of the stay came",
    transitions.RiskReviewed: "Somebody reviewed the risk",
    transitions.TransitionEnded: lambda e: f"The transition ended: {e.how}",
    transitions.ClientKnown: "Whose record this is became known",
    transitions.PersonLearned: "More is known of this person across the network",
    transitions.RecordsMoved: "Records joined or left this person",
    feeds.FeedHeard: "The partner speaks",
    feeds.FeedSilent: lambda e: f"The {_teller(e)} has gone silent",
    feeds.FeedResumed: lambda e: f"The {_teller(e)} tells again",
    feeds.FeedsLearned: "Which partners are heard, and for which programs they speak, became known",
    appointments.AppointmentTold: lambda e: f"A partner told of an appointment: {_words(e.step)}",
    appointments.AppointmentMatched: "The appointment counts in a plan of the person",
    appointments.AppointmentMoved: "The appointment belongs to another person's records now",
}


def _visit(visit: str | None, at: datetime | None) -> dict[str, Any]:
    """A booked visit, or None: it is not booked any more. Each has a field of its own, so that one does not take another's place."""
    return {f"visit_{crc32(visit.encode()):08x}": {"id": visit, "at": at} if at else None} if visit else {}


def _flagged(e: plans.PlanFlagged) -> dict[str, Any]:
    return {"status": e.level, "signals": [signal.code for signal in e.signals], "flagged_at": e.flagged_at}


UNFLAGGED = {"status": "active", "signals": None, "flagged_at": None, "last_attempt": None}
OPENED = ("service", "urgency", "requested_at", "record", "program", "interval")
PROJECTED: Mapping[type[Event], Callable[[Any], dict[str, Any]]] = {
    caring.CareOpened: lambda e: {"status": "accepted", **_known(e, *OPENED)},
    caring.CareCountedEarlier: lambda e: _known(e, "requested_at"),
    caring.CareScheduled: lambda e: {"status": "scheduled", "visit_at": e.starts_at},
    caring.CareUnscheduled: lambda e: {"status": "accepted", "visit_at": None},
    caring.CareMissed: lambda e: {"status": "missed", "visit_at": None, "at_risk": e.at_risk or None},
    caring.CareStarted: lambda e: {"status": "in-service", "visit_at": None, "last_contact": e.started_at},
    caring.CareStartRetracted: lambda e: {"last_contact": e.started_at} if e.started_at else {"status": "accepted", "last_contact": None},
    caring.OutcomeReported: lambda e: {"status": "outcome-reported", "verified": e.verified},
    caring.CarePutAtRisk: lambda e: {risk_key(e.risk, e.visit): e.risk},
    caring.CareRiskCleared: lambda e: {risk_key(e.risk, e.visit): None},
    caring.CareEnded: lambda e: {"status": "ended"},
    plans.PlanOpened: lambda e: {"status": "enrolled", **_known(e, "service", "record", "program", "cadence_days")},
    plans.PlanAdjusted: lambda e: _known(e, "at_risk", "cadence_days"),
    plans.VisitBooked: lambda e: _visit(e.visit, e.starts_at),
    plans.VisitMoved: lambda e: _visit(e.visit, e.starts_at),
    plans.VisitCancelled: lambda e: _visit(e.visit, None),
    plans.VisitMissed: lambda e: _visit(e.visit, None),
    plans.VisitRetracted: lambda e: {"last_contact": e.exchanged_at, **_visit(e.visit, None)},
    plans.VisitAttended: lambda e: {"status": "active", "last_contact": e.at, **_visit(e.visit, None)},
    plans.ContactLogged: lambda e: {"last_contact": e.at},
    plans.ContactAttempted: lambda e: {"last_attempt": {"at": e.at, "channel": e.channel, "outcome": e.outcome}},
    plans.PlanFlagged: _flagged,
    plans.FlagCleared: lambda e: UNFLAGGED,
    plans.FlagRetracted: lambda e: UNFLAGGED,
    plans.SupervisorAsked: lambda e: {"status": "review", "attempts": e.attempts},
    plans.PlanSuppressed: lambda e: {"status": "suppressed", "not_shown": e.kind, "not_shown_until": e.until},
    plans.SuppressionEnded: lambda e: {"status": "active", "not_shown": None, "not_shown_until": None},
    plans.SeenElsewhere: lambda e: {"seen_elsewhere": e.at},
    plans.PlanUnknown: lambda e: {"status": "unknown"},
    plans.PlanKnown: lambda e: {"status": "active"},
    plans.PlanDischarged: lambda e: {"status": "discharged"},
    transitions.TransitionOpened: lambda e: {
        "status": "admitted", "stay": e.kind, "at_risk": e.at_risk or None, **_known(e, "record", "facility", "reference", "admitted_at"),
    },
    transitions.TransitionMatched: lambda e: {"program": e.program},
    transitions.AdmissionCorrected: lambda e: {**_known(e, "admitted_at"), **({"stay": e.kind} if e.kind else {})},
    transitions.LeavePlanned: lambda e: {"status": "leave-planned", "expected_at": e.expected_at},
    transitions.VisitArranged: lambda e: {"visit_at": e.starts_at},
    transitions.StayContacted: lambda e: {"last_contact": e.at},
    transitions.PersonDischarged: lambda e: {"status": "discharged", "discharged_at": e.at, **_known(e, "to", "against_advice")},
    transitions.DischargeCancelled: lambda e: {"status": "admitted", "discharged_at": None, "to": None, "against_advice": None},
    transitions.DischargeAttempted: lambda e: {
        "status": "attempted", "last_attempt": {"at": e.at, "channel": e.channel, "outcome": e.outcome},
    },
    transitions.DischargeReached: lambda e: {"status": "reached", "last_contact": e.at},
    transitions.PersonSeen: lambda e: {"status": "seen", "last_contact": e.at},
    transitions.SightingRetracted: lambda e: {"status": "reached" if e.reached_at else "discharged", "last_contact": e.reached_at},
    transitions.PapersReceived: lambda e: {f"{e.kind}_at": e.at},
    transitions.RiskReviewed: lambda e: {"at_risk": e.at_risk or None},
    transitions.TransitionEnded: lambda e: {"status": e.how},
    feeds.FeedSilent: lambda e: {"status": "silent", "silent_since": e.since},
    feeds.FeedResumed: lambda e: {"status": "heard", "silent_since": None},
}  # fmt: skip
