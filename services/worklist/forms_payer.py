"""Forms of what a payer is asked, and of what it says by portal, phone, fax or letter."""

from collections.abc import Mapping

from services.worklist.fields import Field, Form, at, choice, known

AUTHORIZING = ("program-desk", "authorization-desk", "coordinator", "network-lead", "data-steward")
DOCUMENTS = ("level-of-care-assessment", "treatment-plan", "progress-notes", "medication-list", "discharge-plan", "other")
LINE = known("line", "Line", "lines")


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
        ),
        _authorization(
            "submit-authorization",
            "Put it to the payer",
            choice("channel", "How", "fhir", "portal", "phone", "fax", "letter", required=False),
            Field("diagnosis", "Diagnosis", required=False),
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
            at("due", "Until when", required=False, now=False),
        ),
        _authorization(
            "send-information", "Documents are on their way", LINE, choice("channel", "How", "portal", "phone", "fax", "letter")
        ),
        _authorization("confirm-information", "The payer has the documents", LINE),
        _authorization(
            "enter-extension",
            "The payer takes longer",
            LINE,
            at("until", "Until", now=False),
            Field("notice_on", "Date on the notice", "day"),
        ),
        _authorization("file-appeal", "Appeal", LINE, Field("expedited", "Expedited", "flag", required=False)),
        _authorization(
            "waive-appeal",
            "Do not appeal",
            LINE,
            choice("reason", "Why", "accepted", "other-service", "person-declined", "paid-otherwise", "withdrawn", "other"),
            at("at", "When it was decided", required=False),
        ),
        _authorization("ask-continuation", "Ask to keep the care running", LINE),
        _authorization(
            "end-authorization",
            "Nothing more to authorize",
            choice("reason", "Why", "care-completed", "care-declined", "care-moved", "entered-in-error", "other"),
        ),
    ),
}
