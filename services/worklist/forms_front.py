"""Forms of the front door and of the search for a place."""

from collections.abc import Mapping
from typing import get_args

from contracts.directory import AgeGroup
from contracts.endings import ClosingReason, WithdrawalReason
from contracts.views import Finding, Side
from services.worklist.fields import Asked, Field, Form, at, choice, further, known

DESK = ("intake-desk", "supervisor")
TRIAGE = (*DESK, "triage-clinician")
COORDINATION = ("intake-desk", "coordinator", "network-lead")
CONSENTING = (*TRIAGE, "coordinator", "network-lead")
PLACEMENT = ("program-desk", *COORDINATION)
ITEMS = (
    "birth-date",
    "contact-details",
    "consent",
    "coverage",
    "guardian",
    "identifiers",
    "language",
    "medication-list",
    "reason",
    "risk-assessment",
    "service",
    "other",
)
CLOSINGS, WITHDRAWALS = get_args(ClosingReason), get_args(WithdrawalReason)
PROGRAM, TEAM_FIELD, FACILITY = (
    known("program", "Program", "asked"),
    known("team", "Team", "teams"),
    known("facility", "Facility", "facilities"),
)
CRITERIA = (
    choice("criteria.age_group", "Age group", *get_args(AgeGroup), required=False, hint="Of programs that take certain ages only."),
    known("criteria.level", "Level of care", "levels", required=False),
    known("criteria.payer", "Payer", "payers", required=False),
    known("criteria.speaks", "Language", "languages", required=False, hint="Programs that speak it are asked first."),
    known("criteria.area", "Area", "areas", required=False, hint="Programs that serve it are asked first."),
)
REVIEWERS = ("supervisor", "clinical-supervisor", "network-lead")
OPENERS = ("program-desk", "mobile-team", "crisis-facility")
OPEN_ACCESS = Form(
    "open-in-emergency",
    "Open in an emergency",
    "intake",
    "/v1/records/{id}/open-in-emergency",
    OPENERS,
    (
        choice("ground", "Why", "medical-emergency", "danger-to-life", "nobody-in-charge-reachable", "abuse-or-neglect"),
        Field("words", "What happened", "note", hint="So that whoever reviews it understands. It is kept sealed with the record."),
    ),
    hint="You see this person for an hour, and can do nothing for them by it. A supervisor is told now and reviews it. Only a medical "
    "emergency opens what 42 CFR Part 2 protects.",
)
URGENCY = choice("urgency", "Urgency", "emergency", "urgent", "routine")


def _request(command: str, name: str, roles: tuple[str, ...], *fields: Field, path: str = "", hint: str = "") -> Form:
    return Form(command, name, "intake", f"/v1/requests/{{id}}/{path or command}", roles, fields, hint)


def _consent(command: str, name: str, path: str, *fields: Field, roles: tuple[str, ...] = CONSENTING, hint: str = "") -> Form:
    return Form(command, name, "intake", f"/v1/consents/{{id}}/{path}", roles, fields, hint)


def _placement(
    command: str, name: str, *fields: Field, roles: tuple[str, ...] = PLACEMENT, path: str = "", hint: str = "",
    answers: Asked | None = None,
) -> Form:  # fmt: skip
    return Form(command, name, "assignment", f"/v1/placements/{{id}}/{path or command}", roles, fields, hint, answers)


