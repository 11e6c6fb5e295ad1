"""What people may post, and who may ask it at all."""

from contracts.kernel import Command
from infra.access import Rule, Scope, rule, theirs
from infra.commands import Entry
from services.follow_up import commands

PLAN, CARE, TRANSITION = "plan/{id}", "care/{id}", "transition/{id}"
ACTIONS: dict[type[Command], str] = {commands.ReviewEngagement: "review-engagement", commands.DischargePlan: "discharge-plan"}

ROUTES = (
    *(Entry(one, f"/v1/plans/{{id}}/{one.type}", PLAN, ACTIONS.get(one, "follow-up")) for one in commands.PLANS),
    *(Entry(one, f"/v1/cares/{{id}}/{one.type}", CARE, "follow-up") for one in commands.CARES),
    *(Entry(one, f"/v1/transitions/{{id}}/{one.type}", TRANSITION, "follow-up") for one in commands.TRANSITIONS),
    *(Entry(one, f"/v1/stays/{one.type}", "transition/{new}", "tell-stay") for one in commands.STAYS),
    Entry(commands.ReportFeed, "/v1/feeds/{id}/report-feed", "feed/{id}", "report-feed"),
)

COORDINATION = ("coordinator", "network-lead")
PROGRAM = theirs("program-desk")
ACCESS: dict[str, Rule | tuple[Rule, ...]] = {
    "see-measures": rule("network-lead", "team-lead", "data-steward", "program-desk", scope=Scope.ANY),
    "see-network-measures": rule("network-lead", "data-steward", scope=Scope.ANY),
    "follow-up": (rule(*COORDINATION, scope=Scope.ANY), *PROGRAM),
    "review-engagement": rule("clinical-supervisor", "network-lead", scope=Scope.ANY),
    "discharge-plan": (rule("clinical-supervisor", *COORDINATION, scope=Scope.ANY), *PROGRAM),
    "tell-stay": rule("intake-desk", *COORDINATION, scope=Scope.ANY),
    "report-feed": rule("platform", "network-lead", scope=Scope.ANY),
}
"""By role. A supervisor decides on a plan that outreach did not bring back; a discharge is a person's, and coded. Of stays a program
tells by its own feed, or through a desk that sees the whole network: whose stay it is shows only once it is told."""
