"""How somebody wants to be told, and that they are away: they say it of themselves, to notification."""

from services.worklist.fields import Field, Form, at, choice, known

STAFF = (
    "intake-desk", "triage-clinician", "coordinator", "program-desk", "authorization-desk", "crisis-desk", "mobile-team",
    "crisis-facility", "team-lead", "clinical-supervisor", "supervisor", "data-steward", "network-lead", "platform",
)  # fmt: skip
NOTIFICATION = "notification"


FORMS = (
    Form(
        "set-preferences", "Choose how to be told", NOTIFICATION, "/v1/people/{id}/preferences", STAFF,
        (
            choice("locale", "Language", "en", "es"),
            Field("zone", "Where your clock is", hint="As America/New_York. Left open: where you were listed.", required=False),
            Field("quiet_from", "Quiet from", hint="As 21:00. A crisis passes, and what is urgent if you have the duty.", required=False),
            Field("quiet_until", "Quiet until", hint="As 07:00.", required=False),
            Field("digest_at", "When you are told of what is routine", hint="As 08:00: all of it, once a day."),
            Field("hourly_max", "Most messages within an hour", "number", hint="What is more comes as one. A crisis always passes."),
        ),
    ),
    Form(
        "set-away", "Be away", NOTIFICATION, "/v1/people/{id}/away", STAFF,
        (
            at("until", "Away until", now=False, hint="An instant that has passed says that you are back."),
            known("backup", "Who is told in your place", "colleagues", required=False, hint="Left open: you are told all the same."),
        ),
    ),
)  # fmt: skip
