"""The care team of a person across organisations: who takes part in their care, for whom, in what role, since when.

It is of a partner's record of the person; records that are linked have one team between them. Who is on it sees the person's care as far
as consent allows, whatever organisation they are of.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.kernel import Change, Code

LEAD = "lead-coordinator"
"""Whoever coordinates the whole of it, across organisations: one person at a time."""
TeamRole = Literal[
    "lead-coordinator",
    "care-manager", "case-manager", "therapist", "prescriber", "primary-care", "nurse", "peer-support", "crisis-team", "school",
    "housing", "probation", "other",
]  # fmt: skip
"""What somebody does for the person, in a word."""


class CareTeamChange(Change):
    """`member` is one of the `organisation`'s people; without one it is the organisation, whoever of it has to do with the person."""

    record: str
    organisation: Code
    member: Code | None = None
    by: str


class CareTeamJoined(CareTeamChange):
    """Somebody takes part in the person's care from `since` on."""

    type: ClassVar = "care-team.joined.v1"
    role: Code
    since: AwareDatetime


class CareTeamCorrected(CareTeamChange):
    """What was said of somebody on the team was wrong: this is so, and was so from `since` on."""

    type: ClassVar = "care-team.corrected.v1"
    role: Code
    since: AwareDatetime


class CareTeamLeft(CareTeamChange):
    """Somebody takes no part any more, or never did (`entered-in-error`): they see nothing of the person by it from now on."""

    type: ClassVar = "care-team.left.v1"
    left_at: AwareDatetime
    reason: Code


EVENTS = (CareTeamJoined, CareTeamCorrected, CareTeamLeft)
