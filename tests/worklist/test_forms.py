"""Every form of the console against the command of its owner: what it asks, whom it lets, where it goes."""

from typing import Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from contracts.kernel import OUTSIDE
from contracts.payers import PayerAnswer
from infra.access import Access
from infra.identity import Principal
from services.assignment import api as assignment
from services.authorization import api as authorization
from services.authorization.commands import EnterDecision
from services.crisis_routing import api as crisis_routing
from services.follow_up import api as follow_up
from services.intake import api as intake
from services.intake.commands import EnterReferral
from services.intake.records import NETWORK_SYSTEMS
from services.notification import api as notification
from services.worklist import forms_told
from services.worklist.fields import LISTED, Field, Form
from services.worklist.filling import body_of, is_asked, shown, unsent
from services.worklist.forms import FORMS, first, offered
from services.worklist.forms_crisis import NEW_CONTACT, STANDING_BY
from services.worklist.forms_front import CRITERIA, NEW_REFERRAL, OPEN_ACCESS, SYSTEMS
from services.worklist.forms_kept import REPORT_FEED
from services.worklist.issuing import PEOPLE
from services.worklist.local import Local
from services.worklist.rows import Listed

OWNERS = {
    "intake": intake.COMMANDS,
    "assignment": assignment.ROUTES,
    "authorization": authorization.ROUTES,
    "crisis_routing": crisis_routing.ROUTES,
    "follow_up": follow_up.ROUTES,
    "notification": notification.ROUTES,
}
ACCESS = {
    "intake": intake.ACCESS,
    "assignment": assignment.ACCESS,
    "authorization": authorization.ACCESS,
    "crisis_routing": crisis_routing.ACCESS,
    "follow_up": follow_up.ACCESS,
    "notification": notification.ACCESS,
}
EVERY = [(kind, form) for kind, forms in FORMS.items() for form in forms] + [("request", NEW_REFERRAL)]
EVERY += [("recipient", form) for form in forms_told.FORMS]
EVERY += [("feed", REPORT_FEED), ("access", OPEN_ACCESS), ("contact", NEW_CONTACT)]
EVERY += [(kind, form) for kind, forms in STANDING_BY.items() for form in forms]
FILE = "the network file says it, as a whole"
WITHOUT = {
    "register-partner": FILE,
    "list-directory": FILE,
    "list-requirements": FILE,
    "list-roster": FILE,
    "list-contacts": FILE,
    "list-subscriptions": FILE,
    "list-shifts": FILE,
    "record-bounce": "the mail gateway says it",
    "note-visit": "follow-up says it of every visit that is booked with it, moved or called off",
    "use-units": "follow-up says it of every visit that was kept",
    "acknowledge-alert": "a button of every message in the inbox",
}
"""Commands that nobody gives by a form, and why: by their name, or by their path where others of that name have one."""
BY_RECORD = ("record", "care-team", "coverage", "transition", "silence")
"""What goes by the record of a person, from whose page it is changed."""
INSTANT, DAY, UTC = "2026-03-02T12:00", "2026-03-02", Local("UTC")


def entry_of(form: Form):
    return next((entry for entry in OWNERS[form.service] if (entry.path, entry.command.type) == (form.path, form.command)), None)


def inner(kind: type, name: str):
    """The annotation of a field, `answer.action` included."""
    first, _, rest = name.replace(LISTED, "").partition(".")
    field = kind.model_fields[first]
    if not rest:
        return field
    inside = next(one for one in (field.annotation, *get_args(field.annotation)) if hasattr(one, "model_fields"))
    return inner(inside, rest)


def literals(annotation) -> set[str]:
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return {value for part in get_args(annotation) for value in literals(part)}


@pytest.mark.parametrize(("kind", "form"), EVERY, ids=lambda value: getattr(value, "command", value))
class TestForm:
    def test_it_goes_where_its_owner_takes_it(self, kind: str, form: Form):
        entry = entry_of(form)
        assert entry is not None, f"{form.service} takes no {form.command} at {form.path}"
        about = BY_RECORD if kind == "record" else (kind,)
        assert not entry.subject or entry.subject.partition("/")[0] in about

    def test_it_is_offered_to_whom_its_owner_lets(self, kind: str, form: Form):
        action = entry_of(form).action
        assert set(form.roles) == Access({action: ACCESS[form.service][action]}).roles

    def test_it_asks_what_the_command_has_and_all_that_it_needs(self, kind: str, form: Form):
        command = entry_of(form).command
        for field in form.fields:
            if (form.command, field.name) != ("enter-decision", "line"):
                inner(command, field.name)
        asked = {field.path.partition(".")[0] for field in form.fields}
        needed = {name for name, field in command.model_fields.items() if field.is_required()}
        assert needed <= asked

    def test_every_choice_is_one_of_the_commands(self, kind: str, form: Form):
        command = entry_of(form).command
        for field in form.fields:
            if field.choices and (known := literals(inner(command, field.name).annotation)):
                assert set(field.choices) <= known, (form.command, field.name)

    def test_what_it_makes_of_what_is_typed_is_the_command(self, kind: str, form: Form):
        body, faults = body_of(form, Typed({field.name: typed(field) for field in form.fields}), UTC)
        assert not faults
        try:
            entry_of(form).command.model_validate(body, context=OUTSIDE, extra="forbid")
        except ValidationError as error:
            pytest.fail(f"{form.command}: {[one['loc'] for one in error.errors(include_input=False)]}")


