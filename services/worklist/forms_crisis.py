"""Forms of a crisis: team, disposition, bed, hand-over, follow-up."""

from collections.abc import Mapping

from services.worklist.fields import Asked, Field, Form, at, choice, known

CRISIS = ("crisis-desk", "network-lead")
CRISIS_TEAM = (*CRISIS, "mobile-team", "program-desk")
CRISIS_PLACE = (*CRISIS, "crisis-facility", "program-desk")
CRISIS_END = (*CRISIS, "coordinator")
PROGRAM, TEAM_FIELD, FACILITY = (
    known("program", "Program", "asked"),
    known("team", "Team", "teams"),
    known("facility", "Facility", "facilities"),
)


def _episode(
    command: str, name: str, *fields: Field, roles: tuple[str, ...] = CRISIS, path: str = "", hint: str = "", answers: Asked | None = None
) -> Form:  # fmt: skip
    return Form(command, name, "crisis_routing", f"/v1/episodes/{{id}}/{path or command}", roles, fields, hint, answers)


FORMS: Mapping[str, tuple[Form, ...]] = {
    "episode": (
        _episode("take-episode", "Take it", path="take"),
        _episode("confirm-team", "Confirm the team", TEAM_FIELD, roles=CRISIS_TEAM, hint="The team goes; its way is timed from now."),
        _episode(
            "decline-team",
            "The team cannot go",
            TEAM_FIELD,
            choice("reason", "Why", "busy", "off-duty", "too-far", "skill", "unsafe", "vehicle", "not-needed", "other"),
            roles=CRISIS_TEAM,
        ),
        _episode(
            "report-field-status",
            "From the field",
            TEAM_FIELD,
            choice(
                "status",
                "Status",
                "dispatched",
                "en-route",
                "on-scene",
                "unable-to-locate",
                "declined",
                "cancelled",
                "handed-to-911",
                "out-of-area",
                "died",
                "cleared",
            ),
            at("reported_at", "When"),
            roles=CRISIS_TEAM,
        ),
        _episode(
            "triage-episode",
            "Judge it anew",
            choice("response", "What is needed", "team", "contact"),
            choice("danger", "Danger", "imminent", "high", "moderate", "low", required=False),
            path="triage",
        ),
        _episode("resolve-by-contact", "Talking was enough", path="resolve"),
        _episode("seek-team", "Look for a team again"),
        _episode("propose-team", "Hold this team", TEAM_FIELD),
        _episode(
            "record-disposition",
            "Say where the person goes",
            choice("disposition", "Where to", "community", "crisis-receiving", "ed", "inpatient", "detox", "law-enforcement"),
            roles=CRISIS_TEAM,
        ),
        _episode("seek-bed", "Look for a bed again"),
        _episode("hold-bed", "Hold a bed", FACILITY),
        _episode("release-bed", "Let the bed go", FACILITY),
        _episode("accept-person", "The facility takes the person", FACILITY, roles=CRISIS_PLACE, answers="offer"),
        _episode(
            "decline-person",
            "The facility says no",
            FACILITY,
            choice("reason", "Why", "no-bed", "not-eligible", "level-of-care", "medical", "age", "unsafe", "payer", "other"),
            roles=CRISIS_PLACE,
            answers="offer",
        ),
        _episode("confirm-arrival", "The person arrived", FACILITY, at("arrived_at", "When"), roles=CRISIS_PLACE),
        _episode(
            "name-follow-up",
            "Name the follow-up",
            known("owner", "Who", "people"),
            choice("consent", "The person", "agreed", "declined", "not-able"),
        ),
        _episode("link-outpatient", "Linked to care", known("program", "Program", "programs", required=False), roles=CRISIS_END),
        _episode(
            "ask-hand-over", "Hand over the shift", known("to", "To", "people"), roles=CRISIS_END, hint="It stays yours until they accept."
        ),
        _episode("accept-hand-over", "Accept the hand-over", roles=CRISIS_END, answers="hand-over"),
        _episode(
            "decline-hand-over",
            "Decline the hand-over",
            choice("reason", "Why", "no-capacity", "not-ours", "off-duty", "other"),
            roles=CRISIS_END,
            answers="hand-over",
        ),
        _episode("withdraw-hand-over", "Keep it after all", roles=CRISIS_END),
        _episode(
            "report-death", "Report a death", at("reported_at", "When it was reported"), hint="Every contact and reminder stops at once."
        ),
        _episode("verify-death", "Verify the death", Field("verified", "It is true", "flag", required=False)),
        _episode(
            "close-episode",
            "Close",
            choice(
                "reason",
                "Because",
                "linked",
                "reached",
                "follow-up-declined",
                "followed-up-elsewhere",
                "died",
                "duplicate",
                "not-a-crisis",
                "other",
            ),
            roles=CRISIS_END,
            path="close",
        ),
    ),
}
