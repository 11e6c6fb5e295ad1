"""What people may post, and who may ask it at all. Whether it is their desk or their item is decided with the placement's state."""

from infra.access import Rule, Scope, rule
from infra.commands import Entry
from services.assignment.commands import (
    AcceptHandOff,
    AcceptOffer,
    AskHandOff,
    DeclineHandOff,
    DeclineOffer,
    ListDirectory,
    OfferAgain,
    TakePlacement,
    WithdrawHandOff,
)

PLACEMENT = "placement/{id}"

ROUTES = (
    Entry(AcceptOffer, "/placements/{id}/accept-offer", PLACEMENT, "answer-offer"),
    Entry(DeclineOffer, "/placements/{id}/decline-offer", PLACEMENT, "answer-offer"),
    Entry(OfferAgain, "/placements/{id}/offer-again", PLACEMENT, "place"),
    Entry(TakePlacement, "/placements/{id}/take", PLACEMENT, "own"),
    Entry(AskHandOff, "/placements/{id}/ask-hand-off", PLACEMENT, "own"),
    Entry(AcceptHandOff, "/placements/{id}/accept-hand-off", PLACEMENT, "own"),
    Entry(DeclineHandOff, "/placements/{id}/decline-hand-off", PLACEMENT, "own"),
    Entry(WithdrawHandOff, "/placements/{id}/withdraw-hand-off", PLACEMENT, "own"),
    Entry(ListDirectory, "/directory", "directory/network", "list-directory"),
)

COORDINATION = ("intake-desk", "coordinator", "network-lead")
ACCESS: dict[str, Rule] = {
    "answer-offer": rule("program-desk", *COORDINATION, scope=Scope.ANY),
    "place": rule(*COORDINATION, scope=Scope.ANY),
    "own": rule("program-desk", *COORDINATION, scope=Scope.ANY),
    "list-directory": rule("platform", scope=Scope.ANY),
}
"""By role. Scope is any, because the domain refuses whoever is neither the desk asked nor on the owner's side."""