FORMS: Mapping[str, tuple[Form, ...]] = {
    "request": (
        _request("acknowledge-request", "Acknowledge", DESK, path="acknowledge", hint="You answer for it from now on."),
        _request("triage-request", "Triage", TRIAGE, URGENCY, known("service", "Service", "services"), *CRITERIA, path="triage"),
        _request(
            "ask-information",
            "Ask for what is missing",
            TRIAGE,
            Field("items", "What is missing", "choices", ITEMS),
            choice("of", "Ask the", "sender", "client"),
            hint="The person’s own clocks run on while we wait.",
        ),
        _request("supply-information", "Enter what came", TRIAGE, Field("items", "What came", "choices", ITEMS)),
        _request(
            "go-on-without", "Go on without it", TRIAGE, choice("reason", "Why", "not-needed", "nobody-answers", "cannot-wait", "other")
        ),
        _request(
            "withdraw-request",
            "Withdraw",
            (*DESK, "coordinator"),
            choice("reason", "Why", *WITHDRAWALS),
            path="withdraw",
            hint="Its sender takes it back. This is final.",
        ),
        _request(
            "close-request",
            "Close",
            (*DESK, "coordinator", "network-lead"),
            choice("how", "How it ends", "verified", "asserted", "unmet", "redirected", "cancelled", "entered-in-error", "died"),
            choice("reason", "Why", *CLOSINGS),
            known("to", "Who confirmed that they have it", "partners", required=False, hint="Only where it was sent on to somebody."),
            path="close",
            hint="Verified: a visit is recorded. Asserted: somebody says so.",
        ),
        _request(
            "reopen-request",
            "Open again",
            (*DESK, "coordinator", "network-lead"),
            choice(
                "reason", "Why", "asked-again", "closed-in-error", "service-did-not-last", "redirection-failed", "not-the-same", "other"
            ),
            at("asked_at", "Asked for at", required=False, hint="Its clocks count from here."),
            path="reopen",
            hint="You answer for it from now on.",
        ),
        _request(
            "report-death",
            "Report a death",
            (*TRIAGE, "coordinator", "program-desk", "crisis-desk", "network-lead"),
            hint="Every contact and reminder stops at once, and somebody verifies it.",
        ),
        _request("refute-death", "The death was not so", (*DESK, "coordinator", "network-lead")),
    ),
    "consent": (
        _consent(
            "record-consent",
            "Record a consent",
            "record",
            Field("consent", "Number under which it is kept"),
            Field("recipients", "Who may be told", "choices", ("program", "payer", "sender"), required=False),
            at("signed_at", "Signed", required=False),
            at("expires_at", "Runs out", required=False, now=False),
            choice("scope", "It counts for", "person", "referral", required=False, hint="Everything about the person, unless you say so."),
            hint="What was not told for want of it is told now.",
        ),
        _consent(
            "log-consent-attempt",
            "Log that the person was asked",
            "log-attempt",
            choice("outcome", "What came of it", "asked", "declined", "not-reached", "not-able"),
            at("attempted_at", "When", required=False),
        ),
        _consent(
            "record-emergency",
            "Record a medical emergency",
            "record-emergency",
            choice("reason", "Why", "immediate-danger", "cannot-consent", "disaster", "other"),
            roles=(*CONSENTING, "crisis-desk"),
            hint="Programs may be told what they need for three days, and you answer for it.",
        ),
        _consent(
            "waive-consent",
            "Let it rest",
            "waive",
            choice("reason", "Why", "declined", "told-another-way", "not-needed", "other"),
            hint="Nobody asks the person any more, and what was withheld is not told.",
        ),
        _consent(
            "revoke-consent", "Take a consent back", "revoke", hint="Nothing more is told under it from now on, on any referral of theirs."
        ),
    ),
    "access": (
        Form(
            "review-access",
            "Review the emergency access",
            "intake",
            "/v1/access/{id}/review",
            REVIEWERS,
            (choice("finding", "It was", "justified", "not-justified", "unclear"),),
            hint="Of all that was opened of this person until now. Somebody else reviews what you opened yourself.",
        ),
    ),
    "view": (
        Form(
            "settle-views",
            "Say whose word stands",
            "intake",
            "/v1/views/{id}/settle",
            (*DESK, "coordinator", "network-lead"),
            (choice("stands", "It is as it is said by", *get_args(Side)), choice("finding", "Why they differed", *get_args(Finding))),
            hint="It changes nobody’s word. Where ours stands its sender is told again; what follows of another’s, do at the referral.",
        ),
    ),
    "placement": (
        _placement("take-placement", "Take it", path="take", hint="You answer for it from now on, instead of your role."),
        _placement("accept-offer", "Accept", PROGRAM, hint="The program takes the person: its desk answers from now on.", answers="offer"),
        _placement(
            "decline-offer",
            "Decline",
            PROGRAM,
            choice(
                "reason",
                "Why",
                "no-capacity",
                "not-eligible",
                "level-of-care",
                "age",
                "language",
                "access",
                "area",
                "payer",
                "unsafe",
                "other",
            ),
            answers="offer",
        ),
        _placement(
            "log-contact",
            "Log contact",
            choice("channel", "How", "telephone", "in-person", "video", "text", "e-mail", "letter"),
            choice("outcome", "What came of it", "reached", "no-answer", "left-message", "wrong-number", "not-wanted", "unsafe-to-contact"),
            choice("spoke_with", "With the", "client", "guardian", required=False),
            at("contacted_at", "When"),
            at("next_attempt_at", "Next attempt", required=False, now=False),
        ),
        _placement(
            "waitlist",
            "Put on the waiting list",
            PROGRAM,
            Field("position", "Position", "number", required=False),
            Field("expected_on", "Expected on", "day", required=False),
            known("interim", "What they have meanwhile", "services", required=False),
            answers="offer",
        ),
        _placement("offer-again", "Ask everybody again", roles=COORDINATION),
        _placement(
            "ask-hand-off",
            "Hand over",
            known("to", "To", "people"),
            choice("reason", "Why", "leave", "shift-end", "workload", "skills", "other", required=False),
            hint="It stays with its owner until they accept.",
        ),
        _placement("accept-hand-off", "Accept the hand-over", answers="hand-over"),
        _placement(
            "decline-hand-off",
            "Decline the hand-over",
            choice("reason", "Why", "no-capacity", "not-ours", "on-leave", "other"),
            answers="hand-over",
        ),
        _placement("withdraw-hand-off", "Keep it after all"),
    ),
}


