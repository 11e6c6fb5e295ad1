"""One referral of a FHIR message, from its ServiceRequest and Tasks to the entry that becomes of it.

A complete request is a ReferralRequested, however often it is repeated; one with only what changes is a ReferralAmended;
one that either of the two takes back is a ReferralWithdrawn. A Task that says what became of it is a ReferralStatusReported.
"""

from collections.abc import Iterator
from typing import Any

from contracts import partners
from contracts.kernel import Reason
from services.intake import codes, fhir_codes, fhir_conformance, fhir_element, fhir_parties, fhir_request, stages
from services.intake.entry import Entry, read_as
from services.intake.fhir_bundle import Resource
from services.intake.fhir_codes import Stance
from services.intake.fhir_element import part, text
from services.intake.fhir_request import Case

Draft = tuple[type[partners.FromPartner], dict[str, Any]]
OTHERWISE: dict[Stance | None, str] = {"draft": codes.NOT_YET, "hold": codes.ON_HOLD}
"""What no event comes of, for each stance that neither asks nor takes back."""
PRECEDENCE: tuple[Stance, ...] = ("withdraw", "hold", "ask", "report", "draft")
"""Which stance of several Tasks is the referral's."""


def entry(case: Case) -> Entry:
    """What becomes of one referral. Whatever its outcome, every problem found is told at once."""
    reference, told = fhir_request.reference(case)
    stance, about_stance = _stance(case)
    told = [*told, *about_stance, *_misplaced(case), *_displays(case)]
    draft, more = _draft(stance, reference, case)
    told += more
    for each in case.both:
        told += [*fhir_conformance.modified(each), *fhir_conformance.issues(each)]
    kind, said = draft or (partners.FromPartner, {"reference": reference})
    return read_as(kind, said, case.lead.pointer, told)


def _draft(stance: Stance | None, reference: str | None, case: Case) -> tuple[Draft | None, list[Reason]]:
    """What the event would say, and what has to be told about it. A referral of unclear stance is read for its other problems."""
    answer = fhir_request.answering(case)
    if answer and not case.tasks:
        return None, [codes.reason(codes.NO_REPORT, answer.pointer)]
    if stance not in (None, "draft") and (answer or _is_report(stance, case)):
        return _reported(case, reference)
    if stance == "withdraw":
        taken_back = {"reference": reference, "withdrawn_at": fhir_request.changed_at(case), "reason": _withdrawal_reason(case)}
        return (partners.ReferralWithdrawn, taken_back), []
    if stance in OTHERWISE:
        return None, [codes.reason(OTHERWISE[stance], f"{case.lead.pointer}/status")]
    if case.request is None:
        return None, [_without_request(case)] if stance else []
    return _amended(case, reference) if case.is_patch else _requested(case, reference)


def _is_report(stance: Stance | None, case: Case) -> bool:
    """Reported done, or a Task whose ServiceRequest did not come because it is known: only one that is requested asks for something."""
    is_known = case.request is None and case.lead.body.get("status") != "requested"
    return stance == "report" or (is_known and stance in ("ask", "hold"))


def _reported(case: Case, reference: str | None) -> tuple[Draft, list[Reason]]:
    """Where it stands, by the Task that was changed last; a ServiceRequest without one can only be completed."""
    latest = max(case.tasks, key=fhir_request.modified_at, default=case.lead)
    at, told = fhir_request.said_at(latest)
    business = (code for code, _ in _bser_statuses(latest) if code in stages.BUSINESS)
    said = {"reference": reference, "task_status": latest.body.get("status"), "business_status": next(business, None), "at": at}
    return (partners.ReferralStatusReported, {**said, "reason": _status_reason(case)}), told


def _requested(case: Case, reference: str | None) -> tuple[Draft, list[Reason]]:
    at, about_instant = fhir_request.requested_at(case)
    asked, told = _asked(case)
    person, patient, about_person = fhir_parties.subject(case)
    agreed, about_consent = fhir_parties.consents(case, patient)
    label, about_label = fhir_parties.sensitivity(case, patient, agreed.came)
    checked = fhir_conformance.issues(patient) if patient else []
    said = {
        **asked, "service": asked.get("service", fhir_codes.UNCODED), "reference": reference, "requested_at": at, "person": person,
        "sender": fhir_parties.sender(case), "sensitivity": label, "consent": agreed.consent,
        "consent_until": agreed.until, "consent_ended": agreed.ended,
    }  # fmt: skip
    return (partners.ReferralRequested, said), [*about_instant, *told, *about_person, *about_consent, *about_label, *checked]


def _amended(case: Case, reference: str | None) -> tuple[Draft, list[Reason]]:
    """Only what was sent changes anything."""
    asked, told = _asked(case)
    person, patient, about_person = fhir_parties.subject(case) if "subject" in case.lead.body else (None, None, [])
    checked = fhir_conformance.issues(patient) if patient else []
    told = [each for each in told if each.code != codes.UNCODED_SERVICE or {"code", "category"} & case.lead.body.keys()]
    if not asked and not person:
        told.append(codes.reason(codes.NOTHING_CHANGES, case.lead.pointer))
    said = {**asked, "reference": reference, "amended_at": fhir_request.changed_at(case), "person": person}
    return (partners.ReferralAmended, said), [*told, *about_person, *checked]


