"""What people may post, and who may ask it at all. Whether it is their desk or their episode is decided with its state."""

from infra.access import Rule, Scope, rule
from infra.commands import Entry
from services.crisis_routing import commands as asked

EPISODE = "episode/{id}"
AT_EPISODE = "/v1/episodes/{id}/"

ROUTES = (
    Entry(asked.TriageEpisode, AT_EPISODE + "triage", EPISODE, "route-crisis"),
    Entry(asked.SeekTeam, AT_EPISODE + "seek-team", EPISODE, "route-crisis"),
    Entry(asked.ProposeTeam, AT_EPISODE + "propose-team", EPISODE, "route-crisis"),
    Entry(asked.ConfirmTeam, AT_EPISODE + "confirm-team", EPISODE, "answer-for-team"),
    Entry(asked.DeclineTeam, AT_EPISODE + "decline-team", EPISODE, "answer-for-team"),
    Entry(asked.ReportFieldStatus, AT_EPISODE + "report-field-status", EPISODE, "answer-for-team"),
    Entry(asked.RecordDisposition, AT_EPISODE + "record-disposition", EPISODE, "answer-for-team"),
    Entry(asked.SignOn, "/v1/teams/{id}/sign-on", "team/{id}", "answer-for-team"),
    Entry(asked.SignOff, "/v1/teams/{id}/sign-off", "team/{id}", "answer-for-team"),
    Entry(asked.ResolveByContact, AT_EPISODE + "resolve", EPISODE, "route-crisis"),
    Entry(asked.SeekBed, AT_EPISODE + "seek-bed", EPISODE, "route-crisis"),
    Entry(asked.HoldBed, AT_EPISODE + "hold-bed", EPISODE, "route-crisis"),
    Entry(asked.ReleaseBed, AT_EPISODE + "release-bed", EPISODE, "route-crisis"),
    Entry(asked.AcceptPerson, AT_EPISODE + "accept-person", EPISODE, "answer-for-facility"),
    Entry(asked.DeclinePerson, AT_EPISODE + "decline-person", EPISODE, "answer-for-facility"),
    Entry(asked.ConfirmArrival, AT_EPISODE + "confirm-arrival", EPISODE, "answer-for-facility"),
    Entry(asked.CountBeds, "/v1/facilities/{id}/count-beds", "facility/{id}", "answer-for-facility"),
    Entry(asked.ShareCrisisPlan, AT_EPISODE + "share-crisis-plan", EPISODE, "route-crisis"),
    Entry(asked.NameFollowUp, AT_EPISODE + "name-follow-up", EPISODE, "route-crisis"),
    Entry(asked.AskOutpatient, AT_EPISODE + "ask-outpatient", EPISODE, "route-crisis"),
    Entry(asked.LinkOutpatient, AT_EPISODE + "link-outpatient", EPISODE, "end-crisis"),
    Entry(asked.ReportDeath, AT_EPISODE + "report-death", EPISODE, "route-crisis"),
    Entry(asked.VerifyDeath, AT_EPISODE + "verify-death", EPISODE, "route-crisis"),
    Entry(asked.CloseEpisode, AT_EPISODE + "close", EPISODE, "end-crisis"),
    Entry(asked.TakeEpisode, AT_EPISODE + "take", EPISODE, "route-crisis"),
    Entry(asked.AskHandOver, AT_EPISODE + "ask-hand-over", EPISODE, "own-crisis"),
    Entry(asked.AcceptHandOver, AT_EPISODE + "accept-hand-over", EPISODE, "own-crisis"),
    Entry(asked.DeclineHandOver, AT_EPISODE + "decline-hand-over", EPISODE, "own-crisis"),
    Entry(asked.WithdrawHandOver, AT_EPISODE + "withdraw-hand-over", EPISODE, "own-crisis"),
    Entry(asked.ListRoster, "/v1/roster", "crisis-roster/network", "list-roster"),
)

DESK = ("crisis-desk", "network-lead")
ACCESS: dict[str, Rule] = {
    "see-measures": rule("network-lead", "team-lead", "data-steward", "program-desk", scope=Scope.ANY),
    "see-network-measures": rule("network-lead", "data-steward", scope=Scope.ANY),
    "route-crisis": rule(*DESK, scope=Scope.ANY),
    "answer-for-team": rule(*DESK, "mobile-team", "program-desk", scope=Scope.ANY),
    "answer-for-facility": rule(*DESK, "crisis-facility", "program-desk", scope=Scope.ANY),
    "end-crisis": rule(*DESK, "coordinator", scope=Scope.ANY),
    "own-crisis": rule(*DESK, "coordinator", scope=Scope.ANY),
    "list-roster": rule("platform", scope=Scope.ANY),
}
"""By role. Scope is any, because the domain refuses whoever is neither the desk asked nor on the owner's side."""
