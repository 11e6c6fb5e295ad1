"""Forms of what a payer is asked, and of what it says by portal, phone, fax or letter."""

from collections.abc import Mapping

from services.worklist.fields import Field, Form, at, choice, known

AUTHORIZING = ("program-desk", "authorization-desk", "coordinator", "network-lead", "data-steward")
DOCUMENTS = ("level-of-care-assessment", "treatment-plan", "progress-notes", "medication-list", "discharge-plan", "other")
LINE = known("line", "Line", "lines")
CANCELLED = ("not-needed", "other-service", "person-declined", "paid-otherwise", "entered-in-error", "other")
ISSUES = ("code-and-display-disagree", "denial-without-reason", "extension-too-long")
WHEN = at("at", "When", required=False, now=False, hint="Left open: now.")
COVERING = ("intake-desk", "authorization-desk", "coordinator", "network-lead")
"""Who may say who covers a person; a program says it on its own authorization."""
PLAN, MEMBER = Field("plan", "Plan", required=False), Field("member", "Member number", required=False)


def _asked(required: bool, hint: str) -> tuple[Field, ...]:
    """One line as we ask for it. Another is added by itself."""
    return (
        Field("lines[].line", "Line: its number", "number", hint=hint, required=required),
        known("lines[].service", "Line: service", "services", required=required),
        Field("lines[].units", "Line: units", "number", required=required),
        Field("lines[].unit", "Line: what a unit is", required=False, hint="Left open: a visit."),
        Field("lines[].starts_on", "Line: first day", "day", required=False),
        Field("lines[].ends_on", "Line: last day", "day", required=False),
    )


COVERAGE = Form(
    "record-coverage", "Say who covers them", "authorization", "/v1/coverages/{id}/record-coverage", COVERING,
    (
        known("payer", "Payer", "payers"), PLAN, MEMBER,
        Field("effective_on", "From", "day", required=False), Field("ends_on", "Until", "day", required=False),
    ),
    hint="It takes the place of what was known. An authorization that is opened from now on is determined by it.", always=True,
)  # fmt: skip
"""Of a person's record, from the page about them."""


def _authorization(command: str, name: str, *fields: Field, hint: str = "") -> Form:
    return Form(command, name, "authorization", f"/v1/authorizations/{{id}}/{command}", AUTHORIZING, fields, hint)


FORMS: Mapping[str, tuple[Form, ...]] = {
    "authorization": (
        _authorization(
            "determine",
            "Say what is needed",
            choice(
                "needed", "What is needed", "authorization", "nothing", required=False, hint="Left open, the payer’s table is looked up."
            ),
            known("payer", "Payer", "payers", required=False, hint="Left open, who is known to cover the person."),
            PLAN,
            MEMBER,
            *_asked(False, "Only if you say that authorization is needed: the first line to ask for, as 1. Others are added after it."),
        ),
        _authorization(
            "submit-authorization",
            "Put it to the payer",
            choice("channel", "How", "fhir", "portal", "phone", "fax", "letter", required=False),
            choice("expedited", "Expedited", "yes", "no", required=False, hint="Left open, the urgency of the referral decides."),
            Field("diagnosis", "Diagnosis", required=False),
            at("at", "When it went", required=False, now=False, hint="Left open: now."),
            at("received_at", "The payer has it since", required=False, now=False, hint="A portal’s stamp, a fax confirmation."),
        ),
        _authorization("inquire-decision", "Ask the payer where it is", Field("reference", "Our number for it")),
        _authorization("confirm-receipt", "The payer has it", Field("reference", "Our number for it"), at("received_at", "Since")),
        _authorization(
            "enter-decision",
            "Enter a decision",
            LINE,
            choice(
                "answer.action",
                "Review action",
                "A1",
                "A2",
                "A3",
                "A4",
                "A5",
                "A6",
                "CT",
                "NA",
                "C",
                hint="The X12 code decides: A1 approved, A2 in part, A3 denied, A4 pended, A6 modified.",
            ),
            Field("answer.notice_on", "Date on the notice", "day", required=False, hint="From it the time to appeal is counted."),
            at("answer.answered_at", "The payer decided", required=False, now=False, hint="Where it says the hour, as a portal does."),
            Field("answer.number", "The payer’s number for it", required=False),
            Field("answer.units", "Units", "number", required=False, hint="Left open: with A1 as many as asked, with A2 and A6 fewer."),
            Field("answer.starts_on", "First covered day", "day", required=False),
            Field("answer.ends_on", "Last covered day", "day", required=False),
            Field("answer.next_review_on", "Next review", "day", required=False, hint="When the payer looks again, while care goes on."),
            Field(
                "answer.reasons", "Reason codes", "codes", required=False, hint="With spaces between. A denial without one is asked about."
            ),
            Field("answer.asks", "Documents it wants first", "choices", DOCUMENTS, required=False),
            at("answer.asked_by", "It wants them until", required=False, now=False),
            choice("channel", "How it came", "portal", "phone", "fax", "letter"),
            at("received_at", "When it reached us", required=False),
        ),
        _authorization(
            "enter-information-request",
            "The payer wants documents",
            LINE,
            Field("asks", "Which", "choices", DOCUMENTS),
            at("at", "When it said so", required=False, now=False),
            at("due", "Until when", required=False, now=False),
        ),
        _authorization(
            "send-information", "Documents are on their way", LINE, choice("channel", "How", "portal", "phone", "fax", "letter"), WHEN
        ),
        _authorization("confirm-information", "The payer has the documents", LINE, at("at", "Since", required=False, now=False)),
        _authorization(
            "enter-extension",
            "The payer takes longer",
            LINE,
            at("until", "Until", now=False),
            Field("notice_on", "Date on the notice", "day"),
        ),
        _authorization("file-appeal", "Appeal", LINE, Field("expedited", "Expedited", "flag", required=False), WHEN),
        _authorization(
            "waive-appeal",
            "Do not appeal",
            LINE,
            choice("reason", "Why", "accepted", "other-service", "person-declined", "paid-otherwise", "withdrawn", "other"),
            at("at", "When it was decided", required=False),
        ),
        _authorization("ask-continuation", "Ask to keep the care running", LINE, WHEN),
        _authorization(
            "add-lines",
            "Ask for more",
            *_asked(True, "A number that none of its lines has."),
            known("lines[].renews", "It carries on line", "lines", required=False),
            hint="The next authorization of care that goes on, or another service. One line at a time.",
        ),
        _authorization(
            "settle-data-issue",
            "Settle what did not fit",
            LINE,
            choice("issue", "What did not fit", *ISSUES),
            Field("reasons", "Reason codes", "codes", required=False, hint="The payer’s, where it had denied without one."),
        ),
        _authorization("cancel-line", "Do not ask for a line any more", LINE, choice("reason", "Why", *CANCELLED)),
        _authorization(
            "end-authorization",
            "Nothing more to authorize",
            choice("reason", "Why", "care-completed", "care-declined", "care-moved", "entered-in-error", "other"),
        ),
    ),
}
