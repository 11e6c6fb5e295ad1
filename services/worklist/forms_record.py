"""Forms about a person by their record, from the page about them: no fact says when they may be given, so they always may."""

from typing import get_args

from contracts.barriers import Barrier, Resolution
from contracts.partners import AgeGroup, Problem, StayKind
from contracts.people import MayAnswer, MayConsent, Message, Telehealth
from contracts.risk_flags import Risk, RiskSource
from services.worklist.fields import Field, Form, at, choice, further, known
from services.worklist.forms_front import SYSTEMS
from services.worklist.forms_payer import COVERAGE

REPORTING = ("intake-desk", "supervisor", "triage-clinician", "coordinator", "program-desk", "crisis-desk", "network-lead")
VERIFYING = ("intake-desk", "supervisor", "coordinator", "network-lead")
SPEAKING = ("intake-desk", "coordinator", "data-steward", "network-lead")
STEWARDS = ("data-steward", "network-lead")
TELLING = ("intake-desk", "coordinator", "network-lead")
"""Who tells of a stay for a facility without software."""
NOT_SO = (
    "phone", "birth_date", "postal_code", "language", "interpreter", "guardian", "may_consent", "safe_contact", "preferences",
)  # fmt: skip
RECORD = known("record", "Of", "record")
KNOWN_STAY = (known("facility", "Facility", "stay-facility"), known("reference", "Its number of the stay", "stay-reference"))
ANY_STAY = (
    Field("facility", "Facility", hint="One word, the same each time: example-hospital."),
    Field("reference", "Its number of the stay", hint="The facility and its number are one stay, whoever tells of it."),
)
ABOUT_STAY = (
    choice("problem", "Because of", *get_args(Problem), required=False),
    choice("group", "Age group", *get_args(AgeGroup), required=False, hint="Left open: adult."),
    Field("at_risk", "There is a risk of suicide or overdose", "flag", required=False),
)
LEAVING = (
    Field("to", "Where to", required=False, hint="One word: home, shelter."),
    Field("against_advice", "Against advice", "flag", required=False),
)
KIND = choice("kind", "Where", *get_args(StayKind))


def _record(command: str, name: str, path: str, roles: tuple[str, ...], hint: str = "", fields: tuple[Field, ...] = ()) -> Form:
    return Form(command, name, "intake", f"/v1/records/{{id}}/{path}", roles, fields, hint, always=True)


def _stay(command: str, name: str, *fields: Field, hint: str = "", always: bool = True) -> Form:
    return Form(command, name, "follow_up", f"/v1/stays/{command}", TELLING, fields, hint, always=always)


ANEW = Field("anew", "Nothing stands of what was known before", "flag", required=False)
AMENDING = ("intake-desk", "supervisor", "coordinator", "data-steward", "network-lead")
REACHING = ("intake-desk", "supervisor", "triage-clinician", "coordinator", "program-desk", "crisis-desk", "network-lead")
YES_NO = ("yes", "no")


def contact_rules(prefix: str) -> tuple[Field, ...]:
    """What is asked of safe contact, wherever it is."""
    return (
        Field(f"{prefix}.number", "Number to use", required=False, hint="It goes before every other number that is known."),
        choice(f"{prefix}.may_answer", "Who may answer", *get_args(MayAnswer), required=False, hint="Left open: only the person."),
        choice(f"{prefix}.message", "Messages", *get_args(Message), required=False, hint="Left open: none."),
        Field(f"{prefix}.hours", "When it is safe", required=False, hint="In words: weekdays after five."),
    )


CORRECTION = (
    Field("details.family_name", "Family name", required=False, hint="Family name, given name and birth date go together."),
    Field("details.given_name", "Given name", required=False),
    Field("details.birth_date", "Born on", "day", required=False),
    Field("details.phone", "Phone", required=False),
    Field("details.postal_code", "Postal code", required=False),
    Field("details.language", "Language", required=False, hint="As a code: en, es, so."),
    choice("details.interpreter", "Needs an interpreter", *YES_NO, required=False),
    choice("details.may_consent", "Who may consent", *get_args(MayConsent), required=False),
    Field("details.guardian.given_name", "Guardian: given name", required=False),
    Field("details.guardian.family_name", "Guardian: family name", required=False),
    Field("details.guardian.phone", "Guardian: phone", required=False),
    Field("details.guardian.language", "Guardian: language", required=False, hint="As a code: en, es, so."),
    *further(
        choice("details.identifiers[].system", "A number of theirs", *SYSTEMS, hint="Whoever sends it, it is the same person."),
        Field("details.identifiers[].value", "The number itself"),
        Field("not_so", "Not so, and nothing better is known", "choices", NOT_SO),
    ),
)  # fmt: skip
WISHES = (
    Field("preferences.place", "Where", required=False),
    Field("preferences.times", "Which times", required=False),
    choice("preferences.telehealth", "Video or telephone", *get_args(Telehealth), required=False),
    Field("preferences.avoid", "Not these programs", "choices", required=False, of="programs", hint="They are not asked any more."),
    ANEW,
)