LABEL = choice("sensitivity", "Label", "part2", required=False, hint="Of a program for substance use: 42 CFR Part 2 protects it.")
SYSTEMS = (
    "http://hl7.org/fhir/sid/us-medicaid",
    "http://hl7.org/fhir/sid/us-mbi",
    "http://hl7.org/fhir/sid/us-ssn",
    "urn:network:person",
)
"""Numbers that mean the same person whoever says them."""

NEW_REFERRAL = Form(
    "enter-referral",
    "New referral",
    "intake",
    "/v1/referrals",
    ("intake-desk", "supervisor", "coordinator"),
    (
        Field("person.family_name", "Family name", required=False),
        Field("person.given_name", "Given name", required=False),
        Field("person.birth_date", "Born on", "day", required=False),
        Field("person.phone", "Phone", required=False),
        Field("person.guardian.given_name", "Guardian: given name", required=False, hint="Who answers for a minor: with them one speaks."),
        Field("person.guardian.family_name", "Guardian: family name", required=False),
        Field("person.guardian.phone", "Guardian: phone", required=False),
        Field("person.guardian.language", "Guardian: language", required=False, hint="As a code: en, es, so."),
        known("service", "Service", "services"),
        choice(
            "urgency",
            "Urgency",
            "emergency",
            "urgent",
            "routine",
            required=False,
            hint="Nobody having judged it is never routine: leave it open then.",
        ),
        choice("channel", "How it came", "phone", "walk-in", "fax", "e-mail"),
        known("partner", "On behalf of", "partners"),
        at("requested_at", "Asked for at", hint="The clocks count from here, not from when you type it."),
        Field("reason", "Reason, in their words", required=False),
        Field("reference", "Number", hint="Of whoever sends them, where they have one: the same number again is the same referral."),
        *further(
            LABEL,
            Field("consent", "Number of the consent"),
            at("consent_until", "The consent ends", now=False),
            Field("person.language", "Language", hint="As a code: en, es, so."),
            Field("person.postal_code", "Postal code"),
            choice("person.identifiers[].system", "A number of theirs", *SYSTEMS, hint="Whoever sends it, it is the same person."),
            Field("person.identifiers[].value", "The number itself"),
            Field("sender", "Who there sends them", hint="A department, a ward: not a person."),
        ),
    ),
    "For people who call, come by, or are sent by somebody without software.",
)
"""Not about an item that is known: the front door makes one."""
