"""What people may post, and who may ask it at all. Whether it is their desk or their item is decided with the placement's state."""

from infra.access import Rule, Scope, rule
from infra.bulk import Bulk
from infra.commands import Entry
from services.assignment.commands import (
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    CorrectCareTeam,
    DeclineHandOff,
    DeclineOffer,
    JoinCareTeam,
    LeaveCareTeam,
    ListDirectory,
    LogContact,
    OfferAgain,
    ReassignPlacement,
    TakePlacement,
    Waitlist,
    WithdrawHandOff,
)

PLACEMENT, CARE_TEAM = "placement/{id}", "care-team/{id}"

ROUTES = (
    Entry(AcceptOffer, "/v1/placements/{id}/accept-offer", PLACEMENT, "answer-offer"),
    Entry(DeclineOffer, "/v1/placements/{id}/decline-offer", PLACEMENT, "answer-offer"),
    Entry(OfferAgain, "/v1/placements/{id}/offer-again", PLACEMENT, "place"),
    Entry(Waitlist, "/v1/placements/{id}/waitlist", PLACEMENT, "answer-offer"),
    Entry(LogContact, "/v1/placements/{id}/log-contact", PLACEMENT, "own"),
    Entry(TakePlacement, "/v1/placements/{id}/take", PLACEMENT, "own"),
    Entry(AskHandOff, "/v1/placements/{id}/ask-hand-off", PLACEMENT, "own"),
    Entry(AcceptHandOff, "/v1/placements/{id}/accept-hand-off", PLACEMENT, "own"),
    Entry(DeclineHandOff, "/v1/placements/{id}/decline-hand-off", PLACEMENT, "own"),
    Entry(WithdrawHandOff, "/v1/placements/{id}/withdraw-hand-off", PLACEMENT, "own"),
    Entry(JoinCareTeam, "/v1/care-teams/{id}/join", CARE_TEAM, "care-team"),
    Entry(CorrectCareTeam, "/v1/care-teams/{id}/correct", CARE_TEAM, "care-team"),
    Entry(LeaveCareTeam, "/v1/care-teams/{id}/leave", CARE_TEAM, "care-team"),
    Entry(ListDirectory, "/v1/directory", "directory/network", "list-directory"),
)
BULK = (
    Bulk(AskHandOff, "/v1/hand-offs", PLACEMENT, "placements", "own"),
    Bulk(ReassignPlacement, "/v1/reassignments", PLACEMENT, "placements", "reassign"),
)

COORDINATION = ("intake-desk", "coordinator", "network-lead")
ACCESS: dict[str, Rule] = {
    "answer-offer": rule("program-desk", *COORDINATION, scope=Scope.ANY),
    "place": rule(*COORDINATION, scope=Scope.ANY),
    "own": rule("program-desk", *COORDINATION, scope=Scope.ANY),
    "reassign": rule("team-lead", "supervisor", "clinical-supervisor", "network-lead", scope=Scope.ANY),
    "care-team": rule(*COORDINATION, scope=Scope.ANY),
    "list-directory": rule("platform", scope=Scope.ANY),
}
"""By role. Scope is any, because the domain refuses whoever is neither the desk asked nor on the owner's side."""
