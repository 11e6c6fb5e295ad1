"""Forms of a crisis: team, disposition, bed, hand-over, follow-up."""

from collections.abc import Mapping
from typing import get_args

from contracts.crisis_beds import BedKind
from contracts.partners import Danger, Relation, Source
from services.worklist.fields import Asked, Field, Form, at, choice, further, known
from services.worklist.forms_front import LABEL

CRISIS = ("crisis-desk", "network-lead")
CRISIS_TEAM = (*CRISIS, "mobile-team", "program-desk")
CRISIS_PLACE = (*CRISIS, "crisis-facility", "program-desk")
CRISIS_END = (*CRISIS, "coordinator")
CALL_TAKERS = ("intake-desk", "supervisor", "coordinator", "crisis-desk", "mobile-team", "crisis-facility", "program-desk")
AREA = known("area", "Area", "response-areas", required=False)
NEEDS = Field("needs", "What a team must be able to do", "choices", required=False, of="skills")
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
            AREA,
            Field("needs", "What a team must be able to do", "choices", required=False, of="skills", hint="None chosen: as it was."),
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
        _episode(
            "share-crisis-plan",
            "Show the crisis plan",
            known("to", "To", "responders"),
            choice("under", "By", "consent", "emergency"),
            Field("consent", "Number of the consent", required=False, hint="Where it is by consent."),
            hint="That it was shown, to whom and why, is on record.",
        ),
        _episode("link-outpatient", "Linked to care", known("program", "Program", "programs", required=False), roles=CRISIS_END),
        _episode(
            "ask-outpatient",
            "Name the referral made for it",
            known("request", "Referral", "referrals"),
            hint="Once a program accepts that referral, the person is linked to care.",
        ),
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


NEW_CONTACT = Form(
    "enter-contact",
    "New crisis contact",
    "intake",
    "/v1/crisis-contacts",
    CALL_TAKERS,
    (
        at("contacted_at", "When they called", hint="The clocks count from here, not from when you type it."),
        choice("source", "Who tells us", *get_args(Source)),
        choice("danger", "Danger", *get_args(Danger), required=False, hint="Nobody having judged it is never low: leave it open then."),
        AREA,
        Field("call_back", "Call back at", required=False),
        Field("location", "Where the person is", "note", required=False),
        Field("person.family_name", "Family name", required=False, hint="Nobody may know yet who it is: leave it open then."),
        Field("person.given_name", "Given name", required=False),
        Field("person.birth_date", "Born on", "day", required=False),
        known("partner", "On behalf of", "partners"),
        Field("reference", "Number", hint="The same number again tells more of the same contact."),
        *further(
            choice("relation", "Who calls is", *get_args(Relation)),
            Field("caller_name", "Name of who calls"),
            NEEDS,
            Field("note", "What was said", "note"),
            Field("person.phone", "The person’s phone"),
            Field("person.language", "The person’s language", hint="As a code: en, es, so."),
            choice("channel", "How it came", "phone", "text", "chat", "walk-in", "radio"),
            LABEL,
            Field("consent", "Number of the consent"),
        ),
    ),
    "Somebody is in crisis: said by telephone, in the field, at a door. It opens an episode, or tells more of an open one.",
)
"""Not about an item that is known: the crisis desk opens an episode by it."""

STANDING_BY: Mapping[str, tuple[Form, ...]] = {
    "team": (
        Form("sign-on", "Sign on", "crisis_routing", "/v1/teams/{id}/sign-on", CRISIS_TEAM, hint="The team is there, and may be asked."),
        Form("sign-off", "Sign off", "crisis_routing", "/v1/teams/{id}/sign-off", CRISIS_TEAM, hint="The team leaves, and is not asked."),
    ),
    "facility": (
        Form(
            "count-beds",
            "Count beds",
            "crisis_routing",
            "/v1/facilities/{id}/count-beds",
            CRISIS_PLACE,
            (
                choice("beds", "Beds for", *get_args(BedKind)),
                Field("free", "How many stand empty", "number", hint="Those that are held for us among them."),
                at("counted_at", "Counted at"),
            ),
        ),
    ),
}
"""Of what the roster lists, by kind; from the page of the crises, whether or not anything was ever heard of it."""
