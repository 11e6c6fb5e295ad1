"""Who takes part in a person's care, as their own facts say it. Pure."""

from collections.abc import Callable
from typing import Any

from contracts import care_team
from contracts.kernel import Event, derived

PART = "part_"


def patch(e: care_team.CareTeamChange) -> dict[str, Any]:
    """Each who takes part has a field of their own: one who leaves leaves the others."""
    name = PART + derived("part", e.organisation, e.member or "")
    if isinstance(e, care_team.CareTeamJoined | care_team.CareTeamCorrected):
        return {"record": e.record, name: {"organisation": e.organisation, "member": e.member, "role": e.role, "since": e.since}}
    return {"record": e.record, name: None}


PROJECTED: dict[type[Event], Callable[[Any], dict[str, Any]]] = dict.fromkeys(care_team.EVENTS, patch)
