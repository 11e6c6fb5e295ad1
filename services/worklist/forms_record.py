"""Forms about a person by their record, from the page about them: no fact says when they may be given, so they always may."""

from typing import get_args

from contracts.partners import AgeGroup, Problem, StayKind
from services.worklist.fields import Field, Form, at, choice, known
from services.worklist.forms_payer import COVERAGE

REPORTING = ("intake-desk", "supervisor", "triage-clinician", "coordinator", "program-desk", "crisis-desk", "network-lead")
VERIFYING = ("intake-desk", "supervisor", "coordinator", "network-lead")
SPEAKING = ("intake-desk", "coordinator", "data-steward", "network-lead")
STEWARDS = ("data-steward", "network-lead")
TELLING = ("intake-desk", "coordinator", "network-lead")
"""Who tells of a stay for a facility without software."""
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


def _record(command: str, name: str, path: str, roles: tuple[str, ...], hint: str = "") -> Form:
    return Form(command, name, "intake", f"/v1/records/{{id}}/{path}", roles, (), hint, always=True)


def _stay(command: str, name: str, *fields: Field, hint: str = "", always: bool = True) -> Form:
    return Form(command, name, "follow_up", f"/v1/stays/{command}", TELLING, fields, hint, always=always)


RECORD_FORMS: tuple[Form, ...] = (
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
        "unlink-record", "It is somebody else", "unlink", STEWARDS,
        "The record is by itself again: nothing links it to that person any more. Only one that was linked can be.",
    ),
)  # fmt: skip

STAY_FORMS: tuple[Form, ...] = (
    _stay(
        "record-discharge", "They left", *KNOWN_STAY, RECORD, known("kind", "Where", "stay-kind"), at("at", "When"), *LEAVING,
    ),
    _stay(
        "record-transfer", "Moved to another facility", *KNOWN_STAY, at("at", "When"),
        Field("to", "To", hint="One word: general-hospital. Another stay begins there."),
    ),
    _stay("cancel-admission", "The admission never was", *KNOWN_STAY),
    _stay("cancel-discharge", "They did not leave after all", *KNOWN_STAY),
)  # fmt: skip
"""Of a stay that is known, from its own page, by the facility's number."""
