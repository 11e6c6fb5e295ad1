"""Forms about the care team of a person: of their record, from the page about them."""

from typing import get_args

from contracts.care_team import TeamRole
from services.worklist.fields import Field, Form, at, choice, known

COORDINATION = ("intake-desk", "coordinator", "network-lead")
WHO = (
    known("organisation", "Organisation", "organisations"),
    known("member", "Who of them", "colleagues", required=False, hint="Leave it open for whoever of them has to do with the person."),
)
ROLES = get_args(TeamRole)


def _team(command: str, name: str, path: str, *fields: Field, hint: str = "") -> Form:
    asked: tuple[Field, ...] = (*WHO, *fields)
    return Form(command, name, "assignment", f"/v1/care-teams/{{id}}/{path}", COORDINATION, asked, hint, always=True)


TEAM_FORMS = (
    _team(
        "join-care-team", "Add to the care team", "join", choice("role", "What they do", *ROLES), at("since", "Since", required=False),
        hint="They see this person’s care from now on, as far as consent allows.",
    ),
    _team(
        "correct-care-team", "Correct", "correct", choice("role", "What they do", *ROLES, required=False),
        at("since", "Since", required=False, now=False),
    ),
    _team(
        "leave-care-team", "Remove from the care team", "leave",
        choice("reason", "Why", "care-ended", "changed-organisation", "person-asked", "entered-in-error", "other"),
        hint="They see nothing of this person by it from now on.",
    ),
)  # fmt: skip
