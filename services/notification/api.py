"""What people may post, and who may ask it at all. Whether it is their alert is decided with the alert's state."""

from infra.access import Rule, Scope, rule
from infra.commands import Entry
from services.notification.commands import (
    AcknowledgeAlert,
    EndSilence,
    ListContacts,
    ListShifts,
    ListSubscriptions,
    RecordBounce,
    SetAway,
    SetPreferences,
)

ALERTS, PERSON, ROSTER = "alert/{kind}/{id}", "recipient/staff/{id}", "roster/network"

ROUTES = (
    Entry(AcknowledgeAlert, "/v1/alerts/{kind}/{id}/acknowledge", ALERTS, "acknowledge"),
    Entry(ListContacts, "/v1/people/{id}/contacts", PERSON, "list-contacts"),
    Entry(SetPreferences, "/v1/people/{id}/preferences", PERSON, "set-own"),
    Entry(SetAway, "/v1/people/{id}/away", PERSON, "set-own"),
    Entry(ListSubscriptions, "/v1/subscriptions", ROSTER, "list-roster"),
    Entry(ListShifts, "/v1/shifts", ROSTER, "list-roster"),
    Entry(RecordBounce, "/v1/notices/{id}/bounce", "notice/{id}", "record-bounce"),
    Entry(EndSilence, "/v1/silences/{kind}/{id}/end", "silence/{kind}/{id}", "end-silence"),
)

STAFF = (
    "intake-desk", "triage-clinician", "coordinator", "program-desk", "authorization-desk", "crisis-desk", "mobile-team",
    "crisis-facility", "team-lead", "clinical-supervisor", "supervisor", "data-steward", "network-lead", "platform",
)  # fmt: skip
"""Whoever may be told of something."""
ACCESS: dict[str, Rule] = {
    "acknowledge": rule(*STAFF, scope=Scope.ANY),
    "see-alert": rule(*STAFF, scope=Scope.ANY),
    "set-own": rule(*STAFF, scope=Scope.ANY),
    "list-contacts": rule("platform", scope=Scope.ANY),
    "list-roster": rule("platform", "network-lead", scope=Scope.ANY),
    "record-bounce": rule("platform", "mail-gateway", scope=Scope.ANY),
    "end-silence": rule("intake-desk", "coordinator", "network-lead", "data-steward", scope=Scope.ANY),
    "see-previews": rule(*STAFF, scope=Scope.ANY),
}
"""By role. Scope is any, because the domain refuses whoever the alert or the preference does not concern."""
