"""What people of the front door may do, over HTTP, and who may do it."""

from infra.access import Scope, rule
from infra.commands import Entry
from services.intake.commands import (
    AcknowledgeRequest,
    AskInformation,
    CloseRequest,
    EnterContact,
    EnterReferral,
    GoOnWithout,
    LogConsentAttempt,
    OpenAccess,
    RecordConsent,
    RecordEmergency,
    RefuteDeath,
    RegisterPartner,
    ReopenRequest,
    ReportDeath,
    ReviewAccess,
    RevokeConsent,
    SupplyInformation,
    TriageRequest,
    UnlinkRecord,
    WaiveConsent,
    WithdrawRequest,
)

COMMANDS = (
    Entry(EnterReferral, "/v1/referrals", "", "enter-referral"),
    Entry(EnterContact, "/v1/crisis-contacts", "", "enter-contact"),
    Entry(AcknowledgeRequest, "/v1/requests/{id}/acknowledge", "request/{id}", "acknowledge-request"),
    Entry(AskInformation, "/v1/requests/{id}/ask-information", "request/{id}", "ask-information"),
    Entry(SupplyInformation, "/v1/requests/{id}/supply-information", "request/{id}", "ask-information"),
    Entry(GoOnWithout, "/v1/requests/{id}/go-on-without", "request/{id}", "ask-information"),
    Entry(TriageRequest, "/v1/requests/{id}/triage", "request/{id}", "triage-request"),
    Entry(WithdrawRequest, "/v1/requests/{id}/withdraw", "request/{id}", "withdraw-request"),
    Entry(CloseRequest, "/v1/requests/{id}/close", "request/{id}", "close-request"),
    Entry(ReopenRequest, "/v1/requests/{id}/reopen", "request/{id}", "close-request"),
    Entry(ReportDeath, "/v1/requests/{id}/report-death", "request/{id}", "report-death"),
    Entry(RefuteDeath, "/v1/requests/{id}/refute-death", "request/{id}", "verify-death"),
    Entry(ReportDeath, "/v1/records/{id}/report-death", "record/{id}", "report-death"),
    Entry(RefuteDeath, "/v1/records/{id}/refute-death", "record/{id}", "verify-death"),
    Entry(UnlinkRecord, "/v1/records/{id}/unlink", "record/{id}", "decide-identity"),
    Entry(RecordConsent, "/v1/consents/{id}/record", "consent/{id}", "record-consent"),
    Entry(RevokeConsent, "/v1/consents/{id}/revoke", "consent/{id}", "record-consent"),
    Entry(LogConsentAttempt, "/v1/consents/{id}/log-attempt", "consent/{id}", "record-consent"),
    Entry(RecordEmergency, "/v1/consents/{id}/record-emergency", "consent/{id}", "record-emergency"),
    Entry(WaiveConsent, "/v1/consents/{id}/waive", "consent/{id}", "record-consent"),
    Entry(OpenAccess, "/v1/records/{id}/open-in-emergency", "access/{id}", "open-in-emergency"),
    Entry(ReviewAccess, "/v1/access/{id}/review", "access/{id}", "review-access"),
    Entry(RegisterPartner, "/v1/partners/{id}/register", "partner/{id}", "register-partner"),
)

DESK = ("intake-desk", "supervisor")
ACCESS = {
    "enter-referral": rule(*DESK, "coordinator", scope=Scope.ANY),
    "enter-contact": rule(*DESK, "coordinator", "crisis-desk", "mobile-team", "crisis-facility", "program-desk", scope=Scope.ANY),
    "acknowledge-request": rule(*DESK, scope=Scope.ANY),
    "ask-information": rule(*DESK, "triage-clinician", scope=Scope.ANY),
    "triage-request": rule(*DESK, "triage-clinician", scope=Scope.ANY),
    "withdraw-request": rule(*DESK, "coordinator", scope=Scope.ANY),
    "close-request": rule(*DESK, "coordinator", "network-lead", scope=Scope.ANY),
    "report-death": rule(*DESK, "triage-clinician", "coordinator", "program-desk", "crisis-desk", "network-lead", scope=Scope.ANY),
    "verify-death": rule(*DESK, "coordinator", "network-lead", scope=Scope.ANY),
    "decide-identity": rule("data-steward", "network-lead", scope=Scope.ANY),
    "record-consent": rule(*DESK, "triage-clinician", "coordinator", "network-lead", scope=Scope.ANY),
    "record-emergency": rule(*DESK, "triage-clinician", "coordinator", "crisis-desk", "network-lead", scope=Scope.ANY),
    "open-in-emergency": rule("program-desk", "mobile-team", "crisis-facility", scope=Scope.ANY),
    "review-access": rule("supervisor", "clinical-supervisor", "network-lead", scope=Scope.ANY),
    "register-partner": rule("platform", scope=Scope.ANY),
}
"""The front door is one desk for the whole network; programs and care teams scope what comes after it."""