def _asked(case: Case) -> tuple[dict[str, Any], list[Reason]]:
    assert case.request is not None
    service, about_service = fhir_request.service(case.request)
    urgency, about_urgency = fhir_request.urgency(case)
    why, about_why = fhir_request.why(case)
    read = {"service": service, "urgency": urgency, "reason": why}
    return {name: value for name, value in read.items() if value}, [*about_service, *about_urgency, *about_why]


def _stance(case: Case) -> tuple[Stance | None, list[Reason]]:
    """What the statuses say together. None, and why, where they are unknown or cannot all be so."""
    told = [reason for each in case.both for reason in _status_reasons(each, case)]
    if told:
        return None, told
    about = {_task_says(task, told) for task in case.tasks}
    own = _request_says(case.request) if case.request else None
    if not told and _disagree(own, about):
        told = [codes.reason(codes.DISAGREE, f"{case.lead.pointer}/status")]
    if told:
        return None, told
    if own in (None, "ask") or "withdraw" in about:
        return next((stance for stance in PRECEDENCE if stance in about), "ask"), _intent_reasons(case)
    return own, []


def _disagree(own: Stance | None, about: set[Stance]) -> bool:
    """Tasks that ask beside one that is taken back, or whose request does not ask; a request reported done, its Task taken back."""
    if "ask" in about:
        return "withdraw" in about or own not in (None, "ask")
    return "withdraw" in about and own == "report"


def _request_says(request: Resource) -> Stance:
    return fhir_codes.REQUEST_SAYS.get(request.body.get("status", ""), "ask")


def _status_reasons(each: Resource, case: Case) -> Iterator[Reason]:
    status, known = each.body.get("status"), fhir_codes.REQUEST_SAYS if each.kind == "ServiceRequest" else fhir_codes.TASK_SAYS
    if status is None and not (case.is_patch and each is case.request):
        yield codes.reason(codes.NO_STATUS, each.pointer)
    elif status is not None and not (isinstance(status, str) and status in known):
        yield codes.reason(codes.UNKNOWN_CODE, f"{each.pointer}/status")


def _task_says(task: Resource, told: list[Reason]) -> Stance:
    """Task.status, unless the business status asks for a cancellation. BSeR's codes must fit the status they come with."""
    status, stance = str(task.body["status"]), fhir_codes.TASK_SAYS[str(task.body["status"])]
    for code, _ in _bser_statuses(task):
        _, fits = fhir_codes.BSER_STATUSES.get(code, ("", frozenset()))
        if status not in fits:
            told.append(codes.reason(codes.DISAGREE if fits else codes.UNKNOWN_CODE, f"{task.pointer}/businessStatus"))
        elif code in fhir_codes.CANCELLATION_ASKED:
            stance = "withdraw"
    return stance


def _bser_statuses(task: Resource) -> Iterator[tuple[str, str | None]]:
    """The codes of BSeR's business status, each with its display."""
    for coding in fhir_element.codings(part(task.body, "businessStatus")):
        if coding.get("system") == fhir_codes.BSER:
            yield str(coding["code"]).strip(), text(coding.get("display"))


def _displays(case: Case) -> Iterator[Reason]:
    """Where code and display disagree the code counts, and the disagreement is told."""
    for task in case.tasks:
        for code, display in _bser_statuses(task):
            known = {fhir_codes.BSER_STATUSES.get(code, ("",))[0], fhir_codes.BSER_OTHER_DISPLAYS.get(code), None}
            if display not in known:
                yield codes.reason(codes.DISPLAY_DIFFERS, f"{task.pointer}/businessStatus")


def _intent_reasons(case: Case) -> list[Reason]:
    if case.request is None:
        return []
    at, body = case.request.pointer, case.request.body
    intent, forbids = body.get("intent"), body.get("doNotPerform", False)
    if forbids is True or intent in fhir_codes.NOT_AN_ASK:
        return [codes.reason(codes.FORBIDS, at)]
    if forbids is not False or not (intent is None or (isinstance(intent, str) and intent in fhir_codes.INTENTS)):
        return [codes.reason(codes.UNKNOWN_CODE, f"{at}/{'intent' if forbids is False else 'doNotPerform'}")]
    return []


def _without_request(case: Case) -> Reason:
    """A Task that asks, but whose ServiceRequest did not come: a Bundle must hold what it names."""
    task = case.lead
    return codes.reason(codes.DANGLING if task.scope.is_bundle else codes.NO_REQUEST, f"{task.pointer}/focus")


def _withdrawal_reason(case: Case) -> str:
    """The code of a reason where the sender gave one, else the status that took it back."""
    statuses = (text(each.body.get("status")) for each in case.both)
    saying = (status for status in statuses if status in ("revoked", "cancelled", "entered-in-error"))
    return _status_reason(case) or next(saying, "cancellation-requested")


def _status_reason(case: Case) -> str | None:
    given = (fhir_element.token(coding) for task in case.tasks for coding in fhir_element.codings(part(task.body, "statusReason")))
    return next(filter(None, given), None)


def _misplaced(case: Case) -> Iterator[Reason]:
    yield from (codes.reason(codes.MISPLACED, each.pointer) for each in case.both if each.misplaced)