WORDS = Field("words", "In words", "note", required=False, hint="Kept sealed with the record.")
REVIEWERS = ("supervisor", "clinical-supervisor", "triage-clinician", "coordinator", "network-lead")


def _known_stay(command: str, name: str, *fields: Field) -> Form:
    return _stay(command, name, *KNOWN_STAY, *fields, always=False)


RECORD_FORMS: tuple[Form, ...] = (
    _record(
        "set-contact-rules", "Rules of contact", "set-contact-rules", REACHING,
        "Whoever is about to reach them sees these first.", (*contact_rules("rules"), ANEW),
    ),
    _record("set-preferences", "What they want", "set-preferences", REACHING, "What is left open stands.", WISHES),
    _record("amend-record", "Correct", "amend", AMENDING, "What is left open stands as it was.", CORRECTION),
    _record(
        "note-barrier", "Something is in the way", "note-barrier", REACHING, "A coordinator sees to it, by a clock.",
        (choice("barrier", "What", *get_args(Barrier)), WORDS),
    ),
    _record(
        "flag-risk", "Flag a risk", "flag-risk", REACHING, "Everybody who meets them sees it. It is reviewed every ninety days.",
        (choice("risk", "Risk", *get_args(Risk)), choice("source", "From", *get_args(RiskSource)), WORDS),
    ),
    COVERAGE,
    _stay("record-admission", "Admitted elsewhere", *ANY_STAY, RECORD, KIND, at("at", "When"), *ABOUT_STAY),
    _stay(
        "record-discharge", "Left a stay", *ANY_STAY, RECORD, KIND, at("at", "When"), *LEAVING, *ABOUT_STAY,
        hint="Of a stay that nobody told of. One that is known is ended on its own page.",
    ),
    _record("report-death", "Report a death", "report-death", REPORTING, "Every contact and reminder stops at once."),
    _record("refute-death", "The death was not so", "refute-death", VERIFYING),
    Form(
        "end-silence", "Tell about them again", "notification", "/v1/silences/{kind}/{id}/end", SPEAKING, (),
        "The report of a death was wrong, and nothing else took it back: messages about them are sent again.", always=True,
    ),
    _record(
        "link-records", "It is the same person", "link", STEWARDS,
        "Both records are worked as one person from now on. They are never merged, and can be unlinked.",
        (Field("other", "The other record", of="alike", hint="As its page’s address ends: record/…"),),
    ),
    _record("keep-apart", "They are two people", "keep-apart", STEWARDS, "Nobody is asked of the same records again."),
    _record(
        "unlink-record", "It is somebody else", "unlink", STEWARDS,
        "The record is by itself again: nothing links it to that person any more. Only one that was linked can be.",
    ),
)  # fmt: skip

BARRIER_FORMS = (
    Form(
        "resolve-barrier", "Say what became of it", "intake", "/v1/barriers/{id}/resolve", VERIFYING,
        (choice("how", "What became of it", *get_args(Resolution)),),
    ),
)  # fmt: skip
FLAG_FORMS = (
    Form(
        "review-risk-flag", "Review the flag", "intake", "/v1/risk-flags/{id}/review", REVIEWERS,
        (choice("finding", "The risk", "stands", "over"),), "If it is still there, the flag is reviewed again in ninety days.",
    ),
)  # fmt: skip

STAY_FORMS: tuple[Form, ...] = (
    _known_stay(
        "record-discharge", "They left", RECORD, known("kind", "Where", "stay-kind"), at("at", "When"), *LEAVING,
    ),
    _known_stay(
        "record-transfer", "Moved to another facility", at("at", "When"),
        Field("to", "To", hint="One word: general-hospital. Another stay begins there."),
    ),
    _known_stay("cancel-admission", "The admission never was"),
    _known_stay("cancel-discharge", "They did not leave after all"),
)  # fmt: skip
"""Of a stay that is known, from its own page, by the facility's number."""