def test_every_command_has_a_form_or_a_reason_to_have_none():
    given = {(form.service, form.path, form.command) for _, form in EVERY}
    every = {(service, entry.path, entry.command.type) for service, entries in OWNERS.items() for entry in entries}
    without = {(service, path, command) for service, path, command in every if command in WITHOUT or path in WITHOUT}
    assert every - given - without == set(), "people may give these, and the console has no form for them"
    assert without & given == set(), "these have a form: take their reason away"
    assert set(WITHOUT) <= {name for _, *names in every for name in names}, "nobody takes these any more"


class Typed(dict):
    def getlist(self, name: str) -> list[str]:
        return [self[name]]


class Letter(Typed):
    def getlist(self, name: str) -> list[str]:
        return list(self.get(name, []))


KNOWN = {
    "visits": "visit-1",
    "lines": "1",
    "teams": "team/oak",
    "facilities": "facility/harbor",
    "asked": "program/0",
    "programs": "program/0",
    "people": "staff/7",
    "colleagues": "staff/7",
    "services": "psychiatry",
    "levels": "2.1",
    "payers": "county-works",
    "languages": "es",
    "areas": "oak-county",
    "response-areas": "oak-county",
    "skills": "youth",
    "responders": "team/oak",
    "referrals": "request/1",
    "record": "record/1",
    "alike": "record/2",
    "stay-facility": "example-hospital",
    "stay-reference": "S-1",
    "stay-kind": "hospital",
    "partners": "riverbend",
    "organisations": "riverbend",
}


TYPED = dict.fromkeys(("quiet_from", "quiet_until", "digest_at"), "21:00")


def typed(field: Field) -> str:
    if field.of:
        return KNOWN[field.of]
    plain = {"instant": INSTANT, "day": DAY, "number": "3", "flag": "yes"}.get(field.kind, TYPED.get(field.name, "something"))
    return field.choices[0] if field.choices else plain


def test_what_is_missing_is_said_and_what_may_be_left_open_is_left_out():
    log = next(form for form in FORMS["placement"] if form.command == "log-contact")
    typed = Typed({"channel": "telephone", "outcome": "", "contacted_at": INSTANT, "next_attempt_at": ""})
    body, faults = body_of(log, typed, Local("America/New_York"))
    assert body == {"channel": "telephone", "contacted_at": "2026-03-02T17:00:00+00:00"}
    assert [(one.field, one.code) for one in faults] == [("outcome", "missing")]


def test_a_decision_is_entered_as_whole_as_a_payer_can_say_it():
    decision = next(form for form in FORMS["authorization"] if form.command == "enter-decision")
    asked = {field.name.partition("answer.")[2] for field in decision.fields} | {"line"}
    assert set(PayerAnswer.model_fields) - asked == {"faults", "display_differs"}  # what a machine alone sees
    letter = {"line": "2", "answer.action": "A2", "answer.units": "8", "answer.starts_on": DAY, "answer.ends_on": "2026-04-30",
              "answer.reasons": "0A, 0B", "channel": "letter", "answer.asks": []}  # fmt: skip
    body, faults = body_of(decision, Letter(letter), UTC)
    said = EnterDecision.model_validate(body, context=OUTSIDE, extra="forbid").answer
    assert not faults and (said.line, said.units, said.reasons, str(said.ends_on)) == (2, 8, ("0A", "0B"), "2026-04-30")


def test_only_what_the_fact_allows_and_the_role_may_give_is_offered():
    row = {"lead": "placement", "item": "referral/1", "allowed": ["take-placement", "ask-hand-off", "not-a-form-yet"]}
    robin, auditor = PEOPLE[0].principal, PEOPLE[-1].principal
    assert [form.command for form in offered(row, robin)] == ["take-placement", "ask-hand-off"]
    assert offered(row, auditor) == []


OFFERED = ["accept-offer", "decline-offer", "waitlist", "log-contact"]
HANDED = ["accept-hand-off", "decline-hand-off", "withdraw-hand-off"]
PROGRAM = Principal("staff/31", frozenset({"program-desk"}), frozenset({"desk/1", "program/1"}))
COORDINATOR, LEAD = Principal("staff/12", frozenset({"coordinator"})), Principal("staff/50", frozenset({"network-lead"}))


