"""Forms of care that runs: referrals at their program, plans, transitions."""

from collections.abc import Mapping

from services.worklist.fields import Field, Form, at, choice, known

TEAM = ("program-desk", "coordinator", "network-lead")
CHANNELS = ("telephone", "in-person", "video", "text", "e-mail", "letter", "portal")
NOT_REACHED = ("no-answer", "left-message", "wrong-number", "refused", "not-there", "returned", "other")
DEPARTURES = (
    "completed",
    "transferred",
    "needs-other-level",
    "court-commitment-completed",
    "stopped-coming",
    "attendance",
    "client-decision",
    "financial",
    "lack-of-progress",
    "medical",
    "military-deployment",
    "moved",
    "incarcerated",
    "died",
    "agency-closed",
)
VISIT = known("visit", "Visit", "visits")
ATTEMPT = (choice("channel", "How", *CHANNELS), choice("outcome", "What came of it", *NOT_REACHED), at("at", "When"))
"""How somebody was tried for and not reached: of a plan, and after a stay."""
VISIT_KIND = choice("kind", "Kind of visit", "service", "evaluation")
PAST_LIMIT = choice(
    "reason",
    "Why past the limit",
    "client-choice",
    "no-slot",
    "other",
    required=False,
    hint="Only if it lies past the date that the rule sets.",
)


def _care(kind: str, command: str, name: str, *fields: Field, roles: tuple[str, ...] = TEAM, hint: str = "") -> Form:
    return Form(command, name, "follow_up", f"/v1/{kind}s/{{id}}/{command}", roles, fields, hint)


FORMS: Mapping[str, tuple[Form, ...]] = {
    "care": (
        _care("care", "confirm-status", "Care goes on"),
        _care(
            "care",
            "report-outcome",
            "Report the outcome",
            choice(
                "outcome",
                "What came of it",
                "in-service",
                "completed",
                "not-eligible",
                "declined-by-client",
                "referred-on",
                "no-show",
                "other",
            ),
        ),
    ),
    "plan": (
        _care(
            "plan",
            "log-contact",
            "Log contact",
            choice("channel", "How", *CHANNELS),
            at("at", "When"),
            hint="Both sides spoke, wrote or met.",
        ),
        _care(
            "plan",
            "log-attempt",
            "Log an attempt",
            *ATTEMPT,
        ),
        _care(
            "plan",
            "book-visit",
            "Book a visit",
            at("starts_at", "When", now=False),
            VISIT_KIND,
            choice("channel", "How", *CHANNELS),
            PAST_LIMIT,
        ),
        _care(
            "plan",
            "record-attendance",
            "Record attendance",
            known("visit", "Visit", "visits", required=False),
            at("at", "When"),
            VISIT_KIND,
            choice("channel", "How", *CHANNELS),
        ),
        _care("plan", "record-no-show", "Record a no-show", VISIT),
        _care(
            "plan",
            "retract-attendance",
            "Take an attendance back",
            at("at", "When it was recorded for", now=False),
            Field("missed", "The person failed to come (else it was entered in error)", "flag"),
        ),
        _care("plan", "move-visit", "Move a visit", VISIT, at("starts_at", "To", now=False), PAST_LIMIT),
        _care(
            "plan",
            "cancel-visit",
            "Cancel a visit",
            VISIT,
            choice("by", "By the", "client", "program"),
            at("at", "When it was called off"),
            choice("reason", "Why", "client-choice", "illness", "transport", "program", "weather", "other", required=False),
        ),
        _care(
            "plan",
            "suppress-plan",
            "Do not show for now",
            choice(
                "kind",
                "Because",
                "in-hospital",
                "in-residential",
                "in-jail",
                "transferred",
                "planned-discharge",
                "paused",
                "consent-withdrawn",
            ),
            at("since", "Since"),
            at("until", "Until", now=False),
            hint="It is shown again by itself, and listed until then.",
        ),
        _care(
            "plan",
            "lift-suppression",
            "Show again",
            choice(
                "kind",
                "No longer",
                "in-hospital",
                "in-residential",
                "in-jail",
                "transferred",
                "planned-discharge",
                "paused",
                "consent-withdrawn",
            ),
        ),
        _care(
            "plan",
            "review-engagement",
            "Decide how to go on",
            choice("decision", "Decision", "continue-outreach", "accept-until"),
            at("until", "Until", required=False, now=False),
            roles=("clinical-supervisor", "network-lead"),
        ),
        _care(
            "plan",
            "adjust-plan",
            "Review or adjust the plan",
            at("reviewed_at", "Reviewed", required=False, now=False, hint="It ends the clock of the review. Left open: it was not."),
            Field("cadence_days", "Expected every … days", "number", required=False, hint="Left open: as it was."),
            choice("at_risk", "At risk of suicide or overdose", "yes", "no", required=False, hint="Left open: as it was."),
            choice("books_visits", "The program books visits ahead", "yes", "no", required=False),
            choice("minor", "A minor", "yes", "no", required=False),
            at("covered_until", "Treatment lasts until", required=False, now=False, hint="A prescription, an injection."),
            at("tightened_until", "Watched more closely until", required=False, now=False),
        ),
        _care("plan", "report-death", "Report a death", at("at", "When it was reported"), hint="Every contact and reminder stops at once."),
        _care("plan", "refute-death", "The death was not so"),
        _care(
            "plan",
            "discharge-plan",
            "End the plan",
            choice("reason", "Why", *DEPARTURES),
            at("at", "When"),
            roles=("clinical-supervisor", *TEAM),
            hint="A person ends a plan; time alone never does.",
        ),
    ),
    "transition": (
        _care("transition", "record-reached", "Reached", choice("channel", "How", *CHANNELS), at("at", "When")),
        _care(
            "transition",
            "try-to-reach",
            "Not reached",
            *ATTEMPT,
        ),
        _care("transition", "arrange-visit", "Book a visit", at("starts_at", "When", now=False)),
        _care("transition", "plan-leave", "Say when they leave", at("expected_at", "Expected", now=False)),
        _care("transition", "receive-papers", "Papers came", choice("kind", "Which", "records", "prescriptions"), at("at", "When")),
        _care(
            "transition",
            "review-risk",
            "Review the risk",
            Field("at_risk", "There is a risk of suicide or overdose", "flag", required=False),
            at("at", "When"),
        ),
        _care("transition", "end-transition", "End", choice("how", "Because the person", "linked", "declined", "died"), at("at", "When")),
    ),
}
