"""What assignment's facts tell of their items: programs and who is on duty, offers and their answers, who owns a placement. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contracts import assignment as placing
from contracts import caseloads, directory
from contracts.kernel import Event
from services.worklist import standing
from services.worklist.patches import Patch, known, owns, stored
from services.worklist.words import plain

PROGRAM = {"id", "name", "desk", "services", "places", "age_groups", "levels", "payers", "languages", "areas"}


def _directory(e: directory.DirectoryListed) -> Patch:
    names = [[program.id, program.name] for program in e.programs] + _desks(e.programs) + [[id, name] for id, name in e.people.items()]
    programs = [one.model_dump(mode="json", include=PROGRAM) for one in e.programs]
    staff, most = [[role, list(people)] for role, people in e.staff.items()], [[who, limit] for who, limit in e.caseloads.items()]
    return {"names": names, "programs": programs, "staff": staff, "caseloads": most}


def _desks(programs: Sequence[directory.Program]) -> list[list[str]]:
    """A desk is called as its program is; one that answers for several has a name of its own."""
    many = Counter(program.desk for program in programs)
    return [[one.desk, one.name if many[one.desk] == 1 else f"{plain(one.desk.partition('/')[2])} desk"] for one in programs]


def _contacted(e: placing.PlacementContactLogged) -> Patch:
    """Tried is not reached: until somebody reaches the client the referral is one whose client we try to reach."""
    return {"last_contact": stored(e.contacted_at)} if e.outcome == "reached" else {"status": "contacting"}


def _offered(e: placing.PlacementOffered) -> Patch:
    """Which programs were asked: they see it until their yes counts no more, and whoever enters an answer can say whose it is."""
    asked = standing.asks(e.released, False) | standing.asks((offer.program for offer in e.offers), True)
    return {"status": "offered", **asked, **known(e, "service", "urgency")}


def _released(status: str, *names: str) -> Callable[[Any], Patch]:
    """Whoever was asked and is not needed any more."""
    return lambda e: {"status": status, **standing.asks(e.released, False), **known(e, *names)}


def _accepted(e: placing.PlacementAccepted) -> Patch:
    """Ownership moves with the yes, to the program's role; a person of it comes with a fact of its own."""
    return {
        "status": "accepted",
        "program": e.program,
        **standing.asks((*e.released, e.program), False),
        **owns(e.owner or e.desk or e.by),
        "handed_to": None,
    }


PROJECTED: Mapping[type[Event], Callable[[Any], Patch]] = {
    directory.DirectoryListed: _directory,
    **dict.fromkeys((caseloads.CaseloadTaken, caseloads.CaseloadFreed), lambda e: {"count": e.count}),
    placing.PlacementOpened: lambda e: {"status": "opened", **known(e, "service", "urgency", "requested_at"), **owns(e.owner)},
    placing.OwnerAssigned: lambda e: owns(e.owner, e.role),
    placing.PlacementOffered: _offered,
    placing.PlacementAccepted: _accepted,
    placing.PlacementDeclined: lambda e: {"status": "declined", **standing.asks((e.program,), False)},
    placing.OfferUnanswered: lambda e: {"status": "unanswered"},
    placing.NoProgramAvailable: _released("no-program", "service", "urgency"),
    placing.PlacementWithheld: _released("withheld", "service", "urgency"),
    placing.PlacementWaitlisted: lambda e: {"status": "waitlisted", **standing.asks((e.program,), True)},
    placing.PlacementContactLogged: _contacted,
    placing.HandOffAsked: lambda e: {"handed_to": e.to},
    placing.HandedOff: lambda e: {**owns(e.owner, e.role), "handed_to": None},
    **dict.fromkeys((placing.HandOffDeclined, placing.HandOffWithdrawn), lambda e: {"handed_to": None}),
    placing.PlacementHalted: _released("halted"),
    placing.PlacementResumed: lambda e: {"status": "opened"},
    placing.PlacementReopened: lambda e: {"status": "opened", **known(e, "interval", "requested_at"), **owns(e.owner)},
    placing.PlacementCountedEarlier: lambda e: known(e, "requested_at"),
    placing.PlacementEnded: _released("ended"),
}
