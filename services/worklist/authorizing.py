"""What authorization says, in sentences and as the fields of an item."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts import authorization as asking
from contracts import authorization_lines as line
from contracts import payers
from contracts.kernel import Event
from services.worklist.standing import risk_key

ACTIONS = {
    "determine": "Find out whether the payer must be asked",
    "submit": "Put it to the payer",
    "correct-submission": "Correct it and put it to the payer again",
    "await-decision": "Wait for the payer's decision",
    "chase-decision": "Get the payer's decision",
    "contact-payer": "Call the payer",
    "send-information": "Send the payer what it asked for",
    "chase-reason": "Get the reason for the denial",
    "decide-on-appeal": "Appeal, or decide not to",
    "ask-continuation": "Ask to keep the care running",
    "await-appeal": "Wait for the decision on the appeal",
    "use-authorization": "Give the care that is authorized",
    "renew": "Ask for the next authorization",
    "renew-or-end": "Ask for the next authorization, or say that the care ended",
    "secure-care": "Secure the care that is at risk",
    "settle-data-issue": "Look at what the payer sent",
}


def _words(code: str) -> str:
    return code.replace("-", " ")


def _lines(e: Any) -> str:
    return "one line" if len(e.lines) == 1 else f"{len(e.lines)} lines"


def _granted(e: line.LineApproved) -> str:
    how = {"approved": "approved", "partial": "approved in part", "modified": "approved with changes"}[e.outcome]
    return f"The payer {how} line {e.line}: {e.units:g} × {_words(e.unit)}" + (f", until {e.ends_on}" if e.ends_on else "")


SENTENCES: Mapping[type[Event], Callable[[Any], str] | str] = {
    payers.RequirementsListed: lambda e: f"The tables of {len(e.payers)} payers were listed",
    asking.CoverageRecorded: "Who covers this person became known",
    asking.AuthorizationOpened: "A program accepted; whether the payer must be asked is looked up",
    asking.AuthorizationDisclosureChanged: "What the payer may be told of the person changed",
    asking.AuthorizationCovered: "Who covers the person here is known",
    asking.AuthorizationDetermined: lambda e: (
        f"The payer must be asked for {_lines(e)}" if e.needed == "authorization" else "The payer need not be asked"
    ),
    asking.LinesAdded: lambda e: f"The payer is to be asked for {_lines(e)} more",
    asking.AuthorizationSubmitted: lambda e: f"The payer was asked for {_lines(e)}, by {_words(e.channel)}",
    asking.ReceiptConfirmed: "The payer says since when it has it",
    asking.SubmissionRejected: "The payer could not use it; it must be corrected",
    asking.DecisionInquired: "The payer was asked where its decision is",
    asking.VisitNoted: lambda e: "A visit was booked" if e.at else "A visit is not booked any more",
    asking.ReferralPutAtRisk: lambda e: f"The care is at risk: {_words(e.risk)}",
    asking.RiskCleared: lambda e: f"No longer at risk: {_words(e.risk)}",
    asking.AuthorizationEnded: lambda e: f"Nothing has to be authorized any more: {_words(e.reason)}",
    line.LinePended: lambda e: f"The payer has not decided on line {e.line} yet",
    line.LineApproved: _granted,
    line.LineDenied: lambda e: f"The payer {'upheld its denial of' if e.upheld else 'denied'} line {e.line}",
    line.PayerContactAsked: lambda e: f"The payer wants to be called about line {e.line}",
    line.LineNotRequired: lambda e: f"The payer says that line {e.line} needs no authorization",
    line.LineCancelled: lambda e: f"Line {e.line} is not asked for any more: {_words(e.reason)}",
    line.DecisionExtended: lambda e: f"The payer takes longer over line {e.line}",
    line.LineUnanswered: lambda e: (
        f"The payer did not answer line {e.line} in time"
        + (f"; that counts as its {e.silence_means}" if e.silence_means != "nothing" else "")
    ),
    line.InformationAsked: lambda e: f"The payer wants documents for line {e.line}",
    line.InformationSent: lambda e: f"The documents for line {e.line} were sent by {_words(e.channel)}",
    line.InformationAnswered: lambda e: f"The payer has the documents for line {e.line}",
    line.AppealFiled: lambda e: f"An appeal was filed for line {e.line}{'' if e.in_time else ', late'}",
    line.AppealWaived: lambda e: f"Line {e.line} is not appealed: {_words(e.reason)}",
    line.ContinuationAsked: lambda e: f"The payer was asked to keep the care of line {e.line} running",
    line.UnitsReturned: lambda e: f"A visit did not take place after all; {e.used:g} of line {e.line} so far",
    line.UnitsUsed: lambda e: f"A visit used line {e.line}; {e.used:g} so far",
    line.RenewalDue: lambda e: f"The next authorization of line {e.line} must be asked for now",
    line.LineExpired: lambda e: f"The last covered day of line {e.line} is over",
    line.DataIssueFound: lambda e: f"Somebody must look at line {e.line}: {_words(e.issue)}",
    line.DataIssueSettled: lambda e: f"Settled on line {e.line}: {_words(e.issue)}",
}


def patch(e: asking.AuthorizationChange) -> dict[str, Any]:
    """Where it stands, and whether it is over; what it is about is said once, and each line has fields of its own."""
    told: dict[str, Any] = {"status": e.status}
    match e:
        case asking.AuthorizationOpened():
            names = ("program", "service", "urgency", "requested_at", "record")
            told |= {name: value for name in names if (value := getattr(e, name)) is not None}
        case asking.AuthorizationCovered():
            told["payer"] = e.payer
        case asking.AuthorizationDetermined() | asking.LinesAdded():
            told |= {key: value for asked in e.lines for key, value in _line(asked.line, "assembling", service=asked.service).items()}
        case asking.AuthorizationSubmitted():
            told |= {key: value for asked in e.lines for key, value in _line(asked.line, "submitted").items()}
        case asking.ReferralPutAtRisk():
            told[risk_key(e.risk, e.visit)] = e.risk
        case asking.RiskCleared():
            told[risk_key(e.risk, e.visit)] = None
        case asking.AuthorizationEnded():
            told["closed"] = True
        case line.LineFact():
            told |= _answered(e)
    return told


def _line(n: int, status: str = "", /, **more: Any) -> dict[str, Any]:
    """Fields of one line. An authorization has few; each keeps what earlier facts said of it."""
    said = {"status": status or None, **more}
    return {f"line_{n}_{name}": value for name, value in said.items() if value is not None}


def _answered(e: line.LineFact) -> dict[str, Any]:
    match e:
        case line.LineApproved():
            until = e.ends_on.isoformat() if e.ends_on else None
            more = {"units": f"{e.units:g} × {_words(e.unit)}", "until": until, "number": e.number, "appeal_before": e.appeal_before}
            return _line(e.line, e.outcome, service=e.service, **more)
        case line.LineDenied():
            return _line(e.line, "upheld" if e.upheld else "denied", service=e.service, appeal_before=e.appeal_before)
        case line.LinePended():
            return _line(e.line, "pended", service=e.service, decision_by=e.due)
        case line.UnitsUsed() | line.UnitsReturned():
            return _line(e.line, used=f"{e.used:g}")
        case line.DecisionExtended():
            return _line(e.line, decision_by=e.until)
    return _line(e.line, STANDS.get(type(e), ""))


STANDS: Mapping[type[Event], str] = {
    line.PayerContactAsked: "contact-payer",
    line.LineNotRequired: "not-required",
    line.LineCancelled: "cancelled",
    line.LineExpired: "expired",
    line.LineUnanswered: "unanswered",
    line.AppealFiled: "appealed",
}