@pytest.mark.parametrize(
    ("who", "offer", "hand_over", "allowed", "does"),
    [
        (COORDINATOR, ["desk/1", "desk/2"], [], OFFERED, "log-contact"),  # hers; the programs' word is the programs'
        (COORDINATOR, ["desk/1"], [], [*OFFERED, "take-placement"], "take-placement"),  # nobody in person has it yet
        (COORDINATOR, ["desk/1"], [], OFFERED[:2], "accept-offer"),  # by telephone, on their behalf, where nothing is her own
        (PROGRAM, ["desk/0", "desk/1"], [], [*OFFERED, "take-placement"], "accept-offer"),
        (PROGRAM, ["program/1"], [], OFFERED, "accept-offer"),  # late: nobody waits for it, and it still counts
        (PROGRAM, ["desk/2"], [], OFFERED, "log-contact"),
        (LEAD, ["desk/1"], ["role/network-lead"], [*OFFERED, *HANDED], "accept-hand-off"),
        (COORDINATOR, ["desk/1"], ["staff/12"], [*OFFERED, *HANDED], "accept-hand-off"),
        (COORDINATOR, [], ["staff/13"], HANDED, "withdraw-hand-off"),
        (COORDINATOR, [], [], ["offer-nothing"], None),
    ],
)  # fmt: skip
def test_a_row_offers_what_its_reader_was_asked_or_else_what_is_their_own_to_do(who, offer, hand_over, allowed, does):
    row = {"lead": "placement", "item": "referral/1", "allowed": allowed, "asks": {"offer": offer, "hand-over": hand_over}}
    found = first(row, who)
    assert (found and found.command) == does


@pytest.mark.parametrize(("listed", "asked"), [({}, ["age_group"]), ({"payers": ["medicaid"]}, ["age_group", "payer"])])
def test_what_no_program_lists_is_not_asked(listed, asked):
    network = Listed({}, programs=(listed,))
    fields = [shown(one, None, network, {}, None, UTC) for one in CRITERIA]
    assert [field["name"].removeprefix("criteria.") for field in fields if is_asked(field)] == asked


def test_of_a_list_a_form_states_one_entry_and_a_fault_in_it_is_said_at_its_field():
    more = next(form for form in FORMS["authorization"] if form.command == "add-lines")
    stated = Typed({"lines[].line": "2", "lines[].service": "group-therapy", "lines[].units": ""})
    body, faults = body_of(more, stated, UTC)
    assert body == {"lines": [{"line": 2, "service": "group-therapy"}]}
    assert [(one.field, one.code) for one in faults] == [("lines.units", "missing")]
    units = next(field for field in more.fields if field.path == "lines.units")
    assert shown(units, None, Listed({}), stated, unsent(faults), UTC)["fault"]


def test_what_is_needed_is_said_with_the_lines_that_it_takes():
    """Without them it is refused (TL-5314); with nothing needed there are none."""
    said = next(form for form in FORMS["authorization"] if form.command == "determine")
    line = {"lines[].line": "1", "lines[].service": "psychiatry", "lines[].units": "8"}
    assert body_of(said, Typed({"needed": "authorization", **line}), UTC)[0]["lines"] == [{"line": 1, "service": "psychiatry", "units": 8}]
    assert body_of(said, Typed({"needed": "nothing"}), UTC) == ({"needed": "nothing"}, [])


def test_what_may_always_be_given_is_on_its_page_and_never_the_first_thing_of_a_row():
    row = {"lead": "record", "item": "record/1", "allowed": [], "asks": {}}
    assert "record-coverage" in [form.command for form in offered(row, COORDINATOR)]
    assert first(row, COORDINATOR) is None


def test_who_is_this_is_answered_from_its_list():
    row = {"lead": "record", "item": "record/1", "allowed": ["unlink-record"], "asks": {}}
    steward = Principal("staff/60", frozenset({"data-steward"}))
    assert first(row, steward).command == "unlink-record" and first(row, COORDINATOR) is None


def test_a_referral_by_telephone_is_entered_as_whole_as_a_partner_sends_it():
    asked = {field.path.partition(".")[0] for field in NEW_REFERRAL.fields}
    assert set(EnterReferral.model_fields) - asked == {"consent_ended"}, "a consent that ended is taken back on its own page"
    assert {"person.language", "person.identifiers.system", "person.identifiers.value"} <= {field.path for field in NEW_REFERRAL.fields}
    assert set(SYSTEMS) == NETWORK_SYSTEMS


def test_what_may_be_left_out_is_asked_behind_a_fold_at_the_end():
    for form in (NEW_REFERRAL, NEW_CONTACT):
        folds = [field.more for field in form.fields]
        assert folds == sorted(folds) and not any(field.required for field in form.fields if field.more)


def test_of_a_stay_only_what_its_fact_allows_is_offered():
    row = {"lead": "transition", "item": "transition/1", "allowed": ["record-discharge", "record-transfer", "cancel-admission"]}
    names = [form.name for form in offered(row, COORDINATOR)]
    assert names == ["They left", "Moved to another facility", "The admission never was"]
    assert offered({**row, "allowed": []}, COORDINATOR) == []
